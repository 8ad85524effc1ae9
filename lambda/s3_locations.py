"""Reads and writes what lies at an ``s3://`` address; the client comes from the caller."""

import json
from typing import Any

SCHEME = "s3://"


def split(uri: str) -> tuple[str, str]:
    """Return bucket and key (or prefix, which may be empty) of ``s3://bucket/key``.

    Raises ValueError for anything else.
    """
    bucket, _, key = uri.removeprefix(SCHEME).partition("/")
    if not uri.startswith(SCHEME) or not bucket:
        raise ValueError(f"not an S3 address, given {uri!r}, allowed: s3://<bucket>/<key>")
    return bucket, key


def read_json(s3: Any, uri: str) -> Any:
    """Return the JSON value that the object at ``uri`` holds. Raises botocore's ClientError."""
    bucket, key = split(uri)
    return json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())


def write_json(s3: Any, uri: str, value: Any) -> None:
    """Write ``value`` as JSON to ``uri``, encrypted as the bucket is set up.

    Raises ValueError for a number that JSON lacks (NaN, infinity).
    """
    bucket, key = split(uri)
    body = json.dumps(value, indent=1, allow_nan=False).encode()
    s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/json")
