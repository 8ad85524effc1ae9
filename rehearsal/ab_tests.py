"""What a rehearsal does with a model that has A/B tests: promotes a version, and takes back those it must."""

from collections.abc import Callable, Iterator

from mlplatform.serving.parts import outcome_metrics, served
from mlplatform.settings.products import ModelProduct
from rehearsal.api import REHEARSAL
from rehearsal.cloudwatch import Key, Values
from rehearsal.driver import Rehearsal
from rehearsal.moments import until
from rehearsal.releases import FAILS_FULLY, QUICKER, SLOW, back, followed
from rehearsal.sagemaker.behaviour import INVOCATIONS, observations
from rehearsal.serving import deployed_again, invoked, weights_of
from rehearsal.step import Step
from rehearsal.versions import another

SUCCESSES = 0.7
"""Share of the answers that turn out well, whichever version gave them."""

Show = Callable[[str], None]


def outcomes(rehearsal: Rehearsal, product: ModelProduct) -> None:
    """Let consumers say of every answer from now on what became of it, by the variant that gave it."""
    assert product.serving is not None
    what, endpoints = served(product, rehearsal.settings), rehearsal.sagemaker.endpoints

    def observed(key: Key, start: float, end: float) -> Iterator[tuple[float, Values]]:
        variant = dict(key.dimensions).get("Variant", "")
        of_variant = frozenset({("EndpointName", what.endpoint), ("VariantName", variant)})
        answers = Key(INVOCATIONS, "Invocations", of_variant)
        segments = endpoints.found[what.endpoint].segments
        for minute, values in observations(what.endpoint, segments, answers, start, end):
            good = round(values.count * SUCCESSES)
            yield minute, Values([(1.0, float(good)), (0.0, values.count - good)])

    endpoints.watch.metrics.source(outcome_metrics(what), observed)


def ab_tests(rehearsal: Rehearsal, product: ModelProduct, version: str, show: Show) -> Iterator[Step]:
    """Test a better version, deploying in the middle; one that fails under all requests, a slow one, and one
    of which people have enough in the middle.
    """
    outcomes(rehearsal, product)
    better = another(rehearsal, version, QUICKER)
    with rehearsal.emulator.clock.seat():
        test = started_test(rehearsal, product, better, show)
        until(rehearsal, lambda: shared(rehearsal, product))
        before = weights_of(rehearsal, product)
        rehearsal.engine.deploy(rehearsal.assembly, rehearsal.settings.name)
        if weights_of(rehearsal, product) != before:
            raise AssertionError(f"a deployment changed the weights {before}")
        show(f"{product.name}: cdk deploy in the middle keeps the weights, {before}")
    yield followed(rehearsal, product, "ab-test", test, "released", show)
    show(f"{product.name}: {deployed_again(rehearsal, product)}")
    for behaviour, wanted in ((FAILS_FULLY, "reverted"), (SLOW, "rejected")):
        test = started_test(rehearsal, product, another(rehearsal, better, behaviour), show)
        yield followed(rehearsal, product, "ab-test", test, wanted, show)
        show(f"{product.name}: {invoked(rehearsal, product)}")
    yield from stopped(rehearsal, product, another(rehearsal, better, QUICKER), show)


def stopped(rehearsal: Rehearsal, product: ModelProduct, version: str, show: Show) -> Iterator[Step]:
    """Roll back while a challenger answers part of the requests: what served goes on serving, alone."""
    with rehearsal.emulator.clock.seat():
        test = started_test(rehearsal, product, version, show)
        until(rehearsal, lambda: shared(rehearsal, product))
        rollback = back(rehearsal, product, show)
    yield followed(rehearsal, product, "rollback", rollback, "stopped", show)
    yield followed(rehearsal, product, "ab-test", test, "stopped", show)


def started_test(
    rehearsal: Rehearsal, product: ModelProduct, version: str, show: Show = lambda _: None
) -> str:
    """Approve a version and start its test, as people do; the execution."""
    rehearsal.approve(version)
    number = int(version.rpartition("/")[2])
    show(f"{product.name}: A/B test of version {number}")
    return rehearsal.start(product.name, "ab-test", {"version": number}, persona="ml-engineer")


def shared(rehearsal: Rehearsal, product: ModelProduct) -> bool:
    """Whether a challenger answers part of the requests and everything around it has come to rest."""
    name = rehearsal.settings.names.endpoint(product.name)
    found = rehearsal.emulator.client("sagemaker", REHEARSAL).describe_endpoint(EndpointName=name)
    parts = [one["CurrentWeight"] for one in found["ProductionVariants"]]
    return found["EndpointStatus"] == "InService" and len(parts) > 1 and all(part > 0 for part in parts)
