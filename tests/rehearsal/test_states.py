"""The states of a JSONata state machine behave as the Amazon States Language says."""

import datetime
import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st
from state_machines import Account, account

from rehearsal.states.errors import StateError, matches
from rehearsal.states.expressions import evaluate, fill

END: dict[str, Any] = {"End": True}


@pytest.fixture(scope="module")
def aws() -> Iterator[Account]:
    with account() as made:
        yield made


def passing(output: Any, **more: Any) -> dict[str, Any]:
    return {"Type": "Pass", "Output": output, **(more or END)}


def mapping(processor: dict[str, Any], *, mode: str = "INLINE", **more: Any) -> dict[str, Any]:
    config = {"Mode": mode, **({"ExecutionType": "STANDARD"} if mode == "DISTRIBUTED" else {})}
    scope = {"ProcessorConfig": config, "StartAt": next(iter(processor)), "States": processor}
    return {"Type": "Map", "ItemProcessor": scope, **END, **more}


def branches(*states: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"StartAt": next(iter(each)), "States": each} for each in states]


def choosing(condition: Any) -> dict[str, Any]:
    rule = {"Condition": condition, "Next": "S"}
    return {"C": {"Type": "Choice", "Choices": [rule]}, "S": {"Type": "Succeed"}}


ODD_FAILS = {
    "Odd?": {
        "Type": "Choice",
        "Choices": [{"Condition": "{% $states.input % 2 = 1 %}", "Next": "Fail"}],
        "Default": "Fine",
    },
    "Fail": {"Type": "Fail", "Error": "Odd", "Cause": "{% $string($states.input) & ' is odd' %}"},
    "Fine": {"Type": "Succeed"},
}

