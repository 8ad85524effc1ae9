"""What MLflow keeps of a run, and how runs are searched for."""

import re
from dataclasses import dataclass, field
from typing import Any

_FILTER = re.compile(r"""\s*tags\.(?P<quote>[`"]?)(?P<key>[\w./-]+)(?P=quote)\s*=\s*'(?P<value>[^']*)'\s*""")


class MlflowError(Exception):
    """A refusal as MLflow words it."""

    def __init__(self, code: str, message: str, status: int) -> None:
        super().__init__(message)
        self.code, self.status = code, status


@dataclass
class Run:
    """One run: ``info`` as the API shows it, tags and parameters by key, metrics as they were logged."""

    info: dict[str, Any]
    tags: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)
    metrics: list[dict[str, Any]] = field(default_factory=list)

    def shown(self) -> dict[str, Any]:
        """The run as the API shows it; of each metric the latest value."""
        latest = {metric["key"]: metric for metric in self.metrics}
        data = {
            "tags": [{"key": k, "value": v} for k, v in self.tags.items()],
            "params": [{"key": k, "value": v} for k, v in self.parameters.items()],
            "metrics": list(latest.values()),
        }
        return {"info": dict(self.info), "data": data}


def conditions(text: str) -> list[tuple[str, str]]:
    """Tags a search asks for. Of MLflow's filter language only equality of tags, joined by AND."""
    found = []
    for part in re.split(r"\s+and\s+", text, flags=re.IGNORECASE) if text.strip() else []:
        match = _FILTER.fullmatch(part)
        if match is None:
            raise MlflowError("INVALID_PARAMETER_VALUE", f"the filter {part!r} is not rehearsed", 400)
        found.append((match["key"], match["value"]))
    return found
