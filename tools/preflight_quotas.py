"""Instance types of the settings and of the models of which the account may run none, or too few."""

from collections.abc import Iterator
from typing import NamedTuple

import boto3

from mlplatform import workflows
from mlplatform.serving.parts import served
from mlplatform.settings import Environment
from mlplatform.settings.products import ModelProduct
from mlplatform.settings.training import TrainSettings
from tools.preflight_collisions import Finding

TRAINING, SPOT = "{} for training job usage", "{} for spot training job usage"
PROCESSING, TRANSFORM = "{} for processing job usage", "{} for transform job usage"
WARM_POOL = "{} for training warm pool usage"
ENDPOINT = "{} for endpoint usage"
"""Names of quotas in Service Quotas; those of capacity that AWS may take back are quotas of their own."""

OF_STUDIO = (
    ("job_instance_types", TRAINING, True),
    ("job_instance_types", PROCESSING, False),
    ("job_instance_types", TRANSFORM, False),
    ("job_instance_types", WARM_POOL, False),
    ("instance_types", "Studio JupyterLab Apps running on {} instances", True),
)
"""Setting of ``studio``, name of the quota, and whether one is needed to work at all."""


FLEETS = 2
"""Of production at a time: an update makes the new one before it takes the old one away (SageMaker developer
guide, "Blue/Green Deployments"), and so does turning a shadow on."""


class Need(NamedTuple):
    """How many instances at a time a quota must allow, and below how many nothing works at all."""

    instances: int
    blocks_below: int


def quotas(settings: Environment, session: boto3.Session) -> Iterator[Finding]:
    """One finding for each quota that people, workflows or endpoints would meet.

    A quota is the account's: what else runs there comes on top.
    """
    pages = session.client("service-quotas").get_paginator("list_service_quotas")
    known = {
        quota["QuotaName"]: quota
        for page in pages.paginate(ServiceCode="sagemaker")
        for quota in page["Quotas"]
    }
    for name, need in _needed(settings).items():
        quota = known.get(name)
        if quota and quota["Value"] < need.instances:
            value = f"--desired-value {need.instances} --region {settings.region}"
            command = (
                "aws service-quotas request-service-quota-increase --service-code sagemaker "
                f"--quota-code {quota['QuotaCode']} {value}"
            )
            what = f"the quota '{quota['QuotaName']}' is {quota['Value']:g}"
            if need.instances > 1:
                what += f", and releases run {need.instances} instances at a time"
            yield Finding(what, command, blocks=quota["Value"] < need.blocks_below)


def _needed(settings: Environment) -> dict[str, Need]:
    """What each quota must allow, by its name; endpoints add up."""
    needed: dict[str, Need] = {}
    asked = [
        (name.format(instance_type), blocks)
        for setting, name, blocks in OF_STUDIO
        for instance_type in getattr(settings.studio, setting)
    ]
    for product in settings.products:
        asked += _of_model(product, settings)
    for name, blocks in asked:
        before = needed.get(name, Need(1, 0))
        needed[name] = Need(1, max(before.blocks_below, int(blocks)))
    for product in settings.products:
        for name, need in _of_endpoint(product, settings):
            before = needed.get(name, Need(0, 0))
            needed[name] = Need(before.instances + need.instances, before.blocks_below + need.blocks_below)
    return needed


def _of_endpoint(product: ModelProduct, settings: Environment) -> Iterator[tuple[str, Need]]:
    """Two fleets of production, and the shadow or the challenger beside them; of fallbacks at least one."""
    if product.serving is None or product.serving.mode == "serverless":
        return
    subject = served(product, settings)
    first, *fallbacks = product.serving.instance_types
    least = max(1, product.serving.instances.minimum)
    most, beside = subject.most_instances, subject.shadow_instances
    if product.serving.ab_test:
        beside = max(beside, FLEETS * least)
    yield ENDPOINT.format(first), Need(FLEETS * most + beside, least)
    yield from ((ENDPOINT.format(fallback), Need(1, 0)) for fallback in fallbacks)


def _of_model(product: ModelProduct, settings: Environment) -> Iterator[tuple[str, bool]]:
    """What the workflows of a model run on; what only the input of an execution asks for blocks nothing."""
    which = workflows.of(product, settings)
    if product.train is not None and {"train", "tune"} & set(which):
        yield from _of_training(product.train)
    if {"train", "tune", "register"} & set(which):
        jobs = (job for job in (product.prepare, product.evaluate) if job is not None)
        yield from ((PROCESSING.format(job.instance_type), True) for job in jobs)
    if product.batch is not None and "batch" in which:
        yield TRANSFORM.format(product.batch.instance_type), True


def _of_training(train: TrainSettings) -> Iterator[tuple[str, bool]]:
    name = SPOT if train.spot else TRAINING
    for instance_type in dict.fromkeys([train.instance_type, *train.instance_types]):
        yield name.format(instance_type), instance_type == train.instance_type
        if train.warm_pool_minutes:
            yield WARM_POOL.format(instance_type), False
