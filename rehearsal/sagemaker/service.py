"""The SageMaker API of the emulated account."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from rehearsal.api import ApiError, ApiRequest, Parameters, Principal
from rehearsal.cloudwatch import CloudWatch
from rehearsal.sagemaker import job as kinds
from rehearsal.sagemaker import processing, requests, rules, training, transform, trials, tuning
from rehearsal.sagemaker.components import Components
from rehearsal.sagemaker.customization import Customization
from rehearsal.sagemaker.endpoints import Endpoints
from rehearsal.sagemaker.invocations import Invocations
from rehearsal.sagemaker.job import Job
from rehearsal.sagemaker.jobs import Jobs
from rehearsal.sagemaker.lineage import ENTITIES, Lineage
from rehearsal.sagemaker.metrics import Observer
from rehearsal.sagemaker.mlflow import PREFIX, Mlflow
from rehearsal.sagemaker.mlflow_apps import MlflowApps
from rehearsal.sagemaker.models import Models
from rehearsal.sagemaker.packages import Packages
from rehearsal.sagemaker.scaling import Scaling
from rehearsal.sagemaker.search import Trial
from rehearsal.sagemaker.store import page
from rehearsal.sagemaker.tags import Tags

if TYPE_CHECKING:
    from rehearsal.emulator import Emulator

Operation = Callable[[Parameters, Principal], dict[str, Any]]


class SageMaker:
    """SageMaker with real jobs and endpoints: their containers' programs run in subprocesses of this machine.

    Registers itself with the emulator as ``sagemaker`` and ``sagemaker-runtime``, and MLflow's REST API under
    ``/mlflow``. What is not offered is refused by name. ``close`` stops what runs.
    """

    def __init__(self, emulator: "Emulator", cloudwatch: CloudWatch | None = None) -> None:
        self._resource_tags = emulator.resource_tags
        self._observers: dict[str, Observer] = {}
        self._tunings: dict[str, tuning.Tuning] = {}
        self.packages, self.lineage, self.apps = Packages(emulator), Lineage(emulator), MlflowApps(emulator)
        self.models = Models(emulator, self.packages.shelf.need)
        self.cloudwatch = cloudwatch or CloudWatch(emulator)
        self.endpoints = Endpoints(emulator, self.models, self.cloudwatch)
        self.components = Components(emulator, self.endpoints, self.models)
        self.invocations = Invocations(emulator, self.endpoints, self.components)
        self.scaling = Scaling(emulator, self.endpoints, self.components)
        self.customization = Customization(emulator, self.packages, self.apps)
        self.training = Jobs(emulator, kinds.TRAINING, self._train, self.customization.placement)
        self.processing = Jobs(emulator, kinds.PROCESSING, processing.run, processing.placement)
        self.transform = Jobs(emulator, kinds.TRANSFORM, self._transform, self._transform_placement)
        self.tuning = Jobs(emulator, kinds.TUNING, self._tune, tuning.placement)
        self.mlflow = Mlflow(emulator, lambda arn: self.apps.shelf.get(arn) is not None)
        self._jobs = (self.tuning, self.training, self.processing, self.transform)
        self._operations = self._table()
        emulator.register("sagemaker", self.handle)
        emulator.route(PREFIX, self.mlflow)

    def handle(self, call: ApiRequest) -> dict[str, Any]:
        """Answer one call. Raises ApiError as the service does, and for what is not rehearsed."""
        operation = self._operations.get(call.operation)
        if operation is None:
            raise ApiError(
                "UnknownOperationException", f"the rehearsal has no sagemaker:{call.operation}", 404
            )
        requests.check(call.operation, call.parameters)
        return requests.members(call.operation, operation(call.parameters, call.principal))

    def wait(self, name: str, seconds: float = 120) -> dict[str, Any]:
        """Wait for the job called ``name``, of whatever kind, and describe it. TimeoutError if it goes on."""
        for kind in self._jobs:
            if kind.shelf.get(name) is not None:
                job = kind.find(name)
                if not job.done.wait(seconds):
                    raise TimeoutError(f"{name} is still {job.status} after {seconds} seconds")
                return job.describe()
        raise KeyError(name)

    def close(self) -> None:
        """Stop every job and endpoint that still runs."""
        self.components.close()
        self.endpoints.close()
        for kind in self._jobs:
            kind.close()

    def _train(self, job: Job) -> None:
        if self.customization.ran(job):
            return
        training.run(job, self._observers.pop(job.name, None))

    def _transform(self, job: Job) -> None:
        transform.run(job, self.models.find)

    def _transform_placement(self, request: Parameters) -> Any:
        return transform.placement(self.models.find(request["ModelName"]), request)

    def _tune(self, job: Job) -> None:
        work = tuning.Tuning(job, self._launch, self.observations)
        self._tunings[job.name] = work
        work.run()

    def _launch(self, request: dict[str, Any], arn: str, observer: Observer) -> Job:
        self._observers[request["TrainingJobName"]] = observer
        return self.training.launch(request, TuningJobArn=arn)

    def observations(self, name: str) -> list[Trial]:
        """What a tuning job has seen so far, that of its parents included."""
        return list(self._tunings[name].seen) if name in self._tunings else []

    def _create_tuning(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        rules.check("CreateHyperParameterTuningJob", request)
        tuning.refuse_parents(request, lambda name: self.tuning.find(name).status)
        job = self.tuning.launch(request, **trials.counters([]))
        return {"HyperParameterTuningJobArn": job.record.arn}

    def _trials(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """ListTrainingJobsForHyperParameterTuningJob."""
        work = self._tunings.get(self.tuning.find(request["HyperParameterTuningJobName"]).name)
        found = [work.summary(trial) for trial in work.jobs] if work else []
        if request.get("SortBy") == "FinalObjectiveMetricValue":
            metric = "FinalHyperParameterTuningJobObjectiveMetric"
            found = sorted((s for s in found if metric in s), key=lambda s: s[metric]["Value"])
        if request.get("SortOrder") == "Descending":
            found.reverse()
        wanted = request.get("StatusEquals")
        found = [summary for summary in found if wanted in (None, summary["TrainingJobStatus"])]
        items, token = page(found, request)
        return {"TrainingJobSummaries": items} | ({"NextToken": token} if token else {})

    def _table(self) -> dict[str, Operation]:
        table = self._registry() | self._serving() | self._lineage() | self._tags()
        table |= self.customization.operations()
        for kind in self._jobs:
            noun = kind.kind.noun
            table |= {f"Create{noun}": kind.create, f"Describe{noun}": kind.describe}
            table |= {f"Stop{noun}": kind.stop, f"List{noun}s": kind.listing}
        return table | {
            "CreateTrainingJob": partial(self.customization.create, self.training.create),
            "CreateHyperParameterTuningJob": self._create_tuning,
            "ListTrainingJobsForHyperParameterTuningJob": self._trials,
        }

    def _registry(self) -> dict[str, Operation]:
        packages, models, apps = self.packages, self.models, self.apps
        return {
            "CreateModel": models.create,
            "DescribeModel": models.describe,
            "DeleteModel": models.delete,
            "ListModels": models.listing,
            "CreateModelPackageGroup": packages.create_group,
            "DescribeModelPackageGroup": packages.describe_group,
            "ListModelPackageGroups": packages.list_groups,
            "DeleteModelPackageGroup": packages.delete_group,
            "PutModelPackageGroupPolicy": packages.put_policy,
            "GetModelPackageGroupPolicy": packages.get_policy,
            "DeleteModelPackageGroupPolicy": packages.delete_policy,
            "CreateModelPackage": packages.create,
            "DescribeModelPackage": packages.describe,
            "UpdateModelPackage": packages.update,
            "DeleteModelPackage": packages.delete,
            "ListModelPackages": packages.listing,
            "CreateMlflowApp": apps.create,
            "DescribeMlflowApp": apps.describe,
            "UpdateMlflowApp": apps.update,
            "DeleteMlflowApp": apps.delete,
            "ListMlflowApps": apps.listing,
        }

    def _serving(self) -> dict[str, Operation]:
        endpoints, configs, components = self.endpoints, self.endpoints.configs, self.components
        return {
            "CreateInferenceComponent": components.create,
            "DescribeInferenceComponent": components.describe,
            "UpdateInferenceComponent": components.update,
            "UpdateInferenceComponentRuntimeConfig": components.scale,
            "DeleteInferenceComponent": components.delete,
            "ListInferenceComponents": components.listing,
            "CreateEndpoint": endpoints.create,
            "DescribeEndpoint": endpoints.describe,
            "UpdateEndpoint": endpoints.update,
            "UpdateEndpointWeightsAndCapacities": endpoints.weigh,
            "DeleteEndpoint": endpoints.delete,
            "ListEndpoints": endpoints.listing,
            "CreateEndpointConfig": configs.create,
            "DescribeEndpointConfig": configs.describe,
            "DeleteEndpointConfig": configs.delete,
            "ListEndpointConfigs": configs.listing,
        }

    def _lineage(self) -> dict[str, Operation]:
        lineage = self.lineage
        table: dict[str, Operation] = {
            "AddAssociation": lineage.add_association,
            "DeleteAssociation": lineage.delete_association,
            "ListAssociations": lineage.list_associations,
        }
        for noun in (entity.noun for entity in ENTITIES):
            table[f"Create{noun}"] = partial(lineage.create, noun)
            table[f"Describe{noun}"] = partial(lineage.describe, noun)
            table[f"Update{noun}"] = partial(lineage.update, noun)
            table[f"Delete{noun}"] = partial(lineage.delete, noun)
            table[f"List{noun}s"] = partial(lineage.listing, noun)
        return table

    def _tags(self) -> dict[str, Operation]:
        packages, lineage = self.packages, self.lineage
        shelves = [packages.groups, packages.shelf, self.models.shelf, self.apps.shelf]
        shelves += [
            self.components.shelf,
            self.endpoints.shelf,
            self.endpoints.configs.shelf,
            *self.customization.shelves,
        ]
        tags = Tags([*shelves, *lineage.shelves.values(), *(kind.shelf for kind in self._jobs)])
        self._resource_tags.append(tags.of)
        return {"AddTags": tags.add, "ListTags": tags.listing, "DeleteTags": tags.delete}
