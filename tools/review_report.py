"""What a review of templates found, as a terminal and a pull request show it."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tools.templates import Finding

MARKDOWN_LIMIT = 60_000
"""Characters; a comment on GitHub may have 65,536."""

ACCEPTING = (
    "A failure is accepted by merging: whoever answers for the environment merges the pull request with its "
    "new baselines, which are the base of the next review."
)


@dataclass(frozen=True)
class StackReview:
    """What changed in one stack (``<environment>/<stack>``): ``kind`` is new, changed or removed."""

    stack: str
    kind: str
    difference: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class EnvironmentReview:
    """The changed stacks of one environment, and how many did not change."""

    environment: str
    stacks: tuple[StackReview, ...]
    unchanged: int

    def found(self, *kinds: str) -> list[str]:
        """The findings of these kinds, each with its stack."""
        return [
            f"{s.stack}: {finding}" for s in self.stacks for finding in s.findings if finding.kind in kinds
        ]

    @property
    def fails(self) -> bool:
        """Whether anything must be accepted by a reviewer."""
        return bool(self.found("loss", "permission"))

    @property
    def verdict(self) -> str:
        """The result in one line."""
        losses, permissions = len(self.found("loss")), len(self.found("permission"))
        judged = (
            f"FAILS (lost or replaced: {losses}, wider permissions: {permissions})"
            if self.fails
            else "passes"
        )
        return (
            f"{self.environment}: {judged}; stacks changed: {len(self.stacks)}, unchanged: {self.unchanged}"
        )


def as_text(reviews: Sequence[EnvironmentReview], base: str) -> str:
    """The report for a terminal; its last lines are the verdicts, one per environment."""
    lines = []
    for environment in reviews:
        for stack in environment.stacks:
            lines += [f"{stack.stack}: {stack.kind} against {base}", stack.difference, ""]
        for title, found in _lists(environment):
            lines += [title, *(f"  {line}" for line in found), ""]
    lines += [ACCEPTING, ""] if any(environment.fails for environment in reviews) else []
    return "\n".join([*lines, *(environment.verdict for environment in reviews)])


def _lists(environment: EnvironmentReview) -> Iterator[tuple[str, list[str]]]:
    titles = {"loss": "lost or replaced", "permission": "wider permissions", "note": "by design"}
    for kind, title in titles.items():
        if found := environment.found(kind):
            yield f"{environment.environment}: {title} ({len(found)})", found


def as_markdown(reviews: Sequence[EnvironmentReview], base: str) -> str:
    """The report for a comment on a pull request, at most MARKDOWN_LIMIT characters: verdicts first."""
    report = [
        f"### Templates against `{base}`\n",
        *(f"- {environment.verdict}" for environment in reviews),
        "",
    ]
    report += [f"{ACCEPTING}\n"] if any(environment.fails for environment in reviews) else []
    blocks = [
        (title, "\n".join(found), "text") for environment in reviews for title, found in _lists(environment)
    ]
    blocks += [
        (f"{stack.stack}: {stack.kind}", "\n".join(map(_as_diff_line, stack.difference.splitlines())), "diff")
        for environment in reviews
        for stack in environment.stacks
    ]
    text = "\n".join(report)
    for done, block in enumerate(blocks):
        room = MARKDOWN_LIMIT - len(text) - 100  # for the line that says how much is left out
        if room < 1000:
            return f"{text}\n{len(blocks) - done} more sections are left out: `make diff` shows them.\n"
        text += _details(*block, room=room)
    return text


def _details(title: str, body: str, language: str, *, room: int) -> str:
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", body)), default=0))
    frame = f"\n<details><summary>{title}</summary>\n\n{fence}{language}\n%s\n{fence}\n\n</details>\n"
    if len(frame) + len(body) > room:
        kept = body[: room - len(frame) - 100].rpartition("\n")[0]
        body = f"{kept}\n... {body.count(chr(10)) - kept.count(chr(10))} more lines: `make diff` shows them"
    return frame.replace("%s", body)


def _as_diff_line(line: str) -> str:
    """Put the sign of a line of ``cdk diff`` at its start, where a diff block gives it a colour."""
    sign = re.search(r"\[([-+~])\]|^│ ([-+]) │", line)
    found = (sign[1] or sign[2]) if sign else " "
    return f"{found.replace('~', '!')} {line}"
