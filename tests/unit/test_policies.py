"""A policy evaluator judges what the endpoint, bucket and key policies let through, call by call."""

import re
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from judging import evaluator
from landscapes import environment, landscape

from mlplatform.bucket_policies import CHANNELS, MANAGED, bucket_policy, execution_role_arn, trail_arn
from mlplatform.endpoint_policies import (
    dynamodb_endpoint_policy,
    interface_endpoint_policy,
    s3_endpoint_policy,
)
from mlplatform.key_policies import VIA_SERVICES, key_policy
from mlplatform.policy import allow, document
from mlplatform.settings import Environment
from tools.policy_evaluator import Decision, Request

ZONES = {"availability_zones": ["use1-az1", "use1-az2"]}
ENDPOINT, STRANGER = "vpce-0a1b2c3d4e5f67890", "999999999999"
KEY = "arn:aws:kms:us-east-1:222233334444:key/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
EVERYTHING = {
    "Version": "2012-10-17",
    "Statement": {"Sid": "All", "Effect": "Allow", "Action": "*", "Resource": "*"},
}


@pytest.fixture(scope="module")
def full(environments: dict[str, Environment]) -> Environment:
    """The fixture environment with an organization, data sources and writers."""
    return environments["full"]


@dataclass(frozen=True)
class Case:
    """A call, whether it may pass, and the statements that decide it."""

    what: str
    request: Request
    allowed: bool
    sids: tuple[str, ...] = ()


def role(settings: Environment, kind: str, account: str | None = None) -> str:
    """ARN of some role of one kind."""
    return settings.names.arn("iam", f"role{settings.names.role_path(kind)}some", region="", account=account)


def assert_judged(cases: list[Case]) -> None:
    """Judge all cases in one run of the evaluator and report every wrong one."""
    decisions = evaluator().evaluate([case.request for case in cases])

    def wrong(case: Case, decision: Decision) -> bool:
        return decision.allowed != case.allowed or not set(case.sids) <= set(decision.deciding_sids)

    assert not [
        f"{case.what}: {case.request}: {decision.explanation}"
        for case, decision in zip(cases, decisions, strict=True)
        if wrong(case, decision)
    ]


INTERFACE_CALLS = {
    "sagemaker.api": ("sagemaker:DescribeTrainingJob", "sagemaker", "training-job/x"),
    "sagemaker.runtime": ("sagemaker:InvokeEndpoint", "sagemaker", "endpoint/x"),
    "studio": ("sagemaker:CreatePresignedDomainUrl", "sagemaker", "user-profile/d-1/ana"),
    "experiments": ("sagemaker-mlflow:SearchRuns", "sagemaker", "mlflow-tracking-server/x"),
    "sagemaker.featurestore-runtime": ("sagemaker:PutRecord", "sagemaker", "feature-group/x"),
    "sagemaker.metrics": ("sagemaker:BatchPutMetrics", "sagemaker", "experiment-trial-component/x"),
    "sts": ("sts:AssumeRole", "iam", "role/x"),
    "logs": ("logs:PutLogEvents", "logs", "log-group:x:log-stream:y"),
    "monitoring": ("cloudwatch:PutMetricAlarm", "cloudwatch", "alarm:x"),
    "ecr.api": ("ecr:BatchGetImage", "ecr", "repository/x"),
    "ecr.dkr": ("ecr:BatchGetImage", "ecr", "repository/x"),
    "kms": ("kms:Decrypt", "kms", "key/x"),
    "states": ("states:StartExecution", "states", "stateMachine:x"),
    "events": ("events:PutEvents", "events", "event-bus/x"),
    "sqs": ("sqs:SendMessage", "sqs", "x"),
    "sns": ("sns:Publish", "sns", "x"),
    "lambda": ("lambda:InvokeFunction", "lambda", "function:x"),
    "ssm": ("ssm:GetParameter", "ssm", "parameter/x"),
    "secretsmanager": ("secretsmanager:GetSecretValue", "secretsmanager", "secret:x-abcdef"),
    "servicecatalog": ("servicecatalog:DescribeProductAsAdmin", "catalog", "product/prod-x"),
    "bedrock": ("bedrock:GetCustomModel", "bedrock", "custom-model/x"),
    "bedrock-runtime": ("bedrock:InvokeModel", "bedrock", "provisioned-model/x"),
    "athena": ("athena:StartQueryExecution", "athena", "workgroup/x"),
    "glue": ("glue:GetTable", "glue", "table/x/y"),
    "codeartifact.api": ("codeartifact:GetRepositoryEndpoint", "codeartifact", "repository/x/y"),
    "codeartifact.repositories": ("codeartifact:ReadFromRepository", "codeartifact", "repository/x/y"),
    "application-autoscaling": (
        "application-autoscaling:RegisterScalableTarget",
        "application-autoscaling",
        "scalable-target/x",
    ),
    "xray": ("xray:GetGroup", "xray", "group/x/y"),
}
"""An action of each interface endpoint, and a resource for it: the service in its ARN, and the rest."""


