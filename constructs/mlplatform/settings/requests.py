"""Checks what a model's ``request:`` adds to a request of the SageMaker API.

The shapes of the requests stand in ``data/request_shapes.json``, generated from the API model
(`make refresh-images`). Its patterns and limits are checked too, though AWS's clients do not check them.
"""

import difflib
import json
import math
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from mlplatform.settings.findings import Finding, finding
from mlplatform.settings.findings import Path as Keys
from mlplatform.settings.values import evaluated, shown

Shape = Mapping[str, Any]

_KINDS: dict[str, tuple[tuple[type, ...], str]] = {
    "boolean": ((bool,), "true or false"),
    "double": ((int, float), "a number"),
    "float": ((int, float), "a number"),
    "integer": ((int,), "a whole number"),
    "list": ((list,), "a list"),
    "long": ((int,), "a whole number"),
    "map": ((dict,), "settings as `key: value`"),
    "string": ((str,), "text, numbers in quotes"),
    "structure": ((dict,), "settings as `key: value`"),
}
"""Types of the API model, as Python has them and as a message calls them."""


@cache
def _data() -> dict[str, Any]:
    path = Path(__file__).parents[1] / "data" / "request_shapes.json"
    data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return data


def problems(
    operation: str, request: Mapping[str, Any], *, owned: Mapping[str, str], at: Keys = ("request",)
) -> Iterator[Finding]:
    """What is wrong with ``request`` as a part of the request of ``operation``, such as CreateTrainingJob.

    ``owned`` is what the platform sets itself: dotted path, and what to do instead.
    """
    yield from _Reader(owned).check(_data()["operations"][operation], request, at, ())


class _Reader:
    """Walks a request beside its shape."""

    def __init__(self, owned: Mapping[str, str]) -> None:
        self.owned = owned

    def check(self, name: str, value: Any, path: Keys, inside: Keys) -> Iterator[Finding]:
        """Problems of ``value`` as shape ``name``; ``inside`` is the path within the request."""
        shape: Shape = _data()["shapes"][name]
        types, described = _KINDS[shape["type"]]
        fits: bool = isinstance(value, types) and (bool in types or not isinstance(value, bool))
        if not fits:
            yield finding(path, "wrong type", given=shown(value), allowed=described)
            return
        if shape["type"] == "structure":
            yield from self._structure(shape, value, path, inside)
            return
        yield from _limits(shape, value, path)
        if shape["type"] == "list":
            yield from self._list(shape, value, path, inside)
        elif shape["type"] == "map":
            yield from self._map(shape, value, path, inside)

    def _structure(self, shape: Shape, value: dict[str, Any], path: Keys, inside: Keys) -> Iterator[Finding]:
        members = shape["members"]
        for key, part in value.items():
            here, where = (*path, key), (*inside, key)
            if key not in members:
                known = [name for name in members if ".".join(map(str, (*inside, name))) not in self.owned]
                close = difflib.get_close_matches(str(key), known, n=1)
                hint = f", did you mean {close[0]!r}?" if close else ""
                yield finding(here, "unknown key", given=f"{key!r}{hint}", allowed=", ".join(known))
            elif (instead := self.owned.get(".".join(map(str, where)))) is not None:
                yield finding(here, "the platform sets it", allowed=instead)
            else:
                yield from self.check(members[key], part, here, where)
        for key in shape["required"]:
            if key not in value and not self._is_set((*inside, key)):
                yield finding(path, f"{key} is missing", allowed=f"with {', '.join(shape['required'])}")

    def _is_set(self, inside: Keys) -> bool:
        """Whether the platform gives this member, or something in it."""
        name = ".".join(map(str, inside))
        return any(path == name or path.startswith(f"{name}.") for path in self.owned)

    def _list(self, shape: Shape, value: list[Any], path: Keys, inside: Keys) -> Iterator[Finding]:
        for position, part in enumerate(value):
            yield from self.check(shape["members"]["member"], part, (*path, position), (*inside, "*"))

    def _map(self, shape: Shape, value: dict[str, Any], path: Keys, inside: Keys) -> Iterator[Finding]:
        for key, part in value.items():
            yield from self.check(shape["members"]["key"], key, (*path, key), (*inside, "*"))
            yield from self.check(shape["members"]["value"], part, (*path, key), (*inside, "*"))


def _limits(shape: Shape, value: Any, path: Keys) -> Iterator[Finding]:
    size = len(value) if isinstance(value, str | list | dict) else value
    least, most = shape.get("min", -math.inf), shape.get("max", math.inf)
    unit = {"string": " characters", "list": " entries", "map": " entries"}.get(shape["type"], "")
    if isinstance(value, bool):
        return
    if not least <= size <= most:
        allowed = f"at least {least}{unit}" if most == math.inf else f"{least} to {most}{unit}"
        yield finding(path, "out of range", given=f"{size}{unit}", allowed=allowed)
    if isinstance(value, str) and (syntax := evaluated(value)):
        what = f"a workflow would evaluate {syntax!r}"
        yield finding(path, what, given=shown(value), allowed="text without it")
    elif isinstance(value, str) and value not in (shape.get("enum") or [value]):
        close = difflib.get_close_matches(value, shape["enum"], n=3, cutoff=0.5)
        known = close if len(shape["enum"]) > 20 and close else shape["enum"][:20]
        yield finding(path, "unknown value", given=shown(value), allowed=", ".join(known))
    elif isinstance(value, str) and not re.fullmatch(shape.get("pattern", r"[\s\S]*"), value):
        yield finding(path, "malformed", given=shown(value), allowed=f"what matches {shape['pattern']}")
