"""Writes the table of every setting of ``model.yaml`` into docs/models.md, from the settings themselves."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from mlplatform.settings.products import ModelProduct

TARGET = Path("docs/models.md")
START, END = "<!-- settings: written by make schema -->", "<!-- end of settings -->"


def main(_: Sequence[str] | None = None) -> int:
    """Write the table between its marks."""
    TARGET.write_text(rewritten(TARGET.read_text(encoding="utf-8")), encoding="utf-8")
    print(f"wrote the settings in {TARGET}")
    return 0


def rewritten(text: str) -> str:
    """``text`` with the table as it is now. Raises ValueError if the marks are missing."""
    before, start, rest = text.partition(START)
    _, end, after = rest.partition(END)
    if not start or not end:
        raise ValueError(f"{TARGET} lacks {START} and {END}")
    return f"{before}{START}\n{table()}\n{END}{after}"


def table() -> str:
    """One row per setting: its path, its default and what it does."""
    rows = ["| setting | default | what it does |", "|---|---|---|"]
    for path, field in settings(ModelProduct):
        what = (field.description or "").replace("|", "\\|")
        rows.append(f"| `{path}` | {default(field)} | {what[:1].upper()}{what[1:]} |")
    return "\n".join(rows)


def settings(section: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Dotted path and field of every setting of ``section``; ``<name>`` stands for a key of a mapping."""
    for name, field in section.model_fields.items():
        if (prefix, name) == ("", "name"):
            continue  # the folder's name
        yield prefix + name, field
        inner, step = _section(field.annotation)
        if inner is not None:
            yield from settings(inner, f"{prefix}{name}{step}.")


def _section(annotation: Any) -> tuple[type[BaseModel] | None, str]:
    """The section a field holds, if it holds one, and what stands for the key before it."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, ""
    for part in get_args(annotation):
        inner, step = _section(part)
        if inner is not None:
            mapped = getattr(annotation, "__origin__", None) is dict
            return inner, ".<name>" if mapped else step
    return None, ""


def default(field: FieldInfo) -> str:
    """How the table shows what applies when a setting is not given."""
    if field.is_required():
        return "required"
    if field.default_factory_takes_validated_data:
        return "follows from others"
    value = field.get_default(call_default_factory=False)
    if field.default_factory or isinstance(value, BaseModel):
        return "section"
    if value is None:
        return "none"
    text = yaml.safe_dump(value, default_flow_style=True, width=1000).replace("...", "").strip()
    return f"`{text}`"


if __name__ == "__main__":
    sys.exit(main())
