r"""Finds the final answer in what a model wrote, where it says which part that is.

Conventions: ``#### 42`` is GSM8K's (openai/grade-school-math, ``dataset.py``: ``ANS_RE``), ``\boxed{…}`` is
that of MATH (hendrycks/math, ``last_boxed_only_string``), ``<answer>…</answer>`` DeepSeek-R1's template, and
"The answer is …" that of chain-of-thought prompts (lm-evaluation-harness, ``gsm8k_cot``). Of several the last
counts. All of it takes time linear in the text.
"""

import re
from collections.abc import Iterator

_BOXED = "\\boxed{"
_LINES = (
    re.compile(r"####[ \t]{0,8}([^\n]+)"),
    re.compile(r"\banswer[ \t*]{0,4}(?:is|:|=)[ \t]{0,4}:?[ \t*]{0,4}([^\n<]+)", re.IGNORECASE),
)
_OPEN, _CLOSE = "<answer>", "</answer>"
_REASONED = "</think>"


def conclusion(text: str) -> str:
    """What follows the reasoning of a model that puts it into ``<think>``; all of the text of another."""
    return text.rpartition(_REASONED)[2].strip()


def marked(text: str) -> str | None:
    """The last part of ``text`` that is marked as the final answer, or None."""
    found = max(_found(text), default=None)
    return found[1].strip() if found else None


def _found(text: str) -> Iterator[tuple[int, str]]:
    """Yield where the last mark of each kind begins, and what it marks."""
    for position, part in (_boxed(text), _tagged(text)):
        if part is not None:
            yield position, part
    for pattern in _LINES:
        *_, last = (None, *pattern.finditer(text))
        if last is not None:
            yield last.start(), last.group(1)


def _boxed(text: str) -> tuple[int, str | None]:
    r"""Place and content of the last ``\boxed{…}``, whose braces are balanced."""
    start = text.rfind(_BOXED)
    depth = 0
    for match in re.finditer(r"[{}]", text[start:] if start >= 0 else ""):
        depth += 1 if match.group() == "{" else -1
        if depth == 0:
            return start, text[start + len(_BOXED) : start + match.start()]
    return start, None


def _tagged(text: str) -> tuple[int, str | None]:
    start = text.rfind(_OPEN)
    end = text.find(_CLOSE, start) if start >= 0 else -1
    return start, text[start + len(_OPEN) : end] if end >= 0 else None
