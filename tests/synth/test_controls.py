"""Controls of AWS Security Hub, AWS Config and Prowler for SageMaker, and Studio's own: a test for each.

A control holds in one of three ways: what the templates make complies; what they do not make, the platform's
rules would refuse; what people start at run time, their policies deny unless it complies. The table of
docs/security/controls.md says which, and is compared with the names of these tests.
"""

import base64
import gzip
import importlib.resources
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mlplatform.rules import RULES, check
from mlplatform.rules.jobs import has_local_storage
from mlplatform.settings import Environment, read_environments
from tools.assembly import stacks
from tools.effective_permissions import Role, World, read_world
from tools.policy_evaluator import Decision, Request, evaluate

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "docs" / "security" / "controls.md"
HERE = {"partition": "aws", "dns_suffix": "amazonaws.com"}
FULL_ACCESS = "AmazonSageMakerFullAccess"
PEOPLE = ("data-scientist", "ml-engineer")

PROWLER = (
    "sagemaker_clarify_exists",
    "sagemaker_domain_encrypted_with_cmk",
    "sagemaker_domain_sso_configured",
    "sagemaker_domain_vpc_only_enabled",
    "sagemaker_endpoint_config_kms_encryption_enabled",
    "sagemaker_endpoint_config_prod_variant_instances",
    "sagemaker_feature_group_offline_store_encrypted_with_cmk",
    "sagemaker_full_access_policy_attached",
    "sagemaker_models_monitor_enabled",
    "sagemaker_models_network_isolation_enabled",
    "sagemaker_models_registry_in_use",
    "sagemaker_models_vpc_settings_configured",
    "sagemaker_notebook_instance_encryption_enabled",
    "sagemaker_notebook_instance_no_secrets",
    "sagemaker_notebook_instance_root_access_disabled",
    "sagemaker_notebook_instance_vpc_settings_configured",
    "sagemaker_notebook_instance_without_direct_internet_access_configured",
    "sagemaker_processing_job_volume_encrypted_with_cmk",
    "sagemaker_training_jobs_intercontainer_encryption_enabled",
    "sagemaker_training_jobs_network_isolation_enabled",
    "sagemaker_training_jobs_volume_and_output_encryption_enabled",
    "sagemaker_training_jobs_vpc_settings_configured",
    "sagemaker_transform_job_volume_encrypted_with_cmk",
)
"""Prowler's checks of the service SageMaker (prowler/providers/aws/services/sagemaker)."""

KEYS = {
    "instances": {"sagemaker:InstanceTypes": "{job_type}"},
    "network": {
        "sagemaker:VpcSubnets": ["{SubnetId1}", "{SubnetId2}"],
        "sagemaker:VpcSecurityGroupIds": ["{JobSecurityGroupId}"],
    },
    "isolation": {"sagemaker:NetworkIsolation": "true"},
    "traffic encryption": {"sagemaker:InterContainerTrafficEncryption": "true"},
    "volume key": {"sagemaker:VolumeKmsKeyArn": "{DataKeyArn}"},
    "output key": {"sagemaker:OutputKmsKeyArn": "{DataKeyArn}"},
    "own model": {"sagemaker:ModelArn": "{model}"},
}
"""Condition keys a request carries for each thing it sets."""

ATTEMPTS = {
    "training": ("CreateTrainingJob", "training-job/trial", [k for k in KEYS if k != "own model"]),
    "processing": ("CreateProcessingJob", "processing-job/trial", [k for k in KEYS if k != "own model"]),
    "tuning": (
        "CreateHyperParameterTuningJob",
        "hyper-parameter-tuning-job/trial",
        [k for k in KEYS if k != "own model"],
    ),
    "transform": (
        "CreateTransformJob",
        "transform-job/trial",
        ["instances", "own model", "volume key", "output key"],
    ),
    "model": ("CreateModel", "model/{ours}-try-credit", ["network", "isolation"]),
    "endpoint config": (
        "CreateEndpointConfig",
        "endpoint-config/{ours}-try-credit",
        ["instances", "volume key"],
    ),
    "notebook": ("CreateNotebookInstance", "notebook-instance/trial", []),
    "feature group": ("CreateFeatureGroup", "feature-group/trial", []),
    "experiment": ("CreateInferenceExperiment", "inference-experiment/trial", []),
    "schedule": ("CreateMonitoringSchedule", "monitoring-schedule/trial", []),
    "data quality": ("CreateDataQualityJobDefinition", "data-quality-job-definition/trial", []),
    "bias": ("CreateModelBiasJobDefinition", "model-bias-job-definition/trial", []),
    "explainability": (
        "CreateModelExplainabilityJobDefinition",
        "model-explainability-job-definition/trial",
        [],
    ),
    "model quality": ("CreateModelQualityJobDefinition", "model-quality-job-definition/trial", []),
}
"""What people could try: the action, what it would make, and everything such a request can set."""

