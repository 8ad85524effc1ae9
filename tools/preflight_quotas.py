"""Instance types of the settings and of the models of which the account may run none."""

from collections.abc import Iterator

import boto3

from mlplatform import workflows
from mlplatform.settings import Environment
from mlplatform.settings.products import ModelProduct
from mlplatform.settings.training import TrainSettings
from tools.preflight_collisions import Finding

TRAINING, SPOT = "{} for training job usage", "{} for spot training job usage"
PROCESSING, TRANSFORM = "{} for processing job usage", "{} for transform job usage"
WARM_POOL = "{} for training warm pool usage"
"""Names of quotas in Service Quotas; those of capacity that AWS may take back are quotas of their own."""

OF_STUDIO = (
    ("job_instance_types", TRAINING, True),
    ("job_instance_types", PROCESSING, False),
    ("job_instance_types", TRANSFORM, False),
    ("job_instance_types", WARM_POOL, False),
    ("instance_types", "Studio JupyterLab Apps running on {} instances", True),
)
"""Setting of ``studio``, name of the quota, and whether one is needed to work at all."""


def quotas(settings: Environment, session: boto3.Session) -> Iterator[Finding]:
    """One finding for each quota of 0 that people or the workflows of a model would meet."""
    pages = session.client("service-quotas").get_paginator("list_service_quotas")
    known = {
        quota["QuotaName"]: quota
        for page in pages.paginate(ServiceCode="sagemaker")
        for quota in page["Quotas"]
    }
    for name, blocks in _needed(settings).items():
        quota = known.get(name)
        if quota and not quota["Value"]:
            command = (
                "aws service-quotas request-service-quota-increase --service-code sagemaker "
                f"--quota-code {quota['QuotaCode']} --desired-value 1 --region {settings.region}"
            )
            yield Finding(f"the quota '{quota['QuotaName']}' is 0", command, blocks=blocks)


def _needed(settings: Environment) -> dict[str, bool]:
    """Names of quotas, and whether somebody or some workflow cannot do without."""
    needed: dict[str, bool] = {}
    asked = [
        (name.format(instance_type), blocks)
        for setting, name, blocks in OF_STUDIO
        for instance_type in getattr(settings.studio, setting)
    ]
    for product in settings.products:
        asked += _of_model(product, settings)
    for name, blocks in asked:
        needed[name] = needed.get(name, False) or blocks
    return needed


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
