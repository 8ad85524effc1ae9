"""What an entry of the catalogue of model customization is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["open_weight", "nova"]
"""Families of base models that AWS treats alike: regions, forms of data, reward functions' answers."""


@dataclass(frozen=True)
class Source:
    """Where a fact comes from: a document or package with its version, and the day it was read."""

    source: str
    date: str


@dataclass(frozen=True)
class BaseModel:
    """A model of SageMaker's public hub: ``techniques`` maps each to how it trains (``lora``, ``full``).

    ``licence`` is the address of the licence one must accept, None where AWS asks for none.
    """

    id: str
    name: str
    kind: Kind
    techniques: Mapping[str, tuple[str, ...]]
    licence: str | None
    source: Source


@dataclass(frozen=True)
class BedrockModel:
    """A model that Bedrock customizes: ``customizations`` maps each to its regions.

    ``on_demand`` are the regions where a customized one answers without provisioned throughput; ``note``
    says how else AWS customizes it.
    """

    id: str
    name: str
    customizations: Mapping[str, tuple[str, ...]]
    formats: tuple[str, ...]
    hyperparameters: str | None
    on_demand: tuple[str, ...]
    note: str
    source: Source


@dataclass(frozen=True)
class Benchmark:
    """A public benchmark: ``metric`` and ``strategy`` as SageMaker calls them, and for which ``kinds``."""

    task: str
    metric: str
    strategy: str
    subtasks: tuple[str, ...]
    kinds: tuple[str, ...]
    source: Source


@dataclass(frozen=True)
class Range:
    """What a hyperparameter may be: bounds included, ``above`` excluded; ``values`` for a choice of words."""

    type: Literal["integer", "number", "text"]
    minimum: float | None = None
    maximum: float | None = None
    above: float | None = None
    values: tuple[str, ...] = ()

    def holds(self, value: object) -> bool:
        """Whether ``value`` is of the type and within the bounds."""
        if self.type == "text":
            return value in self.values
        types = (int,) if self.type == "integer" else (int, float)
        if isinstance(value, bool) or not isinstance(value, types):
            return False
        low = self.minimum is None or value >= self.minimum
        high = self.maximum is None or value <= self.maximum
        return low and high and (self.above is None or value > self.above)

    @property
    def allowed(self) -> str:
        """How a message says it."""
        if self.type == "text":
            return ", ".join(self.values)
        what = "a whole number" if self.type == "integer" else "a number"
        if self.minimum is not None and self.minimum == self.maximum:
            return f"{self.minimum:g}"
        if self.minimum is not None and self.maximum is not None:
            return f"{what} from {self.minimum:g} to {self.maximum:g}"
        return f"{what} above {self.above:g}" if self.above is not None else what
