"""Says what an environment costs per month before anybody uses it, from its templates and a price list.

Run as ``python -m tools.cost <environment>`` after a synthesis.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict

from tools import tables
from tools.assembly import SynthesizedStack, stacks

_PRICES = Path(__file__).parents[1] / "constructs/mlplatform/data/prices.yaml"
_ITEMS = {
    "interface_endpoint_zone": "interface endpoint, per zone",
    "nat_gateway": "NAT gateway",
    "public_ipv4_address": "public IPv4 address",
    "kms_key": "KMS key",
    "alarm_metric": "alarm, per metric",
    "alarm_metric_high_resolution": "alarm below 60 s, per metric",
    "composite_alarm": "composite alarm",
    "dashboard": "dashboard",
    "secret": "secret",
    "hosted_zone": "hosted zone",
    "mlflow_server_small": "MLflow tracking server, small",
    "mlflow_server_medium": "MLflow tracking server, medium",
    "mlflow_server_large": "MLflow tracking server, large",
    "provisioned_concurrency": "provisioned concurrency of an endpoint, once a version serves",
}
_INSTANCE = "endpoint_instance_"
"""What items begin with that are instances of an endpoint; the instance type follows."""

UNKNOWN = (
    "gigabytes through endpoints and gateways, requests, storage, log ingestion, flow logs, CloudTrail data"
    " events, the instances that jobs and notebooks run on, and those that autoscaling and releases add"
)
"""What a template cannot tell, for the last line of every report."""


class Prices(BaseModel):
    """The price list: ``hourly`` by region and item, ``monthly`` by item, both in ``currency``.

    ``unpriced`` are resource types that bill by the hour at prices the list does not hold; those of
    ``free_at_rest`` cost nothing while nobody uses them. Where a region lacks an item, ``fallback_region``
    has it, or the item has no price.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    as_of: date
    source: str
    currency: str
    hours_per_month: int
    fallback_region: str
    hourly: dict[str, dict[str, float]]
    monthly: dict[str, float]
    unpriced: frozenset[str]
    free_at_rest: frozenset[str] = frozenset()

    def has(self, item: str) -> bool:
        """Whether the list has a price of ``item``."""
        return item in self.monthly or item in self.hourly[self.fallback_region]

    def borrows(self, item: str, region: str) -> bool:
        """Whether the price of ``item`` in ``region`` is that of the fallback region."""
        return item not in self.monthly and item not in self.hourly.get(region, {})

    def per_month(self, item: str, region: str) -> float:
        """Price of one ``item`` for a month; that of the fallback region where ``region`` lists none."""
        if item in self.monthly:
            return self.monthly[item]
        by_hour = self.hourly[self.fallback_region if self.borrows(item, region) else region]
        return by_hour[item] * self.hours_per_month


@dataclass(frozen=True)
class Line:
    """One kind of thing in a stack: how many, and the monthly price of one, in the list's currency."""

    item: str
    count: int
    unit_price: float

    @property
    def total(self) -> float:
        """What all of them cost per month."""
        return self.count * self.unit_price


@cache
def load_prices() -> Prices:
    """Read the price list that the package carries."""
    return Prices.model_validate(yaml.safe_load(_PRICES.read_text(encoding="utf-8")))


def monthly_cost(template: Mapping[str, Any], region: str, prices: Prices) -> list[Line]:
    """Return what the resources of ``template`` cost per month in ``region`` if nobody uses them."""
    counts = _counted(template)
    return [
        Line(_named(item), counts[item], prices.per_month(item, region))
        for item in (*_ITEMS, *sorted(counts.keys() - _ITEMS.keys()))
        if counts[item] and prices.has(item)
    ]


def monthly_total(template: Mapping[str, Any], region: str) -> float:
    """Sum of ``monthly_cost`` at the carried price list, in its currency."""
    return sum(line.total for line in monthly_cost(template, region, load_prices()))


def unpriced(template: Mapping[str, Any], prices: Prices) -> Counter[str]:
    """Count, by name, what of ``template`` bills by the hour at a price nobody listed."""
    types = (resource["Type"] for resource in template.get("Resources", {}).values())
    found = Counter(kind for kind in types if kind in prices.unpriced)
    return found + Counter(
        {_named(item): count for item, count in _counted(template).items() if not prices.has(item)}
    )


def borrowed(template: Mapping[str, Any], region: str, prices: Prices) -> list[str]:
    """Names of what ``region``, although listed, has no price of, so that the fallback region's is taken."""
    listed = region in prices.hourly
    found = [item for item in _counted(template) if prices.has(item) and prices.borrows(item, region)]
    return sorted(_named(item) for item in found) if listed else []


def _named(item: str) -> str:
    if item.startswith(_INSTANCE):
        return f"{item.removeprefix(_INSTANCE)} of an endpoint, once a version serves"
    return _ITEMS[item]


