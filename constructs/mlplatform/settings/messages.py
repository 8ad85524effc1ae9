"""Turns validation errors into messages that say what is wrong, what was given and what is allowed."""

import difflib
import types
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from mlplatform.settings.fields import Text

_WHAT = {
    "missing": "is missing",
    "extra_forbidden": "unknown key",
    "literal_error": "unknown value",
    "greater_than_equal": "out of range",
    "less_than_equal": "out of range",
}


def message(model: type[BaseModel], error: ErrorDetails) -> str:
    """One line for one pydantic error: ``what, given …, allowed: …``."""
    kind, path = error["type"], error["loc"]
    if kind == "refused":
        return str(error["msg"])
    if kind == "extra_forbidden":
        return _unknown_key(model, path)
    what = _WHAT.get(kind, "wrong type" if kind.endswith("_type") or "_parsing" in kind else error["msg"])
    given = "" if kind == "missing" else f", given {_short(error['input'])}"
    return f"{what}{given}, allowed: {_allowed(model, path)}"


def _unknown_key(model: type[BaseModel], path: tuple[int | str, ...]) -> str:
    known = list(_annotation(model, path[:-1])[0].model_fields)
    known = [key for key in known if (path[:-1], key) != ((), "name")]
    close = difflib.get_close_matches(str(path[-1]), known, n=1)
    hint = f"did you mean {close[0]!r}?, " if close else ""
    return f"unknown key, given {path[-1]!r}, {hint}allowed: {', '.join(known)}"


def _short(value: object) -> str:
    if isinstance(value, dict):
        return "settings as `key: value`"
    if isinstance(value, list):
        return "a list"
    words = {None: "nothing", True: "true", False: "false"}
    return words[value] if value is None or isinstance(value, bool) else repr(value)[:80]


def _annotation(model: type[BaseModel], path: tuple[int | str, ...]) -> tuple[Any, list[Any], str | None]:
    """What stands at ``path``: its type (optional parts stripped), its constraints, its description."""
    kind: Any = model
    constraints: list[Any] = []
    description: str | None = None
    for part in path:
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            field = kind.model_fields[str(part)]
            kind, constraints, description = field.annotation, list(field.metadata), field.description
        elif part != "[key]":
            kind, constraints = get_args(kind)[-1], []
        if get_origin(kind) in (Union, types.UnionType):
            kind = next(arg for arg in get_args(kind) if arg is not type(None))
        if get_origin(kind) is Annotated:
            kind, *more = get_args(kind)
            constraints += more
    return kind, constraints, description


def _allowed(model: type[BaseModel], path: tuple[int | str, ...]) -> str:
    kind, constraints, description = _annotation(model, path)
    if texts := [c.allowed for c in constraints if isinstance(c, Text)]:
        return texts[0]
    if get_origin(kind) is Literal:
        return ", ".join(map(str, get_args(kind)))
    least, most = (next((getattr(c, k) for c in constraints if hasattr(c, k)), None) for k in ("ge", "le"))
    if kind is int:
        return f"a whole number from {least} to {most}" if most else f"a whole number: {description}"
    if kind is bool:
        return "true or false"
    if kind is str:
        return description or "text, numbers in quotes"
    shape = "a list" if get_origin(kind) is list else "settings as `key: value`"
    return f"{shape}: {description}"
