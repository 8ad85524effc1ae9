"""What a rehearsal does with each model: every workflow the environment gives it, one after the other."""

from collections.abc import Callable, Iterator
from time import monotonic

from mlplatform import workflows
from mlplatform.permissions.trigger_roles import on_new_data, schedules
from mlplatform.settings.products import ModelProduct
from rehearsal import ab_tests, component_releases, pauses, releases, upkeep
from rehearsal.api import REHEARSAL
from rehearsal.bedrock_life import bedrock_life
from rehearsal.customization_life import customization_life
from rehearsal.driver import Rehearsal
from rehearsal.step import Step
from rehearsal.triggers import data_arrives, schedule_comes, schedule_fails

Show = Callable[[str], None]


def live(rehearsal: Rehearsal, product: ModelProduct, show: Show = lambda _: None) -> Iterator[Step]:
    """Run the workflows of ``product``, each when what it needs is there; stops at the first failure."""
    for step in _lived(rehearsal, product, show):
        yield step
        if not step.as_promised:
            return


def _lived(rehearsal: Rehearsal, product: ModelProduct, show: Show) -> Iterator[Step]:
    rehearsal.upload(product)
    there = workflows.of(product, rehearsal.settings)
    version, serves = "", False
    for workflow in (name for name in ("train", "tune", "register") if name in there):
        step = _ran(rehearsal, product, workflow, version, show)
        yield step
        version = str(step.ended.output.get("ModelPackageArn", version))
        if "release" in there and not serves:
            yield from releases.first_release(rehearsal, product, version, show)
            serves = True
    yield from _customized(rehearsal, product, show)
    yield from bedrock_life(rehearsal, product, show)
    if serves:
        yield from releases.later_releases(rehearsal, product, version, show)
        if "ab-test" in there:
            yield from ab_tests.ab_tests(rehearsal, product, show)
        yield from _rest_of_life(rehearsal, product, show)
    if "batch" in there:
        rehearsal.approve(version)
        yield _ran(rehearsal, product, "batch", version, show)
    _triggered(rehearsal, product, show)


def _customized(rehearsal: Rehearsal, product: ModelProduct, show: Show) -> Iterator[Step]:
    """Customize a foundation model by each technique. What the first one makes serves before the next goes on
    from it; what the second one makes takes its place in the end.
    """
    releases_it = "release" in workflows.of(product, rehearsal.settings)
    versions: list[str] = []
    for step in customization_life(rehearsal, product, show):
        yield step
        versions.append(str(step.ended.output.get("ModelPackageArn", "")))
        if len(versions) == 1 and step.ended.succeeded:
            if releases_it:
                yield from releases.first_release(rehearsal, product, versions[0], show)
            else:
                rehearsal.approve(versions[0])
    if versions and releases_it:
        better = versions[min(1, len(versions) - 1)]
        yield from component_releases.later_releases(rehearsal, product, better, show)
        yield from _rest_of_life(rehearsal, product, show)


def _rest_of_life(rehearsal: Rehearsal, product: ModelProduct, show: Show) -> Iterator[Step]:
    """What serves is looked after, paused, resumed and retired."""
    yield from upkeep.looked_after(rehearsal, product, show)
    yield from pauses.paused_and_resumed(rehearsal, product, show)
    yield from pauses.resumed_meanwhile(rehearsal, product, show)
    yield from pauses.retired(rehearsal, product, show)


def _ran(rehearsal: Rehearsal, product: ModelProduct, workflow: str, version: str, show: Show) -> Step:
    show(f"{product.name}: {workflow}")
    began = monotonic()
    ended = rehearsal.follow(_started(rehearsal, product, workflow, version), show)
    return Step(product.name, workflow, monotonic() - began, ended)


def _triggered(rehearsal: Rehearsal, product: ModelProduct, show: Show) -> None:
    """Every schedule fires, once as it should and once while nothing can be started."""
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
