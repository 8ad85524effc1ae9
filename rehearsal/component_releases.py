"""What a rehearsal does with copies of a customized model: they sleep, are woken by a release, and answer
with what the version was taught; bad versions are taken back.
"""

from collections.abc import Callable, Iterator

from mlplatform.settings.products import ModelProduct
from rehearsal.api import REHEARSAL
from rehearsal.driver import Rehearsal
from rehearsal.moments import until, updating
from rehearsal.releases import (
    FAILS_FULLY,
    QUICKER,
    REQUESTS_PER_MINUTE,
    approved,
    back,
    begun,
    followed,
    rolled_back,
)
from rehearsal.serving import deployed_again, invoked, reach
from rehearsal.step import Step
from rehearsal.versions import another, unusable

Show = Callable[[str], None]


def later_releases(rehearsal: Rehearsal, product: ModelProduct, better: str, show: Show) -> Iterator[Step]:
    """Release a better version, one that fails and one for which there are no instances; go back."""
    assert product.serving is not None
    rehearsal.sagemaker.endpoints.behaviour(better, QUICKER)
    sleeps = product.serving.capacity[0] == 0
    if sleeps:
        show(f"{product.name}: {asleep(rehearsal, product)}")
    yield approved(rehearsal, product, better, "released", show)
    show(f"{product.name}: {invoked(rehearsal, product)}")
    show(f"{product.name}: {deployed_again(rehearsal, product)}")
    reach(rehearsal, product, REQUESTS_PER_MINUTE)
    failing = another(rehearsal, better, FAILS_FULLY)
    in_batches = product.serving.rollout.strategy == "rolling"
    yield approved(rehearsal, product, failing, "rolled_back" if in_batches else "reverted", show)
    yield rolled_back(rehearsal, product, show)
    show(f"{product.name}: {invoked(rehearsal, product)}")
    yield from stuck(rehearsal, product, another(rehearsal, better, QUICKER), show)
    show(f"{product.name}: a version whose image is gone")
    gone = unusable(rehearsal, better)
    yield approved(rehearsal, product, gone, "refused", show)
    rehearsal.decide(gone, "Rejected")  # or it would be the newest that is approved
    if sleeps:
        show(f"{product.name}: {asleep(rehearsal, product)}")
    show(f"{product.name}: {invoked(rehearsal, product)}")


def stuck(rehearsal: Rehearsal, product: ModelProduct, version: str, show: Show) -> Iterator[Step]:
    """There are no instances, neither for a version nor for the way back: people go back."""
    name = rehearsal.settings.names.endpoint(product.name)
    with rehearsal.emulator.clock.seat():
        rehearsal.emulator.faults.inject("endpoint_capacity", name, 2)
        show(f"{product.name}: instances are gone, for the next version and for the way back")
        release = begun(rehearsal, product, version, show)
        until(rehearsal, lambda: updating(rehearsal, product))
        rollback = back(rehearsal, product, show)
    yield followed(rehearsal, product, "rollback", rollback, "stopped", show)
    show(f"{product.name}: what the release had done")
    yield followed(rehearsal, product, "release", release, "stopped", show)


def asleep(rehearsal: Rehearsal, product: ModelProduct) -> str:
    """Nobody asks any more, until there is no copy; how long that took."""
    reach(rehearsal, product, 0)
    began = rehearsal.emulator.clock.now()
    until(rehearsal, lambda: copies(rehearsal, product) == 0)
    minutes = (rehearsal.emulator.clock.now() - began).total_seconds() / 60
    return f"nobody asks: no copy is left after {minutes:.0f} minutes"


def copies(rehearsal: Rehearsal, product: ModelProduct) -> int:
    """How many copies answer now."""
    client = rehearsal.emulator.client("sagemaker", REHEARSAL)
    name = rehearsal.settings.names.endpoint(product.name)
    found = client.describe_inference_component(InferenceComponentName=name)
    return int(found["RuntimeConfig"]["CurrentCopyCount"])
