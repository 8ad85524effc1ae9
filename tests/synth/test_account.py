"""The Account stack: what exists once per account and region, or is adopted."""

from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER
from landscapes import checked, environment, landscape, logical_ids, properties

from mlplatform import regions
from mlplatform.ai_registry import hub_name
from mlplatform.regional_types import LACKING
from mlplatform.sdk_bucket_policy import sdk_bucket_policy
from mlplatform.settings import Environment
from stacks.account import AccountStack
from tools.policy_evaluator import Request, evaluate

ACCOUNT, REGION = "111122223333", "eu-west-1"
CI = {
    "deploy_subjects": ["repo:acme/ml:environment:one"],
    "review_subjects": ["repo:acme/ml:pull_request", "repo:acme/ml:ref:refs/heads/*"],
}
STATEFUL_IDS = {
    "AccountKey": "AWS::KMS::Key",
    "SdkBucket": "AWS::S3::Bucket",
    "SdkBucketPolicy19486D5E": "AWS::S3::BucketPolicy",
    "AiRegistryHub": "AWS::SageMaker::Hub",
}
"""Logical ids that must never move: CloudFormation would delete the old resource and create an empty one."""


def account_stack(stage: cdk.Stage, settings: Environment) -> None:
    """What the map does: only the owner of an account has the stack."""
    if settings.owns_account:
        AccountStack(stage, "Account", settings=settings)


