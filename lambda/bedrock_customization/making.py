"""The steps up to a model: reserve the budget, start what makes it, follow that to its end."""

from collections.abc import Mapping
from typing import Any

from bedrock_customization import budget, requests
from bedrock_customization.errors import BedrockJobFailed, NotApproved
from bedrock_customization.services import Services
from bedrock_customization.times import after, over, pause

Work = dict[str, Any]

JOB, TAKE, IMPORT = "job", "take", "import"
"""How the model comes to Bedrock: customized there, taken over from a version of Amazon Nova, or imported."""


def begin(event: Mapping[str, Any], services: Services) -> Work:
    """Reserve the run's estimate, or look at the version to import. Nothing has been begun after it fails."""
    literal, run = event["Bedrock"], event["Run"]
    if run["Import"]:
        return {"Next": "start", **_version(event, services)}
    budget.reserve(event, services)
    return {"Next": "customize" if literal["Documented"] else "start", "Way": JOB}


def _version(event: Mapping[str, Any], services: Services) -> Work:
    """How a version of the registry comes to Bedrock. Raises NotApproved."""
    arn = event["Run"]["Import"]
    found = services.package(arn)
    if found["ModelApprovalStatus"] != "Approved":
        raise NotApproved(f"{arn} is {found['ModelApprovalStatus']}; only an approved version is imported")
    container = (found.get("InferenceSpecification", {}).get("Containers") or [{}])[0]
    uri = container.get("ModelDataSource", {}).get("S3DataSource", {}).get("S3Uri")
    base = container.get("BaseModel", {}).get("HubContentName", "")
    if not uri or not base:
        raise NotApproved(
            f"{arn} was not made by model customization: it names no base model or no artifacts"
        )
    return {"Way": TAKE if "nova" in base.lower() else IMPORT, "Artifacts": uri, "Base": base}


def start(event: Mapping[str, Any], services: Services) -> Work:
    """Start the job, the taking over or the import. The same again, with the same token, starts nothing."""
    api, work = services.bedrock, event["Work"]
    if work["Way"] == JOB:
        job = api.call("create_model_customization_job", **requests.customization(event))["jobArn"]
    elif work["Way"] == TAKE:
        job = api.call("create_custom_model", **requests.taking_over(event))["modelArn"]
    else:
        request = requests.importing(event, work["Artifacts"])
        job = api.call("create_model_import_job", **request)["jobArn"]
    longest = event["Bedrock"]["MaximumMinutes"]
    ends = after(event["Now"], longest)
    return {**work, "Job": job, "Next": "follow", "Seconds": pause(longest), "Deadline": ends}


def follow(event: Mapping[str, Any], services: Services) -> Work:
    """Look at what makes the model. Raises BedrockJobFailed with Bedrock's reason, or after the deadline."""
    work = event["Work"]
    status, model, message = _seen(work, services)
    if status in ("Completed", "Active"):
        return {**work, "Model": model, "Next": _next(event), "Seconds": 0}
    if status in ("Failed", "Stopping", "Stopped"):
        raise BedrockJobFailed(f"{work['Job']} is {status}: {message or 'Bedrock gave no reason.'}")
    longest = event["Bedrock"]["MaximumMinutes"]
    if over(work.get("Deadline"), event["Now"]):
        raise BedrockJobFailed(f"{work['Job']} is {status} after {longest} minutes, which are its most")
    return {**work, "Next": "follow", "Seconds": pause(longest)}


def _seen(work: Mapping[str, Any], services: Services) -> tuple[str, str | None, str | None]:
    """Status, the model's ARN once there is one, and what went wrong."""
    api, job = services.bedrock, work["Job"]
    if work["Way"] == TAKE:
        found = api.call("get_custom_model", modelIdentifier=job)
        return found["modelStatus"], job, found.get("failureMessage")
    if work["Way"] == IMPORT:
        found = api.call("get_model_import_job", jobIdentifier=job)
        return found["status"], found.get("importedModelArn"), found.get("failureMessage")
    found = api.call("get_model_customization_job", jobIdentifier=job)
    return found["status"], found.get("outputModelArn"), found.get("failureMessage")


def _next(event: Mapping[str, Any]) -> str:
    """A term is bought only after somebody confirmed; an imported model answers without being deployed."""
    if event["Work"]["Way"] == IMPORT:
        return "serve"
    return "confirm" if event["Bedrock"]["Serving"]["Commitment"] else "serve"
