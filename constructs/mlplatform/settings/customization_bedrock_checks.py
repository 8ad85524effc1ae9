"""What Amazon Bedrock does not take in the settings of its customization jobs."""

from collections.abc import Iterator

from mlplatform.customization import catalog
from mlplatform.customization.entries import BedrockModel
from mlplatform.settings.customization import CustomizationSettings
from mlplatform.settings.customization_bedrock import BedrockSettings
from mlplatform.settings.customization_owned import BEDROCK
from mlplatform.settings.customization_told import only, told
from mlplatform.settings.findings import Finding, Path, finding
from mlplatform.settings.requests import problems

_AT: Path = ("customization", "bedrock")
_REINFORCEMENT = "reinforcement_fine_tuning"


def bedrock_problems(section: CustomizationSettings, bedrock: BedrockSettings) -> Iterator[Finding]:
    """Problems of the section ``bedrock``, its regions apart."""
    known = catalog.bedrock_models().get(bedrock.base_model)
    if known and bedrock.customization != "distillation":
        yield from _offered(known, bedrock)
    yield from _format(known, bedrock)
    yield from _reward(bedrock)
    ranges = catalog.bedrock_hyperparameters(bedrock.base_model, bedrock.customization)
    yield from told(bedrock.hyperparameters, ranges, (*_AT, "hyperparameters"), secrets=False)
    yield from only(bedrock.hyperparameters, ranges, (*_AT, "hyperparameters"))
    if bedrock.spend_usd > section.monthly_budget_usd:
        what = "one job may cost more than the month's budget"
        allowed = f"at most monthly_budget_usd, {section.monthly_budget_usd}"
        yield finding((*_AT, "spend_usd"), what, given=bedrock.spend_usd, allowed=allowed)
    at = (*_AT, "request")
    yield from problems("CreateModelCustomizationJob", bedrock.request, owned=BEDROCK, at=at)
    yield from _distillation(bedrock)


def _offered(known: BedrockModel, bedrock: BedrockSettings) -> Iterator[Finding]:
    if bedrock.customization not in known.customizations:
        ways = ", ".join(known.customizations)
        models = catalog.bedrock_models().values()
        others = [model.id for model in models if bedrock.customization in model.customizations]
        allowed = f"{ways}; or base_model: {', '.join(others)}" if ways and others else ways or known.note
        what = f"AWS has no such customization for {known.id}"
        yield finding((*_AT, "customization"), what, given=bedrock.customization, allowed=allowed)
    elif bedrock.serving.provisioned is None and not known.on_demand:
        having = [m.id for m in catalog.bedrock_models().values() if m.on_demand]
        what = f"a customized {known.id} does not answer on demand"
        path = (*_AT, "serving") if "serving" in bedrock.model_fields_set else (*_AT, "base_model")
        allowed = f"serving: {{provisioned: {{model_units: 1}}}}, or base_model: {', '.join(having)}"
        yield finding(path, what, given="on_demand", allowed=allowed)


def _format(known: BedrockModel | None, bedrock: BedrockSettings) -> Iterator[Finding]:
    if bedrock.format is None:
        return
    allowed = catalog.formats("bedrock", bedrock.customization)
    if bedrock.customization == "fine_tuning" and known and known.formats:
        allowed = known.formats
    if bedrock.format not in allowed:
        what = f"{bedrock.customization} of {bedrock.base_model} takes no such data"
        yield finding((*_AT, "format"), what, given=bedrock.format, allowed=", ".join(allowed))


def _reward(bedrock: BedrockSettings) -> Iterator[Finding]:
    reinforced = bedrock.customization == _REINFORCEMENT
    if reinforced and bedrock.reward_function is None:
        what = f"{_REINFORCEMENT} does not go without reward_function"
        yield finding((*_AT, "customization"), what, allowed="a reward_function")
    elif not reinforced and bedrock.reward_function is not None:
        what, given = f"does not go with {bedrock.customization}", repr(bedrock.reward_function.text)
        yield finding((*_AT, "reward_function"), what, given=given, allowed=_REINFORCEMENT)


def _distillation(bedrock: BedrockSettings) -> Iterator[Finding]:
    config = bedrock.request.get("customizationConfig")
    given = isinstance(config, dict) and "distillationConfig" in config
    if bedrock.customization == "distillation" and not given:
        what = "distillation does not go without its teacher"
        allowed = "request.customizationConfig.distillationConfig.teacherModelConfig"
        yield finding((*_AT, "customization"), what, allowed=allowed)
    elif bedrock.customization != "distillation" and given:
        path = (*_AT, "request", "customizationConfig", "distillationConfig")
        what = f"does not go with {bedrock.customization}"
        yield finding(path, what, allowed="customization: distillation")
