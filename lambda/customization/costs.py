"""What the jobs of a run were billed for, as far as SageMaker and the settings tell it.

DescribeTrainingJob has the billed tokens of a serverless job (BillableTokenCount) and never their price. The
price stands in model.yaml, or the estimate stays: what Amazon Bedrock takes for judging is in no token count.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from customization.call import Call
from customization.evaluation import names
from customization.ports import Job

MILLION = 1_000_000


@dataclass(frozen=True)
class Bill:
    """Billed tokens of the training job and of the evaluations, None where SageMaker tells none; and what
    they cost in whole US dollars, rounded up, None where the estimate has to do.
    """

    training: int | None
    evaluations: int | None
    usd: int | None


def bill(call: Call, training: Job | None) -> Bill:
    """The bill of the run's jobs that there are."""
    found = (call.world.jobs.describe(name) for name in names(call))
    trained = training.tokens if training else None
    evaluated = _sum(job.tokens for job in found if job)
    return Bill(trained, evaluated, _usd(call, trained, evaluated))


def _sum(counts: Iterable[int | None]) -> int | None:
    """All of them; None if one is not known."""
    total = 0
    for count in counts:
        if count is None:
            return None
        total += count
    return total


def _usd(call: Call, trained: int | None, evaluated: int | None) -> int | None:
    prices = call.technique["UsdPerMillionTokens"]
    if prices is None or trained is None or evaluated is None:
        return None
    usd = float(trained * prices["Training"] + evaluated * prices["Evaluation"]) / MILLION
    return math.ceil(round(usd, 6))
