"""The workflows release and rollback as they run: step by step, with waits, answers and failures."""

import json
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from state_machines import Account, Ended, account
from workflow_models import SERVED, SOURCE, product

from mlplatform import workflows
from rehearsal.api import ApiRequest, Parameters, Place

PACKAGE = "arn:aws:sagemaker:eu-west-1:111122223333:model-package/acme-dev-credit-approval/7"
WORK = {
    "ReleaseId": "abcdefghij",
    "Version": 7,
    "Package": PACKAGE,
    "Message": "it goes on",
    "Report": "",
    "Subject": "credit-approval in dev: release",
    "Outcome": "",
    "Seconds": 0,
}
REPORTED = {"Report": "s3://b/report.html", "ReportLink": "https://console.test/b/"}
RELEASED = ("end", {"Outcome": "released", "Message": "version 7 serves", **REPORTED})

Answer = tuple[str, dict[str, Any]]


class Function:
    """The release function: answers by step what the test says, and notes what it was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, list[Answer | str]] = {}
        self.events: list[dict[str, Any]] = []

    def __call__(self, request: ApiRequest) -> Parameters:
        event = json.loads(request.parameters["Payload"])
        self.events.append(event)
        queued = self.answers[event["Step"]]
        answer = queued.pop(0) if len(queued) > 1 else queued[0]
        if isinstance(answer, str):
            error = {"errorType": answer, "errorMessage": "it broke"}
            return {"StatusCode": 200, "FunctionError": "Unhandled", "Payload": json.dumps(error).encode()}
        following, more = answer
        work = {**WORK, **event["Work"], "Next": following, "Seconds": 0, **more}
        return {"StatusCode": 200, "Payload": json.dumps(work).encode()}

    def steps(self) -> list[str]:
        """The steps it was asked for, in order."""
        return [event["Step"] for event in self.events]


class Releases:
    """An account with the two workflows of one model."""

    def __init__(self, aws: Account, folder: Path) -> None:
        self.aws, self.function = aws, Function()
        model, self.settings = product(folder, SERVED, {"serving": {"ab_test": {}}})
        aws.emulator.register("lambda", lambda request: self.function(request))
        topic = aws.emulator.client("sns").create_topic(Name=self.settings.names.name("notifications"))
        self.sqs = aws.emulator.client("sqs")
        self.queue = self.sqs.create_queue(QueueName="mail")["QueueUrl"]
        aws.emulator.client("sns").subscribe(
            TopicArn=topic["TopicArn"], Protocol="sqs", Endpoint=aws.emulator.place.arn("sqs", "mail")
        )
        self.machines = {
            name: aws.client.create_state_machine(
                name=name,
                definition=workflows.written(name, model, self.settings, SOURCE),
                roleArn=aws.everything,
            )["stateMachineArn"]
            for name in workflows.releases(model, self.settings)
        }

    def run(self, workflow: str, answers: dict[str, list[Answer | str]], **given: Any) -> Ended:
        """Run a workflow whose function answers so, to its end."""
        self.function = Function()
        self.function.answers = answers
        return self.aws.execute(self.machines[workflow], given)

    def mail(self) -> list[dict[str, str]]:
        """What was published since the last look."""
        found: list[dict[str, str]] = []
        while messages := self.sqs.receive_message(QueueUrl=self.queue).get("Messages", ()):
            for message in messages:
                found.append(json.loads(message["Body"]))
                self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
        return found

    def reply(self, answer: dict[str, Any]) -> threading.Thread:
        """Answer the question that is going to be asked, as its message says."""

        def answering() -> None:
            while not (found := [token for mail in self.mail() for token in TOKEN.findall(mail["Message"])]):
                time.sleep(0.05)
            self.aws.client.send_task_success(taskToken=found[0], output=json.dumps(answer))

        thread = threading.Thread(target=answering)
        thread.start()
        return thread


TOKEN = re.compile(r"--task-token (\S+)")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Releases]:
    with account(Place("aws", "eu-west-1", "111122223333")) as aws:
        yield Releases(aws, tmp_path_factory.mktemp("release"))


@pytest.fixture
def here(running: Releases) -> Releases:
    running.mail()
    return running


def test_each_step_follows_from_the_one_before_and_takes_its_work_along(here: Releases) -> None:
    ended = here.run(
        "release",
        {
            "admit": [("take_lease", {"Private": 1})],
            "take_lease": [("roll_out", {"Fence": 3})],
            "roll_out": [("follow_update", {"Seconds": 1500})],
            "follow_update": [("follow_update", {"Seconds": 20}), ("record", {})],
            "record": [RELEASED],
        },
        version=7,
    )
    assert ended.status == "SUCCEEDED", ended.cause
    assert here.function.steps() == [
        *("admit", "take_lease", "roll_out", "follow_update", "follow_update", "record")
    ]
    assert ended.output == {
        "Outcome": "released",
        "ReleaseId": "abcdefghij",
        "Version": 7,
        "ModelPackageArn": PACKAGE,
        "Message": "version 7 serves",
        "Report": "s3://b/report.html",
    }
    last = here.function.events[-1]
    assert (last["Work"]["Private"], last["Work"]["Fence"], last["Input"]) == (1, 3, {"version": 7})
    assert last["Serving"] == here.function.events[0]["Serving"]
    (mail,) = here.mail()
    told = "version 7 serves\nReport: s3://b/report.html\nIn the console: https://console.test/b/\n"
    assert mail["Message"].startswith(f"{told}Execution: https://")


def test_a_test_goes_from_share_to_share_and_fails_if_it_promotes_nothing(here: Releases) -> None:
    answers: dict[str, list[Answer | str]] = {
        "admit_challenger": [("take_lease", {})],
        "take_lease": [("turn_on_challenger", {})],
        "turn_on_challenger": [("follow_update", {"Seconds": 300})],
        "follow_update": [("shift", {}), ("record", {})],
        "shift": [("observe", {"Seconds": 60}), ("observe", {"Seconds": 60})],
        "observe": [("observe", {"Seconds": 300}), ("weigh", {})],
        "weigh": [("shift", {}), ("turn_off_challenger", {})],
        "turn_off_challenger": [("follow_update", {})],
        "record": [("end", {"Outcome": "rejected", "Message": "nothing was shown"})],
    }
    ended = here.run("ab-test", answers, version=7)
    assert here.function.steps() == [
        *("admit_challenger", "take_lease", "turn_on_challenger", "follow_update"),
        *("shift", "observe", "observe", "weigh", "shift", "observe", "weigh"),
        *("turn_off_challenger", "follow_update", "record"),
    ]
    assert (ended.status, ended.error) == ("FAILED", "ReleaseRejected")
    assert ended.cause.startswith("nothing was shown (what to do: ")
    assert {event["Workflow"] for event in here.function.events} == {"ab_test"}


def test_a_wait_passes_between_the_steps_and_each_knows_its_time(here: Releases) -> None:
    here.run(
        "release",
        {"admit": [("take_lease", {"Seconds": 3600})], "take_lease": [("end", {"Outcome": "released"})]},
    )
    first, second = (event["Now"] for event in here.function.events)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", first)
    assert second[:13] > first[:13]
    assert here.function.events[1]["Work"]["Seconds"] == 0


@pytest.mark.parametrize(
    ("outcome", "error"),
    [("rejected", "ReleaseRejected"), ("rolled_back", "ReleaseRolledBack"), ("failed", "ReleaseFailed")],
)
def test_a_release_that_does_not_serve_fails_by_its_outcome_and_tells_why(
    here: Releases, outcome: str, error: str
) -> None:
    ended = here.run("release", {"admit": [("end", {"Outcome": outcome, "Message": "it is slow"})]})
    assert (ended.status, ended.error) == ("FAILED", error)
    assert ended.cause.startswith("it is slow (what to do: ")
    assert [mail["Message"].splitlines()[0] for mail in here.mail()] == ["it is slow"]


def test_nothing_to_do_succeeds_without_a_message(here: Releases) -> None:
    ended = here.run("release", {"admit": [("end", {"Outcome": "nothing_to_do"})]})
    assert ended.status == "SUCCEEDED"
    assert here.mail() == []


@pytest.mark.parametrize(("confirmed", "step"), [(True, "confirmed"), (False, "declined")])
def test_who_was_asked_answers_with_the_command_of_the_message(
    here: Releases, confirmed: bool, step: str
) -> None:
    answer = {"Confirmed": confirmed, "By": "ana"}
    waiting = here.reply(answer)
    ended = here.run("release", {"admit": [("confirm", {})], step: [RELEASED]}, version=7)
    waiting.join()
    assert ended.status == "SUCCEEDED", ended.cause
    assert here.function.events[-1]["Step"] == step
    assert here.function.events[-1]["Input"] == {"version": 7, "Answer": answer}


def test_a_question_that_nobody_answers_expires(here: Releases) -> None:
    text = here.aws.client.describe_state_machine(stateMachineArn=here.machines["release"])["definition"]
    definition = json.loads(text)
    definition["States"]["Ask for confirmation"]["TimeoutSeconds"] = 1
    machine = here.aws.client.create_state_machine(
        name="hasty", definition=json.dumps(definition), roleArn=here.aws.everything
    )["stateMachineArn"]
    here.function = Function()
    declined = ("end", {"Outcome": "declined", "Message": "not confirmed in time"})
    here.function.answers = {"admit": [("confirm", {})], "declined": [declined]}
    ended = here.aws.execute(machine)
    assert (ended.status, ended.output["Outcome"]) == ("SUCCEEDED", "declined")
    assert here.function.events[-1]["Input"]["Answer"] == {"Confirmed": False, "By": "", "Expired": True}


def test_a_fault_that_passes_is_tried_again(here: Releases) -> None:
    ended = here.run("release", {"admit": ["ServiceFault", "Sandbox.Timedout", RELEASED]})
    assert ended.status == "SUCCEEDED", ended.cause
    assert here.function.steps() == ["admit", "admit", "admit"]


@pytest.mark.parametrize("step", ["admit", "take_lease"])
def test_a_step_that_fails_is_given_up_with_its_error(here: Releases, step: str) -> None:
    given_up = ("end", {"Outcome": "failed", "Message": "given up"})
    answers: dict[str, list[Answer | str]] = {"admit": [("take_lease", {})], "give_up": [given_up]}
    ended = here.run("release", {**answers, step: ["AccessDenied"]})
    assert (ended.status, ended.error) == ("FAILED", "ReleaseFailed")
    error = here.function.events[-1]["Input"]["Error"]
    names = {"admit": "Admit", "take_lease": "Take lease"}
    assert (error["State"], error["Error"]) == (names[step], "AccessDenied")


def test_giving_up_may_go_on_but_not_for_ever(here: Releases) -> None:
    broken: dict[str, list[Answer | str]] = {
        "admit": [("revert", {})],
        "revert": ["KeyError"],
        "give_up": [("revert", {})],
    }
    ended = here.run("release", broken)
    assert (ended.status, ended.error) == ("FAILED", "KeyError")
    assert here.function.steps().count("give_up") == 3
    (mail,) = here.mail()
    assert "failed in Revert" in mail["Subject"]
    assert "What to do: Look at what serves with: make status ENV=dev." in mail["Message"]


def test_a_failure_to_give_up_is_told_to_people(here: Releases) -> None:
    ended = here.run("rollback", {"plan": ["KeyError"], "give_up": ["AccessDenied"]})
    assert (ended.status, ended.error) == ("FAILED", "AccessDenied")
    (mail,) = here.mail()
    assert mail["Message"].splitlines()[:2] == [
        'The workflow rollback of credit-approval failed in "Give up" (AccessDenied):',
        "it broke",
    ]


def test_a_rollback_says_what_will_happen_before_it_does_anything(here: Releases) -> None:
    plan = ("take_over", {"Message": "version 6 will serve again"})
    answers: dict[str, list[Answer | str]] = {"plan": [plan], "take_over": [RELEASED]}
    ended = here.run("rollback", answers, reason="complaints")
    assert ended.status == "SUCCEEDED", ended.cause
    assert ended.visited()[:4] == ["Plan", "Tell what will happen", "What is next?", "Take over"]
    first, second = here.mail()
    assert first["Message"].startswith("version 6 will serve again\nExecution: https://")
    assert second["Message"].startswith("version 7 serves\n")


def test_a_rollback_goes_on_when_nobody_can_be_told(here: Releases) -> None:
    text = here.aws.client.describe_state_machine(stateMachineArn=here.machines["rollback"])["definition"]
    machine = here.aws.client.create_state_machine(
        name="unheard",
        definition=text.replace(f"{here.settings.names.name('notifications')}", "no-such-topic"),
        roleArn=here.aws.everything,
    )["stateMachineArn"]
    here.function = Function()
    here.function.answers = {"plan": [("take_over", {})], "take_over": [("end", {"Outcome": "stopped"})]}
    ended = here.aws.execute(machine)
    assert (ended.status, ended.output["Outcome"]) == ("SUCCEEDED", "stopped")


@pytest.mark.thorough
def test_a_long_release_stays_far_below_the_transitions_it_may_take(here: Releases) -> None:
    """A shadow for an hour, a guarded update, and 30 polls of updates."""
    polls: list[Answer | str] = [("follow_update", {"Seconds": 20})] * 9
    ended = here.run(
        "release",
        {
            "admit": [("take_lease", {})],
            "take_lease": [("turn_on_shadow", {})],
            "turn_on_shadow": [("follow_update", {"Seconds": 300})],
            "follow_update": [
                *polls,
                ("judge", {"Seconds": 3600}),
                *polls,
                ("roll_out", {}),
                *polls,
                ("watch", {}),
            ],
            "judge": [("turn_off_shadow", {})],
            "turn_off_shadow": [("follow_update", {"Seconds": 300})],
            "roll_out": [("follow_update", {"Seconds": 1500})],
            "watch": [("watch", {"Seconds": 60})] * 15 + [("record", {})],
            "record": [RELEASED],
        },
    )
    assert ended.status == "SUCCEEDED", ended.cause
    assert len(ended.visited()) <= 400
