"""The commands about releases, with the real workflows; the test says what their function answers."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from serving_templates import COMPONENTS, credit, settings_in
from state_machines import Account, account
from workflow_models import SERVED, SOURCE, product

from mlplatform import workflows
from mlplatform.permissions.run_places import machine_arn
from mlplatform.settings import Environment
from rehearsal.api import REHEARSAL, ApiError, ApiRequest, Parameters, Place
from tools import ab_test, confirm, lifecycle, protect, release, rollback, status

MODEL = "credit-approval"
Work = dict[str, Any]


def work(following: str, message: str, **more: Any) -> Work:
    """What a step answers."""
    blank = {"Seconds": 0, "ReleaseId": "abcdefghij", "Version": 8, "Package": f"arn:…/{MODEL}/8"}
    return {
        **blank,
        "Outcome": "",
        "Report": "",
        "Subject": "release",
        **more,
        "Next": following,
        "Message": message,
    }


class Answers:
    """Functions, notifications, the stack and the endpoint: they answer what the test says."""

    def __init__(self) -> None:
        self.steps: dict[str, Work] = {}
        self.called: list[dict[str, Any]] = []
        self.stack: dict[str, Any] = {}
        self.policy: str | None = None
        self.endpoint: dict[str, Any] | None = None
        self.changes: list[str] = []

    def function(self, request: ApiRequest) -> Parameters:
        payload = json.loads(request.parameters["Payload"])
        self.called.append(payload)
        return {"StatusCode": 200, "Payload": json.dumps(self.steps[payload["Step"]]).encode()}

    def notification(self, _: ApiRequest) -> Parameters:
        return {"MessageId": "1"}

    def cloudformation(self, request: ApiRequest) -> Parameters:
        if request.operation == "DescribeStacks":
            return {"Stacks": [self.stack] if self.stack else []}
        if request.operation == "GetStackPolicy":
            return {"StackPolicyBody": self.policy} if self.policy else {}
        self.changes.append(request.operation)
        if request.operation == "SetStackPolicy":
            self.policy = request.parameters["StackPolicyBody"]
            return {}
        self.stack["EnableTerminationProtection"] = request.parameters["EnableTerminationProtection"]
        return {"StackId": self.stack["StackId"]}

    def sagemaker(self, request: ApiRequest) -> Parameters:
        if self.endpoint is None:
            name = request.parameters["EndpointName"]
            raise ApiError("ValidationException", f'Could not find endpoint "{name}".')
        return self.endpoint


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Account, Environment, Path]]:
    """An account with the workflows of a model that serves, its settings, and the folder of environments."""
    folder = tmp_path_factory.mktemp("serving")
    model, settings = product(folder, SERVED, {"serving": {"ab_test": {}}})
    with account(Place("aws", settings.region, settings.account)) as made:
        for name in workflows.releases(model, settings):
            states = workflows.compiled(name, model, settings, SOURCE)["States"]
            machine = settings.names.name(f"{MODEL}-{name}", kind="workflow")
            made.create(states, name=machine, role=made.everything)
        ledger = settings.names.name("release-ledger")
        keys = [("endpoint", "HASH"), ("record", "RANGE")]
        made.emulator.client("dynamodb").create_table(
            TableName=ledger,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key, _ in keys],
            KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in keys],
        )
        yield made, settings, folder / "environments"


@pytest.fixture
def answers(deployed: tuple[Account, Environment, Path], monkeypatch: pytest.MonkeyPatch) -> Answers:
    """What the services answer; the credentials of the account are active."""
    made, settings, _ = deployed
    found = Answers()
    made.emulator.register("lambda", found.function)
    made.emulator.register("sns", found.notification)
    made.emulator.register("cloudformation", found.cloudformation)
    made.emulator.register("sagemaker", found.sagemaker)
    for name, value in made.emulator.credentials(REHEARSAL).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", made.emulator.endpoint)
    monkeypatch.setenv("AWS_DEFAULT_REGION", settings.region)
    monkeypatch.setattr("tools.releases.POLL_SECONDS", 0.05)
    return found


Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(
    deployed: tuple[Account, Environment, Path], answers: Answers, capsys: pytest.CaptureFixture[str]
) -> Command:
    """Runs a command for the model: its exit code, output and errors."""

    def run(tool: Any, *more: str, model: str | None = MODEL) -> tuple[int, str, str]:
        given = ["dev", *([model] if model else []), *more, "--folder", str(deployed[2])]
        code = tool.main(given)
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


RELEASED = work("end", "version 8 serves", Outcome="released")


def test_a_release_that_ends_well_says_what_serves(run: Command, answers: Answers) -> None:
    answers.steps = {"admit": work("record", "admitted"), "record": RELEASED}
    code, printed, _ = run(release, "--version", "8")
    assert code == 0
    assert answers.called[0]["Input"] == {"version": 8}
    lines = printed.splitlines()
    assert lines[0].startswith(
        "release credit-approval in dev: arn:aws:states:eu-west-1:111122223333:execution:"
    )
    assert lines[1] == "it watches the version beside production for 60 minutes"
    assert [line.split("  ")[2].strip() for line in lines if line.startswith("  0:")] == [
        "Admit",
        "Record",
        "Tell how it ended",
        "Done",
    ]
    assert {"Outcome: released", "Version: 8", "Message: version 8 serves"} <= set(lines)


def test_an_a_b_test_says_which_shares_it_gives_and_how_to_end_it(run: Command, answers: Answers) -> None:
    answers.steps = {"admit_challenger": work("record", "admitted"), "record": RELEASED}
    code, printed, _ = run(ab_test, "--version", "8")
    assert code == 0
    assert answers.called[0]["Input"] == {"version": 8}
    lines = printed.splitlines()
    assert lines[0].startswith("A/B test of credit-approval in dev: arn:aws:states:eu-west-1:111122223333:")
    assert lines[1:3] == [
        "it gives the version 10, 25, 50, 100 % of the requests, 4 days in all, 14 at most",
        "it goes on when this command is stopped; to end it: make rollback ENV=dev MODEL=credit-approval",
    ]


def test_an_a_b_test_takes_the_number_of_a_version_and_no_arn(run: Command, answers: Answers) -> None:
    code, _, errors = run(ab_test, "--version", PACKAGE)
    assert (code, answers.called) == (2, [])
    assert errors.startswith("ab-test: VERSION must be a version's number, given 'arn:aws:")


def test_a_release_that_is_rejected_fails_with_the_reason(run: Command, answers: Answers) -> None:
    answers.steps = {"admit": work("end", "version 8 was rejected by the judge", Outcome="rejected")}
    code, _, errors = run(release)
    assert code == 1
    assert errors.startswith("failed: ReleaseRejected\nversion 8 was rejected by the judge (what to do: ")
    assert answers.called[0]["Input"] == {}


def test_the_same_name_follows_what_runs_and_is_refused_once_it_has_ended(
    run: Command, answers: Answers
) -> None:
    answers.steps = {"admit": RELEASED}
    assert run(release, "--name", "commit-1")[0] == 0
    code, _, errors = run(release, "--name", "commit-1", "--version", "9")
    assert code == 2
    assert "ExecutionAlreadyExists" in errors
    assert "(what to do: choose another NAME" in errors


def test_a_rollback_says_what_it_will_do_before_anything_else(run: Command, answers: Answers) -> None:
    answers.steps = {
        "plan": work("take_over", "Brings back version 7 in place of version 8."),
        "take_over": work("end", "version 7 serves", Outcome="released"),
    }
    code, printed, _ = run(rollback, "--to", "7", "--reason", "complaints")
    assert code == 0
    assert printed.splitlines()[0] == "Brings back version 7 in place of version 8."
    assert answers.called[0]["Input"] == {"to": 7, "reason": "complaints"}


def test_a_rollback_that_cannot_plan_says_so_and_fails(run: Command, answers: Answers) -> None:
    failed = work("end", "there is no version to go back to", Outcome="failed")
    answers.steps = {"plan": failed}
    code, printed, errors = run(rollback)
    assert code == 1
    assert printed.startswith("there is no version to go back to\n")
    assert "there is no version to go back to" in errors


@pytest.fixture
def asking(deployed: tuple[Account, Environment, Path], answers: Answers) -> Iterator[str]:
    """ARN of a release that waits for a person's answer."""
    made, settings, _ = deployed
    answers.steps = {
        "admit": work("confirm", "version 8 served in staging since Monday"),
        "confirmed": RELEASED,
        "declined": work("end", "declined by somebody", Outcome="declined"),
    }
    machine = machine_arn(settings.names, MODEL, "release")
    arn = made.client.start_execution(stateMachineArn=machine)["executionArn"]
    waits = made.client.get_execution_history
    while not any(e["type"] == "TaskSubmitted" for e in waits(executionArn=arn)["events"]):
        pass
    yield arn
    if made.client.describe_execution(executionArn=arn)["status"] == "RUNNING":
        made.client.stop_execution(executionArn=arn)
    made.ended(arn)


