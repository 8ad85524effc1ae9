"""Objects of the artifacts bucket."""

from typing import Any

from s3_documents import S3Documents
from s3_locations import split, write_json


class S3Files(S3Documents):
    """``customization.ports.Files``."""

    def write(self, uri: str, value: Any) -> None:
        """Write a JSON value, whatever was there."""
        write_json(self._s3, uri, value)

    def put(self, uri: str, content: bytes, content_type: str) -> None:
        """Write bytes."""
        bucket, key = split(uri)
        self._s3.put_object(Bucket=bucket, Key=key, Body=content, ContentType=content_type)

    def below(self, uri: str) -> list[str]:
        """Addresses of all objects whose address begins with ``uri``, sorted."""
        bucket, prefix = split(uri)
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return sorted(f"s3://{bucket}/{item['Key']}" for page in pages for item in page.get("Contents", ()))
