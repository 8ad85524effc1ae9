"""Containers without Docker: SageMaker's file layout, toolkits and model servers in subprocesses."""

from rehearsal.sagemaker.containers.serving import Fleet, ServedContainer, serve

__all__ = ["Fleet", "ServedContainer", "serve"]
