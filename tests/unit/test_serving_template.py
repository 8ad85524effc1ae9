"""The template of a Serving stack: what is there for which versions, and what a release may never change."""

import itertools
import json
from typing import Any

import pytest
from cfnlint.api import lint
from cfnlint.config import ManualArgs
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER
from serving_templates import (
    AB_TEST,
    ASYNC,
    CAPTURED,
    COMPONENTS,
    COMPONENTS_TO_ZERO,
    REGION,
    SCALED,
    SERVERLESS,
    SHADOW,
    TO_ZERO,
    VERSION_1,
    VERSION_2,
    credit,
    deployed,
    serving,
    settings_in,
)

from mlplatform.names import Names
from mlplatform.rules import check
from mlplatform.serving import parts
from mlplatform.serving.template import template
from mlplatform.settings import Environment
from rehearsal.cloudformation.intrinsics import TemplateError

KINDS: dict[str, dict[str, Any]] = {
    "plain": {},
    "shadow": SHADOW | SCALED | CAPTURED,
    "challenger": SHADOW | AB_TEST,
    "serverless": SERVERLESS,
    "provisioned": SERVERLESS
    | {
        "serverless": {"provisioned_concurrency": 2},
        "autoscaling": {"target_utilization_percent": 70},
    },
    "async": ASYNC,
    "to zero": TO_ZERO,
    "several types": {"fallback_instance_types": ["ml.m5.xlarge", "ml.m6i.large"], "volume_size_gib": 30},
    "components": COMPONENTS,
    "components to zero": COMPONENTS_TO_ZERO,
    "local storage": {"instance_type": "ml.m5d.large"},
    "gpu": {"instance_type": "ml.g5.12xlarge", "objectives": {"gpu_percent": 90, "gpu_memory_percent": 95}},
    "linear": {"rollout": {"strategy": "linear", "step_percent": 25}},
    "rolling": {"rollout": {"strategy": "rolling"}},
    "all at once": {"rollout": {"strategy": "all_at_once"}},
    "every objective": {
        "objectives": {
            "p50_latency_ms": 50,
            "p99_latency_ms": 200,
            "overhead_p99_ms": 20,
            "gpu_percent": 90,
            "gpu_memory_percent": 90,
            "minimum_invocations_per_hour": 100,
        },
        "instance_type": "ml.g4dn.12xlarge",
    },
    "scheduled": {
        **SCALED,
        "autoscaling": {
            "target_concurrent_requests": 4,
            "scale_in": False,
            "schedules": [{"name": "night", "schedule": "cron(0 22 * * ? *)", "minimum": 2, "maximum": 2}],
        },
    },
}
"""Sections ``serving`` that make templates of every shape."""


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment whose stacks are kept."""
    return settings_in(tmp_path_factory.mktemp("serving"))


@pytest.fixture(params=KINDS)
def subject(request: pytest.FixtureRequest, settings: Environment) -> parts.Served:
    """A model that serves in each way."""
    return credit(settings, **KINDS[request.param])


# --- what linters and rules say --------------------------------------------------------------------------


LINTED = ("shadow", "components to zero")
"""Kinds that have between them most parts a template can have; the others are linted less often."""


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=[] if kind in LINTED else [pytest.mark.thorough]) for kind in KINDS]
)
def test_linters_find_nothing_in_any_template(kind: str, settings: Environment) -> None:
    text = json.dumps(template(credit(settings, **KINDS[kind])))
    assert not [str(match) for match in lint(text, config=ManualArgs(regions=[REGION]))]


def test_the_platforms_rules_find_nothing_in_any_template_but_what_the_stack_accepts(
    subject: parts.Served,
) -> None:
    found = {
        violation.rule for violation in check(template(subject), partition="aws", dns_suffix="amazonaws.com")
    }
    mode, least = subject.serving.mode, subject.serving.instances.minimum
    accepted = {"IN_VPC", "NETWORK_ISOLATION"} if mode == "serverless" else set()
    assert found == accepted | ({"ENDPOINT_INSTANCES"} if least < 2 else set())


def test_every_template_has_only_types_that_a_release_may_change(subject: parts.Served) -> None:
    types = {resource["Type"] for resource in template(subject)["Resources"].values()}
    assert types <= set(subject.resource_types)


def test_every_type_is_one_that_an_update_knows_in_every_region_with_endpoints() -> None:
    lacking = {
        kind
        for kind in parts.RESOURCE_TYPES
        if kind not in PROVIDER_SCHEMA_MANAGER.get_resource_types("cn-north-1")
    }
    assert not lacking


# --- which versions serve --------------------------------------------------------------------------------


def test_without_a_version_there_is_one_alarm_and_nothing_that_costs(subject: parts.Served) -> None:
    assert set(deployed(subject)) == {parts.STOP_ALARM}


def test_every_combination_of_values_refers_only_to_what_is_there(subject: parts.Served) -> None:
    """A reference to a resource that its condition leaves out would fail the deployment."""
    body = template(subject)
    choices: dict[str, list[str]] = {
        name: rules.get("AllowedValues") or [parts.NONE, VERSION_2]
        for name, rules in body["Parameters"].items()
        if name.endswith("PackageArn") or name == parts.ROLLOUT_MODE
    }
    accepted = 0
    for values in itertools.product(*choices.values()):
        try:
            deployed(subject, dict(zip(choices, values, strict=True)))
        except AssertionError:
            continue
        accepted += 1
    assert accepted >= 4


def test_a_version_in_production_brings_its_endpoint_alarms_and_autoscaling(settings: Environment) -> None:
    there = deployed(credit(settings, **SCALED), serving())
    assert there["ProductionModel"]["PrimaryContainer"] == {
        "ModelPackageName": VERSION_1,
        "Environment": {"PRODUCTION_ATTEMPT": "0"},
    }
    assert there["Endpoint"]["EndpointName"] == "acme-dev-credit"
    assert there["Endpoint"]["EndpointConfigName"] == "<EndpointConfig.EndpointConfigName>"
    assert {"ScalableTarget", "ScalingPolicy", "OperatingAlarm", "ReleaseServerErrorsAlarm"} <= set(there)
    assert not {"ShadowModel", "ChallengerModel"} & set(there)


def test_a_shadow_has_its_share_as_a_weight_and_the_instances_for_the_most_of_it(
    settings: Environment,
) -> None:
    subject = credit(settings, **SCALED, shadow={"sampling_percent": 40})
    config = deployed(subject, serving(ShadowModelPackageArn=VERSION_2))["EndpointConfig"]
    [shadow] = config["ShadowProductionVariants"]
    assert (shadow["VariantName"], shadow["InitialVariantWeight"]) == ("shadow", 0.4)
    assert shadow["InitialInstanceCount"] == 3  # 40 percent of at most 6
    assert shadow["ModelName"] == "<ShadowModel.ModelName>"
    [production] = config["ProductionVariants"]
    assert (production["VariantName"], production["InitialVariantWeight"]) == ("production", 1.0)
    assert production["InstanceType"] == shadow["InstanceType"]


def test_a_shadow_beside_instances_that_do_not_scale_needs_those_of_its_share(settings: Environment) -> None:
    subject = credit(settings, shadow={}, instances={"minimum": 2, "maximum": 9})
    config = deployed(subject, serving(ShadowModelPackageArn=VERSION_2))["EndpointConfig"]
    assert config["ShadowProductionVariants"][0]["InitialInstanceCount"] == 2


def test_a_challenger_is_a_production_variant_without_weight_until_it_is_verified(
    settings: Environment,
) -> None:
    subject = credit(settings, **AB_TEST)
    there = deployed(subject, serving(ChallengerModelPackageArn=VERSION_2))
    weights = {
        v["VariantName"]: v["InitialVariantWeight"] for v in there["EndpointConfig"]["ProductionVariants"]
    }
    assert weights == {"production": 1.0, "challenger": 0.0}
    assert there["ChallengerModel"]["PrimaryContainer"]["ModelPackageName"] == VERSION_2


def test_shadow_and_challenger_exclude_each_other(settings: Environment) -> None:
    values = serving(ShadowModelPackageArn=VERSION_2, ChallengerModelPackageArn=VERSION_2)
    with pytest.raises(AssertionError, match="a shadow or a challenger, never both"):
        deployed(credit(settings, **SHADOW, **AB_TEST), values)


@pytest.mark.parametrize("parameter", ["ShadowModelPackageArn", "PreviousModelPackageArn"])
def test_no_version_is_beside_or_before_production_without_one_in_it(
    settings: Environment, parameter: str
) -> None:
    with pytest.raises(AssertionError, match="needs one in production"):
        deployed(credit(settings, **SHADOW), {parameter: VERSION_2})


@pytest.mark.parametrize("kind", ["plain", "serverless", "async"])
def test_where_no_shadow_can_be_its_parameter_is_there_and_takes_no_version(
    settings: Environment, kind: str
) -> None:
    with pytest.raises(TemplateError, match="ShadowModelPackageArn"):
        deployed(credit(settings, **KINDS[kind]), serving(ShadowModelPackageArn=VERSION_2))


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("ProductionModelPackageArn", VERSION_1.replace("acme-dev-credit", "acme-dev-credit-2")),
        ("ProductionModelPackageArn", VERSION_1.removesuffix("/1")),
        ("ProductionModelPackageArn", ""),
        ("ReleaseId", "ABCDEFGHIJ"),
        ("ReleaseId", "abcdefghi1"),
        ("RolloutMode", "fast"),
        ("ProductionAttempt", "-1"),
    ],
)
def test_a_value_that_is_not_one_of_a_release_is_refused(
    settings: Environment, parameter: str, value: str
) -> None:
    with pytest.raises(TemplateError, match=parameter):
        deployed(credit(settings), serving(**{parameter: value}))


# --- what a release changes ------------------------------------------------------------------------------


def test_another_release_of_the_same_version_leaves_model_and_configuration_alone(
    subject: parts.Served,
) -> None:
    before, after = (deployed(subject, serving(ReleaseId=release)) for release in ("a" * 10, "b" * 10))
    changed = {name for name in before if before[name] != after[name]}
    assert all(name.startswith("Release") for name in changed)
    assert before["EndpointConfig"] == after["EndpointConfig"]
    assert before["ProductionModel"] == after["ProductionModel"]


def test_another_attempt_makes_a_new_model_of_the_same_version(subject: parts.Served) -> None:
    first, second = (deployed(subject, serving(ProductionAttempt=attempt)) for attempt in ("1", "2"))
    assert first["ProductionModel"] != second["ProductionModel"]


def test_models_and_configurations_have_no_name_and_outlive_every_update(subject: parts.Served) -> None:
    kinds = (parts.MODEL_TYPE, parts.ENDPOINT_CONFIG_TYPE)
    found = [resource for resource in template(subject)["Resources"].values() if resource["Type"] in kinds]
    assert len(found) >= 2
    for resource in found:
        assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Retain", "Retain")
        assert not {"ModelName", "EndpointConfigName"} & set(resource["Properties"])


def test_an_endpoint_goes_with_its_condition_as_it_holds_no_data_and_costs(subject: parts.Served) -> None:
    resources = template(subject)["Resources"]
    answering = [resources[name] for name in (parts.ENDPOINT, parts.COMPONENT) if name in resources]
    assert answering
    assert not any({"DeletionPolicy", "UpdateReplacePolicy"} & set(resource) for resource in answering)


def test_a_paused_model_has_only_what_costs_nothing_and_still_says_which_version_it_was(
    subject: parts.Served,
) -> None:
    assert set(deployed(subject, serving(Paused="true"))) <= {parts.STOP_ALARM}
    assert template(subject)["Parameters"][parts.PAUSED]["Default"] == "false"
    assert "Condition" not in template(subject)["Outputs"][parts.PRODUCTION_PACKAGE]


def test_what_serves_is_an_output_only_while_something_does(subject: parts.Served) -> None:
    outputs = template(subject)["Outputs"]
    live = {"LiveEndpointConfigName", *(["LiveModelName"] if subject.has_components else [])}
    assert set(outputs) == live | {
        "EndpointName",
        "Paused",
        "PreviousModelPackageArn",
        "ProductionModelPackageArn",
        "ReleaseId",
        "RolloutMode",
        "ShadowModelPackageArn",
    }
    assert {outputs[name]["Condition"] for name in live} == {parts.HAS_PRODUCTION}
    assert not any("Condition" in output for name, output in outputs.items() if name not in live)


def test_no_parameter_has_a_default_of_an_account_or_a_type_that_is_looked_up(subject: parts.Served) -> None:
    for parameter in template(subject)["Parameters"].values():
        assert parameter["Type"] == "String"
        assert parameter["Default"] in {"none", "0", "immediate", "false"}


def test_the_longest_names_fit(settings: Environment) -> None:
    longest = Names("p" * 6, "e" * 8, "aws", "eu-west-1", "1" * 12)
    assert len(longest.endpoint("m" * 32)) <= 63
    assert len(longest.alarm("m" * 32, f"release-{'a' * 10}-100000/gpu-memory")) <= 255


def test_an_alarm_is_named_after_environment_and_model_whatever_they_are_called() -> None:
    assert Names("a", "x", "aws", "eu-west-1", "1" * 12).alarm("x", "p99-latency") == "a-x/x/p99-latency"
    assert Names("a", "x", "aws", "eu-west-1", "1" * 12).endpoint("x") == "a-x-x"
