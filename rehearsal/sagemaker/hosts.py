"""The instances of a fleet: what SageMaker does as the model's execution role, and the model that answers.

Developer guide, "SageMaker AI roles", execution role permissions of CreateModel: images, model data, network
interfaces, logs and metrics.
"""

import threading
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from rehearsal.api import ApiError
from rehearsal.sagemaker.behaviour import INSTANCES
from rehearsal.sagemaker.containers import Fleet as ModelServer
from rehearsal.sagemaker.containers import serve
from rehearsal.sagemaker.containers.images import ImageError
from rehearsal.sagemaker.containers.serving import Response, ServingError
from rehearsal.sagemaker.deployments import FailedDeploymentError
from rehearsal.sagemaker.instance import Instance, Placement, assume
from rehearsal.sagemaker.models import Model
from rehearsal.sagemaker.transfer import TransferError
from rehearsal.sagemaker.transform import served

if TYPE_CHECKING:
    from rehearsal.emulator import Emulator


class NotRunnableError(Exception):
    """A model that cannot answer here; the text says why."""


class _Machine(Instance):
    """A machine of an endpoint, which tells its own metrics (``rehearsal.sagemaker.behaviour``)."""

    def metrics(self, dimensions: Any, values: Any) -> None:
        """Nothing: an endpoint's instance metrics are CloudWatch's own here."""


class Host:
    """One variant's machine; the others would be alike. Its model server starts with the first request."""

    def __init__(
        self, emulator: "Emulator", model: Model, endpoint: str, variant: str, kind: str = "Endpoints"
    ) -> None:
        self._emulator, self._model, self._kind = emulator, model, kind
        self._where = (endpoint, variant)
        self._lock = threading.Lock()
        self._machine: _Machine | None = None
        self._server: ModelServer | None = None

    def start(self) -> None:
        """Get images, network and model data. FailedDeploymentError as DescribeEndpoint would tell it."""
        endpoint, variant = self._where
        images = tuple(container["Image"] for container in self._model.containers)
        placement = Placement(
            self._model.role_arn, images, vpc=self._model.vpc, isolated=self._model.isolated
        )
        try:
            arn = self._emulator.place.arn("sagemaker", f"endpoint/{endpoint}")
            principal = assume(self._emulator, placement, arn)
            machine = _Machine(self._emulator, placement, principal, kind="Endpoint", name=variant)
            machine.namespace = f"/aws/sagemaker/{self._kind}/{endpoint}"
            self._machine = machine
            machine.start()
            self._containers = served(self._model, machine)
            self._measure(machine)
            machine.log(f"Starting the model server of {variant}")
        except (ApiError, ClientError, ImageError, TransferError) as error:
            self.stop()
            raise FailedDeploymentError(f"The model of variant {variant} cannot be run: {error}") from error

    def _measure(self, machine: Instance) -> None:
        """The instance's agent puts its metrics as the role; without the right to there would be none."""
        dataset = self._emulator.place.arn("cloudwatch", "dataset/default")
        sent = {"cloudwatch:namespace": INSTANCES}
        try:
            self._emulator.judge(machine.principal, "cloudwatch:PutMetricData", dataset, sent)
        except ApiError as error:
            self._emulator.note(f"{self._where[0]} has no instance metrics: {error}")

    @property
    def machine(self) -> Instance:
        """Its machine, once it is started."""
        if self._machine is None:
            raise NotRunnableError("the fleet is gone")
        return self._machine

    def invoke(self, body: bytes, content_type: str, accept: str) -> Response:
        """What the model answers. NotRunnableError if its image cannot be run on this machine."""
        with self._lock:
            machine = self.machine
            if self._server is None:
                try:
                    self._server = serve(
                        self._containers,
                        folder=machine.folder,
                        environment=machine.credentials(),
                        on_line=machine.log,
                    )
                except (ImageError, ServingError) as error:
                    raise NotRunnableError(str(error)) from error
        return self._server.invoke(body, content_type, accept)

    def stop(self) -> None:
        """The model server ends, the disk goes."""
        with self._lock:
            server, self._server = self._server, None
            machine, self._machine = self._machine, None
        if server is not None:
            server.close()
        if machine is not None:
            machine.stop()
