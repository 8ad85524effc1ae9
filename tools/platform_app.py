"""The app of some environments, for tools and tests that look at what a synthesis gives.

`python -m tools.platform_app <environments> <outdir>` synthesizes a folder of environments.
"""

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import aws_cdk as cdk

from mlplatform.settings import Environment, read_environments
from stacks.platform import MlPlatform

ROOT = Path(__file__).parents[1]


def empty_app(outdir: Path) -> cdk.App:
    """An app with the project's feature flags and nothing in it yet, without CDK's slow validation."""
    settings: dict[str, Any] = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))
    return cdk.App(outdir=str(outdir), context=settings["context"], builtin_cloud_formation_validation=False)


def platform_app(environments: Iterable[Environment], outdir: Path) -> cdk.App:
    """An app of these environments, without the checks of app.py, to be synthesized into ``outdir``."""
    app = empty_app(outdir)
    for settings in environments:
        MlPlatform(app, settings=settings)
    return app


if __name__ == "__main__":
    platform_app(read_environments(Path(sys.argv[1])), Path(sys.argv[2])).synth()
