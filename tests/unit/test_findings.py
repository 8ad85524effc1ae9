"""The report of the checks becomes counts, problems and a page for reviewers."""

import json
from pathlib import Path
from typing import Any

import pytest

from tools import acknowledged, findings

PLACES = {"dev": ("111122223333", "eu-west-1"), "prod": ("444455556666", "cn-north-1")}
WILDCARD = "AwsSolutions::AwsSolutions-IAM5[Resource::{arn}:logs:{region}:{account}:log-group:/acme/{env}/*]"

Records = dict[str, list[str]]


def plugin(name: str = "Platform", **fields: Any) -> dict[str, Any]:
    return {"pluginName": name, "conclusion": "failure", "violations": [], **fields}


def violation(*paths: str, rule: str = "LOG_GROUP", **fields: Any) -> dict[str, Any]:
    constructs = [{"constructPath": path} for path in paths]
    found = {"ruleName": rule, "description": "a log group needs KmsKeyId", "severity": "error"}
    return found | {"violatingConstructs": constructs, **fields}


def accepted(
    *paths: str, finding: str = "Platform::LOG_GROUP", reason: str = "why", at: str | None = None
) -> Any:
    everywhere = {} if at == "" else {"acknowledgedAt": at or paths[0]}
    return violation(*paths, acknowledgedId=finding, reason=reason, **everywhere)


def assembly(
    outdir: Path, *plugins: dict[str, Any], records: Records | None = None, inline: bool = False
) -> Path:
    """Write what a synthesis leaves: the report, and per environment the records by construct path."""
    if records is None:
        records = {}
        for suppressed in (one for each in plugins for one in each.get("suppressedViolations", [])):
            if at := suppressed.get("acknowledgedAt"):
                records.setdefault(at, []).append(suppressed["acknowledgedId"])
    outdir.mkdir(exist_ok=True)
    report = {"version": "55.0.0", "pluginReports": list(plugins)}
    (outdir / "validation-report.json").write_text(json.dumps(report))
    for environment, (account, region) in PLACES.items():
        metadata = {
            f"/{path}": [
                {"type": "aws:cdk:acknowledged-rules", "data": {finding: "why"}} for finding in found
            ]
            for path, found in records.items()
            if path.startswith(f"{environment}/")
        }
        folder = outdir / f"assembly-{environment}"
        folder.mkdir(exist_ok=True)
        where = {"metadata": metadata} if inline else {"additionalMetadataFile": "Network.metadata.json"}
        (folder / "Network.metadata.json").write_text(json.dumps(metadata))
        stack = {
            "type": "aws:cloudformation:stack",
            "environment": f"aws://{account}/{region}",
            "displayName": f"{environment}/Network (acme-{environment}-network)",
        }
        (folder / "manifest.json").write_text(json.dumps({"artifacts": {"Network": stack | where}}))
    return outdir


def test_findings_are_counted_per_stack_by_rule_and_construct(tmp_path: Path) -> None:
    found = findings.read(
        assembly(
            tmp_path,
            plugin(
                violations=[violation("dev/Network/A", "dev/Network/B"), violation("prod/Studio/A")],
                suppressedViolations=[
                    accepted("dev/Network/C"),
                    accepted("dev/Network/C", finding="Platform::X"),
                ],
            ),
        )
    )
    counts = {
        stack: (found.open(*stack), found.acknowledged(*stack))
        for stack in (("dev", "Network"), ("prod", "Studio"), ("prod", "Network"))
    }
    assert counts == {("dev", "Network"): (2, 2), ("prod", "Studio"): (1, 0), ("prod", "Network"): (0, 0)}


def test_a_clean_report_has_no_problems(tmp_path: Path) -> None:
    assert findings.read(assembly(tmp_path)).problems == []


