"""The condition keys AWS sends with a call, read from its request.

Each key is sent only with the actions whose published data lists it (``rehearsal.iam_data``), so a condition
on a key that AWS would not send is judged as on an absent one.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from rehearsal import items, job_keys, known_bedrock
from rehearsal.api import ApiRequest, Parameters, Place, Principal
from rehearsal.iam_data import Action

Keys = dict[str, str | Sequence[str] | None]
"""Condition keys and what they carry; None takes a key away."""


def context(request: ApiRequest, action: Action, resource: str, place: Place) -> Keys:
    """Condition keys of a call, beyond those of the session and those every request has."""
    service = action.name.partition(":")[0]
    found: Keys = dict(_tags(request.parameters))
    for read in _READERS.get(service, ()):
        found |= read(request, place)
    if action.name == "sagemaker:AddTags" and request.operation != "AddTags":
        found["sagemaker:TaggingAction"] = request.operation
    return {key: value for key, value in found.items() if action.sends(key, resource)}


def everywhere(principal: Principal, place: Place, *, ours: bool) -> Keys:
    """Keys of every request: where it goes, the caller's organization, what the session carries."""
    keys: Keys = {"aws:RequestedRegion": place.region}
    if place.organization:
        ours_too = ":role/" in str(principal.arn)
        keys["aws:PrincipalOrgID"] = place.organization if ours_too else None
        keys["aws:ResourceOrgID"] = place.organization if ours else None
    return keys | dict(principal.context)


def passed_roles(parameters: Any, name: str = "") -> Iterator[str]:
    """ARNs of the roles a request hands to the service: members called ``Role``, ``RoleArn``, ..."""
    if isinstance(parameters, Mapping):
        for key, value in parameters.items():
            yield from passed_roles(value, key)
    elif isinstance(parameters, list):
        for value in parameters:
            yield from passed_roles(value, name)
    elif name.lower().removesuffix("arn").endswith("role") and ":role/" in str(parameters):
        yield str(parameters)


def service_principal(prefix: str) -> str:
    """Principal of the service whose actions begin with ``prefix``."""
    return f"{prefix}.amazonaws.com"


def kms_context(bucket_arn: str, place: Place) -> Keys:
    """Keys of a call that S3 makes to KMS in a caller's name, for a bucket with a bucket key.

    Amazon S3 user guide, "Using Amazon S3 Bucket Keys": the encryption context is the bucket's ARN. IAM user
    guide: a forwarded request says so, and did not come through the caller's VPC endpoint.
    """
    return {
        "aws:SourceVpce": None,
        "aws:ViaAWSService": "true",
        "kms:CallerAccount": place.account,
        "kms:EncryptionContext:aws:s3:arn": bucket_arn,
        "kms:ViaService": f"s3.{place.region}.{service_suffix(place)}",
    }


def via(service: str, context_key: str, arn: str, place: Place) -> Keys:
    """Keys of a call that another service makes to KMS in a caller's name, for what ``arn`` names."""
    return kms_context(arn, place) | {
        "kms:EncryptionContext:aws:s3:arn": None,
        f"kms:EncryptionContext:{context_key}": arn,
        "kms:ViaService": f"{service}.{place.region}.{service_suffix(place)}",
    }


def service_suffix(place: Place) -> str:
    """How the names of services end in the partition of ``place``."""
    return "amazonaws.com.cn" if place.partition == "aws-cn" else "amazonaws.com"


def _tags(parameters: Parameters) -> Iterator[tuple[str, str | Sequence[str]]]:
    tags = parameters.get("Tags") or parameters.get("tags") or known_bedrock.all_tags(parameters)
    pairs = (
        dict(tags)
        if isinstance(tags, Mapping)
        else {one.get("Key", one.get("key")): one.get("Value", one.get("value")) for one in tags}
    )
    yield from ((f"aws:RequestTag/{key}", value) for key, value in pairs.items())
    removed = parameters.get("TagKeys") or parameters.get("tagKeys") or ()
    if pairs or removed:
        yield "aws:TagKeys", [*pairs, *map(str, removed)]


def _member_keys(**members: str) -> Callable[[ApiRequest, Place], Keys]:
    """Keys that repeat a member of the request: ``member="condition key"``."""

    def read(request: ApiRequest, _: Place) -> Keys:
        given = {key: request.parameters.get(member) for member, key in members.items()}
        return {key: _text(value) for key, value in given.items() if value is not None}

    return read


