"""SageMaker in the rehearsal: its API, and jobs that really run."""

from rehearsal.sagemaker.service import SageMaker

__all__ = ["SageMaker"]
