"""Evaluation jobs of the candidate and of the base model: each measurement is a chain of jobs, one by one.

What the base model reached is measured once for the same model, data, scorer and request, and kept.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from customization.call import JUDGE, Call, Work
from customization.errors import EvaluationFailed, EvaluationTimedOut
from customization.holding import hold
from customization.ports import Job
from customization.results import measured
from customization.training import PENDING, SHORTEST, created, interval, tracked

CANDIDATE, BASE = "eval", "base"
"""Whom a job measures, as its name says."""

_DEPENDS = {"<Dataset:evaluation>": "evaluation", "<Scorer>": "scorer"}
"""Blanks of a measurement's requests, and the assets that fill them."""

_MEASURED = ("ServerlessJobConfig", "HyperParameters", "InputDataConfig")
"""Members of a request that results depend on."""

Measurement = Mapping[str, Any]
Entry = dict[str, Any]
"""Of the work: Measurement, Subject, Step (position in the chain), Done."""


def evaluate(call: Call) -> Work:
    """Create the first job of every measurement that is to be made."""
    entries: list[Entry] = []
    base: dict[str, float] = {}
    for number, measurement in enumerate(call.literal["Measurements"]):
        known = call.world.files.read(kept_at(call, measurement))
        base |= known[0]["metrics"] if known else {}
        for subject in (CANDIDATE,) if known else (CANDIDATE, BASE):
            entries.append({"Measurement": number, "Subject": subject, "Step": 0, "Done": False})
            _create(call, entries[-1])
    following = "follow_evaluations" if entries else "measure"
    message = f"{len(entries)} measurements are under way"
    return call.reply(
        following, message, seconds=SHORTEST if entries else 0, Evaluations=entries, KnownBase=base
    )


def follow_evaluations(call: Call) -> Work:
    """Wait for the ends of all jobs, and create the next of a chain. Raises EvaluationFailed, …TimedOut."""
    entries = [_followed(call, dict(entry)) for entry in call.work["Evaluations"]]
    running = sum(not entry["Done"] for entry in entries)
    if not running:
        return call.reply("measure", "every evaluation has ended", Evaluations=entries)
    longest = int(call.literal["EvaluationSeconds"])
    seconds = interval(int(call.work.get("Evaluating", 0)))
    waited = call.waited("Evaluating", seconds)
    chain = max(len(measurement["Requests"]) for measurement in call.literal["Measurements"])
    if waited["Evaluating"] > chain * longest + PENDING:
        raise EvaluationTimedOut(f"{running} evaluations have not ended: {', '.join(_names(call, entries))}")
    message = f"{running} evaluations run"
    return call.reply("follow_evaluations", message, seconds=seconds, Evaluations=entries, **waited)


def measure(call: Call) -> Work:
    """Read what was measured, keep the base model's, and write ``evaluation.json`` as the gate reads it."""
    metrics: dict[str, float] = {}
    base: dict[str, float] = dict(call.work["KnownBase"])
    for entry in call.work["Evaluations"]:
        measurement = call.literal["Measurements"][entry["Measurement"]]
        found = measured(call.world.files, request(call, entry), measurement["Result"])
        if entry["Subject"] == CANDIDATE:
            metrics |= found
        else:
            base |= found
            call.world.files.write(kept_at(call, measurement), {"metrics": found, "run": call.run_id})
    hold(call, call.work["Package"])  # approved meanwhile, it would be what the gate compares it with
    where = call.place("Evaluation")
    document = {"metrics": metrics, "base": base, "run": call.run_id, "version": call.work["Package"]}
    call.world.files.write(where, document)
    return call.reply(
        JUDGE, f"{len(metrics)} metrics are measured", Evaluation=where, Metrics=metrics, Base=base
    )


def names(call: Call) -> Iterator[str]:
    """Name of every evaluation job that a run may create."""
    for measurement in call.literal["Measurements"]:
        for literal in measurement["Requests"]:
            for subject in (CANDIDATE, BASE):
                yield call.filled(literal["TrainingJobName"], {"Subject": subject})


def _create(call: Call, entry: Entry) -> None:
    created(call, request(call, entry))


def request(call: Call, entry: Mapping[str, Any]) -> dict[str, Any]:
    """The request of the job that an entry is at; the base model's names no version."""
    literal = call.literal["Measurements"][entry["Measurement"]]["Requests"][entry["Step"]]
    arns = call.work["Assets"]
    blanks = {
        "Subject": entry["Subject"],
        "Candidate": call.work["Package"],
        "Dataset:evaluation": arns.get("evaluation", ""),
        "Scorer": arns.get("scorer", ""),
    }
    if entry["Subject"] == BASE:
        literal = {key: value for key, value in literal.items() if key != "ModelPackageConfig"}
    return tracked(call, literal, blanks)


def _followed(call: Call, entry: Entry) -> Entry:
    """An entry as it is now."""
    if entry["Done"]:
        return entry
    name = request(call, entry)["TrainingJobName"]
    job = call.world.jobs.describe(name)
    if job is not None and job.runs:
        return entry
    _refuse(job, name, int(call.literal["EvaluationSeconds"]))
    requests = call.literal["Measurements"][entry["Measurement"]]["Requests"]
    if entry["Step"] + 1 == len(requests):
        return {**entry, "Done": True}
    following = {**entry, "Step": entry["Step"] + 1}
    _create(call, following)
    return following


def _refuse(job: Job | None, name: str, longest: int) -> None:
    if job is None:
        raise EvaluationFailed(f"there is no job {name}")
    if job.secondary == "MaxRuntimeExceeded":
        raise EvaluationTimedOut(
            f"{name} was stopped after {longest // 60} minutes (evaluate.max_runtime_minutes)"
        )
    if job.status != "Completed":
        raise EvaluationFailed(f"{name} {job.status.lower()}: {job.reason or job.secondary}")


def _names(call: Call, entries: list[Entry]) -> list[str]:
    return [request(call, entry)["TrainingJobName"] for entry in entries if not entry["Done"]]


def kept_at(call: Call, measurement: Measurement) -> str:
    """Where the base model's results lie: by all that they depend on, data and scorer where it has any.

    Neither tags nor time limits count: who changes one pays for no other measurement.
    """
    asked = [{key: one.get(key) for key in _MEASURED} for one in measurement["Requests"]]
    text = json.dumps([asked, measurement["Result"]], sort_keys=True)
    prints = call.work["Fingerprints"]
    used = [key for blank, key in _DEPENDS.items() if blank in text]
    given = [text, call.work["BaseVersion"], *(prints[key] for key in used)]
    digest = hashlib.sha256(json.dumps(given).encode()).hexdigest()
    return f"{call.place('Base')}{digest}.json"
