"""Moments as Step Functions gives them."""

from datetime import datetime, timedelta

LOOK_SECONDS = 60
"""Between two looks at what takes minutes or hours."""


LOOKS = 1_500
"""How often a job is looked at, at most: each look adds a dozen events to the history of the execution, which
has 25,000 (Step Functions developer guide, "Service quotas")."""


def pause(minutes: int) -> int:
    """Seconds between two looks at a job that may run for so long."""
    return max(LOOK_SECONDS, minutes * 60 // LOOKS)


def moment(text: str) -> datetime:
    """A moment in ISO 8601, aware."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def after(text: str, minutes: int) -> str:
    """The moment so many minutes later."""
    return (moment(text) + timedelta(minutes=minutes)).isoformat()


def over(deadline: str | None, now: str) -> bool:
    """Whether a deadline, if there is one, has passed."""
    return deadline is not None and moment(now) >= moment(deadline)
