"""What the state machines need of the emulator around them."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from rehearsal.api import Handler, Place, Principal, REHEARSAL


class Host(Protocol):
    """The part of the emulator used here; see ``rehearsal.emulator.Emulator``."""

    @property
    def place(self) -> Place:
        """Where the emulated account is."""

    def register(self, service: str, handler: Handler) -> None:
        """Answer the calls of a service."""

    def client(self, service: str, principal: Principal = REHEARSAL) -> Any:
        """A boto3 client whose calls are judged as the principal's."""

    def assume(
        self,
        role_arn: str,
        service: str,
        *,
        source_arn: str | None = None,
        session: str = "rehearsal",
        context: Mapping[str, str] = ...,
    ) -> Principal:
        """A session of a role for a service; raises ApiError AccessDenied when its trust forbids it."""

    def judge(
        self, principal: Principal, action: str, resource: str, context: Mapping[str, str] | None = None
    ) -> Any:
        """Judge and record a call that is not made; raises ApiError when it is denied."""

    def publish(self, event: dict[str, Any]) -> None:
        """Deliver an EventBridge event."""

    def subscribe(self, receiver: Callable[[dict[str, Any]], None]) -> None:
        """Call ``receiver`` with every event."""
