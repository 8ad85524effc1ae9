"""Log groups, image repositories, model package groups and MLflow apps: where others put what they make."""

import json
from dataclasses import dataclass

from botocore.exceptions import ClientError

from rehearsal.cloudformation.providers.base import (
    Account,
    Made,
    ResourceError,
    Wanted,
    tag_map,
    unchangeable,
    without,
)
from rehearsal.cloudformation.stack import Resource


@dataclass(frozen=True)
class LogGroups:
    """``AWS::Logs::LogGroup``."""

    account: Account

    def create(self, wanted: Wanted) -> Made:
        """Create the log group."""
        said = wanted.properties
        name = said.get("LogGroupName", wanted.name)
        key = {"kmsKeyId": said["KmsKeyId"]} if "KmsKeyId" in said else {}
        self.account.api("logs").create_log_group(logGroupName=name, tags=tag_map(said), **key)
        self._retain(name, wanted)
        return Made(name, {"Arn": self.account.place.arn("logs", f"log-group:{name}:*")})

    def update(self, wanted: Wanted, old: Resource) -> Made:
        """Change for how long it keeps its events."""
        unchangeable(wanted, old, "RetentionInDays", "KmsKeyId")
        self._retain(old.physical_id, wanted)
        return Made(old.physical_id, old.attributes)

    def delete(self, old: Resource) -> None:
        """Delete the log group."""
        self.account.api("logs").delete_log_group(logGroupName=old.physical_id)

    def _retain(self, name: str, wanted: Wanted) -> None:
        if days := wanted.properties.get("RetentionInDays"):
            self.account.api("logs").put_retention_policy(logGroupName=name, retentionInDays=int(days))


@dataclass(frozen=True)
class Repositories:
    """``AWS::ECR::Repository``."""

    account: Account

    def create(self, wanted: Wanted) -> Made:
        """Create the repository."""
        name = wanted.properties.get("RepositoryName", wanted.name.lower())
        found = self.account.api("ecr").create_repository(repositoryName=name)["repository"]
        made = Made(name, {"Arn": found["repositoryArn"], "RepositoryUri": found["repositoryUri"]})
        _put_policy(self.account, made.attributes["Arn"], wanted, "RepositoryPolicyText")
        return made

    def update(self, wanted: Wanted, old: Resource) -> Made:
        """Replace its policy; scanning, tags and life cycle are not emulated."""
        _put_policy(self.account, old.attributes["Arn"], wanted, "RepositoryPolicyText")
        return Made(old.physical_id, old.attributes)

    def delete(self, old: Resource) -> None:
        """Delete the repository, with its images only if it says so."""
        force = bool(old.properties.get("EmptyOnDelete"))
        self.account.api("ecr").delete_repository(repositoryName=old.physical_id, force=force)
        self.account.emulator.resource_policies.pop(old.attributes["Arn"], None)


@dataclass(frozen=True)
class PackageGroups:
    """``AWS::SageMaker::ModelPackageGroup``, of the emulator's own SageMaker."""

    account: Account

    def create(self, wanted: Wanted) -> Made:
        """Create the group."""
        said = without(wanted.properties, "ModelPackageGroupPolicy")
        arn = self.account.api("sagemaker").create_model_package_group(**said)["ModelPackageGroupArn"]
        _put_policy(self.account, arn, wanted, "ModelPackageGroupPolicy")
        return Made(arn, {"ModelPackageGroupArn": arn, "ModelPackageGroupStatus": "Completed"})

    def update(self, wanted: Wanted, old: Resource) -> Made:
        """Replace its policy."""
        unchangeable(wanted, old, "ModelPackageGroupPolicy")
        _put_policy(self.account, old.physical_id, wanted, "ModelPackageGroupPolicy")
        return Made(old.physical_id, old.attributes)

    def delete(self, old: Resource) -> None:
        """Delete the group, which must hold no version."""
        name = old.properties["ModelPackageGroupName"]
        try:
            self.account.api("sagemaker").delete_model_package_group(ModelPackageGroupName=name)
        except ClientError as error:
            raise ResourceError(f"{name}: {error.response['Error']['Message']}") from error
        self.account.emulator.resource_policies.pop(old.physical_id, None)


@dataclass(frozen=True)
class TrackingApps:
    """``AWS::SageMaker::MlflowApp``, of the emulator's own SageMaker."""

    account: Account

    def create(self, wanted: Wanted) -> Made:
        """Create the app."""
        arn = self.account.api("sagemaker").create_mlflow_app(**wanted.properties)["Arn"]
        return Made(arn, {"Arn": arn, "MlflowAppId": arn.rpartition("/")[2], "Status": "Created"})

    def update(self, wanted: Wanted, old: Resource) -> Made:
        """Nothing of it can change here."""
        unchangeable(wanted, old)
        return Made(old.physical_id, old.attributes)

    def delete(self, old: Resource) -> None:
        """Delete the app."""
        self.account.api("sagemaker").delete_mlflow_app(Arn=old.physical_id)


@dataclass(frozen=True)
class Hubs:
    """``AWS::SageMaker::Hub``, of the emulator's own SageMaker."""

    account: Account

    def create(self, wanted: Wanted) -> Made:
        """Create the hub."""
        arn = self.account.api("sagemaker").create_hub(**wanted.properties)["HubArn"]
        return Made(arn, {"HubArn": arn, "HubStatus": "InService"})

    def update(self, wanted: Wanted, old: Resource) -> Made:
        """Change what people read of it."""
        texts = ("HubDescription", "HubDisplayName", "HubSearchKeywords")
        unchangeable(wanted, old, *texts)
        given = {name: wanted.properties[name] for name in texts if name in wanted.properties}
        self.account.api("sagemaker").update_hub(HubName=old.physical_id, **given)
        return Made(old.physical_id, old.attributes)

    def delete(self, old: Resource) -> None:
        """Delete the hub, which must be empty."""
        try:
            self.account.api("sagemaker").delete_hub(HubName=old.physical_id)
        except ClientError as error:
            raise ResourceError(f"{old.physical_id}: {error.response['Error']['Message']}") from error


def _put_policy(account: Account, arn: str, wanted: Wanted, name: str) -> None:
    """Judge by the policy in the property ``name`` from now on, or by none."""
    account.emulator.resource_policies.pop(arn, None)
    if policy := wanted.properties.get(name):
        text = json.loads(policy) if isinstance(policy, str) else policy
        account.emulator.resource_policies[arn] = text
