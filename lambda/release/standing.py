"""What serves at the end of a release, and what people type from there: sections of its report."""

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from release import records
from release.call import AB_TEST, LIFECYCLE
from release.pausing import RESUME
from release.ports import Record

AGAIN = {AB_TEST: "ab-test"}
"""Command that starts a workflow anew, where it is not called as the release is."""


def serves_section(live: Record | None, paused: Record | None, now: str) -> str:
    """What the ledger says serves at ``now``."""
    return f"<h2>What serves</h2>\n<p>{escape(_serves(live, paused))} <small>as of {escape(now)}</small></p>"


def _serves(live: Record | None, paused: Record | None) -> str:
    if paused:
        what = "retired" if paused.get("retired") else "paused"
        by = f" by {paused['by']}" if paused.get("by") else ""
        why = f": {paused['reason']}" if paused.get("reason") else ""
        said = f"Nothing: version {paused.get('version')} is {what} since {paused.get('since')}{by}{why}"
        return f"{said.rstrip('.')}."
    if not live:
        return "Nothing was ever released."
    before = str(live.get("previous", "")).rpartition("/")[2]
    instead = f" Before it served version {before}." if before.isdigit() else ""
    return f"Version {live['version']}, since {live['since']}, by release {live['release_id']}.{instead}"


def commands_section(intent: Record, serving: Mapping[str, Any], paused: Record | None) -> str:
    """What to type next, by how it ended."""
    rows = "".join(
        f"<div><dt>{escape(what)}</dt><dd><code>{escape(command)}</code></dd></div>"
        for what, command in commands(intent, serving, paused)
    )
    return f'<h2>Commands</h2>\n<dl class="commands">{rows}</dl>'


def commands(intent: Record, serving: Mapping[str, Any], paused: Record | None) -> Iterator[tuple[str, str]]:
    """What each command is for, and the command."""
    where = f"ENV={serving['Environment']} MODEL={serving['Model']}"
    yield "What serves, and what is under way", f"make status ENV={serving['Environment']}"
    if paused:
        yield "To bring it back", f"make {RESUME} {where}"
        return
    yield "To bring back what served before, or stop what is under way", f"make rollback {where}"
    workflow = str(intent["workflow"])
    again = intent["outcome"] in (*records.NOT_AGAIN, records.FAILED, records.ABANDONED)
    if again and workflow == LIFECYCLE:
        yield "To start it again", f"make {intent['action']} {where}"
    elif again and intent.get("version") and not intent.get("target"):
        how = AGAIN.get(workflow, "release")
        yield "To start it again all the same", f"make {how} {where} VERSION={intent['version']}"