JOBS = ("training", "processing", "tuning")
"""Jobs that run on instances in a network; what is asked of training jobs holds for all of them."""

Answers = Mapping[tuple[str, str], Sequence[tuple[Role, Decision]]]
"""Decisions by what is tried and what of it is left out, for everyone who works in Studio anywhere."""


@dataclass(frozen=True)
class Platform:
    """The fixture environments and the user's own."""

    worlds: tuple[World, ...]
    answers: Answers

    @property
    def modes(self) -> dict[str, str]:
        """Mode of the customization permissions by the ARN of a role."""
        return {
            role.arn: world.environments[role.environment].customization.permissions
            for world in self.worlds
            for role in world.roles.values()
        }

    def made(self, kind: str) -> list[dict[str, Any]]:
        """Properties of every resource ``AWS::<kind>`` of every template."""
        templates = [stack.template for world in self.worlds for stack in world.deployments.values()]
        return [
            resource.get("Properties", {})
            for template in templates
            for resource in template["Resources"].values()
            if resource["Type"] == f"AWS::{kind}"
        ]

    def domains(self) -> list[tuple[Environment, dict[str, Any]]]:
        """Every domain with the settings of its environment."""
        found = [
            (deployment.settings, properties)
            for world in self.worlds
            for deployment in world.deployments.values()
            for _, properties in deployment.of_type("AWS::SageMaker::Domain")
        ]
        assert len(found) == sum(len(world.environments) for world in self.worlds)
        return found

    def denies(self, what: str, without: str, sid: str) -> None:
        """Whoever works in Studio may do ``what``, and not ``without`` a part of it, because of ``sid``."""
        assert self.answers[what, without]
        wrong = [
            f"{role.arn}: {decision.explanation}"
            for role, decision in self.answers[what, without]
            if decision.allowed or sid not in decision.deciding_sids
        ]
        assert not wrong, "\n".join(wrong)
        assert any(decision.allowed for _, decision in self.answers[what, ""]), f"nobody may {what} at all"

    def closes(self, what: str) -> None:
        """Nobody in Studio may do ``what``."""
        judged = self.answers[what, ""]
        assert judged
        wrong = [f"{role.arn}: {d.explanation}" for role, d in judged if d.allowed]
        assert not wrong, "\n".join(wrong)

    def without_notebooks(self, path: str, wrong: Any, right: Any) -> None:
        """There is no notebook instance, people cannot make one, and an open one would stop the synthesis."""
        assert not self.made("SageMaker::NotebookInstance")
        refuses("SageMaker::NotebookInstance", path, wrong, right)
        decisions = self.answers["notebook", ""]
        assert decisions
        assert all("DenyNotebookInstances" in decision.deciding_sids for _, decision in decisions)


def refuses(kind: str, path: str, wrong: Any, right: Any) -> None:
    """The platform's rules refuse ``wrong`` at a path of a resource ``AWS::<kind>``, and not ``right``."""

    def at_path(value: Any) -> list[str]:
        node = value
        for step in reversed(path.split(".")):
            node = {} if node is None else {step: node}
        template = {"Resources": {"Thing": {"Type": f"AWS::{kind}", "Properties": node}}}
        return [v.rule for v in check(template, **HERE) if v.location == f"Properties.{path}"]

    assert len(at_path(wrong)) == 1
    assert at_path(right) == []


def requests(world: World) -> Iterator[tuple[tuple[str, str], Role, Request]]:
    """Every attempt of everybody, complete and without each of its parts."""
    for name, settings in world.environments.items():
        found = [role for thing in PEOPLE if (role := world.role(name, thing))]
        for role in found:
            for what, (action, resource, parts) in ATTEMPTS.items():
                for without in ("", *(part for part in parts if part != "instances")):
                    context = _context([part for part in parts if part != without], world, settings)
                    yield (what, without), role, _request(action, resource, context, role, settings)


def _request(action: str, resource: str, context: Any, role: Role, settings: Environment) -> Request:
    names = settings.names
    ours = f"{names.prefix}-{names.environment}"
    return Request(
        principal=role.arn,
        action=f"sagemaker:{action}",
        resource=names.arn("sagemaker", resource.format(ours=ours)),
        resource_account=settings.account,
        context={"aws:RequestedRegion": settings.region, **context},
        identity_policies=role.identity_policies,
        permission_boundaries=role.boundaries,
    )


