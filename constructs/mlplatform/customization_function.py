"""The function that decides each step of customizing one model."""

from constructs import Construct

from mlplatform.function import PlatformFunction
from mlplatform.permissions.customization_function_roles import customization_function
from mlplatform.permissions.customization_places import FUNCTION_ROLE
from mlplatform.settings import Environment
from mlplatform.settings.customization import CustomizationSettings
from mlplatform.settings.products import ModelProduct
from mlplatform.stack_exports import import_value
from mlplatform.workflow_functions import called

PACKAGE = "customization"
"""Package of ``lambda/``."""

LOGS = "function/customization"
"""The log group that the functions of all models share."""

SECONDS, MIB = 180, 512
"""The longest a step takes, and the memory whose share of a processor loads boto3's clients in a second."""


class CustomizationFunction(PlatformFunction):
    """``lambda/customization`` for one model: it neither starts jobs nor changes versions of another."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Environment,
        product: ModelProduct,
        section: CustomizationSettings,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            settings=settings,
            package=PACKAGE,
            thing=f"{product.name}{FUNCTION_ROLE}",
            logs_in=LOGS,
            description=f"Decides each step of customizing {product.name}",
            timeout_seconds=SECONDS,
            memory_mib=MIB,
            key_arn=import_value("LogsKeyArn", settings),
            grants=customization_function(product, settings, section),
            accepted=called(PACKAGE),
            shared=["customization_spend", "s3_documents", "s3_locations", "service_faults"],
        )
