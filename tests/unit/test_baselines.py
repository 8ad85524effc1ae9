"""Accepting templates as baselines, and reviewing them against a git ref with the real git and CDK CLI."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tools import baselines, review, review_report
from tools.baselines import FOLDER, SHOWN_LINES, Comparison, compare, explain
from tools.templates import Finding

Templates = dict[str, dict[str, Any]]
HASH, OTHER_HASH = "a1" * 32, "b2" * 32
TOPIC = {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "releases"}}
MODEL = {"Type": "AWS::SageMaker::Model", "Properties": {"PrimaryContainer": {"Image": "one"}}}


def template(**resources: Any) -> dict[str, Any]:
    return {"Resources": resources}


def function(code: str) -> dict[str, Any]:
    return {"Type": "AWS::Lambda::Function", "Properties": {"Code": {"S3Key": f"{code}.zip"}}}


def write_assembly(outdir: Path, templates: Templates) -> None:
    """Write a cloud assembly as CDK lays it out: one nested assembly per environment."""
    outdir.mkdir()
    artifacts: dict[str, dict[str, Any]] = {}
    for stack, content in templates.items():
        environment, _, name = stack.partition("/")
        (outdir / f"assembly-{environment}").mkdir(exist_ok=True)
        file = f"{environment}{name}.template.json"
        (outdir / f"assembly-{environment}" / file).write_text(
            json.dumps(content, indent=1), encoding="utf-8"
        )
        assets = {"files": {key: {} for key in re.findall(r"\b([0-9a-f]{64})\.zip", json.dumps(content))}}
        assets_file = outdir / f"assembly-{environment}" / f"{environment}{name}.assets.json"
        assets_file.write_text(json.dumps(assets), encoding="utf-8")
        artifacts.setdefault(environment, {})[f"{environment}{name}"] = {
            "type": "aws:cloudformation:stack",
            "environment": "aws://111111111111/eu-west-1",
            "properties": {"templateFile": file, "stackName": f"acme-{environment}-{name.lower()}"},
            "displayName": stack,
        }
    nested = {
        f"assembly-{environment}": {
            "type": "cdk:cloud-assembly",
            "properties": {"directoryName": f"assembly-{environment}", "displayName": environment},
        }
        for environment in artifacts
    }
    write_manifest(outdir, nested)
    for environment, stacks in artifacts.items():
        write_manifest(outdir / f"assembly-{environment}", stacks)


def write_manifest(folder: Path, artifacts: dict[str, Any]) -> None:
    content = {"version": "55.0.0", "artifacts": artifacts}
    (folder / "manifest.json").write_text(json.dumps(content), encoding="utf-8")


class Project:
    """A project folder in a git repository of its own."""

    def __init__(self, root: Path) -> None:
        self.root, self.syntheses = root, 0
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str) -> None:
        subprocess.run(["git", *arguments], cwd=self.root, check=True)

    def synthesize(self, templates: Templates) -> None:
        if (self.root / "cdk.out").exists():
            (self.root / "cdk.out").rename(self.root / f"old-{self.syntheses}")
        self.syntheses += 1
        write_assembly(self.root / "cdk.out", templates)

    def commit_baselines(self, templates: Templates) -> None:
        self.synthesize(templates)
        assert baselines.main([], root=self.root) == 0
        self.git("add", "tests")
        self.git("commit", "--quiet", "--message=baselines", "--allow-empty")

    def read(self) -> dict[str, str]:
        return baselines.read(self.root / FOLDER)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Somebody")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "somebody@example.com")
    return Project(tmp_path)


# --- baselines -------------------------------------------------------------------------------------------


def test_accepting_makes_the_baselines_equal_to_the_templates(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    project.synthesize(
        {"dev/Network": template(A=TOPIC), "dev/Studio": template(), "prod/Network": template()}
    )
    assert baselines.main([], root=project.root) == 0
    project.synthesize({"dev/Network": template(), "dev/Studio": template(), "dev/Registry": template()})
    capsys.readouterr()
    assert baselines.main([], root=project.root) == 0
    assert capsys.readouterr().out.splitlines() == [
        "new      dev/Registry",
        "changed  dev/Network",
        "removed  prod/Network",
        "1 unchanged",
    ]
    assert sorted(project.read()) == ["dev/Network", "dev/Registry", "dev/Studio"]
    assert not (project.root / FOLDER / "prod").exists()


def test_checking_writes_nothing_and_fails_if_there_is_something_to_accept(project: Project) -> None:
    project.synthesize({"dev/Network": template(A=TOPIC)})
    assert baselines.main(["--check"], root=project.root) == 1
    assert project.read() == {}
    assert baselines.main([], root=project.root) == 0
    assert baselines.main(["--check"], root=project.root) == 0


def test_a_baseline_is_the_template_with_only_its_asset_hashes_masked(project: Project) -> None:
    digest = "0" * 64
    image = {"Type": "AWS::SageMaker::Model", "Properties": {"Image": f"repository@sha256:{digest}"}}
    project.synthesize({"dev/Network": template(F=function(HASH), M=image)})
    baselines.main([], root=project.root)
    written = (project.root / "cdk.out" / "assembly-dev" / "devNetwork.template.json").read_text(
        encoding="utf-8"
    )
    assert HASH in written
    assert digest in written
    assert project.read() == {"dev/Network": written.replace(HASH, "<asset hash>")}


def test_the_definition_of_a_state_machine_is_written_out_for_people(project: Project) -> None:
    definition = {"StartAt": "Train", "States": {"Train": {"Type": "Succeed"}}}
    machine = {
        "Type": "AWS::StepFunctions::StateMachine",
        "Properties": {"DefinitionString": json.dumps(definition)},
    }
    project.synthesize({"dev/Model-x": template(M=machine)})
    baselines.main([], root=project.root)
    written = project.read()["dev/Model-x"]
    assert json.loads(written)["Resources"]["M"]["Properties"]["DefinitionString"] == definition
    assert '"Type": "Succeed"\n' in written


def test_without_a_synthesis_nothing_is_accepted(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert baselines.main([], root=project.root) == 2
    assert capsys.readouterr().err.endswith("cdk.out: no synthesized stacks there; run `make synth` first\n")


def test_a_synthesis_of_some_environments_does_not_delete_the_baselines_of_the_others(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    (project.root / "environments").mkdir()
    for name in ("dev", "prod"):
        (project.root / "environments" / f"{name}.yaml").touch()
    project.synthesize({"dev/Network": template(), "prod/Network": template()})
    assert baselines.main([], root=project.root) == 0
    project.synthesize({"dev/Network": template()})
    assert baselines.main([], root=project.root) == 2
    assert (
        "cdk.out holds only dev, not prod: run `make synth` for all environments" in capsys.readouterr().err
    )
    assert sorted(project.read()) == ["dev/Network", "prod/Network"]


def test_stacks_are_sorted_by_how_they_differ() -> None:
    found = compare({"a": "1", "b": "1", "c": "1"}, {"b": "1", "c": "2", "d": "1"})
    assert found == Comparison(new=("d",), changed=("c",), removed=("a",), unchanged=("b",))


def test_equal_templates_need_no_explanation() -> None:
    assert explain({"dev/Network": "{}"}, {"dev/Network": "{}"}) == ""


def test_the_explanation_names_every_difference_and_how_to_accept_it() -> None:
    message = explain({"dev/A": "{\n1\n}", "dev/Gone": ""}, {"dev/A": "{\n2\n}", "dev/New": ""})
    for part in (
        "dev/New: has no baseline",
        "dev/Gone: has a baseline, but no longer exists",
        "dev/A",
        "-1",
        "+2",
    ):
        assert part in message.splitlines()
    assert message.endswith("To accept: make baselines")


@pytest.mark.parametrize("other", ["{\r\n}", "{\n}\n", "{\n }", "{\n\u200b}"])
def test_a_difference_of_one_invisible_byte_is_shown(other: str) -> None:
    lines = explain({"dev/A": "{\n}"}, {"dev/A": other}).splitlines()
    assert any(line.strip("'").startswith("+") and not line.startswith("+++") for line in lines)


def test_a_long_difference_is_cut() -> None:
    message = explain({"dev/A": "\n".join(map(str, range(500)))}, {"dev/A": ""})
    assert len(message.splitlines()) < SHOWN_LINES + 10
    assert "more lines" in message


# --- the review against a git ref ------------------------------------------------------------------------


def run(project: Project, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """Run the review and return its exit code and what it prints."""
    capsys.readouterr()
    code = review.main(list(arguments), root=project.root)
    printed = capsys.readouterr()
    return code, printed.out + printed.err


def test_unchanged_environments_pass(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    project.commit_baselines({"dev/Network": template(A=TOPIC), "prod/Network": template()})
    code, printed = run(project, capsys, "--all")
    assert code == 0
    assert printed.splitlines() == [
        "dev: passes; stacks changed: 0, unchanged: 1",
        "prod: passes; stacks changed: 0, unchanged: 1",
    ]


def test_new_code_in_an_asset_is_no_difference(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    project.commit_baselines({"dev/Network": template(F=function(HASH))})
    project.synthesize({"dev/Network": template(F=function(OTHER_HASH))})
    assert run(project, capsys, "--all") == (0, "dev: passes; stacks changed: 0, unchanged: 1\n")


def test_a_harmless_change_is_shown_without_asset_hashes_and_passes(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    project.commit_baselines({"dev/Network": template(F=function(HASH), M=MODEL), "dev/Studio": template()})
    changed = {**MODEL, "Properties": {"PrimaryContainer": {"Image": "two"}}}
    project.synthesize({"dev/Network": template(F=function(OTHER_HASH), M=changed), "dev/Studio": template()})
    code, printed = run(project, capsys, "--environment", "dev", "--base", "HEAD")
    assert code == 0
    assert "[~] AWS::SageMaker::Model M replace" in printed
    assert "dev/Network: M (AWS::SageMaker::Model): replaced or removed, as its design intends" in printed
    assert "S3Key" not in printed
    assert printed.splitlines()[-1] == "dev: passes; stacks changed: 1, unchanged: 1"


def test_new_changed_and_removed_stacks_are_judged(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    renamed = {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "news"}}
    grant = {"Type": "AWS::Lambda::Permission", "Properties": {"Principal": "events.amazonaws.com"}}
    project.commit_baselines({"dev/Network": template(A=TOPIC), "dev/Studio": template(B=TOPIC)})
    project.synthesize({"dev/Network": template(A=renamed), "dev/Registry": template(P=grant)})
    code, printed = run(project, capsys, "--environment", "dev")
    assert code == 1
    assert "dev/Network: changed against main" in printed
    assert "[-] AWS::SNS::Topic B" in printed
    assert "dev/Studio: B (AWS::SNS::Topic): deleted" in printed
    assert "dev/Network: A (AWS::SNS::Topic): replaced: TopicName cannot change in place" in printed
    assert "dev/Registry: P (AWS::Lambda::Permission): a new or changed grant" in printed
    assert "accepted by merging" in printed
    last = "dev: FAILS (lost or replaced: 2, wider permissions: 1); stacks changed: 3, unchanged: 0"
    assert printed.splitlines()[-1] == last


def test_one_environment_is_not_judged_by_another(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    project.commit_baselines({"dev/Network": template(A=TOPIC), "prod/Network": template()})
    project.synthesize({"dev/Network": template(), "prod/Network": template()})
    code, printed = run(project, capsys, "--environment", "prod")
    assert code == 0
    assert "dev" not in printed


def test_a_project_inside_a_larger_repository_is_reviewed(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    inner = project.root / "platform"
    inner.mkdir()
    write_assembly(inner / "cdk.out", {"dev/Network": template(A=TOPIC)})
    assert baselines.main([], root=inner) == 0
    project.git("add", "platform/tests")
    project.git("commit", "--quiet", "--message=baselines")
    capsys.readouterr()
    assert review.main(["--all"], root=inner) == 0
    assert capsys.readouterr().out == "dev: passes; stacks changed: 0, unchanged: 1\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--all", "--base", "nowhere"], "diff: unknown git ref 'nowhere'; refs here: main\n"),
        (
            ["--environment", "test"],
            "diff: unknown environment 'test': cdk.out has dev; main has dev, prod\n",
        ),
        (
            ["--all", "--outdir", "elsewhere"],
            "elsewhere: no synthesized stacks there; run `make synth` first\n",
        ),
    ],
    ids=["git ref", "environment", "folder"],
)
def test_unusable_arguments_are_refused_in_one_line(
    project: Project, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    project.commit_baselines({"dev/Network": template(), "prod/Network": template()})
    project.synthesize({"dev/Network": template()})
    code, printed = run(project, capsys, *arguments)
    assert code == 2
    assert printed.endswith(message)
    assert printed.count("\n") == 1


def test_outside_a_git_repository_the_message_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert review.main(["--all"], root=tmp_path) == 2
    assert "git for-each-ref failed: fatal: not a git repository" in capsys.readouterr().err


def test_without_a_commit_there_is_nothing_to_compare_with(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    project.synthesize({"dev/Network": template()})
    assert run(project, capsys, "--all") == (2, "diff: no commit to compare with; refs here: none\n")


def test_the_comment_says_the_verdict_first_and_folds_the_rest() -> None:
    loss = Finding("loss", "A", "AWS::SNS::Topic", "deleted")
    shown = (
        "Resources\n[-] AWS::SNS::Topic A destroy\n[~] AWS::SageMaker::Model M\n     └─ [+] two\n│ + │ * │"
    )
    changed = review_report.StackReview("dev/Network", "changed", shown, (loss,))
    comment = review_report.as_markdown([review_report.EnvironmentReview("dev", (changed,), 3)], "main")
    assert comment.splitlines() == [
        "### Templates against `main`",
        "",
        "- dev: FAILS (lost or replaced: 1, wider permissions: 0); stacks changed: 1, unchanged: 3",
        "",
        review_report.ACCEPTING,
        "",
        "<details><summary>dev: lost or replaced (1)</summary>",
        "",
        "```text",
        "dev/Network: A (AWS::SNS::Topic): deleted",
        "```",
        "",
        "</details>",
        "",
        "<details><summary>dev/Network: changed</summary>",
        "",
        "```diff",
        "  Resources",
        "- [-] AWS::SNS::Topic A destroy",
        "! [~] AWS::SageMaker::Model M",
        "+      └─ [+] two",
        "+ │ + │ * │",
        "```",
        "",
        "</details>",
    ]


def long_review(stacks: int, lines: int) -> review_report.EnvironmentReview:
    shown = "\n".join(f"[+] line {number} ``` of a difference" for number in range(lines))
    return review_report.EnvironmentReview(
        "dev", tuple(review_report.StackReview(f"dev/S{n}", "changed", shown, ()) for n in range(stacks)), 0
    )


@pytest.mark.parametrize(("stacks", "lines"), [(1, 5000), (40, 100), (3000, 1)])
def test_a_comment_never_exceeds_its_limit_and_says_what_is_left_out(stacks: int, lines: int) -> None:
    comment = review_report.as_markdown([long_review(stacks, lines)], "main")
    assert review_report.MARKDOWN_LIMIT * 0.9 < len(comment) <= review_report.MARKDOWN_LIMIT
    assert "more lines: `make diff` shows them" in comment or "more sections are left out" in comment
    assert comment.count("<details>") == comment.count("</details>")
    assert comment.count("\n````") == 2 * comment.count("<details>")


def test_a_short_comment_is_complete() -> None:
    comment = review_report.as_markdown([long_review(2, 10)], "main")
    assert comment.count("line 9") == 2
    assert "left out" not in comment
