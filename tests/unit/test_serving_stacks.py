"""Endpoints are deleted with their environment, and nothing of them is left behind."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from mlplatform.settings import Environment
from tools.destroy import protected_stacks
from tools.serving_stacks import changing, delete_retained, unprotect

REGION = "eu-west-1"
KEYS: dict[str, Any] = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
ARN = f"arn:aws:sagemaker:{REGION}:111122223333"
ROLE = "arn:aws:iam::111122223333:role/acme/small/endpoint/acme-small-credit-approval-endpoint"
SERVING = "acme-small-serving-credit-approval"


class Client:
    """A client that answers as told and refuses any other call."""

    def __init__(self, service: Any) -> None:
        self.real: Any = boto3.client(service, region_name=REGION, **KEYS)
        self.stub = Stubber(self.real)


@pytest.fixture
def clients() -> Iterator[dict[str, Client]]:
    """Clients by service; whatever they were told must have been asked for."""
    found = {name: Client(name) for name in ("resourcegroupstaggingapi", "sagemaker", "cloudformation")}
    for client in found.values():
        client.stub.activate()
    yield found
    for client in found.values():
        client.stub.assert_no_pending_responses()


def stack(name: str, status: str = "UPDATE_COMPLETE", *, protected: bool = True) -> dict[str, Any]:
    return {"StackName": name, "StackStatus": status, "EnableTerminationProtection": protected}


def tagged(stub: Stubber, *things: str) -> None:
    """The things that carry the tags of the environment and the model."""
    filters = [{"Key": "environment", "Values": ["small"]}, {"Key": "model", "Values": ["credit-approval"]}]
    asked = {"TagFilters": filters, "ResourceTypeFilters": ["sagemaker:endpoint-config", "sagemaker:model"]}
    answer = {"ResourceTagMappingList": [{"ResourceARN": f"{ARN}:{thing}"} for thing in things]}
    stub.add_response("get_resources", answer, asked)


def model(stub: Stubber, name: str, role: str = ROLE) -> None:
    answer = {
        "ModelName": name,
        "ExecutionRoleArn": role,
        "CreationTime": 0,
        "ModelArn": f"{ARN}:model/{name}",
    }
    stub.add_response("describe_model", answer, {"ModelName": name})


def config(stub: Stubber, name: str, production: str, shadow: str | None = None) -> None:
    answer = {
        "EndpointConfigName": name,
        "EndpointConfigArn": f"{ARN}:endpoint-config/{name}",
        "CreationTime": 0,
        "ProductionVariants": [{"VariantName": "production", "ModelName": production}],
    }
    if shadow:
        answer["ShadowProductionVariants"] = [{"VariantName": "shadow", "ModelName": shadow}]
    stub.add_response("describe_endpoint_config", answer, {"EndpointConfigName": name})


def test_retained_configurations_and_models_go_and_those_of_another_prefix_stay(
    clients: dict[str, Client], environments: dict[str, Environment]
) -> None:
    tagging, sagemaker = clients["resourcegroupstaggingapi"], clients["sagemaker"]
    tagged(tagging.stub, "endpoint-config/c1", "model/m1", "model/m2", "endpoint-config/c9", "model/m9")
    model(sagemaker.stub, "m1")
    model(sagemaker.stub, "m2")
    model(sagemaker.stub, "m9", ROLE.replace("acme", "other"))
    config(sagemaker.stub, "c1", "m1", shadow="m2")
    config(sagemaker.stub, "c9", "m9")
    sagemaker.stub.add_response("delete_endpoint_config", {}, {"EndpointConfigName": "c1"})
    sagemaker.stub.add_response("delete_model", {}, {"ModelName": "m1"})
    sagemaker.stub.add_response("delete_model", {}, {"ModelName": "m2"})
    assert delete_retained(environments["small"], tagging.real, sagemaker.real) == 3


def test_what_the_tags_still_name_and_is_gone_is_none(
    clients: dict[str, Client], environments: dict[str, Environment]
) -> None:
    tagging, sagemaker = clients["resourcegroupstaggingapi"], clients["sagemaker"]
    tagged(tagging.stub, "model/m1", "endpoint-config/c1")
    message = "Could not find model m1"
    sagemaker.stub.add_client_error("describe_model", "ValidationException", message)
    message = 'Could not find endpoint configuration "c1"'
    sagemaker.stub.add_client_error("describe_endpoint_config", "ValidationException", message)
    assert delete_retained(environments["small"], tagging.real, sagemaker.real) == 0


def test_an_error_that_is_not_about_something_gone_is_not_swallowed(
    clients: dict[str, Client], environments: dict[str, Environment]
) -> None:
    tagging, sagemaker = clients["resourcegroupstaggingapi"], clients["sagemaker"]
    tagged(tagging.stub, "model/m1")
    sagemaker.stub.add_client_error("describe_model", "AccessDeniedException", "not authorized")
    with pytest.raises(ClientError, match="not authorized"):
        delete_retained(environments["small"], tagging.real, sagemaker.real)


def test_a_protected_endpoint_is_no_sign_of_an_environment_to_keep(
    environments: dict[str, Environment],
) -> None:
    stacks = [stack(SERVING), stack("acme-small-model-credit-approval")]
    assert protected_stacks(environments["small"], stacks) == ["acme-small-model-credit-approval"]


def test_only_stacks_with_an_endpoint_of_the_environment_lose_their_protection(
    clients: dict[str, Client], environments: dict[str, Environment]
) -> None:
    others = [stack("acme-smaller-serving-x"), stack("acme-small-network"), stack("acme-other-serving-x")]
    asked = {"StackName": SERVING, "EnableTerminationProtection": False}
    cloudformation = clients["cloudformation"]
    cloudformation.stub.add_response("update_termination_protection", {}, asked)
    stacks = [*others, stack(SERVING), stack("acme-small-serving-free", protected=False)]
    assert unprotect(environments["small"], stacks, cloudformation.real) == [SERVING]


@pytest.mark.parametrize(
    ("status", "busy"),
    [
        ("UPDATE_IN_PROGRESS", [SERVING]),
        ("UPDATE_ROLLBACK_IN_PROGRESS", [SERVING]),
        ("REVIEW_IN_PROGRESS", []),
        ("UPDATE_ROLLBACK_FAILED", []),
    ],
)
def test_a_stack_under_change_stands_in_the_way(
    environments: dict[str, Environment], status: str, busy: list[str]
) -> None:
    assert changing(environments["small"], [stack(SERVING, status)]) == busy
