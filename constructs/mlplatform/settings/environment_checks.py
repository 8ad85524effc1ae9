"""What a model asks for and an environment cannot give: images of its region, its own data bucket."""

from collections.abc import Iterator

from mlplatform import data_locations, images
from mlplatform.regional_types import deployable
from mlplatform.settings.customization_regions import region_problems
from mlplatform.settings.environment import Environment
from mlplatform.settings.findings import Finding, Path, finding
from mlplatform.settings.jobs import DEFAULT_INSTANCE_TYPE, ImageSettings
from mlplatform.settings.products import ModelProduct
from mlplatform.settings.serving import ServingSettings

MIN_INSTANCES = 2
"""Of a real-time endpoint that production depends on (Security Hub control SageMaker.4)."""

ENDPOINT, COMPONENT = "AWS::SageMaker::Endpoint", "AWS::SageMaker::InferenceComponent"
"""Not to be had in every region that has SageMaker Studio."""


def problems(product: ModelProduct, settings: Environment) -> Iterator[Finding]:
    """Mistakes of a product that has passed its own checks, in one environment."""
    if settings.training:
        yield from _images(product, settings)
        yield from region_problems(product, settings)
    if product.serving:
        yield from _serving(product.serving, settings)
    if product.data and product.schedule and product.schedule.new_data:
        source = data_locations.source_of(product.data.train, settings)
        if source is not None:
            what = f"the data lies in the bucket {source.bucket}, which tells us nothing of new data"
            allowed = "data.train in the environment's data bucket, or a schedule"
            yield finding("schedule.new_data", what, given=product.schedule.new_data, allowed=allowed)


def _serving(serving: ServingSettings, settings: Environment) -> Iterator[Finding]:
    if not deployable(ENDPOINT, settings.region):
        allowed = "null there, or a region that has it"
        yield finding("serving", f"CloudFormation has no {ENDPOINT} in {settings.region}", allowed=allowed)
    elif serving.mode == "inference_components" and not deployable(COMPONENT, settings.region):
        allowed = "serving: null there, or a region that has it"
        what = f"CloudFormation has no {COMPONENT} in {settings.region}"
        yield finding("serving.mode", what, given=serving.mode, allowed=allowed)
    partition = settings.place.partition
    for position, arn in enumerate(serving.consumers):
        if arn.split(":")[1] != partition:
            allowed = f"an ARN that starts with arn:{partition}:"
            path: Path = ("serving", "consumers", position)
            yield finding(path, "of another partition", given=repr(arn), allowed=allowed)
    if not settings.serves_production or serving.mode != "realtime":
        return
    schedules = serving.autoscaling.schedules if serving.autoscaling else []
    numbers: list[tuple[Path, int | None]] = [
        (("serving", "instances", "minimum"), serving.instances.minimum)
    ]
    for position, schedule in enumerate(schedules):
        path = ("serving", "autoscaling", "schedules", position, "minimum")
        numbers.append((path, schedule.minimum))
    for path, number in numbers:
        if number is not None and number < MIN_INSTANCES:
            what = "production survives the loss of an instance or a zone, because serves_production: true"
            yield finding(path, what, given=number, allowed=f"{MIN_INSTANCES} or more")


def _images(product: ModelProduct, settings: Environment) -> Iterator[Finding]:
    if product.train is None and not (product.serving and product.inference):
        return
    seen: set[str] = set()
    for path, section, use, instance_type in _wanted(product):
        try:
            if section.framework:
                images.framework_image(section.framework, settings, use=use, instance_type=instance_type)
            elif product.train and product.train.algorithm and section is product.train:
                images.algorithm_image(product.train.algorithm, settings)
        except images.UnknownImageError as error:
            if str(error) not in seen:
                seen.add(str(error))
                yield Finding((*path, error.setting), str(error))


def _wanted(product: ModelProduct) -> Iterator[tuple[Path, ImageSettings, images.Use, str]]:
    """Path, section, use and instance type of every image the product's jobs need."""
    train, inference = product.train, product.inference
    if train is None:
        if inference is not None and inference.framework and product.serving:
            yield ("inference", "framework"), inference, "inference", product.serving.instance_type
        return
    kind = "framework" if train.framework else "algorithm"
    yield ("train", kind), train, "training", train.instance_type
    for name, job in (("prepare", product.prepare), ("evaluate", product.evaluate)):
        if job is not None and not job.container:
            path = (name, "framework") if job.framework else ("train", kind)
            yield path, job if job.framework else train, "processing", job.instance_type
    if inference is not None and inference.container:
        return
    first = inference.realtime_instance_types[0] if inference else DEFAULT_INSTANCE_TYPE
    own = inference is not None and inference.framework is not None
    if inference is not None and own:
        yield ("inference", "framework"), inference, "inference", first
    else:
        yield ("train", kind), train, "inference", first
