r"""Scores an answer 1.0 if it is the reference, as text or as a number, else 0.0.

The answer may be all of the text, or its final part (``final_answers``). With extraction ``flexible`` it may
also be the last line, and the last number where the reference is one; ``strict`` wants a mark. So do the
filters ``strict-match`` and ``flexible-extract`` of lm-evaluation-harness, and verl's ``gsm8k``.
Symbolic mathematics is not done: ``x+1`` is not ``1+x`` (SageMaker's preset ``prime_math`` knows).

Texts are compared after Unicode normalisation (NFC), without case, surrounding punctuation and quotation
marks, Markdown emphasis, LaTeX's ``$`` and ``\text{…}``, and with single spaces. That is what SQuAD's
``normalize_answer`` does, but for articles, and punctuation within: ``a`` may be the answer of a choice.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rewards.batch import ConfigurationError
from rewards.final_answers import conclusion, marked
from rewards.json_texts import NotJsonError, parsed, same
from rewards.quantities import equal, numbers, quantity
from rewards.scores import REFERENCE_MISSING, REFERENCE_UNUSABLE, Score, ScoreError, number

FLEXIBLE, STRICT = "flexible", "strict"
TOLERANCE = 1e-6
"""Relative difference of two decimal numbers that are the same."""

MOST_REFERENCES = 100
"""Of a reference that is a list, of which any is right."""

_TEXT_COMMAND = re.compile(r"\\(?:text|mathrm|textbf|mathbf)\{([^{}]*)\}")
_LATEX = re.compile(r"\\[()\[\]!,;]|\\left|\\right|\$")
_EDGES = " \t\n.,;:!?\"'`*_“”‘’«»"
_REFERENCE_FIELDS = ("text", "answer", "final_answer", "solution", "value")
"""Members of a reference that is an object, of which the first that is there is compared."""


@dataclass(frozen=True)
class ExactMatch:
    """Scores samples; ``tolerance`` is relative, for numbers with a decimal point."""

    tolerance: float = TOLERANCE
    extraction: str = FLEXIBLE

    def __call__(self, answer: str, reference: object, sample: Mapping[str, Any]) -> Score:
        """1.0 or 0.0. Raises ScoreError if the reference is missing, or nothing to compare with."""
        text = conclusion(answer)
        part = marked(text)
        offered = _Offered(text, part, flexible=self.extraction == FLEXIBLE)
        right = float(any(offered.matches(one, self.tolerance) for one in _references(reference)))
        return Score(
            right, rewards={"exact_match": right}, metrics={"answer_marked": float(part is not None)}
        )


class _Offered:
    """What of a text may be the answer: all of it, or its final part."""

    def __init__(self, text: str, part: str | None, *, flexible: bool) -> None:
        offered, numeric = [text], []
        if part is not None:
            offered += [part, part.partition(". ")[0]]
            alone = numbers(part)
            numeric = alone if len(alone) == 1 else []  # with two of them the answer would be both
        elif flexible:
            offered.append(text.rpartition("\n")[2])
            numeric = numbers(text)[-1:]
        self._text = text
        self._texts = {normalised(one) for one in offered} - {""}
        self._quantities = [found for one in (*offered, *numeric) if (found := quantity(one)) is not None]

    def matches(self, reference: object, tolerance: float) -> bool:
        """Whether any of it is the reference."""
        if isinstance(reference, Mapping):
            return _same_json(self._text, reference)
        written = _written(reference)
        part = marked(written)
        wanted = (written if part is None else part).strip()
        goal = quantity(wanted)
        same_text = normalised(wanted) in self._texts or wanted == self._text
        return same_text or (
            goal is not None and any(equal(one, goal, tolerance) for one in self._quantities)
        )


def settings(environment: Mapping[str, str]) -> ExactMatch:
    """What ``RELATIVE_TOLERANCE`` (0 to 1) and ``EXTRACTION`` ask for. Raises ConfigurationError."""
    given = environment.get("RELATIVE_TOLERANCE", str(TOLERANCE))
    try:
        tolerance = number(float(given))
    except ValueError:
        tolerance = None
    if tolerance is None or not 0 <= tolerance < 1:
        raise ConfigurationError(f"RELATIVE_TOLERANCE is {given!r}, allowed: a number from 0 to below 1")
    extraction = environment.get("EXTRACTION", FLEXIBLE)
    if extraction not in (FLEXIBLE, STRICT):
        raise ConfigurationError(f"EXTRACTION is {extraction!r}, allowed: {FLEXIBLE}, {STRICT}")
    return ExactMatch(tolerance, extraction)


def _references(reference: object) -> list[object]:
    """What is right: the reference, or any of a list. Raises ScoreError."""
    if reference is None:
        raise ScoreError(REFERENCE_MISSING, "the sample has no reference answer")
    several = reference if isinstance(reference, list) else [reference]
    plain = [_plain(one) for one in several]
    if len(plain) > MOST_REFERENCES or not all(isinstance(one, (str, int, float, Mapping)) for one in plain):
        raise ScoreError(REFERENCE_UNUSABLE, "a reference is a text, a number, an object, or a list of them")
    return plain


def _plain(reference: object) -> object:
    """The value of an object that names it, else the reference itself."""
    if not isinstance(reference, Mapping):
        return reference
    named = (reference[name] for name in _REFERENCE_FIELDS if name in reference)
    first = next(named, None)
    return first if isinstance(first, (str, int, float)) else reference


def _written(reference: object) -> str:
    """A reference as a model would write it."""
    if isinstance(reference, bool):
        return str(reference).lower()
    return str(reference)


def _same_json(text: str, reference: Mapping[str, Any]) -> bool:
    """Whether a text is JSON with the value of an object."""
    try:
        return same(parsed(text), reference)
    except NotJsonError:
        return False


def normalised(text: str) -> str:
    """A text without what does not count (see the module)."""
    plain = _LATEX.sub("", _TEXT_COMMAND.sub(r"\1", unicodedata.normalize("NFC", text)))
    return " ".join(plain.casefold().split()).strip(_EDGES)