def test_a_missing_report_is_an_error_not_a_clean_one(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        findings.read(tmp_path)


def test_every_open_finding_is_a_problem_whatever_its_severity(tmp_path: Path) -> None:
    outdir = assembly(
        tmp_path, plugin(violations=[violation("dev/Network/A", severity="warning"), violation()])
    )
    what = "Platform::LOG_GROUP: a log group needs KmsKeyId"
    assert findings.read(outdir).problems == [f"dev/Network/A: {what}", f"{outdir}: {what}"]


def test_a_check_that_raised_is_a_problem(tmp_path: Path) -> None:
    outdir = assembly(tmp_path, plugin("AwsSolutions", metadata={"error": "Validation plugin failed: boom"}))
    assert findings.read(outdir).problems == ["AwsSolutions: Validation plugin failed: boom"]


@pytest.mark.parametrize("inline", [False, True], ids=["in a file", "in the manifest"])
def test_an_acknowledgement_that_matches_no_finding_is_a_problem(tmp_path: Path, inline: bool) -> None:
    report = plugin(suppressedViolations=[accepted("dev/Network/A")])
    records = {"dev/Network/A": ["Platform::LOG_GROUP", "Platform::TLS_ONLY"]}
    assert findings.read(assembly(tmp_path, report, records=records, inline=inline)).problems == [
        "dev/Network/A: Platform::TLS_ONLY is accepted, but no check finds it (any more)"
    ]


def test_acknowledgements_that_are_recorded_nowhere_cannot_be_found_unused(tmp_path: Path) -> None:
    report = plugin(suppressedViolations=[accepted("dev/Network/A")])
    assert findings.read(assembly(tmp_path, report, records={})).problems == [
        "dev/Network/A: Platform::LOG_GROUP is accepted, but not recorded in the stack's metadata"
    ]


def test_acknowledging_a_whole_stack_or_environment_is_a_problem(tmp_path: Path) -> None:
    wide = [accepted("dev/Network/A", at="dev/Network"), accepted("prod/Network/A", at="prod/Network/A")]
    assert findings.read(assembly(tmp_path, plugin(suppressedViolations=wide))).problems == [
        "dev/Network: Platform::LOG_GROUP is accepted for all of it; accept it beside its resource"
    ]


@pytest.mark.parametrize(("resources", "is_problem"), [(3, False), (4, True)])
def test_one_reason_may_speak_for_three_resources(tmp_path: Path, resources: int, is_problem: bool) -> None:
    paths = [f"{environment}/Network/R{number}" for environment in PLACES for number in range(resources)]
    report = plugin(suppressedViolations=[accepted(path, reason="the same") for path in paths])
    problems = findings.read(assembly(tmp_path, report)).problems
    assert bool(problems) is is_problem
    assert all(
        problem.startswith("one reason for 4 resources, allowed: 3: 'the same'") for problem in problems
    )


def test_what_every_model_has_is_one_resource(tmp_path: Path) -> None:
    paths = [f"dev/Model-{number}/Roles/Job" for number in range(9)]
    report = plugin(suppressedViolations=[accepted(path, reason="the same") for path in paths])
    assert findings.read(assembly(tmp_path, report)).problems == []


def test_several_findings_of_one_resource_may_share_a_reason(tmp_path: Path) -> None:
    many = [accepted("dev/Network/A", finding=f"Platform::R{number}") for number in range(9)]
    assert findings.read(assembly(tmp_path, plugin(suppressedViolations=many))).problems == []


def test_what_is_accepted_everywhere_may_speak_for_every_resource(tmp_path: Path) -> None:
    paths = [f"dev/Network/R{number}" for number in range(9)]
    report = plugin(suppressedViolations=[accepted(*paths, at="")])
    assert findings.read(assembly(tmp_path, report)).problems == []


def rows(outdir: Path) -> list[str]:
    return [line for line in acknowledged.render(outdir).splitlines() if line.startswith("| ")][1:]


def test_the_same_acknowledgement_in_several_environments_is_one_row(tmp_path: Path) -> None:
    places = {
        "dev": ("111122223333", "eu-west-1", "arn:aws"),
        "prod": ("444455556666", "cn-north-1", "arn:aws-cn"),
    }
    both = [
        accepted(
            f"{env}/Network/Role",
            finding=WILDCARD.format(env=env, account=account, region=region, arn=arn),
            reason=f"streams of /acme/{env} get their names from the device",
        )
        for env, (account, region, arn) in places.items()
    ]
    finding = WILDCARD.format(
        env="{environment}", account="{account}", region="{region}", arn="arn:{partition}"
    )
    reason = "streams of /acme/{environment} get their names from the device"
    report = plugin(suppressedViolations=both)
    assert rows(assembly(tmp_path, report)) == [f"| dev, prod | Network/Role | `{finding}` | {reason} |"]


def test_rows_are_sorted_and_what_is_accepted_everywhere_is_one_of_them(tmp_path: Path) -> None:
    report = plugin(
        suppressedViolations=[
            accepted("prod/Network/B", reason="b | c\nd"),
            accepted("dev/Network/A", "dev/Network/B", "prod/Network/B", at="", finding="NIST::Inline"),
            accepted("dev/Network/A"),
        ]
    )
    assert rows(assembly(tmp_path, report)) == [
        "| dev | Network/A | `Platform::LOG_GROUP` | why |",
        "| prod | Network/B | `Platform::LOG_GROUP` | b \\| c d |",
        "| dev, prod | every resource | `NIST::Inline` | why |",
    ]


def test_check_tells_a_current_page_from_a_stale_one_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outdir = assembly(tmp_path / "cdk.out", plugin(suppressedViolations=[accepted("dev/Network/A")]))
    page = tmp_path / "docs" / "acknowledged.md"
    check = ["--check", "--outdir", str(outdir)]
    assert acknowledged.main(check, path=page) == 1
    assert not page.exists()
    assert acknowledged.main(["--outdir", str(outdir)], path=page) == 0
    assert acknowledged.main(check, path=page) == 0
    page.write_text(page.read_text(encoding="utf-8").replace("why", "because"), encoding="utf-8")
    assert acknowledged.main(check, path=page) == 1
    assert "To accept: make baselines" in capsys.readouterr().err
    acknowledged.write(outdir, page)
    assert acknowledged.main(check, path=page) == 0


def test_without_a_report_nothing_is_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert acknowledged.main(["--outdir", str(tmp_path)], path=tmp_path / "acknowledged.md") == 2
    assert capsys.readouterr().err.endswith("validation-report.json: not there; run `make synth` first\n")
