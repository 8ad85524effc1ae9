"""Every path through the workflows of a model: to the end, and from each failing state to one explanation."""

import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from state_machines import Account, Ended, account

from mlplatform import workflows
from mlplatform.settings import Environment, ModelProduct, read_environments
from rehearsal.api import ApiRequest, Parameters, Place
from run_admission import logic

pytestmark = pytest.mark.thorough

FIXTURES = Path(__file__).parents[1] / "fixtures"
NAMES = ("train", "tune", "register", "batch")


def landscape() -> tuple[Environment, ModelProduct]:
    (settings,) = (one for one in read_environments(FIXTURES / "environments") if one.name == "small")
    (product,) = (one for one in settings.products if one.name == "credit-approval")
    return settings, product


SETTINGS, PRODUCT = landscape()
SOURCE = workflows.pack(FIXTURES / "models" / PRODUCT.name)


class Functions:
    """Answers ``lambda`` with what the four functions give; ``broken`` answers are errors."""

    def __init__(self) -> None:
        self.passed, self.parts = True, [0, 1]
        self.part_error: str | None = None

    def __call__(self, request: ApiRequest) -> Parameters:
        name = str(request.parameters["FunctionName"]).rsplit(":", 1)[1]
        given = json.loads(request.parameters["Payload"])
        if name == "broken":
            return _raised({"errorType": "Broken", "errorMessage": 'it is "broken"\nhere'})
        if given.get("Action") == "check" and self.part_error:
            return _raised({"errorType": self.part_error, "errorMessage": "not UTF-8"})
        answer = next(make for end, make in self._answers().items() if name.endswith(end))
        try:
            result = answer(given)
        except logic.InvalidInput as refused:
            return _raised({"errorType": "InvalidInput", "errorMessage": str(refused)})
        return {"StatusCode": 200, "Payload": json.dumps(result).encode()}

    def _answers(self) -> dict[str, Any]:
        return {
            "run-admission": logic.admit,
            "dataset-check": lambda given: {
                "plan": {"Plan": "s3://b/plan.json", "Parts": self.parts, "Objects": 2, "Bytes": 9},
                "check": {"Part": given.get("Part"), "Rows": 5, "BadRows": 0},
                "report": {"Rows": 10, "BadRows": 0, "Report": "s3://b/report.json", "Problems": []},
            }[given["Action"]],
            "quality-gate": lambda _: {
                "Passed": self.passed,
                "Metrics": {"roc_auc": 0.9},
                "Checks": [],
                "Summary": "roc_auc 0.9",
                "Live": None,
            },
            "model-registration": lambda _: {
                "ModelPackageArn": "arn:package/1",
                "Version": 1,
                "Created": True,
                "MlflowRunId": None,
            },
        }


def _raised(error: dict[str, str]) -> Parameters:
    return {"StatusCode": 200, "FunctionError": "Unhandled", "Payload": json.dumps(error).encode()}


class SageMaker:
    """Answers ``sagemaker``: every job completes at once, unless its kind is among ``fails``."""

    def __init__(self) -> None:
        self.created: dict[str, dict[str, Any]] = {}
        self.fails: dict[str, list[str]] = {}

    def __call__(self, request: ApiRequest) -> Parameters:
        kind = request.operation.removeprefix("Create").removeprefix("Describe")
        given = dict(request.parameters)
        if request.operation == "ListModelPackages":
            package = {"ModelPackageArn": "arn:package/1", "ModelPackageStatus": "Completed"}
            return {"ModelPackageSummaryList": [{**package, "CreationTime": "2026-01-01T00:00:00Z"}]}
        if request.operation.startswith("Create"):
            name = given[f"{kind}Name"]
            assert len(name) <= (32 if kind.startswith("Hyper") else 63), name
            self.created[name] = given
            return {f"{kind}Arn": self.arn(kind, name)}
        return self._described(kind, given) if request.operation.startswith("Describe") else {}

    def arn(self, kind: str, name: str) -> str:
        return f"arn:aws:sagemaker:{SETTINGS.region}:{SETTINGS.account}:{kind.lower()}/{name}"

    def _described(self, kind: str, given: dict[str, Any]) -> Parameters:
        name = str(given[f"{kind}Name"])
        reason = self.fails[kind].pop(0) if self.fails.get(kind) else None
        return {
            f"{kind}Name": name,
            f"{kind}Arn": self.arn(kind, name),
            f"{kind}Status": "Failed" if reason else "Completed",
            **({"FailureReason": reason} if reason else {}),
            "ModelArtifacts": {"S3ModelArtifacts": "s3://b/model.tar.gz"},
            "HyperParameters": {"a": "1"},
            "BestTrainingJob": {
                "TrainingJobName": "best",
                "TrainingJobArn": self.arn("TrainingJob", "best"),
                "TrainingJobStatus": "Completed",
                "CreationTime": "2026-01-01T00:00:00Z",
                "TunedHyperParameters": {},
                "ObjectiveStatus": "Succeeded",
            },
            "CreationTime": "2026-01-01T00:00:00Z",
        }


