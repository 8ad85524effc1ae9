"""What is in hubs: data sets, evaluators and models, by version; an import takes a while.

Source: API reference, ImportHubContent, DescribeHubContent, ListHubContents, ListHubContentVersions,
UpdateHubContent and DeleteHubContent; ``sagemaker.ai_registry`` of the SageMaker Python SDK.
"""

import datetime
from typing import TYPE_CHECKING, Any

from rehearsal.api import ApiError, Parameters, Principal
from rehearsal.sagemaker import hub_documents, hub_models, requests
from rehearsal.sagemaker.hub_listings import listed
from rehearsal.sagemaker.hub_names import (
    PUBLIC_HUB,
    ContentName,
    arn_of,
    asked_for,
    checked_version,
    content_of,
    hub_arn,
    order,
)
from rehearsal.sagemaker.hubs import Hubs
from rehearsal.sagemaker.store import Record, Shelf, Wording, creator

if TYPE_CHECKING:
    from rehearsal.emulator import Emulator

SECONDS = 5.0
"""How long an import takes here."""

FIRST = "1.0.0"
"""The version of a content that names none (``AIR_HUB_CONTENT_DEFAULT_VERSION`` of the SDK)."""

_WORDING = Wording(
    "Hub content {name} does not exist.",
    "Hub content already exists: {arn}",
    "ResourceNotFound",
    "ResourceInUse",
)
_TYPES = ("Model", "DataSet", "JsonDoc")
_OWN = ("HubContentDisplayName", "HubContentDescription", "HubContentMarkdown", "SupportStatus")
_UPDATABLE = (*_OWN, "HubContentSearchKeywords")


