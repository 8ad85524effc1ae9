"""One call of one step: what it was given, what it answers, and the words for people in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from release import records
from release.identifiers import release_id
from release.ports import Record, World

Work = dict[str, Any]
"""What a step answers and the next one gets. ``Next`` is a step, ``confirm`` or ``end``."""

END, CONFIRM = "end", "confirm"
RELEASE, ROLLBACK, AB_TEST = "release", "rollback", "ab_test"
LIFECYCLE = "lifecycle"
UPKEEP = "upkeep"


@dataclass
class Call:
    """``intent`` is the record of this release as the ledger has it, None before there is one."""

    event: Mapping[str, Any]
    world: World
    intent: Record | None = None
    work: Work = field(default_factory=dict)

    @property
    def now(self) -> str:
        """The time of this call: a step has no other clock."""
        return str(self.event["Now"])

    @property
    def workflow(self) -> str:
        """``release``, ``rollback`` or ``ab_test``."""
        return str(self.event["Workflow"])

    @property
    def execution(self) -> str:
        """ARN of the execution, which is who holds the lease."""
        return str(self.event["Execution"]["Id"])

    @property
    def release_id(self) -> str:
        """Ten characters that tell this release from every other."""
        return release_id(self.event["Execution"])

    @property
    def input(self) -> Mapping[str, Any]:
        """Input of the execution; of ``give_up`` with the ``Error``."""
        given: Mapping[str, Any] = self.event.get("Input") or {}
        return given

    @property
    def serving(self) -> Mapping[str, Any]:
        """The model's settings, as the workflow was compiled with."""
        literal: Mapping[str, Any] = self.event["Serving"]
        return literal

    @property
    def guarded(self) -> bool:
        """Whether SageMaker can watch the alarms of an update: not of serverless endpoints, and of copies of
        a model only where they are replaced in batches.
        """
        mode = self.serving.get("Mode")
        in_batches = self.serving["Rollout"]["Strategy"] == "rolling"
        return mode != "serverless" and (mode != "inference_components" or in_batches)

    @property
    def ending(self) -> Record | None:
        """How this release will end once what served before is alone again; None while it goes on."""
        return self.intent.get("ending") if self.intent else None

    @property
    def going_back(self) -> bool:
        """Whether this brings back what served before, rather than something new."""
        return bool(self.intent and self.intent.get("target"))

    def record(self) -> Record:
        """The intent. Raises RuntimeError if there is none, which a step before must have written."""
        if self.intent is None:
            raise RuntimeError(f"release {self.release_id} was never admitted")
        return self.intent

    def reply(self, following: str, message: str, *, seconds: float = 0, **private: Any) -> Work:
        """The work so far with what comes next, and when."""
        blank = {"Version": None, "Package": "", "Report": "", "ReportLink": "", "Subject": self.subject()}
        fixed = {"Next": following, "Seconds": max(0, round(seconds)), "Message": message, "Outcome": ""}
        return {**blank, **self.work, **private, **fixed, "ReleaseId": self.release_id}

    def subject(self, outcome: str = "") -> str:
        """Title of a notification; the workflow puts the model and the environment before it."""
        title = {AB_TEST: "A/B test"}.get(self.workflow, self.workflow)
        return f"{title} {outcome.replace('_', ' ')}" if outcome else title

    def command(self, name: str, **more: Any) -> str:
        """What an on-call person types."""
        given = "".join(f" {key}={value}" for key, value in more.items())
        return f"make {name} ENV={self.serving['Environment']} MODEL={self.serving['Model']}{given}"

    def model(self, version: Any) -> str:
        """A version in words."""
        return f"{self.serving['Model']} version {version}"


def ended(call: Call, record: Record) -> Work:
    """The last answer of a release that has its terminal record."""
    outcome = str(record["outcome"])
    known = {"Version": record.get("version"), "Package": record.get("package", "")}
    report = record.get("report") or (record.get("judged") or {}).get("report", "")
    answer = call.reply(END, str(record.get("message", "")), **known, Report=report)
    return {**answer, "Outcome": outcome, "Subject": call.subject(outcome)}


def opened(call: Call, package: str, version: int | None, **more: Any) -> Record:
    """A new intent: accepted, and without an outcome."""
    return {
        "release_id": call.release_id,
        "package": package,
        "version": version,
        "workflow": call.workflow,
        "execution": call.execution,
        "started": call.now,
        "phase": records.ADMITTED,
        "outcome": "",
        **more,
    }
