"""Templates of Serving stacks out of a few settings, and what is there once they have values."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from landscapes import environment, landscape

from mlplatform.serving.parts import Served, served
from mlplatform.serving.template import template
from mlplatform.settings import Environment, ModelProduct
from rehearsal.api import Place
from rehearsal.cloudformation import parameters as given_parameters
from rehearsal.cloudformation.intrinsics import Scope

ACCOUNT, REGION = "111122223333", "eu-west-1"
VERSIONS = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-package/acme-dev-credit/"
VERSION_1, VERSION_2 = f"{VERSIONS}1", f"{VERSIONS}2"

SHADOW: dict[str, Any] = {"shadow": {}}
AB_TEST: dict[str, Any] = {"ab_test": {}}
CAPTURED: dict[str, Any] = {"capture": {}}
SCALED: dict[str, Any] = {
    "instances": {"minimum": 2, "maximum": 6},
    "autoscaling": {"target_invocations_per_minute": 600},
}
SERVERLESS: dict[str, Any] = {"mode": "serverless"}
ASYNC: dict[str, Any] = {"mode": "async"}
TO_ZERO: dict[str, Any] = {
    **ASYNC,
    "instances": {"minimum": 0, "maximum": 3},
    "autoscaling": {"target_backlog_per_instance": 5},
    "rollout": {"strategy": "all_at_once"},
}


COMPONENTS: dict[str, Any] = {
    "mode": "inference_components",
    "instance_type": "ml.g5.2xlarge",
    "components": {"memory_mb": 24_000, "copies": {"minimum": 2, "maximum": 4}},
    "instances": {"minimum": 2, "maximum": 6},
    "autoscaling": {"target_concurrent_requests": 8},
    "objectives": {"gpu_percent": 95, "gpu_memory_percent": 95, "p99_latency_ms": 20_000},
}
COMPONENTS_TO_ZERO: dict[str, Any] = {
    **COMPONENTS,
    "components": {"memory_mb": 24_000, "cpu_cores": 2, "copies": {"minimum": 0, "maximum": 2}},
    "instances": {"minimum": 0, "maximum": 2},
    "fallback_instance_types": ["ml.g6.2xlarge", "ml.g5.4xlarge"],
}


def settings_in(folder: Path, **settings: Any) -> Environment:
    """An environment ``dev`` without models, with further ``settings``."""
    return landscape(folder, {"dev": environment(ACCOUNT, **settings)}, {})["dev"]


def credit(settings: Environment, **serving: Any) -> Served:
    """The model ``credit``, which serves in ``settings`` as ``serving`` says."""
    values = {
        "name": "credit",
        "description": "Predicts",
        "owner": "risk-team",
        "task": "regression",
        "serving": {"sample": {"file": "sample.csv"}, **serving},
    }
    return served(ModelProduct.model_validate(values), settings)


def serving(**values: str) -> dict[str, str]:
    """Values of parameters with which version 1 serves, or others."""
    return {"ProductionModelPackageArn": VERSION_1, "ReleaseId": "abcdefghij", **values}


def deployed(subject: Served, values: Mapping[str, str] | None = None) -> dict[str, dict[str, Any]]:
    """Properties of what is there with these values of parameters, every function resolved.

    A reference to a resource that is not there raises KeyError, as it would fail the deployment. Raises
    TemplateError for a value that a parameter does not take, and AssertionError for one that a rule refuses.
    """
    body = template(subject)
    known = given_parameters.values(body, values or {}, {}, lambda name: name)
    there: set[str] = set()

    def attribute(logical_id: str, name: str | None) -> str:
        if logical_id not in there:
            raise KeyError(logical_id)
        return f"<{logical_id}.{name}>" if name else f"<{logical_id}>"

    scope = Scope(
        place=Place("aws", REGION, ACCOUNT),
        stack_name="acme-dev-serving-credit",
        stack_id="",
        parameters=known,
        mappings={},
        conditions=body["Conditions"],
        zones=(),
        attribute=attribute,
        imported=lambda name: f"<{name}>",
    )
    broken = given_parameters.broken_rules(body, scope.holds)
    assert not broken, broken
    there |= {
        name for name, r in body["Resources"].items() if "Condition" not in r or scope.holds(r["Condition"])
    }
    return {name: scope.resolve(body["Resources"][name]["Properties"]) for name in sorted(there)}


def outputs(subject: Served) -> dict[str, Any]:
    """The outputs of the template."""
    found: dict[str, Any] = template(subject)["Outputs"]
    return found
