"""Alarms and dashboards of Amazon CloudWatch."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal.cloudformation.providers.base import Account, Made, Wanted, tag_map, without
from rehearsal.cloudformation.providers.typed import typed
from rehearsal.cloudformation.schemas import Properties
from rehearsal.cloudformation.stack import Resource


@dataclass(frozen=True)
class Alarms:
    """``AWS::CloudWatch::Alarm``, or ``CompositeAlarm`` with the operation ``PutCompositeAlarm``."""

    account: Account
    operation: str = "PutMetricAlarm"

    def create(self, wanted: Wanted) -> Made:
        """Put the alarm, which is in INSUFFICIENT_DATA then."""
        name = wanted.properties.get("AlarmName", wanted.name)
        self._put(name, wanted.properties)
        return Made(name, {"Arn": self._arn(name)}, handle=name)

    def update(self, wanted: Wanted, old: Resource) -> Made:
        """Put it anew, which leaves its state as it is, and change its tags."""
        self._put(old.handle, without(wanted.properties, "Tags"))
        client, arn = self.account.api("cloudwatch"), self._arn(old.handle)
        now, before = tag_map(wanted.properties), tag_map(old.properties)
        if now != before:
            client.tag_resource(ResourceARN=arn, Tags=[{"Key": k, "Value": v} for k, v in now.items()])
        if gone := [key for key in before if key not in now]:
            client.untag_resource(ResourceARN=arn, TagKeys=gone)
        return Made(old.physical_id, old.attributes, old.handle)

    def delete(self, old: Resource) -> None:
        """Delete the alarm."""
        self.account.api("cloudwatch").delete_alarms(AlarmNames=[old.handle])

    def _put(self, name: str, said: Properties) -> None:
        client = self.account.api("cloudwatch")
        calls: Mapping[str, Callable[..., Any]] = {
            "PutMetricAlarm": client.put_metric_alarm,
            "PutCompositeAlarm": client.put_composite_alarm,
        }
        calls[self.operation](**{**typed("cloudwatch", self.operation, said), "AlarmName": name})

    def _arn(self, name: str) -> str:
        return self.account.place.arn("cloudwatch", f"alarm:{name}")


@dataclass(frozen=True)
class Dashboards:
    """``AWS::CloudWatch::Dashboard``."""

    account: Account

    def create(self, wanted: Wanted) -> Made:
        """Put the dashboard; its body must be JSON."""
        name = wanted.properties.get("DashboardName", wanted.name)
        body = wanted.properties["DashboardBody"]
        self.account.api("cloudwatch").put_dashboard(DashboardName=name, DashboardBody=body)
        return Made(name, handle=name)

    def update(self, wanted: Wanted, old: Resource) -> Made:
        """Put another body."""
        body = wanted.properties["DashboardBody"]
        self.account.api("cloudwatch").put_dashboard(DashboardName=old.handle, DashboardBody=body)
        return Made(old.physical_id, old.attributes, old.handle)

    def delete(self, old: Resource) -> None:
        """Delete the dashboard."""
        self.account.api("cloudwatch").delete_dashboards(DashboardNames=[old.handle])
