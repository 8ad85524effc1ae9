"""Leaving nothing behind: after a run that failed, and when a model is taken out of service."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from bedrock_customization import budget, requests
from bedrock_customization.api import KINDS, Found
from bedrock_customization.errors import StillBusy
from bedrock_customization.making import Work
from bedrock_customization.services import Services
from bedrock_customization.times import moment
from s3_locations import write_json

SERVING = {"deployment": "deployment", "throughput": "Provisioned Throughput"}
MODELS = {"model": "custom model", "imported": "imported model"}
"""Kinds of resources, and what people call them."""


def clean_up(event: Mapping[str, Any], services: Services) -> Work:
    """End whatever the run has going: its job, its deployment, its throughput, what it imported.

    By the names it gives, not by what it remembers: a step that failed may have done its work. A custom model
    that a job made stays, since it has been paid for. Raises StillBusy while something cannot be removed yet.
    """
    api, name = services.bedrock, requests.name_of(event)
    kept: list[str] = []
    _stop_job(event, services)
    for kind in SERVING:
        if found := api.named(kind, name):
            kept += _removed(services, kind, Found(name, found[KINDS[kind].arn], found), event["Now"])
    _refuse_running_import(services, name)
    for kind in MODELS:
        if found := api.named(kind, name):
            arn = found[KINDS[kind].arn]
            if kind == "model" and found.get("customizationType") != "IMPORTED":
                kept.append(
                    f"The custom model {arn} stays: it can be deployed, or deleted with retire-bedrock."
                )
            elif not api.remove(kind, arn):
                raise StillBusy(f"{arn} cannot be deleted yet")
    return {**event["Work"], "Kept": kept, "Next": "end", "Seconds": 0}


def _stop_job(event: Mapping[str, Any], services: Services) -> None:
    """Stop the run's job and wait until it has stopped; give the estimate back if there never was one."""
    api, name = services.bedrock, requests.name_of(event)
    job = api.named("job", name)
    if not event["Run"]["Import"]:
        budget.settle(event, services, started=job is not None)
    if job and job["status"] == "InProgress":
        api.remove("job", job["jobArn"])
    if job and job["status"] in ("InProgress", "Stopping"):
        raise StillBusy(f"{job['jobArn']} is being stopped")


def _refuse_running_import(services: Services, name: str) -> None:
    """An import cannot be stopped: its model is deleted once it is there."""
    job = services.bedrock.named("import", name)
    if job and job["status"] == "InProgress":
        raise StillBusy(f"{job['jobArn']} is under way, and Bedrock does not stop imports")


def _removed(services: Services, kind: str, found: Found, now: str) -> list[str]:
    """Delete a deployment or a throughput; the sentence about one that stays for the rest of its term."""
    until = found.summary.get("commitmentExpirationTime")
    if isinstance(until, datetime) and until > moment(now):
        return [
            f"The {SERVING[kind]} {found.arn} is committed: it cannot be deleted, and is billed, "
            f"until {until:%Y-%m-%d %H:%M} UTC."
        ]
    if not services.bedrock.remove(kind, found.arn):
        raise StillBusy(f"{found.arn} cannot be deleted yet")
    return []


def retire(event: Mapping[str, Any], services: Services) -> Work:
    """Take the model out of service: delete its deployments and the throughput that no term holds.

    Models stay, unless ``Run.DeleteModels`` says otherwise; what serves for a term keeps its model. Raises
    StillBusy while something cannot be removed yet; the next attempt no longer sees what this one removed.
    """
    removed: list[str] = []
    committed: list[str] = []
    for kind in SERVING:
        for found in services.bedrock.of(event["Bedrock"]["Prefix"], kind):
            stays = _removed(services, kind, found, event["Now"])
            committed += stays
            removed += [] if stays else [f"{SERVING[kind]} {found.arn}"]
    deleted, kept = _models(event, services, serving=bool(committed))
    work = {"Removed": removed + deleted, "Committed": committed, "Models": kept}
    uri = f"{event['Bedrock']['Records']}/{event['Run']['RunId']}.json"
    about = {"Execution": event["Execution"]["Id"], "Recorded": event["Now"], "Retired": True}
    write_json(services.s3, uri, {"Model": event["Bedrock"]["Model"], **about, **work})
    return {**work, "Record": uri, "Next": "notify", "Seconds": 0}


def _models(event: Mapping[str, Any], services: Services, *, serving: bool) -> tuple[list[str], list[str]]:
    """Models that were deleted, and those that stay with the reason if they were to be deleted."""
    deleted: list[str] = []
    kept: list[str] = []
    for kind, found in _all_models(event, services):
        called = f"{MODELS[kind]} {found.arn}"
        if not event["Run"]["DeleteModels"]:
            kept.append(called)
        elif services.bedrock.remove(kind, found.arn):
            deleted.append(called)
        elif serving:
            kept.append(f"{called}, which is in use")
        else:
            raise StillBusy(f"{found.arn} cannot be deleted yet")
    return deleted, kept


def _all_models(event: Mapping[str, Any], services: Services) -> Iterator[tuple[str, Found]]:
    for kind in MODELS:
        for found in services.bedrock.of(event["Bedrock"]["Prefix"], kind):
            yield kind, found
