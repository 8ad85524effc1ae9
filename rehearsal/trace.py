"""The record of every judged call."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

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
    """Judged calls in order; appending is safe from several threads."""

    def record(
        self, principal: Principal, request: Request | None, decision: Decision, **unjudged: Any
    ) -> Call:
        """Add one call; what could not be judged names its ``action`` and ``resource`` itself."""
        what = unjudged or {"action": request.action, "resource": request.resource} if request else unjudged
        call = Call(
            principal=principal,
            context=request.context if request else {},
            allowed=decision.allowed,
            sids=decision.deciding_sids,
            explanation=decision.explanation,
            request=request,
            **what,
        )
        self.append(call)
        return call

    def denied(self) -> Iterator[Call]:
        """Calls that were refused, once per principal, action and resource."""
        seen = set()
        for call in list(self):
            key = (call.principal.arn, call.action, call.resource)
            if not call.allowed and key not in seen:
                seen.add(key)
                yield call