def called(service: str, settings: Environment, account: str) -> str:
    """ARN of a resource that an endpoint's action acts on, in some account."""
    _, owner, resource = INTERFACE_CALLS[service]
    return settings.names.arn(owner, resource, region="" if owner == "iam" else None, account=account)


def open_to_all(action: str) -> dict[str, Any]:
    """A resource policy that refuses nobody, so that the endpoint's policy alone decides."""
    return document(allow("Anyone", [action], ["*"], principal="*"))


@pytest.mark.parametrize("environment", ["full", "small"])
def test_interface_endpoints_admit_our_people_and_our_resources_only(
    environments: dict[str, Environment], environment: str
) -> None:
    settings = environments[environment]
    cases = []
    for service in environments["full"].endpoint_services:
        action = INTERFACE_CALLS[service][0]
        organization = {"aws:PrincipalOrgID": "o-a1b2c3d4e5", "aws:ResourceOrgID": "o-a1b2c3d4e5"}
        ours = Request(
            principal=role(settings, "job"),
            action=action,
            resource=called(service, settings, settings.account),
            resource_account=settings.account,
            context=organization,
            identity_policies=[EVERYTHING],
            resource_policy=open_to_all(action) if service != "sts" else None,
            vpc_endpoint_policies=[interface_endpoint_policy(service, settings)],
        )
        stranger = replace(
            ours,
            principal=role(settings, "job", STRANGER),
            context={"aws:PrincipalOrgID": "o-strangers1", "aws:ResourceOrgID": "o-strangers1"},
            resource=called(service, settings, STRANGER),
            resource_account=STRANGER,
        )
        theirs = replace(
            stranger, resource=called(service, settings, settings.account), resource_account=settings.account
        )
        alone = replace(
            stranger, principal=ours.principal, context={**organization, "aws:ResourceOrgID": None}
        )
        cases += [
            Case(f"{service}: our credentials, an account outside any organization", alone, allowed=False),
            Case(f"{service}: ours", ours, allowed=True),
            Case(f"{service}: stolen credentials to their own account", stranger, allowed=False),
            Case(f"{service}: a stranger's call", theirs, allowed=False),
        ]
    assert_judged(cases)


def test_an_mlflow_app_is_called_through_the_endpoint_of_experiments(
    environments: dict[str, Environment],
) -> None:
    settings = environments["small"]

    def call(account: str) -> Request:
        return Request(
            principal=role(settings, "studio"),
            action="sagemaker:CallMlflowAppApi",
            resource=settings.names.arn("sagemaker", "mlflow-app/app-1", account=account),
            resource_account=account,
            identity_policies=[EVERYTHING],
            resource_policy=open_to_all("sagemaker:CallMlflowAppApi"),
            vpc_endpoint_policies=[interface_endpoint_policy("experiments", settings)],
        )

    assert_judged(
        [
            Case("our app", call(settings.account), allowed=True),
            Case("a stranger's app", call(STRANGER), allowed=False),
        ]
    )