def synthesized(folder: Path, **settings: Any) -> dict[str, Any]:
    """The Account stack of an environment ``one`` with these settings."""
    every = landscape(folder / "files", {"one": environment(ACCOUNT, **settings)})
    return checked(folder / "out", every, account_stack)["one/Account"]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The stack with everything in it."""
    return synthesized(tmp_path_factory.mktemp("account"), ci=CI)


def test_logical_ids_of_what_holds_state_do_not_move(template: dict[str, Any]) -> None:
    assert logical_ids(template, *set(STATEFUL_IDS.values())) == STATEFUL_IDS


def test_the_hub_has_the_name_the_sdk_computes_and_the_bucket_the_one_it_uses(
    template: dict[str, Any],
) -> None:
    (hub,) = properties(template, "AWS::SageMaker::Hub")
    assert hub["HubName"] == hub_name(REGION, ACCOUNT)
    assert "S3StorageConfig" not in hub
    (bucket,) = properties(template, "AWS::S3::Bucket")
    assert bucket["BucketName"] == f"sagemaker-{REGION}-{ACCOUNT}"


def test_the_bucket_is_versioned_private_and_encrypted_with_the_accounts_key(
    template: dict[str, Any],
) -> None:
    (bucket,) = properties(template, "AWS::S3::Bucket")
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    key = {"Fn::GetAtt": ["AccountKey", "Arn"]}
    assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    output = template["Outputs"]["AccountKeyArn"]
    assert (output["Value"], output["Export"]["Name"]) == (key, "acme-one-account:AccountKeyArn")


def test_the_stack_needs_no_other_stack_so_it_can_be_the_first(template: dict[str, Any]) -> None:
    assert "Fn::ImportValue" not in str(template)


def test_the_pipeline_trusts_one_audience_and_the_subjects_named(template: dict[str, Any]) -> None:
    (provider,) = properties(template, "AWS::IAM::OIDCProvider")
    assert provider["Url"] == "https://token.actions.githubusercontent.com"
    assert provider["ClientIdList"] == ["sts.amazonaws.com"]
    roles = {r["RoleName"]: r for r in properties(template, "AWS::IAM::Role")}
    issuer = "token.actions.githubusercontent.com"
    trusts = {name: r["AssumeRolePolicyDocument"]["Statement"][0] for name, r in roles.items()}
    assert trusts["acme-one-ci-deploy"]["Condition"] == {
        "StringEquals": {f"{issuer}:aud": "sts.amazonaws.com", f"{issuer}:sub": CI["deploy_subjects"]}
    }
    assert trusts["acme-one-ci-review"]["Condition"] == {
        "StringEquals": {f"{issuer}:aud": "sts.amazonaws.com"},
        "StringLike": {f"{issuer}:sub": CI["review_subjects"]},
    }
    assert {r["Path"] for r in roles.values()} == {"/acme/one/deployment/"}


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        ("ci-deploy", {"deploy", "file-publishing", "image-publishing", "lookup"}),
        ("ci-review", {"lookup"}),
    ],
)
def test_the_pipeline_assumes_roles_of_the_bootstrap_only(
    template: dict[str, Any], role: str, allowed: set[str]
) -> None:
    (found,) = (r for r in properties(template, "AWS::IAM::Role") if r["RoleName"] == f"acme-one-{role}")
    policies = [policy["PolicyDocument"] for policy in found["Policies"]]
    purposes = ("deploy", "file-publishing", "image-publishing", "lookup", "cfn-exec")
    names = [f"cdk-hnb659fds-{purpose}-role-{ACCOUNT}-{REGION}" for purpose in purposes]
    decisions = evaluate(
        [
            Request(
                principal=f"arn:aws:iam::{ACCOUNT}:role/acme/one/deployment/acme-one-{role}",
                action="sts:AssumeRole",
                resource=f"arn:aws:iam::{ACCOUNT}:role/{name}",
                resource_account=ACCOUNT,
                identity_policies=policies,
                resource_policy={
                    "Version": "2012-10-17",
                    "Statement": {
                        "Effect": "Allow",
                        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
                        "Action": "sts:AssumeRole",
                    },
                },
            )
            for name in [*names, "Admin"]
        ]
    )
    granted = {purpose for purpose, d in zip([*purposes, "Admin"], decisions, strict=True) if d.allowed}
    assert granted == allowed


def test_without_a_pipeline_there_is_neither_provider_nor_role(tmp_path: Path) -> None:
    template = synthesized(tmp_path)
    assert not logical_ids(template, "AWS::IAM::OIDCProvider", "AWS::IAM::Role")


def test_a_pipeline_without_reviewers_has_no_role_for_them(tmp_path: Path) -> None:
    template = synthesized(tmp_path, ci={"deploy_subjects": ["project_path:acme/ml:*"], "issuer": "gitlab"})
    assert [r["RoleName"] for r in properties(template, "AWS::IAM::Role")] == ["acme-one-ci-deploy"]
    (provider,) = properties(template, "AWS::IAM::OIDCProvider")
    assert provider["Url"] == "https://gitlab.com"


@pytest.mark.parametrize(
    ("adopted", "absent"),
    [
        ("oidc_provider", {"AWS::IAM::OIDCProvider"}),
        (
            "sdk_default_bucket",
            {"AWS::S3::Bucket", "AWS::S3::BucketPolicy", "AWS::KMS::Key", "AWS::KMS::Alias"},
        ),
        ("ai_registry_hub", {"AWS::SageMaker::Hub"}),
    ],
)
def test_what_the_account_has_already_is_not_created(
    template: dict[str, Any], tmp_path: Path, adopted: str, absent: set[str]
) -> None:
    without = synthesized(tmp_path, ci=CI, already_in_account=[adopted])
    types = {r["Type"] for r in without["Resources"].values()}
    assert {r["Type"] for r in template["Resources"].values()} - types == absent
    exported = {"AccountKeyArn"} if adopted != "sdk_default_bucket" else set()
    assert set(without.get("Outputs", {})) == exported


def test_a_region_without_hubs_in_cloudformation_gets_none(tmp_path: Path) -> None:
    network = {"availability_zones": ["usgw1-az1", "usgw1-az2"]}
    template = synthesized(tmp_path, region="us-gov-west-1", network=network, studio={"mlflow": "none"})
    assert not logical_ids(template, "AWS::SageMaker::Hub")
    assert logical_ids(template, "AWS::S3::Bucket")


def test_the_types_that_regions_lack_are_those_cloudformation_publishes() -> None:
    for kind, lacking in LACKING.items():
        found = {
            region
            for region in regions.regions_offering("studio")
            if kind not in PROVIDER_SCHEMA_MANAGER.get_resource_types(region)
        }
        assert found == lacking, kind


# --- the bucket's policy ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Environment]:
    """An account with an owner and a second environment."""
    folder = tmp_path_factory.mktemp("shared")
    return landscape(
        folder,
        {
            "one": environment(ACCOUNT, break_glass_roles=[f"arn:aws:iam::{ACCOUNT}:role/break-glass"]),
            "two": environment(ACCOUNT, owns_account=False),
        },
    )


def sdk_call(settings: Environment, role: str, action: str = "s3:GetObject", **context: str) -> Request:
    """A call to an object of the SDK's bucket by a role that may do anything."""
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    return Request(
        principal=role,
        action=action,
        resource=f"arn:aws:s3:::sagemaker-{REGION}-{ACCOUNT}/data/x.jsonl",
        resource_account=ACCOUNT,
        context={"s3:TlsVersion": "1.3", **{key.replace("_", ":", 1): v for key, v in context.items()}},
        identity_policies=[{"Version": "2012-10-17", "Statement": everything}],
        resource_policy=sdk_bucket_policy(settings),
    )


