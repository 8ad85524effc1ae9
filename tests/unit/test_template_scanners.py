"""Findings held against exceptions, and what scanners are shown; on templates made for the purpose."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tools.assembly import SynthesizedStack
from tools.sample_values import sample_of, with_imports
from tools.scanners import cfn_lint, guard, prepare
from tools.settlement import Finding, exceptions, settle

BECAUSE = "the access logs of this bucket would be its own"
KEY = {"EnableKeyRotation": True, "KeyPolicy": {"Version": "2012-10-17", "Statement": []}}


def bucket(**metadata: Any) -> dict[str, Any]:
    return {"Type": "AWS::S3::Bucket", "Properties": {}, "Metadata": metadata}


def written(folder: Path, environment: str = "dev", **resources: Any) -> SynthesizedStack:
    path = folder / f"{environment}.template.json"
    path.write_text(json.dumps({"Resources": resources}))
    return SynthesizedStack(environment, "Foundation", "eu-west-1", path)


LOGGING = Finding("checkov", "CKV_AWS_18", "dev/Foundation", "Logs", "no access logs")


def test_a_finding_that_nobody_excepted_is_a_problem() -> None:
    settled = settle([LOGGING], {}, "checkov")
    assert settled.problems == ("checkov CKV_AWS_18 dev/Foundation Logs: no access logs",)
    assert settled.excepted == 0


def test_an_excepted_finding_is_counted_once_per_environment_and_no_problem() -> None:
    excepted = {"Foundation/Logs": {"CKV_AWS_18": BECAUSE}}
    settled = settle([LOGGING, LOGGING, replace(LOGGING, stack="prod/Foundation")], excepted, "checkov")
    assert settled.problems == ()
    assert settled.excepted == 2


@pytest.mark.parametrize(
    "excepted",
    [{"Foundation/Data": {"CKV_AWS_18": BECAUSE}}, {"Foundation/Logs": {"CKV_AWS_21": BECAUSE}}],
    ids=["another resource", "another rule"],
)
def test_an_exception_holds_for_one_rule_on_one_resource(excepted: dict[str, dict[str, str]]) -> None:
    assert str(LOGGING) in settle([LOGGING], excepted, "checkov").problems


def test_an_exception_may_be_for_what_every_model_has() -> None:
    of_models = [replace(LOGGING, stack=f"dev/Model-{name}") for name in ("churn", "credit")]
    settled = settle([*of_models, LOGGING], {"Model-*/Logs": {"CKV_AWS_18": BECAUSE}}, "checkov")
    assert settled.problems == (str(LOGGING),)
    assert settled.excepted == 2


def test_an_exception_without_a_finding_is_a_problem() -> None:
    assert settle([], {"Foundation/Logs": {"CT.S3.PR.2": BECAUSE}}, "guard").problems == (
        "guard CT.S3.PR.2 Foundation/Logs: excepted, but guard does not object: remove it",
    )


def test_an_exception_without_a_reason_is_a_problem() -> None:
    assert settle([LOGGING], {"Foundation/Logs": {"CKV_AWS_18": "because"}}, "checkov").problems == (
        "checkov CKV_AWS_18 Foundation/Logs: excepted without a reason",
    )


def test_exceptions_are_read_per_scanner(tmp_path: Path) -> None:
    file = tmp_path / "exceptions.yaml"
    file.write_text("guard:\n  Foundation/Logs:\n    CT.S3.PR.2: a reason\n")
    assert exceptions("guard", file) == {"Foundation/Logs": {"CT.S3.PR.2": "a reason"}}
    assert exceptions("checkov", file) == {}


def test_scanners_see_sample_values_for_imports(tmp_path: Path) -> None:
    stack = written(
        tmp_path,
        Logs=bucket(kept="yes"),
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


def test_control_tower_rules_name_the_resource_that_breaks_them(
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
        Logs=bucket(),
        Bad=group,
        Good={**group, "Properties": {"RetentionInDays": 365, "KmsKeyId": {"Ref": "Key"}}},
        Key={"Type": "AWS::KMS::Key", "Properties": KEY},
    )
    found = {(finding.rule, finding.logical_id) for finding in guard([stack])}
    assert {one for one in found if one[0] in ("CT.CLOUDWATCH.PR.3", "CT.S3.PR.2")} == {
        ("CT.CLOUDWATCH.PR.3", "Bad"),
        ("CT.S3.PR.2", "Logs"),
    }


def test_cfn_lint_findings_name_stack_and_resource(tmp_path: Path) -> None:
    bad = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "Not A Bucket"}}
    found = cfn_lint([written(tmp_path, Good=bucket()), written(tmp_path, "prod", Bad=bad)])
    assert {(finding.stack, finding.logical_id) for finding in found} == {("prod/Foundation", "Bad")}
