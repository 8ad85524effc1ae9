"""Settings of the gate: what an evaluation must show before a model is registered."""

from typing import Annotated

from pydantic import AfterValidator, Field

from mlplatform.settings.fields import Section, refuse
from mlplatform.settings.values import Number


def _ratio(value: float) -> float:
    if not 0 <= value <= 1:
        raise refuse("out of range", given=value, allowed="a number from 0 to 1")
    return value


Limits = dict[str, Number]
Ratio = Annotated[Number, AfterValidator(_ratio)]


class FairnessSettings(Section):
    """The least ratio between the groups of a protected attribute."""

    attribute: str = Field(description="a key below groups in evaluation.json")
    metric: str = Field(description="the metric of each group to compare")
    minimum_ratio: Ratio = Field(description="the smallest value divided by the largest")


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
