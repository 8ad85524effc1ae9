"""Settings of the gate: what an evaluation must show before a model is registered."""

from pydantic import Field

from mlplatform.settings.fields import Section

Limits = dict[str, float]


class FairnessSettings(Section):
    """The least ratio between the groups of a protected attribute."""

    attribute: str = Field(description="a key below groups in evaluation.json")
    metric: str = Field(description="the metric of each group to compare")
    minimum_ratio: float = Field(ge=0, le=1, description="the smallest value divided by the largest")


class GateSettings(Section):
    """What an evaluation must show; keys are metrics of evaluation.json, or dotted paths into it."""

    at_least: Limits = Field(default={}, description="metric: the least value")
    at_most: Limits = Field(default={}, description="metric: the largest value")
    not_worse_than_live_by: Limits = Field(
        default={}, description="metric: by how much it may be worse than that of the approved version"
    )
    max_train_test_gap: Limits = Field(
        default={}, description="metric: by how much training and test may differ"
    )
    fairness: FairnessSettings | None = Field(default=None, description="between the groups of an attribute")
