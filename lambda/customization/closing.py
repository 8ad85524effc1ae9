"""How a customization ends: a version that waits for approval, a rejected one, or nothing left running."""

import json
from collections.abc import Mapping
from typing import Any

from customization import budget, evaluation
from customization.call import END, Call, Work
from customization.card import card, metadata
from customization.costs import bill
from customization.holding import decided
from customization.ports import Job
from customization.report import approval, measured
from customization.serving import serving

REGISTERED, REJECTED, STOPPED = "registered", "rejected", "stopped"

SECONDS, LONGEST = 30, 3_600
"""Seconds between two looks at jobs that are being stopped, and until the function no longer looks."""


def finish(call: Call) -> Work:
    """Tell of the version what is known: it may be approved now, or stays rejected with the gate's reason."""
    package, verdict = str(call.work["Package"]), call.event["Verdict"]
    described = call.world.versions.describe(package)
    members: dict[str, Any] = {
        "CustomerMetadataProperties": metadata(call),
        "ModelCard": {
            "ModelCardContent": json.dumps(card(call, described), allow_nan=False),
            "ModelCardStatus": "PendingReview",
        },
        **serving(call, described),
    }
    call.world.versions.update(package, **members, **_decision(call, described))
    _lineage(call, package)
    spent = budget.settle(call, bill(call, call.world.jobs.describe(call.work["Job"])))
    number = int(package.rpartition("/")[2])
    outcome = REGISTERED if verdict["Passed"] else REJECTED
    report = [*measured(call), *spent, *(approval(call, number) if verdict["Passed"] else ())]
    return call.reply(END, verdict["Summary"], Outcome=outcome, Version=number, Report=report)


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
    spent = budget.settle(call, bill(call, training) if training else None)
    left = [f"Still stopping: {', '.join(job.name for job in running)}"] if running else []
    return call.reply(END, "nothing of the run goes on", Outcome=STOPPED, Report=[*spent, *left])


def _reject(call: Call, training: Job | None) -> None:
    if training is not None and training.package is not None:
        failure = call.event.get("Failure") or {}
        why = f"{failure.get('Error', 'failed')}: {failure.get('Cause', '')}"
        call.world.versions.update(training.package, **decided("Rejected", why))


def _decision(call: Call, described: Mapping[str, Any]) -> dict[str, str]:
    """What the gate makes of a version; nothing once it has let it pass, for then people decide.

    Whoever approved it before it was measured is not asked to know better: it waits again.
    """
    verdict = call.event["Verdict"]
    if not verdict["Passed"]:
        return decided("Rejected", f"Gate: {verdict['Summary']}")
    if described.get("CustomerMetadataProperties", {}).get("gate") == call.place("Gate"):
        return {}
    return decided("PendingManualApproval", f"Gate: {verdict['Summary']}")


def _lineage(call: Call, package: str) -> None:
    """The data sets, the base model and the version it went on from all went into the job."""
    sources = {uri: "DataSet" for channel, uri in call.run["Data"].items() if channel != "evaluation"}
    sources[_base(call)] = "Model"
    if call.work.get("Source"):
        sources[call.work["Source"]] = "Model"
    call.world.lineage.record(call.work["Job"], call.work["JobArn"], sources, package)


def _base(call: Call) -> str:
    return str(call.technique["Request"]["ServerlessJobConfig"]["BaseModelArn"])
