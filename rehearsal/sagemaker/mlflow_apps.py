"""MLflow Apps as SageMaker manages them; what they track is in ``mlflow``."""

import hashlib
from typing import TYPE_CHECKING, Any

from rehearsal.api import ApiError, Parameters, Principal
from rehearsal.sagemaker import requests
from rehearsal.sagemaker.store import Shelf, Wording, creator, now, page, selected

if TYPE_CHECKING:
    from rehearsal.emulator import Emulator

_WORDING = Wording("MlflowApp {arn} does not exist.", "MlflowApp {name} already exists.", "ResourceNotFound")
VERSION = "3.4"
"""An MLflow version that Apps are offered in."""


class MlflowApps:
    """The MLflow Apps of the account."""

    def __init__(self, emulator: "Emulator") -> None:
        self._place = emulator.place
        self.shelf = Shelf(emulator.place, "mlflow-app", _WORDING)

    def create(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """CreateMlflowApp. The ARN has an id of AWS's choice, here one that follows from the name."""
        if any(record.description["Name"] == request["Name"] for record in self.shelf):
            raise ApiError("ConflictException", _WORDING.taken.format(name=request["Name"]))
        number = "app-" + hashlib.sha256(request["Name"].encode()).hexdigest()[:12].upper()
        moment, who = now(), creator(caller, self._place)
        description = {
            **requests.members("DescribeMlflowApp", request),
            "Arn": self.shelf.arn(number),
            "Status": "Created",
            "MlflowVersion": VERSION,
            "CreationTime": moment,
            "LastModifiedTime": moment,
            "CreatedBy": who,
            "LastModifiedBy": who,
        }
        return {"Arn": self.shelf.add(number, description, request.get("Tags", [])).arn}

    def describe(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """DescribeMlflowApp."""
        return self.shelf.need(request["Arn"]).description

    def update(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """UpdateMlflowApp."""
        record = self.shelf.need(request["Arn"])
        record.description |= {**requests.members("DescribeMlflowApp", request), "LastModifiedTime": now()}
        return {"Arn": record.arn}

    def delete(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """DeleteMlflowApp."""
        record = self.shelf.need(request["Arn"])
        self.shelf.remove(record.name)
        return {"Arn": record.arn}

    def listing(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """ListMlflowApps."""
        keys = {
            "Status": "Status",
            "MlflowVersion": "MlflowVersion",
            "AccountDefaultStatus": "AccountDefaultStatus",
        }
        found = [
            record.description
            for record in self.shelf
            if all(request.get(key) in (None, record.description.get(member)) for key, member in keys.items())
        ]
        items, token = page(selected(found, request, name="Name", status="Status"), request)
        members = requests.summary_members("ListMlflowApps", "Summaries")
        summaries = [{k: v for k, v in item.items() if k in members} for item in items]
        return {"Summaries": summaries} | ({"NextToken": token} if token else {})
