"""Writes ``bootstrap/policies.yaml``: the permissions CloudFormation deploys with, and the roles' boundary.

Run as ``make policies``. The permissions are those of the handlers of every resource type in the
templates of the user's environments and of those the product is tested with, narrowed to what is ours by
``tools/bootstrap_scopes.py``.
"""

import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from mlplatform.settings import SettingsError, read_environments
from tools.assembly import stacks
from tools.bootstrap_template import BUILT_IN, TEMPLATE
from tools.execution_policies import rendered
from tools.platform_app import platform_app

FOLDERS = (Path("environments"), Path("tests/fixtures/environments"))
"""The user's environments, and those that between them turn every setting on."""


def main() -> int:
    """Write the template. Returns 0, or 2 when the settings are unusable."""
    try:
        types = used_types(folder for folder in FOLDERS if folder.exists())
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    TEMPLATE.write_text(rendered(types), encoding="utf-8")
    return 0


def used_types(folders: Iterable[Path]) -> set[str]:
    """Resource types in the templates of every environment of ``folders``. Raises SettingsError."""
    found: set[str] = set()
    for folder in folders:
        with tempfile.TemporaryDirectory() as outdir:
            platform_app(read_environments(folder), Path(outdir)).synth()
            for stack in stacks(Path(outdir)):
                found |= {resource["Type"] for resource in stack.template["Resources"].values()}
    return found - BUILT_IN


if __name__ == "__main__":
    sys.exit(main())
