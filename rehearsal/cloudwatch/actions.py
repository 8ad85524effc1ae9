"""What an alarm does when its state changes: it tells topics, and EventBridge.

Amazon CloudWatch user guide, "Notifying users on alarm changes" and "Alarm events and EventBridge".
"""

import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from botocore.exceptions import ClientError

from rehearsal.api import Principal
from rehearsal.cloudwatch.alarms import Alarm, Transition
from rehearsal.cloudwatch.queries import moment_of

if TYPE_CHECKING:
    from rehearsal.emulator import Emulator

SERVICE = "cloudwatch.amazonaws.com"
_ACTIONS = {"ALARM": "AlarmActions", "OK": "OKActions", "INSUFFICIENT_DATA": "InsufficientDataActions"}


def tell(emulator: "Emulator", alarm: Alarm, change: Transition) -> None:
    """Publish a change of state. A topic that refuses is noted: no caller hears of it."""
    arn = emulator.place.arn("cloudwatch", f"alarm:{alarm.name}")
    emulator.publish(_event(emulator, arn, alarm, change))
    if not alarm.request.get("ActionsEnabled", True):
        return
    for action in alarm.request.get(_ACTIONS[change.new], ()):
        if ":sns:" in action:
            _publish(emulator, action, arn, alarm, change)


def _publish(emulator: "Emulator", topic: str, arn: str, alarm: Alarm, change: Transition) -> None:
    context = {"aws:SourceArn": arn, "aws:SourceAccount": emulator.place.account}
    client = emulator.client("sns", Principal(SERVICE, "alarm", context))
    message = {
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.request.get("AlarmDescription"),
        "AWSAccountId": emulator.place.account,
        "AlarmArn": arn,
        "NewStateValue": change.new,
        "OldStateValue": change.old,
        "NewStateReason": change.reason,
        "StateChangeTime": _time(change.moment),
        "Region": emulator.place.region,
        "Trigger": {
            name: alarm.request[name] for name in ("MetricName", "Namespace") if name in alarm.request
        },
    }
    try:
        client.publish(
            TopicArn=topic, Subject=f'{change.new}: "{alarm.name}"'[:100], Message=json.dumps(message)
        )
    except ClientError as error:
        emulator.note(f"{alarm.name} could not tell {topic}: {error}")


def _event(emulator: "Emulator", arn: str, alarm: Alarm, change: Transition) -> dict[str, Any]:
    return {
        "version": "0",
        "id": str(uuid4()),
        "detail-type": "CloudWatch Alarm State Change",
        "source": "aws.cloudwatch",
        "account": emulator.place.account,
        "time": _time(change.moment),
        "region": emulator.place.region,
        "resources": [arn],
        "detail": {
            "alarmName": alarm.name,
            "state": {"value": change.new, "reason": change.reason, "timestamp": _time(change.moment)},
            "previousState": {"value": change.old},
        },
    }


def _time(moment: float) -> str:
    return moment_of(moment).strftime("%Y-%m-%dT%H:%M:%SZ")
