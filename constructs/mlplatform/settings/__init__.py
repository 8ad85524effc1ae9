"""Settings: YAML files parsed into frozen models; pure, and testable without AWS or CDK."""

from mlplatform.settings.environment import Environment
from mlplatform.settings.loading import read_environments
from mlplatform.settings.problems import Problem, SettingsError
from mlplatform.settings.products import ModelProduct

__all__ = ["Environment", "ModelProduct", "Problem", "SettingsError", "read_environments"]