def _context(parts: Sequence[str], world: World, settings: Environment) -> dict[str, Any]:
    types = [name for name in settings.studio.job_instance_types if not has_local_storage(name)]
    exported = ("SubnetId1", "SubnetId2", "JobSecurityGroupId", "DataKeyArn")
    values = {name: world.exported(name, settings.name) for name in exported} | {"job_type": types[0]}
    values["model"] = settings.names.arn("sagemaker", f"model/{settings.names.name('try-1', kind='model')}")

    def fill(value: str | list[str]) -> str | list[str]:
        return [v.format_map(values) for v in value] if isinstance(value, list) else value.format_map(values)

    return {key: fill(value) for part in parts for key, value in KEYS[part].items()}


@pytest.fixture(scope="module")
def platform(
    templates: dict[tuple[str, str], dict[str, Any]],
    environments: dict[str, Environment],
    synthesized: Path,
) -> Platform:
    own = {(stack.environment, stack.name): stack.template for stack in stacks(synthesized)}
    settings = {each.name: each for each in read_environments(ROOT / "environments")}
    worlds = (read_world(templates, environments), read_world(own, settings))
    asked = [request for world in worlds for request in requests(world)]
    decisions = evaluate([request for _, _, request in asked])
    answers: dict[tuple[str, str], list[tuple[Role, Decision]]] = {}
    for (what, role, _), decision in zip(asked, decisions, strict=True):
        answers.setdefault(what, []).append((role, decision))
    return Platform(worlds, answers)


# --- AWS Security Hub ------------------------------------------------------------------------------------


def test_sagemaker_1_notebook_instances_have_no_direct_internet_access(platform: Platform) -> None:
    platform.without_notebooks("DirectInternetAccess", "Enabled", "Disabled")


def test_sagemaker_2_notebook_instances_are_in_a_vpc(platform: Platform) -> None:
    platform.without_notebooks("SubnetId", None, "subnet-1")


def test_sagemaker_3_notebook_instances_give_no_root(platform: Platform) -> None:
    platform.without_notebooks("RootAccess", "Enabled", "Disabled")


def test_sagemaker_4_production_variants_have_two_instances_or_more(platform: Platform) -> None:
    given = [v for c in platform.made("SageMaker::EndpointConfig") for v in c["ProductionVariants"]]
    variants = [v["Fn::If"][1] if "Fn::If" in v else v for v in given]
    # Instances of inference components come and go with the copies, within limits of their own.
    fixed = [each for each in variants if not {"ServerlessConfig", "ManagedInstanceScaling"} & set(each)]
    assert all(each["InitialInstanceCount"] >= 2 for each in fixed)
    one, two = ([{"InstanceType": "ml.m5.large", "InitialInstanceCount": count}] for count in (1, 2))
    refuses("SageMaker::EndpointConfig", "ProductionVariants", one, two)


def test_sagemaker_5_models_are_isolated_from_the_network(platform: Platform) -> None:
    assert all(each["EnableNetworkIsolation"] is True for each in platform.made("SageMaker::Model"))
    refuses("SageMaker::Model", "EnableNetworkIsolation", False, True)
    platform.denies("model", "isolation", "DenyModelsWithoutIsolation")


def test_sagemaker_6_app_image_configurations_are_tagged(platform: Platform) -> None:
    found = platform.made("SageMaker::AppImageConfig")
    assert found
    assert all(_keys(each["Tags"]) >= {"owner", "cost-center", "environment"} for each in found)


def test_sagemaker_7_images_are_tagged(platform: Platform) -> None:
    found = platform.made("SageMaker::Image")
    assert found
    assert all(_keys(each["Tags"]) >= {"owner", "cost-center", "environment"} for each in found)


def test_sagemaker_8_notebook_instances_run_a_supported_platform(platform: Platform) -> None:
    platform.without_notebooks("PlatformIdentifier", "notebook-al2-v2", "notebook-al2023-v1")


def monitors_nothing(platform: Platform, kind: str, what: str, key: str) -> None:
    """No template makes such a job definition, nobody in Studio may, and the rules would refuse it."""
    assert not platform.made(f"SageMaker::{kind}JobDefinition")
    refuses(f"SageMaker::{kind}JobDefinition", f"NetworkConfig.{key}", False, True)
    platform.closes(what)


