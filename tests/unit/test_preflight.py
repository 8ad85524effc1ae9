"""What stands in the way of a deployment, against an account that answers."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from workflow_models import SCORED, SERVED, product

from mlplatform.settings import Environment
from tools.assembly import SynthesizedStack
from tools.bootstrap_template import BOUNDARY, policies, policy_arns, read_template
from tools.preflight import look, main, report
from tools.preflight_account import (
    JUDGES,
    bedrock,
    bootstrapped,
    identity_center,
    network,
    service_linked_roles,
)
from tools.preflight_collisions import Finding, _exists, collisions
from tools.preflight_kinds import KINDS
from tools.preflight_quotas import quotas

FIXTURES = Path(__file__).parents[1] / "fixtures" / "environments"
REGION = "eu-west-1"


@pytest.fixture
def small(aws: None, environments: dict[str, Environment], monkeypatch: pytest.MonkeyPatch) -> Environment:
    """The smallest environment, with credentials of its account."""
    monkeypatch.setenv("MOTO_ACCOUNT_ID", environments["small"].account)
    return environments["small"]


class Account(boto3.Session):
    """An account in memory, and in it the stacks named, with what they hold: logical ids by stack."""

    def __init__(self, **place: str) -> None:
        super().__init__(**place)
        self.stacks: dict[str, list[str]] = {}

    def client(self, service: str, *_: Any, **__: Any) -> Any:
        """A client as ever, but of CloudFormation, of which the packages here hold no emulator."""
        made: Any = super().client(service)
        if service == "cloudformation":
            stubber = Stubber(made)
            for ids in self.stacks.values():
                now = datetime(2026, 1, 1, tzinfo=UTC)
                summaries = [
                    {
                        "LogicalResourceId": name,
                        "ResourceType": "x",
                        "LastUpdatedTimestamp": now,
                        "ResourceStatus": "CREATE_COMPLETE",
                    }
                    for name in ids
                ]
                stubber.add_response("list_stack_resources", {"StackResourceSummaries": summaries})
            if not self.stacks:
                stubber.add_client_error("list_stack_resources", service_error_code="ValidationError")
            stubber.activate()
        return made


@pytest.fixture
def session(small: Environment) -> Account:
    """An account in memory without a stack."""
    return Account(region_name=REGION)


UNANSWERED = ("BEDROCK", "CLOUDFORMATION", "SERVICE_QUOTAS")
"""Services that no emulator here answers for."""


@pytest.fixture
def unanswered(monkeypatch: pytest.MonkeyPatch) -> None:
    """These services cannot be reached."""
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    for service in UNANSWERED:
        monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", "http://127.0.0.1:9")


Stack = Callable[..., SynthesizedStack]


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    """Makes a stack ``Foundation`` of resources: logical id to type and properties."""

    def make(**resources: tuple[str, dict[str, Any]]) -> SynthesizedStack:
        path = tmp_path / "acme.template.json"
        body = {"Resources": {k: {"Type": kind, "Properties": p} for k, (kind, p) in resources.items()}}
        path.write_text(json.dumps(body), encoding="utf-8")
        return SynthesizedStack("small", "Foundation", REGION, path)

    return make


def everything(account: str) -> dict[str, tuple[str, dict[str, Any]]]:
    """A resource of every kind that moto knows, by the type's last word."""
    return {
        "Bucket": ("AWS::S3::Bucket", {"BucketName": f"acme-small-data-{account}-{REGION}"}),
        "Group": ("AWS::Logs::LogGroup", {"LogGroupName": "/acme/small/trail"}),
        "Guards": ("AWS::IAM::ManagedPolicy", {"ManagedPolicyName": "acme-small-studio-guards"}),
        "Role": ("AWS::IAM::Role", {"RoleName": "acme-small-sign-in"}),
        "Provider": ("AWS::IAM::OIDCProvider", {"Url": "https://token.actions.githubusercontent.com"}),
        "Alias": ("AWS::KMS::Alias", {"AliasName": "alias/acme-small-data"}),
        "Table": ("AWS::DynamoDB::Table", {"TableName": "acme-small-ledger"}),
        "Repository": ("AWS::ECR::Repository", {"RepositoryName": "acme-small-credit"}),
        "Topic": ("AWS::SNS::Topic", {"TopicName": "acme-small-notifications"}),
        "Packages": (
            "AWS::SageMaker::ModelPackageGroup",
            {"ModelPackageGroupName": "acme-small-credit"},
        ),
        "Domain": ("AWS::SageMaker::Domain", {"DomainName": "acme-small-studio"}),
        "Alarm": ("AWS::CloudWatch::Alarm", {"AlarmName": "acme-small-dead-letters"}),
        "Rule": ("AWS::Events::Rule", {"Name": "acme-small-credit-new-data"}),
        "Queue": ("AWS::SQS::Queue", {"QueueName": "acme-small-dead-letters"}),
        "Schedule": ("AWS::Scheduler::Schedule", {"Name": "acme-small-credit-train"}),
        "Workflow": ("AWS::StepFunctions::StateMachine", {"StateMachineName": "acme-small-credit-train"}),
        "Unnamed": ("AWS::KMS::Key", {}),
    }


