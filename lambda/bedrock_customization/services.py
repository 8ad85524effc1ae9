"""What the steps work with: Amazon Bedrock, the model registry and S3."""

from dataclasses import dataclass
from typing import Any

from bedrock_customization.api import Api
from bedrock_customization.errors import BedrockRefused
from service_faults import ServiceFault, passes


@dataclass(frozen=True)
class Services:
    """``bedrock`` is wrapped, ``sagemaker`` and ``s3`` are boto3's clients."""

    bedrock: Api
    sagemaker: Any
    s3: Any

    def package(self, arn: str) -> dict[str, Any]:
        """A version of the model registry. Raises BedrockRefused if it cannot be seen, ServiceFault."""
        try:
            found: dict[str, Any] = self.sagemaker.describe_model_package(ModelPackageName=arn)
        except self.sagemaker.exceptions.ClientError as problem:
            error = problem.response["Error"]
            text = f"{arn}: {error['Code']}: {error['Message']}"
            raise (ServiceFault if passes(problem) else BedrockRefused)(text) from problem
        return found