def admission(workflow: str) -> dict[str, Any]:
    """What the first state of a workflow says may be given."""
    definition = workflows.compiled(workflow, PRODUCT, SETTINGS, SOURCE)
    return dict(definition["States"]["Admit"]["Arguments"]["Payload"]["Allowed"])


IMPORTED = admission("register")["ModelDataPrefixes"][0] + "model.tar.gz"
EDITED = admission("train")["SourcePrefix"] + "source.tar.gz"


class Cloud:
    """An account with buckets and a topic, where the compiled workflows run."""

    def __init__(self, aws: Account) -> None:
        self.aws, self.functions, self.sagemaker = aws, Functions(), SageMaker()
        sns = aws.emulator.client("sns")
        staged, key = workflows.staged(SOURCE, SETTINGS)
        self.put(staged, key, SOURCE.content)
        for location in (IMPORTED, EDITED):
            bucket, _, key = location.removeprefix("s3://").partition("/")
            self.put(bucket, key, b"packed")
        topic = sns.create_topic(Name=SETTINGS.names.name("notifications"))["TopicArn"]
        self.sqs = aws.emulator.client("sqs")
        self.queue = self.sqs.create_queue(QueueName="mail")["QueueUrl"]
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=aws.emulator.place.arn("sqs", "mail"))

    def put(self, bucket: str, key: str, content: bytes) -> None:
        s3 = self.aws.emulator.client("s3")
        if bucket not in [one["Name"] for one in s3.list_buckets()["Buckets"]]:
            elsewhere = {"CreateBucketConfiguration": {"LocationConstraint": SETTINGS.region}}
            s3.create_bucket(Bucket=bucket, **(elsewhere if SETTINGS.region != "us-east-1" else {}))
        s3.put_object(Bucket=bucket, Key=key, Body=content)

    def begin(self) -> None:
        """Nothing is wrong, and no mail has come."""
        self.functions, self.sagemaker = Functions(), SageMaker()
        self.aws.emulator.register("lambda", self.functions)
        self.aws.emulator.register("sagemaker", self.sagemaker)
        self.mail()

    def run(self, workflow: str, broken: str | None = None, **given: Any) -> Ended:
        """Run a workflow; the Task ``broken`` calls a function that fails instead of what it says."""
        definition = deepcopy(dict(workflows.compiled(workflow, PRODUCT, SETTINGS, SOURCE)))
        if broken is not None:
            function = self.aws.emulator.place.arn("lambda", "function:broken")
            task = definition["States"][broken]
            task["Resource"] = "arn:aws:states:::lambda:invoke"
            task["Arguments"] = {"FunctionName": function, "Payload": {}}
        text = json.dumps(definition)
        for name in workflows.substitutions(text, SETTINGS):
            value = "one,two" if name == "SubnetIds" else f"arn:aws:kms:::{name}"
            text = text.replace("${" + name + "}", value)
        assert "${" not in text
        made = self.aws.client.create_state_machine(
            name=f"{workflow}-{len(self.aws.client.list_state_machines()['stateMachines'])}",
            definition=text,
            roleArn=self.aws.everything,
        )
        if workflow == "register":
            given = {"model_data": IMPORTED, **given}
        return self.aws.execute(made["stateMachineArn"], given)

    def mail(self) -> list[dict[str, str]]:
        """What was published since the last look."""
        found: list[dict[str, str]] = []
        while messages := self.sqs.receive_message(QueueUrl=self.queue).get("Messages", ()):
            for message in messages:
                found.append(json.loads(message["Body"]))
                self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
        return found


