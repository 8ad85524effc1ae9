"""`make explain ENV=`: the settings of one environment as they apply, with defaults marked."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel

from mlplatform.settings import SettingsError, read_environments

MARK = "# default"


def main(argv: Sequence[str] | None = None) -> int:
    """Print the merged settings as YAML; 2 when there is no such environment or a file is wrong."""
    parser = argparse.ArgumentParser(prog="make explain ENV=", description=__doc__)
    parser.add_argument("environment")
    parser.add_argument("--folder", type=Path, default=Path("environments"))
    arguments = parser.parse_args(argv)
    try:
        (settings,) = read_environments(arguments.folder, only=arguments.environment)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"# {arguments.folder}/{settings.name}.yaml, with every default\n" + "\n".join(explained(settings)))
    return 0


def explained(section: BaseModel, *, indent: str = "", given: bool = True) -> Iterator[str]:
    """YAML lines of a section: one per setting, values that nobody wrote marked as defaults.

    ``given`` is False below a section that the file leaves out as a whole.
    """
    lines: list[tuple[str, bool]] = []
    for name in type(section).model_fields:
        if name == "name":
            continue  # the file's name, not a key of the file
        value, set_here = getattr(section, name), given and name in section.model_fields_set
        if isinstance(value, BaseModel):
            lines.append((f"{indent}{name}:", True))
            lines += [(line, True) for line in explained(value, indent=f"{indent}  ", given=set_here)]
            continue
        text = _yaml(name, value)
        lines += [(indent + line, set_here or number > 0) for number, line in enumerate(text)]
    width = max((len(line) for line, set_here in lines if not set_here), default=0)
    yield from (line if set_here else f"{line:<{width}}  {MARK}" for line, set_here in lines)


def _yaml(name: str, value: Any) -> list[str]:
    """The lines of one setting; a list of words stays on one line."""
    if isinstance(value, list):
        value = [_plain(item) for item in value]
    elif isinstance(value, dict):
        value = {key: _plain(item) for key, item in value.items()}
    flow = None if isinstance(value, list) and value and not isinstance(value[0], dict) else False
    text = yaml.safe_dump({name: value}, sort_keys=False, width=100, default_flow_style=flow)
    return text.rstrip().splitlines()


def _plain(value: Any) -> Any:
    return value.model_dump(exclude_none=True) if isinstance(value, BaseModel) else value


if __name__ == "__main__":
    sys.exit(main())
