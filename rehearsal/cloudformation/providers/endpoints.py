"""Models, endpoint configurations and endpoints of Amazon SageMaker.

``Ref`` yields the ARN, ``Fn::GetAtt`` the name (CloudFormation Template Reference of each type).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

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
from rehearsal.cloudformation.providers.typed import typed
from rehearsal.cloudformation.stack import Resource

POLL_SECONDS, LATER_POLL_SECONDS = 15.0, 60.0
"""How often the handler looks at an endpoint; less often after ``PATIENT_POLLS``. Not published by AWS."""

PATIENT_POLLS = 120
UPDATE_SECONDS, CREATE_SECONDS = 970 * 60.0, 160 * 60.0
"""How long a handler waits (``timeoutInMinutes`` of the type's registry schema)."""

_UNSTABLE = ("Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting")


@dataclass(frozen=True)
class Named:
    """What is never changed but for its tags: ``AWS::SageMaker::Model`` and ``EndpointConfig``."""

    account: Account
    noun: str

    def create(self, wanted: Wanted) -> Made:
        """Make it under its own name, or one that CloudFormation invents."""
        name = f"{self.noun}Name"
        asked = typed("sagemaker", f"Create{self.noun}", wanted.properties)
        asked.setdefault(name, wanted.name)
        answer = self._call("create")(**asked)
        arn = answer[f"{self.noun}Arn"]
        return Made(arn, {f"{self.noun}Arn": arn, name: asked[name]}, handle=asked[name])

    def update(self, wanted: Wanted, old: Resource) -> Made:
        """Change its tags."""
        unchangeable(wanted, old)
        retag(self.account, wanted, old)
        return Made(old.physical_id, old.attributes, old.handle)

    def delete(self, old: Resource) -> None:
        """Delete it."""
        self._call("delete")(**{f"{self.noun}Name": old.handle})

    def _call(self, verb: str) -> Callable[..., Mapping[str, Any]]:
        operation = {"Model": "model", "EndpointConfig": "endpoint_config"}[self.noun]
        found: Callable[..., Mapping[str, Any]] = getattr(
            self.account.api("sagemaker"), f"{verb}_{operation}"
        )
        return found


@dataclass(frozen=True)
class Endpoints:
    """``AWS::SageMaker::Endpoint``.

    Whether the real handler fails when SageMaker rolled an update back is not documented; it has been seen to
    be silent elsewhere. Here it fails if DescribeEndpoint says why, and takes it for a success if not.
    """

    account: Account

    def create(self, wanted: Wanted) -> Made:
        """Create it and wait until it is in service."""
        asked = typed("sagemaker", "CreateEndpoint", wanted.properties)
        asked.setdefault("EndpointName", wanted.name)
        name = asked["EndpointName"]
        arn = self.account.api("sagemaker").create_endpoint(**asked)["EndpointArn"]
        made = Made(arn, {"EndpointArn": arn, "EndpointName": name}, handle=name)
        try:
            found = self._stable(name, CREATE_SECONDS)
        except ClientError as error:
            raise ResourceError(str(error), made) from error
        if found["EndpointStatus"] != "InService":
            raise ResourceError(_told(found), made)
        return made

    def update(self, wanted: Wanted, old: Resource) -> Made:
        """Update it, unless only tags differ, and wait until it is in service again."""
        if without(wanted.properties, "Tags") != without(old.properties, "Tags"):
            self._deploy(wanted, old.handle)
        retag(self.account, wanted, old)
        return Made(old.physical_id, old.attributes, old.handle)

    def _deploy(self, wanted: Wanted, name: str) -> None:
        asked = typed("sagemaker", "UpdateEndpoint", wanted.properties)
        self.account.api("sagemaker").update_endpoint(**{**asked, "EndpointName": name})
        found = self._stable(name, UPDATE_SECONDS)
        if found["EndpointStatus"] != "InService" or "FailureReason" in found:
            raise ResourceError(_told(found))

    def delete(self, old: Resource) -> None:
        """Delete it, if there is still one."""
        client = self.account.api("sagemaker")
        try:
            client.delete_endpoint(EndpointName=old.handle)
        except ClientError as error:
            if "Could not find endpoint" not in str(error):
                raise

    def _stable(self, name: str, limit: float) -> Mapping[str, Any]:
        """What DescribeEndpoint says once nothing happens any more. ResourceError if that takes too long."""
        waited, polls = 0.0, 0
        while True:
            found = self._described(name)
            if found["EndpointStatus"] not in _UNSTABLE:
                return found
            pause = POLL_SECONDS if polls < PATIENT_POLLS else LATER_POLL_SECONDS
            if waited > limit:
                raise ResourceError(f"Exceeded attempts to wait: {name} is {found['EndpointStatus']}")
            self.account.wait(pause)
            waited, polls = waited + pause, polls + 1

    def _described(self, name: str) -> Mapping[str, Any]:
        """What DescribeEndpoint says; a handler that is throttled looks again later."""
        try:
            found: Mapping[str, Any] = self.account.api("sagemaker").describe_endpoint(EndpointName=name)
        except ClientError as error:
            if error.response["Error"].get("Code") != "ThrottlingException":
                raise
            return {"EndpointStatus": "Updating"}
        return found


def _told(found: Mapping[str, Any]) -> str:
    reason = found.get("FailureReason", f"endpoint is {found['EndpointStatus']}")
    return f"Resource handler returned message: {reason} (HandlerErrorCode: NotStabilized)"


def retag(account: Account, wanted: Wanted, old: Resource) -> None:
    """Give a resource of SageMaker the tags that the template has now."""
    now, before = tag_map(wanted.properties), tag_map(old.properties)
    client = account.api("sagemaker")
    if added := {key: value for key, value in now.items() if before.get(key) != value}:
        tags = [{"Key": key, "Value": value} for key, value in added.items()]
        client.add_tags(ResourceArn=old.physical_id, Tags=tags)
    if gone := [key for key in before if key not in now]:
        client.delete_tags(ResourceArn=old.physical_id, TagKeys=gone)