@pytest.fixture(scope="module")
def running() -> Iterator[Cloud]:
    with account(Place(SETTINGS.names.partition, SETTINGS.region, SETTINGS.account)) as aws:
        yield Cloud(aws)


@pytest.fixture
def cloud(running: Cloud) -> Cloud:
    running.begin()
    return running


def tasks(workflow: str) -> list[str]:
    states = workflows.compiled(workflow, PRODUCT, SETTINGS, SOURCE)["States"]
    after_the_end = {"Notify of failure", "Delete unused model", "Look at version"}
    return [name for name, state in states.items() if state["Type"] == "Task" and name not in after_the_end]


@pytest.mark.parametrize("workflow", NAMES)
def test_a_workflow_reaches_its_end_and_tells_so(cloud: Cloud, workflow: str) -> None:
    ended = cloud.run(workflow)
    assert (ended.status, ended.error, ended.cause) == ("SUCCEEDED", None, "")
    (mail,) = cloud.mail()
    assert PRODUCT.name in mail["Subject"]
    assert ended.arn in mail["Message"]


@pytest.mark.parametrize(("workflow", "state"), [(w, state) for w in NAMES for state in tasks(w)])
def test_each_failing_task_ends_in_one_explained_failure(cloud: Cloud, workflow: str, state: str) -> None:
    ended = cloud.run(workflow, broken=state)
    assert (ended.status, ended.error) == ("FAILED", "Broken")
    assert ended.visited()[-3:] == ["Explain failure", "Notify of failure", "Failed"]
    assert ended.cause.startswith(f'{state}: it is "broken"\nhere')
    failure = cloud.mail()[-1]
    assert state in failure["Subject"]
    assert 'it is "broken"\nhere' in failure["Message"]


@pytest.mark.parametrize("workflow", NAMES)
def test_an_unreadable_part_of_the_data_says_why(cloud: Cloud, workflow: str) -> None:
    cloud.functions.part_error = "DatasetUnreadable"
    ended = cloud.run(workflow)
    assert (ended.status, ended.error) == ("FAILED", "DatasetUnreadable")
    assert "not UTF-8" in ended.cause


@pytest.mark.parametrize("workflow", ["train", "tune", "register"])
def test_what_does_not_pass_the_gate_is_not_registered(cloud: Cloud, workflow: str) -> None:
    cloud.functions.passed = False
    ended = cloud.run(workflow)
    assert ended.status == "FAILED"
    assert "Register" not in ended.visited()


def test_edited_scripts_are_judged_but_never_registered(cloud: Cloud) -> None:
    ended = cloud.run("train", source=EDITED)
    assert ended.status == "SUCCEEDED"
    assert "Judge" in ended.visited()
    assert "Register" not in ended.visited()


def test_missing_capacity_is_waited_for_and_another_failure_is_not(cloud: Cloud) -> None:
    cloud.sagemaker.fails = {"TrainingJob": ["CapacityError: none left", "CapacityError: none left"]}
    ended = cloud.run("train")
    assert ended.status == "SUCCEEDED"
    assert ended.visited().count("Train") == 3
    cloud.sagemaker.fails = {"TrainingJob": ["AlgorithmError: exit code 1"]}
    failed = cloud.run("train")
    assert (failed.visited().count("Train"), failed.status) == (1, "FAILED")
    assert "AlgorithmError: exit code 1" in failed.cause


def test_a_throttled_job_is_asked_for_again_under_another_name(cloud: Cloud) -> None:
    cloud.aws.emulator.faults.inject("throttling", "sagemaker:CreateTrainingJob")
    assert cloud.run("train").status == "SUCCEEDED"
    assert cloud.aws.emulator.faults.left() == {}