def test_sagemaker_9_data_quality_jobs_encrypt_traffic_between_containers(platform: Platform) -> None:
    monitors_nothing(platform, "DataQuality", "data quality", "EnableInterContainerTrafficEncryption")


def test_sagemaker_10_explainability_jobs_encrypt_traffic_between_containers(platform: Platform) -> None:
    monitors_nothing(
        platform, "ModelExplainability", "explainability", "EnableInterContainerTrafficEncryption"
    )


def test_sagemaker_11_data_quality_jobs_are_isolated_from_the_network(platform: Platform) -> None:
    monitors_nothing(platform, "DataQuality", "data quality", "EnableNetworkIsolation")


def test_sagemaker_12_bias_jobs_are_isolated_from_the_network(platform: Platform) -> None:
    monitors_nothing(platform, "ModelBias", "bias", "EnableNetworkIsolation")


def test_sagemaker_13_model_quality_jobs_encrypt_traffic_between_containers(platform: Platform) -> None:
    monitors_nothing(platform, "ModelQuality", "model quality", "EnableInterContainerTrafficEncryption")


SCHEDULE = "MonitoringScheduleConfig.MonitoringJobDefinition.NetworkConfig"


def test_sagemaker_14_monitoring_schedules_are_isolated_from_the_network(platform: Platform) -> None:
    assert not platform.made("SageMaker::MonitoringSchedule")
    refuses("SageMaker::MonitoringSchedule", f"{SCHEDULE}.EnableNetworkIsolation", False, True)
    platform.closes("schedule")


def test_sagemaker_15_bias_jobs_encrypt_traffic_between_containers(platform: Platform) -> None:
    monitors_nothing(platform, "ModelBias", "bias", "EnableInterContainerTrafficEncryption")


def guarded_repositories(platform: Platform) -> None:
    """Instead of a private registry in the VPC, which cannot be Amazon ECR: images nobody can exchange."""
    repositories = platform.made("ECR::Repository")
    assert repositories
    for repository in repositories:
        assert repository["ImageTagMutability"] == "IMMUTABLE"
        assert repository["ImageScanningConfiguration"] == {"ScanOnPush": True}
        assert repository["EncryptionConfiguration"]["EncryptionType"] == "KMS"


def test_sagemaker_16_images_of_models_come_from_guarded_repositories(platform: Platform) -> None:
    guarded_repositories(platform)


def test_sagemaker_17_offline_feature_stores_are_encrypted_with_a_key_of_ours(platform: Platform) -> None:
    assert not platform.made("SageMaker::FeatureGroup")
    store = "OfflineStoreConfig.S3StorageConfig"
    refuses("SageMaker::FeatureGroup", f"{store}.KmsKeyId", {"Ref": "AWS::NoValue"}, "key")
    platform.closes("feature group")


def test_sagemaker_18_online_feature_stores_are_encrypted_with_a_key_of_ours(platform: Platform) -> None:
    assert not platform.made("SageMaker::FeatureGroup")
    store = "OnlineStoreConfig.SecurityConfig"
    refuses("SageMaker::FeatureGroup", f"{store}.KmsKeyId", {"Ref": "AWS::NoValue"}, "key")
    platform.closes("feature group")


def test_sagemaker_19_images_of_pipelines_come_from_guarded_repositories(platform: Platform) -> None:
    guarded_repositories(platform)


def test_sagemaker_20_explainability_jobs_are_isolated_from_the_network(platform: Platform) -> None:
    monitors_nothing(platform, "ModelExplainability", "explainability", "EnableNetworkIsolation")


def test_sagemaker_21_notebook_instances_are_encrypted_with_a_key_of_ours(platform: Platform) -> None:
    platform.without_notebooks("KmsKeyId", None, "key")


def test_sagemaker_22_monitoring_schedules_encrypt_traffic_between_containers(platform: Platform) -> None:
    assert not platform.made("SageMaker::MonitoringSchedule")
    refuses("SageMaker::MonitoringSchedule", f"{SCHEDULE}.EnableInterContainerTrafficEncryption", False, True)
    platform.closes("schedule")


def test_sagemaker_23_experiments_encrypt_the_volumes_of_instances(platform: Platform) -> None:
    assert not platform.made("SageMaker::InferenceExperiment")
    refuses("SageMaker::InferenceExperiment", "KmsKey", None, "key")
    platform.closes("experiment")


