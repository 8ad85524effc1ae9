"""One model product."""

from functools import cache
from pathlib import Path

from constructs import Construct

from mlplatform import workflows
from mlplatform.bedrock_customization import BedrockCustomization
from mlplatform.customization_function import CustomizationFunction
from mlplatform.customization_roles import CustomizationRoles
from mlplatform.log_group import LogGroup
from mlplatform.model_dashboard import ModelDashboard
from mlplatform.model_package_group import ModelPackageGroup
from mlplatform.model_roles import ModelRoles
from mlplatform.permissions.bedrock_places import customized_in_bedrock
from mlplatform.permissions.customization_function_roles import WORKFLOW
from mlplatform.permissions.customization_places import customized, rewards
from mlplatform.product_tags import tag_product
from mlplatform.release_function import ReleaseFunction
from mlplatform.reward_functions import RewardFunctions
from mlplatform.serving.parts import Served, served
from mlplatform.serving_access import ServingAccess
from mlplatform.serving_roles import ServingRoles
from mlplatform.settings import Environment
from mlplatform.settings.customization import CustomizationSettings
from mlplatform.settings.products import ModelProduct
from mlplatform.stack import PlatformStack
from mlplatform.stack_exports import import_value
from mlplatform.upkeep import Upkeep
from mlplatform.workflow import Workflows
from mlplatform.workflow_triggers import WorkflowTriggers


class ModelStack(PlatformStack):
    """Where the product's versions are registered, and its workflows with their roles, triggers and function.

    Described by what the product is for. The jobs run the scripts of the product's folder. What a release
    changes lies in a stack of its own; what may change it lies here.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, settings: Environment, product: ModelProduct
    ) -> None:
        super().__init__(scope, construct_id, settings=settings, description=product.description)
        if settings.keeps_registry:
            ModelPackageGroup(self, "PackageGroup", settings=settings, product=product)
        if workflows.of(product, settings):
            self._workflows(settings, product)
        if product.serving:
            # Made before the endpoint: a group that SageMaker makes is neither encrypted nor ever emptied.
            LogGroup(
                self,
                "EndpointLogs",
                settings=settings,
                name=settings.names.endpoint_logs(product.name),
                key_arn=import_value("LogsKeyArn", settings),
            )
            ServingAccess(self, "Access", settings=settings, product=product)
            ModelDashboard(self, "Dashboard", settings=settings, product=product)
        tag_product(self, product)

    def _workflows(self, settings: Environment, product: ModelProduct) -> None:
        source = _packed(product.folder)
        self.add_file(source.content, source.sha256, ".gz")
        role_arns: dict[str, str] = {}
        if jobs := workflows.with_jobs(product, settings):
            roles = ModelRoles(self, "Roles", settings=settings, product=product, source=source)
            role_arns |= dict.fromkeys(jobs, roles.workflow_arn)
            if roles.trigger_arn:
                WorkflowTriggers(
                    self, "Triggers", settings=settings, product=product, role_arn=roles.trigger_arn
                )
        if section := customized(product, settings):
            role_arns |= self._customization(settings, product, section)
        if customized_in_bedrock(product, settings):
            bedrock = BedrockCustomization(self, "Bedrock", settings=settings, product=product)
            role_arns |= bedrock.workflow_arns
        if rewards(product, settings):
            RewardFunctions(self, "Rewards", settings=settings, product=product)
        if product.serving:
            role_arns |= self._releases(served(product, settings))
        Workflows(self, "Workflows", settings=settings, product=product, source=source, role_arns=role_arns)

    def _customization(
        self, settings: Environment, product: ModelProduct, section: CustomizationSettings
    ) -> dict[str, str]:
        """What decides on customizations, and the role the workflow runs as, by workflow."""
        CustomizationFunction(
            self, "CustomizationFunction", settings=settings, product=product, section=section
        )
        roles = CustomizationRoles(self, "Customization", settings=settings, product=product, section=section)
        return {WORKFLOW: roles.workflow_arn}

    def _releases(self, served: Served) -> dict[str, str]:
        """What decides on releases and rollbacks, and the roles they run as, by workflow."""
        function = ReleaseFunction(self, "Release", served=served)
        Upkeep(self, "Upkeep", served=served, function_arn=function.arn)
        roles = ServingRoles(self, "Serving", served=served)
        return dict.fromkeys(workflows.releases(served.product, served.settings), roles.workflow_arn)


@cache
def _packed(folder: Path) -> workflows.Source:
    """Every environment runs the same scripts."""
    return workflows.pack(folder)
