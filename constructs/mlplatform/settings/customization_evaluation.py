"""Settings of what a customized model is measured by, and what it must show."""

from typing import Annotated, Literal

from pydantic import Field

from mlplatform.customization import catalog
from mlplatform.settings.customization_rewards import ScorerSettings
from mlplatform.settings.customization_values import BedrockModelId, Price
from mlplatform.settings.data import DataLocation
from mlplatform.settings.fields import Section, Text
from mlplatform.settings.gate import Ratio

MetricName = Annotated[
    str,
    Text(r"(benchmark|scorer|judge):[A-Za-z0-9_]{1,64}", "benchmark:<task>, scorer:<name> or judge:<Metric>"),
]
JudgeMetric = Annotated[str, Text(r"(Builtin\.)?[A-Z][A-Za-z]{0,63}", "Builtin.<Metric>")]
Ratios = dict[MetricName, Ratio]


class BenchmarkSettings(Section):
    """A public benchmark that shows whether a model has forgotten what it could do."""

    task: Literal["mmlu", "mmlu_pro", "bbh", "gpqa", "math", "strong_reject", "ifeval", "mmmu"] = Field(
        description="the benchmark, as SageMaker calls it"
    )
    subtask: str | None = Field(default=None, description="a part of it; all parts, unless given")


class JudgeSettings(Section):
    """A model of Amazon Bedrock that judges answers."""

    model: BedrockModelId = Field(description="the judge, such as amazon.nova-pro-v1:0")
    metrics: list[JudgeMetric] = Field(description="what it judges answers by, such as Builtin.Correctness")


class CustomizationEvaluateSettings(Section):
    """Evaluation jobs, each for the candidate and for the base model."""

    data: DataLocation | None = Field(default=None, description="questions with the answers they should get")
    benchmark: BenchmarkSettings | None = Field(default=None, description="a public benchmark")
    scorer: ScorerSettings | None = Field(
        default=None,
        description="what compares answers with data, in short: exact_match, prime_math, reward.py",
    )
    judge: JudgeSettings | None = Field(default=None, description="a model that judges answers")
    max_runtime_minutes: int = Field(
        default=240, ge=1, le=1_440, description="a job is stopped after so many minutes"
    )

    usd_per_million_tokens: Price | None = Field(
        default=None, description="AWS's price of an evaluation's tokens; see the techniques'"
    )

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of everything that is measured, as the gate calls it."""
        found = [f"benchmark:{self.benchmark.task}"] if self.benchmark else []
        found += [f"scorer:{self.scorer.name}"] if self.scorer else []
        judged = self.judge.metrics if self.judge else []
        return (*found, *(f"judge:{metric.removeprefix(catalog.BUILT_IN)}" for metric in judged))


class CustomizationGateSettings(Section):
    """What a customized model must show before it is registered; of every metric, more is better."""

    at_least: Ratios = Field(default={}, description="metric: the least value, 0 to 1")
    better_than_base_by: Ratios = Field(
        default={}, description="metric: by how much it must be better than that of the base model"
    )
    not_worse_than_base_by: Ratios = Field(
        default={}, description="metric: by how much it may be worse than that of the base model"
    )
    not_worse_than_live_by: Ratios = Field(
        default={}, description="metric: by how much it may be worse than that of the approved version"
    )