def test_sagemaker_24_experiments_encrypt_what_they_capture(platform: Platform) -> None:
    assert not platform.made("SageMaker::InferenceExperiment")
    nothing = {"Ref": "AWS::NoValue"}
    refuses("SageMaker::InferenceExperiment", "DataStorageConfig.KmsKey", nothing, "key")
    platform.closes("experiment")


def test_sagemaker_25_model_quality_jobs_are_isolated_from_the_network(platform: Platform) -> None:
    monitors_nothing(platform, "ModelQuality", "model quality", "EnableNetworkIsolation")


# --- AWS Config, beyond Security Hub ---------------------------------------------------------------------


def test_config_sagemaker_domain_in_vpc(platform: Platform) -> None:
    for settings, domain in platform.domains():
        assert domain["AppNetworkAccessType"] == "VpcOnly"
        assert len(domain["SubnetIds"]) == len(settings.network.zones)
    refuses("SageMaker::Domain", "AppNetworkAccessType", "PublicInternetOnly", "VpcOnly")


def test_config_sagemaker_domain_tagged(platform: Platform) -> None:
    for settings, domain in platform.domains():
        tags = {tag["Key"]: tag["Value"] for tag in domain["Tags"]}
        assert tags.items() >= {**settings.tags, "environment": settings.name}.items()


def _only_local(config: Mapping[str, Any]) -> bool:
    """Whether all that a configuration may run on encrypts its local storage itself, and takes no key."""
    variants = [v["Fn::If"][1] if "Fn::If" in v else v for v in config["ProductionVariants"]]
    kinds = [one.get("InstanceType", "") for v in variants for one in v.get("InstancePools", [v])]
    return all(map(has_local_storage, kinds))


def test_config_sagemaker_endpoint_config_kms_key_required(platform: Platform) -> None:
    assert all("KmsKeyId" in each or _only_local(each) for each in platform.made("SageMaker::EndpointConfig"))
    refuses("SageMaker::EndpointConfig", "KmsKeyId", None, "key")
    platform.denies("endpoint config", "volume key", "DenyJobsWithoutVolumeKey")


def test_config_sagemaker_feature_group_tagged(platform: Platform) -> None:
    assert not platform.made("SageMaker::FeatureGroup")
    refuses("SageMaker::FeatureGroup", "Tags", [], [{"Key": "owner", "Value": "risk-team"}])


def test_config_sagemaker_featuregroup_description(platform: Platform) -> None:
    assert not platform.made("SageMaker::FeatureGroup")
    refuses("SageMaker::FeatureGroup", "Description", None, "Income and debts")


def test_config_sagemaker_image_description(platform: Platform) -> None:
    found = platform.made("SageMaker::Image")
    assert found
    assert all(len(each["ImageDescription"]) > 10 for each in found)


def test_config_sagemaker_inferenceexperiment_tagged(platform: Platform) -> None:
    assert not platform.made("SageMaker::InferenceExperiment")
    refuses("SageMaker::InferenceExperiment", "Tags", [], [{"Key": "owner", "Value": "risk-team"}])


def test_config_sagemaker_model_in_vpc(platform: Platform) -> None:
    assert all(each["VpcConfig"]["Subnets"] for each in platform.made("SageMaker::Model"))
    refuses("SageMaker::Model", "VpcConfig.Subnets", [], ["subnet-1"])
    refuses("SageMaker::Model", "VpcConfig.SecurityGroupIds", [], ["sg-1"])
    platform.denies("model", "network", "DenyModelsOutsideNetwork")


# --- Prowler ---------------------------------------------------------------------------------------------


def test_prowler_sagemaker_clarify_exists(platform: Platform) -> None:
    """It does not: AWS admits no new customers, so a template with it could not be deployed."""
    uses = [each for each in platform.made("SageMaker::ProcessingJob") if "clarify" in json.dumps(each)]
    assert not uses
    assert not platform.made("SageMaker::ModelExplainabilityJobDefinition")


def test_prowler_sagemaker_domain_encrypted_with_cmk(platform: Platform) -> None:
    for settings, domain in platform.domains():
        assert domain["KmsKeyId"] == {"Fn::ImportValue": f"{settings.names.stack('Foundation')}:DataKeyArn"}
    refuses("SageMaker::Domain", "KmsKeyId", None, "key")


def test_prowler_sagemaker_domain_sso_configured(platform: Platform) -> None:
    domains = platform.domains()
    assert {settings.studio.auth_mode for settings, _ in domains} >= {"sso"}
    assert all(domain["AuthMode"] == settings.studio.auth_mode.upper() for settings, domain in domains)


