"""What AWS does not take in the settings of model customization, and what contradicts itself."""

from collections.abc import Iterator

from mlplatform.settings.customization import CustomizationSettings
from mlplatform.settings.customization_bedrock_checks import bedrock_problems
from mlplatform.settings.customization_evaluation_checks import evaluation_problems, gate_problems
from mlplatform.settings.customization_owned import CUSTOMIZING
from mlplatform.settings.customization_reward_checks import reward_problems
from mlplatform.settings.customization_technique_checks import licence_problems, technique_problems
from mlplatform.settings.findings import Finding, finding
from mlplatform.settings.products import ModelProduct
from mlplatform.settings.requests import problems

FROM_SCRATCH = ("data", "prepare", "train", "tune")
ITS_OWN = ("evaluate", "gate")
"""Sections of a model that is trained from scratch; of the latter a customized model has its own."""

OF_TECHNIQUES = ("base_model", "accept_eula", "evaluate", "gate", "request")
"""Settings that say nothing where only Bedrock customizes."""


def customization_problems(product: ModelProduct, section: CustomizationSettings) -> Iterator[Finding]:
    """Problems of the customization section, its files and regions apart."""
    yield from _other_sections(product)
    if not section.techniques and section.bedrock is None:
        allowed = "techniques, bedrock, or both"
        yield finding("customization", "customizes nothing", allowed=allowed)
    yield from _together(section)
    yield from licence_problems(section)
    yield from reward_problems(section)
    for name in section.techniques:
        yield from technique_problems(section, name)
    if section.evaluate:
        yield from evaluation_problems(section, section.evaluate)
    if section.gate:
        yield from gate_problems(section, section.gate)
    if section.bedrock:
        yield from bedrock_problems(section, section.bedrock)
    at = ("customization", "request")
    yield from problems("CreateTrainingJob", section.request, owned=CUSTOMIZING, at=at)


def _other_sections(product: ModelProduct) -> Iterator[Finding]:
    for name in FROM_SCRATCH:
        if getattr(product, name) is not None:
            what = "is of a model trained from scratch, and this one customizes a foundation model"
            yield finding(name, what, allowed=f"a section customization, or a section {name}")
    for name in ITS_OWN:
        if getattr(product, name) is not None:
            what = "is of a model trained from scratch, and a customized one has its own"
            yield finding(name, what, allowed=f"customization.{name}")


def _together(section: CustomizationSettings) -> Iterator[Finding]:
    if section.techniques:
        for key in ("base_model", "evaluate"):
            if getattr(section, key) is None:
                allowed = f"customization.{key}"
                yield finding("customization.techniques", f"do not go without {key}", allowed=allowed)
    elif section.bedrock:
        for key in OF_TECHNIQUES:
            if getattr(section, key):
                path = f"customization.{key}"
                yield finding(path, "does not go without techniques", allowed="techniques, or bedrock alone")
