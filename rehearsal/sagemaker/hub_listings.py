"""How the contents of a hub are listed."""

from typing import Any

from rehearsal.api import Parameters
from rehearsal.sagemaker import requests
from rehearsal.sagemaker.hub_names import order
from rehearsal.sagemaker.store import page, selected


def listed(operation: str, found: list[dict[str, Any]], request: Parameters) -> dict[str, Any]:
    """One page of contents as ListHubContents and ListHubContentVersions filter and sort them."""
    highest = request.get("MaxSchemaVersion")
    within = [
        one for one in found if highest is None or order(one["DocumentSchemaVersion"]) <= order(highest)
    ]
    by = {**request, "SortBy": {"HubContentName": "Name", "HubContentStatus": "Status"}.get(
        request.get("SortBy", ""), "")}  # fmt: skip
    chosen = selected(within, by, name="HubContentName", status="HubContentStatus")
    items, token = page(chosen, request)
    members = requests.summary_members(operation, "HubContentSummaries")
    summaries = [{key: value for key, value in item.items() if key in members} for item in items]
    return {"HubContentSummaries": summaries} | ({"NextToken": token} if token else {})
