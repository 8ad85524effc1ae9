"""Rules and schedules reach their targets as EventBridge and its Scheduler do."""

import json
import secrets
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st
from state_machines import PLACE, Account, account, allowing

from rehearsal.event_patterns import PatternError, check, matches
from rehearsal.events import Events

OBJECT_CREATED: dict[str, Any] = {
    "source": "aws.s3",
    "detail-type": "Object Created",
    "resources": ["arn:aws:s3:::data"],
    "detail": {
        "bucket": {"name": "data"},
        "object": {"key": "credit/train/_SUCCESS", "size": 0},
        "reason": "PutObject",
        "address": "10.0.0.7",
    },
}

PATTERNS: dict[str, tuple[dict[str, Any], bool]] = {
    "an exact value": ({"source": ["aws.s3"]}, True),
    "one of several": ({"detail-type": ["Object Deleted", "Object Created"]}, True),
    "another value": ({"source": ["aws.ec2"]}, False),
    "a member of a list": ({"resources": ["arn:aws:s3:::data"]}, True),
    "inner fields": ({"detail": {"bucket": {"name": ["data"]}}}, True),
    "all fields must match": ({"source": ["aws.s3"], "detail": {"reason": ["CopyObject"]}}, False),
    "a field that is not there": ({"detail": {"other": ["x"]}}, False),
    "a number": ({"detail": {"object": {"size": [0]}}}, True),
    "a number is not its text": ({"detail": {"object": {"size": ["0"]}}}, False),
    "zero is not false": ({"detail": {"object": {"size": [False]}}}, False),
    "prefix": ({"detail": {"object": {"key": [{"prefix": "credit/"}]}}}, True),
    "prefix, other case": ({"detail": {"object": {"key": [{"prefix": "CREDIT/"}]}}}, False),
    "prefix, any case": (
        {"detail": {"object": {"key": [{"prefix": {"equals-ignore-case": "CREDIT/"}}]}}},
        True,
    ),
    "suffix": ({"detail": {"object": {"key": [{"suffix": "/_SUCCESS"}]}}}, True),
    "equals-ignore-case": ({"source": [{"equals-ignore-case": "AWS.S3"}]}, True),
    "wildcard": ({"detail": {"object": {"key": [{"wildcard": "credit/*/_SUCC*"}]}}}, True),
    "wildcard, another": ({"detail": {"object": {"key": [{"wildcard": "credit/*.csv"}]}}}, False),
    "wildcard, an escaped star": ({"detail": {"object": {"key": [{"wildcard": "credit/\\*"}]}}}, False),
    "anything-but": ({"detail": {"reason": [{"anything-but": "CopyObject"}]}}, True),
    "anything-but the value": ({"detail": {"reason": [{"anything-but": ["PutObject", "x"]}]}}, False),
    "anything-but a prefix": ({"detail": {"reason": [{"anything-but": {"prefix": "Put"}}]}}, False),
    "anything-but needs the field": ({"detail": {"other": [{"anything-but": "x"}]}}, False),
    "numeric": ({"detail": {"object": {"size": [{"numeric": [">=", 0, "<", 5]}]}}}, True),
    "numeric outside": ({"detail": {"object": {"size": [{"numeric": [">", 0]}]}}}, False),
    "exists": ({"detail": {"reason": [{"exists": True}]}}, True),
    "does not exist": ({"detail": {"version": [{"exists": False}]}}, True),
    "exists, though it should not": ({"detail": {"reason": [{"exists": False}]}}, False),
    "cidr": ({"detail": {"address": [{"cidr": "10.0.0.0/24"}]}}, True),
    "$or": ({"detail": {"$or": [{"reason": ["CopyObject"]}, {"bucket": {"name": ["data"]}}]}}, True),
    "$or of neither": ({"$or": [{"source": ["a"]}, {"source": ["b"]}]}, False),
}


@pytest.mark.parametrize(("pattern", "expected"), PATTERNS.values(), ids=list(PATTERNS))
def test_patterns_match_as_documented(pattern: dict[str, Any], expected: bool) -> None:
    check(pattern)
    assert matches(pattern, OBJECT_CREATED) is expected


@pytest.mark.parametrize("pattern", [{}, {"source": "aws.s3"}, {"source": []}, {"source": [{"begins": "a"}]}])
def test_patterns_that_are_none_are_refused(pattern: dict[str, Any]) -> None:
    with pytest.raises(PatternError):
        check(pattern)


EVENTS = st.dictionaries(
    st.text(st.characters(categories=["Ll"]), min_size=1, max_size=4),
    st.text(max_size=5) | st.integers(-9, 9) | st.booleans(),
    min_size=1,
    max_size=4,
)


