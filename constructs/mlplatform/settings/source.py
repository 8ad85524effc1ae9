"""Reads a settings file: YAML 1.2 (so ``on`` and ``off`` are words) with the line of every value.

Safer than a general loader by leaving out what settings do not need: aliases, tags, and repeated keys are
refused with their line, so no file can expand beyond its size or build an object.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from mlplatform.settings.problems import Problem, SettingsError

MAX_BYTES, MAX_DEPTH = 262_144, 20
"""Size (bytes) and nesting (levels) beyond which a file is not a settings file."""

_CORE_SCHEMA: tuple[tuple[re.Pattern[str], Callable[[str], Any]], ...] = (
    (re.compile(r"null|Null|NULL|~|"), lambda _: None),
    (re.compile(r"true|True|TRUE"), lambda _: True),
    (re.compile(r"false|False|FALSE"), lambda _: False),
    (re.compile(r"[-+]?[0-9]+"), int),
    (re.compile(r"0o[0-7]+"), lambda text: int(text, 8)),
    (re.compile(r"0x[0-9a-fA-F]+"), lambda text: int(text, 16)),
    (re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"), float),
    (re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"), lambda text: float(text.replace(".", "", 1))),
)
"""YAML 1.2.2, chapter 10.3.2: how a plain scalar gets its type; anything else is a string."""

_TypeName = {yaml.ScalarEvent: "a single value", yaml.SequenceStartEvent: "a list"}


@dataclass(frozen=True)
class Document:
    """A parsed file: nested dicts, lists and scalars, and the line of each path (keys and list positions)."""

    file: str
    values: dict[str, Any]
    lines: dict[tuple[str | int, ...], int] = field(repr=False)

    def line(self, path: tuple[str | int, ...]) -> int:
        """Line of the deepest part of ``path`` that the file has; 1 if it has none of it."""
        return next((self.lines[path[:n]] for n in range(len(path), -1, -1) if path[:n] in self.lines), 1)

    def problem(self, path: tuple[str | int, ...], message: str) -> Problem:
        """A problem at one path of this file."""
        return Problem(self.file, self.line(path), ".".join(map(str, path)), message)


def read(path: Path, *, name: str | None = None) -> Document:
    """Parse one settings file; ``name`` is what messages call it.

    Raises SettingsError when it cannot be read as one YAML mapping.
    """
    file = name or str(path)
    data = path.read_bytes()
    if len(data) > MAX_BYTES:
        raise SettingsError(
            [Problem(file, 1, "", f"too large, given {len(data)} bytes, allowed: {MAX_BYTES}")]
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        what = f"not UTF-8, given byte 0x{data[error.start]:02x}, allowed: a file saved as UTF-8"
        raise SettingsError([Problem(file, line, "", what)]) from None
    try:
        return _Reader(file, yaml.parse(text, Loader=yaml.CSafeLoader)).document()
    except yaml.YAMLError as error:
        raise SettingsError([_syntax_problem(file, error)]) from None


def _syntax_problem(file: str, error: yaml.YAMLError) -> Problem:
    mark = getattr(error, "problem_mark", None)
    what = getattr(error, "problem", None) or str(error).split("\n")[0]
    context = getattr(error, "context", None)
    detail = f"{what} ({context})" if context else what
    return Problem(file, mark.line + 1 if mark else 1, "", f"not valid YAML: {detail}")


class _Reader:
    """Builds values from parser events; refuses what YAML allows and settings do not need."""

    def __init__(self, file: str, events: Iterator[Any]) -> None:
        self.file = file
        self.events = events
        self.lines: dict[tuple[str | int, ...], int] = {}
        self.problems: list[Problem] = []

    def document(self) -> Document:
        next(self.events)  # the stream starts
        event = next(self.events)
        if isinstance(event, yaml.StreamEndEvent):
            self._fail(event, "the file is empty, allowed: settings such as `account:` and `region:`")
        event = next(self.events)
        if not isinstance(event, yaml.MappingStartEvent):
            if isinstance(event, yaml.ScalarEvent) and not event.value:
                self._fail(event, "the file is empty, allowed: settings such as `account:` and `region:`")
            given = _TypeName.get(type(event), "an alias")
            self._fail(
                event, f"wrong type at the top of the file, given {given}, allowed: settings as `key: value`"
            )
        self.lines[()] = 1
        values = self._value(event, ())
        next(self.events)  # the document ends
        after = next(self.events)
        if not isinstance(after, yaml.StreamEndEvent):
            self._fail(after, "a second document, given `---`, allowed: one document per file")
        if self.problems:
            raise SettingsError(self.problems)
        return Document(self.file, values, self.lines)

    def _fail(self, event: Any, message: str, path: tuple[str | int, ...] = ()) -> None:
        self._note(event, message, path)
        raise SettingsError(self.problems)

    def _note(self, event: Any, message: str, path: tuple[str | int, ...]) -> None:
        line = _line(event)
        self.problems.append(Problem(self.file, line, ".".join(map(str, path)), message))

    def _value(self, event: Any, path: tuple[str | int, ...]) -> Any:
        if len(path) > MAX_DEPTH:
            self._fail(event, f"nested too deep, allowed: {MAX_DEPTH} levels", path[:3])
        if isinstance(event, yaml.AliasEvent):
            self._note(event, f"an alias, given *{event.anchor}, allowed: the value written out", path)
            return None
        if getattr(event, "tag", None):
            self._note(event, f"a tag, given {event.tag!r}, allowed: plain values", path)
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(path)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(path)
        return event.value if event.style else _scalar(event.value)

    def _mapping(self, path: tuple[str | int, ...]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        while not isinstance(key := next(self.events), yaml.MappingEndEvent):
            if not isinstance(key, yaml.ScalarEvent):
                self._fail(key, "a key that is not a word, allowed: settings as `key: value`", path)
            here = (*path, key.value)
            if key.value in values:
                first = self.lines[here]
                self._note(key, f"the key stands twice, given before on line {first}, allowed: once", here)
            self.lines.setdefault(here, _line(key))
            values[key.value] = self._value(next(self.events), here)
        return values

    def _sequence(self, path: tuple[str | int, ...]) -> list[Any]:
        values: list[Any] = []
        while not isinstance(item := next(self.events), yaml.SequenceEndEvent):
            here = (*path, len(values))
            self.lines[here] = _line(item)
            values.append(self._value(item, here))
        return values


def _line(event: Any) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


def _scalar(text: str) -> Any:
    return next((convert(text) for pattern, convert in _CORE_SCHEMA if pattern.fullmatch(text)), text)
