"""Inference components of Amazon SageMaker.

``Ref`` yields the ARN, ``Fn::GetAtt`` the name (CloudFormation Template Reference). The registry schema lists
the operations of each handler. Whether an update sets the number of copies although the template's has not
changed is not documented: here it does not.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.cloudformation.providers.base import (
    Account,
    Made,
    ResourceError,
    Wanted,
    only,
    unchangeable,
    without,
)
from rehearsal.cloudformation.providers.endpoints import POLL_SECONDS, retag
from rehearsal.cloudformation.providers.typed import typed
from rehearsal.cloudformation.stack import Resource

LIMIT_SECONDS = 490 * 60.0
"""How long a handler waits (``timeoutInMinutes`` of the type's registry schema)."""

_CHANGEABLE = ("DeploymentConfig", "RuntimeConfig", "Specification", "Specifications")


@dataclass(frozen=True)
class Components:
    """``AWS::SageMaker::InferenceComponent``."""

    account: Account

    def create(self, wanted: Wanted) -> Made:
        """Create it and wait until it is in service."""
        said = without(wanted.properties, "DeploymentConfig")
        asked = typed("sagemaker", "CreateInferenceComponent", said)
        asked.setdefault("InferenceComponentName", wanted.name)
        name = asked["InferenceComponentName"]
        arn = self.account.api("sagemaker").create_inference_component(**asked)["InferenceComponentArn"]
        made = Made(arn, {"InferenceComponentArn": arn, "InferenceComponentName": name}, handle=name)
        found = self._stable(name)
        if found["InferenceComponentStatus"] != "InService":
            raise ResourceError(_told(found), made)
        return made

    def update(self, wanted: Wanted, old: Resource) -> Made:
        """Update what has changed, and wait until it is in service again."""
        unchangeable(wanted, old, *_CHANGEABLE)
        name, client = old.handle, self.account.api("sagemaker")
        if _differs(wanted, old, "Specification", "Specifications"):
            given = only(wanted.properties, "DeploymentConfig", "Specification", "Specifications")
            asked = typed("sagemaker", "UpdateInferenceComponent", given)
            client.update_inference_component(**{**asked, "InferenceComponentName": name})
            self._arrived(name)
        if _differs(wanted, old, "RuntimeConfig"):
            count = int(wanted.properties["RuntimeConfig"]["CopyCount"])
            client.update_inference_component_runtime_config(
                InferenceComponentName=name, DesiredRuntimeConfig={"CopyCount": count}
            )
            self._arrived(name)
        retag(self.account, wanted, old)
        return Made(old.physical_id, old.attributes, old.handle)

    def _arrived(self, name: str) -> None:
        found = self._stable(name)
        if found["InferenceComponentStatus"] != "InService" or "FailureReason" in found:
            raise ResourceError(_told(found))

    def delete(self, old: Resource) -> None:
        """Delete it, if there is still one."""
        try:
            self.account.api("sagemaker").delete_inference_component(InferenceComponentName=old.handle)
        except ClientError as error:
            if "Could not find inference component" not in str(error):
                raise

    def _stable(self, name: str) -> Mapping[str, Any]:
        """What DescribeInferenceComponent says once nothing happens any more."""
        waited, client = 0.0, self.account.api("sagemaker")
        while True:
            found: Mapping[str, Any] = client.describe_inference_component(InferenceComponentName=name)
            if found["InferenceComponentStatus"] in ("InService", "Failed"):
                return found
            if waited > LIMIT_SECONDS:
                raise ResourceError(f"Exceeded attempts to wait: {name} does not stabilize")
            self.account.wait(POLL_SECONDS)
            waited += POLL_SECONDS


def _differs(wanted: Wanted, old: Resource, *names: str) -> bool:
    return only(wanted.properties, *names) != only(old.properties, *names)


def _told(found: Mapping[str, Any]) -> str:
    reason = found.get("FailureReason", f"inference component is {found['InferenceComponentStatus']}")
    return f"Resource handler returned message: {reason} (HandlerErrorCode: NotStabilized)"
