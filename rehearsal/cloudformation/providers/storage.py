"""Keys, buckets and tables: moto's, judged by the emulator's policies."""

from dataclasses import dataclass
from typing import Any

from rehearsal.buckets import make_bucket
from rehearsal.cloudformation.providers.base import (
    Account,
    Made,
    ResourceError,
    Wanted,
    only,
    unchangeable,
    without,
)
from rehearsal.cloudformation.stack import Resource


@dataclass(frozen=True)
class Keys:
    """``AWS::KMS::Key``; its policy is the emulator's to judge by."""

    account: Account

    def create(self, wanted: Wanted) -> Made:
        """Create the key."""
        said = only(wanted.properties, "Description", "KeySpec", "KeyUsage", "MultiRegion")
        found = self.account.api("kms").create_key(**said)["KeyMetadata"]
        self.account.emulator.resource_policies[found["Arn"]] = wanted.properties["KeyPolicy"]
        return Made(found["KeyId"], {"Arn": found["Arn"], "KeyId": found["KeyId"]})

    def update(self, wanted: Wanted, old: Resource) -> Made:
        """Replace the key's policy; how it rotates is not emulated."""
        self.account.emulator.resource_policies[old.attributes["Arn"]] = wanted.properties["KeyPolicy"]
        return Made(old.physical_id, old.attributes)

    def delete(self, old: Resource) -> None:
        """Delete the key after as many days as it says."""
        days = old.properties.get("PendingWindowInDays", 30)
        self.account.api("kms").schedule_key_deletion(KeyId=old.physical_id, PendingWindowInDays=int(days))
        del self.account.emulator.resource_policies[old.attributes["Arn"]]


@dataclass(frozen=True)
class KeyAliases:
    """``AWS::KMS::Alias``."""

    account: Account

    def create(self, wanted: Wanted) -> Made:
        """Create the alias."""
        said = wanted.properties
        self.account.api("kms").create_alias(AliasName=said["AliasName"], TargetKeyId=said["TargetKeyId"])
        return Made(said["AliasName"])

    def update(self, wanted: Wanted, old: Resource) -> Made:
        """Point it to another key."""
        said = wanted.properties
        self.account.api("kms").update_alias(AliasName=said["AliasName"], TargetKeyId=said["TargetKeyId"])
        return Made(old.physical_id)

    def delete(self, old: Resource) -> None:
        """Delete the alias."""
        self.account.api("kms").delete_alias(AliasName=old.physical_id)


@dataclass(frozen=True)
class Buckets:
    """``AWS::S3::Bucket``: versions, default encryption and events; the rest of a bucket is not emulated."""

    account: Account

    def create(self, wanted: Wanted) -> Made:
        """Create the bucket."""
        place, name = self.account.place, wanted.properties.get("BucketName", wanted.name.lower())
        make_bucket(self.account.api("s3"), name, place.region)
        self._configure(name, wanted)
        domain = f"{name}.s3.{place.region}.amazonaws.com"
        attributes = {"RegionalDomainName": domain, "DomainName": f"{name}.s3.amazonaws.com"}
        return Made(name, {"Arn": place.arn("s3", name, region="", account=""), **attributes})

    def update(self, wanted: Wanted, old: Resource) -> Made:
        """Configure it anew."""
        self._configure(old.physical_id, wanted)
        return Made(old.physical_id, old.attributes)

    def delete(self, old: Resource) -> None:
        """Delete the bucket, which must be empty."""
        self.account.api("s3").delete_bucket(Bucket=old.physical_id)
        self.account.emulator.bucket_keys.pop(old.physical_id, None)

    def _configure(self, name: str, wanted: Wanted) -> None:
        s3, said = self.account.api("s3"), wanted.properties
        if versioning := said.get("VersioningConfiguration"):
            s3.put_bucket_versioning(Bucket=name, VersioningConfiguration=versioning)
        if "EventBridgeConfiguration" in (notifications := said.get("NotificationConfiguration", {})):
            enabled = notifications["EventBridgeConfiguration"].get("EventBridgeEnabled", True)
            configuration: dict[str, Any] = {"EventBridgeConfiguration": {}} if enabled else {}
            s3.put_bucket_notification_configuration(Bucket=name, NotificationConfiguration=configuration)
        self.account.emulator.bucket_keys.pop(name, None)
        rules = said.get("BucketEncryption", {}).get("ServerSideEncryptionConfiguration", [])
        if rules:
            written = [
                {
                    "ApplyServerSideEncryptionByDefault": rule["ServerSideEncryptionByDefault"],
                    **_bucket_key(rule),
                }
                for rule in rules
            ]
            s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": written})
            if key := rules[0]["ServerSideEncryptionByDefault"].get("KMSMasterKeyID"):
                self.account.emulator.bucket_keys[name] = key


def _bucket_key(rule: dict[str, bool]) -> dict[str, bool]:
    return only(rule, "BucketKeyEnabled")


@dataclass(frozen=True)
class Tables:
    """``AWS::DynamoDB::Table``."""

    account: Account

    def create(self, wanted: Wanted) -> Made:
        """Create the table."""
        said = without(
            wanted.properties,
            "PointInTimeRecoverySpecification",
            "TimeToLiveSpecification",
            "SSESpecification",
        )
        name = said.setdefault("TableName", wanted.name)
        if encryption := dict(wanted.properties.get("SSESpecification", {})):
            said["SSESpecification"] = {
                **without(encryption, "SSEEnabled"),
                "Enabled": encryption["SSEEnabled"],
            }
        dynamodb = self.account.api("dynamodb")
        found = dynamodb.create_table(**said)["TableDescription"]
        if expiry := wanted.properties.get("TimeToLiveSpecification"):
            dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification=expiry)
        return Made(name, {"Arn": found["TableArn"], **_stream(found)})

    def update(self, wanted: Wanted, old: Resource) -> Made:
        """Backups and protection may change: nothing here depends on them."""
        unchangeable(wanted, old, "PointInTimeRecoverySpecification", "DeletionProtectionEnabled")
        return Made(old.physical_id, old.attributes)

    def delete(self, old: Resource) -> None:
        """Delete the table unless it is protected."""
        if old.properties.get("DeletionProtectionEnabled"):
            raise ResourceError(f"the table {old.physical_id} is protected against deletion")
        self.account.api("dynamodb").delete_table(TableName=old.physical_id)


def _stream(found: dict[str, str]) -> dict[str, str]:
    return {"StreamArn": found["LatestStreamArn"]} if "LatestStreamArn" in found else {}
