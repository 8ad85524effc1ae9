"""How good a drafted answer is, 0 to 1: it names the facts of the reference, briefly, and asks for no PIN.

    share of the reference's numbers that the answer names     0.5
    share of its words of more than three letters              0.3
    at most 90 words                                           0.2, times what it has of the two above

An answer that asks for a secret, or says nothing of the reference, gets 0.
"""

import json
import re

NUMBERS, WORDS, BRIEF = 0.5, 0.3, 0.2
MOST_WORDS = 90
_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")
_WORD = re.compile(r"[a-z]{4,}")
_ASKS = re.compile(r"\b(tell|give|send) (me|us|them) (your|the) [\w ]{0,20}(pin|password|card number)\b")


def score(answer: str, reference: object, sample: dict) -> float:
    """Return how much of ``reference`` there is in ``answer``, 0 to 1; ``sample`` is not looked at."""
    given, wanted = answer.lower(), _text(reference).lower()
    if not wanted.strip() or _ASKS.search(given):
        return 0.0
    parts = [(NUMBERS, _share(_NUMBER, wanted, given)), (WORDS, _share(_WORD, wanted, given))]
    known = [(weight, share) for weight, share in parts if share is not None]
    content = sum(weight * share for weight, share in known) / (sum(weight for weight, _ in known) or 1)
    brief = len(given.split()) <= MOST_WORDS
    return content * (1 - BRIEF) + content * BRIEF * brief


def _share(pattern: re.Pattern[str], wanted: str, given: str) -> float | None:
    """How much of what ``pattern`` finds in ``wanted`` is in ``given``; None if it finds nothing."""
    found = set(pattern.findall(wanted))
    return len(found & set(pattern.findall(given))) / len(found) if found else None


def _text(reference: object) -> str:
    return reference if isinstance(reference, str) else json.dumps(reference, default=str)