SUCCEED = {
    "a Pass gives its input": ({"P": {"Type": "Pass", **END}}, {"a": None}, {"a": None}),
    "a Pass fills its Output": (
        {"P": passing({"n": "{% $states.input.n + 1 %}", "text": "{x}", "list": ["{% 'y' %}", 1]})},
        {"n": 1},
        {"n": 2, "text": "{x}", "list": ["y", 1]},
    ),
    "an expression with a blank before it is text": ({"P": passing(" {% 1 %}")}, {}, " {% 1 %}"),
    "assigned variables last": (
        {"A": {"Type": "Pass", "Assign": {"x": 2}, "Next": "B"}, "B": passing("{% $x * 3 %}")},
        {},
        6,
    ),
    "Assign and Output see the variables as they were on entry": (
        {
            "A": {"Type": "Pass", "Assign": {"x": 1, "y": 1}, "Next": "B"},
            "B": {
                "Type": "Pass",
                "Assign": {"x": "{% $y + 1 %}", "y": "{% $x + 10 %}"},
                "Output": "{% $x %}",
                "Next": "C",
            },
            "C": passing({"before": "{% $states.input %}", "x": "{% $x %}", "y": "{% $y %}"}),
        },
        {},
        {"before": 1, "x": 2, "y": 11},
    ),
    "the first true rule of a Choice wins, with its own Output": (
        {
            "C": {
                "Type": "Choice",
                "Choices": [
                    {"Condition": "{% $states.input.n > 5 %}", "Next": "Show", "Output": "large"},
                    {"Condition": "{% $states.input.n > 1 %}", "Next": "Show", "Output": "medium"},
                ],
                "Default": "Show",
                "Output": "small",
            },
            "Show": {"Type": "Succeed"},
        },
        {"n": 3},
        "medium",
    ),
    "the Default of a Choice takes the state's Output and Assign": (
        {
            "C": {
                "Type": "Choice",
                "Choices": [{"Condition": False, "Next": "Show"}],
                "Default": "Show",
                "Output": "small",
                "Assign": {"x": 1},
            },
            "Show": {"Type": "Succeed", "Output": ["{% $states.input %}", "{% $x %}"]},
        },
        {},
        ["small", 1],
    ),
    "a Wait gives its input": ({"W": {"Type": "Wait", "Seconds": 1, **END}}, [1], [1]),
    "a Wait until a time that has passed does not wait": (
        {"W": {"Type": "Wait", "Timestamp": "{% '2020-01-01T00:00:00Z' %}", **END}},
        [1],
        [1],
    ),
    "Parallel gives its branches' outputs in order": (
        {"P": {"Type": "Parallel", "Branches": branches({"A": passing(1)}, {"B": passing(2)}), **END}},
        {},
        [1, 2],
    ),
    "Parallel's branches get its Arguments and read outer variables": (
        {
            "A": {"Type": "Pass", "Assign": {"x": 5}, "Next": "P"},
            "P": {
                "Type": "Parallel",
                "Arguments": {"n": 1},
                "Branches": branches({"B": passing("{% $states.input.n + $x %}")}),
                **END,
            },
        },
        {},
        [6],
    ),
    "a branch's variables end with it": (
        {
            "P": {
                "Type": "Parallel",
                "Branches": branches({"B": {"Type": "Pass", "Assign": {"y": 1}, **END}}),
                "Next": "Q",
            },
            "Q": passing("{% $exists($y) %}"),
        },
        {},
        False,
    ),
    "Map runs its input's items in order": (
        {"M": mapping({"A": passing("{% $states.input * 2 %}")})},
        [3, 1, 2],
        [6, 2, 4],
    ),
    "Map of nothing is nothing": ({"M": mapping({"A": passing(1)}, Items=[])}, {}, []),
    "ItemSelector and iterations see the item": (
        {
            "M": mapping(
                {"A": passing(["{% $states.input %}", "{% $states.context.Map.Item.Index %}"])},
                Items="{% $states.input.all %}",
                ItemSelector={"v": "{% $states.context.Map.Item.Value %}", "of": "{% $states.input.name %}"},
            )
        },
        {"all": ["a", "b"], "name": "n"},
        [[{"v": "a", "of": "n"}, 0], [{"v": "b", "of": "n"}, 1]],
    ),
    "a distributed Map gives its results in order": (
        {"M": mapping({"A": passing("{% $states.input & '!' %}")}, mode="DISTRIBUTED", MaxConcurrency=2)},
        ["a", "b", "c"],
        ["a!", "b!", "c!"],
    ),
    "a distributed Map does not see outer variables": (
        {
            "A": {"Type": "Pass", "Assign": {"x": 1}, "Next": "M"},
            "M": mapping({"B": passing("{% $exists($x) %}")}, mode="DISTRIBUTED", Items=[0]),
        },
        {},
        [False],
    ),
    "a distributed Map keeps failures within its tolerance": (
        {"M": mapping(ODD_FAILS, mode="DISTRIBUTED", ToleratedFailurePercentage=50)},
        [2, 3],
        [2, {"Error": "Odd", "Cause": "3 is odd"}],
    ),
    "a catcher goes on with the error and its own Output": (
        {
            "M": mapping(ODD_FAILS)
            | {
                "Catch": [
                    {"ErrorEquals": ["Even"], "Next": "Never"},
                    {
                        "ErrorEquals": ["States.ALL"],
                        "Output": {"because": "{% $states.errorOutput.Cause %}"},
                        "Assign": {"error": "{% $states.errorOutput.Error %}"},
                        "Next": "After",
                    },
                ]
            },
            "Never": {"Type": "Fail"},
            "After": passing(["{% $states.input %}", "{% $error %}"]),
        },
        [3],
        [{"because": "3 is odd"}, "Odd"],
    ),
    "a failed expression can be caught": (
        {
            "M": mapping(ODD_FAILS)
            | {
                "Items": "{% $states.input.none %}",
                "Catch": [{"ErrorEquals": ["States.QueryEvaluationError"], "Next": "After"}],
            },
            "After": passing("{% $states.input.Error %}"),
        },
        {},
        "States.QueryEvaluationError",
    ),
    "the extra functions of Step Functions": (
        {
            "P": passing(
                {
                    "partition": "{% $partition([1, 2, 3], 2) %}",
                    "range": "{% $range(0, 10, 5) %}",
                    "down": "{% $range(3, 1, -1) %}",
                    "hash": "{% $hash('abc', 'SHA-1') %}",
                    "same": "{% $random(7) = $random(7) %}",
                    "uuid": "{% $length($uuid()) %}",
                    "parse": "{% $parse('{\"a\": [null, 1]}') %}",
                }
            )
        },
        {},
        {
            "partition": [[1, 2], [3]],
            "range": [0, 5, 10],
            "down": [3, 2, 1],
            "hash": "a9993e364706816aba3e25717850c26c9cd0d89d",
            "same": True,
            "uuid": 36,
            "parse": {"a": [None, 1]},
        },
    ),
}


