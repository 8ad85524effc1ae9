"""Where the runs of one model's workflows happen and keep what they make: names of jobs, prefixes of objects.

A pattern here matches the names of one model and of no other. ``credit-*`` would match those of the model
``credit-approval`` as well, so the part that differs between runs is matched by its length (``?``).
"""

from mlplatform import data_locations
from mlplatform.data_locations import SCHEME, locations, sources
from mlplatform.names import Names
from mlplatform.settings import Environment
from mlplatform.settings.products import ModelProduct

PREPARE, TRAIN, EVALUATE, SCORE = "prep", "train", "eval", "score"
"""Steps of a workflow, as the names of their jobs have them."""

REGISTERING = ("train", "tune", "register")
"""Workflows that end in a registered version."""

RUN, ATTEMPT, LATER_ATTEMPT = "?" * 6, "?", "??"
"""What a job's name ends in: six characters of the run, and the number of the attempt, of which training,
that also waits for capacity, has more than nine."""

TUNING_RUN = "?" * 7
"""Tuning jobs have the room for one more character of the run."""

KEPT = "models/"
"""Where in the artifacts bucket each model's artifacts and reports lie, and nothing that holds data."""

RUNS, PREDICTIONS = "runs/", "predictions/"
"""Where in the artifacts bucket the data that runs prepare, check and predict lies."""


def job_arn(names: Names, model: str, kind: str, step: str, attempt: str = ATTEMPT) -> str:
    """ARN pattern of the jobs of one kind (``training``, ``processing``, ...) that do one step of a model."""
    return names.arn("sagemaker", f"{kind}-job/{names.name(model)}-{step}-{RUN}{attempt}")


def tuning_arn(names: Names, model: str) -> str:
    """ARN pattern of the tuning jobs of a model."""
    return names.arn("sagemaker", f"hyper-parameter-tuning-job/{names.tuning(model)}-{TUNING_RUN}{ATTEMPT}")


def trial_arn(names: Names, model: str) -> str:
    """ARN pattern of the training jobs that the tuning jobs of a model start; SageMaker numbers them."""
    return names.arn("sagemaker", f"training-job/{names.tuning(model)}-{TUNING_RUN}{ATTEMPT}-*")


def scored_model_arn(names: Names, model: str) -> str:
    """ARN pattern of the SageMaker models that are made to score with and deleted again."""
    return names.arn("sagemaker", f"model/{names.name(model)}-{SCORE}-{RUN}")


def machine_arn(names: Names, model: str, workflow: str) -> str:
    """ARN of the state machine of one workflow of a model."""
    return names.arn("states", f"stateMachine:{names.name(f'{model}-{workflow}', kind='workflow')}")


def object_arns(settings: Environment, *keys: str) -> tuple[str, ...]:
    """ARNs of objects of the artifacts bucket by their keys or patterns of keys."""
    bucket = settings.names.bucket_arn("artifacts")
    return tuple(f"{bucket}/{key}" for key in keys)


def areas(settings: Environment, *products: ModelProduct) -> tuple[str, ...]:
    """Key patterns of the data bucket that products read: all below the first part of each location.

    So an execution may be given other data of the same model, and never that of another.
    """
    firsts = {first for product in products for first in data_locations.areas(product, settings)}
    objects = {f"{SCHEME}{first}" for first in firsts}
    alone = {place.removeprefix(SCHEME) for product in products for place in objects & {*locations(product)}}
    return tuple(sorted(alone | {f"{first}/*" for first in firsts}))


def source_arns(settings: Environment, *products: ModelProduct) -> dict[str, str]:
    """ARN pattern of the objects of each declared data source that products read, to the bucket's ARN."""
    used = dict.fromkeys(source for product in products for source in sources(product, settings))
    buckets = {source: settings.names.arn("s3", source.bucket, region="", account="") for source in used}
    return {f"{arn}/{source.prefix}*": arn for source, arn in buckets.items()}
