"""What the templates of the fixture environments promise, whatever else they hold."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from mlplatform.acknowledgements import accept_everywhere
from mlplatform.checks import install_checks
from mlplatform.endpoint_policies import interface_endpoint_policy
from mlplatform.exports import ACCOUNT, FOUNDATION, NETWORK
from mlplatform.names import forbidden_word
from mlplatform.regions import partition_of
from mlplatform.settings import Environment
from tools.assembly import missing_context, stacks

Templates = Mapping[tuple[str, str], Mapping[str, Any]]
Synthesize = Callable[[Path, Path], cdk.App]

STATEFUL_IDS = {
    "Network": {
        "FlowLogs8D9404AC": "AWS::Logs::LogGroup",
        "NetworkDefaultsFunctionLogs0BEFF7DE": "AWS::Logs::LogGroup",
        "NetworkKey": "AWS::KMS::Key",
    },
    "Foundation": {
        "ArtifactsBucket": "AWS::S3::Bucket",
        "ArtifactsBucketPolicyD77CF81D": "AWS::S3::BucketPolicy",
        "ArtifactsKey": "AWS::KMS::Key",
        "AuditTrailBucket56525616": "AWS::S3::Bucket",
        "AuditTrailBucketPolicy9D4A15DC": "AWS::S3::BucketPolicy",
        "AuditTrailLogs4693A62E": "AWS::Logs::LogGroup",
        "CaptureBucket": "AWS::S3::Bucket",
        "CaptureBucketPolicy1EB3D7FE": "AWS::S3::BucketPolicy",
        "DataBucket": "AWS::S3::Bucket",
        "DataBucketPolicyDE0CFF0A": "AWS::S3::BucketPolicy",
        "DataKey": "AWS::KMS::Key",
        "LogsBucket": "AWS::S3::Bucket",
        "LogsBucketPolicy08F214B9": "AWS::S3::BucketPolicy",
        "LogsKey": "AWS::KMS::Key",
        "PackageIndexDomainC219379F": "AWS::CodeArtifact::Domain",
        "PackageIndexRepository2A78D6D3": "AWS::CodeArtifact::Repository",
        "ReleaseLedger": "AWS::DynamoDB::Table",
    },
    "Studio": {
        "Domain": "AWS::SageMaker::Domain",
        "HomesFunctionLogsE0C03C04": "AWS::Logs::LogGroup",
        "TrackingServerFA53660A": "AWS::SageMaker::MlflowTrackingServer",
    },
    "Account": {
        "AccountKey": "AWS::KMS::Key",
        "AiRegistryHub": "AWS::SageMaker::Hub",
        "SdkBucket": "AWS::S3::Bucket",
        "SdkBucketPolicy19486D5E": "AWS::S3::BucketPolicy",
    },
    "Registry": {
        "Repositoriescreditapproval3BFA80C2": "AWS::ECR::Repository",
        "Repositoriessupportassistant3F5A5040": "AWS::ECR::Repository",
    },
    "Orchestration": {
        "FunctionsDatasetCheckLogsC0B19737": "AWS::Logs::LogGroup",
        "FunctionsModelRegistrationLogsCE93DBE6": "AWS::Logs::LogGroup",
        "FunctionsQualityGateLogs11A04EE6": "AWS::Logs::LogGroup",
        "FunctionsRunAdmissionLogs177501DD": "AWS::Logs::LogGroup",
        "Logs": "AWS::Logs::LogGroup",
        "ReleaseEventsStartLogsC40B2083": "AWS::Logs::LogGroup",
        "ReleaseLogs": "AWS::Logs::LogGroup",
    },
    "Model-credit-approval": {
        "EndpointLogs": "AWS::Logs::LogGroup",
        "PackageGroup": "AWS::SageMaker::ModelPackageGroup",
    },
    "Model-support-assistant": {"PackageGroup": "AWS::SageMaker::ModelPackageGroup"},
    "Serving-credit-approval": {
        "EndpointConfig": "AWS::SageMaker::EndpointConfig",
        "ProductionModel": "AWS::SageMaker::Model",
        "ShadowModel": "AWS::SageMaker::Model",
    },
}
"""Logical ids that must never move: CloudFormation would delete the old resource and create an empty one."""


MAY_SERVE = {"AWS::SageMaker::EndpointConfig", "AWS::SageMaker::Model"}
"""Types that no update and no failure deletes: an endpoint may still serve with them."""


def of_type(template: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """Resources of one type by logical id."""
    return {name: r for name, r in template["Resources"].items() if r["Type"] == kind}


def strings(node: Any) -> Iterator[str]:
    """Every string of a template, keys as well."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, list):
        for item in node:
            yield from strings(item)
    elif isinstance(node, dict):
        for key, value in node.items():
            yield key
            yield from strings(value)


