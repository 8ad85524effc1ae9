"""What the release ledger holds for one endpoint: names of its records, and what their values mean.

============================ ==========================================================================
``lease``                    who may change the endpoint, with a fence that every write is conditional on
``live``                     what serves, verified, and what it replaced
``paused``                   that the model is to have no endpoint, since when and why; none while it serves
``good#<sequence>``          versions that served verified, oldest first: where a rollback may go
``release#<release>``        one accepted intent; terminal once its ``outcome`` is not empty
``open#<release>``           the intents without an outcome, so that none is forgotten
``offer#<version>``          how the last release of a version ended, so that an event does not repeat it
``step#<release>#<number>``  what a release did
``upkeep``                   when the endpoint was last looked at and swept, what was wrong, what was deleted
============================ ==========================================================================
"""

from release.identifiers import sequence

LEASE, LIVE, UPKEEP = "lease", "live", "upkeep"
GOOD, OPEN = "good#", "open#"
PAUSED = "paused"
"""The record of a pause, and the outcome of the workflow that paused."""

ADMITTED, LEASED = "admitted", "leased"
PROMOTING, RECORDED = "roll_out", "recorded"
"""Phases of an intent; others are the names of steps."""

RELEASED, NOTHING, REFUSED, SUPERSEDED = "released", "nothing_to_do", "refused", "superseded"
DECLINED, REJECTED, ROLLED_BACK, REVERTED = "declined", "rejected", "rolled_back", "reverted"
STOPPED, FAILED, ABANDONED = "stopped", "failed", "abandoned"
RESUMED, RETIRED = "resumed", "retired"

NOT_AGAIN = (DECLINED, REJECTED, ROLLED_BACK, REVERTED, STOPPED)
"""Outcomes after which a version is released again only if a person names it."""

MOST_GOOD = 20
"""Versions to keep as targets of a rollback. What goes away in one transaction must be below 90 items."""


def intent(release: str) -> str:
    """Record of a release."""
    return f"release#{release}"


def still_open(release: str) -> str:
    """Record that says a release has no outcome yet."""
    return f"{OPEN}{release}"


def offer(version: int) -> str:
    """Record of how the last release of a version ended."""
    return f"offer#{sequence(version)}"


def good(number: int) -> str:
    """Record of a version that served verified."""
    return f"{GOOD}{sequence(number)}"


def step(release: str, number: int) -> str:
    """Record of a step."""
    return f"step#{release}#{number:03d}"
