"""The proof of least privilege, on calls and policies small enough to see through."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from small_account import HERE, PATH, PLACE, allow, deny, document, role

from rehearsal import coverage
from rehearsal.api import ApiError, Principal
from rehearsal.emulator import Emulator

BUCKET_ARN = "arn:aws:s3:::acme-dev-data"
KEY = f"arn:aws:kms:eu-west-1:{HERE}:key/0a1b"
READ = allow("Read", "s3:GetObject", f"{BUCKET_ARN}/*")
WRITE = allow("Write", "s3:PutObject", f"{BUCKET_ARN}/*")


@pytest.fixture(scope="module")
def account() -> Iterator[Emulator]:
    with Emulator(PLACE) as emulator:
        yield emulator


@pytest.fixture
def emulator(account: Emulator) -> Emulator:
    """The account, without what another test deployed."""
    account.identities.roles.clear()
    account.resource_policies.clear()
    account.trace.clear()
    return account


def acting(emulator: Emulator, *statements: dict[str, Any], name: str = "train", **more: Any) -> Principal:
    return emulator.assume(role(emulator, name, *statements, **more), "sagemaker.amazonaws.com")


def idle(emulator: Emulator) -> list[str]:
    return [f"{one.short_role} {one.sid}" for one in coverage.idle(emulator)]


def reasons(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "reasons.yaml"
    file.write_text(text)
    return file


def test_a_statement_some_call_needs_is_needed_and_the_others_are_not(emulator: Emulator) -> None:
    session = acting(emulator, READ, WRITE)
    emulator.judge(session, "s3:GetObject", f"{BUCKET_ARN}/x")
    assert idle(emulator) == ["job/train Write"]


def test_a_refused_call_needs_nothing(emulator: Emulator) -> None:
    session = acting(emulator, WRITE)
    with pytest.raises(ApiError):
        emulator.judge(session, "s3:GetObject", f"{BUCKET_ARN}/x")
    assert idle(emulator) == ["job/train Write"]


def test_of_two_statements_that_allow_the_same_neither_is_needed(emulator: Emulator) -> None:
    twice = allow("Again", "s3:Get*", f"{BUCKET_ARN}/raw/*")
    session = acting(emulator, READ, twice)
    emulator.judge(session, "s3:GetObject", f"{BUCKET_ARN}/raw/x")
    assert idle(emulator) == ["job/train Read", "job/train Again"]
    emulator.judge(session, "s3:GetObject", f"{BUCKET_ARN}/other")
    assert idle(emulator) == ["job/train Again"]


def test_a_statement_is_not_needed_where_the_resources_policy_allows_as_much(emulator: Emulator) -> None:
    session = acting(emulator, READ)
    emulator.resource_policies[BUCKET_ARN] = document(
        allow("Role", "s3:GetObject", f"{BUCKET_ARN}/*", Principal={"AWS": f"{PATH}/job/train"})
    )
    emulator.judge(session, "s3:GetObject", f"{BUCKET_ARN}/x")
    assert idle(emulator) == ["job/train Read"]


def test_a_statement_is_needed_beside_a_key_policy_that_only_trusts_the_account(emulator: Emulator) -> None:
    session = acting(emulator, allow("Key", "kms:Decrypt", KEY))
    emulator.resource_policies[KEY] = document(
        allow("Account", "kms:*", Principal={"AWS": f"arn:aws:iam::{HERE}:root"})
    )
    emulator.judge(session, "kms:Decrypt", KEY)
    assert idle(emulator) == []


def test_statements_of_one_sid_in_two_policies_are_told_apart(emulator: Emulator) -> None:
    session = acting(emulator, READ)
    policies = emulator.identities.roles[str(session.arn)].policies
    policies["second"] = document({**WRITE, "Sid": "Read"})
    emulator.judge(session, "s3:PutObject", f"{BUCKET_ARN}/x")
    assert [(one.policy, one.sid) for one in coverage.idle(emulator)] == [("own", "Read")]


def test_statements_without_a_sid_and_denials_count_as_they_should(emulator: Emulator) -> None:
    unnamed = {key: value for key, value in READ.items() if key != "Sid"}
    session = acting(emulator, deny("No", "s3:DeleteObject"), unnamed, allow("List", "s3:ListBucket"))
    emulator.judge(session, "s3:GetObject", f"{BUCKET_ARN}/x")
    assert idle(emulator) == ["job/train List"]


def test_roles_that_made_no_call_are_named_and_other_kinds_left_alone(emulator: Emulator) -> None:
    role(emulator, "quiet", READ, kind="function")
    role(emulator, "person", READ, kind="persona")
    emulator.judge(acting(emulator, READ), "s3:GetObject", f"{BUCKET_ARN}/x")
    assert coverage.silent(emulator) == [f"{PATH}/function/quiet"]
    assert idle(emulator) == []


def test_a_reason_excuses_the_statement_it_is_about(emulator: Emulator, tmp_path: Path) -> None:
    emulator.judge(acting(emulator, READ, WRITE), "s3:GetObject", f"{BUCKET_ARN}/x")
    text = "[{role: job/*, sid: Write, reason: only a job of several machines writes this}]"
    excused = reasons(tmp_path, text)
    assert coverage.unneeded(emulator, reasons=excused) == []
    assert coverage.stale_reasons(emulator, reasons=excused) == []
    assert [str(one) for one in coverage.unneeded(emulator, reasons=reasons(tmp_path, "[]"))] == [
        "job/train: Write (s3:PutObject)"
    ]


def test_a_reason_that_excuses_nothing_is_stale(emulator: Emulator, tmp_path: Path) -> None:
    emulator.judge(acting(emulator, READ), "s3:GetObject", f"{BUCKET_ARN}/x")
    text = "[{role: job/*, sid: Read, reason: this statement is needed after all}]"
    stale = coverage.stale_reasons(emulator, reasons=reasons(tmp_path, text))
    assert [one["sid"] for one in stale] == ["Read"]


def test_a_reason_is_not_stale_where_what_it_is_about_was_not_rehearsed(
    emulator: Emulator, tmp_path: Path
) -> None:
    role(emulator, "quiet", READ, kind="function")
    emulator.judge(acting(emulator, READ), "s3:GetObject", f"{BUCKET_ARN}/x")
    text = "[{role: function/quiet, sid: Read, reason: nobody called this function here}]"
    assert coverage.stale_reasons(emulator, reasons=reasons(tmp_path, text)) == []


def test_a_reason_without_words_is_refused(emulator: Emulator, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="a reason of 20 characters"):
        coverage.unneeded(emulator, reasons=reasons(tmp_path, "[{role: job/*, sid: Read, reason: todo}]"))


def test_denied_calls_are_listed_once(emulator: Emulator) -> None:
    session = acting(emulator, WRITE)
    for _ in range(3):
        with pytest.raises(ApiError):
            emulator.judge(session, "s3:GetObject", f"{BUCKET_ARN}/x")
    assert [str(call) for call in emulator.trace.denied()] == [
        f"train: s3:GetObject on {BUCKET_ARN}/x: implicitly denied: "
        "nothing allows it in the identity policy; Write would allow it but for action"
    ]