def test_a_resource_of_another_account_of_the_organization_is_within_reach_only_when_it_is_declared(
    environments: dict[str, Environment],
) -> None:
    def call(settings: Environment) -> Request:
        caller = {"Effect": "Allow", "Principal": {"AWS": role(settings, "job")}, "Action": "sts:AssumeRole"}
        trusted = document(caller)
        return Request(
            principal=role(settings, "job"),
            action="sts:AssumeRole",
            resource=f"arn:aws:iam::{STRANGER}:role/x",
            resource_account=STRANGER,
            context={"aws:PrincipalOrgID": "o-a1b2c3d4e5", "aws:ResourceOrgID": "o-a1b2c3d4e5"},
            identity_policies=[EVERYTHING],
            resource_policy=trusted,
            vpc_endpoint_policies=[interface_endpoint_policy("sts", settings)],
        )

    assert_judged(
        [
            Case("declared", call(environments["full"]), allowed=True),
            Case("not declared", call(environments["small"]), allowed=False),
        ]
    )


def test_images_and_models_that_aws_owns_can_be_used_through_the_endpoints(
    full: Environment,
) -> None:
    def call(service: str, action: str, resource: str, owner: str) -> Request:
        return Request(
            principal=role(full, "job"),
            action=action,
            resource=resource,
            resource_account=owner,
            context={"aws:PrincipalOrgID": "o-a1b2c3d4e5", "aws:ResourceOrgID": None},
            identity_policies=[EVERYTHING],
            resource_policy=open_to_all(action),
            vpc_endpoint_policies=[interface_endpoint_policy(service, full)],
        )

    registry = full.place.image_registries[0]
    pull = partial(call, "ecr.dkr", owner=registry)
    image = full.names.arn("ecr", "repository/sagemaker-xgboost", account=registry)
    foreign = full.names.arn("ecr", "repository/x", account=STRANGER)
    outside = {"aws:PrincipalOrgID": "o-a1b2c3d4e5", "aws:ResourceOrgID": "o-strangers1"}
    hub = full.names.arn("sagemaker", "hub/SageMakerPublicHub", account="aws")
    model = full.names.arn("bedrock", "foundation-model/x", account="")
    assert_judged(
        [
            Case("pull SageMaker's image", pull("ecr:BatchGetImage", image), True, ("PullSageMakerImages",)),
            Case(
                "push to SageMaker's registry",
                replace(pull("ecr:PutImage", image), context=outside),
                allowed=False,
            ),
            Case(
                "pull a stranger's image",
                replace(call("ecr.dkr", "ecr:BatchGetImage", foreign, STRANGER), context=outside),
                allowed=False,
            ),
            Case(
                "read the public hub",
                replace(call("sagemaker.api", "sagemaker:DescribeHub", hub, STRANGER), context=outside),
                True,
                ("ReadPublicHub",),
            ),
            Case(
                "delete the public hub",
                replace(call("sagemaker.api", "sagemaker:DeleteHub", hub, STRANGER), context=outside),
                False,
            ),
            Case(
                "call a foundation model",
                replace(call("bedrock-runtime", "bedrock:InvokeModel", model, STRANGER), context=outside),
                True,
                ("UseFoundationModels",),
            ),
        ]
    )


def s3_call(settings: Environment, action: str, resource: str, **changes: Any) -> Request:
    """A job's call through the S3 endpoint."""
    request = Request(
        principal=role(settings, "job"),
        action=action,
        resource=f"arn:aws:s3:::{resource}",
        resource_account=settings.account,
        context={"aws:PrincipalOrgID": settings.organization_id},
        identity_policies=[EVERYTHING],
        vpc_endpoint_policies=[s3_endpoint_policy(settings)],
    )
    return replace(request, **changes)


