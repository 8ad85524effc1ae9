"""Moves a job's data between S3 and its disk with the job's own credentials."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from botocore.exceptions import ClientError

_LARGE = 64 * 2**20
"""Bytes from which an upload goes in parts."""


class TransferError(Exception):
    """Data that could not be moved; the text is SageMaker's failure reason without its class."""


def location(uri: str) -> tuple[str, str]:
    """Bucket and key, or prefix, of an ``s3://`` URI."""
    parts = urlparse(uri)
    if parts.scheme != "s3":
        raise TransferError(f"{uri} is not an S3 URI")
    return parts.netloc, parts.path.lstrip("/")


class Transfers:
    """S3 for one job: ``client`` is boto3's, with the job role's session."""

    def __init__(self, client: Any, *, role_arn: str, region: str) -> None:
        self._s3, self._role, self._region = client, role_arn, region

    def keys(self, uri: str, kind: str = "S3Prefix") -> dict[str, str]:
        """Relative path to key of every object that ``uri`` stands for, by name; TransferError if none."""
        if kind == "ManifestFile":
            return self._manifest(uri)
        if kind not in ("S3Prefix", "S3Object"):
            raise TransferError(f"S3DataType {kind} is not rehearsed")
        bucket, prefix = location(uri)
        found = {_relative(key, prefix): key for key in self._listed(bucket, prefix)}
        if not found:
            raise TransferError(
                f'No S3 objects found under S3 URL "{uri}" given in input data source. Please ensure that '
                f"the bucket exists in the selected region ({self._region}), that objects exist under that "
                f'S3 prefix, and that the role "{self._role}" has "s3:ListBucket" permissions on bucket '
                f'"{bucket}".'
            )
        return found

    def download(self, uri: str, folder: Path, kind: str = "S3Prefix") -> list[Path]:
        """Every object that ``uri`` stands for, below ``folder``; the files in order of their names."""
        bucket = location(uri)[0]
        folder.mkdir(parents=True, exist_ok=True)
        return [self.fetch(bucket, key, folder / path) for path, key in self.keys(uri, kind).items()]

    def download_if_any(self, uri: str, folder: Path) -> None:
        """The same for a prefix that may be empty, such as checkpoints."""
        bucket, prefix = location(uri)
        for key in self._listed(bucket, prefix):
            self.fetch(bucket, key, folder / _relative(key, prefix))

    def fetch(self, bucket: str, key: str, path: Path) -> Path:
        """One object, as it is."""
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            body = self._s3.get_object(Bucket=bucket, Key=key)["Body"]
        except ClientError as error:
            raise TransferError(_reason("Data download failed", f"s3://{bucket}/{key}", error)) from error
        with path.open("wb") as file, body:
            for block in body.iter_chunks(2**20):
                file.write(block)
        return path

    def upload(self, path: Path, uri: str, key: str | None) -> None:
        """One file to ``uri``, encrypted with the KMS key ``key`` (None: as the bucket does by default)."""
        bucket, name = location(uri)
        extra = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key} if key else {}
        try:
            if path.stat().st_size >= _LARGE:
                self._s3.upload_file(str(path), bucket, name, ExtraArgs=extra)
            else:
                self._s3.put_object(Bucket=bucket, Key=name, Body=path.read_bytes(), **extra)
        except ClientError as error:
            raise TransferError(_reason("Data upload failed", uri, error)) from error

    def upload_folder(self, folder: Path, uri: str, key: str | None) -> int:
        """Every file below ``folder`` to the same path below ``uri``; how many they were."""
        files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
        for path in files:
            self.upload(path, f"{uri.rstrip('/')}/{path.relative_to(folder).as_posix()}", key)
        return len(files)

    def _listed(self, bucket: str, prefix: str) -> Iterator[str]:
        try:
            for part in self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
                yield from (o["Key"] for o in part.get("Contents", []) if not o["Key"].endswith("/"))
        except ClientError as error:
            raise TransferError(_reason("Data download failed", f"s3://{bucket}/{prefix}", error)) from error

    def _manifest(self, uri: str) -> dict[str, str]:
        """API reference, S3DataSource: the first entry has the prefix, the others are keys relative to it."""
        bucket, key = location(uri)
        try:
            entries = json.loads(self._s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        except ClientError as error:
            raise TransferError(_reason("Data download failed", uri, error)) from error
        there, prefix = location(entries[0]["prefix"])
        if there != bucket:
            raise TransferError(f"the manifest {uri} leads to another bucket, {there}; that is not rehearsed")
        return {name: prefix + name for name in entries[1:]}


def _relative(key: str, prefix: str) -> str:
    """Path on disk of an object found under ``prefix``: what follows its last complete folder."""
    folder = prefix if prefix.endswith("/") or key.startswith(f"{prefix}/") else prefix.rpartition("/")[0]
    return key[len(folder) :].lstrip("/")


def _reason(what: str, uri: str, error: ClientError) -> str:
    found = error.response["Error"]
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", "")
    return f"{what}: {found.get('Code')} ({status}): {found.get('Message')} ({uri})"
