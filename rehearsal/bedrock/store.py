"""What the emulated Bedrock remembers: resources with descriptions and tags, listings, answered requests."""

import json
import secrets
import string
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from threading import RLock
from typing import Any

from rehearsal.api import ApiError, Parameters, Place
from rehearsal.language_model import Artifact
from rehearsal.sagemaker import requests

_LETTERS = string.ascii_lowercase + string.digits


@dataclass(eq=False)
class Record:
    """One resource. ``artifact`` is the model it holds, if any; ``kept`` what no answer shows."""

    name: str
    arn: str
    description: dict[str, Any]
    tags: dict[str, str] = field(default_factory=dict)
    artifact: Artifact | None = None
    kept: dict[str, Any] = field(default_factory=dict)

    @property
    def status(self) -> str:
        """How it stands, in the words of its kind."""
        return str(self.description.get("status") or self.description.get("modelStatus"))

    def update(self, moment: datetime, **members: Any) -> None:
        """Set members of the description at ``moment``."""
        self.description |= {**members, "lastModifiedTime": moment, "lastUpdatedAt": moment}


class Shelf:
    """The resources of one kind, by ARN or by name, in the order they were made.

    ``kind`` is the word of their ARNs; ``words`` what messages call one of them.
    """

    def __init__(self, place: Place, kind: str, words: str) -> None:
        self.place, self.kind, self.words = place, kind, words
        self._lock = RLock()
        self._records: dict[str, Record] = {}

    def arn(self, base: str = "") -> str:
        """A new ARN; ``base`` is the id of a base model that stands in it. AWS numbers by 12 characters."""
        number = "".join(secrets.choice(_LETTERS) for _ in range(12))
        return self.place.arn("bedrock", f"{self.kind}/{base}{'/' if base else ''}{number}")

    def add(self, record: Record) -> Record:
        """Keep a new resource."""
        with self._lock:
            self._records[record.arn] = record
        return record

    def get(self, identifier: str) -> Record | None:
        """The resource with that ARN or name, if there is one."""
        with self._lock:
            found = self._records.get(identifier)
            return found or next((r for r in self._records.values() if r.name == identifier), None)

    def need(self, identifier: str) -> Record:
        """The resource with that ARN or name. Raises ApiError ResourceNotFoundException."""
        record = self.get(identifier)
        if record is None:
            text = f"Could not find {self.words} {identifier}."
            raise ApiError("ResourceNotFoundException", text, 404)
        return record

    def free(self, name: str, code: str = "ConflictException") -> None:
        """Refuse a name that is taken: names are unique in an account and region (API reference)."""
        if self.get(name) is not None:
            raise ApiError(code, f"A {self.words} with the name {name} already exists.")

    def remove(self, record: Record) -> None:
        """Forget a resource."""
        with self._lock:
            del self._records[record.arn]

    def __iter__(self) -> Iterator[Record]:
        with self._lock:
            return iter(list(self._records.values()))


class Tokens:
    """Requests that were answered, by their clientRequestToken.

    API reference, clientRequestToken: a request whose token matches a previous one is ignored without an
    error, "Ensuring idempotency" adds that other parameters with the same token are an error.
    """

    def __init__(self) -> None:
        self._answered: dict[tuple[str, str], tuple[str, dict[str, Any]]] = {}

    def answer(self, operation: str, request: Parameters) -> dict[str, Any] | None:
        """What the same request was answered before, if it was. Raises ApiError for another request."""
        known = self._answered.get((operation, str(request.get("clientRequestToken"))))
        if known is None or "clientRequestToken" not in request:
            return None
        if known[0] != _fingerprint(request):
            text = f"clientRequestToken {request['clientRequestToken']} was used with other parameters."
            raise ApiError("ValidationException", text)
        return known[1]

    def keep(self, operation: str, request: Parameters, answer: dict[str, Any]) -> None:
        """Remember what a request was answered."""
        if token := request.get("clientRequestToken"):
            self._answered[operation, token] = (_fingerprint(request), answer)


def tag_map(tags: Iterable[Parameters] | None) -> dict[str, str]:
    """Tags of a request as key to value. Raises ApiError for a key that stands twice."""
    pairs = [(tag["key"], tag["value"]) for tag in tags or ()]
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ApiError("ValidationException", "Tag keys must be unique.")
    return found


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Tags as the API lists them."""
    return [{"key": key, "value": value} for key, value in tags.items()]


def listing(
    operation: str,
    items: Iterable[Parameters],
    request: Parameters,
    *,
    under: str,
    name: str,
    time: str = "creationTime",
) -> dict[str, Any]:
    """What List<kind>s answers of ``items``; ``name`` and ``time`` are the members that are filtered by."""
    after = request.get("creationTimeAfter", request.get("createdAfter"))
    before = request.get("creationTimeBefore", request.get("createdBefore"))
    found = [
        item
        for item in items
        if request.get("nameContains", "") in str(item[name])
        and request.get("statusEquals") in (None, item.get("status"))
        and (after is None or item[time] > after)
        and (before is None or item[time] < before)
    ]
    found.sort(key=lambda item: item[time], reverse=request.get("sortOrder") != "Ascending")
    start, size = int(request.get("nextToken") or 0), int(request.get("maxResults") or 100)
    members = requests.summary_members(operation, under, "bedrock")
    shown = [{k: v for k, v in item.items() if k in members} for item in found[start : start + size]]
    token = {"nextToken": str(start + size)} if start + size < len(found) else {}
    return {under: shown, **token}


def _fingerprint(request: Parameters) -> str:
    return json.dumps(request, sort_keys=True, default=str)
