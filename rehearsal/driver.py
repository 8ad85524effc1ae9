"""Lives the platform's life here: deploys an environment's real templates and runs its workflows."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlplatform import workflows
from mlplatform.data_locations import resolve, sources
from mlplatform.images import image_of
from mlplatform.settings import Environment
from mlplatform.settings.products import ModelProduct
from rehearsal.api import REHEARSAL, ApiError, Place, Principal
from rehearsal.bedrock import Bedrock
from rehearsal.buckets import make_bucket
from rehearsal.cloudformation import Engine
from rehearsal.emulator import Emulator
from rehearsal.events import Events
from rehearsal.functions import FunctionService
from rehearsal.sagemaker import SageMaker
from rehearsal.sagemaker.containers.images import ImageError, library
from rehearsal.states import StateMachines
from tools.executions import Ended, follow, start
from tools.workflow import state_machine

POLL_SECONDS = 0.25
"""Between two looks at an execution: each reads its whole history, which is long for a release."""


@dataclass
class Rehearsal:
    """One environment, deployed on this machine."""

    settings: Environment
    emulator: Emulator
    sagemaker: SageMaker
    states: StateMachines
    events: Events
    functions: FunctionService
    engine: Engine
    bedrock: Bedrock
    models: Path = Path("models")
    assembly: Path = Path("cdk.out")
    outputs: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def product(self, name: str) -> ModelProduct:
        """The model product called ``name``. Raises KeyError if the environment has none."""
        return {product.name: product for product in self.settings.products}[name]

    def caller(self, persona: str = "data-scientist") -> Principal:
        """A person in Studio: their profile's role, as Studio assumes it."""
        role = self.settings.names.role_arn("persona", persona)
        return self.emulator.assume(role, "sagemaker.amazonaws.com", session="rehearsal")

    def upload(self, product: ModelProduct) -> int:
        """Put the sample data of ``product`` where ``model.yaml`` says it lies; returns how many files.

        Data sources are buckets of others, so nobody has made them here yet.
        """
        s3 = self.emulator.client("s3", REHEARSAL)
        there = {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}
        for source in sources(product, self.settings):
            if source.bucket not in there:
                make_bucket(s3, source.bucket, self.settings.region)
        count = 0
        for channel, location in data_locations(product).items():
            bucket, _, prefix = resolve(location, self.settings).removeprefix("s3://").partition("/")
            folder = self.models / product.name / "data" / channel
            for path in sorted(path for path in folder.rglob("*") if path.is_file()):
                key = f"{prefix.rstrip('/')}/{path.relative_to(folder).as_posix()}"
                s3.put_object(Bucket=bucket, Key=key, Body=path.read_bytes())
                count += 1
        return count

    def start(
        self,
        model: str,
        workflow: str,
        given: Mapping[str, Any] | None = None,
        name: str | None = None,
        persona: str = "data-scientist",
    ) -> str:
        """Start a workflow as a person does; returns the execution's ARN."""
        client = self.emulator.client("stepfunctions", self.caller(persona))
        return start(client, state_machine(self.settings, model, workflow), given or {}, name)

    def follow(self, execution: str, show: Callable[[str], None] = lambda _: None) -> Ended:
        """Show an execution's states until it ends, as ``make train`` does."""
        client = self.emulator.client("stepfunctions", self.caller())
        return follow(client, execution, show, poll_seconds=POLL_SECONDS)

    def run(
        self,
        model: str,
        workflow: str,
        given: Mapping[str, Any] | None = None,
        show: Callable[[str], None] = lambda _: None,
    ) -> Ended:
        """Start a workflow and follow it to its end."""
        return self.follow(self.start(model, workflow, given), show)

    def approve(self, package: str) -> None:
        """Approve a version of a model."""
        self.decide(package, "Approved")

    def decide(self, package: str, status: str) -> None:
        """Give a version another approval status."""
        client = self.emulator.client("sagemaker", REHEARSAL)
        client.update_model_package(ModelPackageArn=package, ModelApprovalStatus=status)


def data_locations(product: ModelProduct) -> dict[str, str]:
    """Data locations of ``product`` by channel: train, validation, test and batch, those it has."""
    channels: dict[str, str | None] = dict(product.data.channels) if product.data else {}
    channels["batch"] = product.batch.data if product.batch else None
    return {name: location for name, location in channels.items() if location}


@contextmanager
def emulated(settings: Environment) -> Iterator[Rehearsal]:
    """An empty account on this machine, where the environment's file says it is."""
    names = settings.names
    place = Place(names.partition, names.region, names.account, settings.organization_id)
    with Emulator(place) as emulator:
        # The order matters: CloudFormation creates through the services that are there already.
        sagemaker, states = SageMaker(emulator), StateMachines(emulator)
        events, functions = Events(emulator), FunctionService(emulator)
        engine, bedrock = Engine(emulator), Bedrock(emulator)
        try:
            yield Rehearsal(settings, emulator, sagemaker, states, events, functions, engine, bedrock)
        finally:
            sagemaker.close()
            functions.stop()


@contextmanager
def deployed(settings: Environment, assembly: Path, models: Path = Path("models")) -> Iterator[Rehearsal]:
    """The environment as ``assembly`` (a cloud assembly such as ``cdk.out``) has it, deployed.

    ``models`` is the folder with the models' sample data.
    """
    with emulated(settings) as rehearsal:
        rehearsal.models = models
        rehearsal.engine.bootstrap(settings)
        rehearsal.outputs = rehearsal.engine.deploy(assembly, settings.name)
        rehearsal.assembly = assembly
        yield rehearsal


def rehearsed(settings: Environment, wanted: str | None = None) -> tuple[ModelProduct, ...]:
    """The products whose workflows run here; ``wanted`` is the one asked for.

    Raises ApiError if it is not among them, with the reason.
    """
    training = {"customize", "customize-bedrock", "train"}
    trained = [one for one in settings.products if training & set(workflows.of(one, settings))]
    able = tuple(product for product in trained if not obstacle(product, settings))
    if wanted is None:
        return able
    if chosen := tuple(product for product in able if product.name == wanted):
        return chosen
    if unable := [product for product in trained if product.name == wanted]:
        raise ApiError("NoContainer", f"{wanted}: {obstacle(unable[0], settings)}")
    there = ", ".join(product.name for product in able) or "none"
    raise ApiError("NoSuchModel", f"no model {wanted} trains in {settings.name}, those that do: {there}")


def obstacle(product: ModelProduct, settings: Environment) -> str:
    """Why the training image of a product cannot be run here; empty if it can."""
    if product.train is None:
        return ""
    instance_type = product.train.instance_type
    image = image_of(product, settings, use="training", instance_type=instance_type, job=product.train)
    try:
        library(image)
    except ImageError as error:
        return str(error)
    return ""