def test_prowler_sagemaker_domain_vpc_only_enabled(platform: Platform) -> None:
    assert {domain["AppNetworkAccessType"] for _, domain in platform.domains()} == {"VpcOnly"}


def test_prowler_sagemaker_endpoint_config_kms_encryption_enabled(platform: Platform) -> None:
    refuses("SageMaker::EndpointConfig", "KmsKeyId", {"Ref": "AWS::NoValue"}, "key")
    refuses("SageMaker::EndpointConfig", "DataCaptureConfig.KmsKeyId", {"Ref": "AWS::NoValue"}, "key")
    platform.denies("endpoint config", "volume key", "DenyJobsWithoutVolumeKey")


def test_prowler_sagemaker_endpoint_config_prod_variant_instances(platform: Platform) -> None:
    one, two = ([{"InstanceType": "ml.m5.large", "InitialInstanceCount": count}] for count in (1, 2))
    refuses("SageMaker::EndpointConfig", "ProductionVariants", one, two)


def test_prowler_sagemaker_feature_group_offline_store_encrypted_with_cmk(platform: Platform) -> None:
    store = "OfflineStoreConfig.S3StorageConfig"
    refuses("SageMaker::FeatureGroup", f"{store}.KmsKeyId", {"Ref": "AWS::NoValue"}, "key")
    platform.closes("feature group")


def test_prowler_sagemaker_full_access_policy_attached(platform: Platform) -> None:
    attached = set()
    for world in platform.worlds:
        for deployment in world.deployments.values():
            for _, role in deployment.of_type("AWS::IAM::Role"):
                if FULL_ACCESS in json.dumps(role.get("ManagedPolicyArns", [])):
                    thing = role["RoleName"].removeprefix(f"{deployment.settings.names.name('')}")
                    attached.add((deployment.settings.customization.permissions, thing))
    assert attached == {("compat", thing) for thing in PEOPLE}


def test_prowler_sagemaker_models_monitor_enabled(platform: Platform) -> None:
    """It is not: AWS admits no new customers to Model Monitor, so such a template could not be deployed."""
    assert not platform.made("SageMaker::MonitoringSchedule")


def test_prowler_sagemaker_models_network_isolation_enabled(platform: Platform) -> None:
    refuses("SageMaker::Model", "EnableNetworkIsolation", None, True)
    platform.denies("model", "isolation", "DenyModelsWithoutIsolation")


def test_prowler_sagemaker_models_registry_in_use(platform: Platform) -> None:
    for world in platform.worlds:
        for settings in world.environments.values():
            groups = [
                properties["ModelPackageGroupName"]
                for (environment, _), stack in world.deployments.items()
                for _, properties in stack.of_type("AWS::SageMaker::ModelPackageGroup")
                if environment == settings.name
            ]
            products = settings.products if settings.keeps_registry else ()
            assert sorted(groups) == [settings.names.name(each.name, kind="model") for each in products]
    assert platform.made("SageMaker::ModelPackageGroup")


def test_prowler_sagemaker_models_vpc_settings_configured(platform: Platform) -> None:
    refuses("SageMaker::Model", "VpcConfig.Subnets", {"Ref": "AWS::NoValue"}, ["subnet-1"])
    platform.denies("model", "network", "DenyModelsOutsideNetwork")


def test_prowler_sagemaker_notebook_instance_encryption_enabled(platform: Platform) -> None:
    platform.without_notebooks("KmsKeyId", {"Ref": "AWS::NoValue"}, "key")


SECRETS = re.compile(
    r"(?:A3T[A-Z0-9]|AKIA|ASIA)[A-Z0-9]{16}|-----BEGIN [A-Z ]*PRIVATE KEY-----|gh[pousr]_\w{36}"
    r"|(?i:(?:password|passwd|secret|token)\s*[=:]\s*['\"]?[^\s'\"$<{]{8,})"
)
"""Access keys, private keys, GitHub tokens, and values given to what is called a secret."""


def test_prowler_sagemaker_notebook_instance_no_secrets(platform: Platform) -> None:
    """What starts with Studio stands in for the lifecycle configurations of notebook instances."""
    assert not platform.made("SageMaker::NotebookInstanceLifecycleConfig")
    scripts = list(lifecycle_scripts(platform))
    assert scripts
    assert not [found[0] for script in scripts for found in SECRETS.finditer(script)]
    assert SECRETS.search('export DB_PASSWORD="hunter2hunter2"')


def test_prowler_sagemaker_notebook_instance_root_access_disabled(platform: Platform) -> None:
    platform.without_notebooks("RootAccess", None, "Disabled")


