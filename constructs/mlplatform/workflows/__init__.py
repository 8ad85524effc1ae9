"""A model's state machines: compiled from ``workflows/<name>.asl.yaml`` and the model's settings."""

from mlplatform.workflows.definition import (
    BEDROCK,
    CUSTOMIZATIONS,
    NAMES,
    RELEASES,
    compiled,
    of,
    substitutions,
    with_jobs,
    written,
)
from mlplatform.workflows.source import Source, pack, staged

__all__ = [
    "BEDROCK",
    "CUSTOMIZATIONS",
    "NAMES",
    "RELEASES",
    "Source",
    "compiled",
    "of",
    "pack",
    "staged",
    "substitutions",
    "with_jobs",
    "written",
]