def stateful(template: Mapping[str, Any]) -> dict[str, str]:
    """Types of the resources that outlive their stack, by logical id."""
    kept = ("Retain", "RetainExceptOnCreate")
    return {n: r["Type"] for n, r in template["Resources"].items() if r.get("DeletionPolicy") in kept}


def test_stateful_logical_ids_do_not_move(templates: Templates) -> None:
    assert {stack: stateful(templates["full", stack]) for stack in STATEFUL_IDS} == STATEFUL_IDS


def test_every_stack_is_known_to_hold_state_or_not(templates: Templates) -> None:
    assert {stack for environment, stack in templates if environment == "full"} == set(STATEFUL_IDS)


def test_what_is_stateful_outlives_its_stack_but_not_a_failed_first_deployment(
    templates: Templates,
) -> None:
    for stack in STATEFUL_IDS:
        for name in stateful(templates["full", stack]):
            resource = templates["full", stack]["Resources"][name]
            policies = resource["DeletionPolicy"], resource["UpdateReplacePolicy"]
            kept = "Retain" if resource["Type"] in MAY_SERVE else "RetainExceptOnCreate"
            assert policies == (kept, "Retain"), name


def test_an_environment_that_may_be_destroyed_leaves_nothing_behind(templates: Templates) -> None:
    """But for what SageMaker may have gone back to, which costs nothing (`make destroy` deletes it)."""
    for stack in STATEFUL_IDS:
        assert set(stateful(templates["small", stack]).values()) <= MAY_SERVE
    table = next(iter(of_type(templates["small", "Foundation"], "AWS::DynamoDB::Table").values()))
    assert table["Properties"]["DeletionProtectionEnabled"] is False


@pytest.mark.parametrize(("stack", "names"), [("Network", NETWORK), ("Foundation", FOUNDATION)])
def test_the_list_of_exports_is_the_same_in_every_environment_but_for_a_third_zone(
    templates: Templates, environments: Mapping[str, Environment], stack: str, names: tuple[str, ...]
) -> None:
    for environment, settings in environments.items():
        outputs = templates[environment, stack]["Outputs"]
        exported = {name: output["Export"]["Name"] for name, output in outputs.items()}
        third = ["SubnetId3"] if stack == "Network" and len(settings.network.zones) == 3 else []
        assert exported == {name: f"acme-{environment}-{stack.lower()}:{name}" for name in [*names, *third]}


def test_stacks_share_values_by_name_or_by_the_fixed_exports_only(templates: Templates) -> None:
    for (environment, _), template in templates.items():
        allowed = {
            f"acme-{environment}-{stack}:{name}"
            for stack, names in (
                ("network", [*NETWORK, "SubnetId3"]),
                ("foundation", FOUNDATION),
                ("account", ACCOUNT),
            )
            for name in names
        }
        imported = set(re.findall(r'"Fn::ImportValue": "([^"]+)"', json.dumps(template)))
        assert imported <= allowed
        assert "Fn::GetStackOutput" not in json.dumps(template)


def test_every_interface_endpoint_carries_the_policy_that_was_judged(
    templates: Templates, environments: Mapping[str, Environment]
) -> None:
    settings = environments["full"]
    found = of_type(templates["full", "Network"], "AWS::EC2::VPCEndpoint").values()
    policies = {e["Properties"]["ServiceName"]: e["Properties"]["PolicyDocument"] for e in found}
    for service in settings.network.endpoint_services:
        name = settings.place.endpoints[service]
        assert policies.pop(name) == interface_endpoint_policy(service, settings)
    assert sorted(policies) == ["com.amazonaws.us-east-1.dynamodb", "com.amazonaws.us-east-1.s3"]


