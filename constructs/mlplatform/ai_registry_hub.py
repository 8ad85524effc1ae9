"""The AI Registry of an account and region: the hub that holds people's datasets and evaluators."""

from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from mlplatform.ai_registry import display_name, hub_name
from mlplatform.settings import Environment


class AiRegistryHub(sagemaker.CfnHub):
    """The hub under the name the SageMaker SDK computes, as the SDK would create it on first use.

    Created here, so that nobody needs permission to create or delete hubs. Without a storage configuration
    SageMaker keeps the documents; what these refer to lies in the SDK's default bucket.
    """

    def __init__(self, scope: Construct, construct_id: str, *, settings: Environment) -> None:
        super().__init__(
            scope,
            construct_id,
            hub_name=hub_name(settings.region, settings.account),
            hub_display_name=display_name(settings.region, settings.account),
            hub_description="AI Registry Hub",
        )
