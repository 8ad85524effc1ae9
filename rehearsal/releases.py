"""What a rehearsal does with an endpoint: releases good versions and bad ones, and goes back."""

import time
from collections.abc import Callable, Iterator
from typing import Any

from mlplatform.settings.products import ModelProduct
from rehearsal.api import REHEARSAL
from rehearsal.driver import Rehearsal
from rehearsal.sagemaker.behaviour import Behaviour
from rehearsal.step import Step
from tools.protect import protect
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


def protected(rehearsal: Rehearsal, product: ModelProduct) -> str:
    """Protect the model's Serving stack as ``make protect`` does; what was changed."""
    cloudformation = rehearsal.emulator.client("cloudformation", REHEARSAL)
    name = rehearsal.settings.names.stack(f"Serving-{product.name}")
    (stack,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
    return protect(cloudformation, stack)


def first_release(rehearsal: Rehearsal, product: ModelProduct, version: str, show: Show) -> Iterator[Step]:
    """Approve the first version: nothing served before, so it is released at once. Then requests come."""
    show(f"{product.name}: {protected(rehearsal, product)}")
    rehearsal.sagemaker.endpoints.behaviour(version, QUICK)
    yield approved(rehearsal, product, version, "released", show)
    endpoint = rehearsal.settings.names.endpoint(product.name)
    rehearsal.sagemaker.endpoints.traffic(endpoint, REQUESTS_PER_MINUTE)


def later_releases(
    rehearsal: Rehearsal,
    product: ModelProduct,
    versions: Iterator[str],
    show: Show,
) -> Iterator[Step]:
    """Release a better version, a slow one and one that fails under full traffic; then go back.

    ``versions`` registers another version each time it is asked.
    """
    assert product.serving is not None
    judged = product.serving.shadow is not None
    better = next(versions)
    rehearsal.sagemaker.endpoints.behaviour(better, QUICKER)
    yield approved(rehearsal, product, better, "released", show)
    show(f"{product.name}: {invoked(rehearsal, product)}")
    show(f"{product.name}: {deployed_again(rehearsal, product)}")
    if judged:
        slow = next(versions)
        rehearsal.sagemaker.endpoints.behaviour(slow, SLOW)
        yield approved(rehearsal, product, slow, "rejected", show)
    failing = next(versions)
    rehearsal.sagemaker.endpoints.behaviour(failing, FAILS_FULLY)
    yield approved(rehearsal, product, failing, "rolled_back", show)
    yield rolled_back(rehearsal, product, show)
    show(f"{product.name}: {invoked(rehearsal, product)}")


def approved(rehearsal: Rehearsal, product: ModelProduct, version: str, wanted: str, show: Show) -> Step:
    """Approve a version and follow the release that this starts, which should end as ``wanted``."""
    known = executions(rehearsal, product, "release")
    began = time.monotonic()
    rehearsal.approve(version)
    number = version.rpartition("/")[2]
    show(f"{product.name}: version {number} is approved")
    if not rehearsal.settings.release.on_approval:
        given = {"model_package_arn": version}
        execution = rehearsal.start(product.name, "release", given, persona="ml-engineer")
    else:
        execution = started(rehearsal, product, known)
    ended = rehearsal.follow(execution, show)
    return Step(product.name, "release", time.monotonic() - began, ended, wanted)


def rolled_back(rehearsal: Rehearsal, product: ModelProduct, show: Show) -> Step:
    """Start a rollback as people on call do, and follow it."""
    began = time.monotonic()
    show(f"{product.name}: rollback")
    execution = rehearsal.start(product.name, "rollback", persona="ml-engineer")
    return Step(
        product.name,
        "rollback",
        time.monotonic() - began,
        rehearsal.follow(execution, show),
        "released",
    )


def executions(rehearsal: Rehearsal, product: ModelProduct, workflow: str) -> set[str]:
    """ARNs of all executions of a workflow so far."""
    client = rehearsal.emulator.client("stepfunctions", REHEARSAL)
    machine = state_machine(rehearsal.settings, product.name, workflow)
    found = client.list_executions(stateMachineArn=machine, maxResults=1000)["executions"]
    return {str(one["executionArn"]) for one in found}


def started(rehearsal: Rehearsal, product: ModelProduct, known: set[str]) -> str:
    """The release that an event has started since ``known``. Raises LookupError if none comes."""
    limit = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < limit:
        if new := executions(rehearsal, product, "release") - known:
            return new.pop()
        time.sleep(LOOK_SECONDS)
    raise LookupError(f"the approval started no release of {product.name}")


def invoked(rehearsal: Rehearsal, product: ModelProduct) -> str:
    """Send the sample request, as the rehearsal itself: nobody may who is not a consumer; the answer."""
    assert product.serving is not None
    sample = product.serving.sample
    client = rehearsal.emulator.client("sagemaker-runtime", REHEARSAL)
    answer = client.invoke_endpoint(
        EndpointName=rehearsal.settings.names.endpoint(product.name),
        Body=product.sample.encode(),
        ContentType=sample.content_type,
        Accept=sample.accept,
    )
    first = answer["Body"].read().decode().strip().splitlines()[0]
    return f"the endpoint answers {first} ({answer['InvokedProductionVariant']})"


def deployed_again(rehearsal: Rehearsal, product: ModelProduct) -> str:
    """Deploy everything once more, as `cdk deploy` does; says what changed of what serves."""
    before = serving(rehearsal, product)
    differences = rehearsal.engine.difference(rehearsal.assembly, rehearsal.settings.name)
    rehearsal.engine.deploy(rehearsal.assembly, rehearsal.settings.name)
    after = serving(rehearsal, product)
    shown = [line for lines in differences.values() for line in lines]
    if shown or before != after:
        raise AssertionError(f"a deployment after a release: differences {shown}, {before} became {after}")
    return "cdk diff after the release shows no difference; cdk deploy changes nothing that serves"


def serving(rehearsal: Rehearsal, product: ModelProduct) -> Any:
    """The endpoint's configuration and its stack's parameters."""
    name = rehearsal.settings.names.endpoint(product.name)
    described = rehearsal.emulator.client("sagemaker", REHEARSAL).describe_endpoint(EndpointName=name)
    stack = rehearsal.engine.stacks[rehearsal.settings.names.stack(f"Serving-{product.name}")]
    return described["EndpointConfigName"], described["EndpointStatus"], dict(stack.parameters)
