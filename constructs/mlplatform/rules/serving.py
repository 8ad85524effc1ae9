"""Rules on endpoints: which variants go together, and what a release must find so that it can go back.

They are the exclusions of the settings once more, read off the template: a request that bypasses the
settings, or a mistake in how the template is written, ends here. Sources: SageMaker API reference
(CreateEndpointConfig, UpdateEndpoint), developer guide ("Deployment guardrails", "Serverless endpoints").
"""

from collections.abc import Iterator, Mapping
from typing import Any

from mlplatform.rules.demands import at
from mlplatform.rules.jobs import ENDPOINT_CONFIG, MODEL
from mlplatform.rules.rule import Finding
from mlplatform.template import Template, text, walk

ENDPOINT = "AWS::SageMaker::Endpoint"
COMPONENT = "AWS::SageMaker::InferenceComponent"


def refs(node: Any) -> set[str]:
    """Names that anything in ``node`` refers to: parameters, resources, conditions."""
    found: set[str] = set()
    for _, value in walk(node):
        match value:
            case {"Ref": str(name)} | {"Condition": str(name)} | {"Fn::GetAtt": [str(name), *_]}:
                found.add(name)
            case {"Fn::Sub": [str(pattern), *_]} | {"Fn::Sub": str(pattern)}:
                found |= {part.split("}")[0].split(".")[0] for part in pattern.split("${")[1:]}
    return found


def configurations(template: Template) -> Iterator[Finding]:
    """Configurations that SageMaker refuses, or that make a variant neither protected nor watched."""
    for logical_id, properties in template.of_type(ENDPOINT_CONFIG):
        place = (logical_id, "Properties.ProductionVariants")
        for message in _together(template, properties):
            yield place, message
        for variant in _variants(properties):
            pools, kind = _any(variant, "InstancePools"), _any(variant, "InstanceType")
            if pools and kind:
                yield (
                    place,
                    f"{text(variant.get('VariantName'))} has InstanceType and InstancePools, allowed: one",
                )
            if _any(variant, "ServerlessConfig"):
                for message in _serverless(template, properties, variant):
                    yield place, message


def components(template: Template) -> Iterator[Finding]:
    """Inference components that find no place: their endpoint's variant must leave the model to them.

    SageMaker API reference: ProductionVariant (ModelName), CreateEndpointConfig (ExecutionRoleArn),
    CreateInferenceComponent.
    """
    attached = list(template.of_type(COMPONENT))
    if not attached:
        return
    for logical_id, properties in attached:
        place = (logical_id, "Properties")
        several, one = properties.get("Specifications"), properties.get("Specification")
        for copy in [one] if isinstance(one, dict) else several or []:
            base = "BaseInferenceComponentName" in copy
            if not base and not _any(copy, "ComputeResourceRequirements.MinMemoryRequiredInMb"):
                yield place, "a copy says not what memory it needs, allowed: MinMemoryRequiredInMb"
    for logical_id, properties in template.of_type(ENDPOINT_CONFIG):
        place = (logical_id, "Properties.ProductionVariants")
        for message in _without_model(properties):
            yield place, message


