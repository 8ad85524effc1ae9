"""JSON objects in S3, changed only if they are as they were read; the client comes from the caller."""

import json
from typing import Any, Protocol

from s3_locations import split

_ABSENT = (403, 404)
"""Whoever may not list a bucket is told 403 instead of 404 for an absent object."""

_CHANGED = (409, 412)
"""A conditional write that came too late, or beside another (Amazon S3 user guide, "How to prevent object
overwrites with conditional writes")."""


class ConflictError(Exception):
    """Somebody else wrote in between: read again."""


class Documents(Protocol):
    """JSON objects by their ``s3://`` addresses."""

    def read(self, uri: str) -> tuple[Any, str] | None:
        """The JSON value and its ETag; None if there is no object."""
        ...

    def swap(self, uri: str, value: Any, etag: str | None) -> None:
        """Write a JSON value if the object is as it was read, or is still absent (``etag`` None).

        Raises ConflictError if it is not.
        """
        ...


class S3Documents:
    """``Documents`` by way of a client."""

    def __init__(self, s3: Any) -> None:
        self._s3 = s3

    def read(self, uri: str) -> tuple[Any, str] | None:
        """The JSON value and its ETag; None if there is no object."""
        bucket, key = split(uri)
        try:
            answer = self._s3.get_object(Bucket=bucket, Key=key)
        except self._s3.exceptions.ClientError as error:
            if _status(error) not in _ABSENT:
                raise
            return None
        return json.loads(answer["Body"].read()), str(answer["ETag"])

    def swap(self, uri: str, value: Any, etag: str | None) -> None:
        """Write a JSON value if nobody did since it was read. Raises ConflictError."""
        bucket, key = split(uri)
        condition = {"IfMatch": etag} if etag else {"IfNoneMatch": "*"}
        body = json.dumps(value, indent=1, allow_nan=False).encode()
        try:
            self._s3.put_object(
                Bucket=bucket, Key=key, Body=body, ContentType="application/json", **condition
            )
        except self._s3.exceptions.ClientError as error:
            if _status(error) not in _CHANGED:
                raise
            raise ConflictError(f"{uri} was changed by another run") from error


def _status(error: Any) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400))