def test_prowler_sagemaker_notebook_instance_vpc_settings_configured(platform: Platform) -> None:
    platform.without_notebooks("SecurityGroupIds", [], ["sg-1"])


def test_prowler_sagemaker_notebook_instance_without_direct_internet_access_configured(
    platform: Platform,
) -> None:
    platform.without_notebooks("DirectInternetAccess", None, "Disabled")


def test_prowler_sagemaker_processing_job_volume_encrypted_with_cmk(platform: Platform) -> None:
    assert not platform.made("SageMaker::ProcessingJob")
    platform.denies("processing", "volume key", "DenyJobsWithoutVolumeKey")


def test_prowler_sagemaker_training_jobs_intercontainer_encryption_enabled(platform: Platform) -> None:
    for what in JOBS:
        platform.denies(what, "traffic encryption", "DenyJobsWithoutTrafficEncryption")


def test_prowler_sagemaker_training_jobs_network_isolation_enabled(platform: Platform) -> None:
    for what in JOBS:
        platform.denies(what, "isolation", "DenyJobsWithoutIsolation")


def test_prowler_sagemaker_training_jobs_volume_and_output_encryption_enabled(platform: Platform) -> None:
    for what in JOBS:
        platform.denies(what, "volume key", "DenyJobsWithoutVolumeKey")
        platform.denies(what, "output key", "DenyJobsWithoutOutputKey")


def test_prowler_sagemaker_training_jobs_vpc_settings_configured(platform: Platform) -> None:
    for what in JOBS:
        platform.denies(what, "network", "DenyJobsOutsideNetwork")


def test_prowler_sagemaker_transform_job_volume_encrypted_with_cmk(platform: Platform) -> None:
    platform.denies("transform", "volume key", "DenyJobsWithoutVolumeKey")


# --- Studio ----------------------------------------------------------------------------------------------


def lifecycle_scripts(platform: Platform) -> Iterator[str]:
    """Text of every lifecycle configuration."""
    for world in platform.worlds:
        for deployment in world.deployments.values():
            for _, properties in deployment.of_type("AWS::SageMaker::StudioLifecycleConfig"):
                content = properties["StudioLifecycleConfigContent"]
                plain = isinstance(content, str)
                yield (
                    base64.b64decode(content).decode() if plain else deployment.resolve(content["Fn::Base64"])
                )


def _keys(tags: Sequence[Mapping[str, str]]) -> set[str]:
    return {tag["Key"] for tag in tags}


def studio_groups(platform: Platform) -> Iterator[tuple[World, str, dict[str, str]]]:
    """Security groups of the user profiles of each environment, by persona role."""
    for world in platform.worlds:
        for (environment, stack), deployment in world.deployments.items():
            profiles = [p["UserSettings"] for _, p in deployment.of_type("AWS::SageMaker::UserProfile")]
            if stack == "Studio":
                groups = [(deployment.resolve(p["ExecutionRole"]), p["SecurityGroups"]) for p in profiles]
                yield world, environment, {role: json.dumps(group) for role, group in groups}


def test_studio_security_groups_differ_by_persona(platform: Platform) -> None:
    several = 0
    for _, _, groups in studio_groups(platform):
        assert len(set(groups.values())) == len(groups)
        several += len(groups) > 1
    assert several


def test_studio_applications_reach_each_other_on_the_documented_ports(platform: Platform) -> None:
    for world in platform.worlds:
        for environment in world.environments:
            stack = world.deployments[environment, "Studio"]
            rules = [
                (rule["FromPort"], rule["ToPort"])
                for kind in ("AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress")
                for _, rule in stack.of_type(kind)
                if rule["GroupId"]
                in (rule.get("SourceSecurityGroupId"), rule.get("DestinationSecurityGroupId"))
            ]
            groups = [name for name, _ in stack.of_type("AWS::EC2::SecurityGroup")]
            assert groups
            assert rules.count((8192, 65535)) == 2 * len(groups)


def test_studio_sessions_carry_the_name_of_the_person(platform: Platform) -> None:
    for _, domain in platform.domains():
        assert domain["DomainSettings"]["ExecutionRoleIdentityConfig"] == "USER_PROFILE_NAME"
    for world in platform.worlds:
        for environment in world.environments:
            for thing in PEOPLE:
                if role := world.role(environment, thing):
                    assert "sts:SetSourceIdentity" in json.dumps(role.trust)


