"""The month's budget: what jobs may cost at most is reserved before anything is started.

One object per month, ``{"Runs": {<RunId>: {"Usd", "Technique", "Execution", "State"}}}``, changed only if it
is as it was read. AWS tells a job's price with the bill, days later: an estimate stays counted once a job was
created, whether it failed or not, unless the settings have the price of the tokens that SageMaker counted. It
is given back only if no job was created.
"""

from collections.abc import Callable, Mapping
from typing import Any

from customization.call import Call
from customization.costs import Bill
from customization.errors import ConflictError, CustomizationBudgetSpent

ATTEMPTS = 8
"""At an object that others change as well."""

RESERVED, SPENT, GIVEN_BACK = "reserved", "spent", "given back"

_TOKENS = {"Tokens": "training", "EvaluationTokens": "evaluation"}

Ledger = dict[str, Any]


def reserve(call: Call) -> None:
    """Count the run's estimate; once, however often. Raises CustomizationBudgetSpent if there is no room."""
    wanted, most = int(call.technique["SpendUsd"]), int(call.literal["BudgetUsd"])

    def change(ledger: Ledger) -> bool:
        runs = ledger.setdefault("Runs", {})
        if call.run_id in runs:
            return False
        if spent(ledger) + wanted > most:
            raise CustomizationBudgetSpent(_refusal(call, ledger, wanted, most))
        runs[call.run_id] = {
            "Usd": wanted,
            "Technique": call.run["Technique"],
            "Execution": call.execution,
            "State": RESERVED,
        }
        return True

    _changed(call, change)


def settle(call: Call, billed: Bill | None) -> list[str]:
    """Note how the run ended, and say it in lines for people; ``billed`` is None if no job was created.

    The estimate of a run that created none counts no more; what jobs cost takes its place where it is known.
    """
    told: list[str] = []

    def change(ledger: Ledger) -> bool:
        entry = ledger.setdefault("Runs", {}).get(call.run_id)
        changes = entry is not None and entry["State"] == RESERVED
        if changes:
            entry |= _settled(entry, billed)
        told[:] = _told(call, ledger, entry) if entry else []
        return changes

    _changed(call, change)
    return told


def _settled(entry: Mapping[str, Any], billed: Bill | None) -> dict[str, Any]:
    if billed is None:
        return {"State": GIVEN_BACK, "Usd": 0}
    tokens = {"Tokens": billed.training, "EvaluationTokens": billed.evaluations}
    known = {} if billed.usd is None else {"Estimate": entry["Usd"], "Usd": billed.usd}
    return {"State": SPENT, **tokens, **known}


def _told(call: Call, ledger: Ledger, entry: Mapping[str, Any]) -> list[str]:
    month = f"{spent(ledger)} of {call.literal['BudgetUsd']} US dollars of {call.month} are taken"
    if entry["State"] == GIVEN_BACK:
        return [f"Cost: no job was created, the estimate is given back; {month}"]
    how = f"estimated were {entry['Estimate']}" if "Estimate" in entry else "as estimated (spend_usd)"
    tokens = [f"{entry[key]:,} tokens of {what}" for key, what in _TOKENS.items() if entry.get(key)]
    return [f"Cost: {entry['Usd']} US dollars, {how}{''.join(f', {each}' for each in tokens)}; {month}"]


def spent(ledger: Mapping[str, Any]) -> int:
    """US dollars that count, of all runs of the month."""
    return sum(int(entry["Usd"]) for entry in ledger.get("Runs", {}).values())


def _refusal(call: Call, ledger: Ledger, wanted: int, most: int) -> str:
    model, month, technique = call.literal["Model"], call.month, call.run["Technique"]
    return (
        f"{technique} of {model} may cost {wanted} US dollars (spend_usd), but {spent(ledger)} of "
        f"{most} (monthly_budget_usd) are taken in {month} by {len(ledger.get('Runs', {}))} runs; "
        f"see {_address(call)}"
    )


def _address(call: Call) -> str:
    return f"{call.place('Spend')}{call.month}.json"


def _changed(call: Call, change: Callable[[Ledger], bool]) -> None:
    """Apply ``change`` to the month's object until nobody comes in between. Raises ConflictError."""
    for attempt in range(ATTEMPTS):
        found = call.world.files.read(_address(call))
        ledger, etag = (found[0], found[1]) if found else ({}, None)
        if not change(ledger):
            return
        try:
            call.world.files.swap(_address(call), ledger, etag)
        except ConflictError:
            if attempt == ATTEMPTS - 1:
                raise
        else:
            return
