"""EventBridge Scheduler of the rehearsal: schedules are kept and fired by hand, never by the clock."""

import datetime
import re
import uuid
from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from rehearsal.api import ApiError, ApiRequest, Parameters
from rehearsal.emulator import Emulator
from rehearsal.event_targets import Targets

# Scheduler user guide, "Schedule types": cron has six fields, rate a number and a unit, at one moment.
EXPRESSION = re.compile(
    r"cron\(\S+( \S+){5}\)|rate\(\d+ (minute|hour|day)s?\)|at\(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\)"
)


class Schedules:
    """Answers ``scheduler``; ``fire`` runs a schedule's target now."""

    def __init__(self, emulator: Emulator, targets: Targets) -> None:
        self._emulator, self._targets = emulator, targets
        self._schedules: dict[str, dict[str, Any]] = {}

    def handle(self, request: ApiRequest) -> Parameters:
        """Answer one call; raises ApiError."""
        operation = OPERATIONS.get(request.operation)
        if operation is None:
            raise ApiError("UnknownOperationException", f"scheduler:{request.operation} is not rehearsed")
        return operation(self, request.parameters)

    def fire(self, name: str) -> bool:
        """Deliver the target's Input as its role; whether it got there. A disabled schedule does nothing.

        The trust policy sees the schedule group as aws:SourceArn (Scheduler user guide, "Confused deputy
        prevention").
        """
        schedule = self._find({"Name": name})
        if schedule.get("State", "ENABLED") == "DISABLED":
            return False
        target = schedule["Target"]
        group = self._emulator.place.arn("scheduler", f"schedule-group/{schedule['GroupName']}")
        text = _filled(str(target.get("Input", "{}")), schedule, self._emulator.clock.now())
        return self._targets.deliver("scheduler.amazonaws.com", target, group, text)

    def _create(self, given: Parameters) -> Parameters:
        if str(given["Name"]) in self._schedules:
            raise ApiError("ConflictException", f"Schedule {given['Name']} already exists.", 409)
        return self._put(given)

    def _update(self, given: Parameters) -> Parameters:
        """UpdateSchedule replaces all: what is not given goes back to its default (API reference)."""
        self._find(given)
        return self._put(given)

    def _put(self, given: Parameters) -> Parameters:
        name, group = str(given["Name"]), str(given.get("GroupName") or "default")
        if group != "default":
            raise ApiError(
                "ResourceNotFoundException", f"only the default schedule group is rehearsed, not {group}"
            )
        _check(given)
        now = datetime.datetime.now(datetime.UTC)
        arn = self._emulator.place.arn("scheduler", f"schedule/{group}/{name}")
        before = self._schedules.get(name, {"CreationDate": now})
        given = {key: value for key, value in given.items() if key != "ClientToken"}
        dates = {"CreationDate": before["CreationDate"], "LastModificationDate": now}
        self._schedules[name] = {"State": "ENABLED", **given, **dates, "GroupName": group, "Arn": arn}
        return {"ScheduleArn": arn}

    def _get(self, given: Parameters) -> Parameters:
        return self._find(given)

    def _delete(self, given: Parameters) -> Parameters:
        self._find(given)
        del self._schedules[str(given["Name"])]
        return {}

    def _list(self, given: Parameters) -> Parameters:
        prefix = str(given.get("NamePrefix") or "")
        members = ("Arn", "Name", "GroupName", "State", "CreationDate", "LastModificationDate")
        found = [schedule for name, schedule in sorted(self._schedules.items()) if name.startswith(prefix)]
        listed = [
            {key: one[key] for key in members} | {"Target": {"Arn": one["Target"]["Arn"]}} for one in found
        ]
        return {"Schedules": listed}

    def _find(self, given: Parameters) -> dict[str, Any]:
        name = str(given["Name"])
        if name not in self._schedules:
            raise ApiError("ResourceNotFoundException", f"Schedule {name} does not exist.", 404)
        return self._schedules[name]


def _check(given: Parameters) -> None:
    expression, zone = str(given["ScheduleExpression"]), str(given.get("ScheduleExpressionTimezone") or "UTC")
    if not EXPRESSION.fullmatch(expression):
        raise ApiError("ValidationException", f"Invalid Schedule Expression {expression}.")
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError) as problem:
        raise ApiError("ValidationException", f"Invalid Schedule Expression Timezone {zone}.") from problem


def _filled(text: str, schedule: Mapping[str, Any], now: datetime.datetime) -> str:
    """Scheduler user guide, "Adding context attributes": the documented keywords in Input."""
    attributes = {
        "schedule-arn": str(schedule["Arn"]),
        "scheduled-time": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "execution-id": str(uuid.uuid4()),
        "attempt-number": "1",
    }
    return re.sub(r"<aws\.scheduler\.([a-z-]+)>", lambda found: attributes.get(found[1], found[0]), text)


OPERATIONS: dict[str, Callable[[Schedules, Parameters], Parameters]] = {
    "CreateSchedule": Schedules._create,
    "UpdateSchedule": Schedules._update,
    "GetSchedule": Schedules._get,
    "DeleteSchedule": Schedules._delete,
    "ListSchedules": Schedules._list,
}