def test_a_person_confirms_in_their_own_name(
    run: Command, answers: Answers, asking: str, deployed: tuple[Account, Environment, Path]
) -> None:
    code, printed, _ = run(confirm)
    assert code == 0
    assert "version 8 served in staging since Monday" in printed
    assert printed.splitlines()[-1].startswith("confirmed: the release goes on, by arn:aws:")
    assert deployed[0].ended(asking).status == "SUCCEEDED"
    answer = answers.called[-1]["Input"]["Answer"]
    assert answer["Confirmed"] is True
    assert answer["By"].startswith("arn:aws:")


def test_a_person_declines(
    run: Command, answers: Answers, asking: str, deployed: tuple[Account, Environment, Path]
) -> None:
    assert run(confirm, "--answer", "decline")[0] == 0
    assert deployed[0].ended(asking).output["Outcome"] == "declined"
    assert answers.called[-1]["Step"] == "declined"


def test_what_nobody_asks_is_not_answered(run: Command) -> None:
    assert run(confirm) == (2, "", "confirm: no release waits for an answer\n")


def test_several_questions_are_told_apart_by_the_name(
    run: Command, answers: Answers, asking: str, deployed: tuple[Account, Environment, Path]
) -> None:
    made, settings, _ = deployed
    machine = machine_arn(settings.names, MODEL, "release")
    other = made.client.start_execution(stateMachineArn=machine, name="other")["executionArn"]
    while not any(
        e["type"] == "TaskSubmitted" for e in made.client.get_execution_history(executionArn=other)["events"]
    ):
        pass
    code, _, errors = run(confirm)
    assert code == 2
    assert errors.startswith("confirm: several releases wait, say which: NAME=")
    assert run(confirm, "--name", "other")[0] == 0
    assert made.ended(other).status == "SUCCEEDED"
    assert made.client.describe_execution(executionArn=asking)["status"] == "RUNNING"


