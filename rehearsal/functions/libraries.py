"""The folder that stands for what the Lambda runtime brings along: boto3, and what boto3 needs."""

import re
import shutil
import tempfile
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from importlib.metadata import Distribution, distribution
from pathlib import Path

_ROOT = Path(__file__).parents[2]
CACHE = _ROOT / ".cache" / "rehearsal"

BROUGHT_ALONG = "boto3"
"""What the runtime has beside Python's own (Lambda developer guide, "Building with Python")."""


@cache
def runtime_folder() -> Path:
    """A folder with links to boto3 and everything it requires, from this interpreter's environment.

    It is made once per set of versions. Other packages of the environment cannot be imported from it, so a
    function that forgot to ship something fails here as it would in AWS.
    """
    found = list(_closure(BROUGHT_ALONG, set()))
    sources = sorted({source for each in found for source in _top_level(each)})
    said = [*(f"{each.name}=={each.version}" for each in found), *map(str, sources)]
    folder = CACHE / f"lambda-{sha256(' '.join(sorted(said)).encode()).hexdigest()[:16]}"
    if not folder.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(dir=CACHE))
        for source in sources:
            (fresh / source.name).symlink_to(source)
        try:
            fresh.rename(folder)
        except OSError:  # another process was faster
            shutil.rmtree(fresh)
    return folder


def _closure(name: str, seen: set[str]) -> Iterator[Distribution]:
    if name in seen:
        return
    seen.add(name)
    found = distribution(name)
    yield found
    for requirement in found.requires or ():
        if "extra ==" not in requirement:
            yield from _closure(re.split(r"[^\w.-]", requirement, maxsplit=1)[0], seen)


def _top_level(found: Distribution) -> set[Path]:
    names = {path.parts[0] for path in found.files or () if path.parts[0] not in ("..", "__pycache__")}
    return {Path(str(found.locate_file(name))).resolve() for name in names}