@pytest.mark.parametrize(
    ("environment", "suffix", "service"),
    [
        ("china", "amazonaws.com.cn", "cn.com.amazonaws.cn-north-1.sagemaker.api"),
        ("gov", "amazonaws.com", "com.amazonaws.us-gov-west-1.sagemaker.api"),
    ],
)
def test_other_partitions_get_their_own_arns_hosts_and_service_names(
    templates: Templates, environments: Mapping[str, Environment], environment: str, suffix: str, service: str
) -> None:
    region = environments[environment].region
    words = [w for (name, _), template in templates.items() if name == environment for w in strings(template)]
    assert not [word for word in words if "arn:aws:" in word]
    hosts = [word for word in words if re.search(rf"\.{region}\.amazonaws\.com", word)]
    assert hosts
    assert not [host for host in hosts if not host.endswith(f"{region}.{suffix}")]
    endpoints = of_type(templates[environment, "Network"], "AWS::EC2::VPCEndpoint").values()
    assert service in {endpoint["Properties"]["ServiceName"] for endpoint in endpoints}


def test_an_existing_network_gets_endpoints_and_groups_but_no_vpc(templates: Templates) -> None:
    template = templates["ownvpc", "Network"]
    assert not of_type(template, "AWS::EC2::VPC")
    assert not of_type(template, "AWS::EC2::Subnet")
    gateways = [e["Properties"] for e in of_type(template, "AWS::EC2::VPCEndpoint").values()]
    assert {e["VpcId"] for e in gateways} == {"vpc-0a1b2c3d4e5f67890"}
    subnets = [template["Outputs"][name]["Value"] for name in ("SubnetId1", "SubnetId2")]
    assert subnets == ["subnet-0a1b2c3d4e5f67891", "subnet-0a1b2c3d4e5f67892"]


def test_endpoints_that_exist_are_used_and_not_changed(templates: Templates) -> None:
    template = templates["given", "Network"]
    assert not of_type(template, "AWS::EC2::VPCEndpoint")
    assert template["Outputs"]["S3EndpointId"]["Value"] == "vpce-0a1b2c3d4e5f67894"
    rules = of_type(template, "AWS::EC2::SecurityGroupIngress").values()
    assert "sg-0a1b2c3d4e5f67895" not in [rule["Properties"]["GroupId"] for rule in rules]


def test_nat_is_there_only_if_asked_for_and_every_zone_has_a_way_out(templates: Templates) -> None:
    assert not of_type(templates["small", "Network"], "AWS::EC2::NatGateway")
    template = templates["full", "Network"]
    assert len(of_type(template, "AWS::EC2::NatGateway")) == 2
    routes = [r["Properties"] for r in of_type(template, "AWS::EC2::Route").values()]
    out = [route for route in routes if "NatGatewayId" in route]
    assert len({route["RouteTableId"]["Ref"] for route in out}) == 3


def test_a_zone_added_later_moves_no_subnet(templates: Templates) -> None:
    def cidrs(environment: str) -> set[str]:
        subnets = of_type(templates[environment, "Network"], "AWS::EC2::Subnet").values()
        return {subnet["Properties"]["CidrBlock"] for subnet in subnets}

    assert cidrs("small") == {"10.40.0.0/22", "10.40.4.0/22"}
    assert cidrs("small") | {"10.40.8.0/22"} == cidrs("gov")
    two, three = (templates[name, "Network"]["Outputs"] for name in ("small", "gov"))
    assert set(three) - set(two) == {"SubnetId3"}


def test_workloads_reach_endpoints_prefix_lists_and_declared_networks_only(
    templates: Templates,
) -> None:
    for environment in ("small", "full"):
        template = templates[environment, "Network"]
        for name, group in of_type(template, "AWS::EC2::SecurityGroup").items():
            for rule in group["Properties"]["SecurityGroupEgress"]:
                cidr = rule.get("CidrIp")
                assert cidr in (None, "255.255.255.255/32", "198.51.100.0/24"), name


REQUIRED = {
    "BucketName": r"sagemaker-[a-z0-9-]+-\d{12}",
    "LogGroupName": r"/aws/sagemaker/Endpoints/[a-z0-9-]+",
}
"""Names that the SDK and SageMaker make up."""


