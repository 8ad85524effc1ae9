"""Where the versions of a model product are registered."""

from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from mlplatform.registry_access import RegistryAccess
from mlplatform.settings import Environment
from mlplatform.settings.products import ModelProduct


class ModelPackageGroup(sagemaker.CfnModelPackageGroup):
    """The group of one product's versions, which environments in other accounts read, deploy and approve.

    Its description is made of its name alone: to change it would replace the group, with every version. What
    the product is for stands in the description of its stack, which can change.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, settings: Environment, product: ModelProduct
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            model_package_group_name=settings.names.name(product.name, kind="model"),
            model_package_group_description=f"Versions of {product.name}",
            model_package_group_policy=RegistryAccess(settings).group_policy(product.name),
        )
