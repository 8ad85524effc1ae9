"""Fleets of an endpoint: the instances that run one endpoint configuration."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from rehearsal.api import Parameters
from rehearsal.sagemaker.behaviour import Behaviour, Load

Behaviours = Mapping[str, Behaviour]
"""Behaviour by the ARN of a model package, or by a model's name."""


@dataclass
class Variant:
    """One variant of a fleet. ``subject`` names the version it runs: its package's ARN, or its model."""

    name: str
    config: Parameters
    subject: str
    shadow: bool
    count: int
    desired: int
    weight: float
    wished: float
    """CurrentWeight and DesiredWeight: between them lies the time that a shift takes."""
    images: list[str] = field(default_factory=list)
    status: str = ""
    message: str = ""
    since: Any = None

    @property
    def serverless(self) -> bool:
        """Whether it runs without instances."""
        return "ServerlessConfig" in self.config

    def described(self) -> dict[str, Any]:
        """ProductionVariantSummary."""
        told: dict[str, Any] = {
            "VariantName": self.name,
            "DeployedImages": [{"SpecifiedImage": one, "ResolvedImage": one} for one in self.images],
            "CurrentWeight": self.weight,
            "DesiredWeight": self.wished,
        }
        if self.serverless:
            config = self.config["ServerlessConfig"]
            told |= {"CurrentServerlessConfig": config, "DesiredServerlessConfig": config}
        else:
            told |= {"CurrentInstanceCount": self.count, "DesiredInstanceCount": self.desired}
        if "RoutingConfig" in self.config:
            told["RoutingConfig"] = self.config["RoutingConfig"]
        if self.status:
            told["VariantStatus"] = [
                {"Status": self.status, "StatusMessage": self.message, "StartTime": self.since}
            ]
        return told


@dataclass
class Fleet:
    """The instances of one endpoint configuration (``config``, its name) in an endpoint."""

    config: str
    description: Parameters
    variants: dict[str, Variant]

    @property
    def production(self) -> list[Variant]:
        """Variants that answer."""
        return [one for one in self.variants.values() if not one.shadow]

    @property
    def shadows(self) -> list[Variant]:
        """Variants that get copies of requests, and whose answers nobody sees."""
        return [one for one in self.variants.values() if one.shadow]

    @property
    def asynchronous(self) -> bool:
        """Whether requests wait in a queue."""
        return "AsyncInferenceConfig" in self.description

    def shares(self) -> Iterator[tuple[Variant, float]]:
        """The part of the fleet's requests that reaches each variant.

        API reference, ProductionVariant, InitialVariantWeight: a variant's weight in the sum of all. A shadow
        gets a part of its production variant's, by its weight relative to that one's ("Shadow variants").
        """
        total = sum(one.weight for one in self.production)
        for one in self.production:
            yield one, one.weight / total if total else 0.0
        for one in self.shadows:
            source = self.production[0].weight
            yield one, min(1.0, one.weight / source) if source else 0.0

    def loads(self, share: float, behaviours: Behaviours) -> Iterator[Load]:
        """What reaches its variants when the fleet gets ``share`` of the endpoint's requests (0 to 1)."""
        for variant, part in self.shares():
            behaviour = behaviours.get(variant.subject, Behaviour())
            yield Load(self.config, variant.name, share * part, variant.count, behaviour, self.asynchronous)

    def tell(self, status: str, message: str = "", since: Any = None) -> None:
        """What DescribeEndpoint says the variants are at."""
        for variant in self.variants.values():
            variant.status, variant.message, variant.since = status, message, since

    def retain(self, old: "Fleet", excluded: frozenset[str]) -> None:
        """Take over counts and weights of variants of the same name.

        API reference, UpdateEndpoint, RetainAllVariantProperties and ExcludeRetainedVariantProperties.
        """
        for name, variant in self.variants.items():
            if (before := old.variants.get(name)) is None:
                continue
            if "DesiredInstanceCount" not in excluded and not (variant.serverless or before.serverless):
                variant.count = variant.desired = before.desired
            if "DesiredWeight" not in excluded:
                variant.weight = variant.wished = before.wished
