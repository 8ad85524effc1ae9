"""Findings held against exceptions, and what scanners are shown; on templates made for the purpose."""

import json
from pathlib import Path
from typing import Any

import pytest

from tools.assembly import SynthesizedStack
from tools.sample_values import sample_of, with_imports
from tools.scanners import cfn_lint, guard, prepare, scan
from tools.settlement import Finding, settle

BECAUSE = "the access logs of this bucket would be its own"
KEY = {"EnableKeyRotation": True, "KeyPolicy": {"Version": "2012-10-17", "Statement": []}}


def bucket(**metadata: Any) -> dict[str, Any]:
    return {"Type": "AWS::S3::Bucket", "Properties": {}, "Metadata": metadata}


def checkov_skips(*rules: str, comment: str = BECAUSE) -> dict[str, Any]:
    return {"checkov": {"skip": [{"id": rule, "comment": comment} for rule in rules]}}


def guard_skips(*rules: str) -> dict[str, Any]:
    return {"guard": {"SuppressedRules": list(rules), "Reasons": dict.fromkeys(rules, BECAUSE)}}


def written(folder: Path, environment: str = "dev", **resources: Any) -> SynthesizedStack:
    path = folder / f"{environment}.template.json"
    path.write_text(json.dumps({"Resources": resources}))
    return SynthesizedStack(environment, "Foundation", "eu-west-1", path)


LOGGING = Finding("checkov", "CKV_AWS_18", "dev/Foundation", "Logs", "no access logs")


def test_a_finding_that_nobody_excepted_is_a_problem() -> None:
    settled = settle([LOGGING], {"dev/Foundation": {"Resources": {"Logs": bucket()}}}, "checkov")
    assert settled.problems == ("checkov CKV_AWS_18 dev/Foundation Logs: no access logs",)
    assert settled.excepted == 0


def test_an_excepted_finding_is_counted_and_no_problem() -> None:
    template = {"Resources": {"Logs": bucket(**checkov_skips("CKV_AWS_18"))}}
    settled = settle([LOGGING, LOGGING], {"dev/Foundation": template}, "checkov")
    assert settled.problems == ()
    assert settled.excepted == 1


@pytest.mark.parametrize(
    "template",
    [
        {"Resources": {"Data": bucket(**checkov_skips("CKV_AWS_18")), "Logs": bucket()}},
        {"Resources": {"Logs": bucket(**checkov_skips("CKV_AWS_21"))}},
        {"Resources": {"Logs": bucket(**guard_skips("CKV_AWS_18"))}},
    ],
    ids=["another resource", "another rule", "another scanner"],
)
def test_an_exception_holds_for_one_rule_of_one_scanner_on_one_resource(template: dict[str, Any]) -> None:
    settled = settle([LOGGING], {"dev/Foundation": template}, "checkov")
    assert str(LOGGING) in settled.problems


def test_an_exception_in_one_environment_does_not_hold_in_another() -> None:
    templates = {
        "dev/Foundation": {"Resources": {"Logs": bucket()}},
        "prod/Foundation": {"Resources": {"Logs": bucket(**checkov_skips("CKV_AWS_18"))}},
    }
    assert len(settle([LOGGING], templates, "checkov").problems) == 2


def test_an_exception_without_a_finding_is_a_problem() -> None:
    template = {"Resources": {"Logs": bucket(**guard_skips("CT.S3.PR.2"))}}
    assert settle([], {"dev/Foundation": template}, "guard").problems == (
        "guard CT.S3.PR.2 dev/Foundation Logs: excepted, but guard does not object: remove it",
    )


def test_an_exception_without_a_reason_is_a_problem() -> None:
    template = {"Resources": {"Logs": bucket(**checkov_skips("CKV_AWS_18", comment="because"))}}
    assert settle([LOGGING], {"dev/Foundation": template}, "checkov").problems == (
        "checkov CKV_AWS_18 dev/Foundation Logs: excepted without a reason",
    )


def test_scanners_see_neither_exceptions_nor_imports(tmp_path: Path) -> None:
    stack = written(
        tmp_path,
        Logs=bucket(**checkov_skips("CKV_AWS_18"), **guard_skips("CT.S3.PR.2"), kept="yes"),
        Group={
            "Type": "AWS::Logs::LogGroup",
            "Properties": {"KmsKeyId": {"Fn::ImportValue": "a-dev-net:LogsKeyArn"}},
        },
    )
    seen = tmp_path / "seen"
    seen.mkdir()
    names = prepare([stack], seen)
    assert list(names.values()) == ["dev/Foundation"]
    resources = json.loads((seen / next(iter(names))).read_text())["Resources"]
    assert resources["Logs"]["Metadata"] == {"kept": "yes"}
    assert resources["Group"]["Properties"]["KmsKeyId"].startswith("arn:aws:kms:")


@pytest.mark.parametrize(
    ("export", "start"),
    [
        ("acme-dev-network:VpcId", "vpc-"),
        ("acme-dev-network:SubnetIds", "subnet-"),
        ("acme-dev-network:JobSecurityGroupId", "sg-"),
        ("acme-dev-network:S3EndpointId", "vpce-"),
        ("acme-dev-network:S3PrefixListId", "pl-"),
        ("acme-dev-foundation:DataKeyArn", "arn:aws:kms:"),
    ],
)
def test_an_import_becomes_a_value_of_its_kind(export: str, start: str) -> None:
    assert sample_of(export).startswith(start)


def test_an_import_of_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="no sample value for the export 'acme-dev-network:Color'"):
        with_imports({"a": [{"Fn::ImportValue": "acme-dev-network:Color"}]})


def test_control_tower_rules_name_the_resource_that_breaks_them_and_heed_its_exception(
    tmp_path: Path,
) -> None:
    group = {
        "Type": "AWS::Logs::LogGroup",
        "Properties": {"RetentionInDays": 365, "KmsKeyId": {"Ref": "Data"}},
    }
    stack = written(
        tmp_path,
        Data={
            "Type": "AWS::S3::Bucket",
            "Properties": {"LoggingConfiguration": {"DestinationBucketName": "x"}},
        },
        Logs=bucket(**guard_skips("CT.S3.PR.2")),
        Bad=group,
        Good={**group, "Properties": {"RetentionInDays": 365, "KmsKeyId": {"Ref": "Key"}}},
        Key={"Type": "AWS::KMS::Key", "Properties": KEY},
    )
    found = {(finding.rule, finding.logical_id) for finding in guard([stack])}
    assert {one for one in found if one[0] in ("CT.CLOUDWATCH.PR.3", "CT.S3.PR.2")} == {
        ("CT.CLOUDWATCH.PR.3", "Bad"),
        ("CT.S3.PR.2", "Logs"),
    }
    settled = scan("guard", [stack])
    assert settled.excepted == 1
    assert not [problem for problem in settled.problems if "CT.S3.PR.2" in problem]


def test_cfn_lint_findings_name_stack_and_resource(tmp_path: Path) -> None:
    bad = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "Not A Bucket"}}
    found = cfn_lint([written(tmp_path, Good=bucket()), written(tmp_path, "prod", Bad=bad)])
    assert {(finding.stack, finding.logical_id) for finding in found} == {("prod/Foundation", "Bad")}
