"""The package of a reward function: the platform's library, and the function or the file of the model.

The same files always give the same bytes, so that a deployment changes only functions whose code changed.
"""

import hashlib
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from mlplatform.settings.customization_rewards import RewardSettings

_SOURCES = Path(__file__).parents[3] / "lambda"
_LIBRARY = "rewards"
_EARLIEST = (1980, 1, 1, 0, 0, 0)
"""The first moment a zip file can tell (APPNOTE.TXT of PKWARE, 4.4.6)."""


@dataclass(frozen=True)
class RewardPackage:
    """A zip file, the SHA-256 of its bytes in hexadecimal, and the handler that is in it."""

    sha256: str
    handler: str
    content: bytes = field(repr=False)


def pack(reward: RewardSettings, folder: Path) -> RewardPackage:
    """Pack a reward function: one of the platform's own, or a ``.py`` file of the model's ``folder``."""
    if reward.file is None:
        return _built_in(reward.name)
    files = {**_library(), "reward.py": (folder / reward.file).read_bytes()}
    return _packed(files, "rewards.own.handler")


@cache
def _built_in(name: str) -> RewardPackage:
    package = f"reward_{name}"
    return _packed({**_library(), **dict(_python(package))}, f"{package}.handler.handler")


@cache
def _library() -> dict[str, bytes]:
    return dict(_python(_LIBRARY))


def _python(package: str) -> Iterator[tuple[str, bytes]]:
    """The modules of a package of ``lambda/``, by their paths there."""
    for path in sorted((_SOURCES / package).rglob("*.py")):
        yield path.relative_to(_SOURCES).as_posix(), path.read_bytes()


def _packed(files: dict[str, bytes], handler: str) -> RewardPackage:
    """Stored, not compressed: compressed bytes depend on the version of zlib, and the files are small."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            member = zipfile.ZipInfo(name, _EARLIEST)
            member.external_attr, member.create_system = 0o100644 << 16, 3
            archive.writestr(member, files[name])
    content = packed.getvalue()
    return RewardPackage(hashlib.sha256(content).hexdigest(), handler, content)
