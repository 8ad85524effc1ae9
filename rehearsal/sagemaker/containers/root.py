"""A folder that stands for a container's ``/``: SageMaker's paths in it, and texts rewritten to them."""

import re
import shlex
import sys
import tarfile
from pathlib import Path
from typing import Any

_OPT_ML = re.compile(r"(?<![\w.-])/opt/ml(?![\w-])")


class Root:
    """A container's file system without root privileges.

    A script that spells ``/opt/ml`` in its own text is not rewritten: arguments, environment variables and
    configuration files are. Scripts take their folders from these, as the toolkits' documentation asks.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for path in ("/root", "/tmp", "/opt/ml"):
            self.path(path).mkdir(parents=True, exist_ok=True)
        self._interpreters()

    def path(self, inside: str) -> Path:
        """Where the container's absolute path ``inside`` lies on this machine."""
        return self.folder / inside.lstrip("/")

    def make(self, inside: str) -> Path:
        """The same, as a folder that exists."""
        path = self.path(inside)
        path.mkdir(parents=True, exist_ok=True)
        return path

    def rewrite(self, text: str) -> str:
        """``text`` with every mention of ``/opt/ml`` leading into this folder."""
        return _OPT_ML.sub(lambda _: str(self.path("/opt/ml")), text)

    def rewritten(self, value: Any) -> Any:
        """Every string in a JSON value rewritten."""
        if isinstance(value, str):
            return self.rewrite(value)
        if isinstance(value, dict):
            return {key: self.rewritten(item) for key, item in value.items()}
        return [self.rewritten(item) for item in value] if isinstance(value, list) else value

    def environment(self) -> dict[str, str]:
        """The variables that every container has; nothing of this process's own environment."""
        return {
            "PATH": f"{self.path('/bin')}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self.path("/root")),
            "TMPDIR": str(self.path("/tmp")),
            "LANG": "C.UTF-8",
            # Two trainings at a time on two cores: threads that spin while they wait cost a hundredfold.
            "OMP_WAIT_POLICY": "PASSIVE",
            "PYTHONUNBUFFERED": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONNOUSERSITE": "1",
        }

    def _interpreters(self) -> None:
        """``python`` and ``python3`` of the container: this interpreter, with its installed libraries.

        A script rather than a link: a link elsewhere makes the interpreter forget its virtual environment.
        """
        for name in ("python", "python3"):
            program = self.make("/bin") / name
            program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n')
            program.chmod(0o755)


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a tar archive, compressed or not; members that would lie outside ``folder`` are refused."""
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive) as tar:
        for member in tar:
            if not (folder / member.name).resolve().is_relative_to(folder.resolve()):
                raise tarfile.TarError(f"{member.name} would lie outside the folder")
        if hasattr(tarfile, "data_filter"):  # from Python 3.11.4 on
            tar.extraction_filter = tarfile.data_filter
        tar.extractall(folder)


def pack(folder: Path, archive: Path) -> None:
    """Pack what ``folder`` holds as a gzipped tar archive, names relative to it."""
    with tarfile.open(archive, "w:gz", compresslevel=6) as tar:
        for path in sorted(folder.iterdir()):
            tar.add(path, arcname=path.name)
