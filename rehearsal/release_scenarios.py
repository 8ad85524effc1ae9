"""What goes wrong on purpose while a version is released, and what serves afterwards."""

from collections.abc import Callable

from mlplatform.settings.products import ModelProduct
from rehearsal.api import REHEARSAL
from rehearsal.driver import Rehearsal
from rehearsal.faults import Kind
from rehearsal.moments import baking, shadowed, until
from rehearsal.outcomes import Outcome, Scenario
from rehearsal.releases import (
    FAILS_FULLY,
    QUICK,
    QUICKER,
    REQUESTS_PER_MINUTE,
    approved,
    back,
    begun,
    executions,
    followed,
    released,
    started,
)
from rehearsal.sagemaker.behaviour import Behaviour
from rehearsal.serving import protected, served, unrest
from rehearsal.step import Step
from rehearsal.versions import another

Act = Callable[[Rehearsal, ModelProduct], object]
Moment = Callable[[Rehearsal, ModelProduct], bool]


def ready(rehearsal: Rehearsal, product: ModelProduct) -> str:
    """The version that serves, and requests reach; trained and released now if none does."""
    endpoint, behaves = rehearsal.settings.names.endpoint(product.name), rehearsal.sagemaker.endpoints
    if endpoint not in behaves.found:
        version = trained(rehearsal, product)
        behaves.behaviour(version, QUICK)
        step = approved(rehearsal, product, version, "released", _silent)
        if not step.as_promised:
            raise RuntimeError(f"the first release ended in {step.result}: {step.ended.cause}")
    behaves.traffic(endpoint, REQUESTS_PER_MINUTE)
    return served(rehearsal, product)


def trained(rehearsal: Rehearsal, product: ModelProduct) -> str:
    """A first version, behind a stack that is protected."""
    ended = rehearsal.run(product.name, "train")
    if not ended.succeeded:
        raise RuntimeError(f"train ended in {ended.error}: {ended.cause}")
    protected(rehearsal, product)
    return str(ended.output["ModelPackageArn"])


def _silent(_: str) -> None:
    """Show nothing."""


def _verdict(
    rehearsal: Rehearsal, product: ModelProduct, serves: str, *steps: Step, more: str = ""
) -> Outcome:
    """As promised: every step ended as it should, and ``serves`` serves, alone and as the stack says."""
    problems = [
        *(f"{one.workflow} ended in {one.result}" for one in steps if not one.as_promised),
        *unrest(rehearsal, product, serves),
        *([more] if more else []),
    ]
    seen = "; ".join(str(one.ended.output.get("Message") or one.ended.cause) for one in steps)
    return Outcome(not problems, "; ".join([*problems, seen]))


def _suffers(kind: Kind, behaviour: Behaviour, outcome: str) -> Callable[[Rehearsal, ModelProduct], Outcome]:
    """The endpoint suffers a fault while a version is released: what served before serves again."""

    def rehearse(rehearsal: Rehearsal, product: ModelProduct) -> Outcome:
        before = ready(rehearsal, product)
        rehearsal.emulator.faults.inject(kind, rehearsal.settings.names.endpoint(product.name))
        step = approved(rehearsal, product, another(rehearsal, before, behaviour), outcome, _silent)
        left = rehearsal.emulator.faults.left()
        return _verdict(rehearsal, product, before, step, more=f"it did not happen: {left}" if left else "")

    return rehearse


def _meanwhile(
    rehearsal: Rehearsal, product: ModelProduct, version: str, moment: Moment, act: Act
) -> tuple[str, object]:
    """Begin to release a version and do something at a moment; the release, and what came of it."""
    with rehearsal.emulator.clock.seat():
        release = begun(rehearsal, product, version)
        until(rehearsal, lambda: moment(rehearsal, product))
        return release, act(rehearsal, product)


def _gone_back(moment: Moment) -> Callable[[Rehearsal, ModelProduct], Outcome]:
    """People go back in the middle of a release."""

    def rehearse(rehearsal: Rehearsal, product: ModelProduct) -> Outcome:
        before = ready(rehearsal, product)
        version = another(rehearsal, before, QUICKER)
        release, rollback = _meanwhile(rehearsal, product, version, moment, back)
        steps = [
            followed(rehearsal, product, "rollback", str(rollback), "stopped", _silent),
            followed(rehearsal, product, "release", release, "stopped", _silent),
        ]
        return _verdict(rehearsal, product, before, *steps)

    return rehearse