def test_an_answer_to_what_has_been_answered_is_refused_in_one_line(
    run: Command, asking: str, monkeypatch: pytest.MonkeyPatch, deployed: tuple[Account, Environment, Path]
) -> None:
    machine = machine_arn(deployed[1].names, MODEL, "release")
    (asked,) = confirm.waiting(deployed[0].client, machine)
    assert run(confirm)[0] == 0
    monkeypatch.setattr(confirm, "waiting", lambda *_: [asked])
    code, _, errors = run(confirm)
    assert code == 2
    assert errors.startswith("confirm: An error occurred (TaskTimedOut)")
    assert errors.endswith("(it was answered already, or the time to answer is over)\n")


@pytest.mark.parametrize(
    ("tool", "more", "what"),
    [
        (release, ("--version", "newest"), "VERSION must be a version's number or its ARN, given 'newest'"),
        (release, ("--version", "0"), "VERSION must be"),
        (rollback, ("--to", "arn:aws:s3:::bucket"), "TO must be"),
    ],
)
def test_what_names_no_version_starts_nothing(
    run: Command, answers: Answers, tool: Any, more: tuple[str, ...], what: str
) -> None:
    code, _, errors = run(tool, *more)
    assert (code, answers.called) == (2, [])
    assert what in errors


@pytest.mark.parametrize("tool", [release, ab_test, rollback, confirm])
def test_a_model_that_is_not_there_is_refused_with_those_that_are(run: Command, tool: Any) -> None:
    code, _, errors = run(tool, model="credit")
    assert code == 2
    assert errors.endswith(": no model credit in dev, there is: credit-approval\n")


