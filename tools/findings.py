"""What the checks of a synthesis found: counts per stack, and everything that must not stay as it is.

A finding is one rule broken by one construct. The report tells open findings from acknowledged ones; what
was fixed, and checks that found nothing at all, leave no trace in it.
"""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SHARED_BY_AT_MOST = 3
"""Resources that one reason may speak for; beyond that it is a phrase, or the finding wants a fix."""

_EVERYWHERE = ""
"""Path of the app. Only ``accept_everywhere`` records there, and that is for every resource at once."""


@dataclass(frozen=True)
class Acknowledged:
    """One finding somebody accepted: ``path`` of the construct it is about, ``at`` where it was accepted.

    Paths begin with the environment and the stack; ``at`` is empty for what holds everywhere.
    """

    path: str
    at: str
    finding: str
    reason: str


@dataclass(frozen=True)
class Findings:
    """The findings of one synthesis; ``problems`` has a line for each thing to put right."""

    open_counts: Mapping[tuple[str, str], int]
    acknowledgements: tuple[Acknowledged, ...]
    problems: list[str]

    def open(self, environment: str, stack: str) -> int:
        """Findings of one stack that are neither fixed nor accepted."""
        return self.open_counts.get((environment, stack), 0)

    def acknowledged(self, environment: str, stack: str) -> int:
        """Findings of one stack that were accepted with a reason."""
        counts = Counter(_stack(accepted.path) for accepted in self.acknowledgements)
        return counts[(environment, stack)]


def read(outdir: Path) -> Findings:
    """Read ``validation-report.json`` and what was acknowledged below ``outdir``.

    Raises FileNotFoundError where no checks ran.
    """
    report = json.loads((outdir / "validation-report.json").read_text(encoding="utf-8"))
    plugins: list[dict[str, Any]] = report["pluginReports"]
    unresolved = list(_open(plugins))
    accepted = tuple(_acknowledged(plugins))
    problems = [*_failed(plugins), *(f"{path or outdir}: {finding}" for path, finding in unresolved)]
    problems += [*_stack_wide(accepted), *_unused(outdir, accepted), *_shared(accepted)]
    counts = Counter(_stack(path) for path, _ in unresolved)
    return Findings(counts, accepted, problems)


def _stack(path: str) -> tuple[str, str]:
    """Environment and stack of a construct path."""
    environment, _, rest = path.partition("/")
    return environment, rest.partition("/")[0]


def _open(plugins: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """Yield path and description of every finding that is still open."""
    for plugin in plugins:
        for violation in plugin["violations"]:
            finding = f"{plugin['pluginName']}::{violation['ruleName']}: {violation['description']}"
            for construct in violation["violatingConstructs"] or [{"constructPath": ""}]:
                yield construct["constructPath"], finding


def _acknowledged(plugins: list[dict[str, Any]]) -> Iterator[Acknowledged]:
    for plugin in plugins:
        for violation in plugin.get("suppressedViolations", []):
            for construct in violation["violatingConstructs"]:
                yield Acknowledged(
                    path=construct["constructPath"],
                    at=violation.get("acknowledgedAt", _EVERYWHERE),
                    finding=violation["acknowledgedId"],
                    reason=violation.get("reason", ""),
                )


def _failed(plugins: list[dict[str, Any]]) -> Iterator[str]:
    """The CDK CLI takes a check that raised for one that found nothing."""
    for plugin in plugins:
        if error := plugin.get("metadata", {}).get("error"):
            yield f"{plugin['pluginName']}: {error}"


def _stack_wide(accepted: tuple[Acknowledged, ...]) -> Iterator[str]:
    """An acknowledgement of a whole stack or environment also hides the findings of tomorrow."""
    wide = {(one.at, one.finding) for one in accepted if one.at != _EVERYWHERE and one.at.count("/") < 2}
    for at, finding in sorted(wide):
        yield f"{at}: {finding} is accepted for all of it; accept it beside its resource"


def _unused(outdir: Path, accepted: tuple[Acknowledged, ...]) -> Iterator[str]:
    recorded = set(_recorded(outdir))
    used = {(one.at, one.finding) for one in accepted}
    for at, finding in sorted(recorded - used):
        yield f"{at}: {finding} is accepted, but no check finds it (any more)"
    # Everything accepted inside a stack is recorded, unless CDK has changed where: then nothing is unused.
    for at, finding in sorted(one for one in used - recorded if "/" in one[0]):
        yield f"{at}: {finding} is accepted, but not recorded in the stack's metadata"


def _recorded(outdir: Path) -> Iterator[tuple[str, str]]:
    """Yield where and what was acknowledged in a stack, found or not: CDK keeps it as construct metadata."""
    for path in sorted(outdir.glob("assembly-*/manifest.json")):
        for artifact in json.loads(path.read_text(encoding="utf-8"))["artifacts"].values():
            metadata: dict[str, list[dict[str, Any]]] = artifact.get("metadata", {})
            if name := artifact.get("additionalMetadataFile"):
                metadata |= json.loads(path.with_name(name).read_text(encoding="utf-8"))
            for construct, records in metadata.items():
                for record in records:
                    if record["type"] == "aws:cdk:acknowledged-rules":
                        yield from ((construct.removeprefix("/"), finding) for finding in record["data"])


def _shared(accepted: tuple[Acknowledged, ...]) -> Iterator[str]:
    resources = defaultdict(set)
    for one in accepted:
        if one.at != _EVERYWHERE:
            # What every model has is one resource, however many models there are, and so are the alarms of
            # its releases: which there are depends on its objectives.
            place = re.sub(r"^(Model|Serving)-[^/]+", r"\1-*", one.path.partition("/")[2])
            place = re.sub(r"/Release\w+Alarm$", "/Release*Alarm", place)
            resources[one.reason].add(place)
    for reason, paths in sorted(resources.items()):
        if len(paths) > SHARED_BY_AT_MOST:
            named = ", ".join(sorted(paths))
            yield f"one reason for {len(paths)} resources, allowed: {SHARED_BY_AT_MOST}: {reason!r} ({named})"
