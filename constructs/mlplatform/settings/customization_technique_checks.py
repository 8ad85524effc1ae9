"""What AWS does not take in the settings of a technique of model customization."""

from collections.abc import Iterator

from mlplatform.customization import catalog
from mlplatform.settings.customization import CustomizationSettings, TechniqueSettings
from mlplatform.settings.customization_told import told
from mlplatform.settings.findings import Finding, Path, finding

REWARDS = {"reward_function": "rlvr", "reward_prompt": "rlaif", "reward_model": "rlaif"}
"""Settings that one technique needs, and no other takes."""

LENGTHS = ("dataset_max_len", "max_prompt_length", "max_response_length")
"""Hyperparameters that, added up, are the longest prompt and answer together."""


def technique_problems(section: CustomizationSettings, name: str) -> Iterator[Finding]:
    """Problems of the technique ``name``."""
    technique = section.techniques[name]
    path: Path = ("customization", "techniques", name)
    yield from _offered(section, name, path)
    yield from _rewards(technique, name, path)
    yield from _format(section, name, path)
    here = (*path, "hyperparameters")
    yield from told(technique.hyperparameters, catalog.hyperparameters(name), here)
    yield from _lengths(technique, here)
    if technique.validation == technique.train:
        what = "the model learns from it, so that it validates nothing"
        given = repr(technique.validation)
        yield finding((*path, "validation"), what, given=given, allowed="data of its own")
    if technique.spend_usd > section.monthly_budget_usd:
        what = "one job may cost more than the month's budget"
        allowed = f"at most monthly_budget_usd, {section.monthly_budget_usd}"
        yield finding((*path, "spend_usd"), what, given=technique.spend_usd, allowed=allowed)


def licence_problems(section: CustomizationSettings) -> Iterator[Finding]:
    """A model with a licence to accept, and another address or none."""
    known = catalog.base_models().get(section.hub_model[0])
    if known is None or known.licence is None or section.accept_eula == known.licence:
        return
    path = "customization.accept_eula" if section.accept_eula else "customization.base_model"
    what = f"the licence of {known.name} must be accepted"
    given = repr(section.accept_eula) if section.accept_eula else None
    yield finding(path, what, given=given, allowed=f"accept_eula: {known.licence}")


def _offered(section: CustomizationSettings, name: str, path: Path) -> Iterator[Finding]:
    known = catalog.base_models().get(section.hub_model[0])
    if known is None:
        return
    ways = known.techniques.get(name, ())
    if not ways:
        what = f"AWS has no such technique for {known.id}"
        yield finding(path, what, given=name, allowed=", ".join(known.techniques))
    elif section.techniques[name].peft not in ways:
        what = f"AWS has no such {name} for {known.id}"
        given = section.techniques[name].peft
        yield finding((*path, "peft"), what, given=given, allowed=", ".join(ways))


def _rewards(technique: TechniqueSettings, name: str, path: Path) -> Iterator[Finding]:
    for key, owner in REWARDS.items():
        value = getattr(technique, key)
        if name == owner and value is None:
            yield finding(path, f"{name} does not go without {key}", allowed=f"a {key}")
        elif name != owner and value is not None:
            given = repr(getattr(value, "text", value))
            yield finding((*path, key), f"does not go with {name}", given=given, allowed=owner)
    yield from _judged(technique, name, path)


def _judged(technique: TechniqueSettings, name: str, path: Path) -> Iterator[Finding]:
    """What no model of Bedrock judges by, and a model that judges nothing, during RLAIF."""
    prompt, model = technique.reward_prompt, technique.reward_model
    if name != "rlaif":
        return
    if prompt and prompt.startswith(catalog.BUILT_IN):
        known = [f"{catalog.BUILT_IN}{metric}" for metric in catalog.judge_metrics()]
        if prompt not in known:
            allowed = f"{', '.join(known)}, or a .jinja file"
            yield finding((*path, "reward_prompt"), "unknown metric", given=repr(prompt), allowed=allowed)
    if model and model not in catalog.reward_models():
        what, allowed = "gives no rewards in SageMaker", ", ".join(catalog.reward_models())
        yield finding((*path, "reward_model"), what, given=repr(model), allowed=allowed)


def _format(section: CustomizationSettings, name: str, path: Path) -> Iterator[Finding]:
    given, kind = section.techniques[name].format, catalog.kind_of(section.hub_model[0])
    allowed = catalog.formats(kind, name)
    if given and given not in allowed:
        models = "models of Amazon Nova" if kind == "nova" else "open-weight models"
        what = f"{name} of {models} takes no such data"
        yield finding((*path, "format"), what, given=given, allowed=", ".join(allowed))


def _lengths(technique: TechniqueSettings, path: Path) -> Iterator[Finding]:
    most = technique.sequence_tokens
    told_lengths = {key: technique.hyperparameters.get(key) for key in LENGTHS}
    lengths = {key: value for key, value in told_lengths.items() if isinstance(value, int)}
    if most and sum(lengths.values()) > most:
        what = f"more than sequence_length: {technique.sequence_length}"
        given, allowed = f"{sum(lengths.values())} tokens", f"{most} in all"
        yield finding((*path, next(reversed(lengths))), what, given=given, allowed=allowed)
