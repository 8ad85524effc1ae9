"""Checks a reward function of one's own before it is deployed: it is read, never run.

Its package has Python's standard library alone, of the version that Lambda runs. Not seen are imports by a
computed name (``importlib.import_module``) and what ``score`` does when called: the latter cannot harm more
than the sample it is called for.
"""

import ast
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

FUNCTION = "score"
PARAMETERS = ("answer", "reference", "sample")

_UNTIL_3_11 = "asynchat asyncore distutils imp smtpd"
_UNTIL_3_12 = (
    "aifc audioop cgi cgitb chunk crypt imghdr lib2to3 mailcap msilib nis nntplib ossaudiodev pipes sndhdr "
    "spwd sunau telnetlib uu xdrlib"
)
REMOVED = frozenset(f"{_UNTIL_3_11} {_UNTIL_3_12}".split())
"""Modules that Python 3.11 has and Lambda's lacks (What's New In Python 3.12 and 3.13, "Removed")."""

_SIGNATURE = f"def {FUNCTION}({', '.join(PARAMETERS)})"


@dataclass(frozen=True, order=True)
class Fault:
    """One mistake in a reward function: the ``file`` as given, the ``line`` (from 1), and what."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


def faults(source: str | bytes, file: str) -> list[Fault]:
    """Every mistake in the source of a reward function, in the order of lines; ``file`` is for the message.

    It has to be Python, to define ``score`` with three parameters at its top level, and to import the
    standard library alone. Raises nothing.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of an unknown escape in a text, which Python takes as it is
            module = ast.parse(source, filename=file)
    except SyntaxError as error:
        return [Fault(file, error.lineno or 1, f"this is not Python: {error.msg}")]
    except (ValueError, RecursionError, MemoryError) as error:  # a null byte; nesting without end
        return [Fault(file, 1, f"this is not Python: {error}")]
    return sorted(Fault(file, *found) for found in (*_imports(module), *_function(module)))


def _imports(module: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield the imports that Lambda would not find."""
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            yield from _unknown(node.lineno, [name.name for name in node.names])
        elif isinstance(node, ast.ImportFrom) and node.level:
            yield node.lineno, "relative import: the file is deployed alone"
        elif isinstance(node, ast.ImportFrom):
            yield from _unknown(node.lineno, [node.module or ""])


def _unknown(line: int, names: list[str]) -> Iterator[tuple[int, str]]:
    for name in names:
        top = name.partition(".")[0]
        if top in REMOVED or top not in sys.stdlib_module_names:
            yield line, f"imports {name}, allowed: modules of Python's standard library"


def _function(module: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield what is wrong with ``score``; of several the last counts, as for Python."""
    named = [node for node in module.body if getattr(node, "name", None) == FUNCTION]
    if not named:
        yield 1, f"{FUNCTION} is missing at the top level, wanted: {_SIGNATURE}"
        return
    last = named[-1]
    if not isinstance(last, ast.FunctionDef):
        yield last.lineno, f"{FUNCTION} is {_kind(last)}, wanted: {_SIGNATURE}"
    elif not _takes_three(last.args):
        given = ast.unparse(last.args)
        yield last.lineno, f"{FUNCTION} is called with three values, given: ({given}), wanted: {_SIGNATURE}"


def _kind(node: ast.stmt) -> str:
    return "a coroutine" if isinstance(node, ast.AsyncFunctionDef) else "a class"


def _takes_three(given: ast.arguments) -> bool:
    """Whether a call with three positional values is taken, and fills every parameter without a default."""
    positional = len(given.posonlyargs) + len(given.args)
    named_only = any(default is None for default in given.kw_defaults)
    return positional == len(PARAMETERS) and not named_only
