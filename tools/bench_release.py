"""Measures what a release costs beside what it waits for: its own time, and its state transitions.

Run as ``python -m tools.bench_release``. One release with a shadow lives through the rehearsal: the real
templates, workflows and functions in the rehearsal's own time, in which an hour's bake takes an instant.
"""

import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from mlplatform.serving.parts import ENDPOINT
from mlplatform.settings import Environment, read_environments
from mlplatform.settings.products import ModelProduct
from rehearsal import releases
from rehearsal.api import REHEARSAL
from rehearsal.driver import Rehearsal, deployed, rehearsed
from rehearsal.life import elsewhere
from tools import tables
from tools.executions import Ended
from tools.platform_app import ROOT, platform_app

BAKE_MINUTES = 60
"""Of the shadow in the release that is measured, whatever the settings say."""

MOST_OWN_SECONDS, MOST_TRANSITIONS = 90, 400
"""What a release may take for itself, with a bake of an hour."""

Span = tuple[datetime, datetime]


class ReleaseError(Exception):
    """A workflow that did not end as it should: there is nothing to measure."""


@dataclass(frozen=True)
class Figure:
    """One number of a release, and the highest that is wanted."""

    title: str
    value: float
    limit: float

    @property
    def over(self) -> tuple[str, ...]:
        """One line if the limit is exceeded."""
        line = f"{self.title}: {self.value:.0f}, wanted: at most {self.limit:g}"
        return (line,) if self.value > self.limit else ()


def figures(scratch: Path) -> list[Figure]:
    """Release a second version of the first model that serves with a shadow; none if there is no such model.

    Raises ReleaseError if a workflow does not end as it should.
    """
    chosen = _chosen()
    if chosen is None:
        return []
    settings, product = chosen
    platform_app([settings], scratch / "cdk.out").synth()
    with deployed(settings, scratch / "cdk.out") as rehearsal:
        rehearsal.models = ROOT / "models"
        return list(_measured(rehearsal, product, _released(rehearsal, product)))


def own_seconds(whole: Span, updates: Iterable[Span], configured_seconds: float) -> float:
    """Seconds of ``whole`` in which no update ran, less what the settings have it wait for."""
    taken, until = 0.0, whole[0]
    for begin, end in sorted(updates):
        begin, end = max(begin, until), min(end, whole[1])
        if end > begin:
            taken += (end - begin).total_seconds()
            until = end
    return (whole[1] - whole[0]).total_seconds() - taken - configured_seconds


def update_spans(events: Sequence[Mapping[str, Any]]) -> Iterator[Span]:
    """From when to when the endpoint was being updated, by the stack's events in any order."""
    begun: datetime | None = None
    for event in sorted(events, key=lambda one: one["Timestamp"]):
        if event["LogicalResourceId"] != ENDPOINT:
            continue
        if event["ResourceStatus"].endswith("_IN_PROGRESS"):
            begun = begun or event["Timestamp"]
        elif begun:
            yield begun, event["Timestamp"]
            begun = None


def report(measured: Sequence[Figure]) -> str:
    """The table, and below it every limit that is exceeded."""
    if not measured:
        return "release: no model that trains serves with a shadow"
    rows = [[one.title, f"{one.value:.0f}", f"{one.limit:g}"] for one in measured]
    lines = [tables.render(["release", "measured", "at most"], rows, right=range(1, 3))]
    return "\n".join([*lines, *(line for one in measured for line in one.over)])


def _chosen() -> tuple[Environment, ModelProduct] | None:
    """An environment with nothing in it but the model to measure, which bakes for ``BAKE_MINUTES``."""
    for settings in read_environments(ROOT / "environments"):
        for product in rehearsed(settings) if settings.training else ():
            if product.serving and product.serving.shadow:
                shadow = product.serving.shadow.model_copy(update={"bake_minutes": BAKE_MINUTES})
                serving = product.serving.model_copy(update={"shadow": shadow})
                alone = product.model_copy(update={"serving": serving})
                return settings.among(settings.neighbours, (alone,)), alone
    return None


def _released(rehearsal: Rehearsal, product: ModelProduct) -> Ended:
    """How the release of the second version ended, after the first one served."""
    rehearsal.upload(product)
    first = _version(rehearsal.run(product.name, "train"))
    list(releases.first_release(rehearsal, product, first, _quiet))
    given = {"model_data": elsewhere(rehearsal, product, first)}
    second = _version(rehearsal.run(product.name, "register", given))
    rehearsal.sagemaker.endpoints.behaviour(second, releases.QUICKER)
    ended = releases.approved(rehearsal, product, second, "released", _quiet).ended
    if ended.output.get("Outcome") != "released":
        raise ReleaseError(f"the release ended in {ended.error or ended.output}: {ended.cause}")
    return ended


def _version(ended: Ended) -> str:
    if not ended.succeeded:
        raise ReleaseError(f"{ended.arn}: {ended.cause}")
    return str(ended.output["ModelPackageArn"])


def _quiet(_: str) -> None:
    """Nobody looks on."""


def _measured(rehearsal: Rehearsal, product: ModelProduct, ended: Ended) -> Iterator[Figure]:
    states = rehearsal.emulator.client("stepfunctions", REHEARSAL)
    described = states.describe_execution(executionArn=ended.arn)
    whole = described["startDate"], described["stopDate"]
    cloudformation = rehearsal.emulator.client("cloudformation", REHEARSAL)
    name = rehearsal.settings.names.stack(f"Serving-{product.name}")
    pages = cloudformation.get_paginator("describe_stack_events").paginate(StackName=name)
    updates = list(update_spans([event for page in pages for event in page["StackEvents"]]))
    assert product.serving is not None
    waits = 60.0 * (BAKE_MINUTES + product.serving.rollout.watch_minutes)
    own = own_seconds(whole, updates, waits)
    yield Figure("seconds beside updates, bake and watch", own, MOST_OWN_SECONDS)
    history = states.get_paginator("get_execution_history").paginate(executionArn=ended.arn)
    kinds = [event["type"] for page in history for event in page["events"]]
    entered = sum(kind.endswith("StateEntered") for kind in kinds)
    yield Figure(f"state transitions, {BAKE_MINUTES} minutes of bake", entered, MOST_TRANSITIONS)


def main() -> int:
    """Measure and print the table; 1 if it could not be measured."""
    with tempfile.TemporaryDirectory() as scratch:
        try:
            measured = figures(Path(scratch))
        except ReleaseError as error:
            print(error, file=sys.stderr)
            return 1
    print(report(measured))
    return 0


if __name__ == "__main__":
    sys.exit(main())
