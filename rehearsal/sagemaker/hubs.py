"""Private hubs, and AWS's public one: made, described, listed, updated, deleted."""

from typing import TYPE_CHECKING, Any

from rehearsal.api import ApiError, Parameters, Principal
from rehearsal.sagemaker import requests
from rehearsal.sagemaker.hub_names import PUBLIC_HUB, hub_arn, hub_of
from rehearsal.sagemaker.store import Record, Shelf, Wording, creator, page, selected

if TYPE_CHECKING:
    from rehearsal.emulator import Emulator

_WORDING = Wording(
    "Hub {name} does not exist.", "Hub {name} already exists.", "ResourceNotFound", "ResourceInUse"
)
QUOTA = 50
"""Private hubs per account and region (Service Quotas, "Number of hubs")."""


class Hubs:
    """The hubs of the account."""

    def __init__(self, emulator: "Emulator") -> None:
        self._emulator = emulator
        self.shelf = Shelf(emulator.place, "hub", _WORDING)
        self.contents: dict[str, int] = {}
        """How many contents each hub has."""

    def create(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """CreateHub."""
        name = request["HubName"]
        if name == PUBLIC_HUB:
            raise ApiError("ValidationException", f"{PUBLIC_HUB} is the name of a hub of AWS.")
        if len(list(self.shelf)) >= QUOTA:
            raise ApiError("ResourceLimitExceeded", f"This account has {QUOTA} hubs, and may have no more.")
        moment = self._emulator.clock.now()
        description = {
            **requests.members("DescribeHub", request),
            "HubArn": self.shelf.arn(name),
            "HubStatus": "InService",
            "CreationTime": moment,
            "LastModifiedTime": moment,
            "CreatedBy": creator(caller, self._emulator.place),
        }
        return {"HubArn": self.shelf.add(name, description, request.get("Tags", [])).arn}

    def describe(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """DescribeHub."""
        return self.need(request["HubName"]).description

    def update(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """UpdateHub."""
        record = self.own(request["HubName"])
        given = {key: request[key] for key in request if key not in ("HubName",)}
        record.description |= {**given, "LastModifiedTime": self._emulator.clock.now()}
        return {"HubArn": record.arn}

    def delete(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """DeleteHub: refused while it has content."""
        record = self.own(request["HubName"])
        if self.contents.get(record.name):
            raise ApiError("ResourceInUse", f"Hub {record.name} still has content.")
        self.shelf.remove(record.name)
        return {}

    def listing(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """ListHubs: those of the account."""
        found = selected([one.description for one in self.shelf], request, name="HubName", status="HubStatus")
        items, token = page(found, request)
        members = requests.summary_members("ListHubs", "HubSummaries")
        summaries = [{key: value for key, value in item.items() if key in members} for item in items]
        return {"HubSummaries": summaries} | ({"NextToken": token} if token else {})

    def need(self, name_or_arn: str) -> Record:
        """A hub by its name or ARN. Raises ApiError (ResourceNotFound)."""
        if hub_of(name_or_arn) == PUBLIC_HUB:
            return self._public()
        return self.shelf.need(hub_of(name_or_arn))

    def own(self, name_or_arn: str) -> Record:
        """A hub that may be changed: not AWS's."""
        if hub_of(name_or_arn) == PUBLIC_HUB:
            raise ApiError("ValidationException", f"{PUBLIC_HUB} belongs to AWS and cannot be changed.")
        return self.need(name_or_arn)

    def _public(self) -> Record:
        place, moment = self._emulator.place, self._emulator.clock.now()
        arn = hub_arn(place, PUBLIC_HUB)
        description = {
            "HubName": PUBLIC_HUB,
            "HubArn": arn,
            "HubDescription": "Models of Amazon SageMaker JumpStart",
            "HubStatus": "InService",
            "CreationTime": moment,
            "LastModifiedTime": moment,
        }
        return Record(PUBLIC_HUB, arn, description)
