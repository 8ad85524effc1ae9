"""The page that tells reviewers what each role may do."""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mlplatform.settings import Environment, read_environments
from tools.effective_decisions import world_of
from tools.effective_permissions import World, read_world
from tools.permission_sentences import sentence, trust_sentence
from tools.permissions_report import PATH, main, render

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def world(synthesized: Path) -> World:
    """The user's environments."""
    return world_of(synthesized, read_environments(ROOT / "environments"))


@pytest.fixture(scope="module")
def page(world: World) -> str:
    """The page about the user's environments."""
    return render(world)


def test_the_page_is_current(page: str) -> None:
    assert PATH.read_text(encoding="utf-8") == page, "run `make baselines`"


def test_the_page_names_every_role_and_every_statement_of_its_own_policies(world: World, page: str) -> None:
    for role in world.roles.values():
        assert f"\n### {role.thing}\n" in page
        own = role.identity_policies[: len(role.identity_policies) - len(role.published)]
        for sid in {statement["Sid"] for policy in own for statement in policy["Statement"]}:
            assert f"({sid})" in page


def test_nothing_of_a_single_environment_is_on_the_page_unless_it_says_where(world: World, page: str) -> None:
    for settings in world.environments.values():
        own = f"{settings.name_prefix}-{settings.name}-"
        for section in page.split("\n### "):
            alone = re.match(r".*\n\n.* In \w+\.\n", section)
            for line in section.splitlines():
                assert own not in line or " only." in line or alone, line


def test_what_two_environments_have_in_common_is_said_once_and_the_rest_with_its_place(
    templates: Mapping[tuple[str, str], dict[str, Any]], environments: dict[str, Environment]
) -> None:
    first, second = "small", "full"
    world = read_world(templates, environments)
    roles = {
        arn: replace(
            role, identity_policies=({"Statement": [_read("Common"), *_extra(role.environment, first)]},)
        )
        for arn, role in world.roles.items()
        if role.thing == "network-defaults" and role.environment in (first, second)
    }
    page = render(replace(world, roles=roles))
    assert page.count("(Common).") == 1
    assert f"(Extra); in {first} only." in page


def _read(sid: str) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::x/*"}


def _extra(environment: str, first: str) -> list[dict[str, Any]]:
    return [_read("Extra")] if environment == first else []


def test_a_statement_on_every_resource_without_a_condition_is_listed(world: World) -> None:
    star = {"Sid": "Hubs", "Effect": "Allow", "Action": "sagemaker:ListHubs", "Resource": "*"}
    arn, role = next((a, r) for a, r in world.roles.items() if r.thing == "network-defaults")
    page = render(replace(world, roles={arn: replace(role, identity_policies=({"Statement": [star]},))}))
    assert "- network-defaults: `sagemaker:ListHubs` (Hubs)" in page
    assert "There are none." not in page


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ({"StringEquals": {"k": "v"}}, "`k` is `v`"),
        ({"StringEquals": {"k": ["b", "a"]}}, "`k` is `a` or `b`"),
        ({"StringNotEquals": {"k": ["b", "a"]}}, "`k` is none of `a` or `b`"),
        ({"StringNotEqualsIfExists": {"k": "v"}}, "`k` is not `v` or missing"),
        ({"ForAnyValue:StringNotLike": {"k": ["a*"]}}, "any value of `k` is not like `a*`"),
        ({"Null": {"k": "true", "l": "false"}}, "`k` is missing and `l` is present"),
        ({"BoolIfExists": {"k": "false"}}, "`k` is false or missing"),
    ],
)
def test_conditions_are_said_in_words(condition: dict[str, Any], words: str) -> None:
    statement = {"Sid": "No", "Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": condition}
    assert sentence(statement, str) == f"Never `s3:*`, when {words} (No)"
    assert sentence({**statement, "Effect": "Allow"}, str) == f"May `s3:*`, if {words} (No)"


def test_exceptions_are_said_as_such() -> None:
    statement = {"Effect": "Deny", "NotAction": "s3:GetObject", "NotResource": ["b", "a"]}
    assert sentence(statement, str) == "Never everything but `s3:GetObject` on anything but `a` or `b`"


def test_an_unknown_operator_is_an_error_and_not_left_out() -> None:
    with pytest.raises(KeyError, match="IpAddress"):
        sentence({**_read("x"), "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}, str)


def test_a_trust_policy_says_who_and_when() -> None:
    statement = {"Principal": {"Service": "a.com"}, "Condition": {"StringEquals": {"aws:SourceAccount": "1"}}}
    assert trust_sentence(statement, str) == "the service `a.com`, if `aws:SourceAccount` is `1`"


def test_the_check_names_the_command_that_writes_the_page(
    synthesized: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, outdir = tmp_path / "permissions.md", ["--outdir", str(synthesized)]
    assert main(["--check", *outdir], path=path) == 1
    assert "make baselines" in capsys.readouterr().err
    assert main(outdir, path=path) == 0
    assert main(["--check", *outdir], path=path) == 0


def test_without_a_synthesis_it_says_which_command_makes_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--outdir", str(tmp_path / "none")], path=tmp_path / "x.md") == 2
    assert "make synth" in capsys.readouterr().err
