"""A model's state machines: compiled from ``workflows/<name>.asl.yaml`` and the model's settings."""

from mlplatform.workflows.definition import NAMES, compiled, of, substitutions, written
from mlplatform.workflows.source import Source, pack, staged

__all__ = ["NAMES", "Source", "compiled", "of", "pack", "staged", "substitutions", "written"]
