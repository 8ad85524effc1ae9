"""The SageMaker models of a Serving stack: one for each variant, made of a registered version."""

from typing import Any

from mlplatform.exports import imported, subnet_exports
from mlplatform.serving import parts
from mlplatform.serving.parts import MODELS, Part, Served, ref, resource

RETAINED = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
"""Of models and configurations: SageMaker may have gone back to one that the template no longer describes."""

ATTEMPT_VARIABLE = "PRODUCTION_ATTEMPT"
"""Variable of the containers that nothing reads: to change it makes a new model of the same version."""

_VARIANTS = {
    parts.PRODUCTION: (parts.PRODUCTION_PACKAGE, parts.HAS_PRODUCTION),
    parts.SHADOW: (parts.SHADOW_PACKAGE, parts.HAS_SHADOW),
    parts.CHALLENGER: (parts.CHALLENGER_PACKAGE, parts.HAS_CHALLENGER),
}


def models(served: Served) -> dict[str, Part]:
    """The models by logical id.

    The version says the containers, a whole serial pipeline of them if it has one. Models are never named:
    a change makes the successor first.
    """
    wanted = {
        parts.PRODUCTION: True,
        parts.SHADOW: served.serving.shadow,
        parts.CHALLENGER: served.serving.ab_test,
    }
    return {MODELS[variant]: _model(served, variant) for variant, there in wanted.items() if there}


def in_network(served: Served) -> Part:
    """In which network containers run, and that they reach none beyond it."""
    return {
        "EnableNetworkIsolation": served.serving.network_isolation,
        "VpcConfig": {
            "Subnets": [imported(name, served.settings) for name in subnet_exports(served.settings)],
            "SecurityGroupIds": [imported("ModelSecurityGroupId", served.settings)],
        },
    }


def endpoint_role(served: Served) -> str:
    """ARN of the role that containers run as."""
    return served.names.role_arn("endpoint", f"{served.product.name}-endpoint")


def _model(served: Served, variant: str) -> Part:
    package, condition = _VARIANTS[variant]
    properties: dict[str, Any] = {
        "ExecutionRoleArn": endpoint_role(served),
        "PrimaryContainer": {
            "ModelPackageName": ref(package),
            "Environment": {ATTEMPT_VARIABLE: ref(parts.ATTEMPT)},
        },
    }
    if served.has_components:
        properties["PrimaryContainer"]["InferenceSpecificationName"] = parts.SERVING_SPECIFICATION
    if served.serving.mode != "serverless":  # which takes neither
        properties |= in_network(served)
    return resource(parts.MODEL_TYPE, properties, condition=condition, **RETAINED)
