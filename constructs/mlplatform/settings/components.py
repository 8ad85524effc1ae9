"""Settings of inference components: copies of a large model that share the instances of an endpoint."""

from typing import Annotated, Any

from pydantic import Field
from pydantic.functional_validators import AfterValidator

from mlplatform.settings.fields import Resettable, Section, refuse
from mlplatform.settings.values import Number

LEAST_CORES = 0.25
"""Of a copy (SageMaker API, NumberOfCpuCores)."""


def _cores(value: float) -> float:
    if not LEAST_CORES <= value <= 192:
        raise refuse("out of range", given=value, allowed=f"a number from {LEAST_CORES} to 192")
    return value


Cores = Annotated[Number, AfterValidator(_cores)]


def _as_minimum(given: dict[str, Any]) -> int:
    return max(1, int(given.get("minimum", 1)))


class CopiesSettings(Resettable):
    """How many copies of the model answer."""

    minimum: int = Field(default=1, ge=0, le=100, description="at least; 0: none while nobody asks")
    maximum: int = Field(
        default_factory=_as_minimum,
        ge=1,
        le=100,
        description="at most, with autoscaling; as minimum, unless given",
    )


class ComponentsSettings(Section):
    """What a copy of the model needs of an instance, and how many copies there are."""

    copies: CopiesSettings = Field(default_factory=CopiesSettings, description="how many copies")
    accelerators: int = Field(default=1, ge=1, le=16, description="GPUs of a copy")
    memory_mb: int = Field(
        ge=128, le=4_194_304, description="memory of a copy, in MB, that an instance must have free"
    )
    cpu_cores: Cores | None = Field(
        default=None, description="processors of a copy, 0.25 or more; none: AWS's choice"
    )
