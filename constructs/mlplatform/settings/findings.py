"""What is wrong between the settings of a model: a path into its file, and a sentence."""

from typing import NamedTuple

from mlplatform.sentences import sentence

Path = tuple[str | int, ...]


class Finding(NamedTuple):
    """One mistake: the setting's ``path`` in model.yaml, and what, given and allowed in one line."""

    path: Path
    message: str


def finding(path: str | Path, what: str, *, given: object = None, allowed: object = None) -> Finding:
    """A mistake at ``path``, a dotted one if it is a text."""
    parts = tuple(path.split(".")) if isinstance(path, str) else path
    return Finding(parts, sentence(what, given=given, allowed=allowed))
