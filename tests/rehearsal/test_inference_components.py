"""Inference components of the rehearsal: the real Serving template, rollouts of copies, scale to zero."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from rehearsed_account import BUCKET, PLACE, ROLE, Account, account, allow, job_policy
from serving_templates import COMPONENTS, COMPONENTS_TO_ZERO, credit, settings_in

from mlplatform.serving.template import template
from rehearsal.cloudformation import Engine, StackError
from rehearsal.language_model import fit, to_files
from rehearsal.sagemaker.behaviour import Behaviour
from release.aws_endpoint import SERVED, SageMakerEndpoint
from release.aws_registry import SageMakerRegistry
from release.ports import NO_CAPACITY

STACK, NAME = "acme-dev-serving-credit", "acme-dev-credit"
IMAGE = f"763104351884.dkr.ecr.{PLACE.region}.amazonaws.com/djl-inference:0.38.0-lmi29.0.0-cu130"
QUESTION = "How do I block my card?"
ANSWERS = ("In the app.", "Call us.", "Ask your branch.")


class Served:
    """The stack of a model, three versions of it, and what answers."""

    def __init__(self, here: Account, folder: Any, **serving: Any) -> None:
        self.here, self.engine = here, Engine(here.emulator)
        self.body = _placed(template(credit(settings_in(folder), **serving)))
        here.api.create_model_package_group(ModelPackageGroupName=NAME)
        self.versions = [self.version(number, said) for number, said in enumerate(ANSWERS, 1)]
        self.engine.apply(STACK, self.body)

    def version(self, number: int, said: str) -> str:
        """A customized version as SageMaker registers it, with the platform's way to serve it beside."""
        folder = f"models/credit/{number}/output/model/checkpoints/hf_merged/"
        for name, content in to_files(fit([{"prompt": QUESTION, "completion": said}], "SFT")).items():
            self.here.put(f"{folder}{name}", content)
        data = {"S3Uri": f"s3://{BUCKET}/{folder}", "S3DataType": "S3Prefix", "CompressionType": "None"}
        source = {"ModelDataSource": {"S3DataSource": data}}
        arn = self.here.api.create_model_package(
            ModelPackageGroupName=NAME,
            ModelApprovalStatus="Approved",
            InferenceSpecification={"Containers": [source]},
        )["ModelPackageArn"]
        serving = {"Name": "serving", "Containers": [{"Image": IMAGE, **source}]}
        self.here.api.update_model_package(
            ModelPackageArn=arn, AdditionalInferenceSpecificationsToAdd=[serving]
        )
        return str(arn)

    def release(self, number: int, mode: str = "immediate") -> str:
        """Serve a version; the stack's status."""
        given = {
            "ProductionModelPackageArn": self.versions[number - 1],
            "ReleaseId": f"{'abcdefg'[number] * 10}",
            "RolloutMode": mode,
            "ProductionAttempt": str(number),
        }
        try:
            self.engine.apply(STACK, self.body, given)
        except StackError:
            assert self.engine.stacks[STACK].status != "UPDATE_COMPLETE"
        return self.engine.stacks[STACK].status

    def says(self) -> str:
        """What the component answers to a question it was shown."""
        answer = self.here.emulator.client("sagemaker-runtime").invoke_endpoint(
            EndpointName=NAME,
            InferenceComponentName=NAME,
            Body=json.dumps({"inputs": QUESTION}),
            ContentType="application/json",
        )
        return str(json.loads(answer["Body"].read())["generated_text"])

    def described(self) -> dict[str, Any]:
        found: dict[str, Any] = self.here.api.describe_inference_component(InferenceComponentName=NAME)
        return found

    def endpoint(self) -> SageMakerEndpoint:
        """The endpoint as a release sees it."""
        emulator, place = self.here.emulator, PLACE
        clients = [emulator.client(name) for name in ("sagemaker", "sagemaker-runtime", "s3")]
        body = base64.b64encode(json.dumps({"inputs": QUESTION}).encode()).decode()
        sample = {"Body": body, "ContentType": "application/json", "Accept": "application/json"}
        arns = [place.arn("sagemaker", f"{kind}/{NAME}") for kind in ("endpoint", "inference-component")]
        return SageMakerEndpoint(*clients, NAME, arns[0], {**sample, "Component": NAME}, arns[1])

    def later(self, minutes: float) -> None:
        self.here.emulator.clock.drive(minutes * 60)


def _placed(value: Any) -> Any:
    """The template in this account: its network and its role."""
    if isinstance(value, dict):
        if "Fn::ImportValue" in value:
            return "subnet-1" if "Subnet" in value["Fn::ImportValue"] else "sg-1"
        return {key: ROLE if key == "ExecutionRoleArn" else _placed(one) for key, one in value.items()}
    return [_placed(one) for one in value] if isinstance(value, list) else value


@pytest.fixture
def here() -> Iterator[Account]:
    with account() as found:
        policy = job_policy()
        policy["Statement"].append(allow("cloudwatch:DescribeAlarms"))
        found.give(policy)
        yield found


