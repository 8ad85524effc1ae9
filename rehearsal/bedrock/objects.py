"""Objects in Amazon S3 as a job sees them: what it may not read or write fails it with a readable message."""

from typing import Any

from botocore.exceptions import ClientError

from rehearsal.sagemaker.transfer import TransferError, location


class JobError(Exception):
    """A job that fails; the text is its failure message."""


class Objects:
    """S3 through a boto3 client; ``who`` is whose session it has, for messages. Raises JobError."""

    def __init__(self, client: Any, who: str) -> None:
        self._s3, self._who = client, who

    def read(self, uri: str) -> bytes:
        """The object at ``uri``."""
        bucket, key = _located(uri)
        try:
            return bytes(self._s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        except ClientError as error:
            raise JobError(f"Could not read {uri} with {self._who}: {_said(error)}") from error

    def below(self, uri: str) -> dict[str, int]:
        """Sizes in bytes of all objects below ``uri``, by their path there."""
        bucket, prefix = _located(uri.rstrip("/") + "/")
        try:
            pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
            found = [item for page in pages for item in page.get("Contents", [])]
        except ClientError as error:
            raise JobError(f"Could not list {uri} with {self._who}: {_said(error)}") from error
        return {item["Key"].removeprefix(prefix): item["Size"] for item in found}

    def write(self, uri: str, body: bytes) -> None:
        """Put an object at ``uri``; the bucket's default encryption applies."""
        bucket, key = _located(uri)
        try:
            self._s3.put_object(Bucket=bucket, Key=key, Body=body)
        except ClientError as error:
            raise JobError(f"Could not write {uri} with {self._who}: {_said(error)}") from error


def _located(uri: str) -> tuple[str, str]:
    try:
        return location(uri)
    except TransferError as error:
        raise JobError(str(error)) from error


def _said(error: ClientError) -> str:
    found = error.response["Error"]
    return f"{found.get('Code')}: {found.get('Message')}"