def test_every_environment_of_the_account_reaches_the_bucket_and_nobody_else_does(
    shared: dict[str, Environment],
) -> None:
    owner = shared["one"]
    one, two = (shared[name].names for name in ("one", "two"))
    elsewhere = f"arn:aws:iam::{ACCOUNT}:role/AnyoneWithFullAccess"
    job, foreign = one.role_arn("job", "train"), "arn:aws:iam::999999999999:role/x"
    inside = {"aws_VpceAccount": ACCOUNT}
    cases = {
        "a person of the owner, from a browser": (
            sdk_call(owner, one.role_arn("persona", "ml-engineer")),
            True,
        ),
        "a person of the other environment": (sdk_call(owner, two.role_arn("persona", "ml-engineer")), True),
        "a serverless job": (sdk_call(owner, two.role_arn("studio", "studio-job")), True),
        "Bedrock's import": (sdk_call(owner, one.role_arn("model-customization", "bedrock-import")), True),
        "a reward function": (sdk_call(owner, one.role_arn("model-customization", "reward-function")), False),
        "break glass": (sdk_call(owner, owner.break_glass_roles[0]), True),
        "another role of the account, from outside": (sdk_call(owner, elsewhere), False),
        "a job from outside": (sdk_call(owner, job), False),
        "a job through an endpoint of the account": (sdk_call(owner, job, **inside), True),
        "a job through a stranger's": (sdk_call(owner, job, aws_VpceAccount="999999999999"), False),
        "what SageMaker forwards": (sdk_call(owner, job, aws_ViaAWSService="true"), True),
        "another account through its own endpoint": (
            sdk_call(owner, foreign, aws_VpceAccount="999999999999"),
            False,
        ),
        "plain HTTP": (sdk_call(owner, job, **inside, aws_SecureTransport="false"), False),
    }
    decisions = evaluate([request for request, _ in cases.values()])
    judged = dict(zip(cases, decisions, strict=True))
    wrong = {what: judged[what].explanation for what in cases if judged[what].allowed != cases[what][1]}
    assert not wrong
    assert judged["another account through its own endpoint"].deciding_sids == ("DenyOtherAccounts",)
    assert judged["a job from outside"].deciding_sids == ("DenyOutsideNetwork",)


def test_uploads_take_any_key_of_the_account_and_no_other(shared: dict[str, Environment]) -> None:
    person = shared["one"].names.role_arn("persona", "data-scientist")
    algorithm = "s3:x-amz-server-side-encryption"
    key = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"

    def upload(**asked: str) -> Request:
        call = sdk_call(shared["one"], person, "s3:PutObject")
        context = {algorithm + name.replace("_", "-"): value for name, value in asked.items()}
        return Request(**{**vars(call), "context": {**call.context, **context}})

    foreign = key.replace(ACCOUNT, "999999999999")
    decisions = evaluate(
        [
            upload(),
            upload(**{"": "aws:kms", "_aws_kms_key_id": key}),
            upload(**{"": "aws:kms", "_aws_kms_key_id": foreign}),
            upload(**{"": "AES256"}),
        ]
    )
    assert [decision.allowed for decision in decisions] == [True, True, False, False]
    assert decisions[2].deciding_sids == ("DenyForeignKey",)
    assert decisions[3].deciding_sids == ("DenyOtherAlgorithm",)


def test_with_an_organization_its_endpoints_lead_to_the_bucket(tmp_path: Path) -> None:
    files = {"one": environment(ACCOUNT, organization_id="o-a1b2c3d4e5")}
    owner = landscape(tmp_path, files)["one"]
    job = owner.names.role_arn("job", "train")
    ours, other = (
        sdk_call(owner, job, aws_VpceOrgID=organization) for organization in ("o-a1b2c3d4e5", "o-strangers1")
    )
    assert [decision.allowed for decision in evaluate([ours, other])] == [True, False]


def test_where_endpoints_have_no_known_owner_any_endpoint_leads_to_the_bucket(tmp_path: Path) -> None:
    network = {"availability_zones": ["usgw1-az1", "usgw1-az2"]}
    gov = {"region": "us-gov-west-1", "network": network, "studio": {"mlflow": "none"}}
    owner = landscape(tmp_path, {"one": environment(ACCOUNT, **gov)})["one"]
    (statement,) = (s for s in sdk_bucket_policy(owner)["Statement"] if s["Sid"] == "DenyOutsideNetwork")
    assert statement["Condition"]["Null"] == {"aws:SourceVpce": "true"}
    assert "arn:aws:" not in str(sdk_bucket_policy(owner))
