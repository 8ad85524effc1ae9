"""Whether the scripts that a model's settings name lie in its folder."""

import difflib
from collections.abc import Iterator
from pathlib import Path

from mlplatform.settings.findings import Finding, finding
from mlplatform.settings.products import ModelProduct


def problems(product: ModelProduct, folder: Path) -> Iterator[Finding]:
    """Scripts that ``folder`` does not hold."""
    named = {
        f"{section}.{key}": getattr(getattr(product, section), key, None)
        for section, key in (
            ("prepare", "script"),
            ("train", "script"),
            ("evaluate", "script"),
            ("inference", "script"),
            ("inference", "preprocess"),
            ("inference", "postprocess"),
        )
    }
    for path, script in named.items():
        if script is not None and not (folder / script).is_file():
            there = sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*.py"))
            close = difflib.get_close_matches(script, there, n=1)
            hint = f"did you mean {close[0]!r}? " if close else ""
            allowed = f"{hint}a file of the model's folder: {', '.join(there[:10]) or 'which has none'}"
            yield finding(path, "no such file", given=repr(script), allowed=allowed)
