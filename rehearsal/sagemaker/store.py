"""What the emulated SageMaker remembers: named resources with their descriptions and tags, and listings."""

import hashlib
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from rehearsal.api import ApiError, Parameters, Place, Principal


def now() -> datetime:
    """The present instant; SageMaker answers in UTC."""
    return datetime.now(UTC)


@dataclass
class Record:
    """One resource: its name, ARN, what Describe answers, and its tags."""

    name: str
    arn: str
    description: dict[str, Any]
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Wording:
    """How the service refuses a name: texts with ``{name}`` and ``{arn}``, and the errors' codes."""

    missing: str
    taken: str
    missing_code: str = "ValidationException"
    taken_code: str = "ValidationException"


class Shelf:
    """The resources of one kind, by name, in the order they were made."""

    def __init__(self, place: Place, resource: str, wording: Wording) -> None:
        self.place, self.resource, self.wording = place, resource, wording
        self.lock = threading.RLock()
        self._records: dict[str, Record] = {}

    def arn(self, name: str) -> str:
        """ARN of the resource of this kind that is called ``name``."""
        return self.place.arn("sagemaker", f"{self.resource}/{name}")

    def add(self, name: str, description: dict[str, Any], tags: Iterable[Parameters] = ()) -> Record:
        """Keep a new resource; refused if the name is taken."""
        record = Record(name, self.arn(name), description, tag_map(tags))
        with self.lock:
            if name in self._records:
                raise ApiError(self.wording.taken_code, self.wording.taken.format(name=name, arn=record.arn))
            self._records[name] = record
        return record

    def get(self, name: str) -> Record | None:
        """The resource of that name or ARN, if there is one."""
        return self._records.get(name.removeprefix(self.arn("")))

    def need(self, name: str) -> Record:
        """The resource of that name or ARN; refused if there is none."""
        record = self.get(name)
        if record is None:
            arn = name if name.startswith("arn:") else self.arn(name)
            raise ApiError(self.wording.missing_code, self.wording.missing.format(name=name, arn=arn))
        return record

    def remove(self, name: str) -> None:
        """Forget a resource."""
        with self.lock:
            del self._records[name]

    def __iter__(self) -> Iterator[Record]:
        with self.lock:
            return iter(list(self._records.values()))


def tag_map(tags: Iterable[Parameters]) -> dict[str, str]:
    """Tags of a request as key to value."""
    return {tag["Key"]: tag["Value"] for tag in tags}


def tag_list(tags: dict[str, str]) -> list[dict[str, str]]:
    """Tags as the API lists them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def creator(principal: Principal, place: Place) -> dict[str, Any]:
    """``CreatedBy`` or ``LastModifiedBy``: the IAM identity that made the call."""
    if principal.arn is None:
        return {"IamIdentity": {"Arn": place.arn("iam", "root", region=""), "PrincipalId": place.account}}
    role = principal.arn.rsplit("/", 1)[-1]
    arn = place.arn("sts", f"assumed-role/{role}/{principal.session}", region="")
    number = "AROA" + hashlib.sha256(principal.arn.encode()).hexdigest()[:16].upper()
    return {"IamIdentity": {"Arn": arn, "PrincipalId": f"{number}:{principal.session}"}}


def page(items: list[Any], request: Parameters, *, default: int = 100) -> tuple[list[Any], str | None]:
    """One page of ``items`` and the token of the next. The token is the offset."""
    start = int(request.get("NextToken") or 0)
    size = int(request.get("MaxResults") or default)
    following = start + size
    return items[start:following], str(following) if following < len(items) else None


def selected(
    items: Iterable[Parameters],
    request: Parameters,
    *,
    name: str,
    status: str = "",
    time: str = "CreationTime",
) -> list[Parameters]:
    """``items`` as List operations filter and sort them; ``name``, ``status``, ``time`` are members."""
    after = request.get("CreationTimeAfter", request.get("CreatedAfter"))
    before = request.get("CreationTimeBefore", request.get("CreatedBefore"))
    found = [
        item
        for item in items
        if request.get("NameContains", "").lower() in str(item.get(name, "")).lower()
        and request.get("StatusEquals") in (None, item.get(status))
        and (after is None or item[time] > after)
        and (before is None or item[time] < before)
    ]
    by = {"Name": name, "Status": status}.get(request.get("SortBy", ""), time)
    found.sort(key=lambda item: item.get(by, ""), reverse=request.get("SortOrder") != "Ascending")
    return found
