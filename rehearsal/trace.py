"""The record of every judged call."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from rehearsal.api import Principal
from tools.policy_evaluator import Decision, Request

Context = Mapping[str, str | Sequence[str] | None]


@dataclass(frozen=True)
class Call:
    """One judged use of a permission; an API call may use several.

    ``request`` is what was judged, with the policies of that moment; None for a call that could not be judged
    and so was refused. ``explanation`` is one line for people.
    """

    principal: Principal
    action: str
    resource: str
    context: Context
    allowed: bool
    sids: tuple[str, ...]
    explanation: str
    request: Request | None = field(default=None, repr=False)

    def __str__(self) -> str:
        who = (self.principal.arn or "").rpartition("/")[2]
        return f"{who}: {self.action} on {self.resource}: {self.explanation}"


class Trace(list[Call]):
    """Judged calls in order; threads may add to it."""

    def record(self, principal: Principal, request: Request, decision: Decision) -> None:
        """Add a judged call."""
        self.append(
            Call(
                principal,
                request.action,
                request.resource,
                request.context,
                decision.allowed,
                decision.deciding_sids,
                decision.explanation,
                request,
            )
        )

    def refused(self, principal: Principal, action: str, why: str) -> None:
        """Add a call that was refused because nobody can tell what it acts on."""
        self.append(Call(principal, action, "(unknown)", {}, False, (), why))

    def denied(self) -> Iterator[Call]:
        """Calls that were refused, once per principal, action and resource."""
        refused = {
            (call.principal.arn, call.action, call.resource): call for call in self if not call.allowed
        }
        yield from refused.values()
