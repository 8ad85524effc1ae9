"""What is registered about a model: the version's request, and the record that makes it happen once."""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from model_registration.card import card

MOST_DESCRIPTION = 1024
MOST_METADATA = 50
"""CustomerMetadataMap of the SageMaker API; each value has at most 256 characters of the set below."""
_METADATA_VALUE = re.compile(r"[\w\s.:/=+@-]{1,256}")


class PackageGroupMissing(Exception):
    """The group that holds a model's versions does not exist."""


class RegistrationIncomplete(Exception):
    """The version exists, something that belongs to it does not: registering again completes it."""


def client_token(job: str) -> str:
    """The token that makes registering the same job twice one request, of at most 36 characters."""
    return hashlib.sha256(job.encode()).hexdigest()[:32]


def package(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return the CreateModelPackage request: a version that waits for approval.

    It holds nothing of the moment, so that the same job gives the same request.
    """
    containers = event["InferenceSpecification"]["Containers"]
    complete = [{**container, "ModelDataUrl": event["ModelDataUrl"]} for container in containers]
    specification = {**event["InferenceSpecification"], "Containers": complete}
    return {
        "ModelPackageGroupName": event["PackageGroup"],
        "ModelPackageDescription": _description(event),
        "InferenceSpecification": specification,
        "ModelApprovalStatus": "PendingManualApproval",
        "ModelMetrics": {
            "ModelQuality": {"Statistics": {"ContentType": "application/json", "S3Uri": event["Evaluation"]}}
        },
        "MetadataProperties": {"GeneratedBy": event["Execution"]},
        "CustomerMetadataProperties": metadata(event),
        "ModelCard": {
            "ModelCardContent": json.dumps(card(event), allow_nan=False),
            "ModelCardStatus": "PendingReview",
        },
        "ClientToken": client_token(event["Job"]["Arn"]),
    }


def _description(event: Mapping[str, Any]) -> str:
    text = f"{event['Card'].get('Description') or event['Model']} (run {event['RunId']})"
    printable = "".join(character if character.isprintable() else " " for character in text)
    return printable if len(printable) <= MOST_DESCRIPTION else f"{printable[: MOST_DESCRIPTION - 1]}…"


def metadata(event: Mapping[str, Any]) -> dict[str, str]:
    """Where the version comes from, as the version itself tells. What the API refuses stands in the card."""
    checked = event.get("DataCheck") or {}
    source = {} if event.get("Imported") else event.get("Source") or {}  # it did not make an imported model
    values = {
        "model": event["Model"],
        "run": event["RunId"],
        "execution": event["Execution"],
        "job": event["Job"]["Arn"],
        "source": source.get("Uri"),
        "source-sha256": source.get("Sha256"),
        "imported-from": event.get("Imported"),
        "overrides": " ".join(event.get("Overrides") or ()) or None,
        "gate": event["Gate"],
        "data-check": checked.get("Report"),
        "data-rows": checked.get("Rows"),
        **{f"data-{channel}": uri for channel, uri in sorted(event["Data"].items())},
    }
    told = {key: str(value) for key, value in values.items() if value is not None}
    fitting = [(key, value) for key, value in told.items() if _METADATA_VALUE.fullmatch(value)]
    return dict(fitting[:MOST_METADATA])


def version(arn: str) -> int:
    """The number of a version, the last part of its ARN."""
    return int(arn.rpartition("/")[2])


def incomplete(arn: str, failures: Mapping[str, str]) -> RegistrationIncomplete:
    """Say what is missing beside the version, and that registering again makes no second one."""
    what = "; ".join(f"{part}: {reason}" for part, reason in failures.items())
    return RegistrationIncomplete(f"{arn} is registered, but {what}. Registering again completes it.")
