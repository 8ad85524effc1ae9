"""What a rehearsal does with an endpoint: releases good versions and bad ones, and goes back."""

import json
import time
from collections.abc import Callable, Iterator

from mlplatform.settings.products import ModelProduct
from rehearsal.api import REHEARSAL
from rehearsal.driver import Rehearsal
from rehearsal.moments import baking, until
from rehearsal.sagemaker.behaviour import Behaviour
from rehearsal.serving import deployed_again, invoked, protected, reach
from rehearsal.step import Step
from rehearsal.telling import once
from rehearsal.versions import another, unusable
from tools.releases import quietly
from tools.workflow import state_machine

REQUESTS_PER_MINUTE = 1500.0
"""What reaches the endpoint: enough for a judgement of an hour to be clear."""

QUICK = Behaviour(latency_ms=20, latency_p99_ms=60)
QUICKER = Behaviour(latency_ms=17, latency_p99_ms=50)
SLOW = Behaviour(latency_ms=90, latency_p99_ms=190)
FAILS_FULLY = Behaviour(latency_ms=17, latency_p99_ms=50, fails_above_share=0.6)
"""Versions as they behave under load; the last one only fails when nearly all requests reach it."""

PATIENCE_SECONDS, LOOK_SECONDS = 30.0, 0.05
"""Of this machine's time: how long an event may take to start a release, and between two looks."""

Show = Callable[[str], None]


def first_release(rehearsal: Rehearsal, product: ModelProduct, version: str, show: Show) -> Iterator[Step]:
    """Approve the first version: nothing served before, so it is released at once. Then requests come."""
    show(f"{product.name}: {protected(rehearsal, product)}")
    rehearsal.sagemaker.endpoints.behaviour(version, QUICK)
    yield approved(rehearsal, product, version, "released", show)
    reach(rehearsal, product, REQUESTS_PER_MINUTE)
    show(f"{product.name}: {invoked(rehearsal, product)}")


def later_releases(rehearsal: Rehearsal, product: ModelProduct, better: str, show: Show) -> Iterator[Step]:
    """Release a better version, a slow one and one that fails under full traffic; go back, also half-way."""
    assert product.serving is not None
    behave = rehearsal.sagemaker.endpoints.behaviour
    behave(better, QUICKER)
    yield approved(rehearsal, product, better, "released", show)
    show(f"{product.name}: {invoked(rehearsal, product)}")
    show(f"{product.name}: {deployed_again(rehearsal, product)}")
    if product.serving.shadow is not None:
        yield approved(rehearsal, product, another(rehearsal, better, SLOW), "rejected", show)
        failing = another(rehearsal, better, FAILS_FULLY)
        yield approved(rehearsal, product, failing, "rolled_back", show)
        yield rolled_back(rehearsal, product, show)
    yield from taken_over(rehearsal, product, another(rehearsal, better, QUICKER), show)
    show(f"{product.name}: a version whose image is gone")
    gone = unusable(rehearsal, better)
    yield approved(rehearsal, product, gone, "refused", show)
    rehearsal.decide(gone, "Rejected")  # or it would be the newest that is approved
    show(f"{product.name}: {invoked(rehearsal, product)}")


def taken_over(rehearsal: Rehearsal, product: ModelProduct, version: str, show: Show) -> Iterator[Step]:
    """Go back while part of the traffic is on the new version, and the way back fails once."""
    endpoint, faults = rehearsal.settings.names.endpoint(product.name), rehearsal.emulator.faults
    with rehearsal.emulator.clock.seat():
        release = begun(rehearsal, product, version, show)
        until(rehearsal, lambda: baking(rehearsal, product))
        faults.inject("endpoint_rollback", endpoint)
        faults.inject("endpoint_capacity", endpoint)
        show(f"{product.name}: part of the traffic is on the new version, and instances are gone")
        rollback = back(rehearsal, product, show)
    yield followed(rehearsal, product, "rollback", rollback, "stopped", show)
    show(f"{product.name}: what the release had done")
    yield followed(rehearsal, product, "release", release, "stopped", show)


def approved(rehearsal: Rehearsal, product: ModelProduct, version: str, wanted: str, show: Show) -> Step:
    """Approve a version and follow the release that this starts, which should end as ``wanted``."""
    return followed(rehearsal, product, "release", begun(rehearsal, product, version, show), wanted, show)


def released(rehearsal: Rehearsal, product: ModelProduct, version: str, wanted: str, show: Show) -> Step:
    """Start a release as people do, and follow it."""
    number = int(version.rpartition("/")[2])
    show(f"{product.name}: release of version {number}")
    execution = rehearsal.start(product.name, "release", {"version": number}, persona="ml-engineer")
    return followed(rehearsal, product, "release", execution, wanted, show)


def rolled_back(rehearsal: Rehearsal, product: ModelProduct, show: Show) -> Step:
    """Start a rollback as people on call do, and follow it."""
    return followed(rehearsal, product, "rollback", back(rehearsal, product, show), "released", show)


def back(rehearsal: Rehearsal, product: ModelProduct, show: Show = lambda _: None) -> str:
    """Start a rollback as people on call do; the execution."""
    show(f"{product.name}: rollback")
    return rehearsal.start(product.name, "rollback", persona="ml-engineer")


def begun(rehearsal: Rehearsal, product: ModelProduct, version: str, show: Show = lambda _: None) -> str:
    """Approve a version; the release that this starts."""
    known = executions(rehearsal, product, "release")
    rehearsal.approve(version)
    show(f"{product.name}: version {version.rpartition('/')[2]} is approved")
    if rehearsal.settings.release.on_approval:
        return started(rehearsal, product, known)
    given = {"model_package_arn": version}
    return rehearsal.start(product.name, "release", given, persona="ml-engineer")


def followed(
    rehearsal: Rehearsal, product: ModelProduct, workflow: str, execution: str, wanted: str, show: Show
) -> Step:
    """Follow an execution, showing what it does and not how it gets there."""
    began = time.monotonic()
    with once(show) as told:
        ended = rehearsal.follow(execution, quietly(told))
    said = str(ended.output.get("Message") or ended.cause).partition(" (what to do")[0]
    show(f"  {said}")
    return Step(product.name, workflow, time.monotonic() - began, ended, wanted)


def executions(rehearsal: Rehearsal, product: ModelProduct, workflow: str) -> set[str]:
    """ARNs of all executions of a workflow so far."""
    client = rehearsal.emulator.client("stepfunctions", REHEARSAL)
    machine = state_machine(rehearsal.settings, product.name, workflow)
    found = client.list_executions(stateMachineArn=machine, maxResults=1000)["executions"]
    return {str(one["executionArn"]) for one in found}


def started(rehearsal: Rehearsal, product: ModelProduct, known: set[str], *, recovers: str = "") -> str:
    """The release that an event has started since ``known``, or what ``recovers`` the execution of that ARN.

    Raises LookupError if none comes.
    """
    client = rehearsal.emulator.client("stepfunctions", REHEARSAL)
    limit = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < limit:
        for one in executions(rehearsal, product, "release") - known:
            given = json.loads(client.describe_execution(executionArn=one)["input"])
            if given.get("recover", "") == recovers:
                return one
        time.sleep(LOOK_SECONDS)
    raise LookupError(f"no event started a release of {product.name}")