def test_no_stack_or_resource_name_carries_a_word_that_policies_grant_on(templates: Templates) -> None:
    named = re.compile(r"(Name|Alias|Path)$")
    for template in templates.values():
        for resource in template["Resources"].values():
            for key, value in resource.get("Properties", {}).items():
                required = isinstance(value, str) and key in REQUIRED and re.fullmatch(REQUIRED[key], value)
                if named.search(key) and isinstance(value, str) and key != "ServiceName" and not required:
                    assert forbidden_word(value) is None, value


def test_cost_tags_are_on_everything_that_takes_tags(templates: Templates) -> None:
    tagged = ("AWS::KMS::Key", "AWS::S3::Bucket", "AWS::EC2::VPC", "AWS::IAM::Role", "AWS::Lambda::Function")
    for (environment, _), template in templates.items():
        for kind in tagged:
            for resource in of_type(template, kind).values():
                tags = {tag["Key"]: tag["Value"] for tag in resource["Properties"]["Tags"]}
                assert tags.items() >= {"environment": environment, "cost-center": "4711"}.items()


def test_an_audit_trail_records_what_its_setting_says(templates: Templates) -> None:
    def selectors(environment: str) -> list[str]:
        trails = of_type(templates[environment, "Foundation"], "AWS::CloudTrail::Trail").values()
        return [s["Name"] for trail in trails for s in trail["Properties"]["AdvancedEventSelectors"]]

    assert selectors("small") == ["Objects"]
    assert selectors("full") == ["Objects", "Management"]
    assert selectors("ownvpc") == []


def test_buckets_are_created_after_the_one_that_takes_their_access_logs(templates: Templates) -> None:
    buckets = of_type(templates["full", "Foundation"], "AWS::S3::Bucket")
    assert "LoggingConfiguration" not in buckets.pop("LogsBucket")["Properties"]
    targets = [b["Properties"]["LoggingConfiguration"]["DestinationBucketName"] for b in buckets.values()]
    assert targets == [{"Ref": "LogsBucket"}] * 4


def test_every_subscription_of_the_settings_is_there(templates: Templates) -> None:
    found = of_type(templates["full", "Foundation"], "AWS::SNS::Subscription").values()
    assert {(s["Properties"]["Protocol"], s["Properties"]["Endpoint"]) for s in found} == {
        ("email", "oncall@example.com"),
        ("https", "https://events.example.com/ml"),
    }


def test_every_fixture_passes_every_check_and_looks_nothing_up(
    build: Callable[[Path, Path], cdk.App], tmp_path: Path
) -> None:
    app = build(Path(__file__).parents[1] / "fixtures" / "environments", tmp_path)
    install_checks(app, partition_of)
    rule = "NIST.800.53.R5::NIST.800.53.R5-IAMNoInlinePolicy"
    accept_everywhere(app, rule, because="as in app.py, which this test does not run")
    app.synth()
    assert list(missing_context(tmp_path)) == []


def test_what_a_function_is_deployed_with_is_all_it_needs(build: Synthesize, tmp_path: Path) -> None:
    build(Path(__file__).parents[1] / "fixtures" / "environments", tmp_path).synth()
    handlers = {
        (function["Properties"]["Handler"], function["Properties"]["Code"]["S3Key"].removesuffix(".zip"))
        for stack in stacks(tmp_path)
        for function in of_type(stack.template, "AWS::Lambda::Function").values()
    }
    assert {handler for handler, _ in handlers} == {
        "dataset_check.handler.handler",
        "model_registration.handler.handler",
        "network_defaults.handler.handler",
        "quality_gate.handler.handler",
        "release.handler.handler",
        "release_start.handler.handler",
        "run_admission.handler.handler",
        "studio_homes.handler.handler",
    }
    published = {
        key
        for path in tmp_path.rglob("*.assets.json")
        for key in json.loads(path.read_text(encoding="utf-8"))["files"]
    }
    for handler, content in handlers:
        assert content in published, f"nobody uploads the code of {handler}"
        (folder,) = tmp_path.rglob(f"asset.{content}")
        module, name = handler.rsplit(".", 1)
        code = f"import {module}; assert callable({module}.{name})"
        subprocess.run([sys.executable, "-c", code], cwd=folder, check=True)
