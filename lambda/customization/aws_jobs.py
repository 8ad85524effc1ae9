"""Training jobs in SageMaker."""

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from customization.errors import CustomizationRefused
from customization.ports import Job

_EXISTS = "ResourceInUse"
_REFUSED = ("ValidationException", "ResourceLimitExceeded", "ResourceNotFound")
"""What CreateTrainingJob says of a request that will not do however often it is sent (API reference)."""


class SageMakerJobs:
    """``customization.ports.Jobs``."""

    def __init__(self, sagemaker: Any) -> None:
        self._sagemaker = sagemaker

    def create(self, request: Mapping[str, Any]) -> bool:
        """Create a job; False if one of this name exists. Raises CustomizationRefused."""
        try:
            self._sagemaker.create_training_job(**request)
        except ClientError as error:
            code, message = _said(error)
            if code == _EXISTS:
                return False
            if code in _REFUSED:
                name = request["TrainingJobName"]
                raise CustomizationRefused(f"SageMaker refuses {name}: {code}: {message}") from error
            raise
        return True

    def describe(self, name: str) -> Job | None:
        """The job, or None if there is none."""
        try:
            found = self._sagemaker.describe_training_job(TrainingJobName=name)
        except ClientError as error:
            if _missing(error):
                return None
            raise
        return Job(
            name=found["TrainingJobName"],
            arn=found["TrainingJobArn"],
            status=found["TrainingJobStatus"],
            secondary=found.get("SecondaryStatus", ""),
            reason=found.get("FailureReason", ""),
            output=found.get("OutputDataConfig", {}).get("S3OutputPath", ""),
            package=found.get("OutputModelPackageArn"),
            tokens=found.get("BillableTokenCount"),
        )

    def stop(self, name: str) -> None:
        """Begin to stop a job; harmless if it has ended."""
        try:
            self._sagemaker.stop_training_job(TrainingJobName=name)
        except ClientError as error:
            # A ValidationException says that the job has ended in the meantime, or is gone.
            if _said(error)[0] not in ("ValidationException", "ResourceNotFound"):
                raise


def _said(error: ClientError) -> tuple[str, str]:
    details = error.response["Error"]
    return str(details.get("Code", "")), str(details.get("Message", ""))


def _missing(error: ClientError) -> bool:
    """A ValidationException tells of a job that is not there: "Requested resource not found."."""
    code, message = _said(error)
    return code == "ResourceNotFound" or (code == "ValidationException" and "not found" in message)
