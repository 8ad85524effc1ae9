"""The parameters of a Serving stack, the conditions and rules on them, and its outputs.

Nothing that a settings file decides is a parameter: a changed default never reaches a stack that exists. All
of them have defaults, with which nothing serves.
"""

from mlplatform.serving import parts
from mlplatform.serving.parts import ENDPOINT_CONFIG, HAS_PRODUCTION, NONE, Part, Served, attribute, ref

_GROUPS = "arn:[a-z-]+:sagemaker:[a-z0-9-]+:[0-9]{12}:model-package/"
"""ARNs of versions up to their group's name; the account is a matter of whoever releases."""


def parameters(served: Served) -> dict[str, Part]:
    """The parameters: which versions serve, and how the last release brought them there.

    ``ShadowModelPackageArn`` is one in every mode, so that every template takes the same values; where no
    shadow can be, it takes none.
    """
    release = f"^({NONE}|[a-z2-7]{{10}})$"
    modes = [parts.GUARDED, parts.IMMEDIATE]
    return {
        **_versions(served),
        parts.RELEASE_ID: _text("The release that set these values", AllowedPattern=release),
        parts.ROLLOUT_MODE: _text("Whether alarms guard an update", parts.IMMEDIATE, AllowedValues=modes),
        parts.PAUSED: _text("Whether nothing serves for now", "false", AllowedValues=["false", "true"]),
        parts.ATTEMPT: _text("Makes a new model of the version", "0", AllowedPattern="^(0|[1-9][0-9]{0,5})$"),
    }


def _versions(served: Served) -> dict[str, Part]:
    """Those that name a version of the model."""
    group = served.settings.neighbours.registry.name(served.product.name, kind="model")
    version = {
        "AllowedPattern": f"^({NONE}|{_GROUPS}{group}/[1-9][0-9]{{0,8}})$",
        "ConstraintDescription": f"{NONE}, or the ARN of a version of {group}",
    }
    shadow = version if served.serving.shadow else {"AllowedValues": [NONE]}
    found = {
        parts.PRODUCTION_PACKAGE: _text("The version that serves", **version),
        parts.SHADOW_PACKAGE: _text("The version that gets a copy of the requests", **shadow),
        parts.PREVIOUS_PACKAGE: _text("The version that served before", **version),
    }
    if served.serving.ab_test:
        found[parts.CHALLENGER_PACKAGE] = _text("The version beside the one that serves", **version)
    return found


def _text(description: str, default: str = NONE, **rest: object) -> Part:
    return {"Type": "String", "Default": default, "Description": description, **rest}


def conditions(served: Served) -> dict[str, Part]:
    """What the parameters ask for; nothing is there without a version in production, or of a paused model."""
    has_production: Part = {"Condition": HAS_PRODUCTION}
    serves: Part = {"Fn::Equals": [ref(parts.PAUSED), "false"]}
    found: dict[str, Part] = {HAS_PRODUCTION: {"Fn::And": [_given(parts.PRODUCTION_PACKAGE), serves]}}
    if served.guarded:
        guarded: Part = {"Fn::Equals": [ref(parts.ROLLOUT_MODE), parts.GUARDED]}
        found[parts.IS_GUARDED] = {"Fn::And": [has_production, guarded]}
    if served.serving.shadow:
        found[parts.HAS_SHADOW] = {"Fn::And": [has_production, _given(parts.SHADOW_PACKAGE)]}
    if served.serving.ab_test:
        found[parts.HAS_CHALLENGER] = {"Fn::And": [has_production, _given(parts.CHALLENGER_PACKAGE)]}
        if served.serving.objectives.minimum_invocations_per_hour is not None:
            found[parts.SERVES_ALONE] = {
                "Fn::And": [has_production, {"Fn::Not": [{"Condition": parts.HAS_CHALLENGER}]}]
            }
    return found


def rules(served: Served) -> dict[str, Part]:
    """What CloudFormation refuses before it changes anything.

    An endpoint takes one production and one shadow variant, or several production variants (SageMaker API,
    CreateEndpointConfig, ShadowProductionVariants).
    """
    first = {parts.PREVIOUS_PACKAGE: "previous", parts.SHADOW_PACKAGE: "shadow"}
    if served.serving.ab_test:
        first[parts.CHALLENGER_PACKAGE] = "challenger"
    found = {
        f"{what.capitalize()}NeedsProduction": _assertion(
            [_none(parameter), _given(parts.PRODUCTION_PACKAGE)],
            f"A {what} version needs one in production",
        )
        for parameter, what in first.items()
    }
    if served.serving.ab_test:
        found["ShadowOrChallenger"] = _assertion(
            [_none(parts.SHADOW_PACKAGE), _none(parts.CHALLENGER_PACKAGE)],
            "An endpoint has a shadow or a challenger, never both",
        )
    return found


def _assertion(either: list[Part], description: str) -> Part:
    return {"Assertions": [{"Assert": {"Fn::Or": either}, "AssertDescription": description}]}


def _none(parameter: str) -> Part:
    return {"Fn::Equals": [ref(parameter), NONE]}


def _given(parameter: str) -> Part:
    return {"Fn::Not": [_none(parameter)]}


def _live_model() -> dict[str, Part]:
    model = attribute(parts.MODELS[parts.PRODUCTION], "ModelName")
    return {parts.LIVE_MODEL: {"Condition": HAS_PRODUCTION, "Value": model}}


def outputs(served: Served) -> dict[str, Part]:
    """What serves, as the template has it."""
    echoed = (
        parts.PRODUCTION_PACKAGE,
        parts.PREVIOUS_PACKAGE,
        parts.SHADOW_PACKAGE,
        parts.RELEASE_ID,
        parts.ROLLOUT_MODE,
        parts.PAUSED,
    )
    return {
        "EndpointName": {"Value": served.endpoint},
        # The condition stands on the output: CloudFormation's validation takes a GetAtt within Fn::If for one
        # of a resource that may not exist (W1001).
        parts.LIVE_CONFIG: {
            "Condition": HAS_PRODUCTION,
            "Value": attribute(ENDPOINT_CONFIG, "EndpointConfigName"),
        },
        **(_live_model() if served.has_components else {}),
        **{name: {"Value": ref(name)} for name in echoed},
    }
