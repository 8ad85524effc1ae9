"""Whether the instance types that settings name exist and fit what they are for."""

import difflib
from collections.abc import Iterator, Sequence

from mlplatform.instance_types import instance_types
from mlplatform.rules.jobs import has_local_storage
from mlplatform.settings.findings import Finding, Path, finding


def unknown(names: Sequence[str], use: str, path: Path) -> Iterator[Finding]:
    """Those of ``names`` that SageMaker does not offer for ``use``; ``path`` leads to the list."""
    known = instance_types(use)
    for position, name in enumerate(names):
        if name not in known:
            close = difflib.get_close_matches(name, known, n=3, cutoff=0.5) or known[:3]
            what = f"no such instance type for {use}"
            yield finding((*path, position), what, given=repr(name), allowed=f"such as {', '.join(close)}")
        elif name in names[:position]:
            yield finding((*path, position), "named twice", given=repr(name), allowed="each once")


def mixed(first: str, others: Sequence[str], path: Path) -> Iterator[Finding]:
    """Those of ``others`` that differ from ``first`` in whether AWS takes a key for their volumes."""
    known = instance_types("training", "processing", "hosting")
    for position, name in enumerate(others):
        if name in known and has_local_storage(name) != has_local_storage(first):
            kind = "local storage" if has_local_storage(first) else "volumes of their own"
            what = f"one request cannot be for it and for {first}, of which one takes no key for its volume"
            yield finding((*path, position), what, given=repr(name), allowed=f"instance types with {kind}")
