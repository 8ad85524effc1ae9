"""What a rehearsal does with each model: every workflow the environment gives it, one after the other."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import monotonic

from mlplatform import workflows
from mlplatform.permissions.trigger_roles import on_new_data, schedules
from mlplatform.settings.products import ModelProduct
from rehearsal.api import REHEARSAL
from rehearsal.driver import Rehearsal
from rehearsal.triggers import data_arrives, schedule_comes, schedule_fails
from tools.executions import Ended


@dataclass(frozen=True)
class Step:
    """One workflow of one model, as it went; ``seconds`` of this machine's time."""

    model: str
    workflow: str
    seconds: float
    ended: Ended

    @property
    def result(self) -> str:
        """What came of it, in a few words."""
        if not self.ended.succeeded:
            return f"{self.ended.status}: {self.ended.error}"
        version = self.ended.output.get("ModelPackageArn", "")
        metrics = self.ended.output.get("Metrics", {})
        found = [f"{name} {value:.3f}" for name, value in metrics.items() if isinstance(value, float)]
        return ", ".join([*([f"version {version.rpartition('/')[2]}"] if version else []), *found]) or "done"


def live(
    rehearsal: Rehearsal, product: ModelProduct, show: Callable[[str], None] = lambda _: None
) -> Iterator[Step]:
    """Run the workflows of ``product``, each when what it needs is there; stops at the first failure."""
    rehearsal.upload(product)
    there = workflows.of(product, rehearsal.settings)
    version = ""
    for workflow in (name for name in ("train", "tune", "register", "batch") if name in there):
        show(f"{product.name}: {workflow}")
        began = monotonic()
        ended = rehearsal.follow(_started(rehearsal, product, workflow, version), show)
        yield Step(product.name, workflow, monotonic() - began, ended)
        if not ended.succeeded:
            return
        version = str(ended.output.get("ModelPackageArn", version))
    for scheduled in schedules(product, rehearsal.settings):
        show(f"{product.name}: the schedule starts {scheduled}")
        schedule_comes(rehearsal, product, scheduled)
    if schedules(product, rehearsal.settings):
        kept = schedule_fails(rehearsal, product)
        show(f"{product.name}: {len(kept)} starts that failed are kept in the dead-letter queue")


def _started(rehearsal: Rehearsal, product: ModelProduct, workflow: str, version: str) -> str:
    """Start a workflow the way it is meant to: by new data, if the model says so, else by a person."""
    if workflow == on_new_data(product, rehearsal.settings):
        return data_arrives(rehearsal, product, workflow)
    if workflow == "batch":
        rehearsal.approve(version)
    given = {"model_data": elsewhere(rehearsal, product, version)} if workflow == "register" else {}
    return rehearsal.start(product.name, workflow, given)


def elsewhere(rehearsal: Rehearsal, product: ModelProduct, version: str) -> str:
    """Put the artifact of ``version`` where a pipeline hands in what it built; returns its address."""
    package = rehearsal.emulator.client("sagemaker", REHEARSAL).describe_model_package(
        ModelPackageName=version
    )
    artifact = package["InferenceSpecification"]["Containers"][0]["ModelDataUrl"]
    source, _, key = artifact.removeprefix("s3://").partition("/")
    bucket, name = rehearsal.settings.names.bucket("data"), f"imports/{product.name}/model.tar.gz"
    s3 = rehearsal.emulator.client("s3", REHEARSAL)
    s3.copy_object(Bucket=bucket, Key=name, CopySource={"Bucket": source, "Key": key})
    return f"s3://{bucket}/{name}"