@pytest.mark.parametrize(("states", "data", "output"), SUCCEED.values(), ids=list(SUCCEED))
def test_states_give_what_the_specification_says(
    aws: Account, states: dict[str, Any], data: Any, output: Any
) -> None:
    ended = aws.run(states, data)
    assert (ended.status, ended.error, ended.cause) == ("SUCCEEDED", None, "")
    assert ended.output == output


FAIL: dict[str, tuple[dict[str, Any], Any, str, str]] = {
    "Fail fills Error and Cause": (
        {"F": {"Type": "Fail", "Error": "{% 'E' & '1' %}", "Cause": "{% $states.input.why %}"}},
        {"why": "because"},
        "E1",
        "because",
    ),
    "an expression that gives nothing": (
        {"P": passing({"a": ["{% $states.input.b %}"]})},
        {},
        "States.QueryEvaluationError",
        "'Output/a[0]' returned nothing (undefined)",
    ),
    "an expression that fails": (
        {"P": passing("{% 'a' + 1 %}")},
        {},
        "States.QueryEvaluationError",
        "failed",
    ),
    "a function as a result": (
        {"P": passing("{% function($x) { $x } %}")},
        {},
        "States.QueryEvaluationError",
        "unsupported result type",
    ),
    "$eval": ({"P": passing("{% $eval('1') %}")}, {}, "States.QueryEvaluationError", "$parse"),
    "a hash that is none": (
        {"P": passing("{% $hash('a', 'CRC') %}")},
        {},
        "States.QueryEvaluationError",
        "SHA-256",
    ),
    "a Condition that is no boolean": (
        {
            "C": {"Type": "Choice", "Choices": [{"Condition": "{% 1 %}", "Next": "S"}]},
            "S": {"Type": "Succeed"},
        },
        {},
        "States.QueryEvaluationError",
        "not a boolean",
    ),
    "no choice matches": (
        choosing(False),
        {},
        "States.NoChoiceMatched",
        "'C'",
    ),
    "Items that are no array": (
        {"M": mapping(ODD_FAILS)},
        {"a": 1},
        "States.QueryEvaluationError",
        "not an array",
    ),
    "an iteration": ({"M": mapping(ODD_FAILS)}, [2, 3], "Odd", "3 is odd"),
    "a branch": (
        {"P": {"Type": "Parallel", "Branches": branches(ODD_FAILS, {"A": passing(1)}), **END}},
        1,
        "Odd",
        "1 is odd",
    ),
    "a distributed Map tells only that too much failed": (
        {"M": mapping(ODD_FAILS, mode="DISTRIBUTED", ToleratedFailureCount=1)},
        [1, 2, 3],
        "States.ExceedToleratedFailureThreshold",
        "The specified tolerated failure threshold was exceeded",
    ),
    "a negative wait": (
        {"W": {"Type": "Wait", "Seconds": "{% -1 %}", **END}},
        {},
        "States.QueryEvaluationError",
        "Seconds",
    ),
    "an output above 256 KiB": (
        {"P": passing("{% $join($map([1..3000], function($i) { $pad('', 100, 'x') })) %}")},
        {},
        "States.DataLimitExceeded",
        "262144",
    ),
}


