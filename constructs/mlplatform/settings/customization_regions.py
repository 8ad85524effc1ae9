"""What AWS customizes in other regions only, and what an environment cannot promise."""

from collections.abc import Iterator

from mlplatform.customization import catalog
from mlplatform.settings.customization import CustomizationSettings
from mlplatform.settings.customization_bedrock import BedrockSettings
from mlplatform.settings.environment import Environment
from mlplatform.settings.findings import Finding, Path, finding
from mlplatform.settings.products import ModelProduct


def region_problems(product: ModelProduct, settings: Environment) -> Iterator[Finding]:
    """Problems of a product's customization in the region of an environment where models are trained."""
    section = product.customization
    if section is None:
        return
    yield from _secrets(section, settings)
    offered = not section.techniques or settings.region in _regions(section)
    if section.techniques:
        yield from _sagemaker(product.name, section, settings.region)
    if section.bedrock and offered:  # else the line that leaves the model out is enough
        yield from _bedrock(product.name, section, section.bedrock, settings)


def _regions(section: CustomizationSettings) -> tuple[str, ...]:
    return catalog.regions(catalog.kind_of(section.hub_model[0]))


def _without_model(name: str) -> str:
    return f"`models: {{{name}: {{enabled: false}}}}`"


def _without_bedrock(name: str, section: CustomizationSettings) -> str:
    if not section.techniques:
        return _without_model(name)
    return f"`models: {{{name}: {{customization: {{bedrock: null}}}}}}`"


def _sagemaker(name: str, section: CustomizationSettings, region: str) -> Iterator[Finding]:
    model, offering = section.hub_model[0], _regions(section)
    if region not in offering:
        allowed = f"an environment in {', '.join(offering)}; or {_without_model(name)}"
        what = f"SageMaker does not customize {model} in {region}"
        yield finding("customization.base_model", what, allowed=allowed)
        return
    for technique, given in section.techniques.items():
        having = catalog.reward_models().get(given.reward_model or "")
        if technique == "rlaif" and having and region not in having:
            here = [model for model, regions in catalog.reward_models().items() if region in regions]
            path: Path = ("customization", "techniques", technique, "reward_model")
            allowed = f"{', '.join(here)}; or an environment in {', '.join(having)}"
            what = f"gives no rewards in {region}"
            yield finding(path, what, given=repr(given.reward_model), allowed=allowed)


def _secrets(section: CustomizationSettings, settings: Environment) -> Iterator[Finding]:
    """Roles reach no secret of another account, and jobs look for one in their own region."""
    ours = [settings.region, settings.account]
    for technique, given in section.techniques.items():
        for name, value in given.hyperparameters.items():
            if value in section.secrets and str(value).split(":")[3:5] != ours:
                path: Path = ("customization", "techniques", technique, "hyperparameters", name)
                allowed = f"a secret of the account {settings.account} in {settings.region}"
                yield finding(path, "is a secret of elsewhere", given=repr(value), allowed=allowed)


def _bedrock(
    name: str, section: CustomizationSettings, bedrock: BedrockSettings, settings: Environment
) -> Iterator[Finding]:
    region, turn_off = settings.region, _without_bedrock(name, section)
    known = catalog.bedrock_models().get(bedrock.base_model)
    found = known.customizations.get(bedrock.customization) if known else None
    offering = found or catalog.regions("bedrock")
    path = "customization.bedrock.base_model"
    if region not in offering:
        allowed = f"an environment in {', '.join(offering)}; or {turn_off}"
        what = f"Bedrock does not customize {bedrock.base_model} in {region}"
        yield finding(path, what, allowed=allowed)
    elif known and not bedrock.serving.provisioned and region not in known.on_demand:
        allowed = f"provisioned; an environment in {', '.join(known.on_demand)}; or {turn_off}"
        what = f"a customized {known.id} does not answer on demand in {region}"
        yield finding("customization.bedrock.serving", what, given="on_demand", allowed=allowed)
    yield from _commitment(bedrock, settings)


def _commitment(bedrock: BedrockSettings, settings: Environment) -> Iterator[Finding]:
    provisioned = bedrock.serving.provisioned
    if provisioned and provisioned.commitment != "none" and not settings.retains:
        what = "cannot be deleted before its term ends, and removal: destroy leaves nothing"
        path: Path = ("customization", "bedrock", "serving", "provisioned", "commitment")
        yield finding(path, what, given=provisioned.commitment, allowed="none, or removal: retain")
