"""Scores of answers against right ones: the metrics that SageMaker's custom scorers always give.

Names and scales: SageMaker developer guide, "Evaluation Metrics Formats" (em, qem, f1, f1_score_quasi,
rouge1, rouge2, rougeL from 0 to 1, bleu from 0 to 100, each with its standard error). Definitions: SQuAD's
exact match and F1 (Rajpurkar et al. 2016), ROUGE F-measure (Lin 2004), BLEU-4 with add-one smoothing (Lin and
Och 2004).
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from statistics import fmean, stdev

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_NOT_WORDS = re.compile(r"[^\w\s]")
_AGGREGATIONS: dict[str, Callable[[Sequence[float]], float]] = {
    "mean": fmean,
    "min": min,
    "max": max,
    "sum": sum,
}


def all_of(answer: str, right: str) -> dict[str, float]:
    """Every metric of one answer."""
    said, wanted = answer.split(), right.split()
    plain_said, plain_wanted = normalized(answer).split(), normalized(right).split()
    return {
        "rouge1": overlap(said, wanted),
        "rouge2": overlap(list(pairwise(said)), list(pairwise(wanted))),
        "rougeL": _balanced(_common(said, wanted), len(said), len(wanted)),
        "em": float(answer.strip() == right.strip()),
        "qem": float(plain_said == plain_wanted),
        "f1": overlap(said, wanted),
        "f1_score_quasi": overlap(plain_said, plain_wanted),
        "bleu": _bleu(said, wanted),
    }


def normalized(text: str) -> str:
    """Lower case, without punctuation and articles."""
    return " ".join(_ARTICLES.sub(" ", _NOT_WORDS.sub(" ", text.casefold())).split())


def overlap(said: Sequence[object], wanted: Sequence[object]) -> float:
    """F1 of what two sequences have in common, order aside."""
    both = sum((Counter(said) & Counter(wanted)).values())
    return _balanced(both, len(said), len(wanted))


def recall(said: Sequence[object], wanted: Sequence[object]) -> float:
    """The share of ``wanted`` that was said."""
    return sum((Counter(said) & Counter(wanted)).values()) / len(wanted) if wanted else float(not said)


def summary(samples: Sequence[Mapping[str, float]], aggregation: str = "mean") -> dict[str, float]:
    """Each metric over all samples that have it, and its standard error."""
    found: dict[str, float] = {}
    together = _AGGREGATIONS[aggregation]
    for name in dict.fromkeys(name for sample in samples for name in sample):
        values = [sample[name] for sample in samples if name in sample]
        found[name] = float(together(values))
        found[f"{name}_stderr"] = stdev(values) / math.sqrt(len(values)) if len(values) > 1 else 0.0
    return found


def final_answer(text: str) -> str:
    r"""The result a text ends with: ``\boxed{...}``, what follows ``####``, or its last number."""
    boxed = re.findall(r"\\boxed\{([^{}]*)\}", text)
    marked = re.findall(r"####\s*(.+)", text)
    numbers = re.findall(r"-?\d[\d,]*(?:\.\d+)?", text)
    last = next((found[-1] for found in (boxed, marked, numbers) if found), text)
    return str(last).strip().replace(",", "")


def _balanced(both: int, said: int, wanted: int) -> float:
    if not said or not wanted:
        return float(said == wanted)
    return 2 * both / (said + wanted)


def _common(said: Sequence[str], wanted: Sequence[str]) -> int:
    """Length of the longest common subsequence."""
    row = [0] * (len(wanted) + 1)
    for one in said:
        before = 0
        for place, other in enumerate(wanted, 1):
            row[place], before = (before + 1 if one == other else max(row[place], row[place - 1])), row[place]
    return row[-1]


def _bleu(said: Sequence[str], wanted: Sequence[str]) -> float:
    if not said or not wanted:
        return 100.0 * (said == wanted)
    logs = 0.0
    for size in range(1, 5):
        ours, theirs = (
            Counter(zip(*(words[n:] for n in range(size)), strict=False)) for words in (said, wanted)
        )
        both, all_ours = sum((ours & theirs).values()), sum(ours.values())
        smooth = 1 if size > 1 else 0
        if not both + smooth:
            return 0.0
        logs += math.log((both + smooth) / (all_ours + smooth)) / 4
    return 100 * math.exp(logs + min(0.0, 1 - len(wanted) / len(said)))
