"""Waiting for an update that is under way, and asking one to stop that nobody wants any more."""

from release.call import Call, Work
from release.lease import hold
from release.situation import Situation

POLL_SECONDS, CLEAN_UP_SECONDS = 20, 5
"""Until the next look at an update, and at one that only clears up behind itself."""

QUICK_POLLS = 30
"""Looks at an update before they become rarer: each costs transitions, each wait is time of the release."""


def wait(call: Call, now: Situation, *, following: str = "follow_update") -> Work:
    """Come back when the update has gone on. A guarded update nobody wants any more is asked to stop."""
    polls = int(call.work.get("Polls", 0)) + 1
    for release in _unwanted(call, now):
        call.world.metrics.ask_to_stop(release, call.now)
    what = now.stack.status if now.busy else f"the endpoint is {now.endpoint.status if now.endpoint else '?'}"
    # What a pause clears up behind itself is the endpoint, which takes minutes.
    clears = now.stack.status.endswith("CLEANUP_IN_PROGRESS") and now.paused is None
    soon = clears and polls <= QUICK_POLLS
    seconds = CLEAN_UP_SECONDS if soon else min(300, POLL_SECONDS + 10 * max(0, polls - QUICK_POLLS))
    hold(call, phase(call), lasting=seconds)
    return call.reply(following, f"waits: {what}", seconds=seconds, Polls=polls)


def _unwanted(call: Call, now: Situation) -> set[str]:
    """Ids of the releases whose guarded update is under way, if nobody wants it any more."""
    if not now.busy or not (call.going_back or call.ending):
        return set()
    stopped = str(call.record().get("stops") or "")
    declared = str(now.stack.parameters.get("ReleaseId", call.release_id)) if now.promoting else ""
    return {release for release in (stopped, declared) if release}


def phase(call: Call) -> str:
    """Where the intent is; a step that only waits leaves it there."""
    return str(call.record()["phase"])
