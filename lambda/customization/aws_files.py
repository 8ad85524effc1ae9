"""Objects of the artifacts bucket, some of them changed only if they are as they were read."""

import json
from typing import Any

from botocore.exceptions import ClientError

from customization.errors import ConflictError
from s3_locations import split, write_json

_ABSENT = (403, 404)
"""Whoever may not list a bucket is told 403 instead of 404 for an absent object."""

_CHANGED = (409, 412)
"""A conditional write that came too late, or beside another (Amazon S3 user guide, "How to prevent object
overwrites with conditional writes")."""


class S3Files:
    """``customization.ports.Files``."""

    def __init__(self, s3: Any) -> None:
        self._s3 = s3

    def read(self, uri: str) -> tuple[Any, str] | None:
        """The JSON value and its ETag; None if there is no object."""
        bucket, key = split(uri)
        try:
            answer = self._s3.get_object(Bucket=bucket, Key=key)
        except ClientError as error:
            if _status(error) not in _ABSENT:
                raise
            return None
        return json.loads(answer["Body"].read()), str(answer["ETag"])

    def write(self, uri: str, value: Any) -> None:
        """Write a JSON value, whatever was there."""
        write_json(self._s3, uri, value)

    def swap(self, uri: str, value: Any, etag: str | None) -> None:
        """Write a JSON value if nobody did since it was read. Raises ConflictError."""
        bucket, key = split(uri)
        condition = {"IfMatch": etag} if etag else {"IfNoneMatch": "*"}
        body = json.dumps(value, indent=1, allow_nan=False).encode()
        try:
            self._s3.put_object(
                Bucket=bucket, Key=key, Body=body, ContentType="application/json", **condition
            )
        except ClientError as error:
            if _status(error) not in _CHANGED:
                raise
            raise ConflictError(f"{uri} was changed by another run") from error

    def put(self, uri: str, content: bytes, content_type: str) -> None:
        """Write bytes."""
        bucket, key = split(uri)
        self._s3.put_object(Bucket=bucket, Key=key, Body=content, ContentType=content_type)

    def below(self, uri: str) -> list[str]:
        """Addresses of all objects whose address begins with ``uri``, sorted."""
        bucket, prefix = split(uri)
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return sorted(f"s3://{bucket}/{item['Key']}" for page in pages for item in page.get("Contents", ()))


def _status(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400))