class HubContents:
    """The contents of all hubs. An import ends by the world's time, when somebody looks."""

    def __init__(self, emulator: "Emulator", hubs: Hubs) -> None:
        self._emulator, self._hubs = emulator, hubs
        self.shelf = Shelf(emulator.place, "hub-content", _WORDING)
        self._ends: dict[str, datetime.datetime] = {}

    def create(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """ImportHubContent: one more version; its document is looked at before it is Available."""
        hub = self._hubs.own(request["HubName"])
        kind, version = request["HubContentType"], checked_version(request.get("HubContentVersion", FIRST))
        if kind not in _TYPES:
            allowed = ", ".join(_TYPES)
            raise ApiError("ValidationException", f"HubContentType {kind} is not rehearsed; it has {allowed}")
        hub_documents.check(kind, request["DocumentSchemaVersion"], request["HubContentDocument"])
        content = ContentName(hub.name, kind, request["HubContentName"], version)
        record = self.shelf.add(
            content.path, self._described(content, request, caller), request.get("Tags", [])
        )
        self._ends[record.name] = self._emulator.clock.now() + datetime.timedelta(seconds=SECONDS)
        self._count(hub.name)
        return {"HubArn": hub.arn, "HubContentArn": record.arn}

    def describe(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """DescribeHubContent: the newest version unless one is named."""
        self._hubs.need(request["HubName"])
        return self.need(asked_for(request)).description

    def listing(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """ListHubContents: the newest version of each."""
        wanted = (self._hubs.need(request["HubName"]).name, request["HubContentType"])
        newest = {one.description["HubContentName"]: one.description for one in self._of(*wanted)}
        return listed("ListHubContents", list(newest.values()), request)

    def versions(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """ListHubContentVersions."""
        hub, name = self._hubs.need(request["HubName"]).name, request["HubContentName"]
        lowest = order(checked_version(request.get("MinVersion", "0.0.0")))
        found = [
            one.description
            for one in self._of(hub, request["HubContentType"], name)
            if order(one.description["HubContentVersion"]) >= lowest
        ]
        if not found:
            self.need(ContentName(hub, request["HubContentType"], name))
        return listed("ListHubContentVersions", found, request)

    def update(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """UpdateHubContent: what people read of a version; never its document."""
        hub = self._hubs.own(request["HubName"])
        record = self.need(asked_for(request))
        record.description |= {key: request[key] for key in _UPDATABLE if key in request}
        record.description["LastModifiedTime"] = self._emulator.clock.now()
        return {"HubArn": hub.arn, "HubContentArn": record.arn}

    def delete(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """DeleteHubContent: one version; refused while it is imported."""
        hub = self._hubs.own(request["HubName"])
        checked_version(request["HubContentVersion"])
        record = self.need(asked_for(request))
        if record.description["HubContentStatus"] == "Importing":
            raise ApiError("ResourceInUse", f"Hub content {record.arn} is being imported.")
        self.shelf.remove(record.name)
        self._count(hub.name)
        return {}

    def need(self, content: ContentName) -> Record:
        """A version, or the newest. Raises ApiError (ResourceNotFound)."""
        self._settle()
        if content.hub == PUBLIC_HUB:
            return self._public(content)
        found = [
            one
            for one in self._of(content.hub, content.type, content.name)
            if content.version in (None, one.description["HubContentVersion"])
        ]
        if not found:
            arn = arn_of(self._emulator.place, content)
            raise ApiError("ResourceNotFound", f"Hub content {arn} does not exist.")
        return found[-1]

    def by_arn(self, arn: str) -> Record | None:
        """The content with this ARN, if there is one."""
        content = content_of(arn, self._emulator.place)
        try:
            return self.need(content) if content else None
        except ApiError:
            return None

    def _of(self, hub: str, kind: str, name: str | None = None) -> list[Record]:
        """Versions of one name, or of all of a type, the newest last."""
        self._settle()
        if hub == PUBLIC_HUB:
            names = hub_models.names() if kind == "Model" else ()
            return [self._public(ContentName(hub, kind, one)) for one in names if name in (None, one)]
        prefix = f"{hub}/{kind}/" + (f"{name}/" if name else "")
        found = [record for record in self.shelf if record.name.startswith(prefix)]
        return sorted(found, key=lambda one: order(one.description["HubContentVersion"]))

    def _public(self, content: ContentName) -> Record:
        model = hub_models.find(content.name) if content.type == "Model" else None
        version = content.version or hub_models.VERSION
        place = self._emulator.place
        if model is None:
            raise ApiError("ResourceNotFound", f"Hub content {arn_of(place, content)} does not exist.")
        found = ContentName(PUBLIC_HUB, "Model", content.name, version)
        base = {"HubName": PUBLIC_HUB, "HubArn": hub_arn(place, PUBLIC_HUB)}
        arn = arn_of(place, found)
        return Record(
            found.path, arn, {**base, **hub_models.description(model, version), "HubContentArn": arn}
        )

    def _described(self, content: ContentName, request: Parameters, caller: Principal) -> dict[str, Any]:
        place, moment = self._emulator.place, self._emulator.clock.now()
        return {
            **requests.members("DescribeHubContent", request),
            "HubName": content.hub,
            "HubArn": hub_arn(place, content.hub),
            "HubContentArn": arn_of(place, content),
            "HubContentVersion": content.version,
            "HubContentStatus": "Importing",
            "SupportStatus": request.get("SupportStatus", "Supported"),
            "CreationTime": moment,
            "LastModifiedTime": moment,
            "CreatedBy": creator(caller, place),
        }

    def _settle(self) -> None:
        """End the imports whose time has come."""
        with self.shelf.lock:
            due = [name for name, end in self._ends.items() if end <= self._emulator.clock.now()]
            ended = {name: self._ends.pop(name) for name in due}
        for name, moment in ended.items():
            record = self.shelf.get(name)
            if record is not None:
                record.description |= {**self._looked_at(record), "LastModifiedTime": moment}

    def _looked_at(self, record: Record) -> dict[str, Any]:
        said = record.description
        if self._emulator.faults.take("hub_import_failure", said["HubContentName"]):
            reason = "InternalServerError: the import failed; try again with another version"
            return {"HubContentStatus": "ImportFailed", "FailureReason": reason}
        try:
            hub_documents.look(self._emulator, said["HubContentType"], said["HubContentDocument"])
        except hub_documents.ImportProblemError as problem:
            return {"HubContentStatus": "ImportFailed", "FailureReason": f"ClientError: {problem}"[:1024]}
        return {"HubContentStatus": "Available"}

    def _count(self, hub: str) -> None:
        self._hubs.contents[hub] = sum(record.name.startswith(f"{hub}/") for record in self.shelf)
