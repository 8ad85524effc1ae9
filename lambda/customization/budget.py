"""The month's budget: what jobs may cost at most is reserved before anything is started.

AWS tells a job's price with the bill, days later: an estimate stays counted once a job was created, whether
it failed or not, unless the settings have the price of the tokens that SageMaker counted. It is given back
only if no job was created.
"""

from customization.call import Call
from customization.costs import Bill
from customization.errors import CustomizationBudgetSpent
from customization_spend import GIVEN_BACK, SPENT, BudgetSpentError, Entry, Month, Runs, given_back, total

_TOKENS = {"Tokens": "training", "EvaluationTokens": "evaluation"}


def reserve(call: Call) -> None:
    """Count the run's estimate; once, however often. Raises CustomizationBudgetSpent if there is no room."""
    wanted, most = int(call.technique["SpendUsd"]), int(call.literal["BudgetUsd"])
    entry = {"Usd": wanted, "Technique": call.run["Technique"], "Execution": call.execution}
    try:
        _month(call).reserve(call.run_id, entry, budget=most)
    except BudgetSpentError as spent:
        raise CustomizationBudgetSpent(_refusal(call, spent.runs, wanted, most)) from spent


def settle(call: Call, billed: Bill | None) -> list[str]:
    """Note how the run ended, and say it in lines for people; ``billed`` is None if no job was created.

    The estimate of a run that created none counts no more; what jobs cost takes its place where it is known.
    """
    runs = _month(call).settle(call.run_id, lambda entry: _settled(entry, billed))
    return _told(call, runs, runs[call.run_id]) if call.run_id in runs else []


def _settled(entry: Entry, billed: Bill | None) -> Entry:
    if billed is None:
        return given_back()
    tokens = {"Tokens": billed.training, "EvaluationTokens": billed.evaluations}
    known = {} if billed.usd is None else {"Estimate": entry["Usd"], "Usd": billed.usd}
    return {"State": SPENT, **tokens, **known}


def _told(call: Call, runs: Runs, entry: Entry) -> list[str]:
    month = f"{total(runs)} of {call.literal['BudgetUsd']} US dollars of {call.month} are taken"
    if entry["State"] == GIVEN_BACK:
        return [f"Cost: no job was created, the estimate is given back; {month}"]
    how = f"estimated were {entry['Estimate']}" if "Estimate" in entry else "as estimated (spend_usd)"
    tokens = [f"{entry[key]:,} tokens of {what}" for key, what in _TOKENS.items() if entry.get(key)]
    return [f"Cost: {entry['Usd']} US dollars, {how}{''.join(f', {each}' for each in tokens)}; {month}"]


def _refusal(call: Call, runs: Runs, wanted: int, most: int) -> str:
    model, technique = call.literal["Model"], call.run["Technique"]
    return (
        f"{technique} of {model} may cost {wanted} US dollars (spend_usd), but {total(runs)} of {most} "
        f"(monthly_budget_usd) are taken in {call.month} by {len(runs)} runs; see {_month(call).uri}"
    )


def _month(call: Call) -> Month:
    return Month(call.world.files, f"{call.place('Spend')}{call.month}.json")
