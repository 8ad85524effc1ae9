"""AddTags, ListTags and DeleteTags on every kind of resource."""

from collections.abc import Iterable
from typing import Any

from rehearsal.api import ApiError, Parameters, Principal
from rehearsal.sagemaker.store import Record, Shelf, page, tag_list, tag_map


class Tags:
    """The tags of whatever lies on ``shelves``."""

    def __init__(self, shelves: Iterable[Shelf]) -> None:
        self._shelves = tuple(shelves)

    def of(self, arn: str) -> dict[str, str] | None:
        """Tags of the resource with this ARN, if there is one."""
        record = self._find(arn)
        return record.tags if record else None

    def add(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """AddTags: the resource's tags afterwards."""
        record = self._need(request["ResourceArn"])
        record.tags |= tag_map(request["Tags"])
        if len(record.tags) > 50:
            raise ApiError("ValidationException", f"{record.arn} can have at most 50 tags.")
        return {"Tags": tag_list(record.tags)}

    def listing(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """ListTags."""
        tags, token = page(tag_list(self._need(request["ResourceArn"]).tags), request, default=50)
        return {"Tags": tags} | ({"NextToken": token} if token else {})

    def delete(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """DeleteTags."""
        record = self._need(request["ResourceArn"])
        for key in request["TagKeys"]:
            record.tags.pop(key, None)
        return {}

    def _need(self, arn: str) -> Record:
        record = self._find(arn)
        if record is None:
            raise ApiError("ValidationException", f"Could not find resource with ARN {arn}.")
        return record

    def _find(self, arn: str) -> Record | None:
        for shelf in self._shelves:
            record = shelf.get(arn) if arn.startswith(shelf.arn("")) else None
            if record is not None:
                return record
        return None
