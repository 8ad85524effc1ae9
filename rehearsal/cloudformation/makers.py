"""Who makes the resources of a stack, and in whose name."""

from rehearsal.cloudformation.answers import Answers
from rehearsal.cloudformation.providers import real_providers
from rehearsal.cloudformation.providers.base import Account, Provider
from rehearsal.cloudformation.providers.recorded import Recorded
from rehearsal.cloudformation.schemas import CUSTOM_RESOURCE


class Makers:
    """The providers of one account and principal; ``recorded`` learns of the types that nobody makes."""

    def __init__(self, account: Account, answers: Answers, recorded: set[str]) -> None:
        self.account, self._answers, self._recorded = account, answers, recorded
        self._real = real_providers(account, answers)
        self._only_recorded = Recorded(account)

    def of(self, kind: str) -> Provider:
        """Who makes resources of this type."""
        name = CUSTOM_RESOURCE if kind.startswith("Custom::") else kind
        if name not in self._real:
            self._recorded.add(kind)
        return self._real.get(name, self._only_recorded)

    def acting(self, account: Account) -> "Makers":
        """The same for another principal."""
        return Makers(account, self._answers, self._recorded)