def _text(value: Any) -> str | list[str]:
    if isinstance(value, bool):
        return str(value).lower()
    return [str(one) for one in value] if isinstance(value, list) else str(value)


def _object(request: ApiRequest, place: Place) -> Keys:
    keys: Keys = {"s3:TlsVersion": "1.3", "s3:authType": "REST-HEADER"}
    keys["s3:signatureversion"] = "AWS4-HMAC-SHA256"
    source = request.parameters.get("CopySource")
    if isinstance(source, str):
        keys["s3:x-amz-copy-source"] = f"/{source.removeprefix('/')}"
    creates = request.operation in ("PutObject", "CopyObject", "CreateMultipartUpload")
    keys["s3:ObjectCreationOperation"] = str(creates).lower()
    return keys


def _cryptography(request: ApiRequest, place: Place) -> Keys:
    """A direct call to KMS: not through another service, and no grant for what AWS runs."""
    given = request.parameters.get("EncryptionContext") or {}
    keys: Keys = {f"kms:EncryptionContext:{name}": value for name, value in given.items()}
    if given:
        keys["kms:EncryptionContextKeys"] = list(given)
    return keys | {"kms:CallerAccount": place.account, "kms:GrantIsForAWSResource": "false"}


def _events(request: ApiRequest, place: Place) -> Keys:
    entries = request.parameters.get("Entries") or ()
    keys: Keys = {"events:creatorAccount": place.account}
    for key, member in (("events:source", "Source"), ("events:detail-type", "DetailType")):
        if values := [entry[member] for entry in entries if member in entry]:
            keys[key] = values
    if targets := [one["Arn"] for one in request.parameters.get("Targets") or () if "Arn" in one]:
        keys["events:TargetArn"] = targets
    return keys


def _imported(request: ApiRequest, place: Place) -> Keys:
    """CloudFormation's, of what a change set takes into a stack."""
    kinds = [one["ResourceType"] for one in request.parameters.get("ResourcesToImport") or ()]
    return {"cloudformation:ImportResourceTypes": kinds} if kinds else {}


def _region(request: ApiRequest, place: Place) -> Keys:
    return {"ec2:Region": place.region}


_READERS: Mapping[str, tuple[Callable[[ApiRequest, Place], Mapping[str, Any]], ...]] = {
    "bedrock": (
        _member_keys(guardrailIdentifier="bedrock:GuardrailIdentifier", serviceTier="bedrock:ServiceTier"),
    ),
    "cloudformation": (
        _member_keys(
            ChangeSetName="cloudformation:ChangeSetName",
            RoleARN="cloudformation:RoleArn",
            ResourceTypes="cloudformation:ResourceTypes",
            StackPolicyURL="cloudformation:StackPolicyUrl",
            TemplateURL="cloudformation:TemplateUrl",
        ),
        _imported,
    ),
    "application-autoscaling": (
        _member_keys(
            ScalableDimension="application-autoscaling:scalable-dimension",
            ServiceNamespace="application-autoscaling:service-namespace",
        ),
    ),
    "cloudwatch": (_member_keys(Namespace="cloudwatch:namespace", AlarmActions="cloudwatch:AlarmActions"),),
    "dynamodb": (items.keys,),
    "ec2": (_region,),
    "events": (_events,),
    "kms": (_cryptography,),
    "s3": (
        _object,
        _member_keys(
            Prefix="s3:prefix",
            Delimiter="s3:delimiter",
            MaxKeys="s3:max-keys",
            VersionId="s3:versionid",
            ServerSideEncryption="s3:x-amz-server-side-encryption",
            SSEKMSKeyId="s3:x-amz-server-side-encryption-aws-kms-key-id",
            ACL="s3:x-amz-acl",
            StorageClass="s3:x-amz-storage-class",
            MetadataDirective="s3:x-amz-metadata-directive",
            IfNoneMatch="s3:if-none-match",
            IfMatch="s3:if-match",
        ),
    ),
    "sagemaker": (job_keys.of_job, job_keys.of_package),
    "sns": (_member_keys(Protocol="sns:Protocol", Endpoint="sns:Endpoint"),),
    "sts": (
        _member_keys(
            RoleSessionName="sts:RoleSessionName",
            ExternalId="sts:ExternalId",
            SourceIdentity="sts:SourceIdentity",
        ),
    ),
}
"""Per service as IAM calls it: what reads its condition keys from a request."""
