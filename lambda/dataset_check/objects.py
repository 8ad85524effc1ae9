"""Lists and streams the objects of a data set from S3, and says why one cannot be read."""

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError, HTTPClientError, IncompleteReadError

from dataset_check.lines import blocks, reading_from
from dataset_check.logic import DatasetMissing, DatasetUnreadable, Piece, whole
from s3_locations import split

CHUNK = 64 * 1024
"""Bytes read at once: enough to keep the parser busy, few enough to stay in the processor's cache."""
_RECONNECTIONS = 5
_PASSING = ("SlowDown", "RequestTimeout", "Throttling", "ThrottlingException", "RequestLimitExceeded")
"""Refusals that another attempt may not meet (Amazon S3 API reference, "Error responses")."""


def objects(s3: Any, channel: str, location: str) -> Iterator[Piece]:
    """Yield the data objects at ``location``. Raises DatasetMissing, DatasetUnreadable."""
    bucket, prefix = split(location)
    found, others = False, 0
    try:
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for item in page.get("Contents", ()):
                if piece := whole(channel, bucket, prefix, item):
                    found = True
                    yield piece
                else:
                    others += 1
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchBucket":
            raise DatasetMissing(f"{channel}: there is no bucket {bucket} for {location}") from error
        raise DatasetUnreadable(f"{channel}: {location}: {reason(error)}") from error
    if not found:
        but = f" but {others} markers (names with _ or . in front, folders)" if others else ""
        raise DatasetMissing(f"{channel}: there is nothing below {location}{but}")


def lines(s3: Any, piece: Piece) -> Iterator[bytes]:
    """Yield the lines that begin in ``piece``, in blocks. Raises ClientError, LineTooLongError."""
    return blocks(_chunks(s3, piece, reading_from(piece.start)), piece.start, piece.end)


def reason(error: ClientError) -> str:
    """Say why S3 refuses. Raises ``error`` again if it may pass: the state machine then tries once more."""
    details, status = error.response["Error"], error.response["ResponseMetadata"]["HTTPStatusCode"]
    if status >= 500 or details["Code"] in _PASSING:
        raise error
    if status == 412:
        return "changed while it was being checked; start again when nobody writes it"
    return f"{details['Code']}: {details.get('Message', '')}"


def _chunks(s3: Any, piece: Piece, start: int) -> Iterator[bytes]:
    at, attempts = start, 0
    while at < piece.size:
        # The entity tag makes sure that all pieces come from one version of the object.
        answer = s3.get_object(Bucket=piece.bucket, Key=piece.key, Range=f"bytes={at}-", IfMatch=piece.etag)
        body = answer["Body"]
        try:
            while chunk := body.read(CHUNK):
                at += len(chunk)
                yield chunk
        except (HTTPClientError, IncompleteReadError):
            attempts += 1
            if attempts > _RECONNECTIONS:
                raise
        finally:
            body.close()
