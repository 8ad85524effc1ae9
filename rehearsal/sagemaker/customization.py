"""Serverless model customization of the emulated account: hubs with their contents, and serverless jobs."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rehearsal.api import Parameters, Principal
from rehearsal.sagemaker import serverless, serverless_rules, training
from rehearsal.sagemaker.hub_contents import HubContents
from rehearsal.sagemaker.hubs import Hubs
from rehearsal.sagemaker.instance import Placement
from rehearsal.sagemaker.job import Job
from rehearsal.sagemaker.mlflow_apps import MlflowApps
from rehearsal.sagemaker.packages import Packages
from rehearsal.sagemaker.serverless_references import World

if TYPE_CHECKING:
    from rehearsal.emulator import Emulator

Operation = Callable[[Parameters, Principal], dict[str, Any]]


class Customization:
    """Hubs and serverless jobs. ``scores`` says what a benchmark finds of a version, by ARN and task."""

    def __init__(self, emulator: "Emulator", packages: Packages, apps: MlflowApps) -> None:
        self._emulator = emulator
        self.hubs = Hubs(emulator)
        self.contents = HubContents(emulator, self.hubs)
        self.scores: dict[tuple[str, str], float] = {}
        self.shelves = [self.hubs.shelf, self.contents.shelf]
        self._world = World(
            emulator.place,
            content=self.contents.by_arn,
            group=packages.groups.get,
            version=packages.shelf.get,
            tracking=lambda arn: apps.shelf.get(arn) is not None,
        )

    def create(self, usual: Operation, request: Parameters, caller: Principal) -> dict[str, Any]:
        """CreateTrainingJob: judged by the rules of serverless jobs if it is one, before the ``usual``."""
        if serverless.is_serverless(request):
            serverless_rules.check(request, self._world)
            serverless.refuse_quota(self._emulator.faults.take, request["TrainingJobName"])
        return usual(request, caller)

    def placement(self, request: Parameters) -> Placement:
        """Machine and role of a training job."""
        if serverless.is_serverless(request):
            return serverless.placement(request)
        return training.placement(request)

    def ran(self, job: Job) -> bool:
        """Run a job if it is a serverless one; whether it was."""
        if not serverless.is_serverless(job.request):
            return False
        serverless.run(job, self.scores)
        return True

    def operations(self) -> dict[str, Operation]:
        """The operations on hubs."""
        hubs, contents = self.hubs, self.contents
        return {
            "CreateHub": hubs.create,
            "DescribeHub": hubs.describe,
            "UpdateHub": hubs.update,
            "DeleteHub": hubs.delete,
            "ListHubs": hubs.listing,
            "ImportHubContent": contents.create,
            "DescribeHubContent": contents.describe,
            "ListHubContents": contents.listing,
            "ListHubContentVersions": contents.versions,
            "UpdateHubContent": contents.update,
            "DeleteHubContent": contents.delete,
        }