STACK = {
    "StackName": "acme-dev-serving-credit-approval",
    "StackId": "arn:aws:cloudformation:eu-west-1:111122223333:stack/acme-dev-serving-credit-approval/1",
    "CreationTime": "2026-01-01T00:00:00Z",
    "StackStatus": "UPDATE_COMPLETE",
    "EnableTerminationProtection": False,
}
PACKAGE = "arn:aws:sagemaker:eu-west-1:111122223333:model-package/acme-dev-credit-approval/8"


def test_protecting_says_what_it_changed_and_changes_nothing_twice(run: Command, answers: Answers) -> None:
    answers.stack = dict(STACK)
    code, printed, _ = run(protect, model=None)
    assert (code, printed) == (
        0,
        "acme-dev-serving-credit-approval: updates can no longer delete or replace the endpoint; "
        "the stack can no longer be deleted\n",
    )
    assert answers.changes == ["SetStackPolicy", "UpdateTerminationProtection"]
    assert run(protect, model=None)[1] == "acme-dev-serving-credit-approval: protected already\n"
    assert len(answers.changes) == 2


@pytest.mark.parametrize("stack", [{}, {**STACK, "StackStatus": "ROLLBACK_COMPLETE"}])
def test_a_stack_that_is_not_there_is_not_protected(
    run: Command, answers: Answers, stack: dict[str, Any]
) -> None:
    answers.stack = stack
    code, printed, _ = run(protect, model=None)
    assert (code, printed) == (1, "acme-dev-serving-credit-approval: not deployed yet\n")


def test_what_protects_a_stack_is_what_a_release_asks_for(tmp_path: Path) -> None:
    from release.situation import ANSWERING, denies_loss

    settings = settings_in(tmp_path)
    whole, copies = (credit(settings, **given) for given in ({}, COMPONENTS))
    assert denies_loss(json.dumps(protect.policy(whole.product)))
    assert not denies_loss(json.dumps(protect.policy(whole.product)), "InferenceComponent")
    assert all(denies_loss(json.dumps(protect.policy(copies.product)), one) for one in ANSWERING)


def serves(answers: Answers, config: str = "config-8") -> None:
    """Version 8 serves, on that configuration."""
    outputs = {"LiveEndpointConfigName": "config-8", "ProductionModelPackageArn": PACKAGE}
    answers.stack = {**STACK, "Outputs": [{"OutputKey": k, "OutputValue": v} for k, v in outputs.items()]}
    answers.endpoint = {
        "EndpointName": "acme-dev-credit-approval",
        "EndpointArn": "arn:aws:sagemaker:eu-west-1:111122223333:endpoint/acme-dev-credit-approval",
        "EndpointConfigName": config,
        "EndpointStatus": "InService",
        "CreationTime": "2026-01-01T00:00:00Z",
        "LastModifiedTime": "2026-01-01T00:00:00Z",
    }


@contextmanager
def in_ledger(deployed: tuple[Account, Environment, Path], record: str, **content: Any) -> Iterator[None]:
    """The ledger has this record of the model."""
    made, settings, _ = deployed
    table, client = settings.names.name("release-ledger"), made.emulator.client("dynamodb")
    key = {"endpoint": {"S": settings.names.endpoint(MODEL)}, "record": {"S": record}}
    client.put_item(TableName=table, Item={**key, **content})
    yield
    client.delete_item(TableName=table, Key=key)


@pytest.fixture
def live(deployed: tuple[Account, Environment, Path]) -> Iterator[None]:
    """The ledger says that version 8 serves."""
    content = {
        "package": {"S": PACKAGE},
        "version": {"N": "8"},
        "previous": {"S": PACKAGE.replace("/8", "/7")},
        "since": {"S": "2026-11-20T08:00:00Z"},
        "approved_by": {"S": "anna"},
    }
    with in_ledger(deployed, "live", **content):
        yield


def test_status_says_what_serves_in_one_line_per_model(run: Command, answers: Answers, live: None) -> None:
    serves(answers)
    code, printed, _ = run(status, model=None)
    assert code == 0
    header, _, row = printed.splitlines()
    assert header.split() == ["model", "mode", "serves", "since", "approved", "by", "before", "under", "way"]
    expected = "credit-approval realtime version 8 2026-11-20T08:00:00Z anna version 7 -"
    assert row.split() == expected.split()


