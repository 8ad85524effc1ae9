"""An environment with one sample of ``models/``, in whichever region: its part of Bedrock is elsewhere."""

import shutil
from pathlib import Path
from typing import Any

import yaml
from landscapes import ROOT, environment
from sample_account import needs

from mlplatform.settings import Environment, read_environments

MODEL = "support-assistant"
AMERICA = {"region": "us-east-1", "network": {"availability_zones": ["use1-az1", "use1-az2"]}}
WITHOUT_BEDROCK = {"models": {MODEL: {"customization": {"bedrock": None}}}}

needs_sample = needs(MODEL)


def moved_sample(folder: Path, **settings: Any) -> Environment:
    """Write an environment that trains, with further ``settings`` and the sample, and read it; the sample
    does not serve on an endpoint."""
    (folder / "environments").mkdir()
    values = environment("111122223333", training=True, removal="destroy", **settings)
    (folder / "environments" / "dev.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")
    shutil.copytree(ROOT / "models" / MODEL, folder / "models" / MODEL)
    file = folder / "models" / MODEL / "model.yaml"
    model = yaml.safe_load(file.read_text(encoding="utf-8"))
    model.pop("serving", None)
    model.pop("inference", None)
    file.write_text(yaml.safe_dump(model, sort_keys=False), encoding="utf-8")
    (found,) = read_environments(folder / "environments")
    return found
