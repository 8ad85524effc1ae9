"""Reads one line of JSON more strictly than json does: each key once, and text that UTF-8 can hold."""

import json
from collections.abc import Callable
from typing import Any, cast

from dataset_check.problem import Problem, within

_HALVES = range(0xD800, 0xE000)
"""Code points of UTF-16's surrogates, of which a pair makes one character (Unicode standard, 3.8)."""


class NotJsonError(ValueError):
    """A line is no JSON value. The message says where and why."""


class RefusedError(ValueError):
    """A line is JSON that other readers would read differently. ``problem`` says where."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


NESTED = "not JSON: nested too deeply"


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON value")


DECODER = json.JSONDecoder(object_pairs_hook=tuple, parse_constant=_refuse_constant)
"""Gives an object as a tuple of (key, value): every key as often as it was written, and a list as a list."""
SCAN: Callable[[str, int], tuple[Any, int]] = cast(Any, DECODER).scan_once
"""What ``raw_decode`` calls (Lib/json/decoder.py), but faster: the value that starts at a position and its
end. Raises ValueError, RecursionError, and StopIteration where no value starts."""


def read(line: str) -> Any:
    """The value of one line. Raises NotJsonError, RefusedError."""
    try:
        value = DECODER.decode(line)
        # Half a character can only be written as \ud800 to \udfff: without one, no text needs a look.
        return _strict(value, "") if "\\ud" in line.lower() else _objects(value)
    except _TwiceError:
        return _strict(value, "")
    except RefusedError:
        raise
    except json.JSONDecodeError as error:
        raise NotJsonError(f"not JSON: {error.msg} at character {error.colno}") from error
    except RecursionError as error:
        raise NotJsonError(NESTED) from error
    except ValueError as error:
        raise NotJsonError(f"not JSON: {error}") from error


class _TwiceError(ValueError):
    """A key is given twice, somewhere."""


def _objects(value: Any) -> Any:
    """``value`` with its pairs as objects, without knowing where in there one is. Raises _TwiceError."""
    if isinstance(value, list):
        return [item if isinstance(item, str) else _objects(item) for item in value]
    if not isinstance(value, tuple):
        return value
    found = {key: item if isinstance(item, str) else _objects(item) for key, item in value}
    if len(found) < len(value):
        raise _TwiceError
    return found


def _strict(value: Any, path: str) -> Any:
    """``value`` with its pairs as objects. Raises RefusedError."""
    if isinstance(value, str):
        return _whole_text(value, path)
    if isinstance(value, list):
        return [_strict(item, f"{path}[{number}]") for number, item in enumerate(value)]
    if not isinstance(value, tuple):
        return value
    found: dict[str, Any] = {}
    for key, item in value:
        where = within(path, _whole_text(key, path))
        if key in found:
            raise RefusedError(Problem(where, "is given twice"))
        found[key] = _strict(item, where)
    return found


def _whole_text(text: str, path: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        half = ord(text[error.start])
        what = f"\\u{half:04x} stands alone: it is half of a character" if half in _HALVES else str(error)
        raise RefusedError(Problem(path, what)) from error
    return text
