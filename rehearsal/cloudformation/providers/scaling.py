"""Scalable targets and scaling policies of Application Auto Scaling."""

from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.cloudformation.providers.base import Account, Made, Wanted, only, tag_map
from rehearsal.cloudformation.providers.typed import typed
from rehearsal.cloudformation.schemas import Properties
from rehearsal.cloudformation.stack import Resource

_WHICH = ("ResourceId", "ScalableDimension", "ServiceNamespace")
"""What names a scalable target; ``Ref`` yields the three joined by ``|``."""


@dataclass(frozen=True)
class Targets:
    """``AWS::ApplicationAutoScaling::ScalableTarget`` with its scheduled actions."""

    account: Account

    def create(self, wanted: Wanted) -> Made:
        """Register the target, then its schedules."""
        said = wanted.properties
        client = self.account.api("application-autoscaling")
        asked = typed("application-autoscaling", "RegisterScalableTarget", said)
        tags = {"Tags": tag_map(said)} if said.get("Tags") else {}
        client.register_scalable_target(**{**asked, **tags})
        self._schedule(said)
        reference = "|".join(str(said[name]) for name in _WHICH)
        return Made(reference, {"Id": reference}, handle=only(said, *_WHICH))

    def update(self, wanted: Wanted, old: Resource) -> Made:
        """Register it anew with other limits; schedules that are gone are deleted."""
        kept = {one["ScheduledActionName"] for one in wanted.properties.get("ScheduledActions", ())}
        for one in old.properties.get("ScheduledActions", ()):
            if one["ScheduledActionName"] not in kept:
                self.account.api("application-autoscaling").delete_scheduled_action(
                    **old.handle, ScheduledActionName=one["ScheduledActionName"]
                )
        return self.create(wanted)

    def delete(self, old: Resource) -> None:
        """Deregister it; an endpoint that was deleted before took it along."""
        try:
            self.account.api("application-autoscaling").deregister_scalable_target(**old.handle)
        except ClientError as error:
            if error.response["Error"].get("Code") != "ObjectNotFoundException":
                raise

    def _schedule(self, said: Properties) -> None:
        client = self.account.api("application-autoscaling")
        for one in said.get("ScheduledActions", ()):
            asked = typed("application-autoscaling", "PutScheduledAction", one)
            client.put_scheduled_action(**only(said, *_WHICH), **asked)


@dataclass(frozen=True)
class Policies:
    """``AWS::ApplicationAutoScaling::ScalingPolicy``."""

    account: Account

    def create(self, wanted: Wanted) -> Made:
        """Put the policy."""
        which = _target(wanted.properties)
        asked = typed("application-autoscaling", "PutScalingPolicy", wanted.properties)
        client = self.account.api("application-autoscaling")
        arn = client.put_scaling_policy(**{**asked, **which})["PolicyARN"]
        return Made(arn, {"Arn": arn}, handle={**which, "PolicyName": asked["PolicyName"]})

    def update(self, wanted: Wanted, old: Resource) -> Made:
        """Put it anew."""
        return self.create(wanted)

    def delete(self, old: Resource) -> None:
        """Delete it; a target that is gone took it along."""
        try:
            self.account.api("application-autoscaling").delete_scaling_policy(**old.handle)
        except ClientError as error:
            if error.response["Error"].get("Code") != "ObjectNotFoundException":
                raise


def _target(said: Properties) -> dict[str, Any]:
    """The target a policy is for: named by three properties, or by ``Ref`` of the target."""
    if "ScalingTargetId" in said:
        return dict(zip(_WHICH, str(said["ScalingTargetId"]).split("|"), strict=True))
    return only(said, *_WHICH)
