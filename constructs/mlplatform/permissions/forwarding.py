"""How events get from one environment to another: the role that passes them on, the bus that takes them."""

from typing import Any

from mlplatform.names import Names
from mlplatform.permissions.grant import Grant
from mlplatform.policy import allow, deny, document, trust
from mlplatform.release_routes import bus_arn, forwarded, queue_arn, speaker
from mlplatform.settings import Environment

KIND, FORWARDS = "events", "release-forwards"
"""Kind and name of the role that passes events on: the only one that may put events into another account."""


def forwarding_role(names: Names) -> str:
    """ARN of the role with which an environment passes events on."""
    return names.role_arn(KIND, FORWARDS)


def release_forwards(settings: Environment) -> list[Grant]:
    """The policy of that role: the buses of the environments that listen; empty if none does."""
    buses = tuple(dict.fromkeys(bus_arn(route.to) for route in forwarded(settings) if route.to))
    why = "other environments hear of approvals and releases, each on a bus of its own"
    return [Grant("PassOn", ("events:PutEvents",), buses, why)] if buses else []


def forwards_trust(settings: Environment) -> dict[str, Any]:
    """Trust policy of that role: EventBridge, for exactly the rules that pass events on."""
    rules = [settings.names.arn("events", f"rule/{route.name}") for route in forwarded(settings)]
    ours = {"StringEquals": {"aws:SourceAccount": settings.account}}
    return trust("events.amazonaws.com", condition={**ours, "ArnEquals": {"aws:SourceArn": rules}})


def bus_policy(settings: Environment) -> dict[str, Any] | None:
    """Policy of the bus: the role of the one environment that speaks there, and what it speaks of.

    The keys of a request that puts events have a value per event, so the operator asks it of all of them
    (EventBridge user guide, "Send events to a custom bus in a different account").
    """
    if (who := speaker(settings)) is None:
        return None
    names, source, detail_type = who
    said = {"events:source": source, "events:detail-type": detail_type}
    return document(
        allow(
            "EnvironmentSpeaks",
            ["events:PutEvents"],
            [bus_arn(settings.names)],
            principal={"AWS": names.arn("iam", "root", region="")},
            condition={
                "ArnEquals": {"aws:PrincipalArn": forwarding_role(names)},
                "ForAllValues:StringEquals": said,
            },
        )
    )


def queue_policy(settings: Environment) -> dict[str, Any]:
    """Policy of the queue of events: TLS only; what rules of the environment deliver, and nobody else."""
    arn = queue_arn(settings.names)
    rules = settings.names.arn("events", f"rule/{settings.names.name('*')}")
    ours = {"ArnLike": {"aws:SourceArn": rules}, "StringEquals": {"aws:SourceAccount": settings.account}}
    plain = {"Bool": {"aws:SecureTransport": "false"}}
    return document(
        deny("DenyPlainTransport", ["sqs:*"], [arn], principal="*", condition=plain),
        allow(
            "TakeEvents",
            ["sqs:SendMessage"],
            [arn],
            principal={"Service": "events.amazonaws.com"},
            condition=ours,
        ),
    )
