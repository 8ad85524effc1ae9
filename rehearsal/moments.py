"""Moments of a release at which a rehearsal does something: time stands while it looks."""

from collections.abc import Callable

from mlplatform.settings.products import ModelProduct
from rehearsal.api import REHEARSAL
from rehearsal.driver import Rehearsal

STEP_SECONDS, MOST_SECONDS = 20.0, 6 * 3600.0
"""Of the world's time: between two looks, and until the moment should have come."""


def until(rehearsal: Rehearsal, reached: Callable[[], bool]) -> None:
    """Let the world's time pass until ``reached``; LookupError if it never comes.

    Whoever calls this holds a seat of the clock (``clock.seat()``), or the moment is over before they act.
    """
    clock, waited = rehearsal.emulator.clock, 0.0
    while not reached():
        if waited > MOST_SECONDS:
            raise LookupError("the moment to act did not come")
        clock.drive(STEP_SECONDS)
        waited += STEP_SECONDS


def baking(rehearsal: Rehearsal, product: ModelProduct) -> bool:
    """Whether a guarded update has part of the traffic on the new fleet."""
    name = rehearsal.settings.names.endpoint(product.name)
    found = rehearsal.emulator.client("sagemaker", REHEARSAL).describe_endpoint(EndpointName=name)
    coming = found.get("PendingDeploymentSummary", {}).get("ProductionVariants", ())
    states = {one["Status"] for variant in coming for one in variant.get("VariantStatus", ())}
    return found["EndpointStatus"] == "Updating" and "Baking" in states


def shadowed(rehearsal: Rehearsal, product: ModelProduct) -> bool:
    """Whether a shadow is up and everything around it has come to rest."""
    names = rehearsal.settings.names
    name, stack = names.endpoint(product.name), names.stack(f"Serving-{product.name}")
    found = rehearsal.emulator.client("sagemaker", REHEARSAL).describe_endpoint(EndpointName=name)
    settled = rehearsal.engine.stacks[stack].status == "UPDATE_COMPLETE"
    return settled and found["EndpointStatus"] == "InService" and "ShadowProductionVariants" in found


def updating(rehearsal: Rehearsal, product: ModelProduct) -> bool:
    """Whether copies of the model are being replaced."""
    name = rehearsal.settings.names.endpoint(product.name)
    client = rehearsal.emulator.client("sagemaker", REHEARSAL)
    found = client.describe_inference_component(InferenceComponentName=name)
    return bool(found["InferenceComponentStatus"] == "Updating")
