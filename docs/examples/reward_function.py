"""A reward function of one's own: says what an answer of the model in training is worth.

Copy it into the folder of a model, e.g. as `reward.py`, and name it in `model.yaml` as `reward_function` of
`rlvr`, or as `scorer` of `evaluate`. It runs in AWS Lambda with Python's standard library alone, and may call
no other service. Whatever it raises, or returns beyond 0 and 1, costs this sample only, and is counted.
"""

import re

POLITE = re.compile(r"\b(?:please|thank you|thanks|sorry|happy to help)\b", re.IGNORECASE)
MOST_WORDS = 120


def score(answer: str, reference: object, sample: dict) -> float:
    """Return the worth of `answer`, 0.0 to 1.0; give the better of two answers the higher one.

    `answer` is what the model wrote (its last 100,000 characters), `reference` the reference answer of the
    line of the data set (a text, or any JSON value; None if it has none), `sample` all of that line.
    """
    facts = [fact.strip().lower() for fact in str(reference or "").split(";") if fact.strip()]
    told = sum(fact in answer.lower() for fact in facts)
    complete = told / len(facts) if facts else 0.0
    brief = len(answer.split()) <= MOST_WORDS
    polite = POLITE.search(answer) is not None
    # Tone counts only with the facts: a model would soon find out that thanks alone are paid.
    return complete * (0.8 + 0.1 * brief + 0.1 * polite)
