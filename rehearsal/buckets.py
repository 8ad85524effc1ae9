"""Buckets, made where the emulated account is."""

from typing import Any


def make_bucket(s3: Any, name: str, region: str) -> None:
    """Create a bucket; us-east-1 is no LocationConstraint (S3 API reference, CreateBucket)."""
    where = {"CreateBucketConfiguration": {"LocationConstraint": region}}
    s3.create_bucket(Bucket=name, **({} if region == "us-east-1" else where))
