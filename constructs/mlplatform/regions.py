"""What each AWS region is and has: partition, zones, interface endpoints, image registries.

The facts stand in ``data/regions.json`` (`make refresh-regions` names their sources).
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

CORE_ENDPOINTS = (
    "sagemaker.api",
    "sagemaker.runtime",
    "studio",
    "sts",
    "logs",
    "monitoring",
    "ecr.api",
    "ecr.dkr",
)
"""Interface endpoints a VPC-only platform without internet cannot do without (SageMaker developer guide,
"Connect Studio notebooks in a VPC to external resources"; ECR: Security Hub EC2.55 and EC2.56)."""


@dataclass(frozen=True)
class Region:
    """One region: ``zone_ids`` as in ``euw1-az1``; ``endpoints`` maps short service names to full ones."""

    name: str
    partition: str
    dns_suffix: str
    zone_ids: tuple[str, ...]
    endpoints: dict[str, str]
    image_registries: tuple[str, ...]

    def has_zone(self, zone: str) -> bool:
        """Whether ``zone`` is a zone id of this region, or has the form of one of its zone names.

        Which letters a zone name may end in differs from account to account, so only its form is checked.
        """
        return zone in self.zone_ids or (zone[:-1] == self.name and zone[-1:].isalpha() and zone.islower())


@cache
def _data() -> dict[str, Any]:
    path = Path(__file__).parent / "data" / "regions.json"
    regions: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["regions"]
    return regions


def region_names() -> tuple[str, ...]:
    """Every known region, sorted."""
    return tuple(_data())


def endpoint_services() -> tuple[str, ...]:
    """Short names of every interface endpoint some region offers, sorted."""
    return tuple(sorted({service for region in _data().values() for service in region["endpoints"]}))


@cache
def region(name: str) -> Region:
    """Return the facts of one region. Raises KeyError for an unknown one."""
    facts = _data()[name]
    return Region(
        name=name,
        partition=facts["partition"],
        dns_suffix=facts["dns_suffix"],
        zone_ids=tuple(facts["zone_ids"]),
        endpoints=facts["endpoints"],
        image_registries=tuple(facts["image_registries"]),
    )


def regions_offering(service: str) -> tuple[str, ...]:
    """Regions that offer an interface endpoint, sorted."""
    return tuple(name for name, facts in _data().items() if service in facts["endpoints"])


def partition_of(name: str) -> tuple[str, str]:
    """Partition and DNS suffix, as ``("aws-cn", "amazonaws.com.cn")``. Raises KeyError if unknown."""
    facts = region(name)
    return facts.partition, facts.dns_suffix
