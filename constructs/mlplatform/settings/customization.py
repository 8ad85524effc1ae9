"""Settings of model customization: a foundation model that learns from one's own data."""

from typing import Annotated, Any, Literal

from pydantic import Field

from mlplatform.customization import catalog
from mlplatform.settings.customization_bedrock import BedrockSettings
from mlplatform.settings.customization_evaluation import (
    CustomizationEvaluateSettings,
    CustomizationGateSettings,
)
from mlplatform.settings.customization_rewards import RewardSettings
from mlplatform.settings.customization_values import (
    SECRET_ARN,
    BedrockModelId,
    DataFormat,
    Price,
    hyperparameter_text,
)
from mlplatform.settings.data import DataLocation
from mlplatform.settings.fields import HttpsUrl, Resettable, Section, Text
from mlplatform.settings.values import HyperparameterName, Scalar

TECHNIQUES = ("sft", "dpo", "rlvr", "rlaif")
"""CustomizationTechnique of the SageMaker API, in lower case."""

TechniqueName = Annotated[str, Text("|".join(TECHNIQUES), ", ".join(TECHNIQUES))]
HubModel = Annotated[
    str,
    Text(
        r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}(@\d{1,4}\.\d{1,4}\.\d{1,4})?",
        "the id of a model of SageMaker's public hub, such as huggingface-reasoning-qwen3-8b or <id>@1.2.3",
    ),
]
SequenceLength = Annotated[
    str, Text(r"([1-9]\d{0,2}|10[01]\d|102[0-4])K", "1K to 1024K, in units of 1024 tokens")
]
RewardPrompt = Annotated[
    str,
    Text(
        r"Builtin\.[A-Za-z]{1,64}|[a-z][a-z0-9_]{0,40}\.jinja",
        "Builtin.<Metric>, or a file of the model's folder such as helpfulness.jinja",
    ),
]


class TechniqueSettings(Resettable):
    """One technique: the data it learns from, and how its serverless training job runs."""

    train: DataLocation = Field(description="what the model learns from: a .jsonl file, or a folder")
    validation: DataLocation | None = Field(default=None, description="what training is measured on")
    format: DataFormat | None = Field(
        default=None, description="the form of a line of the data; the technique's own, unless given"
    )
    duplicates: Literal["report", "refuse"] = Field(
        default="report", description="what becomes of a record that an earlier one equals"
    )
    start_from: Literal["base", "approved"] = Field(
        default="base", description="the base model, or the newest approved version of this model"
    )
    peft: Literal["lora", "full"] = Field(
        default="lora", description="a small adapter, or every weight of the model"
    )
    sequence_length: SequenceLength | None = Field(
        default=None, description="the longest prompt and answer together, such as 4K; none: AWS's choice"
    )
    hyperparameters: dict[HyperparameterName, Scalar] = Field(
        default={}, description="what the model's recipe is told"
    )
    reward_function: RewardSettings | None = Field(
        default=None,
        description="with rlvr, what says how good an answer is, in short: exact_match, reward.py",
    )
    reward_prompt: RewardPrompt | None = Field(
        default=None, description="with rlaif: Builtin.<Metric>, or a .jinja file of the model's folder"
    )
    reward_model: BedrockModelId | None = Field(
        default=None, description="with rlaif: the model of Amazon Bedrock that judges answers"
    )
    max_runtime_minutes: int = Field(
        default=600, ge=1, le=40_320, description="the job is stopped after so many minutes"
    )
    spend_usd: int = Field(
        ge=1,
        le=1_000_000,
        description="what a run costs at most, evaluations too, in US dollars; counts against the budget",
    )
    usd_per_million_tokens: Price | None = Field(
        default=None, description="AWS's price of training; with that of evaluate, the estimate is corrected"
    )

    @property
    def sequence_tokens(self) -> int | None:
        """The longest prompt and answer together, in tokens; None: AWS's choice."""
        return int(self.sequence_length[:-1]) * 1024 if self.sequence_length else None

    @property
    def hyperparameter_texts(self) -> dict[str, str]:
        """The hyperparameters as the API takes them."""
        return {name: hyperparameter_text(value) for name, value in self.hyperparameters.items()}


class CustomizationSettings(Section):
    """A foundation model made one's own: in SageMaker by ``techniques``, in Amazon Bedrock by ``bedrock``."""

    base_model: HubModel | None = Field(
        default=None, description="with techniques: a model of SageMaker's public hub, [@version]"
    )
    accept_eula: HttpsUrl | None = Field(
        default=None, description="address of the licence that is accepted, of a model that has one"
    )
    techniques: dict[TechniqueName, TechniqueSettings] = Field(
        default={}, description="what executions can do; the first is what one does unless told"
    )
    evaluate: CustomizationEvaluateSettings | None = Field(
        default=None, description="what a customized model is measured by"
    )
    gate: CustomizationGateSettings | None = Field(
        default=None, description="what the evaluation must show before registration"
    )
    monthly_budget_usd: int = Field(
        ge=1, le=10_000_000, description="what jobs may cost in a calendar month, in US dollars"
    )
    bedrock: BedrockSettings | None = Field(
        default=None, description="customize and serve a model in Amazon Bedrock"
    )
    request: dict[str, Any] = Field(
        default={}, description="what else CreateTrainingJob of the AWS API says, in the API's own words"
    )

    @property
    def target(self) -> Literal["sagemaker", "bedrock"]:
        """Where models are customized: in SageMaker, unless only ``bedrock`` is given."""
        return "bedrock" if self.bedrock and not self.techniques else "sagemaker"

    @property
    def hub_model(self) -> tuple[str, str | None]:
        """Id and version of the base model in the public hub; no version: the newest."""
        name, _, version = (self.base_model or "").partition("@")
        return name, version or None

    @property
    def default_technique(self) -> str | None:
        """What an execution does unless told otherwise."""
        return next(iter(self.techniques), None)

    def format_of(self, technique: str) -> str:
        """The form of a line of a technique's data. Raises KeyError for one that the model does not have."""
        given = self.techniques[technique].format
        return given or catalog.formats(catalog.kind_of(self.hub_model[0]), technique)[0]

    @property
    def sagemaker_rewards(self) -> tuple[RewardSettings, ...]:
        """Rewards of its techniques, and the scorer unless SageMaker has it: in the order of the settings."""
        used = [technique.reward_function for technique in self.techniques.values()]
        used.append(self.evaluate.scorer.reward if self.evaluate and self.evaluate.scorer else None)
        return tuple(reward for reward in used if reward)

    @property
    def secrets(self) -> tuple[str, ...]:
        """ARNs of the secrets that hyperparameters name, each once, sorted."""
        values = {str(value) for one in self.techniques.values() for value in one.hyperparameters.values()}
        return tuple(sorted(value for value in values if SECRET_ARN.fullmatch(value)))

    @property
    def locations(self) -> tuple[str, ...]:
        """Every ``data://`` location, each once, sorted."""
        named = {location for t in self.techniques.values() for location in (t.train, t.validation)}
        named |= {self.evaluate.data if self.evaluate else None}
        named |= {self.bedrock.train, self.bedrock.validation} if self.bedrock else set()
        return tuple(sorted(location for location in named if location))
