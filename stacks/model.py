"""One model product."""

from functools import cache
from pathlib import Path

from constructs import Construct

from mlplatform import workflows
from mlplatform.model_package_group import ModelPackageGroup
from mlplatform.model_roles import ModelRoles
from mlplatform.product_tags import tag_product
from mlplatform.settings import Environment
from mlplatform.settings.products import ModelProduct
from mlplatform.stack import PlatformStack
from mlplatform.workflow import Workflows
from mlplatform.workflow_triggers import WorkflowTriggers


class ModelStack(PlatformStack):
    """Where the product's versions are registered, and its workflows with their roles and triggers.

    Described by what the product is for. The jobs run the scripts of the product's folder.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, settings: Environment, product: ModelProduct
    ) -> None:
        super().__init__(scope, construct_id, settings=settings, description=product.description)
        if settings.keeps_registry:
            ModelPackageGroup(self, "PackageGroup", settings=settings, product=product)
        if workflows.of(product, settings):
            self._workflows(settings, product)
        tag_product(self, product)

    def _workflows(self, settings: Environment, product: ModelProduct) -> None:
        source = _packed(product.folder)
        self.add_file(source.content, source.sha256, ".gz")
        roles = ModelRoles(self, "Roles", settings=settings, product=product, source=source)
        Workflows(
            self,
            "Workflows",
            settings=settings,
            product=product,
            source=source,
            role_arn=roles.workflow_arn,
        )
        if roles.trigger_arn:
            WorkflowTriggers(self, "Triggers", settings=settings, product=product, role_arn=roles.trigger_arn)


@cache
def _packed(folder: Path) -> workflows.Source:
    """Every environment runs the same scripts."""
    return workflows.pack(folder)
