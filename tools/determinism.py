"""Synthesizes the project twice, in different places and circumstances, and compares the templates' bytes."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_NOT_SOURCE = shutil.ignore_patterns(
    ".*", "node_modules", "cdk.out*", "build", "__pycache__", "tests", "docs", "*.egg-info"
)


@dataclass(frozen=True)
class Circumstances:
    """Where and when a synthesis runs; ``day`` counts only where ``faketime`` is installed."""

    place: str
    variables: Mapping[str, str]
    day: str | None = None


# Two time zones 26 hours apart are never on the same day.
HERE = Circumstances("here", {"PYTHONHASHSEED": "1", "TZ": "Etc/GMT-14", "LC_ALL": "C"})
ELSEWHERE = Circumstances(
    "some/where/else", {"PYTHONHASHSEED": "2", "TZ": "Etc/GMT+12", "LC_ALL": "C.UTF-8"}, "2031-02-03 04:05:06"
)


class SynthesisError(Exception):
    """A synthesis that failed, so that there is nothing to compare."""


def context_of(root: Path, **more: str) -> str:
    """Return the context of ``cdk.json`` as the CLI hands it to the app, plus ``more``, as JSON."""
    settings = json.loads((root / "cdk.json").read_text(encoding="utf-8"))
    return json.dumps({**settings.get("context", {}), **more})


def differences(root: Path) -> list[str]:
    """Return one line per template of the app in ``root`` that two syntheses do not write alike.

    They differ in folder, hash seed, time zone (so local date) and, where ``faketime`` is installed, the
    date. Raises SynthesisError.
    """
    with tempfile.TemporaryDirectory() as folder:
        first, second = (_synthesize(root, Path(folder), when) for when in (HERE, ELSEWHERE))
        return [
            f"{name}: {'differs' if name in first and name in second else 'written once only'}"
            for name in sorted(first.keys() | second.keys())
            if first.get(name) != second.get(name)
        ]


def _synthesize(root: Path, folder: Path, circumstances: Circumstances) -> dict[str, bytes]:
    source, outdir = folder / circumstances.place / "source", folder / circumstances.place / "out"
    shutil.copytree(root, source, ignore=_NOT_SOURCE)
    faketime = shutil.which("faketime")
    dated = [faketime, circumstances.day] if faketime and circumstances.day else []
    environment = os.environ | {
        **circumstances.variables,
        # Before what the interpreter's own environment says, so that the copy's packages are used.
        "PYTHONPATH": os.pathsep.join(str(source / part) for part in (".", "constructs", "lambda")),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
        "CDK_OUTDIR": str(outdir),
        "CDK_CONTEXT_JSON": context_of(root),
        "CDK_VALIDATION": "false",
    }
    command = [*dated, sys.executable, "app.py"]
    done = subprocess.run(command, cwd=source, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        message = (done.stderr.strip() or "no message").splitlines()[-1]
        raise SynthesisError(f"python app.py ended with {done.returncode}: {message}")
    templates = dict(_templates(outdir))
    if not templates:
        raise SynthesisError("python app.py wrote no template")
    return templates


def _templates(outdir: Path) -> Iterator[tuple[str, bytes]]:
    for path in outdir.rglob("*.template.json"):
        yield path.relative_to(outdir).as_posix(), path.read_bytes()
