"""Which reward functions a model needs: one per reward and form of answer.

SageMaker's training of open-weight models wants an HTTP response, Amazon Nova and Amazon Bedrock the array
itself (Amazon Nova user guide, "Implementing reward functions"). A reward that both ask has two functions.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from mlplatform.customization import catalog
from mlplatform.settings.customization import CustomizationSettings
from mlplatform.settings.customization_rewards import RewardSettings, compact

Service = Literal["sagemaker", "bedrock"]

BESIDE = "-bedrock"
"""How the second function of a reward ends; no file's name has a hyphen."""


@dataclass(frozen=True)
class RewardDeployment:
    """A reward as one function: its ``name`` within the model, the ``form`` of its answers, who asks it."""

    reward: RewardSettings
    name: str
    form: Literal["http", "array"]
    services: tuple[Service, ...]

    def variables(self, folder: Path) -> Mapping[str, str]:
        """Environment variables as ``lambda/rewards`` reads them; schemas are files of ``folder``."""
        told: dict[str, str] = {"ANSWER_FORM": self.form}
        if match := self.reward.exact_match:
            told |= {"RELATIVE_TOLERANCE": f"{match.relative_tolerance:g}", "EXTRACTION": match.extraction}
        if file := self.reward.schema_file:
            told["JSON_SCHEMA"] = compact((folder / file).read_text(encoding="utf-8"))
        return MappingProxyType(told)


def deployments(section: CustomizationSettings) -> tuple[RewardDeployment, ...]:
    """The functions of a model, by name."""
    return tuple(sorted(_deployments(section), key=lambda one: one.name))


def _deployments(section: CustomizationSettings) -> Iterator[RewardDeployment]:
    form: Literal["http", "array"] = (
        "http" if catalog.kind_of(section.hub_model[0]) == "open_weight" else "array"
    )
    trained = {reward.name: reward for reward in section.sagemaker_rewards}
    graded = section.bedrock.reward_function if section.bedrock else None
    shared = graded.name if graded and graded.name in trained and form == "array" else None
    for name, reward in trained.items():
        both: tuple[Service, ...] = ("sagemaker", "bedrock") if name == shared else ("sagemaker",)
        yield RewardDeployment(reward, name, form, both)
    if graded and graded.name != shared:
        called = f"{graded.name}{BESIDE}" if graded.name in trained else graded.name
        yield RewardDeployment(graded, called, "array", ("bedrock",))
