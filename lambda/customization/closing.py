"""How a customization ends: a version that waits for approval, a rejected one, or nothing left running."""

import json
from typing import Any

from customization import budget, evaluation
from customization.call import END, Call, Work
from customization.card import card, metadata
from customization.ports import Job

REGISTERED, REJECTED, STOPPED = "registered", "rejected", "stopped"

SECONDS, LONGEST = 30, 3_600
"""Seconds between two looks at jobs that are being stopped, and until the function no longer looks."""

MOST_DESCRIPTION = 1024
"""Characters of ApprovalDescription (SageMaker API)."""


def finish(call: Call) -> Work:
    """Tell of the version what is known, and reject it if the gate did not let it pass."""
    package, verdict = str(call.work["Package"]), call.event["Verdict"]
    described = call.world.versions.describe(package)
    members: dict[str, Any] = {
        "CustomerMetadataProperties": metadata(call),
        "ModelCard": {
            "ModelCardContent": json.dumps(card(call, described), allow_nan=False),
            "ModelCardStatus": "PendingReview",
        },
    }
    if not verdict["Passed"]:
        members |= _rejection(f"Gate: {verdict['Summary']}")
    call.world.versions.update(package, **members)
    _lineage(call, package)
    job = call.world.jobs.describe(call.work["Job"])
    budget.settle(call, started=True, tokens=job.tokens if job else None)
    number = int(package.rpartition("/")[2])
    outcome = REGISTERED if verdict["Passed"] else REJECTED
    return call.reply(END, verdict["Summary"], Outcome=outcome, Version=number)


def stop(call: Call) -> Work:
    """Stop every job of the run that still runs, reject its version, and settle the budget.

    Names are made again rather than remembered: an action may have failed after it created a job.
    """
    name = str(call.filled(call.technique["Request"]["TrainingJobName"], {}))
    training = call.world.jobs.describe(name)
    others = (call.world.jobs.describe(each) for each in evaluation.names(call))
    running = [job for job in (training, *others) if job and job.runs]
    for job in running:
        if job.status == "InProgress":
            call.world.jobs.stop(job.name)
    waited = call.waited("Stopping", SECONDS)
    if running and waited["Stopping"] <= LONGEST:
        message = f"stopping {', '.join(job.name for job in running)}"
        return call.reply("stop", message, seconds=SECONDS, **waited)
    _reject(call, training)
    budget.settle(call, started=training is not None, tokens=training.tokens if training else None)
    left = f"; still stopping: {', '.join(job.name for job in running)}" if running else ""
    return call.reply(END, f"nothing of the run goes on{left}", Outcome=STOPPED)


def _reject(call: Call, training: Job | None) -> None:
    if training is None or training.package is None:
        return
    if call.world.versions.describe(training.package).get("ModelApprovalStatus") != "Rejected":
        failure = call.event.get("Failure") or {}
        why = f"{failure.get('Error', 'failed')}: {failure.get('Cause', '')}"
        call.world.versions.update(training.package, **_rejection(why))


def _rejection(why: str) -> dict[str, str]:
    plain = " ".join(why.split())
    short = plain if len(plain) <= MOST_DESCRIPTION else f"{plain[: MOST_DESCRIPTION - 1]}…"
    return {"ModelApprovalStatus": "Rejected", "ApprovalDescription": short}


def _lineage(call: Call, package: str) -> None:
    """The data sets, the base model and the version it went on from all went into the job."""
    sources = {uri: "DataSet" for channel, uri in call.run["Data"].items() if channel != "evaluation"}
    sources[_base(call)] = "Model"
    if call.work.get("Source"):
        sources[call.work["Source"]] = "Model"
    call.world.lineage.record(call.work["Job"], call.work["JobArn"], sources, package)


def _base(call: Call) -> str:
    return str(call.technique["Request"]["ServerlessJobConfig"]["BaseModelArn"])
