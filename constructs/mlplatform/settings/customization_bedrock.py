"""Settings of customizing and serving a model in Amazon Bedrock."""

from typing import Annotated, Any, Literal

from pydantic import Field, GetJsonSchemaHandler, model_validator
from pydantic_core import CoreSchema

from mlplatform.customization import catalog
from mlplatform.settings.customization_rewards import RewardSettings
from mlplatform.settings.customization_values import (
    BedrockModelId,
    DataFormat,
    hyperparameter_text,
)
from mlplatform.settings.data import DataLocation
from mlplatform.settings.fields import Resettable, Section, Text
from mlplatform.settings.values import HyperparameterName, Scalar

Prompt = Annotated[str, Text(r"[\S\s]{1,4096}", "a question of 1 to 4,096 characters")]


class ProvisionedSettings(Section):
    """Provisioned throughput: capacity that bills by the hour, used or not."""

    model_units: int = Field(default=1, ge=1, le=100, description="how many model units")
    commitment: Literal["none", "one_month", "six_months"] = Field(
        default="none", description="the term; with one, it cannot be deleted before the term ends"
    )


class BedrockServingSettings(Section):
    """How a customized model answers: ``on_demand``, billed by token, or ``{provisioned: {…}}``."""

    provisioned: ProvisionedSettings | None = Field(
        default=None, description="capacity that bills by the hour, used or not"
    )

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        return {} if value == "on_demand" else value

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        long_form = handler.resolve_ref_schema(handler(schema))
        return {"anyOf": [{"const": "on_demand"}, long_form]}


class BedrockSampleSettings(Section):
    """A question that a customized model must answer."""

    prompt: Prompt = Field(description="the question")


class BedrockSettings(Resettable):
    """A model customization job of Amazon Bedrock, and how its result answers."""

    base_model: BedrockModelId = Field(description="the model that is customized")
    customization: Literal[
        "fine_tuning", "continued_pre_training", "reinforcement_fine_tuning", "distillation"
    ] = Field(default="fine_tuning", description="how; a distillation says the rest in request")
    train: DataLocation = Field(description="what the model learns from: a .jsonl file, or a folder")
    validation: DataLocation | None = Field(default=None, description="what training is measured on")
    format: DataFormat | None = Field(
        default=None, description="the form of a line of the data; the model's own, unless given"
    )
    hyperparameters: dict[HyperparameterName, Scalar] = Field(
        default={}, description="what the job is told, in the API's own words"
    )
    reward_function: RewardSettings | None = Field(
        default=None, description="with reinforcement_fine_tuning, in short: exact_match, reward.py"
    )
    serving: BedrockServingSettings = Field(
        default_factory=BedrockServingSettings,
        description="on_demand (default), or {provisioned: {model_units, commitment}}",
    )
    sample: BedrockSampleSettings = Field(description="what the customized model must answer")
    max_runtime_minutes: int = Field(
        default=1_440, ge=1, le=20_160, description="the workflow stops the job after so many minutes"
    )
    spend_usd: int = Field(
        default=0, ge=0, le=1_000_000, description="what a job costs at most, in US dollars; 0: not counted"
    )
    request: dict[str, Any] = Field(
        default={},
        description="what else CreateModelCustomizationJob of the AWS API says, in the API's own words",
    )

    @property
    def data_format(self) -> str:
        """The form of a line of the data: the one given, or the first that AWS names for the model."""
        if self.format:
            return self.format
        known = catalog.bedrock_models().get(self.base_model)
        if self.customization == "fine_tuning" and known and known.formats:
            return known.formats[0]
        return catalog.formats("bedrock", self.customization)[0]

    @property
    def hyperparameter_texts(self) -> dict[str, str]:
        """The hyperparameters as the API takes them."""
        return {name: hyperparameter_text(value) for name, value in self.hyperparameters.items()}
