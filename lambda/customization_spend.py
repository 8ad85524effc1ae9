"""What customizing a model may still cost this month, in one object that all its workflows count in.

``<folder>/<yyyy-mm>.json`` holds ``{"Runs": {<run>: {"Usd", "Technique", "Execution", "State"}}}``. A run
reserves its estimate before anything costs; two runs at the same time cannot both take the last of the
budget, since the object is changed only if it is as it was read.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from s3_documents import ConflictError, Documents

ATTEMPTS = 8
"""At an object that others change as well."""

RESERVED, SPENT, GIVEN_BACK = "reserved", "spent", "given back"

Entry = dict[str, Any]
Runs = dict[str, Entry]


class BudgetSpentError(Exception):
    """The month's budget has no room for an estimate beside those of ``runs``."""

    def __init__(self, runs: Runs) -> None:
        super().__init__(f"{total(runs)} US dollars are taken by {len(runs)} runs")
        self.runs = runs


@dataclass(frozen=True)
class Month:
    """The object of one month, at ``uri``."""

    documents: Documents
    uri: str

    def reserve(self, run: str, entry: Entry, *, budget: int) -> None:
        """Count the estimate of ``entry`` (its ``Usd``) for ``run``, once however often.

        Raises BudgetSpentError if the month's total would be above ``budget``, in US dollars, and
        ConflictError if others wrote each time.
        """

        def change(runs: Runs) -> bool:
            if run in runs:
                return False
            if total(runs) + int(entry["Usd"]) > budget:
                raise BudgetSpentError(runs)
            runs[run] = {**entry, "State": RESERVED}
            return True

        self._changed(change)

    def settle(self, run: str, ended: Callable[[Entry], Entry]) -> Runs:
        """Note once how a run ended that reserved something: ``ended`` tells what changes in its entry.

        All runs of the month come back. Raises ConflictError if others wrote each time.
        """

        def change(runs: Runs) -> bool:
            entry = runs.get(run)
            if entry is None or entry["State"] != RESERVED:
                return False
            entry |= ended(entry)
            return True

        return self._changed(change)

    def _changed(self, change: Callable[[Runs], bool], attempts: int = ATTEMPTS) -> Runs:
        content, etag = self.documents.read(self.uri) or ({}, None)
        runs: Runs = content.setdefault("Runs", {})
        try:
            if change(runs):
                self.documents.swap(self.uri, content, etag)
        except ConflictError:
            if attempts == 1:
                raise
            return self._changed(change, attempts - 1)
        return runs


def given_back() -> Entry:
    """What changes in the entry of a run that created no job: its estimate counts no more."""
    return {"State": GIVEN_BACK, "Usd": 0}


def total(runs: Mapping[str, Mapping[str, Any]]) -> int:
    """US dollars that count, of all runs."""
    return sum(int(entry["Usd"]) for entry in runs.values())
