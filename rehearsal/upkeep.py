"""What a rehearsal does with an endpoint by the clock: it sweeps, and finds what somebody changed."""

import datetime
import json
from collections.abc import Iterator
from typing import Any

from mlplatform.serving.parts import release_metrics, served
from mlplatform.serving.upkeep import DIFFERS_METRIC, alarm
from mlplatform.settings.products import ModelProduct
from rehearsal.api import REHEARSAL
from rehearsal.driver import Rehearsal
from rehearsal.moments import until
from rehearsal.pauses import listing
from rehearsal.releases import Show, followed
from rehearsal.serving import invoked, serving
from rehearsal.step import Step

OLD = datetime.timedelta(days=8)
"""Past the age from which what nobody needs is swept."""

LOOKS_SECONDS = 600
"""Until an alarm has seen a value of its last period."""

MOST_HOURS = 4
"""Until the endpoint no longer changes by itself, as for autoscaling."""

SWEPT = {"models", "endpoint configurations"}
"""Kinds of what may be fewer after a sweep."""


def looked_after(rehearsal: Rehearsal, product: ModelProduct, show: Show) -> Iterator[Step]:
    """Have the clock call a week later; then change the endpoint by hand, be told, and mend it as told.

    The endpoint of copies has one configuration only, which nobody can change for another.
    """
    _grow_old(rehearsal)
    before, serves = listing(rehearsal), serving(rehearsal, product)
    called(rehearsal, product)
    after = listing(rehearsal)
    lost = {kind: names - after[kind] for kind, names in before.items() if names - after[kind]}
    if set(lost) - SWEPT or serving(rehearsal, product) != serves:
        raise RuntimeError(f"the sweep of {product.name} took {lost}")
    gone = ", ".join(f"{len(names)} {kind}" for kind, names in lost.items())
    show(f"{product.name}: swept {gone or 'nothing'}")
    show(f"{product.name}: {invoked(rehearsal, product)}")
    _told(rehearsal, product, 0, "OK")
    if not served(product, rehearsal.settings).has_components:
        yield from _mended(rehearsal, product, show)


def _mended(rehearsal: Rehearsal, product: ModelProduct, show: Show) -> Iterator[Step]:
    client, name = rehearsal.emulator.client("sagemaker", REHEARSAL), serves_as(rehearsal, product)
    earlier = _earlier(rehearsal, product)
    show(f"{product.name}: somebody has the endpoint serve {earlier} by hand")
    client.update_endpoint(EndpointName=name, EndpointConfigName=earlier)
    with rehearsal.emulator.clock.seat():
        until(rehearsal, lambda: serving(rehearsal, product)[:2] == (earlier, "InService"))
    called(rehearsal, product)
    _told(rehearsal, product, 1, "ALARM")
    version = str(_record(rehearsal, product, "live")["version"]["N"])
    execution = rehearsal.start(product.name, "rollback", {"to": int(version)}, persona="ml-engineer")
    # It brings back what the ledger has already: nothing new is recorded.
    yield followed(rehearsal, product, "rollback", execution, "released", show)
    called(rehearsal, product)
    _told(rehearsal, product, 0, "OK")


def called(rehearsal: Rehearsal, product: ModelProduct) -> None:
    """Have the clock call the function, hour by hour, until it looked: not while the endpoint changes.

    Raises RuntimeError if it never did.
    """
    when, name = _checked(rehearsal, product), rehearsal.settings.names.name(f"{product.name}-upkeep")
    for _ in range(MOST_HOURS):
        rehearsal.emulator.clock.drive(3600)
        if not rehearsal.events.fire(name):
            raise RuntimeError(f"the schedule did not reach the function of {product.name}")
        rehearsal.functions.settle()
        if _checked(rehearsal, product) != when:
            return
    raise RuntimeError(f"{product.name} was not looked after")


def serves_as(rehearsal: Rehearsal, product: ModelProduct) -> str:
    """Name of the endpoint."""
    return rehearsal.settings.names.endpoint(product.name)


def _grow_old(rehearsal: Rehearsal) -> None:
    """Let everything be a week older: time itself would have every alarm looked at every minute."""
    models = rehearsal.sagemaker.models
    for shelf in (models.shelf, rehearsal.sagemaker.endpoints.configs.shelf):
        for record in shelf:
            record.description["CreationTime"] -= OLD


def _checked(rehearsal: Rehearsal, product: ModelProduct) -> str:
    found = _record(rehearsal, product, "upkeep")
    return str(found["checked"]["S"]) if found else ""


def _record(rehearsal: Rehearsal, product: ModelProduct, record: str) -> dict[str, Any]:
    ledger = rehearsal.emulator.client("dynamodb", REHEARSAL)
    key = {"endpoint": {"S": serves_as(rehearsal, product)}, "record": {"S": record}}
    found: dict[str, Any] = ledger.get_item(
        TableName=rehearsal.settings.names.name("release-ledger"), Key=key
    ).get("Item", {})
    return found


def _earlier(rehearsal: Rehearsal, product: ModelProduct) -> str:
    """A configuration of the endpoint's that is there and does not serve."""
    client = rehearsal.emulator.client("sagemaker", REHEARSAL)
    now = client.describe_endpoint(EndpointName=serves_as(rehearsal, product))["EndpointConfigName"]
    listed = client.list_endpoint_configs(SortBy="CreationTime", SortOrder="Descending")["EndpointConfigs"]
    names = (str(one["EndpointConfigName"]) for one in listed)
    stack = rehearsal.settings.names.stack(f"Serving-{product.name}")
    return next(name for name in names if name.startswith(stack) and name != now)


def _told(rehearsal: Rehearsal, product: ModelProduct, value: int, state: str) -> None:
    """See that the metric and the alarm say what they must, as soon as CloudWatch has looked."""
    rehearsal.emulator.clock.drive(LOOKS_SECONDS)
    what, cloudwatch = served(product, rehearsal.settings), rehearsal.emulator.client("cloudwatch", REHEARSAL)
    now = rehearsal.emulator.clock.now()
    found = cloudwatch.get_metric_statistics(
        Namespace=release_metrics(what),
        MetricName=DIFFERS_METRIC,
        Dimensions=[{"Name": "Endpoint", "Value": what.endpoint}],
        StartTime=now - datetime.timedelta(seconds=2 * LOOKS_SECONDS),
        EndTime=now + datetime.timedelta(minutes=1),
        Period=60,
        Statistics=["Maximum"],
    )["Datapoints"]
    (rings,) = cloudwatch.describe_alarms(AlarmNames=[alarm(what)["AlarmName"]])["MetricAlarms"]
    values = [point["Maximum"] for point in found]
    if values[-1:] != [value] or rings["StateValue"] != state:
        raise RuntimeError(f"{product.name}: {json.dumps(values)} is told, and {rings['StateValue']}")