@settings(max_examples=80, deadline=None)
@given(EVENTS, EVENTS)
def test_an_event_matches_the_pattern_made_of_itself_and_of_others_only_when_they_agree(
    event: dict[str, Any], other: dict[str, Any]
) -> None:
    assert matches({key: [value] for key, value in event.items()}, event)
    agrees = all(key in other and type(other[key]) is type(v) and other[key] == v for key, v in event.items())
    assert matches({key: [value] for key, value in event.items()}, other) is agrees


class Routed:
    """Events of an account, with a workflow of this test that passes its input on."""

    def __init__(self, aws: Account, events: Events) -> None:
        self.aws, self.emulator, self.events = aws, aws.emulator, events
        self.rules, self.schedules = aws.emulator.client("events"), aws.emulator.client("scheduler")
        self.test = secrets.token_hex(4)
        self.machine = aws.create({"P": {"Type": "Pass", "End": True}}, name=f"target-{self.test}")
        may = allowing("states:StartExecution", resource=self.machine)
        self.starter = self.role("starter", may, "events.amazonaws.com")
        self.scheduler = self.role("scheduler", may, "scheduler.amazonaws.com")
        self.sqs = aws.emulator.client("sqs")
        self.queue_url = self.sqs.create_queue(QueueName=f"queue-{self.test}")["QueueUrl"]
        self.queue = PLACE.arn("sqs", f"queue-{self.test}")
        self.open(self.queue, "sqs:SendMessage")
        self.seen, self.failed = len(list(aws.emulator.trace)), len(events.failures)

    def open(self, resource: str, action: str) -> None:
        """Let rules use a queue or topic, by its own policy."""
        ours = {"ArnLike": {"aws:SourceArn": PLACE.arn("events", "rule/*")}}
        statement = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": action}
        statement |= {"Resource": resource, "Condition": ours}
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        self.emulator.resource_policies[resource] = policy

    def role(self, name: str, policy: dict[str, Any], service: str) -> str:
        return self.aws.role(f"arn:aws:iam::111111111111:role/trigger/{name}-{self.test}", policy, service)

    def starters(self) -> list[str | None]:
        """Who started executions in this test."""
        calls = list(self.emulator.trace)[self.seen :]
        return [call.principal.arn for call in calls if call.action == "states:StartExecution"]

    def failures(self) -> list[dict[str, str]]:
        return self.events.failures[self.failed :]

    def end(self) -> None:
        """Leave no rules and schedules behind."""
        for rule in self.rules.list_rules()["Rules"]:
            ids = [target["Id"] for target in self.rules.list_targets_by_rule(Rule=rule["Name"])["Targets"]]
            self.rules.remove_targets(Rule=rule["Name"], Ids=ids or ["none"])
            self.rules.delete_rule(Name=rule["Name"])
        for schedule in self.schedules.list_schedules()["Schedules"]:
            self.schedules.delete_schedule(Name=schedule["Name"])

    def inputs(self) -> list[Any]:
        """Inputs of all executions of the workflow so far, oldest first."""
        self.emulator.settle()
        listed = self.aws.client.list_executions(stateMachineArn=self.machine)["executions"]
        found = [self.aws.ended(execution["executionArn"]).output for execution in listed]
        return found[::-1]

    def rule(self, name: str, pattern: dict[str, Any], **target: Any) -> str:
        given = {"Id": "T", "Arn": self.machine, "RoleArn": self.starter, **target}
        made = self.rules.put_rule(Name=name, EventPattern=json.dumps(pattern))["RuleArn"]
        self.rules.put_targets(Rule=name, Targets=[{key: value for key, value in given.items() if value}])
        return str(made)

    def dead_letters(self) -> list[dict[str, Any]]:
        self.emulator.settle()
        received = self.sqs.receive_message(
            QueueUrl=self.queue_url, MessageAttributeNames=["All"], MaxNumberOfMessages=10
        )
        return list(received.get("Messages", ()))


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[Account, Events]]:
    with account() as aws:
        yield aws, Events(aws.emulator)


@pytest.fixture
def routed(running: tuple[Account, Events]) -> Iterator[Routed]:
    made = Routed(*running)
    yield made
    made.end()


MARKER = {
    "source": ["aws.s3"],
    "detail-type": ["Object Created"],
    "detail": {"object": {"key": ["credit/train/_SUCCESS"]}},
}


def test_a_new_object_starts_a_workflow_as_the_rules_role(routed: Routed) -> None:
    routed.rule("new-data", MARKER, Input='{"from":"rule"}')
    s3 = routed.emulator.client("s3")
    s3.create_bucket(Bucket="data", CreateBucketConfiguration={"LocationConstraint": PLACE.region})
    s3.put_object(Bucket="data", Key="credit/train/part.csv", Body=b"1")
    assert routed.inputs() == []
    s3.put_object(Bucket="data", Key="credit/train/_SUCCESS", Body=b"")
    assert routed.inputs() == [{"from": "rule"}]
    assert routed.starters() == [routed.starter]