def test_the_s3_endpoint_leads_to_our_buckets_declared_sources_and_aws_layers_only(full: Environment) -> None:
    call = partial(s3_call, full)
    data = full.names.bucket("data")
    read_by_owner = open_to_all("s3:*")
    lake = {"resource_account": "444455556666", "resource_policy": read_by_owner}
    foreign = {"resource_account": STRANGER, "resource_policy": read_by_owner}
    member = {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}
    below, beside = {**member, "s3:prefix": "credit/2026"}, {**member, "s3:prefix": "salaries/"}
    layer = "prod-us-east-1-starport-layer-bucket/layer"
    stranger = {"principal": role(full, "job", STRANGER), "context": {"aws:PrincipalOrgID": "o-strangers1"}}
    assert_judged(
        [
            Case("our data", call("s3:PutObject", f"{data}/x"), True),
            Case("our data by strangers", call("s3:PutObject", f"{data}/x", **stranger), False),
            Case("our logs", call("s3:GetObject", f"{full.names.bucket('logs')}/x"), False),
            Case("the SDK's bucket", call("s3:PutObject", "sagemaker-us-east-1-222233334444/x"), True),
            Case("another region's", call("s3:PutObject", "sagemaker-eu-west-1-222233334444/x"), False),
            Case(
                "a stranger's of that name",
                call("s3:PutObject", "sagemaker-us-east-1-222233334444/x", **foreign),
                False,
            ),
            Case("a stranger's bucket", call("s3:PutObject", "exfiltration/x", **foreign), False),
            Case("a bucket of ours that is not the platform's", call("s3:GetObject", "payroll/x"), False),
            Case("the lake", call("s3:GetObject", "acme-lake/credit/x", **lake), True),
            Case("elsewhere in the lake", call("s3:GetObject", "acme-lake/salaries/x", **lake), False),
            Case("writing to the lake", call("s3:PutObject", "acme-lake/credit/x", **lake), False),
            Case("a lake somebody else owns", call("s3:GetObject", "acme-lake/credit/x", **foreign), False),
            Case("listing the lake", call("s3:ListBucket", "acme-lake", **lake, context=below), True),
            Case("listing beside", call("s3:ListBucket", "acme-lake", **lake, context=beside), False),
            Case("our reference bucket", call("s3:GetObject", "acme-reference/x"), True),
            Case("image layers", call("s3:GetObject", layer, **foreign), True, ("PullImageLayers",)),
            Case("writing image layers", call("s3:PutObject", layer, **foreign), False),
        ]
    )


def test_the_dynamodb_endpoint_leads_to_tables_of_the_environment_only(full: Environment) -> None:
    request = Request(
        principal=role(full, "function"),
        action="dynamodb:PutItem",
        resource=full.names.arn("dynamodb", "table/acme-full-release-ledger"),
        resource_account=full.account,
        context={"aws:PrincipalOrgID": "o-a1b2c3d4e5", "aws:ResourceOrgID": "o-a1b2c3d4e5"},
        identity_policies=[EVERYTHING],
        vpc_endpoint_policies=[dynamodb_endpoint_policy(full)],
    )
    other = replace(request, resource=full.names.arn("dynamodb", "table/payroll"))
    assert_judged([Case("ledger", request, True), Case("another table", other, False)])


def bucket_request(settings: Environment, thing: str, principal: str, **context: str | None) -> Request:
    """Reading an object of a bucket, from nowhere in particular unless ``context`` says so."""
    key = KEY if thing != "logs" else None
    keys = {f"aws:{name}": value for name, value in context.items()}
    return Request(
        principal=principal,
        action="s3:GetObject",
        resource=f"{settings.names.bucket_arn(thing)}/x",
        resource_account=settings.account,
        context={"s3:TlsVersion": "1.3", **keys},
        identity_policies=[EVERYTHING] if settings.account in principal else [],
        resource_policy=bucket_policy(thing, settings, endpoint_id=ENDPOINT, key_arn=key),
    )


CALLERS = ("persona", "job", "endpoint", "workflow", "function")
FROM_OUTSIDE = {
    "data": {"persona", "workflow"},
    "artifacts": {"persona", "workflow", "function"},
    "capture": {"persona", "workflow", "function", "endpoint"},
    "logs": set(),
    "audit": set(),
}
"""The decision table: whose roles reach which bucket from outside the VPC endpoint."""


