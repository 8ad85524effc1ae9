"""The steps from a model to one that answers, and the record of the run."""

from collections.abc import Iterator, Mapping
from typing import Any

from bedrock_customization import budget, requests
from bedrock_customization.errors import BedrockServingFailed, CommitmentDeclined
from bedrock_customization.making import IMPORT, Work
from bedrock_customization.services import Services
from bedrock_customization.times import LOOK_SECONDS, after, over
from s3_locations import write_json

SERVING_MINUTES = 120
"""How long a deployment or Provisioned Throughput may take to come into service; AWS names minutes."""

ON_DEMAND, PROVISIONED = "on_demand", "provisioned"


def serve(event: Mapping[str, Any], services: Services) -> Work:
    """Deploy the model or buy capacity for it; for a term only with the confirmation of a person."""
    work, serving, api = event["Work"], event["Bedrock"]["Serving"], services.bedrock
    if work["Way"] == IMPORT:
        return {**work, "Answers": work["Model"], "Kind": "imported", "Next": "ask", "Seconds": 0}
    if serving["Commitment"] and (event.get("Answer") or {}).get("Confirmed") is not True:
        raise CommitmentDeclined(_declined(event))
    if serving["Kind"] == ON_DEMAND:
        request = requests.deployment(event)
        arn = api.call("create_custom_model_deployment", **request)["customModelDeploymentArn"]
    else:
        request = requests.throughput(event)
        arn = api.call("create_provisioned_model_throughput", **request)["provisionedModelArn"]
    ends = after(event["Now"], SERVING_MINUTES)
    begun = {"Answers": arn, "Kind": serving["Kind"], "Deadline": ends}
    by = {"ConfirmedBy": event["Answer"].get("By")} if serving["Commitment"] else {}
    return {**work, **begun, **by, "Next": "follow_serving", "Seconds": LOOK_SECONDS}


def _declined(event: Mapping[str, Any]) -> str:
    answer = event.get("Answer") or {}
    who = (
        "nobody confirmed in time" if answer.get("Expired") else f"declined by {answer.get('By') or 'nobody'}"
    )
    return f"capacity for a term was not bought: {who}. The custom model {event['Work']['Model']} stays"


def follow_serving(event: Mapping[str, Any], services: Services) -> Work:
    """Look at what shall answer. Raises BedrockServingFailed with Bedrock's reason, or after the deadline."""
    work, api = event["Work"], services.bedrock
    if work["Kind"] == ON_DEMAND:
        found = api.call("get_custom_model_deployment", customModelDeploymentIdentifier=work["Answers"])
    else:
        found = api.call("get_provisioned_model_throughput", provisionedModelId=work["Answers"])
    status = found["status"]
    if status in ("Active", "InService"):
        until = found.get("commitmentExpirationTime")
        bought = {"CommittedUntil": until.isoformat()} if until else {}
        return {**work, **bought, "Next": "ask", "Seconds": 0}
    if status == "Failed":
        reason = found.get("failureMessage") or "Bedrock gave no reason."
        raise BedrockServingFailed(f"{work['Answers']} is {status}: {reason}")
    if over(work["Deadline"], event["Now"]):
        raise BedrockServingFailed(f"{work['Answers']} is {status} after {SERVING_MINUTES} minutes")
    return {**work, "Next": "follow_serving", "Seconds": LOOK_SECONDS}


def record(event: Mapping[str, Any], services: Services) -> Work:
    """Write down what was made and what answers; name what else of the model answers, and is billed."""
    work, run, literal = event["Work"], event["Run"], event["Bedrock"]
    uri = f"{literal['Records']}/{run['RunId']}.json"
    others = [f"{kind} {arn}" for kind, arn in _others(event, services)]
    kept = ("Way", "Job", "Model", "Kind", "Answers", "CommittedUntil", "ConfirmedBy", "Base", "Artifacts")
    content = {
        "Model": literal["Model"],
        "RunId": run["RunId"],
        "Execution": event["Execution"]["Id"],
        "Recorded": event["Now"],
        "Made": {key: work[key] for key in kept if key in work},
        "Request": None if run["Import"] else requests.customization(event),
        "Import": run["Import"],
        "Serving": literal["Serving"],
        "Sample": event["Sample"],
        "DataCheck": event.get("Check"),
        "EstimateUsd": 0 if run["Import"] else literal["SpendUsd"],
        "Others": others,
    }
    write_json(services.s3, uri, content)
    if not run["Import"]:
        budget.settle(event, services, started=True)
    return {**work, "Record": uri, "Others": others, "Next": "notify", "Seconds": 0}


def _others(event: Mapping[str, Any], services: Services) -> Iterator[tuple[str, str]]:
    for kind, words in (("deployment", "deployment"), ("throughput", "Provisioned Throughput")):
        for found in services.bedrock.of(event["Bedrock"]["Prefix"], kind):
            if found.name != requests.name_of(event):
                yield words, found.arn