def test_targets_get_what_their_input_says(routed: Routed) -> None:
    everything = {"source": ["shop"]}
    transformer = {
        "InputPathsMap": {"key": "$.detail.items[1].key", "n": "$.detail.n", "none": "$.detail.none"},
        "InputTemplate": '{"key": "<key>", "text": "n is <n>", "n": <n>, "none": <none>}',
    }
    routed.rule("a-whole", everything)
    routed.rule("b-path", everything, InputPath="$.detail")
    routed.rule("c-transformed", everything, InputTransformer=transformer)
    detail = {"items": [{}, {"key": "k"}], "n": 3}
    entry = {"Source": "shop", "DetailType": "Sold", "Detail": json.dumps(detail)}
    assert routed.rules.put_events(Entries=[entry])["FailedEntryCount"] == 0
    whole, path, transformed = routed.inputs()
    assert (whole["detail-type"], whole["detail"], whole["region"]) == ("Sold", detail, PLACE.region)
    assert path == detail
    assert transformed == {"key": "k", "text": "n is 3", "n": 3, "none": None}


def test_disabled_and_schedule_rules_stay_silent(routed: Routed) -> None:
    routed.rule("off", {"source": ["shop"]})
    routed.rules.disable_rule(Name="off")
    routed.rules.put_rule(Name="hourly", ScheduleExpression="rate(1 hour)")
    target = {"Id": "T", "Arn": routed.machine, "RoleArn": routed.starter}
    routed.rules.put_targets(Rule="hourly", Targets=[target])
    entry = {"Source": "shop", "DetailType": "Sold", "Detail": "{}"}
    routed.rules.put_events(Entries=[entry])
    assert routed.inputs() == []
    routed.rules.enable_rule(Name="off")
    routed.rules.put_events(Entries=[entry])
    assert len(routed.inputs()) == 1


@pytest.mark.parametrize(
    ("policy", "service", "problem"),
    [
        (
            allowing("states:StartExecution", resource="arn:aws:states:*:*:stateMachine:x"),
            "events",
            "StartExecution",
        ),
        (allowing("states:StartExecution"), "scheduler", "AccessDenied"),
    ],
)
def test_what_cannot_be_delivered_goes_to_the_dead_letter_queue(
    routed: Routed, policy: dict[str, Any], service: str, problem: str
) -> None:
    role = routed.role("unable", policy, f"{service}.amazonaws.com")
    rule = routed.rule(
        "r", {"source": ["shop"]}, RoleArn=role, Input="{}", DeadLetterConfig={"Arn": routed.queue}
    )
    routed.rules.put_events(Entries=[{"Source": "shop", "DetailType": "Sold", "Detail": "{}"}])
    (letter,) = routed.dead_letters()
    assert letter["Body"] == "{}"
    assert letter["MessageAttributes"]["RULE_ARN"]["StringValue"] == rule
    assert problem in letter["MessageAttributes"]["ERROR_MESSAGE"]["StringValue"]
    assert routed.inputs() == []
    assert [failure["target"] for failure in routed.failures()] == [routed.machine]


def test_queues_and_topics_are_targets_as_well(routed: Routed) -> None:
    topic = routed.emulator.client("sns").create_topic(Name="topic")["TopicArn"]
    routed.open(topic, "sns:Publish")
    routed.rule("to-queue", {"source": ["shop"]}, Arn=routed.queue, RoleArn=None)
    routed.rule("to-topic", {"source": ["shop"]}, Arn=topic, RoleArn=None)
    routed.rules.put_events(Entries=[{"Source": "shop", "DetailType": "Sold", "Detail": '{"n":1}'}])
    (letter,) = routed.dead_letters()
    assert json.loads(letter["Body"])["detail"] == {"n": 1}
    assert routed.failures() == []


def test_a_queue_whose_policy_does_not_allow_the_rule_gets_nothing(routed: Routed) -> None:
    del routed.emulator.resource_policies[routed.queue]
    routed.rule("to-queue", {"source": ["shop"]}, Arn=routed.queue, RoleArn=None)
    routed.rules.put_events(Entries=[{"Source": "shop", "DetailType": "Sold", "Detail": "{}"}])
    assert routed.dead_letters() == []
    (failure,) = routed.failures()
    assert "sqs:SendMessage" in failure["problem"]


def test_the_end_of_an_execution_is_an_event(routed: Routed) -> None:
    pattern = {"source": ["aws.states"], "detail": {"status": ["FAILED"]}}
    routed.rule("failed", pattern, Arn=routed.queue, RoleArn=None)
    ended = routed.aws.run({"F": {"Type": "Fail", "Error": "E", "Cause": "c"}})
    (letter,) = routed.dead_letters()
    detail = json.loads(letter["Body"])["detail"]
    assert (detail["executionArn"], detail["error"], detail["cause"]) == (ended.arn, "E", "c")


