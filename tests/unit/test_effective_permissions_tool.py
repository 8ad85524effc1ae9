"""Reading policies as AWS would: values across stacks, policies of roles and resources, the table."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from landscapes import environment, landscape
from pydantic import ValidationError

from mlplatform.settings import Environment
from tools.effective_cases import Case, Where, read_cases
from tools.effective_decisions import main
from tools.effective_permissions import World, read_world
from tools.effective_places import STRANGER, MissingError, Places
from tools.effective_requests import applies, request_of, situations

ACCOUNT = "111122223333"
GIVEN_KEY = "arn:aws:kms:eu-west-1:111122223333:key/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
READ = {"Sid": "Read", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
DECRYPT = {"Sid": "Use", "Effect": "Allow", "Action": "kms:Decrypt"}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "a.com"}, "Action": "*"}],
}


def document(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def role(*statements: dict[str, Any], **properties: Any) -> dict[str, Any]:
    inline = [{"PolicyName": "Inline", "PolicyDocument": document(*statements)}] if statements else []
    properties = {
        "Path": "/acme/dev/job/",
        "AssumeRolePolicyDocument": TRUST,
        "Policies": inline,
    } | properties
    return {"Type": "AWS::IAM::Role", "Properties": properties}


def template(outputs: dict[str, Any] | None = None, /, **resources: Any) -> dict[str, Any]:
    exported = {
        name: {"Value": value, "Export": {"Name": f"acme-dev-foundation:{name}"}}
        for name, value in (outputs or {}).items()
    }
    return {"Resources": resources, "Outputs": exported}


KEY = {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": document({**DECRYPT, "Resource": "*"})}}
FOUNDATION = template({"DataKeyArn": {"Fn::GetAtt": ["Key", "Arn"]}}, Key=KEY)


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, Environment]:
    files = {
        "dev": environment(ACCOUNT),
        "live": environment("222233334444", registry={"environment": "dev", "artifacts_key_arn": GIVEN_KEY}),
    }
    return landscape(tmp_path / "files", files)


def read(settings: dict[str, Environment], **stacks: dict[str, Any]) -> World:
    """The stacks of ``dev``; those named live_… are of ``live``."""
    named = {
        ("live", name.removeprefix("live_")) if name.startswith("live_") else ("dev", name): body
        for name, body in stacks.items()
    }
    return read_world(named, settings)


def test_what_one_stack_imports_is_what_the_other_exports(settings: dict[str, Environment]) -> None:
    imported = {"Fn::ImportValue": "acme-dev-foundation:DataKeyArn"}
    world = read(
        settings,
        Foundation=FOUNDATION,
        Studio=template(Role=role({**DECRYPT, "Resource": imported}, RoleName="acme-dev-train")),
    )
    found = world.role("dev", "train")
    assert found is not None
    [named] = {
        statement["Resource"] for policy in found.identity_policies for statement in policy["Statement"]
    }
    assert named == world.exported("DataKeyArn", "dev")
    assert world.policy_of(named) == KEY["Properties"]["KeyPolicy"]


def test_a_key_that_the_settings_give_is_the_one_the_registry_has(settings: dict[str, Environment]) -> None:
    exported = template({"ArtifactsKeyArn": {"Fn::GetAtt": ["Key", "Arn"]}}, Key=KEY)
    using = template(Role=role({**DECRYPT, "Resource": GIVEN_KEY}, RoleName="acme-live-approve"))
    world = read(settings, Foundation=exported, live_Studio=using)
    found = world.role("live", "approve")
    assert found is not None
    [key] = [statement["Resource"] for statement in found.identity_policies[0]["Statement"]]
    assert key == world.exported("ArtifactsKeyArn", "dev") != GIVEN_KEY
    assert world.policy_of(key) is not None


@pytest.mark.parametrize(
    ("value", "resolved"),
    [
        ({"Fn::Sub": "arn:${AWS::Partition}:s3:::${Bucket}/*"}, "arn:aws:s3:::data/*"),
        ({"Fn::Sub": ["${Bucket}-${x}", {"x": {"Ref": "AWS::AccountId"}}]}, "data-111122223333"),
        ({"Fn::Sub": "${Bucket.Arn}/${!aws:username}"}, "arn:aws:s3:::data/${aws:username}"),
        ({"Fn::Join": ["-", [{"Ref": "AWS::Region"}, {"Ref": "AWS::URLSuffix"}]]}, "eu-west-1-amazonaws.com"),
        ({"Fn::Select": [1, {"Fn::Split": ["a", "banana"]}]}, "n"),
        ("${aws:username}", "${aws:username}"),
    ],
)
def test_intrinsic_functions_are_resolved(
    settings: dict[str, Environment], value: Any, resolved: str
) -> None:
    bucket = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "data"}}
    world = read(settings, Foundation=template(Bucket=bucket))
    assert world.deployments["dev", "Foundation"].resolve(value) == resolved


@pytest.mark.parametrize(
    ("resources", "unknown"),
    [
        ({"Grant": {"Type": "AWS::Lambda::Permission", "Properties": {}}}, "AWS::Lambda::Permission"),
        ({"Role": role({**READ, "Resource": {"Fn::If": ["Prod", "a", "b"]}})}, "Fn::If"),
        (
            {"Role": role({**READ, "Resource": {"Ref": "Box"}}), "Box": {"Type": "AWS::New::Box"}},
            "AWS::New::Box",
        ),
        ({"Role": role(ManagedPolicyArns=["arn:aws:iam::111122223333:policy/Theirs"])}, "policy/Theirs"),
    ],
    ids=["a grant", "a function", "a resource", "a policy"],
)
def test_what_would_be_overlooked_is_an_error(
    settings: dict[str, Environment], resources: dict[str, Any], unknown: str
) -> None:
    with pytest.raises((KeyError, ValueError), match=unknown):
        read(settings, Studio=template(**resources))


def test_a_role_has_its_inline_its_attached_and_its_published_policies(
    settings: dict[str, Environment],
) -> None:
    attached = {
        "ManagedPolicyName": "acme-dev-guards",
        "PolicyDocument": document({**READ, "Sid": "Attached"}),
    }
    beside = {
        "PolicyName": "x",
        "PolicyDocument": document({**READ, "Sid": "Beside"}),
        "Roles": [{"Ref": "Role"}],
    }
    published = "arn:aws:iam::aws:policy/AmazonSageMakerFullAccess"
    world = read(
        settings,
        Studio=template(
            Role=role(READ, RoleName="acme-dev-ana", ManagedPolicyArns=[{"Ref": "Guards"}, published]),
            Guards={"Type": "AWS::IAM::ManagedPolicy", "Properties": attached},
            Beside={"Type": "AWS::IAM::Policy", "Properties": beside},
        ),
    )
    found = world.role("dev", "ana")
    assert found is not None
    sids = [statement.get("Sid") for policy in found.identity_policies for statement in policy["Statement"]]
    assert sids[:3] == ["Read", "Attached", "Beside"]
    assert "AllowAllNonAdminSageMakerActions" in sids
    assert found.published == (published,)


@pytest.mark.parametrize(("bounded_by", "count"), [("acme-dev-boundary", 1), ("Theirs", 0)])
def test_only_the_platforms_own_boundary_is_known(
    settings: dict[str, Environment], bounded_by: str, count: int
) -> None:
    boundary = f"arn:aws:iam::{ACCOUNT}:policy/{bounded_by}"
    world = read(settings, Studio=template(Role=role(RoleName="acme-dev-x", PermissionsBoundary=boundary)))
    found = world.role("dev", "x")
    assert found is not None
    assert len(found.boundaries) == count


def test_objects_and_versions_have_the_policy_of_their_bucket_and_group(
    settings: dict[str, Environment],
) -> None:
    group = {"ModelPackageGroupName": "acme-dev-credit", "ModelPackageGroupPolicy": document(READ)}
    world = read(
        settings,
        Studio=template(
            Bucket={"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "data"}},
            Policy={
                "Type": "AWS::S3::BucketPolicy",
                "Properties": {"Bucket": {"Ref": "Bucket"}, "PolicyDocument": document(READ)},
            },
            Group={"Type": "AWS::SageMaker::ModelPackageGroup", "Properties": group},
        ),
    )
    package = f"arn:aws:sagemaker:eu-west-1:{ACCOUNT}:model-package/acme-dev-credit/7"
    assert world.policy_of("arn:aws:s3:::data/raw/1.csv") == document(READ)
    assert world.policy_of(package) == document(READ)
    assert world.policy_of(package.replace("credit", "other")) is None


CASE = Case(
    principal="train",
    what="read data",
    allowed=True,
    action="s3:GetObject",
    resource="{data_bucket}/1.csv",
    context={},
    by="Read",
    where=Where(),
    through_endpoint=False,
)


def test_a_case_is_asked_only_where_what_it_is_about_exists(settings: dict[str, Environment]) -> None:
    world = read(settings, Studio=template(Role=role(READ, RoleName="acme-dev-train")))
    ours = replace(CASE, resource="raw/1.csv")
    assert request_of(ours, Places(world, settings["dev"]), {}).principal.endswith(
        "role/acme/dev/job/acme-dev-train"
    )
    for lacking in (CASE, replace(ours, principal="nobody"), replace(ours, principal="neighbour.train")):
        with pytest.raises(MissingError):
            request_of(lacking, Places(world, settings["dev"]), {})


def test_what_is_nobodys_we_know_opens_itself_so_that_our_side_decides(
    settings: dict[str, Environment],
) -> None:
    world = read(settings, Studio=template(Role=role(READ, RoleName="acme-dev-train")))
    stolen = request_of(replace(CASE, resource=f"stolen-{STRANGER}/x"), Places(world, settings["dev"]), {})
    assert stolen.resource_account == STRANGER
    assert stolen.resource_policy is not None
    kept = request_of(
        replace(CASE, resource=f"kept-{ACCOUNT}-eu-west-1/x"), Places(world, settings["dev"]), {}
    )
    assert kept.resource_account == ACCOUNT
    assert kept.resource_policy is None


def test_a_case_may_be_about_some_settings_only(settings: dict[str, Environment]) -> None:
    dev, live = settings["dev"], settings["live"]
    assert applies(Where(own_registry=True), dev)
    assert not applies(Where(own_registry=True), live)
    assert not applies(Where(customization=("compat", "off")), dev)
    assert situations(dev) == ("bounded", "tight")
    assert replace(CASE, by={"tight": "A", "compat": "B"}).decided_by(*situations(dev)) == "A"


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("{may: a, may not: b, call: s3:GetObject x, by: Y}", "both or neither"),
        ("{call: s3:GetObject x, by: Y}", "both or neither"),
        ("{may: a, call: s3:GetObject x, by: Y, with: [nonsense]}", "no 'nonsense'"),
        ("{may: a, call: s3:GetObject x}", "Field required"),
        ("{may: a, call: s3:GetObject x, by: Y, were: {}}", "Extra inputs"),
        ("{may: a, call: s3:GetObject x, by: {tite: Y}}", "tite"),
    ],
)
def test_a_malformed_case_is_refused(tmp_path: Path, row: str, problem: str) -> None:
    (tmp_path / "contexts.yaml").write_text("job: {'sagemaker:NetworkIsolation': 'true'}\n", encoding="utf-8")
    (tmp_path / "cases.yaml").write_text(f"somebody:\n  - {row}\n", encoding="utf-8")
    with pytest.raises((ValueError, ValidationError), match=problem):
        read_cases(tmp_path)


def test_the_command_reports_decisions_that_are_not_the_tables(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    landscape(tmp_path / "files", {"dev": environment(ACCOUNT)}, {})
    (tmp_path / "contexts.yaml").write_text("{}\n", encoding="utf-8")
    (tmp_path / "principals.yaml").write_text("{}\n", encoding="utf-8")
    rows = "{may: write its log, call: 's3:GetObject {data_bucket}/x', by: Read}"
    (tmp_path / "cases.yaml").write_text(f"network-defaults:\n  - {rows}\n", encoding="utf-8")
    assert main([str(tmp_path / "files" / "environments")], table=tmp_path) == 1
    printed = capsys.readouterr().out
    assert "dev: network-defaults may write its log: expected Read; explicitly denied" in printed
    assert "1 decisions, 1 not as in" in printed


def test_the_command_reports_unusable_settings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path)], table=tmp_path) == 2
    assert "no environment files" in capsys.readouterr().err