def test_status_says_what_is_under_way_and_how_to_answer_it(
    run: Command, answers: Answers, live: None, asking: str
) -> None:
    serves(answers)
    code, printed, _ = run(status, model=None)
    assert code == 0
    assert "release: waits for an answer" in printed
    assert printed.splitlines()[3:] == [
        f"credit-approval: release {asking}",
        "  version 8 served in staging since Monday",
        "  to answer: make confirm ENV=dev MODEL=credit-approval, or with ANSWER=decline",
    ]


def test_status_fails_when_what_serves_is_not_what_the_stack_says(
    run: Command, answers: Answers, live: None
) -> None:
    serves(answers, config="config-7")
    code, printed, _ = run(status, model=None)
    assert code == 1
    assert printed.splitlines()[3] == (
        "credit-approval: the endpoint's configuration is config-7, the stack says config-8"
    )
    answers.endpoint = None
    assert "the ledger says version 8 serves, and there is no endpoint" in run(status, model=None)[1]


def test_status_fails_when_a_challenger_was_left_behind(run: Command, answers: Answers, live: None) -> None:
    serves(answers)
    assert answers.endpoint is not None
    answers.endpoint["ProductionVariants"] = [{"VariantName": "production"}, {"VariantName": "challenger"}]
    code, printed, _ = run(status, model=None)
    assert code == 1
    assert "a challenger answers beside production, and no A/B test runs" in printed


def test_before_the_first_release_nothing_is_wrong(run: Command, answers: Answers) -> None:
    code, printed, _ = run(status, model=None)
    assert (code, "not deployed" in printed) == (0, True)
    answers.stack = dict(STACK)
    code, printed, _ = run(status, model=None)
    assert (code, "nothing yet" in printed) == (0, True)


def test_a_stack_that_could_not_go_back_is_named_with_what_to_do(
    run: Command, answers: Answers, live: None
) -> None:
    serves(answers)
    answers.stack["StackStatus"] = "UPDATE_ROLLBACK_FAILED"
    code, printed, _ = run(status, model=None)
    assert code == 1
    assert "the stack is in UPDATE_ROLLBACK_FAILED: make rollback tries the way back once" in printed


@pytest.fixture
def away(deployed: tuple[Account, Environment, Path]) -> Iterator[None]:
    """The ledger says that the model is paused."""
    said = {"since": "2026-11-21T08:00:00Z", "by": "anna", "reason": "weekend"}
    content = {name: {"S": value} for name, value in said.items()}
    with in_ledger(deployed, "paused", **content, retired={"BOOL": False}):
        yield


def test_status_says_since_when_a_model_is_paused_and_how_it_comes_back(
    run: Command, answers: Answers, live: None, away: None
) -> None:
    serves(answers)
    answers.endpoint = None
    answers.stack["Outputs"].append({"OutputKey": "Paused", "OutputValue": "true"})
    code, printed, _ = run(status, model=None)
    assert code == 0
    assert "version 8, paused since 2026-11-21T08:00:00Z" in printed
    assert printed.splitlines()[3:] == [
        "credit-approval: has no endpoint (anna: weekend); to bring it back: make resume ENV=dev "
        "MODEL=credit-approval"
    ]


def test_status_fails_when_the_endpoint_of_a_paused_model_goes_on_costing(
    run: Command, answers: Answers, live: None, away: None
) -> None:
    serves(answers)
    code, printed, _ = run(status, model=None)
    assert code == 1
    assert "aws sagemaker delete-endpoint --endpoint-name acme-dev-credit-approval" in printed
    assert "the ledger says that it is paused, the stack does not" in printed


def test_a_pause_says_what_it_will_do_and_who_asked_for_it(
    deployed: tuple[Account, Environment, Path], answers: Answers, capsys: pytest.CaptureFixture[str]
) -> None:
    answers.steps = {
        "plan_lifecycle": work("take_lease", "pause: takes its endpoint away"),
        "take_lease": work("end", "version 8 is paused", Outcome="paused"),
    }
    given = ["pause", "dev", MODEL, "--reason", "weekend", "--folder", str(deployed[2])]
    assert lifecycle.main(given) == 0
    assert capsys.readouterr().out.splitlines()[0] == "pause: takes its endpoint away"
    told = answers.called[0]["Input"]
    assert (told["action"], told["reason"]) == ("pause", "weekend")
    assert told["by"].startswith("arn:")