def schedule(routed: Routed, **given: Any) -> None:
    target = {
        "Arn": routed.machine,
        "RoleArn": routed.scheduler,
        "Input": '{"from":"<aws.scheduler.schedule-arn>"}',
    }
    routed.schedules.create_schedule(
        **{
            "Name": "monthly",
            "ScheduleExpression": "cron(0 3 1 * ? *)",
            "ScheduleExpressionTimezone": "Europe/Berlin",
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": target,
            **given,
        }
    )


def test_a_fired_schedule_starts_its_workflow_as_its_role(routed: Routed) -> None:
    schedule(routed)
    assert routed.events.fire("monthly")
    made = routed.schedules.get_schedule(Name="monthly")
    assert routed.inputs() == [{"from": made["Arn"]}]
    assert routed.starters() == [routed.scheduler]


def test_a_schedule_writes_dead_letters_as_its_role(routed: Routed) -> None:
    may = {"able": allowing("sqs:SendMessage", resource=routed.queue), "unable": allowing("sqs:GetQueueUrl")}
    for name, policy in may.items():
        role = routed.role(name, policy, "scheduler.amazonaws.com")
        target = {"Arn": routed.machine, "RoleArn": role, "Input": f'"{name}"'}
        schedule(routed, Name=name, Target={**target, "DeadLetterConfig": {"Arn": routed.queue}})
        assert not routed.events.fire(name)
    assert [letter["Body"] for letter in routed.dead_letters()] == ['"able"']


def test_a_disabled_schedule_does_nothing(routed: Routed) -> None:
    schedule(routed, State="DISABLED")
    assert not routed.events.fire("monthly")
    assert routed.inputs() == []


@pytest.mark.parametrize(
    "wrong",
    [{"ScheduleExpression": "cron(0 3 1 * ?)"}, {"ScheduleExpressionTimezone": "Mars/Base"}],
)
def test_schedules_that_are_none_are_refused(routed: Routed, wrong: dict[str, str]) -> None:
    with pytest.raises(ClientError, match="Invalid Schedule Expression"):
        schedule(routed, **wrong)


def test_a_rule_with_targets_is_not_deleted_by_accident(routed: Routed) -> None:
    routed.rule("r", {"source": ["shop"]})
    with pytest.raises(ClientError, match="has targets"):
        routed.rules.delete_rule(Name="r")
    routed.rules.remove_targets(Rule="r", Ids=["T"])
    routed.rules.delete_rule(Name="r")
    with pytest.raises(ClientError, match="does not exist"):
        routed.rules.describe_rule(Name="r")


def test_events_in_the_name_of_aws_are_refused(routed: Routed) -> None:
    entry = {"Source": "aws.s3", "DetailType": "Object Created", "Detail": "{}"}
    assert routed.rules.put_events(Entries=[entry])["FailedEntryCount"] == 1


def test_an_event_is_passed_on_to_a_bus_by_a_role_that_may_and_by_no_other(routed: Routed) -> None:
    bus = routed.rules.create_event_bus(Name=f"bus-{routed.test}")["EventBusArn"]
    name = bus.rpartition("/")[2]
    pattern = {"source": ["our.app"]}
    rule = routed.rules.put_rule(Name="there", EventBusName=name, EventPattern=json.dumps(pattern))["RuleArn"]
    target = {"Id": "T", "Arn": routed.machine, "RoleArn": routed.starter}
    routed.rules.put_targets(Rule="there", EventBusName=name, Targets=[target])
    entry = {"Source": "our.app", "DetailType": "Done", "Detail": '{"n": 1}'}
    assert rule == PLACE.arn("events", f"rule/{name}/there")
    may = routed.role("speaker", allowing("events:PutEvents", resource=bus), "events.amazonaws.com")
    routed.rule("silent", pattern, Arn=bus)
    routed.rules.put_events(Entries=[entry])
    assert routed.inputs() == []
    assert [failure["target"] for failure in routed.failures()] == [bus]

    routed.rule("silent", pattern, Arn=bus, RoleArn=may)
    routed.rules.put_events(Entries=[entry])
    (event,) = routed.inputs()
    assert (event["source"], event["detail"]) == ("our.app", {"n": 1})

    with pytest.raises(ClientError, match="Cannot delete event bus"):
        routed.rules.delete_event_bus(Name=name)
    routed.rules.remove_targets(Rule="there", EventBusName=name, Ids=["T"])
    routed.rules.delete_rule(Name="there", EventBusName=name)
    routed.rules.delete_event_bus(Name=name)
    with pytest.raises(ClientError, match="does not exist"):
        routed.rules.list_rules(EventBusName=name)