@pytest.mark.parametrize("thing", CHANNELS)
def test_every_caller_reaches_a_bucket_by_its_channel_only(full: Environment, thing: str) -> None:
    call = partial(bucket_request, full, thing)
    other = role(full, "job").replace("/acme/full/job/", "/")
    deploys, rescues = execution_role_arn(full), full.break_glass_roles[0]
    outside = ("DenyOutsideNetwork",)
    cases = [
        Case(
            f"{kind} from outside",
            call(role(full, kind)),
            kind in FROM_OUTSIDE[thing],
            () if kind in FROM_OUTSIDE[thing] else outside,
        )
        for kind in CALLERS
    ]
    cases += [
        Case(f"{kind} through the endpoint", call(role(full, kind), SourceVpce=ENDPOINT), True)
        for kind in CALLERS
    ]
    cases += [
        Case("another endpoint", call(role(full, "job"), SourceVpce="vpce-0000000000"), False, outside),
        Case("another role of the account", call(other), False, outside),
        Case("a job by an AWS service that acts for it", call(role(full, "job"), ViaAWSService="true"), True),
        Case("CloudFormation", call(deploys), True),
        Case("break glass", call(rescues), True),
        Case(
            "plain HTTP",
            call(role(full, "job"), SourceVpce=ENDPOINT, SecureTransport="false"),
            False,
            ("DenyPlainTransport",),
        ),
        Case(
            "TLS 1.1",
            replace(
                call(role(full, "job"), SourceVpce=ENDPOINT),
                context={"s3:TlsVersion": "1.1", "aws:SourceVpce": ENDPOINT},
            ),
            False,
            ("DenyOldTls",),
        ),
    ]
    assert_judged(cases)


SERVICE_SIDE = {
    ("studio", "studio-job"): {"data", "artifacts"},
    ("model-customization", "bedrock-import"): {"artifacts"},
    ("model-customization", "reward-function"): set(),
    ("service", "mlflow"): {"artifacts"},
    ("service", "studio-image"): set(),
}
"""Roles under which AWS works from a network of its own, and the buckets they reach from there."""


def without_managed_services(settings: Environment) -> Environment:
    """The same environment with customization off and without MLflow."""
    customization = settings.customization.model_copy(update={"permissions": "off"})
    studio = settings.studio.model_copy(update={"mlflow": "none"})
    return settings.model_copy(update={"customization": customization, "studio": studio})


@pytest.mark.parametrize("thing", CHANNELS)
def test_a_service_works_from_its_own_network_under_its_role_if_it_is_used_at_all(
    full: Environment, thing: str
) -> None:
    off = without_managed_services(full)
    cases = []
    for (kind, name), buckets in SERVICE_SIDE.items():
        arn = full.names.role_arn(kind, name)
        cases += [
            Case(f"{name}, used", bucket_request(full, thing, arn), thing in buckets),
            Case(f"{name}, not used", bucket_request(off, thing, arn), False, ("DenyOutsideNetwork",)),
            Case(f"{name} by the endpoint", bucket_request(off, thing, arn, SourceVpce=ENDPOINT), True),
        ]
    assert_judged(cases)