@pytest.mark.parametrize(("states", "data", "error", "cause"), FAIL.values(), ids=list(FAIL))
def test_states_fail_as_the_specification_says(
    aws: Account, states: dict[str, Any], data: Any, error: str, cause: str
) -> None:
    ended = aws.run(states, data)
    assert (ended.status, ended.error) == ("FAILED", error)
    assert cause in ended.cause


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "JSONPath": ({"P": {"Type": "Pass", "QueryLanguage": "JSONPath", **END}}, "uses JSONPath"),
    "a JSONPath field": (
        {"P": {"Type": "Pass", "ResultPath": "$.a", **END}},
        "ResultPath belongs to JSONPath",
    ),
    "an unknown field": ({"P": {"Type": "Pass", "Outputs": 1, **END}}, "/States/P/Outputs"),
    "an unknown type": ({"P": {"Type": "Pas", **END}}, "Type Pas"),
    "no way on": ({"P": {"Type": "Pass"}}, "exactly one of Next and End"),
    "a missing target": ({"P": {"Type": "Pass", "Next": "Q"}}, "Missing 'Next' target: Q"),
    "a state nobody reaches": (
        {"P": {"Type": "Pass", **END}, "Q": {"Type": "Succeed"}},
        '"Q" is not reachable',
    ),
    "a syntax error": ({"P": passing("{% 1 + %}")}, "INVALID_JSONATA_EXPRESSION"),
    "States.ALL beside another": (
        {"M": mapping(ODD_FAILS, Retry=[{"ErrorEquals": ["States.ALL", "A"]}])},
        "States.ALL must appear alone",
    ),
    "a variable of an outer scope assigned inside": (
        {
            "A": {"Type": "Pass", "Assign": {"x": 1}, "Next": "M"},
            "M": mapping({"B": {"Type": "Pass", "Assign": {"x": 2}, **END}}),
        },
        "'x' of States/M/ItemProcessor/ is already assigned",
    ),
    "the variable $states": ({"P": {"Type": "Pass", "Assign": {"states": 1}, **END}}, "reserved"),
    "an unknown service": (
        {"T": {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:nothing:here", **END}},
        "not recognized",
    ),
    "an SDK call that waits": (
        {
            "T": {
                "Type": "Task",
                "Resource": "arn:aws:states:::aws-sdk:sagemaker:createTrainingJob.sync",
                **END,
            }
        },
        "not recognized",
    ),
    "a parameter that the API does not have": (
        {
            "T": {
                "Type": "Task",
                "Resource": "arn:aws:states:::aws-sdk:s3:getObject",
                "Arguments": {"Buckett": "b"},
                **END,
            }
        },
        "'Buckett' is not supported by Step Functions",
    ),
    "botocore's spelling where the SDK for Java has another": (
        {
            "T": {
                "Type": "Task",
                "Resource": "arn:aws:states:::aws-sdk:s3:copyObject",
                "Arguments": {"SSEKMSKeyId": "k"},
                **END,
            }
        },
        "SsekmsKeyId",
    ),
}


@pytest.mark.parametrize(("states", "message"), REFUSED.values(), ids=list(REFUSED))
def test_definitions_that_cannot_run_are_refused(aws: Account, states: dict[str, Any], message: str) -> None:
    with pytest.raises(ClientError) as refused:
        aws.create(states)
    assert refused.value.response["Error"]["Code"] == "InvalidDefinition"
    assert message in refused.value.response["Error"]["Message"]


def test_a_wait_takes_its_full_time_on_the_record_only(aws: Account) -> None:
    before = datetime.datetime.now(datetime.UTC)
    ended = aws.run({"W": {"Type": "Wait", "Seconds": 86_400, **END}})
    recorded = ended.history[-1]["timestamp"] - ended.history[0]["timestamp"]
    assert recorded >= datetime.timedelta(days=1)
    assert datetime.datetime.now(datetime.UTC) - before < datetime.timedelta(seconds=5)


def test_branches_wait_beside_each_other_on_the_record(aws: Account) -> None:
    wait = {"W": {"Type": "Wait", "Seconds": 3600, **END}}
    ended = aws.run({"P": {"Type": "Parallel", "Branches": branches(wait, wait, wait), **END}})
    recorded = ended.history[-1]["timestamp"] - ended.history[0]["timestamp"]
    assert recorded < datetime.timedelta(seconds=3700)


def test_an_execution_longer_than_its_time_times_out(aws: Account) -> None:
    states = {"W": {"Type": "Wait", "Seconds": 3600, "Next": "V"}, "V": {"Type": "Succeed"}}
    ended = aws.run(states, TimeoutSeconds=60)
    assert (ended.status, ended.types()[-1]) == ("TIMED_OUT", "ExecutionTimedOut")


def test_the_history_names_every_state_and_assigned_variable(aws: Account) -> None:
    ended = aws.run({"A": {"Type": "Pass", "Assign": {"x": 1}, "Next": "B"}, "B": passing(2)}, {"i": 1})
    assert ended.types() == [
        "ExecutionStarted",
        "PassStateEntered",
        "PassStateExited",
        "PassStateEntered",
        "PassStateExited",
        "ExecutionSucceeded",
    ]
    assert [event["id"] for event in ended.history] == [1, 2, 3, 4, 5, 6]
    assert [event["previousEventId"] for event in ended.history] == [0, 1, 2, 3, 4, 5]
    exited = ended.history[2]["stateExitedEventDetails"]
    assert (exited["name"], exited["output"], exited["assignedVariables"]) == ("A", '{"i":1}', {"x": "1"})


def test_a_failed_expression_is_told_with_its_state_and_field(aws: Account) -> None:
    ended = aws.run({"P": passing({"a": "{% $none %}"})})
    assert ended.types()[-2:] == ["EvaluationFailed", "ExecutionFailed"]
    told = ended.history[-2]["evaluationFailedEventDetails"]
    assert (told["state"], told["location"]) == ("P", "Output/a")


def test_the_context_object_tells_execution_state_and_machine(aws: Account) -> None:
    machine = aws.create({"P": passing("{% $states.context %}")})
    ended = aws.execute(machine, {"i": 1})
    context = ended.output
    assert context["Execution"]["Id"] == ended.arn
    assert context["Execution"]["Name"] == ended.arn.rsplit(":", 1)[1]
    assert context["Execution"]["Input"] == {"i": 1}
    assert context["Execution"]["RedriveCount"] == 0
    assert context["State"]["Name"] == "P"
    assert context["StateMachine"]["Id"] == machine


def test_a_failing_branch_stops_the_others(aws: Account) -> None:
    slow = {f"W{n}": {"Type": "Wait", "Seconds": 3600, "Next": f"W{n + 1}"} for n in range(200)}
    slow["W200"] = {"Type": "Succeed"}
    ended = aws.run({"P": {"Type": "Parallel", "Branches": branches(slow, ODD_FAILS), **END}}, 1)
    assert ended.error == "Odd"
    assert "W200" not in ended.visited()


def test_children_of_a_distributed_map_are_executions_of_their_own(aws: Account) -> None:
    machine = aws.create(
        {"M": mapping({"A": passing("{% $states.context %}")}, mode="DISTRIBUTED", Label="Parts")}
    )
    ended = aws.execute(machine, ["only"])
    (context,) = ended.output
    assert context["Execution"]["Input"] == "only"
    assert context["Execution"]["Id"].startswith(f"{machine.replace(':stateMachine:', ':execution:')}/Parts:")
    assert "Map" not in context
    started = next(event for event in ended.history if event["type"] == "MapRunStarted")
    run = started["mapRunStartedEventDetails"]["mapRunArn"]
    listed = aws.client.list_executions(mapRunArn=run)["executions"]
    assert [child["executionArn"] for child in listed] == [context["Execution"]["Id"]]
    assert "PassStateEntered" not in ended.types()


@pytest.mark.parametrize(
    ("error", "names", "meant"),
    [
        ("A", ["A"], True),
        ("A", ["B"], False),
        ("A", ["States.ALL"], True),
        ("A", ["States.TaskFailed"], True),
        ("States.Timeout", ["States.TaskFailed"], False),
        ("States.Timeout", ["States.ALL"], True),
        ("States.HeartbeatTimeout", ["States.Timeout"], True),
        ("States.DataLimitExceeded", ["States.ALL"], False),
        ("States.DataLimitExceeded", ["States.DataLimitExceeded"], True),
        ("States.Runtime", ["States.TaskFailed", "States.ALL"], False),
    ],
)
def test_wildcards_mean_what_the_guide_says(error: str, names: list[str], meant: bool) -> None:
    assert matches(error, names) is meant


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.text(max_size=8).filter(lambda t: "{%" not in t),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(VALUES)
def test_any_json_passes_an_expression_unchanged(value: Any) -> None:
    assert evaluate("{% $states.input %}", {"states": {"input": value}}, "Output") == value


@settings(max_examples=60, deadline=None)
@given(VALUES)
def test_a_template_without_expressions_is_itself(value: Any) -> None:
    assert fill(value, {}, "Output") == value


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(), max_size=12), st.integers(1, 5))
def test_partitions_join_to_the_whole(values: list[int], size: int) -> None:
    parts = evaluate("{% $partition($v, $n) %}", {"v": values, "n": size}, "x")
    assert [value for part in parts for value in part] == values
    assert all(len(part) == size for part in parts[:-1])


