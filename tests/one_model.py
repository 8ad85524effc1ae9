"""An environment with one model, written as its owner would and read as the platform does."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from mlplatform.settings import Environment, ModelProduct, SettingsError, read_environments

SCRIPTS = ("evaluate.py", "inference.py", "prepare.py", "train.py")


@dataclass(frozen=True)
class OneModel:
    """A model called ``name`` in an ``environment``: scripts are empty, ``files`` are what else it has."""

    name: str
    environment: str
    files: Mapping[str, bytes]

    def read(
        self, folder: Path, model: str, environment: str | None = None
    ) -> tuple[Environment, ModelProduct]:
        """The environment and the model, whose file holds ``model``. Raises SettingsError."""
        environments, product = folder / "environments", folder / "models" / self.name
        environments.mkdir()
        product.mkdir(parents=True)
        (environments / "dev.yaml").write_text(environment or self.environment, encoding="utf-8")
        (product / "model.yaml").write_text(model, encoding="utf-8")
        for name, content in {**dict.fromkeys(SCRIPTS, b""), **self.files}.items():
            (product / name).write_bytes(content)
        (settings,) = read_environments(environments)
        (only,) = settings.products
        return settings, only

    def problems(self, folder: Path, model: str, environment: str | None = None) -> list[str]:
        """The messages about the model's file."""
        with pytest.raises(SettingsError) as refused:
            self.read(folder, model, environment)
        return str(refused.value).splitlines()