def test_the_documentation_lists_every_role_a_service_works_under() -> None:
    text = (Path(__file__).parents[2] / "docs" / "security" / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| role `([\w-]+)`, with \w+ \| (.*) \|$", text, re.M)
    ways = {name: cells.split(" | ") for name, cells in listed}
    assert ways == {
        role.thing: ["anywhere" if thing in role.buckets else "endpoint" for thing in CHANNELS]
        for role in MANAGED
    }


def test_data_writers_may_write_to_the_data_bucket_and_do_nothing_else(
    full: Environment,
) -> None:
    writer = full.data_writers[0]
    put = replace(bucket_request(full, "data", writer), action="s3:PutObject", identity_policies=[EVERYTHING])
    encryption = "s3:x-amz-server-side-encryption"
    own_key = {**put.context, encryption: "aws:kms", f"{encryption}-aws-kms-key-id": KEY}
    other_key = {**own_key, f"{encryption}-aws-kms-key-id": KEY.replace("0f1e", "ffff")}
    elsewhere = replace(
        bucket_request(full, "artifacts", writer), action="s3:PutObject", identity_policies=[EVERYTHING]
    )
    colleague = replace(put, principal=writer.replace("export", "other"))
    assert_judged(
        [
            Case("write", put, True, ("DataWriters",)),
            Case("write with our key named", replace(put, context=own_key), True),
            Case("write with another key", replace(put, context=other_key), False, ("DenyOtherKey",)),
            Case(
                "write without KMS",
                replace(put, context={**put.context, encryption: "AES256"}),
                False,
                ("DenyOtherAlgorithm",),
            ),
            Case("read", replace(put, action="s3:GetObject"), False),
            Case("delete", replace(put, action="s3:DeleteObject"), False),
            Case("artifacts", elsewhere, False),
            Case("another role of that account", colleague, False),
        ]
    )


def test_only_log_delivery_and_the_trail_write_to_the_buckets_for_logs(full: Environment) -> None:
    def delivery(thing: str, service: str, **context: str | None) -> Request:
        request = bucket_request(full, thing, service, **context)
        account = f"/AWSLogs/{full.account}/x" if thing == "audit" else "/data/x"
        resource = full.names.bucket_arn(thing) + account
        return replace(request, action="s3:PutObject", resource=resource, identity_policies=[])

    data = full.names.bucket_arn("data")
    acl = {"s3:x-amz-acl": "bucket-owner-full-control"}
    sse_s3 = {"s3:x-amz-server-side-encryption": "AES256"}
    written = delivery("audit", "cloudtrail.amazonaws.com", SourceArn=trail_arn(full))
    foreign = delivery(
        "audit", "cloudtrail.amazonaws.com", SourceArn=trail_arn(full).replace(full.account, STRANGER)
    )
    digest = replace(written, context={**written.context, **acl, **sse_s3})
    logs = partial(delivery, "logs", "logging.s3.amazonaws.com")
    assert_judged(
        [
            Case("access logs", logs(SourceArn=data, SourceAccount=full.account), True),
            Case("a stranger's access logs", logs(SourceArn=data, SourceAccount=STRANGER), False),
            Case("the trail", replace(written, context={**written.context, **acl}), True),
            Case("its digest, which CloudTrail encrypts with SSE-S3", digest, True),
            Case("a stranger's trail", replace(foreign, context={**foreign.context, **acl}), False),
        ]
    )


def key_request(settings: Environment, key: str, principal: str, action: str, **context: str) -> Request:
    """Using a key; the caller's own policies allow everything."""
    return Request(
        principal=principal,
        action=f"kms:{action}",
        resource=KEY,
        resource_account=settings.account,
        context={name.replace("_", ":", 1): value for name, value in context.items()},
        identity_policies=[EVERYTHING] if principal.startswith("arn:") else [],
        resource_policy=key_policy(key, settings),
    )


@pytest.mark.parametrize("key", VIA_SERVICES)
def test_keys_are_used_by_platform_roles_through_their_services_only(full: Environment, key: str) -> None:
    call = partial(key_request, full, key)
    job, admin = role(full, "job"), f"arn:aws:iam::{full.account}:role/Admin"
    for_aws, for_people = ({"kms_GrantIsForAWSResource": value} for value in ("true", "false"))
    via = {"kms_ViaService": f"{VIA_SERVICES[key][0]}.us-east-1.amazonaws.com"}
    elsewhere = {"kms_ViaService": "rds.us-east-1.amazonaws.com"}
    stranger = role(full, "job", STRANGER)
    assert_judged(
        [
            Case("a job through the service", call(job, "Decrypt", **via), True, ("UseByPlatformRoles",)),
            Case("a job directly", call(job, "Decrypt"), False),
            Case("a job through another service", call(job, "Decrypt", **elsewhere), False),
            Case("an administrator reading", call(admin, "Decrypt", **via), False),
            Case("an administrator managing", call(admin, "PutKeyPolicy"), True),
            Case("a stranger", call(stranger, "Decrypt", **via), False),
            Case(
                "a grant for an AWS resource",
                call(job, "CreateGrant", **for_aws),
                True,
            ),
            Case("a grant for a person", call(job, "CreateGrant", **for_people), False),
            Case(
                "an administrator's grant",
                call(admin, "CreateGrant", **for_aws),
                False,
            ),
        ]
    )


def test_services_use_keys_for_our_logs_messages_and_trail_only(full: Environment) -> None:
    log_arn = "kms_EncryptionContext:aws:logs:arn"
    ours, other = (
        f"arn:aws:logs:us-east-1:{full.account}:log-group:/{g}" for g in ("acme/full/x", "payroll")
    )
    call = partial(key_request, full, "logs")
    alarm = "cloudwatch.amazonaws.com"
    trail = {
        "aws_SourceArn": trail_arn(full),
        "kms_EncryptionContext:aws:cloudtrail:arn": trail_arn(full),
    }
    assert_judged(
        [
            Case("our logs", call("logs.us-east-1.amazonaws.com", "Encrypt", **{log_arn: ours}), True),
            Case("other logs", call("logs.us-east-1.amazonaws.com", "Encrypt", **{log_arn: other}), False),
            Case(
                "alarm",
                call(alarm, "GenerateDataKey", aws_SourceAccount=full.account),
                True,
            ),
            Case(
                "alien",
                call(alarm, "GenerateDataKey", aws_SourceAccount=STRANGER),
                False,
            ),
            Case("trail", call("cloudtrail.amazonaws.com", "GenerateDataKey", **trail), True),
            Case(
                "another trail",
                call("cloudtrail.amazonaws.com", "GenerateDataKey", **{**trail, "aws_SourceArn": other}),
                False,
            ),
            Case(
                "logs with the data key",
                key_request(full, "data", "logs.us-east-1.amazonaws.com", "Encrypt", **{log_arn: ours}),
                False,
            ),
        ]
    )


def test_the_accounts_key_is_for_every_environment_of_the_account_through_s3(tmp_path: Path) -> None:
    files = {
        "one": environment("222233334444", region="us-east-1", network=ZONES),
        "two": environment("222233334444", region="us-east-1", network=ZONES, owns_account=False),
        "far": environment("333344445555", region="us-east-1", network=ZONES),
    }
    every = landscape(tmp_path, files)
    call = partial(key_request, every["one"], "account")
    through, sagemaker = (
        {"kms_ViaService": f"{service}.us-east-1.amazonaws.com"} for service in ("s3", "sagemaker")
    )
    one, two, far = (every[name].names.role_arn("studio", "studio-job") for name in ("one", "two", "far"))
    assert_judged(
        [
            Case("the owner", call(one, "Decrypt", **through), True, ("UseByPlatformRoles",)),
            Case("its neighbour", call(two, "GenerateDataKey", **through), True, ("UseByPlatformRoles",)),
            Case("its neighbour directly", call(two, "Decrypt"), False),
            Case("its neighbour through SageMaker", call(two, "Decrypt", **sagemaker), False),
            Case("an environment of another account", call(far, "Decrypt", **through), False),
            Case(
                "a role off the path",
                call(f"arn:aws:iam::{every['one'].account}:role/x", "Decrypt", **through),
                False,
            ),
        ]
    )


def test_keys_of_one_environment_are_not_for_its_neighbours(tmp_path: Path) -> None:
    files = {
        "one": environment("222233334444", region="us-east-1", network=ZONES),
        "two": environment("222233334444", region="us-east-1", network=ZONES, owns_account=False),
    }
    every = landscape(tmp_path, files)
    two = every["two"].names.role_arn("studio", "studio-job")
    via = {"kms_ViaService": "s3.us-east-1.amazonaws.com"}
    calls = [key_request(every["one"], key, two, "Decrypt", **via) for key in ("data", "artifacts", "logs")]
    assert_judged([Case("a neighbour", request, False) for request in calls])


def test_volumes_and_home_directories_of_studio_use_the_data_key_and_repositories_the_artifacts_key(
    full: Environment,
) -> None:
    deploys = execution_role_arn(full)
    cases = []
    for key, service, allowed in (
        ("data", "elasticfilesystem", True),
        ("data", "ec2", True),
        ("data", "ecr", False),
        ("artifacts", "ecr", True),
        ("artifacts", "elasticfilesystem", False),
    ):
        via = {"kms_ViaService": f"{service}.us-east-1.amazonaws.com"}
        cases.append(
            Case(f"{key} through {service}", key_request(full, key, deploys, "Decrypt", **via), allowed)
        )
    assert_judged(cases)