def test_studio_stops_idle_applications(platform: Platform) -> None:
    for settings, domain in platform.domains():
        for where, application in (
            ("DefaultSpaceSettings", "JupyterLabAppSettings"),
            ("DefaultUserSettings", "CodeEditorAppSettings"),
            ("DefaultUserSettings", "JupyterLabAppSettings"),
        ):
            idle = domain[where][application]["AppLifecycleManagement"]["IdleSettings"]
            assert idle["LifecycleManagement"] == "ENABLED"
            assert idle["IdleTimeoutInMinutes"] == settings.studio.idle_timeout_minutes


def test_studio_has_no_docker_unless_accounts_are_trusted(platform: Platform) -> None:
    for settings, domain in platform.domains():
        docker = domain["DomainSettings"].get("DockerSettings", {})
        trusted = settings.studio.docker_trusted_accounts
        assert (docker.get("EnableDockerAccess") == "ENABLED") == bool(trusted)
        assert docker.get("VpcOnlyTrustedAccounts", []) == trusted


def test_studio_leaves_no_file_system_behind(platform: Platform) -> None:
    for settings, domain in platform.domains():
        expected = "Enabled" if settings.studio.home_efs else "Disabled"
        assert domain.get("HomeEfsFileSystemCreation", "Enabled") == expected


def test_studio_passes_cost_tags_on(platform: Platform) -> None:
    assert {domain["TagPropagation"] for _, domain in platform.domains()} == {"ENABLED"}


def test_studio_offers_no_classic_applications(platform: Platform) -> None:
    kinds = ("App", "AppImageConfig", "Domain", "Space", "StudioLifecycleConfig", "UserProfile")
    for kind in kinds:
        for properties in platform.made(f"SageMaker::{kind}"):
            keys = re.findall(r'"(\w+)":', json.dumps(properties))
            assert not [key for key in keys if key.startswith(("JupyterServer", "KernelGateway"))]


def test_studio_lifecycle_configurations_are_named_by_their_content(platform: Platform) -> None:
    pairs = set()
    for properties in platform.made("SageMaker::StudioLifecycleConfig"):
        ending = re.search(r"-([0-9a-f]{8,})$", properties["StudioLifecycleConfigName"])
        assert ending
        pairs.add((ending[1], json.dumps(properties["StudioLifecycleConfigContent"])))
    hashes, contents = ({pair[side] for pair in pairs} for side in (0, 1))
    assert len(hashes) == len(contents) == len(pairs) > 1


# --- the table -------------------------------------------------------------------------------------------


def rows() -> list[list[str]]:
    """Cells of the table's rows: control, also known as, what it demands, how it holds."""
    lines = re.findall(r"^\| (`.*) \|$", TABLE.read_text(encoding="utf-8"), re.M)
    return [re.split(r" *\| *", line) for line in lines]


def _slug(control: str) -> str:
    """How the tests of a control begin: ``SageMaker.4`` and ``sagemaker_4_``, ``sagemaker_x`` and ``x``."""
    name = control.strip("`")
    if name.startswith("SageMaker."):
        return f"test_sagemaker_{name.partition('.')[2]}_"
    kind = "config_" if name.isupper() else "" if name.startswith("studio_") else "prowler_"
    return f"test_{kind}{name.lower()}"


def test_every_control_of_the_table_has_its_test_and_every_test_its_row() -> None:
    tests = {name for name in globals() if re.match(r"test_(sagemaker_\d|config_|prowler_|studio_)", name)}
    found = {control: [t for t in tests if t.startswith(_slug(control))] for control, *_ in rows()}
    assert {control for control, named in found.items() if len(named) != 1} == set()
    assert {test for named in found.values() for test in named} == tests


def test_the_table_names_every_control_of_its_sources() -> None:
    packed = importlib.resources.files("moto.config.resources") / "aws_managed_rules.json.gz"
    config = set(re.findall(r"SAGEMAKER_[A-Z_]+", gzip.decompress(packed.read_bytes()).decode()))
    named = {name for row in rows() for cell in row[:2] for name in re.findall(r"`([\w.]+)`", cell)}
    assert config <= named
    assert {f"SageMaker.{number}" for number in range(1, 26)} <= named
    assert set(PROWLER) <= named


def test_the_table_names_only_rules_and_statements_that_exist(platform: Platform) -> None:
    named = {name for row in rows() for name in re.findall(r"`([A-Z]\w+)`", row[3])}
    roles = [role for world in platform.worlds for role in world.roles.values()]
    sids = {s.get("Sid") for role in roles for policy in role.identity_policies for s in policy["Statement"]}
    assert named
    assert named <= {rule.id for rule in RULES} | sids
