"""Whose a resource is: the cost-allocation tags of one model product."""

import aws_cdk as cdk
from constructs import IConstruct

from mlplatform.retention import REPLACED_BY_TAGS
from mlplatform.settings.products import ModelProduct


def tag_product(scope: IConstruct, product: ModelProduct) -> None:
    """Put the tags ``model`` and ``owner`` on everything in ``scope`` that a tag change does not replace.

    The owner of the product takes the place of the environment's: the closer tag wins.
    """
    tags = cdk.Tags.of(scope)
    for key, value in (("model", product.name), ("owner", product.owner)):
        tags.add(key, value, exclude_resource_types=list(REPLACED_BY_TAGS))
