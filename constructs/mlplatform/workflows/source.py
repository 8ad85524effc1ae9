"""What the jobs of a model run: its folder, packed so that the same files always give the same bytes."""

import gzip
import hashlib
import io
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mlplatform.settings import Environment

LEFT_OUT = ("__pycache__", "data", "tests")
"""Folders that no job needs, wherever they lie."""

LEFT_OUT_FILES = ("Dockerfile", "model.yaml")
"""Files that no job needs; nor does it need Markdown files or files whose name begins with a dot."""


@dataclass(frozen=True)
class Source:
    """A packed model folder: a tar.gz, and the SHA-256 of its bytes in hexadecimal."""

    sha256: str
    content: bytes = field(repr=False)


def pack(folder: Path) -> Source:
    """Pack the scripts of a model's folder.

    Names, contents and nothing else decide the bytes: no times, owners or permissions, and sorted names.
    """
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path in _files(folder):
            content = path.read_bytes()
            member = tarfile.TarInfo(path.relative_to(folder).as_posix())
            member.size, member.mode = len(content), 0o644
            archive.addfile(member, io.BytesIO(content))
    content = _gzip(packed.getvalue())
    return Source(hashlib.sha256(content).hexdigest(), content)


def _gzip(content: bytes) -> bytes:
    """Stored, not compressed: compressed bytes depend on the version of zlib, and scripts are small."""
    packed = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", compresslevel=0, fileobj=packed, mtime=0) as stream:
        stream.write(content)
    return packed.getvalue()


def staging_bucket(settings: Environment) -> str:
    """Name of the bucket a deployment publishes assets in.

    That of CDK's DefaultStackSynthesizer (AWS CDK guide, "Bootstrapping"), in which the key of an asset is
    its hash.
    """
    return f"cdk-{settings.deployment.qualifier}-assets-{settings.account}-{settings.region}"


def staged(source: Source, settings: Environment) -> tuple[str, str]:
    """Bucket and key a deployment publishes the packed source at: a file whose hash is ``source.sha256``."""
    return staging_bucket(settings), f"{source.sha256}.gz"


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*"), key=lambda path: path.relative_to(folder).as_posix()):
        parts = path.relative_to(folder).parts
        hidden = any(part.startswith(".") or part in LEFT_OUT for part in parts)
        if path.is_file() and not hidden and path.name not in LEFT_OUT_FILES and path.suffix != ".md":
            yield path
