"""Metric math: the part of it that alarms and release checks use.

Amazon CloudWatch user guide, "Using math expressions with CloudWatch metrics".
"""

import ast
import operator
import re
from collections.abc import Callable, Mapping, Sequence

from rehearsal.api import ApiError

Series = dict[float, float]
"""Values by the beginning of their period."""

Value = float | Series | list[Series]

_BINARY: dict[type[ast.AST], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
_COMPARED: dict[type[ast.AST], Callable[[float, float], bool]] = {
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_OVER: dict[str, Callable[[Sequence[float]], float]] = {
    "AVG": lambda values: sum(values) / len(values),
    "MAX": max,
    "MIN": min,
    "SUM": sum,
}


def evaluate(expression: str, known: Mapping[str, Series], periods: Sequence[float]) -> Series:
    """The series of an expression over ``known`` ids; ``periods`` are the beginnings of all asked for.

    Raises ApiError (ValidationError) for what is no expression or is not rehearsed.
    """
    text = re.sub(r"&&", " and ", re.sub(r"\|\|", " or ", expression))
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except SyntaxError as error:
        raise _invalid(expression, str(error.msg)) from error
    found = _Evaluation(expression, known, periods).value(tree)
    if isinstance(found, list):
        raise _invalid(expression, "an array of time series where one is needed")
    return dict.fromkeys(periods, found) if isinstance(found, float) else found


class _Evaluation:
    def __init__(self, expression: str, known: Mapping[str, Series], periods: Sequence[float]) -> None:
        self._expression, self._known, self._periods = expression, known, periods

    def value(self, node: ast.AST) -> Value:
        match node:
            case ast.Constant(value=int() | float() as number):
                return float(number)
            case ast.Name(id=name) if name in self._known:
                return self._known[name]
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return _zipped(operator.sub, 0.0, self._single(operand))
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
                return _zipped(_BINARY[type(op)], self._single(left), self._single(right))
            case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _COMPARED:
                compared = _COMPARED[type(op)]
                return _zipped(lambda a, b: float(compared(a, b)), self._single(left), self._single(right))
            case ast.BoolOp(op=op, values=values):
                joined = min if isinstance(op, ast.And) else max
                found = self._single(values[0])
                for other in values[1:]:
                    found = _zipped(lambda a, b: float(joined(bool(a), bool(b))), found, self._single(other))
                return found
            case ast.Call(func=ast.Name(id=name), args=given):
                return self._call(name, given)
        raise _invalid(self._expression, f"{ast.unparse(node)} is not rehearsed")

    def _single(self, node: ast.AST) -> float | Series:
        found = self.value(node)
        if isinstance(found, list):
            raise _invalid(self._expression, f"{ast.unparse(node)} is an array of time series")
        return found

    def _call(self, name: str, given: list[ast.expr]) -> Value:
        if name == "METRICS":
            return list(self._known.values())
        if name == "IF" and len(given) == 3:
            return self._if(*(self._single(one) for one in given))
        if name == "FILL" and len(given) == 2:
            return self._fill(self._single(given[0]), given[1])
        if name in _OVER and len(given) == 1:
            return self._over(_OVER[name], self.value(given[0]))
        raise _invalid(self._expression, f"{name} is not rehearsed")

    def _if(self, condition: float | Series, then: float | Series, other: float | Series) -> float | Series:
        """Where the condition has a value: one or the other, where that has one."""
        if isinstance(condition, float):
            return then if condition else other
        found = {at: _at(then if holds else other, at) for at, holds in condition.items()}
        return {at: value for at, value in found.items() if value is not None}

    def _fill(self, series: float | Series, by: ast.expr) -> float | Series:
        if isinstance(series, float):
            return series
        if isinstance(by, ast.Name) and by.id == "REPEAT":
            return self._repeated(series)
        value = self._single(by)
        found = {at: series[at] if at in series else _at(value, at) for at in self._periods}
        return {at: one for at, one in found.items() if one is not None}

    def _repeated(self, series: Series) -> Series:
        found: Series = {}
        last: float | None = None
        for at in self._periods:
            last = series.get(at, last)
            if last is not None:
                found[at] = last
        return found

    def _over(self, join: Callable[[Sequence[float]], float], value: Value) -> float | Series:
        """Of an array: a series; of one series: a single number."""
        if isinstance(value, float):
            return value
        if isinstance(value, dict):
            return join(list(value.values())) if value else {}
        moments = sorted({at for series in value for at in series})
        return {at: join([series[at] for series in value if at in series]) for at in moments}


def _zipped(
    join: Callable[[float, float], float], left: float | Series, right: float | Series
) -> float | Series:
    """Where both have a value; a division by zero has none."""
    if isinstance(left, float) and isinstance(right, float):
        return join(left, right)
    moments = left if isinstance(left, dict) else right if isinstance(right, dict) else {}
    found: Series = {}
    for at in moments:
        one, other = _at(left, at), _at(right, at)
        if one is not None and other is not None:
            try:
                found[at] = join(one, other)
            except (ZeroDivisionError, OverflowError):
                continue
    return found


def _at(value: float | Series, moment: float) -> float | None:
    return value.get(moment) if isinstance(value, dict) else value


def _invalid(expression: str, why: str) -> ApiError:
    return ApiError("ValidationError", f"Error in expression '{expression}': {why}")
