"""Writes the report of what has ended, from the ledger, after its one terminal record is there.

So no report tells of an outcome that was not recorded, and none that fails changes one: what goes wrong here
is logged, and the release has ended without a report. A repetition of its last step writes what is missing.
"""

import logging
from collections.abc import Iterator, Sequence

from release import judge, records
from release.ab_strata import Stratum, gather
from release.call import Call, Work
from release.ended_report import Told, ended_page
from release.identifiers import seconds_between
from release.measurements import PERIOD_SECONDS, Given
from release.ports import Query, Record, Write

MOST_TRIES = 2
"""Times that a report is begun. One during which the function died twice is never finished."""

MOST_STEPS = 2_000
"""Of an intent that are read."""

NAME = "report.html"

_LOG = logging.getLogger(__name__)


def reported(call: Call, answer: Work) -> Work:
    """The last answer of a workflow, with the address of its report if it has one."""
    own = ""
    for release in dict.fromkeys(_ended(call)):
        try:
            address = publish(call, release)
        except Exception:
            # Whatever it is, the release has ended, and how it ended does not depend on who reads of it.
            _LOG.exception("release %s has no report", release)
            address = ""
        own = address if release == call.release_id else own
    return {**answer, "Report": own or answer.get("Report", ""), "ReportLink": _link(call) if own else ""}


def _ended(call: Call) -> Iterator[str]:
    """Releases that have ended by this call: its own last, and those of executions that are gone."""
    intent = call.intent or {}
    yield from call.work.get("Swept", ())
    if intent.get("ends"):
        yield str(intent["ends"])
    if call.intent:
        yield call.release_id


def _link(call: Call) -> str:
    """Page of the console with everything that is kept of the release; empty if none is known."""
    folder = str((call.serving.get("Links") or {}).get("Report", ""))
    return f"{folder}{call.release_id}/" if folder else ""


def publish(call: Call, release: str) -> str:
    """Write the report of a release that has ended, unless there is one; its s3:// address.

    Empty for one that has not ended, and for one that was begun too often. Raises what the services raise.
    """
    ledger, name = call.world.ledger, records.intent(release)
    intent = ledger.read(name)
    if intent is None or not intent["outcome"]:
        return ""
    tries = int(intent.get("reporting", 0))
    if intent.get("report") or tries >= MOST_TRIES:
        return str(intent.get("report", ""))
    begun = {**intent, "reporting": tries + 1}
    known = {"outcome": intent["outcome"], "reporting": intent.get("reporting")}
    ledger.write([Write(name, begun, expected=known)])
    address = call.world.reports.keep(f"{release}/{NAME}", ended_page(_told(call, begun)), "text/html")
    done = {**begun, "report": address}
    ledger.write([Write(name, done, expected={"outcome": intent["outcome"], "reporting": tries + 1})])
    return address


def _told(call: Call, intent: Record) -> Told:
    ledger = call.world.ledger
    steps = ledger.history(f"step#{intent['release_id']}#", limit=MOST_STEPS)
    return Told(
        intent=intent,
        steps=steps,
        serving=call.serving,
        now=call.now,
        live=ledger.read(records.LIVE),
        paused=ledger.read(records.PAUSED),
        series=_judged(call, intent),
        strata=_strata(call, intent),
    )


def _judged(call: Call, intent: Record) -> Given:
    """What the shadow was judged by; nothing if CloudWatch does not say."""
    judged = intent.get("judged")
    if not judged:
        return {}
    try:
        return call.world.metrics.series(
            judge.queries(call.serving), str(judged["start"]), str(judged["end"]), PERIOD_SECONDS
        )
    except Exception:
        _LOG.exception("the report of %s has no charts", intent["release_id"])
        return {}


def _strata(call: Call, intent: Record) -> list[Stratum]:
    """What was measured in each step of a test until it ended."""
    begun, ended = intent.get("strata") or (), str(intent["ended"])
    found = []
    for one in begun:
        last = ended if seconds_between(ended, one["end"]) > 0 else one["end"]
        found.append(Stratum(one["share"], one["start"], last, _measured(call, intent, {**one, "end": last})))
    return found


def _measured(call: Call, intent: Record, one: Record) -> Given:
    def fetch(queries: Sequence[Query], seconds: int) -> Given:
        return call.world.metrics.series(queries, one["start"], one["end"], seconds)

    try:
        return gather(intent["plan"]["Test"], one["share"], fetch)
    except Exception:
        _LOG.exception("the report of %s lacks the step at %s %%", intent["release_id"], one["share"])
        return {}
