"""Image repositories of the model products."""

import json

from aws_cdk import aws_ecr as ecr
from constructs import Construct

from mlplatform.product_tags import tag_product
from mlplatform.registry_access import RegistryAccess
from mlplatform.settings import Environment
from mlplatform.settings.products import ModelProduct

RELEASED, CANDIDATE = "released-", "candidate-"
"""How image tags begin: of an image that a released version uses, and of one that was only built."""

CANDIDATE_DAYS, UNTAGGED_DAYS = 90, 14
"""How long images that were never released are kept after they were pushed, in days."""

_MORE_THAN_FIT = 100_000
"""Images a repository can hold (Amazon ECR user guide, "Amazon ECR service quotas"): never more than that."""


class ContainerRepository(ecr.CfnRepository):
    """The images of one model product: encrypted, scanned on push, and a tag never means another image.

    Images with a tag ``released-…`` are kept, others expire. Environments in other accounts that use this
    registry may pull.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Environment,
        product: ModelProduct,
        key_arn: str,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            repository_name=settings.names.name(product.name, kind="repository"),
            image_tag_mutability="IMMUTABLE",
            image_scanning_configuration=ecr.CfnRepository.ImageScanningConfigurationProperty(
                scan_on_push=True
            ),
            encryption_configuration=ecr.CfnRepository.EncryptionConfigurationProperty(
                encryption_type="KMS", kms_key=key_arn
            ),
            lifecycle_policy=ecr.CfnRepository.LifecyclePolicyProperty(
                lifecycle_policy_text=json.dumps({"rules": lifecycle_rules()}, indent=1)
            ),
            repository_policy_text=RegistryAccess(settings).repository_policy(),
            empty_on_delete=None if settings.retains else True,
        )
        tag_product(self, product)


class ContainerRepositories(Construct):
    """One repository for each model product of the environment."""

    def __init__(self, scope: Construct, construct_id: str, *, settings: Environment, key_arn: str) -> None:
        super().__init__(scope, construct_id)
        for product in settings.products:
            ContainerRepository(self, product.name, settings=settings, product=product, key_arn=key_arn)


def lifecycle_rules() -> list[dict[str, object]]:
    """Rules of the lifecycle policy, in order of priority.

    The first expires nothing; it keeps what it matches from the rules below it (Amazon ECR user guide,
    "Automate the cleanup of images": a rule of lower priority cannot expire an image that a rule of higher
    priority matches). So an image that was a candidate and is released stays.
    """
    released: dict[str, object] = {
        "tagStatus": "tagged",
        "tagPrefixList": [RELEASED],
        "countType": "imageCountMoreThan",
        "countNumber": _MORE_THAN_FIT,
    }
    candidates = {"tagStatus": "tagged", "tagPrefixList": [CANDIDATE], **_older_than(CANDIDATE_DAYS)}
    untagged = {"tagStatus": "untagged", **_older_than(UNTAGGED_DAYS)}
    return [
        {"rulePriority": number, "description": what, "selection": images, "action": {"type": "expire"}}
        for number, (what, images) in enumerate(
            (("Keep released", released), ("Expire candidates", candidates), ("Expire untagged", untagged)), 1
        )
    ]


def _older_than(days: int) -> dict[str, object]:
    return {"countType": "sinceImagePushed", "countUnit": "days", "countNumber": days}
