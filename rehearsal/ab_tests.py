"""What a rehearsal does with a model that has A/B tests: promotes a version, and takes back those it must."""

from collections.abc import Callable, Iterator

from mlplatform.serving.parts import outcome_metrics, served
from mlplatform.settings.products import ModelProduct
from rehearsal.api import REHEARSAL
from rehearsal.cloudwatch import Key, Values
from rehearsal.driver import Rehearsal
from rehearsal.moments import until
from rehearsal.releases import FAILS_FULLY, QUICKER, SLOW, back, followed
from rehearsal.sagemaker.behaviour import INVOCATIONS, Behaviour, observations
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


def ab_tests(rehearsal: Rehearsal, product: ModelProduct, show: Show) -> Iterator[Step]:
    """Test versions by their numbers: one that fails under all requests, a slow one, and a better one, of
    which people have enough in the middle, and which the next test promotes.
    """
    outcomes(rehearsal, product)
    found = candidates(rehearsal, product)
    for behaviour, wanted in ((FAILS_FULLY, "reverted"), (SLOW, "rejected")):
        version = found.get(behaviour) or approved(rehearsal, found[QUICKER], behaviour)
        if not version:
            show(
                f"{product.name}: no A/B test ends {wanted}: its approval would release such a version first"
            )
            continue
        test = started_test(rehearsal, product, version, show)
        yield followed(rehearsal, product, "ab-test", test, wanted, show)
        show(f"{product.name}: {invoked(rehearsal, product)}")
    yield from stopped(rehearsal, product, found[QUICKER], show)
    yield promoted(rehearsal, product, found[QUICKER], show)
    show(f"{product.name}: {deployed_again(rehearsal, product)}")


def candidates(rehearsal: Rehearsal, product: ModelProduct) -> dict[Behaviour, str]:
    """The newest version of each behaviour. An approval may release at once: then these are versions whose
    release was rejected, taken back or stopped, which are tested by their numbers all the same.
    """
    versions = rehearsal.settings.names.package_group_arn(product.name).replace("-group/", "/")
    known = rehearsal.sagemaker.endpoints.behaviours.items()
    return {behaviour: arn for arn, behaviour in known if arn.startswith(f"{versions}/")}


def approved(rehearsal: Rehearsal, like: str, behaviour: Behaviour) -> str:
    """One more version that is approved; empty where the approval would release it."""
    if rehearsal.settings.release.on_approval:
        return ""
    version = another(rehearsal, like, behaviour)
    rehearsal.approve(version)
    return version


def promoted(rehearsal: Rehearsal, product: ModelProduct, version: str, show: Show) -> Step:
    """Test a version to the end, and deploy everything in the middle, which must not touch the weights."""
    with rehearsal.emulator.clock.seat():
        test = started_test(rehearsal, product, version, show)
        until(rehearsal, lambda: shared(rehearsal, product))
        before = weights_of(rehearsal, product)
        rehearsal.engine.deploy(rehearsal.assembly, rehearsal.settings.name)
        if weights_of(rehearsal, product) != before:
            raise AssertionError(f"a deployment changed the weights {before}")
        show(f"{product.name}: cdk deploy in the middle keeps the weights, {before}")
    return followed(rehearsal, product, "ab-test", test, "released", show)


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
    """Start the test of an approved version, as people do; the execution."""
    number = int(version.rpartition("/")[2])
    show(f"{product.name}: A/B test of version {number}")
    return rehearsal.start(product.name, "ab-test", {"version": number}, persona="ml-engineer")


def shared(rehearsal: Rehearsal, product: ModelProduct) -> bool:
    """Whether a challenger answers part of the requests and everything around it has come to rest."""
    name = rehearsal.settings.names.endpoint(product.name)
    found = rehearsal.emulator.client("sagemaker", REHEARSAL).describe_endpoint(EndpointName=name)
    parts = [one["CurrentWeight"] for one in found["ProductionVariants"]]
    return found["EndpointStatus"] == "InService" and len(parts) > 1 and all(part > 0 for part in parts)
