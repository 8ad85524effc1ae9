"""Reads what a synthesis wrote: the stacks of every environment below one ``cdk.out``."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MASK = "<asset hash>"


@dataclass(frozen=True)
class SynthesizedStack:
    """One stack of a cloud assembly, known to the CDK CLI as ``<environment>/<name>``."""

    environment: str
    name: str
    region: str
    path: Path

    @property
    def text(self) -> str:
        """The template as written, as JSON text."""
        return self.path.read_bytes().decode()

    @property
    def template(self) -> dict[str, Any]:
        """The template, parsed."""
        parsed: dict[str, Any] = json.loads(self.text)
        return parsed

    @property
    def masked_text(self) -> str:
        """What baselines hold: the template, its assets' hashes masked and state machines written out."""
        files = json.loads(self.path.with_name(f"{self._file_stem}.assets.json").read_text(encoding="utf-8"))
        hashes = [*files.get("files", {}), *files.get("dockerImages", {})]
        return written_out(re.sub("|".join(hashes), MASK, self.text) if hashes else self.text)

    @property
    def _file_stem(self) -> str:
        return self.path.name.removesuffix(".template.json")


def written_out(text: str) -> str:
    """A template with the definitions of its state machines as JSON instead of one string, line by line.

    So that a changed request of a job is a difference that people can read.
    """
    if '"DefinitionString"' not in text:
        return text
    template = json.loads(text)
    for resource in template["Resources"].values():
        if isinstance(definition := resource.get("Properties", {}).get("DefinitionString"), str):
            resource["Properties"]["DefinitionString"] = json.loads(definition)
    return json.dumps(template, indent=1, ensure_ascii=False)


def stacks(outdir: Path) -> Iterator[SynthesizedStack]:
    """Yield every stack of every environment (Stage) below ``outdir``, in the manifest's order."""
    for assembly in sorted(outdir.glob("assembly-*")):
        for artifact in _manifest(assembly)["artifacts"].values():
            if artifact["type"] == "aws:cloudformation:stack":
                environment, _, name = artifact["displayName"].split(" ")[0].partition("/")
                region = artifact["environment"].rpartition("/")[2]  # aws://<account>/<region>
                path = assembly / artifact["properties"]["templateFile"]
                yield SynthesizedStack(environment, name, region, path)


def missing_context(outdir: Path) -> Iterator[str]:
    """One line for every value that a synthesis wanted to look up in an account."""
    for folder in (outdir, *sorted(outdir.glob("assembly-*"))):
        for missing in _manifest(folder).get("missing", []):
            yield f"{folder.name}: {missing['key']} would be looked up; settings must say it"


def _manifest(folder: Path) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return parsed
