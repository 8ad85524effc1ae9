"""One model product."""

from constructs import Construct

from mlplatform.model_package_group import ModelPackageGroup
from mlplatform.product_tags import tag_product
from mlplatform.settings import Environment
from mlplatform.settings.products import ModelProduct
from mlplatform.stack import PlatformStack


class ModelStack(PlatformStack):
    """Where the product's versions are registered; described by what the product is for."""

    def __init__(
        self, scope: Construct, construct_id: str, *, settings: Environment, product: ModelProduct
    ) -> None:
        super().__init__(scope, construct_id, settings=settings, description=product.description)
        ModelPackageGroup(self, "PackageGroup", settings=settings, product=product)
        tag_product(self, product)