def _deployed_meanwhile(rehearsal: Rehearsal, product: ModelProduct) -> Outcome:
    def deploy(*_: object) -> None:
        rehearsal.engine.deploy(rehearsal.assembly, rehearsal.settings.name)

    version = another(rehearsal, ready(rehearsal, product), QUICKER)
    release, _ = _meanwhile(rehearsal, product, version, shadowed, deploy)
    step = followed(rehearsal, product, "release", release, "released", _silent)
    return _verdict(rehearsal, product, version, step)


def _stopped(rehearsal: Rehearsal, product: ModelProduct) -> Outcome:
    """Its execution is gone, nobody asked for that: another one brings the update to its end."""
    version = another(rehearsal, ready(rehearsal, product), QUICKER)
    client = rehearsal.emulator.client("stepfunctions", REHEARSAL)
    with rehearsal.emulator.clock.seat():
        release = begun(rehearsal, product, version)
        until(rehearsal, lambda: baking(rehearsal, product))
        client.stop_execution(executionArn=release, cause="somebody stopped it")
    recovery = started(rehearsal, product, set(), recovers=release)
    step = followed(rehearsal, product, "release", recovery, "released", _silent)
    return _verdict(rehearsal, product, version, step)


def _approved_twice(rehearsal: Rehearsal, product: ModelProduct) -> Outcome:
    """Whatever else the second event starts has nothing to do."""
    version = another(rehearsal, ready(rehearsal, product), QUICKER)
    known = executions(rehearsal, product, "release")
    with rehearsal.emulator.clock.seat():
        first = begun(rehearsal, product, version)
        rehearsal.approve(version)
        rehearsal.emulator.settle()
    step = followed(rehearsal, product, "release", first, "", _silent)
    others = executions(rehearsal, product, "release") - known - {first}
    steps = [step, *(followed(rehearsal, product, "release", one, "", _silent) for one in others)]
    outcomes = sorted(one.outcome for one in steps)
    wanted = ["nothing_to_do"] * len(others) + ["released"]
    more = "" if outcomes == wanted else f"the executions ended in {', '.join(outcomes)}"
    return _verdict(rehearsal, product, version, *steps, more=more)


def _first_failed(rehearsal: Rehearsal, product: ModelProduct) -> Outcome:
    endpoint = rehearsal.settings.names.endpoint(product.name)
    if endpoint in rehearsal.sagemaker.endpoints.found:
        raise RuntimeError(f"{endpoint} serves already: a first release cannot fail any more")
    version = trained(rehearsal, product)
    rehearsal.emulator.faults.inject("endpoint_capacity", endpoint)
    failed = approved(rehearsal, product, version, "rolled_back", _silent)
    again = released(rehearsal, product, version, "released", _silent)
    return _verdict(rehearsal, product, version, failed, again)


RELEASE_SCENARIOS = {
    "failed_first_release": Scenario(
        "the endpoint that found no instances is gone, and the next try makes it anew", _first_failed
    ),
    "endpoint_capacity": Scenario(
        "no instances for the shadow: the release fails, and production goes on serving",
        _suffers("endpoint_capacity", QUICKER, "failed"),
    ),
    "silent_rollback": Scenario(
        "SageMaker goes back without a word: the release sees what serves, and puts the stack right",
        _suffers("silent_rollback", FAILS_FULLY, "rolled_back"),
    ),
    "rollback_in_shadow": Scenario(
        "the release stops, the shadow goes, and production goes on serving", _gone_back(shadowed)
    ),
    "rollback_in_canary": Scenario(
        "the release stops, and all requests reach what served before", _gone_back(baking)
    ),
    "stopped_release": Scenario("another execution takes it up, and brings the update to its end", _stopped),
    "deploy_in_shadow": Scenario(
        "a deployment changes nothing of a release under way, which ends well", _deployed_meanwhile
    ),
    "duplicate_approval": Scenario("an approval that comes twice releases once", _approved_twice),
}