def test_a_partition_of_no_size_is_an_error() -> None:
    with pytest.raises(StateError, match="positive"):
        evaluate("{% $partition([1], 0) %}", {}, "x")


def test_executions_are_named_once(aws: Account) -> None:
    machine = aws.create({"W": {"Type": "Wait", "Seconds": 3600, **END}})
    first = aws.client.start_execution(stateMachineArn=machine, name="one", input='{"a":1}')
    aws.machines.wait(first["executionArn"])
    with pytest.raises(ClientError) as taken:
        aws.client.start_execution(stateMachineArn=machine, name="one", input='{"a":1}')
    assert taken.value.response["Error"]["Code"] == "ExecutionAlreadyExists"
    with pytest.raises(ClientError) as bad:
        aws.client.start_execution(stateMachineArn=machine, name="a b")
    assert bad.value.response["Error"]["Code"] == "InvalidName"
    with pytest.raises(ClientError) as malformed:
        aws.client.start_execution(stateMachineArn=machine, input="{")
    assert malformed.value.response["Error"]["Code"] == "InvalidExecutionInput"


def test_history_and_executions_come_in_pages(aws: Account) -> None:
    machine = aws.create({"P": passing(1)})
    arns = [aws.execute(machine).arn for _ in range(3)]
    pages = aws.client.get_paginator("list_executions").paginate(
        stateMachineArn=machine, PaginationConfig={"PageSize": 2}
    )
    assert [one["executionArn"] for page in pages for one in page["executions"]] == arns[::-1]
    newest = aws.client.get_execution_history(executionArn=arns[0], reverseOrder=True, maxResults=1)
    assert newest["events"][0]["type"] == "ExecutionSucceeded"
    assert newest["nextToken"]


def test_an_update_changes_later_executions(aws: Account) -> None:
    machine = aws.create({"P": passing(1)})
    definition = json.loads(aws.client.describe_state_machine(stateMachineArn=machine)["definition"])
    definition["States"]["P"]["Output"] = 2
    aws.client.update_state_machine(stateMachineArn=machine, definition=json.dumps(definition))
    assert aws.execute(machine).output == 2