def _without_model(properties: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with a configuration whose models are attached to the endpoint."""
    for key in ("ExecutionRoleArn", "VpcConfig", "EnableNetworkIsolation"):
        if not _any(properties, key):
            yield f"{key} is missing, where no variant has a model that says it, allowed: with {key}"
    for variant in _variants(properties):
        if _any(variant, "ModelName"):
            yield "a variant has a model beside inference components, allowed: without ModelName"
        if not _any(variant, "ManagedInstanceScaling"):
            yield "a variant has no ManagedInstanceScaling, so copies find no instance, allowed: with it"
    if len(_variants(properties)) > 1:
        yield f"inference components beside {len(_variants(properties))} variants, allowed: one"


def _together(template: Template, properties: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the variants as a whole."""
    production = _listed(properties, "ProductionVariants")
    shadows = _listed(properties, "ShadowProductionVariants")
    names = [text(variant["VariantName"]) for variant in _variants(properties) if "VariantName" in variant]
    if repeated := next((name for name in names if names.count(name) > 1), None):
        yield f"two variants are called {repeated!r}, allowed: each once"
    if len(shadows) > 1:
        yield f"{len(shadows)} shadow variants, allowed: 1"
    if shadows and _any(properties, "AsyncInferenceConfig"):
        yield "an asynchronous endpoint has a shadow variant, allowed: none"
    others = [variant for variant in production if len(production) > 1 and "Fn::If" in variant]
    certain = len(production) - len(others)
    if shadows and (certain > 1 or any(not _exclusive(template, properties, other) for other in others)):
        yield f"{len(production)} production variants beside a shadow, allowed: 1 of each"


def _exclusive(template: Template, properties: Mapping[str, Any], variant: Mapping[str, Any]) -> bool:
    """Whether a rule of the template refuses parameters that ask for both this variant and a shadow."""
    shadow = properties["ShadowProductionVariants"]
    if "Fn::If" not in shadow:
        return False
    ours, theirs = (_asked(template, node["Fn::If"][0]) for node in (variant, shadow))
    found = [refs(rule) for rule in template.body.get("Rules", {}).values()]
    return any((ours - theirs) & named and (theirs - ours) & named for named in found)


def _asked(template: Template, condition: str) -> set[str]:
    """The parameters that a condition depends on."""
    conditions = template.body.get("Conditions", {})
    named = refs(conditions.get(condition, {}))
    return {name for one in named for name in (_asked(template, one) if one in conditions else {one})}


def _serverless(
    template: Template, properties: Mapping[str, Any], variant: Mapping[str, Any]
) -> Iterator[str]:
    """What serverless endpoints do not support."""
    lacking = {
        "a shadow variant": _listed(properties, "ShadowProductionVariants"),
        "data capture": _any(properties, "DataCaptureConfig"),
        "asynchronous inference": _any(properties, "AsyncInferenceConfig"),
        "instances": _any(variant, "InstanceType") or _any(variant, "InstancePools"),
        "a second variant": len(_listed(properties, "ProductionVariants")) > 1,
    }
    models = dict(template.of_type(MODEL))
    model = models.get(next(iter(refs(variant.get("ModelName"))), ""), {})
    lacking["a VPC"] = _any(model, "VpcConfig")
    lacking["network isolation"] = "true" in [text(v).lower() for v in at(model, "EnableNetworkIsolation")]
    lacking["several containers"] = _any(model, "Containers")
    for what, there in lacking.items():
        if there:
            yield f"a serverless variant has {what}, allowed: without"


def _variants(properties: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Every variant there may be, production first."""
    keys = ("ProductionVariants", "ShadowProductionVariants")
    return [variant for key in keys for variant in at(properties, key) if isinstance(variant, dict)]


def _listed(properties: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    """The list at ``key``, if there may be one; conditions on its items stay."""
    value = properties.get(key)
    if isinstance(value, dict) and "Fn::If" in value:
        value = next((branch for branch in value["Fn::If"][1:] if isinstance(branch, list)), [])
    return value if isinstance(value, list) else []


def _any(node: Mapping[str, Any], path: str) -> bool:
    """Whether there may be a value at ``path``."""
    return any(value is not None for value in at(node, path))


def retained(template: Template) -> Iterator[Finding]:
    """Models and configurations that an update deletes, though SageMaker may have gone back to them."""
    if not list(template.of_type(ENDPOINT)):
        return
    for logical_id, resource in template.resources.items():
        if resource["Type"] not in (MODEL, ENDPOINT_CONFIG):
            continue
        for policy in ("DeletionPolicy", "UpdateReplacePolicy"):
            if resource.get(policy) != "Retain":
                given = resource.get(policy, "missing")
                yield (logical_id, policy), f"{policy} is {given}, allowed: Retain, it may still serve"


def served_alone(template: Template) -> Iterator[Finding]:
    """Beside an endpoint, types that its update role may not touch, and parameters that settings decide."""
    if not list(template.of_type(ENDPOINT)):
        return
    for logical_id, resource in template.resources.items():
        if resource["Type"] not in _RELEASED:
            message = f"{resource['Type']} in the stack of an endpoint, allowed: what a release may change"
            yield (logical_id, ""), message
    for name, parameter in template.body.get("Parameters", {}).items():
        place = ("", f"Parameters.{name}")
        default = str(parameter.get("Default", ""))
        if parameter.get("Type") != "String" or "Default" not in parameter:
            yield (
                place,
                f"parameter {name} is not a String with a default, allowed: values that only releases set",
            )
        elif ":" in default or any(part.isdigit() and len(part) == 12 for part in default.split("-")):
            yield place, f"the default of {name} is {default!r}, allowed: one that names no account or region"


_RELEASED = frozenset(
    {
        "AWS::ApplicationAutoScaling::ScalableTarget",
        "AWS::ApplicationAutoScaling::ScalingPolicy",
        "AWS::CDK::Metadata",
        "AWS::CloudWatch::Alarm",
        "AWS::CloudWatch::CompositeAlarm",
        COMPONENT,
        ENDPOINT,
        ENDPOINT_CONFIG,
        MODEL,
    }
)
