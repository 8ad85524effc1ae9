"""A model's state machines: compiled from ``workflows/<name>.asl.yaml`` and the model's settings."""

from mlplatform.workflows.definition import (
    AB_TEST,
    BEDROCK,
    CUSTOMIZATIONS,
    LIFECYCLE,
    NAMES,
    RELEASES,
    compiled,
    of,
    releases,
    substitutions,
    with_jobs,
    written,
)
from mlplatform.workflows.source import Source, pack, staged

__all__ = [
    "AB_TEST",
    "BEDROCK",
    "CUSTOMIZATIONS",
    "LIFECYCLE",
    "NAMES",
    "RELEASES",
    "Source",
    "compiled",
    "of",
    "pack",
    "releases",
    "staged",
    "substitutions",
    "with_jobs",
    "written",
]
