"""CreateModel and its kin; what a model runs, with its model package resolved."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from rehearsal.api import ApiError, Parameters, Principal
from rehearsal.sagemaker import requests
from rehearsal.sagemaker.instance import SERVICE, Placement, assume
from rehearsal.sagemaker.store import Record, Shelf, Wording, page, selected
from rehearsal.sagemaker.transfer import location

if TYPE_CHECKING:
    from rehearsal.emulator import Emulator

_WORDING = Wording('Could not find model "{arn}".', 'Cannot create already existing model "{arn}".')


@dataclass(frozen=True)
class Model:
    """What endpoints and transform jobs take from a model; ``containers`` as in CreateModel."""

    role_arn: str
    containers: list[dict[str, Any]]
    vpc: Parameters | None
    isolated: bool


class Models:
    """The models of the account. ``package`` finds a model package by name or ARN."""

    def __init__(self, emulator: "Emulator", package: Callable[[str], Record]) -> None:
        self._emulator, self._package = emulator, package
        self.shelf = Shelf(emulator.place, "model", _WORDING)

    def create(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """CreateModel: refused if the role cannot be assumed or cannot read a container's model data."""
        if ("PrimaryContainer" in request) == ("Containers" in request):
            raise ApiError("ValidationException", "Specify exactly one of PrimaryContainer and Containers.")
        description = {
            **requests.members("DescribeModel", request),
            "CreationTime": self._emulator.clock.now(),
        }
        arn = self.shelf.arn(request["ModelName"])
        description["ModelArn"] = arn
        model = self._model(description)
        if len(model.containers) > 15:
            raise ApiError("ValidationException", "Containers can have at most 15 entries.")
        self._check(model, arn)
        self.shelf.add(request["ModelName"], description, request.get("Tags", []))
        return {"ModelArn": arn}

    def describe(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """DescribeModel."""
        return self.shelf.need(request["ModelName"]).description

    def delete(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """DeleteModel."""
        self.shelf.remove(self.shelf.need(request["ModelName"]).name)
        return {}

    def listing(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """ListModels."""
        found = selected([record.description for record in self.shelf], request, name="ModelName")
        items, token = page(found, request)
        members = ("ModelName", "ModelArn", "CreationTime")
        summaries = [{name: item[name] for name in members} for item in items]
        return {"Models": summaries} | ({"NextToken": token} if token else {})

    def find(self, name: str) -> Model:
        """The model of that name, its packages resolved."""
        return self._model(self.shelf.need(name).description)

    def _model(self, description: Parameters) -> Model:
        given = description.get("Containers") or [description["PrimaryContainer"]]
        return Model(
            role_arn=description.get("ExecutionRoleArn", ""),
            containers=[found for container in given for found in self._resolved(container)],
            vpc=description.get("VpcConfig"),
            isolated=bool(description.get("EnableNetworkIsolation")),
        )

    def _resolved(self, container: dict[str, Any]) -> list[dict[str, Any]]:
        """A container as given, or those of its package; the container's own environment goes on top."""
        if "ModelPackageName" not in container:
            if "Image" not in container:
                raise ApiError("ValidationException", "A container needs Image or ModelPackageName.")
            return [container]
        package = self._package(container["ModelPackageName"]).description
        if package.get("ModelApprovalStatus", "Approved") != "Approved":
            raise ApiError(
                "ValidationException",
                f"Cannot create Model with unapproved Model Package {package['ModelPackageArn']}.",
            )
        own = container.get("Environment", {})
        name = container.get("InferenceSpecificationName")
        every = {one["Name"]: one for one in package.get("AdditionalInferenceSpecifications", ())}
        if name is not None and name not in every:
            raise ApiError(
                "ValidationException",
                f"Model Package {package['ModelPackageArn']} has no inference specification {name}.",
            )
        found = (every[name] if name else package["InferenceSpecification"])["Containers"]
        if lacking := [one for one in found if "Image" not in one]:
            raise ApiError("ValidationException", f"{len(lacking)} containers of the package have no Image.")
        return [{**one, "Environment": {**one.get("Environment", {}), **own}} for one in found]

    def _check(self, model: Model, arn: str) -> None:
        if not model.role_arn:
            raise ApiError("ValidationException", "ExecutionRoleArn is required.")
        placement = Placement(model.role_arn, (), vpc=model.vpc)
        for container in model.containers:
            url = container.get("ModelDataUrl")
            try:
                principal = assume(self._emulator, placement, arn)
                if url:
                    bucket, key = location(url)
                    self._emulator.client("s3", principal).head_object(Bucket=bucket, Key=key)
            except (ApiError, ClientError) as error:
                raise ApiError(
                    "ValidationException", self._inaccessible(url, model.role_arn, error)
                ) from error

    def _inaccessible(self, url: str | None, role: str, error: Exception) -> str:
        region = self._emulator.place.region
        return (
            f'Could not access model data at {url}. Please ensure that the role "{role}" exists and that its '
            f'trust relationship policy allows the action "sts:AssumeRole" for the service principal '
            f'"{SERVICE}". Also ensure that the role has "s3:GetObject" permissions and that the object is '
            f"located in {region}. ({error})"
        )
