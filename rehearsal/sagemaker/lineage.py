"""SageMaker ML Lineage Tracking: artifacts, actions, contexts and their associations."""

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rehearsal.api import ApiError, Parameters, Principal
from rehearsal.sagemaker import requests
from rehearsal.sagemaker.store import Record, Shelf, Wording, creator, now, page, selected

if TYPE_CHECKING:
    from rehearsal.emulator import Emulator


@dataclass(frozen=True)
class _Entity:
    noun: str
    resource: str

    @property
    def wording(self) -> Wording:
        return Wording(
            f"{self.noun} {{arn}} does not exist.", f"{self.noun} {{arn}} already exists.", "ResourceNotFound"
        )


ENTITIES = tuple(_Entity(noun, noun.lower()) for noun in ("Artifact", "Action", "Context"))


class Lineage:
    """The lineage of the account."""

    def __init__(self, emulator: "Emulator") -> None:
        self._place = emulator.place
        self.shelves = {e.noun: Shelf(emulator.place, e.resource, e.wording) for e in ENTITIES}
        self._associations: dict[tuple[str, str], dict[str, Any]] = {}

    def create(self, noun: str, request: Parameters, caller: Principal) -> dict[str, Any]:
        """CreateArtifact, CreateAction or CreateContext. One artifact per source URI (developer guide)."""
        shelf, moment = self.shelves[noun], now()
        name = self._artifact_id(request) if noun == "Artifact" else request[f"{noun}Name"]
        description = {
            **requests.members(f"Describe{noun}", request),
            f"{noun}Arn": shelf.arn(name),
            "CreationTime": moment,
            "LastModifiedTime": moment,
            "CreatedBy": creator(caller, self._place),
        }
        return {f"{noun}Arn": shelf.add(name, description, request.get("Tags", [])).arn}

    def describe(self, noun: str, request: Parameters, caller: Principal) -> dict[str, Any]:
        """DescribeArtifact by ARN, DescribeAction or DescribeContext by name."""
        return self.shelves[noun].need(request[_identifier(noun)]).description

    def update(self, noun: str, request: Parameters, caller: Principal) -> dict[str, Any]:
        """UpdateArtifact, UpdateAction or UpdateContext."""
        record = self.shelves[noun].need(request[_identifier(noun)])
        properties = {**record.description.get("Properties", {}), **request.get("Properties", {})}
        for name in request.get("PropertiesToRemove", []):
            properties.pop(name, None)
        changed = {name: request[name] for name in ("Status", "Description") if name in request}
        record.description |= {**changed, "Properties": properties, "LastModifiedTime": now()}
        return {f"{noun}Arn": record.arn}

    def delete(self, noun: str, request: Parameters, caller: Principal) -> dict[str, Any]:
        """DeleteArtifact (by ARN or source), DeleteAction or DeleteContext."""
        shelf = self.shelves[noun]
        name = request.get(_identifier(noun)) or self._artifact_id(request)
        record = shelf.need(name)
        if any(record.arn in pair for pair in self._associations):
            raise ApiError("ValidationException", f"{record.arn} still has associations.")
        shelf.remove(record.name)
        return {f"{noun}Arn": record.arn}

    def listing(self, noun: str, request: Parameters, caller: Principal) -> dict[str, Any]:
        """ListArtifacts, ListActions or ListContexts, by source URI and type."""
        found = [
            record.description
            for record in self.shelves[noun]
            if request.get("SourceUri") in (None, record.description["Source"]["SourceUri"])
            and request.get(f"{noun}Type") in (None, record.description[f"{noun}Type"])
        ]
        chosen = selected(found, request, name=f"{noun}Name")
        items, token = page(chosen, request)
        members = requests.summary_members(f"List{noun}s", f"{noun}Summaries")
        summaries = [{k: v for k, v in item.items() if k in members} for item in items]
        return {f"{noun}Summaries": summaries} | ({"NextToken": token} if token else {})

    def add_association(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """AddAssociation between two entities that exist; once per pair."""
        source, destination = request["SourceArn"], request["DestinationArn"]
        ends = [self._need(source), self._need(destination)]
        if (source, destination) in self._associations:
            text = f"Association between {source} and {destination} already exists."
            raise ApiError("ValidationException", text)
        self._associations[source, destination] = {
            "SourceArn": source,
            "DestinationArn": destination,
            **dict(zip(("SourceType", "DestinationType"), (end[1] for end in ends), strict=True)),
            **dict(zip(("SourceName", "DestinationName"), (end[2] for end in ends), strict=True)),
            "AssociationType": request.get("AssociationType", "AssociatedWith"),
            "CreationTime": now(),
            "CreatedBy": creator(caller, self._place),
        }
        return {"SourceArn": source, "DestinationArn": destination}

    def delete_association(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """DeleteAssociation."""
        pair = request["SourceArn"], request["DestinationArn"]
        if self._associations.pop(pair, None) is None:
            raise ApiError("ResourceNotFound", f"No association between {pair[0]} and {pair[1]}.")
        return {"SourceArn": pair[0], "DestinationArn": pair[1]}

    def list_associations(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """ListAssociations, by either end and by type."""
        keys = ("SourceArn", "DestinationArn", "SourceType", "DestinationType", "AssociationType")
        found = [
            one
            for one in self._associations.values()
            if all(request.get(key) in (None, one.get(key)) for key in keys)
        ]
        items, token = page(selected(found, request, name="SourceName"), request)
        summaries = [{k: v for k, v in item.items() if v is not None} for item in items]
        return {"AssociationSummaries": summaries} | ({"NextToken": token} if token else {})

    def _artifact_id(self, request: Parameters) -> str:
        """An id that follows from the source, so that a second artifact of it is refused."""
        source = request.get("Source")
        if source is None:
            raise ApiError("ValidationException", "ArtifactArn or Source is required.")
        return hashlib.sha256(source["SourceUri"].encode()).hexdigest()[:32]

    def _need(self, arn: str) -> tuple[Record | None, str | None, str | None]:
        """The entity of that ARN, its type and name; jobs have trial components of their own."""
        for noun, shelf in self.shelves.items():
            record = shelf.get(arn) if arn.startswith(shelf.arn("")) else None
            if record is not None:
                return record, record.description[f"{noun}Type"], record.description.get(f"{noun}Name")
        if ":experiment-trial-component/" in arn:
            return None, "SageMakerTrainingJob", arn.rpartition("/")[2]
        raise ApiError("ResourceNotFound", f"{arn} does not exist.")


def _identifier(noun: str) -> str:
    return "ArtifactArn" if noun == "Artifact" else f"{noun}Name"