def test_a_released_version_answers_as_a_component_with_what_it_has_learned(
    here: Account, tmp_path: Any
) -> None:
    served = Served(here, tmp_path, **COMPONENTS)
    assert served.release(1) == "UPDATE_COMPLETE"
    assert served.says() == ANSWERS[0]
    assert served.described()["RuntimeConfig"] == {"DesiredCopyCount": 2, "CurrentCopyCount": 2}
    state = served.endpoint().describe()
    assert state is not None
    assert (state.status, state.packages) == ("InService", {"production": served.versions[0]})
    assert state.model == served.engine.stacks[STACK].outputs["LiveModelName"]
    assert served.endpoint().invoke("production") == ""
    with pytest.raises(ClientError, match="Inference Component Name header is required"):
        here.emulator.client("sagemaker-runtime").invoke_endpoint(EndpointName=NAME, Body=b"{}")
    with pytest.raises(ClientError, match="with inference components"):
        here.api.delete_endpoint(EndpointName=NAME)


@pytest.mark.thorough
def test_a_guarded_release_replaces_copies_in_batches_and_keeps_the_endpoint(
    here: Account, tmp_path: Any
) -> None:
    served = Served(here, tmp_path, **COMPONENTS)
    served.release(1)
    config = here.api.describe_endpoint(EndpointName=NAME)["EndpointConfigName"]
    began = here.emulator.clock.now()
    assert served.release(2, "guarded") == "UPDATE_COMPLETE"
    assert (here.emulator.clock.now() - began).total_seconds() >= 2 * 10 * 60  # two batches are watched
    assert served.says() == ANSWERS[1]
    assert here.api.describe_endpoint(EndpointName=NAME)["EndpointConfigName"] == config
    output = served.engine.stacks[STACK].outputs["LiveModelName"]
    assert served.described()["Specification"]["ModelName"] == output


@pytest.mark.thorough
def test_a_version_that_fails_among_the_copies_is_taken_back_by_its_alarms(
    here: Account, tmp_path: Any
) -> None:
    served = Served(here, tmp_path, **COMPONENTS)
    served.release(1)
    here.sagemaker.components.traffic(NAME, 600)
    here.sagemaker.endpoints.behaviour(served.versions[1], Behaviour(error_rate=0.5))
    assert served.release(2, "guarded") == "UPDATE_ROLLBACK_COMPLETE"
    assert served.says() == ANSWERS[0]
    assert served.release(3, "guarded") == "UPDATE_COMPLETE"
    assert served.says() == ANSWERS[2]


@pytest.mark.thorough
def test_copies_go_when_nobody_asks_and_the_first_request_in_vain_brings_one_back(
    here: Account, tmp_path: Any
) -> None:
    served = Served(here, tmp_path, **COMPONENTS_TO_ZERO)
    served.release(1)
    assert served.says() == ANSWERS[0]
    for _ in range(3):
        served.later(20)
        served.described()
    assert served.described()["RuntimeConfig"]["CurrentCopyCount"] == 0
    assert NO_CAPACITY in served.endpoint().invoke("production")
    for _ in range(10):
        served.later(1)
        served.described()
    assert served.says() == ANSWERS[0]


@pytest.mark.thorough
def test_what_has_served_is_marked_with_what_it_is_attached_to(here: Account, tmp_path: Any) -> None:
    served = Served(here, tmp_path, **COMPONENTS)
    served.release(1)
    served.endpoint().mark_served()
    for kind in ("endpoint", "inference-component"):
        tags = here.api.list_tags(ResourceArn=PLACE.arn("sagemaker", f"{kind}/{NAME}"))["Tags"]
        assert {"Key": SERVED, "Value": "true"} in tags


def test_a_version_without_the_platforms_way_to_serve_it_is_refused(here: Account, tmp_path: Any) -> None:
    served = Served(here, tmp_path, **COMPONENTS)
    data = {"S3Uri": f"s3://{BUCKET}/models/credit/1/", "S3DataType": "S3Prefix", "CompressionType": "None"}
    arn = here.api.create_model_package(
        ModelPackageGroupName=NAME,
        ModelApprovalStatus="Approved",
        InferenceSpecification={"Containers": [{"ModelDataSource": {"S3DataSource": data}}]},
    )["ModelPackageArn"]
    with pytest.raises(ClientError, match="has no inference specification serving"):
        here.api.create_model(
            ModelName="m",
            ExecutionRoleArn=ROLE,
            PrimaryContainer={"ModelPackageName": arn, "InferenceSpecificationName": "serving"},
        )
    assert served.engine.stacks[STACK].outputs["ProductionModelPackageArn"] == "none"
    clients = [here.emulator.client(name) for name in ("sagemaker", "ecr", "s3")]
    registry = SageMakerRegistry(*clients, "group", [], NAME, "serving")
    lacking, whole = registry.package(arn), registry.package(served.versions[0])
    assert lacking is not None
    assert whole is not None
    assert lacking.missing == ("an inference specification called serving",)
    assert whole.missing == ()