def create_all(session: boto3.Session, small: Environment) -> None:
    """Everything above, made by hand."""
    client: Callable[[str], Any] = session.client
    client("s3").create_bucket(
        Bucket=f"acme-small-data-{small.account}-{REGION}",
        CreateBucketConfiguration={"LocationConstraint": REGION},
    )
    client("logs").create_log_group(logGroupName="/acme/small/trail")
    client("iam").create_role(RoleName="acme-small-sign-in", AssumeRolePolicyDocument="{}")
    statement = {"Effect": "Deny", "Action": "*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    client("iam").create_policy(
        PolicyName="acme-small-studio-guards", Path="/acme/small/persona/", PolicyDocument=document
    )
    client("iam").create_open_id_connect_provider(
        Url="https://token.actions.githubusercontent.com", ThumbprintList=["0" * 40]
    )
    key = client("kms").create_key()["KeyMetadata"]["KeyId"]
    client("kms").create_alias(AliasName="alias/acme-small-data", TargetKeyId=key)
    client("dynamodb").create_table(
        TableName="acme-small-ledger",
        AttributeDefinitions=[{"AttributeName": "a", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "a", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    client("ecr").create_repository(repositoryName="acme-small-credit")
    client("sns").create_topic(Name="acme-small-notifications")
    client("sagemaker").create_model_package_group(ModelPackageGroupName="acme-small-credit")
    client("sagemaker").create_domain(
        DomainName="acme-small-studio",
        AuthMode="IAM",
        DefaultUserSettings={},
        SubnetIds=["subnet-1"],
        VpcId="vpc-1",
    )
    create_of_workflows(client, small)


def create_of_workflows(client: Callable[[str], Any], small: Environment) -> None:
    """What starts, runs and watches the workflows of a model."""
    role = f"arn:aws:iam::{small.account}:role/acme-small-sign-in"
    machine = client("stepfunctions").create_state_machine(
        name="acme-small-credit-train",
        definition='{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}',
        roleArn=role,
    )["stateMachineArn"]
    client("events").put_rule(Name="acme-small-credit-new-data", EventPattern='{"source": ["aws.s3"]}')
    client("scheduler").create_schedule(
        Name="acme-small-credit-train",
        ScheduleExpression="rate(1 day)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": machine, "RoleArn": role},
    )
    client("sqs").create_queue(QueueName="acme-small-dead-letters")
    client("cloudwatch").put_metric_alarm(
        AlarmName="acme-small-dead-letters",
        ComparisonOperator="GreaterThanThreshold",
        EvaluationPeriods=1,
        MetricName="ApproximateNumberOfMessagesVisible",
        Namespace="AWS/SQS",
        Period=300,
        Statistic="Maximum",
        Threshold=0,
    )


def test_an_empty_account_has_nothing_of_ours(
    small: Environment, session: boto3.Session, stack: Stack
) -> None:
    assert not list(collisions(small, session, [stack(**everything(small.account))]))


def test_whatever_bears_a_name_of_ours_is_found_with_what_mends_it(
    small: Environment, session: boto3.Session, stack: Stack
) -> None:
    create_all(session, small)
    resources = everything(small.account)
    found = list(collisions(small, session, [stack(**resources)]))
    kinds = {kind for kind, properties in resources.values() if properties}
    assert {finding.what.split()[2] for finding in found} == kinds
    assert all(finding.blocks for finding in found)
    by_type = {finding.what.split()[2]: finding.command for finding in found}
    assert by_type["AWS::IAM::Role"] == "aws iam delete-role --role-name acme-small-sign-in"
    assert by_type["AWS::IAM::OIDCProvider"].startswith("already_in_account: [oidc_provider] in the settings")
    assert by_type["AWS::S3::Bucket"] == "cdk deploy --import-existing-resources 'small/*'"


def test_the_sdk_bucket_that_exists_is_to_be_adopted(
    small: Environment, session: boto3.Session, stack: Stack
) -> None:
    name = f"sagemaker-{REGION}-{small.account}"
    session.client("s3").create_bucket(
        Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    (finding,) = collisions(small, session, [stack(Bucket=("AWS::S3::Bucket", {"BucketName": name}))])
    assert finding.command.startswith("already_in_account: [sdk_default_bucket] in the settings")


def test_what_our_own_stack_has_made_is_not_in_the_way(
    small: Environment, session: Account, stack: Stack
) -> None:
    ours = stack(Topic=("AWS::SNS::Topic", {"TopicName": "acme-small-notifications"}))
    session.client("sns").create_topic(Name="acme-small-notifications")
    assert len(list(collisions(small, session, [ours]))) == 1
    session.stacks = {"acme-small-foundation": ["Topic"]}
    assert not list(collisions(small, session, [ours]))


def test_every_type_that_is_looked_for_is_one_that_can_be_deployed() -> None:
    assert set(KINDS) <= {*read_template()["Metadata"]["ResourceTypes"]}


def test_an_account_that_is_not_prepared_is_told_how(small: Environment, session: boto3.Session) -> None:
    found = list(bootstrapped(small, session))
    assert {finding.command for finding in found} == {"make bootstrap ENV=small APPLY=1"}
    assert len(found) == 1 + len(policies(small))


def prepare(small: Environment, session: boto3.Session) -> Any:
    """What `make bootstrap` leaves in an account."""
    session.client("ssm").put_parameter(Name="/cdk-bootstrap/hnb659fds/version", Value="30", Type="String")
    iam: Any = session.client("iam")
    documents = policies(small)
    names = [arn.rpartition("/")[2] for arn in policy_arns(small)]
    for name, key in zip(names, [key for key in documents if key != BOUNDARY], strict=True):
        iam.create_policy(PolicyName=name, PolicyDocument=json.dumps(documents[key]))
    iam.create_policy(PolicyName="acme-small-boundary", PolicyDocument=json.dumps(documents[BOUNDARY]))
    return iam


def test_a_prepared_account_has_nothing_in_the_way(small: Environment, session: boto3.Session) -> None:
    prepare(small, session)
    assert not list(bootstrapped(small, session))


def test_policies_of_an_earlier_version_are_found(small: Environment, session: boto3.Session) -> None:
    iam = prepare(small, session)
    (arn, *_) = policy_arns(small)
    old = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(old), SetAsDefault=True)
    (finding,) = bootstrapped(small, session)
    assert finding.what == f"the policy {arn} differs from bootstrap/policies.yaml"


def test_a_boundary_of_the_company_must_be_there(
    session: boto3.Session, environments: dict[str, Environment]
) -> None:
    found = [finding.what for finding in bootstrapped(environments["full"], session)]
    assert "the permissions boundary arn:aws:iam::222233334444:policy/AcmeBoundary is not there" in found


class Answers(boto3.Session):
    """A session of which one service answers as told."""

    def __init__(self, service: str, responses: list[tuple[str, Any]]) -> None:
        super().__init__("testing", "testing", region_name=REGION)
        self._client: Any = super().client(service)
        self._stub = Stubber(self._client)
        for operation, answer in responses:
            if isinstance(answer, str):
                self._stub.add_client_error(operation, service_error_code=answer)
            else:
                self._stub.add_response(operation, answer)
        self._stub.activate()

    def client(self, *_: Any, **__: Any) -> Any:
        return self._client


def quota(name: str, value: float) -> dict[str, Any]:
    return {"QuotaName": name, "QuotaCode": f"L-{len(name):08X}", "Value": value}


def test_an_instance_type_of_which_none_may_run_is_found(environments: dict[str, Environment]) -> None:
    answered = [
        quota("ml.g5.xlarge for training job usage", 0.0),
        quota("ml.g5.xlarge for training warm pool usage", 0.0),
        quota("ml.m5.large for training job usage", 15.0),
        quota("ml.p5.48xlarge for training job usage", 0.0),
        quota("Studio JupyterLab Apps running on ml.t3.medium instances", 0.0),
    ]
    told = Answers("service-quotas", [("list_service_quotas", {"Quotas": answered})])
    found = list(quotas(environments["small"], told))
    assert [(finding.what, finding.blocks) for finding in found] == [
        ("the quota 'ml.g5.xlarge for training job usage' is 0", True),
        ("the quota 'ml.g5.xlarge for training warm pool usage' is 0", False),
        ("the quota 'Studio JupyterLab Apps running on ml.t3.medium instances' is 0", True),
    ]
    assert found[0].command == (
        "aws service-quotas request-service-quota-increase --service-code sagemaker "
        f"--quota-code {answered[0]['QuotaCode']} --desired-value 1 --region eu-west-1"
    )


def test_a_model_s_instance_types_are_looked_up_as_its_jobs_ask_for_them(tmp_path: Path) -> None:
    asked = {
        "ml.c5.4xlarge for spot training job usage": True,
        "ml.c5.9xlarge for spot training job usage": False,
        "ml.c5.4xlarge for training job usage": None,
        "ml.c5.2xlarge for processing job usage": True,
        "ml.c5.xlarge for transform job usage": True,
    }
    train = {
        "instance_type": "ml.c5.4xlarge",
        "instance_types": ["ml.c5.4xlarge", "ml.c5.9xlarge"],
        "spot": True,
    }
    jobs = {"evaluate": {"instance_type": "ml.c5.2xlarge"}, "batch": {"instance_type": "ml.c5.xlarge"}}
    _, settings = product(tmp_path, SCORED, {"train": train, **jobs})
    told = Answers("service-quotas", [("list_service_quotas", {"Quotas": [quota(n, 0.0) for n in asked]})])
    found = {finding.what: finding.blocks for finding in quotas(settings, told)}
    assert found == {f"the quota '{n}' is 0": blocks for n, blocks in asked.items() if blocks is not None}


@pytest.mark.parametrize(
    ("allowed", "told", "blocks"),
    [
        (20.0, None, False),
        (19.0, "is 19, and releases run 20 instances at a time", False),
        (2.0, "is 2, and releases run 20 instances at a time", False),
        (1.0, "is 1, and releases run 20 instances at a time", True),
    ],
)
def test_an_endpoint_needs_two_fleets_of_its_most_instances_and_those_of_its_shadow(
    tmp_path: Path, allowed: float, told: str | None, blocks: bool
) -> None:
    serving = {
        "instance_type": "ml.c5.xlarge",
        "instances": {"minimum": 2, "maximum": 8},
        "autoscaling": {"target_invocations_per_minute": 600},
        "shadow": {"sampling_percent": 50},
    }
    _, settings = product(tmp_path, SERVED, {"serving": serving})
    name = "ml.c5.xlarge for endpoint usage"
    answers = Answers("service-quotas", [("list_service_quotas", {"Quotas": [quota(name, allowed)]})])
    found = [(finding.what, finding.blocks) for finding in quotas(settings, answers)]
    assert found == ([(f"the quota '{name}' {told}", blocks)] if told else [])


def test_endpoints_of_one_instance_type_share_a_quota_and_a_challenger_counts(
    tmp_path: Path,
) -> None:
    serving: dict[str, Any] = {"instance_type": "ml.c5.xlarge", "ab_test": {}, "shadow": None}
    served_by, settings = product(tmp_path, SERVED, {"serving": serving})
    settings = settings.among(settings.neighbours, (served_by, served_by))
    name = "ml.c5.xlarge for endpoint usage"
    answers = Answers("service-quotas", [("list_service_quotas", {"Quotas": [quota(name, 15.0)]})])
    (found,) = quotas(settings, answers)
    assert "--desired-value 16 " in found.command
    assert not found.blocks


def test_a_serverless_endpoint_asks_for_no_instances(tmp_path: Path) -> None:
    serving = {"mode": "serverless", "shadow": None, "capture": None}
    _, settings = product(tmp_path, SERVED, {"serving": serving})
    answered = [quota("ml.m5.large for endpoint usage", 0.0)]
    assert not list(
        quotas(settings, Answers("service-quotas", [("list_service_quotas", {"Quotas": answered})]))
    )


def test_the_role_of_autoscaling_is_looked_for_where_a_model_scales(
    small: Environment, session: boto3.Session
) -> None:
    commands = [finding.command for finding in service_linked_roles(small, session)]
    assert commands == [
        "aws iam create-service-linked-role --aws-service-name sagemaker.amazonaws.com",
        "aws iam create-service-linked-role "
        "--aws-service-name sagemaker.application-autoscaling.amazonaws.com",
    ]


def test_a_missing_service_linked_role_is_a_matter_for_later(
    small: Environment, session: boto3.Session
) -> None:
    unscaled = [product.model_copy(update={"serving": None}) for product in small.products]
    small = small.among(small.neighbours, tuple(unscaled))
    (finding,) = service_linked_roles(small, session)
    assert finding.command == "aws iam create-service-linked-role --aws-service-name sagemaker.amazonaws.com"
    assert not finding.blocks
    iam: Any = session.client("iam")
    iam.create_role(RoleName="AWSServiceRoleForAmazonSageMakerNotebooks", AssumeRolePolicyDocument="{}")
    assert not list(service_linked_roles(small, session))


def availability(model: str, entitled: str) -> dict[str, Any]:
    return {
        "modelId": model,
        "agreementAvailability": {"status": "AVAILABLE"},
        "authorizationStatus": "AUTHORIZED",
        "entitlementAvailability": entitled,
        "regionAvailability": "AVAILABLE",
    }


def test_a_model_the_account_may_not_call_is_found(environments: dict[str, Environment]) -> None:
    first, second, third = JUDGES
    operation = "get_foundation_model_availability"
    told = Answers(
        "bedrock",
        [
            (operation, availability(first, "AVAILABLE")),
            (operation, availability(second, "NOT_AVAILABLE")),
            (operation, "ResourceNotFoundException"),
        ],
    )
    found = [finding.what for finding in bedrock(environments["small"], told)]
    assert found == [
        f"the account may not call {second} of Amazon Bedrock",
        f"Amazon Bedrock has no {third} in eu-west-1",
    ]


@pytest.mark.parametrize(
    ("known", "findings"), [("ssoins-0a1b2c3d4e5f6a7b", 0), ("ssoins-ffffffffffffffff", 1)]
)
def test_people_sign_in_through_an_identity_center_that_exists(
    environments: dict[str, Environment], known: str, findings: int
) -> None:
    instances = {"Instances": [{"InstanceArn": f"arn:aws:sso:::instance/{known}"}]}
    told = Answers("sso-admin", [("list_instances", instances)])
    assert len(list(identity_center(environments["full"], told))) == findings
    assert not list(identity_center(environments["small"], told))


def test_a_vpc_that_is_not_there_is_found(aws: None, environments: dict[str, Environment]) -> None:
    session = boto3.Session(region_name="eu-central-1")
    commands = [finding.command for finding in network(environments["ownvpc"], session)]
    assert any(command.startswith("aws ec2 describe-subnets") for command in commands)
    assert commands[-1] == "aws ec2 describe-vpcs --region eu-central-1"
    assert not list(network(environments["small"], session))


def test_a_vpc_without_dns_names_is_found(aws: None, environments: dict[str, Environment]) -> None:
    session = boto3.Session(region_name="eu-central-1")
    settings, client = existing(session, environments["ownvpc"])
    (finding,) = network(settings, session)
    vpc = settings.network.existing.vpc_id
    assert finding.what == f"{vpc} has enableDnsHostnames off"
    assert finding.command == (
        f"aws ec2 modify-vpc-attribute --vpc-id {vpc} --enable-dns-hostnames --region eu-central-1"
    )
    client.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    assert not list(network(settings, session))


def existing(session: boto3.Session, settings: Environment) -> tuple[Environment, Any]:
    """A VPC with two subnets and a route table, and the environment that names them."""
    client: Any = session.client("ec2")
    vpc = client.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = {
        zone: client.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{n}.0/24")["Subnet"]["SubnetId"]
        for n, zone in enumerate(["euc1-az1", "euc1-az2"])
    }
    table = client.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    assert settings.network.existing
    named = {"vpc_id": vpc, "subnets": subnets, "route_table_ids": [table]}
    there = settings.network.existing.model_copy(update=named)
    changed = settings.network.model_copy(update={"existing": there})
    copy = settings.model_copy(update={"network": changed})
    return copy.among(settings.neighbours, settings.products), client


def test_what_blocks_comes_first_and_each_finding_has_its_command(small: Environment) -> None:
    found = [Finding("a", "mend a"), Finding("b", "mend b", blocks=False)]
    assert report(small, found, ["quotas: no"]).splitlines() == [
        "a",
        "    mend a",
        "later: b",
        "    mend b",
        "not checked, quotas: no",
        "small: in the way: 1, in the way of later use: 1, not checked: 1",
    ]


def test_a_check_that_cannot_be_made_does_not_hide_the_others(
    small: Environment, unanswered: None, stack: Stack
) -> None:
    found, unchecked = look(small, boto3.Session(region_name=REGION), [stack()])
    assert any("is not bootstrapped" in finding.what for finding in found)
    assert [finding.blocks for finding in found] == sorted((f.blocks for f in found), reverse=True)
    failed = ["existing resources", "quotas", "Amazon Bedrock", "models that are gone"]
    assert [line.split(":")[0] for line in unchecked] == failed


def test_a_synthesis_that_lacks_the_environment_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["small", "--folder", str(FIXTURES), "--outdir", str(tmp_path)]) == 2
    assert capsys.readouterr().err == f"preflight: {tmp_path} has no small: run make synth first\n"


@pytest.fixture
def assembly(tmp_path: Path, stack: Stack) -> Path:
    """A cloud assembly of one empty stack of ``small``."""
    folder = tmp_path / "out" / "assembly-small"
    folder.mkdir(parents=True)
    (folder / "t.template.json").write_text(stack().text, encoding="utf-8")
    artifact = {
        "type": "aws:cloudformation:stack",
        "displayName": "small/Foundation",
        "environment": f"aws://111122223333/{REGION}",
        "properties": {"templateFile": "t.template.json"},
    }
    manifest = json.dumps({"artifacts": {"a": artifact}})
    (folder / "manifest.json").write_text(manifest, encoding="utf-8")
    return folder.parent


def test_without_credentials_one_line_says_so(
    assembly: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    assert main(["small", "--folder", str(FIXTURES), "--outdir", str(assembly)]) == 2
    assert capsys.readouterr().err == ("preflight: no usable AWS credentials: Unable to locate credentials\n")


def test_an_account_that_is_not_ready_ends_with_one(
    small: Environment, unanswered: None, assembly: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["small", "--folder", str(FIXTURES), "--outdir", str(assembly)]) == 1
    assert "make bootstrap ENV=small APPLY=1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("kind", "operation", "answer"),
    [
        (
            "AWS::SageMaker::StudioLifecycleConfig",
            "describe_studio_lifecycle_config",
            {"StudioLifecycleConfigName": "acme-small-x"},
        ),
        ("AWS::SageMaker::Image", "describe_image", {"ImageName": "acme-small-x"}),
        (
            "AWS::SageMaker::AppImageConfig",
            "describe_app_image_config",
            {"AppImageConfigName": "acme-small-x"},
        ),
        ("AWS::SageMaker::MlflowApp", "list_mlflow_apps", {"Summaries": [{"Name": "acme-small-x"}]}),
    ],
)
def test_what_moto_does_not_know_is_found_by_a_request_the_api_takes(
    small: Environment, session: boto3.Session, kind: str, operation: str, answer: dict[str, Any]
) -> None:
    client: Any = session.client("sagemaker")
    with Stubber(client) as stubber:
        stubber.add_response(operation, answer)
        assert _exists(client, KINDS[kind], "acme-small-x", small)
        stubber.add_client_error(operation, service_error_code="ResourceNotFound")
        assert not _exists(client, KINDS[kind], "acme-small-x", small)
