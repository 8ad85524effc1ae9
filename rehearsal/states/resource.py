"""The Resource of a Task state, taken apart."""

import re
from dataclasses import dataclass

# arn:<partition>:states:<region>:<account>:<integration>, region and account empty for integrations.
_PATTERN = re.compile(
    r"arn:[a-z-]+:states:::(?P<sdk>aws-sdk:)?(?P<service>[a-z0-9]+):(?P<action>[A-Za-z0-9]+)"
    r"(?:\.(?P<pattern>sync|sync:2|waitForTaskToken))?"
)


@dataclass(frozen=True)
class Resource:
    """``action`` is camelCase as written; ``pattern`` is "", "sync", "sync:2" or "waitForTaskToken"."""

    sdk: bool
    service: str
    action: str
    pattern: str

    @property
    def history_type(self) -> str:
        """resourceType of the history's events."""
        return f"aws-sdk:{self.service}" if self.sdk else self.service

    @property
    def history_name(self) -> str:
        """resource of the history's events."""
        return f"{self.action}.{self.pattern}" if self.pattern else self.action

    @property
    def operation(self) -> str:
        """The API operation, PascalCase."""
        return self.action[:1].upper() + self.action[1:]


def parse(arn: str) -> Resource | None:
    """The parts of a service integration's ARN, or None when it is no such ARN."""
    match = _PATTERN.fullmatch(arn)
    if match is None:
        return None
    return Resource(bool(match["sdk"]), match["service"], match["action"], match["pattern"] or "")
