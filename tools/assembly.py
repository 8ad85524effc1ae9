"""Reads what a synthesis wrote: the stacks of every environment below one ``cdk.out``."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ASSET_HASH = re.compile(r"\b[0-9a-f]{64}\b")
MASK = "<asset hash>"


@dataclass(frozen=True)
class SynthesizedStack:
    """One stack of a cloud assembly: ``environment`` and ``name`` as in ``cdk deploy <environment>/<name>``."""

    environment: str
    name: str
    path: Path

    @property
    def text(self) -> str:
        """The template as written, as JSON text."""
        return self.path.read_text(encoding="utf-8")

    @property
    def template(self) -> dict[str, Any]:
        """The template, parsed."""
        parsed: dict[str, Any] = json.loads(self.text)
        return parsed

    @property
    def masked_text(self) -> str:
        """The template with exactly the 64-hex asset hashes masked: what baselines hold."""
        return ASSET_HASH.sub(MASK, self.text)


def stacks(outdir: Path) -> Iterator[SynthesizedStack]:
    """Yield every stack of every environment (Stage) below ``outdir``, in the manifest's order."""
    for assembly in sorted(outdir.glob("assembly-*")):
        manifest = json.loads((assembly / "manifest.json").read_text(encoding="utf-8"))
        for artifact in manifest["artifacts"].values():
            if artifact["type"] == "aws:cloudformation:stack":
                environment, _, name = artifact["displayName"].split(" ")[0].partition("/")
                yield SynthesizedStack(environment, name, assembly / artifact["properties"]["templateFile"])
