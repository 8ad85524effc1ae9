"""Data sets and evaluators of a run in the AI Registry: what is the same is never imported twice.

Documents and keywords: ``sagemaker.ai_registry`` of the SageMaker Python SDK (sagemaker-train 1.27). A
version carries a fingerprint of what it stands for as a keyword, by which later runs find it.
"""

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from customization.call import Call, Work
from customization.errors import AssetImportFailed, CustomizationRefused
from customization.ports import Content, ContentKind

SECONDS, LONGEST = 10, 1_800
"""Seconds between two looks at an import, and until it is given up."""

USABLE, PENDING, FAILED = "Available", ("Importing", "PendingImport"), "ImportFailed"
_FINGERPRINT, _RUN = "fingerprint:", "run:"
_MOST = 10_000
"""Numbers of a part of a version, which has at most four digits (SageMaker API, HubContentVersion)."""


@dataclass(frozen=True)
class Asset:
    """What the registry is to hold. ``key`` names it within the run: a channel, or whose evaluator it is."""

    key: str
    kind: ContentKind
    name: str
    document: Mapping[str, Any]
    fingerprint: str
    keywords: tuple[str, ...]


def register_assets(call: Call) -> Work:
    """Have every asset in the registry, and wait until all are Available. Raises AssetImportFailed."""
    assets = list(wanted(call))
    found = {asset.key: _registered(call, asset) for asset in assets}
    pending = [key for key, content in found.items() if content.status != USABLE]
    if not pending:
        arns = {key: content.arn for key, content in found.items()}
        prints = {asset.key: asset.fingerprint for asset in assets}
        return call.reply("start", f"{len(arns)} assets are registered", Assets=arns, Fingerprints=prints)
    waited = call.waited("Importing", SECONDS)
    if waited["Importing"] > LONGEST:
        names = ", ".join(found[key].arn for key in pending)
        raise AssetImportFailed(f"after {LONGEST // 60} minutes still not imported: {names}")
    return call.reply("register_assets", f"importing {', '.join(pending)}", seconds=SECONDS, **waited)


def wanted(call: Call) -> Iterator[Asset]:
    """Every asset of the run's technique, and of its evaluation."""
    technique = str(call.run["Technique"])
    for channel, name in sorted(call.technique["Datasets"].items()):
        yield _dataset(call, channel, name, (f"customization_technique:{technique}",))
    if call.literal["EvaluationDataset"]:
        yield _dataset(call, "evaluation", call.literal["EvaluationDataset"], ())
    for key, literal in (("reward", call.technique["Evaluator"]), ("scorer", call.literal["Scorer"])):
        if literal:
            yield _evaluator(call, key, literal)


def _dataset(call: Call, channel: str, name: str, keywords: tuple[str, ...]) -> Asset:
    bucket, _, key = str(call.run["Data"][channel]).removeprefix("s3://").partition("/")
    document = {
        "DatasetType": "CUSTOMER_PROVIDED",
        "DatasetS3Bucket": bucket,
        "DatasetS3Prefix": key,
        "ConversationId": "default-conversation",
        "ConversationCheckpointId": "default-checkpoint",
        "Dependencies": [],
    }
    found = _digest([document, *checked_objects(call, channel)])
    return Asset(channel, "DataSet", name, document, found, ("method:uploaded", *keywords))


def _evaluator(call: Call, key: str, literal: Mapping[str, Any]) -> Asset:
    """Keywords as the SDK's: of a function by its ARN, of a prompt by an object in S3."""
    content = {"Reference": literal["Reference"], "EvaluatorType": literal["Type"]}
    document = {"SubType": "AWS/Evaluator", "JsonContent": json.dumps(content, sort_keys=True)}
    function = literal["Type"] == "RewardFunction"
    keywords = (
        "@subtype:aws/evaluator",
        f"@evaluatortype:{literal['Type'].lower()}",
        f"@contenttype:{'byolambda' if function else 'byocode'}",
        f"method:{'lambda' if function else 'byoc'}",
    )
    if "Base64" in literal:
        call.world.files.put(literal["Reference"], base64.b64decode(literal["Base64"]), "text/plain")
    return Asset(key, "JsonDoc", literal["Name"], document, _digest([document, literal["Code"]]), keywords)


def checked_objects(call: Call, channel: str) -> list[list[Any]]:
    """Bucket, key, ETag and size of every object of a channel that the data check has read, sorted."""
    seen = set()
    for check in call.event["Checks"]:
        for part in range(int(check["Parts"])):
            found = call.world.files.read(f"{check['Folder']}/pieces-{part}.json")
            if found is None:
                raise CustomizationRefused(f"the data check left no {check['Folder']}/pieces-{part}.json")
            pieces = (piece for piece in found[0] if piece["channel"] == channel)
            seen |= {(piece["bucket"], piece["key"], piece["etag"], piece["size"]) for piece in pieces}
    return [list(one) for one in sorted(seen)]


def _registered(call: Call, asset: Asset) -> Content:
    """The version with the asset's fingerprint, or one that is imported now."""
    registry = call.world.registry
    versions = registry.versions(asset.kind, asset.name)
    same = [one for one in versions if f"{_FINGERPRINT}{asset.fingerprint}" in one.keywords]
    for content in same:
        if content.status == USABLE or content.status in PENDING:
            return content
    failed = [one for one in same if one.status == FAILED and f"{_RUN}{call.run_id}" in one.keywords]
    if failed:
        reason = registry.describe(asset.kind, asset.name, failed[0].version).reason
        raise AssetImportFailed(f"{failed[0].arn}: {reason or 'AWS gave no reason'}")
    version = following([one.version for one in versions])
    keywords = (*asset.keywords, f"{_FINGERPRINT}{asset.fingerprint}", f"{_RUN}{call.run_id}")
    # Another run may take the number first: the next look finds what is there.
    registry.add(asset.kind, asset.name, version, asset.document, keywords=keywords)
    return Content(f"{asset.name} {version}", version, PENDING[0], keywords)


def following(versions: Sequence[str]) -> str:
    """The version after the newest: 1.0.0, 1.0.1, … 1.0.9999, 1.1.0."""
    if not versions:
        return "1.0.0"
    first, second, third = max(tuple(int(part) for part in version.split(".")) for version in versions)
    number = (first * _MOST + second) * _MOST + third + 1
    return f"{number // _MOST**2}.{number // _MOST % _MOST}.{number % _MOST}"


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
