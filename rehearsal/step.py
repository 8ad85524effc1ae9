"""One workflow of one model, as a rehearsal lived through it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tools.executions import Ended


@dataclass(frozen=True)
class Step:
    """One workflow of one model, as it went; ``seconds`` of this machine's time.

    ``wanted`` is the outcome it had to have, of a release or rollback; others have to succeed.
    """

    model: str
    workflow: str
    seconds: float
    ended: Ended
    wanted: str = ""

    @property
    def as_promised(self) -> bool:
        """Whether it ended as it should."""
        return self.outcome == self.wanted if self.wanted else self.ended.succeeded

    @property
    def outcome(self) -> str:
        """Outcome of a release or rollback; that of one that failed is its error's name."""
        if self.ended.succeeded:
            return str(self.ended.output.get("Outcome", ""))
        words = self.ended.error.removeprefix("Release").removeprefix("Rollback").removeprefix("Lifecycle")
        return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in words).strip("_")

    @property
    def result(self) -> str:
        """What came of it, in a few words."""
        if self.wanted:
            version = self.ended.output.get("Version")
            return f"version {version} {self.outcome}" if version else self.outcome or self.ended.error
        if not self.ended.succeeded:
            return f"{self.ended.status}: {self.ended.error}"
        if told := _in_bedrock(self.ended.output):
            return told
        version = self.ended.output.get("ModelPackageArn", "")
        metrics = self.ended.output.get("Metrics", {})
        found = [f"{name} {value:.3f}" for name, value in metrics.items() if isinstance(value, float)]
        return ", ".join([*([f"version {version.rpartition('/')[2]}"] if version else []), *found]) or "done"


SERVES = {
    "on_demand": "answers on demand",
    "provisioned": "answers by Provisioned Throughput",
    "imported": "answers as an imported model",
}
"""``Serving`` of the output of customize-bedrock, in words."""


def _in_bedrock(output: Mapping[str, Any]) -> str:
    """What a workflow of Amazon Bedrock did; empty for any other."""
    if "Serving" in output:
        return SERVES[output["Serving"]]
    if "Removed" not in output:
        return ""
    told = {"removed": output["Removed"], "committed": output["Committed"], "kept": output["Models"]}
    return (
        ", ".join(f"{word} {_counted(things)}" for word, things in told.items() if things) or "nothing there"
    )


def _counted(things: Sequence[str]) -> str:
    """``2 deployment``: things by what stands before their ARNs."""
    kinds = Counter(thing.partition(" arn:")[0].removeprefix("The ") for thing in things)
    return ", ".join(kind if count == 1 else f"{kind} ×{count}" for kind, count in kinds.items())