def _counted(template: Mapping[str, Any]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for resource in template.get("Resources", {}).values():
        if count := _COUNTS.get(resource["Type"]):
            counts.update(count(resource.get("Properties", {})))
    return counts


def report(found: Sequence[SynthesizedStack], prices: Prices) -> str:
    """Return the table of one environment's stacks, its total, and what it leaves out."""
    rows, total, beyond = [], 0.0, Counter[str]()
    for stack in found:
        for line in monthly_cost(stack.template, stack.region, prices):
            rows.append(
                [stack.name, line.item, str(line.count), f"{line.unit_price:.2f}", f"{line.total:.2f}"]
            )
            total += line.total
        beyond += unpriced(stack.template, prices)
    rows.append(["total", "", "", "", f"{total:.2f}"])
    lines = [
        tables.render(
            ["stack", "item", "count", "each", f"{prices.currency} a month"], rows, right=(2, 3, 4)
        ),
        "",
    ]
    lines += [_origin(region, prices) for region in sorted({stack.region for stack in found})]
    lines += [
        f"Price of {prices.fallback_region}, none is listed for {stack.region}: {name}."
        for stack in found
        for name in borrowed(stack.template, stack.region, prices)
    ]
    lines += [f"Not included, no price listed: {kind} ({count})." for kind, count in sorted(beyond.items())]
    return "\n".join([*lines, f"Not included, depends on use: {UNKNOWN}."])


def main(argv: Sequence[str] | None = None) -> int:
    """Print the fixed monthly cost of one environment; 2 when there is nothing to read it from."""
    parser = argparse.ArgumentParser(prog="make cost ENV=", description=__doc__)
    parser.add_argument("environment")
    parser.add_argument("--outdir", type=Path, default=Path("cdk.out"))
    arguments = parser.parse_args(argv)
    everything = list(stacks(arguments.outdir))
    found = [stack for stack in everything if stack.environment == arguments.environment]
    if not found:
        known = ", ".join(dict.fromkeys(stack.environment for stack in everything))
        where = f"{arguments.outdir} has {known}" if known else "run make synth first"
        print(f"no synthesized environment {arguments.environment!r}: {where}", file=sys.stderr)
        return 2
    print(report(found, load_prices()))
    return 0


def _origin(region: str, prices: Prices) -> str:
    if region in prices.hourly:
        return f"List prices of {prices.as_of} in {region}."
    return f"List prices of {prices.as_of} in {prices.fallback_region}: none are listed for {region}."


def _one(item: str) -> Callable[[Mapping[str, Any]], dict[str, int]]:
    return lambda properties: {item: 1}


def _endpoint(properties: Mapping[str, Any]) -> dict[str, int]:
    # CloudFormation's default type is Gateway, which costs nothing. An interface bills per zone (subnet).
    if properties.get("VpcEndpointType") != "Interface":
        return {}
    subnets = properties.get("SubnetIds", [])
    if not isinstance(subnets, list):
        raise ValueError(f"an interface endpoint must list its subnets to be priced, got {subnets}")
    return {"interface_endpoint_zone": len(subnets)}


def _alarm(properties: Mapping[str, Any]) -> dict[str, int]:
    queries = properties.get("Metrics", [])
    stats = [query["MetricStat"] for query in queries if "MetricStat" in query]
    # An anomaly band is billed as two more metrics beside the one it watches.
    bands = sum("ANOMALY_DETECTION_BAND" in str(query.get("Expression")) for query in queries)
    period = min([stat["Period"] for stat in stats] or [properties.get("Period", 60)])
    item = "alarm_metric_high_resolution" if period < 60 else "alarm_metric"
    return {item: max(len(stats), 1) + 2 * bands}


def _tracking_server(properties: Mapping[str, Any]) -> dict[str, int]:
    size = properties.get("TrackingServerSize", "Small")  # SageMaker's default
    if f"mlflow_server_{str(size).lower()}" not in _ITEMS:
        raise ValueError(f"an MLflow tracking server must say its size to be priced, got {size}")
    return {f"mlflow_server_{size.lower()}": 1}


def _endpoint_config(properties: Mapping[str, Any]) -> Counter[str]:
    """What production always runs on: the first of its instance types, or what serverless keeps ready.
    Instances that come and go with copies of a model count as far as they always stay.

    A shadow or a challenger, whose variants are conditional, is there for hours.
    """
    found: Counter[str] = Counter()
    for variant in properties.get("ProductionVariants", []):
        pools = variant.get("InstancePools") or [variant]
        if instance_type := pools[0].get("InstanceType"):
            kept = variant.get("ManagedInstanceScaling", {}).get(
                "MinInstanceCount", variant["InitialInstanceCount"]
            )
            found[f"{_INSTANCE}{instance_type}"] += int(kept)
        found["provisioned_concurrency"] += variant.get("ServerlessConfig", {}).get(
            "ProvisionedConcurrency", 0
        )
    return +found


_COUNTS: dict[str, Callable[[Mapping[str, Any]], Mapping[str, int]]] = {
    "AWS::EC2::VPCEndpoint": _endpoint,
    "AWS::EC2::NatGateway": _one("nat_gateway"),
    "AWS::EC2::EIP": _one("public_ipv4_address"),
    "AWS::KMS::Key": _one("kms_key"),
    "AWS::KMS::ReplicaKey": _one("kms_key"),
    "AWS::CloudWatch::Alarm": _alarm,
    "AWS::CloudWatch::CompositeAlarm": _one("composite_alarm"),
    "AWS::CloudWatch::Dashboard": _one("dashboard"),
    "AWS::SecretsManager::Secret": _one("secret"),
    "AWS::Route53::HostedZone": _one("hosted_zone"),
    "AWS::SageMaker::EndpointConfig": _endpoint_config,
    "AWS::SageMaker::MlflowTrackingServer": _tracking_server,
}

if __name__ == "__main__":
    sys.exit(main())
