"""The permissions boundary, judged by the evaluator: what no role can do, whatever its own policies say."""

from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

import pytest

from mlplatform.names import MAX_ENVIRONMENT, MAX_PREFIX, Names
from mlplatform.permissions.boundary import MAX_POLICY, boundary, boundary_of
from mlplatform.settings import Environment
from tools.bootstrap_template import size
from tools.policy_evaluator import Decision, Request, evaluate

EVERYTHING = {
    "Version": "2012-10-17",
    "Statement": [{"Sid": "Everything", "Effect": "Allow", "Action": "*", "Resource": "*"}],
}
KEY_POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "ByPolicy",
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
            "Action": "kms:*",
            "Resource": "*",
        }
    ],
}
"""A key that leaves it to IAM who may use it."""

ACCOUNT, REGION = "111122223333", "eu-west-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role"
SAGEMAKER = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}"
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function"
HERE = {"aws:RequestedRegion": REGION}
DATA = f"acme-small-data-{ACCOUNT}-{REGION}"

SCIENTIST = f"{ROLE}/acme/small/persona/acme-small-data-scientist"
APPROVER = f"{ROLE}/acme/small/persona/acme-small-approver-cy"
WORKFLOW = f"{ROLE}/acme/small/workflow/acme-small-credit-approval"
DEPLOYER = f"{ROLE}/acme/small/deployment/acme-small-ci-deploy"

PASS_TO_SAGEMAKER = {"iam:PassedToService": "sagemaker.amazonaws.com"}
APPROVED = {**HERE, "sagemaker:ModelApprovalStatus": "Approved"}
PACKAGE = f"{SAGEMAKER}:model-package/acme-small-credit/1"

