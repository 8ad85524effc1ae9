"""Reads a cloud assembly as `cdk deploy` does: the stacks of one Stage in order, and their files."""

import graphlib
import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class AssemblyError(Exception):
    """The assembly does not hold what is asked of it."""


@dataclass(frozen=True)
class DeployableStack:
    """One stack: ``name`` is CloudFormation's, ``display_name`` the CDK CLI's (``dev/Network``)."""

    name: str
    display_name: str
    account: str
    region: str
    template: dict[str, Any]
    protected: bool


@dataclass(frozen=True)
class File:
    """A file asset: what to put into which bucket."""

    bucket: str
    key: str
    source: Path
    zipped: bool

    def content(self) -> bytes:
        """The object's bytes; a folder becomes a zip, the same for the same files."""
        return _zipped(self.source) if self.zipped else self.source.read_bytes()


def stacks_of(folder: Path, environment: str) -> list[DeployableStack]:
    """Stacks of the Stage ``environment``, each after those it depends on. Raises AssemblyError."""
    stage = _stage(folder, environment)
    artifacts = _manifest(stage)["artifacts"]
    found = {name: a for name, a in artifacts.items() if a["type"] == "aws:cloudformation:stack"}
    graph = {name: [d for d in a.get("dependencies", ()) if d in found] for name, a in found.items()}
    return [_stack(stage, found[name]) for name in graphlib.TopologicalSorter(graph).static_order()]


def files_of(folder: Path, environment: str) -> list[File]:
    """What the Stage's stacks expect in the staging bucket, besides their templates. Raises AssemblyError."""
    stage = _stage(folder, environment)
    found = {
        file.key: file
        for manifest in stage.glob("*.assets.json")
        for file in _files(stage, json.loads(manifest.read_text(encoding="utf-8")))
    }
    return [found[key] for key in sorted(found)]


def _stage(folder: Path, environment: str) -> Path:
    stages = {
        artifact["properties"]["displayName"]: artifact["properties"]["directoryName"]
        for artifact in _manifest(folder)["artifacts"].values()
        if artifact["type"] == "cdk:cloud-assembly"
    }
    if environment not in stages:
        raise AssemblyError(f"{folder} has no {environment}, there is: {', '.join(stages) or 'nothing'}")
    return folder / str(stages[environment])


def _stack(stage: Path, artifact: dict[str, Any]) -> DeployableStack:
    properties = artifact["properties"]
    account, _, region = artifact["environment"].removeprefix("aws://").partition("/")
    display_name = artifact["displayName"].split(" ")[0]
    return DeployableStack(
        name=properties.get("stackName") or artifact["displayName"].replace("/", "-"),
        display_name=display_name,
        account=account,
        region=region,
        template=json.loads((stage / properties["templateFile"]).read_text(encoding="utf-8")),
        protected=properties.get("terminationProtection", False),
    )


def _files(stage: Path, manifest: dict[str, Any]) -> Iterator[File]:
    for asset in manifest["files"].values():
        source = asset["source"]
        if source["path"].endswith(".template.json"):
            continue  # handed over directly, not by way of the bucket
        for destination in asset["destinations"].values():
            yield File(
                bucket=destination["bucketName"],
                key=destination["objectKey"],
                source=stage / source["path"],
                zipped=source["packaging"] == "zip",
            )


def _zipped(folder: Path) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), (1980, 1, 1, 0, 0, 0))
            entry.external_attr = path.stat().st_mode << 16
            archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _manifest(folder: Path) -> dict[str, Any]:
    path = folder / "manifest.json"
    if not path.exists():
        raise AssemblyError(f"{folder} is no cloud assembly: run make synth first")
    parsed: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return parsed
