r"""Reads numbers as people and models write them, and compares them.

Thousands separators, currency and per cent signs are left out, as GSM8K's evaluation and MATH's
``strip_string`` do: ``1,234``, ``$5`` and ``50%`` are 1234, 5 and 50. Fractions are ``3/4`` and
``\frac{3}{4}``. Integers and fractions are compared exactly, whatever their size; others by tolerance.
"""

import math
import re
from fractions import Fraction

_INTEGER = r"(?:[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]+)"
_NUMBER = rf"[-+]?(?:{_INTEGER}(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][-+]?[0-9]{{1,3}}(?![0-9]))?"
_WHOLE = re.compile(rf"(?P<number>{_NUMBER})\.?")
_RATIO = re.compile(rf"(?P<above>[-+]?{_INTEGER}) ?/ ?(?P<below>{_INTEGER})")
_FRACTION = re.compile(r"(?P<sign>[-+]?)\\[dt]?frac\{(?P<above>[0-9]+)\}\{(?P<below>[0-9]+)\}")
_IN_TEXT = re.compile(
    rf"(?<![\w.])(?:{_NUMBER}(?: ?/ ?{_INTEGER})?|[-+]?\\[dt]?frac\{{[0-9]+\}}\{{[0-9]+\}})"
)
_INTEGRAL = re.compile(rf"[-+]?{_INTEGER}")
_SIGNS = re.compile(r"\\?[$€£¥%]")
_MINUS = str.maketrans("\u2212\u2013", "--")
_MOST_DIGITS = 400
"""Of an integer; Python refuses to read more than 4,300."""

Quantity = Fraction | float


def quantity(text: str) -> Quantity | None:
    """The number that ``text`` is, or None: a Fraction if it is exact, a float if it has a decimal point."""
    if len(text) > 2 * _MOST_DIGITS:
        return None
    bare = _SIGNS.sub("", text.translate(_MINUS)).strip()
    if match := _WHOLE.fullmatch(bare):
        return _value(match["number"])
    if match := _RATIO.fullmatch(bare):
        return _ratio(match["above"], match["below"])
    if match := _FRACTION.fullmatch(bare):
        return _ratio(match["sign"] + match["above"], match["below"])
    return None


def _value(written: str) -> Quantity | None:
    plain = written.replace(",", "")
    if len(plain) > _MOST_DIGITS:
        return None
    if _INTEGRAL.fullmatch(written):
        return Fraction(int(plain))
    value = float(plain)
    return value if math.isfinite(value) else None


def _ratio(above: str, below: str) -> Quantity | None:
    top, bottom = above.replace(",", ""), below.replace(",", "")
    if max(len(top), len(bottom)) > _MOST_DIGITS or int(bottom) == 0:
        return None
    return Fraction(int(top), int(bottom))


def numbers(text: str) -> list[str]:
    """The numbers that stand in ``text``, fractions as one; not those within words, like ``x2``."""
    return [match.group() for match in _IN_TEXT.finditer(text.translate(_MINUS))]


def equal(left: Quantity, right: Quantity, tolerance: float) -> bool:
    """Whether two numbers are the same; ``tolerance`` is relative to the larger, if one is not exact."""
    if isinstance(left, Fraction) and isinstance(right, Fraction):
        return left == right
    try:
        return math.isclose(left, right, rel_tol=tolerance, abs_tol=0.0)
    except OverflowError:
        return False