ALLOWED: dict[str, tuple[Any, ...]] = {
    "train": (SCIENTIST, "sagemaker:CreateTrainingJob", f"{SAGEMAKER}:training-job/x", HERE),
    "write objects": (SCIENTIST, "s3:PutObject", f"arn:aws:s3:::{DATA}/a", HERE),
    "write to the SDK's bucket": (
        SCIENTIST,
        "s3:PutObject",
        f"arn:aws:s3:::sagemaker-{REGION}-{ACCOUNT}/a",
        HERE,
    ),
    "approve, as an approver": (APPROVER, "sagemaker:UpdateModelPackage", PACKAGE, APPROVED),
    "pass a job's role": (
        SCIENTIST,
        "iam:PassRole",
        f"{ROLE}/acme/small/studio/acme-small-studio-job",
        PASS_TO_SAGEMAKER,
    ),
    "create a reward function": (
        SCIENTIST,
        "lambda:CreateFunction",
        f"{FUNCTION}:SageMaker-evaluator-x",
        HERE,
    ),
    "call a platform function": (WORKFLOW, "lambda:InvokeFunction", f"{FUNCTION}:acme-small-judge", HERE),
    "release, as a workflow": (
        WORKFLOW,
        "sagemaker:UpdateEndpoint",
        f"{SAGEMAKER}:endpoint/acme-small-credit",
        HERE,
    ),
    "deploy from a pipeline": (
        DEPLOYER,
        "sts:AssumeRole",
        f"{ROLE}/cdk-hnb659fds-deploy-role-{ACCOUNT}-{REGION}",
        {},
    ),
    "lend a key to a service": (
        SCIENTIST,
        "kms:CreateGrant",
        f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1",
        {"kms:GrantIsForAWSResource": "true"},
    ),
    "see images": (SCIENTIST, "ecr:BatchGetImage", f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/x", HERE),
}

DENIED: dict[str, tuple[Any, ...]] = {
    "create a role": (SCIENTIST, "iam:CreateRole", f"{ROLE}/acme/small/job/x", {}, "DenyChangingRoles"),
    "attach a policy": (
        SCIENTIST,
        "iam:AttachRolePolicy",
        f"{ROLE}/acme/small/job/x",
        {},
        "DenyChangingRoles",
    ),
    "change a trust policy": (
        SCIENTIST,
        "iam:UpdateAssumeRolePolicy",
        f"{ROLE}/acme/small/job/x",
        {},
        "DenyChangingRoles",
    ),
    "rewrite the boundary": (
        DEPLOYER,
        "iam:CreatePolicyVersion",
        f"arn:aws:iam::{ACCOUNT}:policy/acme-small-boundary",
        {},
        "DenyChangingRoles",
    ),
    "create a user": (
        DEPLOYER,
        "iam:CreateUser",
        f"arn:aws:iam::{ACCOUNT}:user/eve",
        {},
        "DenyChangingRoles",
    ),
    "pass a persona's role": (
        SCIENTIST,
        "iam:PassRole",
        APPROVER,
        PASS_TO_SAGEMAKER,
        "DenyPassingPowerfulRoles",
    ),
    "pass a deployment's role": (
        SCIENTIST,
        "iam:PassRole",
        DEPLOYER,
        PASS_TO_SAGEMAKER,
        "DenyPassingPowerfulRoles",
    ),
    "pass somebody else's role": (SCIENTIST, "iam:PassRole", f"{ROLE}/Admin", PASS_TO_SAGEMAKER, ""),
    "pass a job's role to EC2": (
        SCIENTIST,
        "iam:PassRole",
        f"{ROLE}/acme/small/studio/acme-small-studio-job",
        {"iam:PassedToService": "ec2.amazonaws.com"},
        "",
    ),
    "overwrite a platform function": (
        SCIENTIST,
        "lambda:UpdateFunctionCode",
        f"{FUNCTION}:acme-small-network-defaults",
        HERE,
        "DenyChangingFunctions",
    ),
    "open a platform function": (
        SCIENTIST,
        "lambda:AddPermission",
        f"{FUNCTION}:acme-small-network-defaults",
        HERE,
        "DenyChangingFunctions",
    ),
    "approve": (SCIENTIST, "sagemaker:UpdateModelPackage", PACKAGE, APPROVED, "DenyDecidingOnVersions"),
    "approve, as a workflow": (
        WORKFLOW,
        "sagemaker:UpdateModelPackage",
        PACKAGE,
        APPROVED,
        "DenyDecidingOnVersions",
    ),
    "register as approved": (
        WORKFLOW,
        "sagemaker:CreateModelPackage",
        PACKAGE,
        APPROVED,
        "DenyDecidingOnVersions",
    ),
    "share a registry": (
        APPROVER,
        "sagemaker:PutModelPackageGroupPolicy",
        f"{SAGEMAKER}:model-package-group/acme-small-credit",
        HERE,
        "DenySharingAndRemoving",
    ),
    "delete a version": (
        WORKFLOW,
        "sagemaker:DeleteModelPackage",
        PACKAGE,
        HERE,
        "DenySharingAndRemoving",
    ),
    "start a notebook instance": (
        SCIENTIST,
        "sagemaker:CreateNotebookInstance",
        f"{SAGEMAKER}:notebook-instance/x",
        HERE,
        "DenySharingAndRemoving",
    ),
    "open a session into a space": (
        SCIENTIST,
        "sagemaker:StartSession",
        f"{SAGEMAKER}:space/d-1/x",
        HERE,
        "DenySharingAndRemoving",
    ),
    "debug remotely": (
        SCIENTIST,
        "sagemaker:CreateTrainingJob",
        f"{SAGEMAKER}:training-job/x",
        {**HERE, "sagemaker:EnableRemoteDebug": "true"},
        "DenyRemoteDebug",
    ),
    "make bearer tokens": (SCIENTIST, "sagemaker:CallWithBearerToken", "*", HERE, "DenyBearerTokens"),
    "delete audit logs": (
        WORKFLOW,
        "s3:DeleteObject",
        f"arn:aws:s3:::acme-small-audit-{ACCOUNT}-{REGION}/a",
        HERE,
        "DenyTouchingLogs",
    ),
    "work in another region": (
        SCIENTIST,
        "sagemaker:CreateTrainingJob",
        f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:training-job/x",
        {"aws:RequestedRegion": "us-east-1"},
        "",
    ),
    "write to somebody's bucket": (SCIENTIST, "s3:PutObject", "arn:aws:s3:::else/a", HERE, ""),
    "change a key's policy": (
        DEPLOYER,
        "kms:PutKeyPolicy",
        f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1",
        HERE,
        "",
    ),
    "lend a key to anybody": (
        SCIENTIST,
        "kms:CreateGrant",
        f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1",
        {"kms:GrantIsForAWSResource": "false"},
        "",
    ),
    "stop the trail": (
        DEPLOYER,
        "cloudtrail:StopLogging",
        f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/acme-small-audit",
        HERE,
        "",
    ),
    "leave the organization": (DEPLOYER, "organizations:LeaveOrganization", "*", HERE, ""),
    "act as an administrator": (DEPLOYER, "sts:AssumeRole", f"{ROLE}/Admin", {}, ""),
    "change a stack with the role it remembers": (
        WORKFLOW,
        "cloudformation:ExecuteChangeSet",
        f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/acme-small-studio/1",
        HERE,
        "",
    ),
    "delete a repository": (
        SCIENTIST,
        "ecr:DeleteRepository",
        f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/x",
        HERE,
        "",
    ),
}


def request(case: tuple[Any, ...], settings: Environment, account: str = ACCOUNT) -> Request:
    """What a role that may do everything asks for, within the boundary."""
    principal, action, resource, context = case[:4]
    return Request(
        principal,
        action,
        resource,
        account,
        context=context,
        identity_policies=(EVERYTHING,),
        resource_policy=KEY_POLICY if action.startswith("kms:") else None,
        permission_boundaries=(boundary(settings),),
    )


@pytest.fixture(scope="module")
def decisions(environments: dict[str, Environment]) -> dict[str, Decision]:
    """Decisions on every case, by what is asked."""
    cases = {**ALLOWED, **DENIED}
    judged = evaluate([request(case, environments["small"]) for case in cases.values()])
    return dict(zip(cases, judged, strict=True))


@pytest.mark.parametrize("case", ALLOWED)
def test_the_boundary_leaves_room_to(case: str, decisions: dict[str, Decision]) -> None:
    assert decisions[case].allowed, decisions[case].explanation


@pytest.mark.parametrize("case", DENIED)
def test_no_role_can(case: str, decisions: dict[str, Decision]) -> None:
    assert not decisions[case].allowed
    assert decisions[case].deciding_sids == ((DENIED[case][4],) if DENIED[case][4] else ())


def test_nothing_is_sent_to_another_account(environments: dict[str, Environment]) -> None:
    topic = "arn:aws:sns:eu-west-1:999999999999:drop"
    bucket = (SCIENTIST, "s3:PutObject", f"arn:aws:s3:::{DATA}/a", HERE)
    publish = (SCIENTIST, "sns:Publish", topic, HERE)
    stranger = "999999999999"
    judged = evaluate([request(case, environments["small"], stranger) for case in (publish, bucket)])
    assert [decision.allowed for decision in judged] == [False, False]
    assert judged[0].deciding_sids == ("DenyOtherAccounts",)


def test_another_environment_of_the_account_keeps_its_buckets() -> None:
    small = Names("acme", "small", "aws", REGION, ACCOUNT)
    policy = boundary_of(small, ["arn:aws:s3:::acme-other-*"])
    ask = Request(
        SCIENTIST,
        "s3:GetObject",
        f"arn:aws:s3:::acme-other-data-{ACCOUNT}-{REGION}/a",
        ACCOUNT,
        context=HERE,
        identity_policies=(EVERYTHING,),
        permission_boundaries=(policy,),
    )
    (decision,) = evaluate([ask])
    assert decision.deciding_sids == ("DenyOtherEnvironments",)


def test_the_boundary_fits_with_the_longest_names_and_four_environments_in_the_account() -> None:
    names = Names(
        "p" * MAX_PREFIX, "e" * MAX_ENVIRONMENT, "aws-us-gov", "ap-southeast-1", "1" * 12, f"/{'i' * 62}/"
    )
    others = [f"arn:aws-us-gov:s3:::{'p' * MAX_PREFIX}-{'o' * MAX_ENVIRONMENT}-*"] * 3
    assert size(boundary_of(names, others)) <= MAX_POLICY


def test_a_boundary_that_does_not_fit_is_refused(environments: dict[str, Environment]) -> None:
    small = environments["small"]
    many = tuple(Names("acme", f"e{number}", "aws", REGION, ACCOUNT) for number in range(100))
    around = replace(small.neighbours, account=(small.names, *many))
    crowded = small.among(around, small.products)
    with pytest.raises(ValueError, match=r"the boundary of small has \d+ characters, allowed: 6144"):
        boundary(crowded)


def test_the_boundary_takes_nothing_away_that_a_role_of_the_platform_is_given(
    templates: Any, environments: dict[str, Environment]
) -> None:
    outside = set()
    for (environment, stack), template in templates.items():
        allowed = [a for s in _statements(boundary(environments[environment]), "Allow") for a in _actions(s)]
        for logical_id, resource in template["Resources"].items():
            properties = resource.get("Properties", {})
            documents = [policy["PolicyDocument"] for policy in properties.get("Policies", [])]
            if resource["Type"] == "AWS::IAM::ManagedPolicy":
                documents.append(properties["PolicyDocument"])
            elif resource["Type"] != "AWS::IAM::Role":
                continue
            for action in (a for d in documents for s in _statements(d, "Allow") for a in _actions(s)):
                if not any(fnmatchcase(action.lower(), pattern.lower()) for pattern in allowed):
                    outside.add((environment, stack, logical_id, action))
    assert not outside


def _statements(policy: Any, effect: str) -> list[Any]:
    return [statement for statement in policy["Statement"] if statement["Effect"] == effect]


def _actions(statement: Any) -> list[str]:
    actions = statement["Action"]
    return [actions] if isinstance(actions, str) else actions
