"""Amazon S3: the permissions each operation needs, and the keys behind encrypted objects.

After the Amazon S3 user guide, "Required permissions for Amazon S3 API operations", and the AWS KMS notes of
each operation in the API reference.
"""

from collections.abc import Iterator
from urllib.parse import unquote

from rehearsal.api import ApiRequest, Place
from rehearsal.resources import UnresolvedError

_BUCKET_ACTIONS = {
    "HeadBucket": "ListBucket",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "ListObjectVersions": "ListBucketVersions",
    "ListMultipartUploads": "ListBucketMultipartUploads",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "GetBucketNotificationConfiguration": "GetBucketNotification",
    "PutBucketNotificationConfiguration": "PutBucketNotification",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
}
_OBJECT_ACTIONS = {
    "HeadObject": "GetObject",
    "GetObjectAttributes": "GetObject",
    "CreateMultipartUpload": "PutObject",
    "UploadPart": "PutObject",
    "CompleteMultipartUpload": "PutObject",
    "ListParts": "ListMultipartUploadParts",
}
"""Actions of operations with another name; the rest are called alike."""

_VERSIONED = ("GetObject", "DeleteObject", "GetObjectTagging", "GetObjectAcl")
_COPIES = ("CopyObject", "UploadPartCopy")
_ENCRYPTS = ("PutObject", "CreateMultipartUpload", "UploadPart", *_COPIES)
_DECRYPTS = ("GetObject", "CompleteMultipartUpload")

CREATES = ("PutObject", "CompleteMultipartUpload", "CopyObject")
"""Operations after which S3 announces a new object."""


def object_arn(place: Place, bucket: str, key: str = "") -> str:
    """ARN of an object, or of the bucket without ``key``."""
    return f"arn:{place.partition}:s3:::{bucket}" + (f"/{key}" if key else "")


def source_of(request: ApiRequest) -> tuple[str, str, str | None]:
    """Bucket, key and version of what is copied: ``CopySource`` is ``[/]<bucket>/<key>[?versionId=<id>]``."""
    path, _, version = str(request.parameters.get("CopySource", "")).partition("?versionId=")
    bucket, _, key = unquote(path).removeprefix("/").partition("/")
    if not key:
        raise UnresolvedError(f"{request.operation} names no source bucket and key")
    return bucket, key, version or None


def permissions(request: ApiRequest, place: Place) -> Iterator[tuple[str, str]]:
    """Actions and ARNs a call needs. Raises UnresolvedError."""
    asked, operation = request.parameters, request.operation
    bucket = asked.get("Bucket")
    if operation == "ListBuckets":
        yield "s3:ListAllMyBuckets", "*"
    elif bucket is None:
        raise UnresolvedError(f"s3:{operation} names no bucket")
    elif operation == "DeleteObjects":
        for one in asked.get("Delete", {}).get("Objects", ()):
            versioned = "Version" if one.get("VersionId") else ""
            yield f"s3:DeleteObject{versioned}", object_arn(place, bucket, one["Key"])
    elif operation in _COPIES:
        source_bucket, source_key, version = source_of(request)
        versioned = "Version" if version else ""
        yield f"s3:GetObject{versioned}", object_arn(place, source_bucket, source_key)
        yield "s3:PutObject", object_arn(place, bucket, asked["Key"])
    elif "Key" in asked:
        yield from _on_object(request, object_arn(place, bucket, asked["Key"]))
    else:
        yield f"s3:{_BUCKET_ACTIONS.get(operation, operation)}", object_arn(place, bucket)


def _on_object(request: ApiRequest, arn: str) -> Iterator[tuple[str, str]]:
    action = _OBJECT_ACTIONS.get(request.operation, request.operation)
    if action in _VERSIONED and request.parameters.get("VersionId"):
        action = {"GetObjectAcl": "GetObjectVersionAcl", "GetObjectTagging": "GetObjectVersionTagging"}.get(
            action, f"{action}Version"
        )
    yield f"s3:{action}", arn
    if request.parameters.get("Tagging") and request.operation in ("PutObject", "CreateMultipartUpload"):
        yield "s3:PutObjectTagging", arn


def key_uses(request: ApiRequest) -> Iterator[tuple[str, str]]:
    """Buckets whose key a call uses, and how: S3 asks KMS in the caller's name.

    A HeadObject decrypts only if it asks for checksums; completing an upload in parts reads them.
    """
    asked, operation = request.parameters, request.operation
    if operation in _COPIES:
        yield source_of(request)[0], "kms:Decrypt"
    if operation in _ENCRYPTS and "Bucket" in asked:
        yield asked["Bucket"], "kms:GenerateDataKey"
    checks = operation == "HeadObject" and asked.get("ChecksumMode")
    if (operation in _DECRYPTS or checks) and "Bucket" in asked:
        yield asked["Bucket"], "kms:Decrypt"
