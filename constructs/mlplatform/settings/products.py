"""Settings of a model product: what ``models/<model>/model.yaml`` may say."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, PrivateAttr, field_validator

from mlplatform.settings.customization import CustomizationSettings
from mlplatform.settings.data import DataSettings
from mlplatform.settings.fields import Section, Text, refuse
from mlplatform.settings.gate import GateSettings
from mlplatform.settings.inference import BatchSettings, InferenceSettings
from mlplatform.settings.jobs import EvaluateSettings, PrepareSettings
from mlplatform.settings.schedule import ScheduleSettings
from mlplatform.settings.serving import ServingSettings
from mlplatform.settings.training import TrainSettings
from mlplatform.settings.tuning import TuneSettings

Task = Literal[
    "binary_classification",
    "forecasting",
    "multiclass_classification",
    "ranking",
    "regression",
    "text_classification",
    "text_generation",
]

EXPERIMENT = "try"
"""First part of the names of endpoints, models and pipelines that ML engineers make themselves."""

ModelName = Annotated[
    str,
    Text(
        r"[a-z]([a-z0-9]|-(?=[a-z0-9])){0,31}", "1 to 32 of a-z, 0-9 and single inner hyphens, a letter first"
    ),
]
OwnerName = Annotated[
    str,
    Text(r"[\w .:/=+@-]{1,256}", "the team that answers for the model, 1 to 256 characters of a tag value"),
]
Sentence = Annotated[str, Text(r"\S[^\n]{0,510}\S", "one line of 2 to 512 characters")]
"""The description of a stack, of which CloudFormation takes 1,024 bytes."""


class ModelProduct(Section):
    """One model product: what it is for and who answers for it."""

    name: ModelName = Field(description="the folder's name")
    description: Sentence = Field(description="what the model predicts, in one line")
    owner: OwnerName = Field(description="the team that answers for it; a tag on everything it has")
    task: Task = Field(description="what kind of model it is")
    data: DataSettings | None = Field(default=None, description="where its data lies, and of what form")
    prepare: PrepareSettings | None = Field(default=None, description="a job that prepares the data")
    train: TrainSettings | None = Field(default=None, description="the training job")
    tune: TuneSettings | None = Field(default=None, description="the search for hyperparameters")
    evaluate: EvaluateSettings | None = Field(default=None, description="the job that measures the model")
    gate: GateSettings | None = Field(
        default=None, description="what the evaluation must show before registration"
    )
    customization: CustomizationSettings | None = Field(
        default=None, description="a foundation model that learns from one's own data, instead of train"
    )
    inference: InferenceSettings | None = Field(default=None, description="how the registered model answers")
    batch: BatchSettings | None = Field(default=None, description="scoring of stored data")
    serving: ServingSettings | None = Field(
        default=None, description="the endpoint on which an approved version answers"
    )
    schedule: ScheduleSettings | None = Field(default=None, description="when workflows start by themselves")

    _folder: Path = PrivateAttr(default=Path())
    _sample: str = PrivateAttr(default="")

    @field_validator("name")
    @classmethod
    def _not_an_experiment(cls, name: str) -> str:
        if name == EXPERIMENT or name.startswith(f"{EXPERIMENT}-"):
            allowed = f"a name that does not begin with {EXPERIMENT}-"
            raise refuse("what people try out is called so", given=repr(name), allowed=allowed)
        return name

    @property
    def folder(self) -> Path:
        """Where the model's scripts lie."""
        return self._folder

    @property
    def sample(self) -> str:
        """The body of the request that must succeed, ``serving.sample.file``; empty without ``serving``."""
        return self._sample

    def within(self, folder: Path) -> "ModelProduct":
        """Return a copy whose scripts and sample lie in ``folder``; the settings' checks have found them."""
        copy = self.model_copy()
        copy._folder = folder
        if self.serving:
            copy._sample = (folder / self.serving.sample.file).read_bytes().decode()
        return copy


def merged(settings: dict[str, Any], override: dict[str, Any]) -> dict[str, Any]:
    """Return ``settings`` as ``override`` changes it: maps merge, lists and single values replace."""
    result = dict(settings)
    for key, value in override.items():
        mine = result.get(key)
        result[key] = merged(mine, value) if isinstance(mine, dict) and isinstance(value, dict) else value
    return result
