"""What starts a model's workflows by itself: who may take on the role, and which workflows it may start."""

from typing import Any

from mlplatform import workflows
from mlplatform.exports import imported
from mlplatform.permissions.grant import Grant
from mlplatform.permissions.places import via
from mlplatform.permissions.run_places import machine_arn
from mlplatform.policy import Conditions, Statement, document
from mlplatform.settings import Environment
from mlplatform.settings.products import ModelProduct

DEAD_LETTERS = "dead-letters"
"""Name of the queue that takes what could not be delivered."""


def schedules(product: ModelProduct, settings: Environment) -> dict[str, str]:
    """Workflows that start on a schedule, and ``cron(…)`` or ``rate(…)`` of each."""
    if (schedule := product.schedule) is None:
        return {}
    which = workflows.of(product, settings)
    wanted = {"train": schedule.train, "batch": schedule.batch}
    return {name: when for name, when in wanted.items() if when is not None and name in which}


def on_new_data(product: ModelProduct, settings: Environment) -> str | None:
    """The workflow that starts when new data is complete, or None."""
    workflow = product.schedule.new_data if product.schedule else None
    return workflow if workflow in workflows.of(product, settings) else None


def model_trigger(product: ModelProduct, settings: Environment) -> list[Grant]:
    """The policy of what starts the workflows of ``product``; empty if nothing does."""
    by_clock, new_data = schedules(product, settings), on_new_data(product, settings)
    machines = tuple(
        machine_arn(settings.names, product.name, name)
        for name in dict.fromkeys([*by_clock, *([new_data] if new_data else [])])
    )
    if not machines:
        return []
    start = Grant("StartWorkflows", ("states:StartExecution",), machines, "what the model's schedule says")
    return [start, *(undelivered(settings) if by_clock else [])]


def undelivered(settings: Environment) -> list[Grant]:
    """EventBridge Scheduler delivers as the role, what it could not deliver too; so does Lambda."""
    queue = settings.names.arn("sqs", settings.names.name(DEAD_LETTERS))
    key, use = (imported("LogsKeyArn", settings),), ("kms:Decrypt", "kms:GenerateDataKey")
    return [
        Grant("KeepUndelivered", ("sqs:SendMessage",), (queue,), "a start that failed is kept in the queue"),
        Grant("UseKey", use, key, "the queue is encrypted", via(settings, "sqs")),
    ]


def trigger_trust(settings: Environment) -> dict[str, Any]:
    """Trust policy of a trigger role: EventBridge and its Scheduler, for rules and schedules of ours.

    EventBridge says which rule it acts for (its user guide, "Cross-service confused deputy prevention"), its
    Scheduler only the group of the schedule (EventBridge Scheduler user guide, "Confused deputy prevention").
    """
    names = settings.names
    return document(
        _trusted("Rules", "events", names.arn("events", f"rule/{names.name('*-new-data')}"), settings),
        scheduled(settings),
    )


def scheduled(settings: Environment) -> Statement:
    """What a trust policy says of EventBridge Scheduler, for schedules of ours."""
    group = settings.names.arn("scheduler", "schedule-group/default")
    return _trusted("Schedules", "scheduler", group, settings)


def _trusted(sid: str, service: str, source: str, settings: Environment) -> Statement:
    condition: Conditions = {
        "ArnLike": {"aws:SourceArn": source},
        "StringEquals": {"aws:SourceAccount": settings.account},
    }
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"Service": f"{service}.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": dict(condition),
    }
