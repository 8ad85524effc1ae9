"""`make new-model NAME= FROM=`: starts a model product as a copy of another one's folder."""

import argparse
import re
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from mlplatform.settings.products import ModelName

LEFT_OUT = ("__pycache__", ".*")
"""What a copy does not need."""


class NewModelError(Exception):
    """The copy cannot be made; nothing was written."""


def main(argv: Sequence[str] | None = None) -> int:
    """Copy, and say what to change next. Returns 2 if nothing was written."""
    parser = argparse.ArgumentParser(prog="make new-model NAME= FROM=", description=__doc__)
    parser.add_argument("name")
    parser.add_argument("source")
    parser.add_argument("--folder", type=Path, default=Path("models"))
    arguments = parser.parse_args(argv)
    try:
        target = copy_model(arguments.folder, arguments.source, arguments.name)
    except NewModelError as error:
        print(f"new-model: {error}", file=sys.stderr)
        return 2
    print(f"wrote {target}/: description and owner in model.yaml are next, then the scripts")
    print(f"try it here: make rehearse MODEL={arguments.name}")
    return 0


def copy_model(folder: Path, source: str, name: str) -> Path:
    """Copy ``folder/source`` to ``folder/name``; what it calls its data locations is renamed with it.

    Raises NewModelError for a name no model can have, one that is taken, or a source that does not exist.
    """
    models = sorted(path.parent.name for path in folder.glob("*/model.yaml"))
    if source not in models:
        raise NewModelError(f"no model {source!r} to copy, there is: {', '.join(models) or 'none'}")
    if (folder / name).exists():
        raise NewModelError(f"{folder / name} is there already")
    try:
        TypeAdapter(ModelName).validate_python(name)
    except ValidationError as error:
        raise NewModelError(f"NAME: {error.errors()[0]['msg']}") from None
    target = Path(shutil.copytree(folder / source, folder / name, ignore=shutil.ignore_patterns(*LEFT_OUT)))
    for path in (*target.glob("*.yaml"), *target.glob("*.py")):
        text = path.read_text(encoding="utf-8")
        path.write_text(
            re.sub(rf"(data://|models/){re.escape(source)}/", rf"\g<1>{name}/", text), encoding="utf-8"
        )
    return target


if __name__ == "__main__":
    sys.exit(main())
