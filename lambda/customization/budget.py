"""The month's budget: what jobs may cost at most is reserved before anything is started.

One object per month, ``{"Runs": {<RunId>: {"Usd", "Technique", "Execution", "State"}}}``, changed only if it
is as it was read. AWS tells a job's price with the bill, days later: an estimate stays counted once a job was
created, whether it failed or not, and is given back only if none was.
"""

from collections.abc import Callable, Mapping
from typing import Any

from customization.call import Call
from customization.errors import ConflictError, CustomizationBudgetSpent

ATTEMPTS = 8
"""At an object that others change as well."""

RESERVED, SPENT, GIVEN_BACK = "reserved", "spent", "given back"

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


def settle(call: Call, *, started: bool, tokens: int | None = None) -> None:
    """Note how the run ended; an estimate of a run that started no job counts no more."""

    def change(ledger: Ledger) -> bool:
        entry = ledger.setdefault("Runs", {}).get(call.run_id)
        if entry is None or entry["State"] != RESERVED:
            return False
        entry |= {"State": SPENT, "Tokens": tokens} if started else {"State": GIVEN_BACK, "Usd": 0}
        return True

    _changed(call, change)


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
