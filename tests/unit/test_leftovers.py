"""What people made is deleted before the stacks that cannot be deleted around it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from mlplatform.ai_registry import hub_name
from mlplatform.settings import Environment
from tools.leftovers import (
    HUB_CONTENTS,
    MAX_POLLS,
    POLL_SECONDS,
    delete_hub_contents,
    delete_packages,
    delete_scored_models,
    stop_studio,
    stop_workflows,
)

DOMAINS = {
    "Domains": [
        {"DomainId": "d-ours", "DomainName": "acme-small-studio"},
        {"DomainId": "d-others", "DomainName": "acme-other-studio"},
    ]
}
APP = {"DomainId": "d-ours", "SpaceName": "ana-space", "AppType": "JupyterLab", "AppName": "default"}
SPACE = {"DomainId": "d-ours", "SpaceName": "ana-space"}


@pytest.fixture
def stubbed() -> Iterator[tuple[Any, Stubber]]:
    """A SageMaker client that answers as told, and refuses any other call."""
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
    client = boto3.client("sagemaker", region_name="eu-west-1", **keys)
    with Stubber(client) as stubber:
        yield client, stubber
        stubber.assert_no_pending_responses()


def test_applications_go_before_spaces_and_only_those_of_our_domain(
    stubbed: tuple[Any, Stubber], environments: dict[str, Environment]
) -> None:
    client, stub = stubbed
    waits: list[float] = []
    ours = {"DomainIdEquals": "d-ours"}
    stub.add_response("list_domains", DOMAINS, {})
    stub.add_response("list_apps", {"Apps": [{**APP, "Status": "InService"}]}, ours)
    stub.add_response("delete_app", {}, APP)
    stub.add_response("list_apps", {"Apps": [{**APP, "Status": "Deleting"}]}, ours)
    stub.add_response("list_apps", {"Apps": [{**APP, "Status": "Deleted"}]}, ours)
    stub.add_response("list_spaces", {"Spaces": [{**SPACE, "Status": "InService"}]}, ours)
    stub.add_response("delete_space", {}, SPACE)
    stub.add_response("list_spaces", {"Spaces": []}, ours)
    assert stop_studio(environments["small"], client, wait=waits.append) == 2
    assert waits == [POLL_SECONDS] * 3


def test_an_application_that_does_not_stop_ends_the_waiting_with_its_name(
    stubbed: tuple[Any, Stubber], environments: dict[str, Environment]
) -> None:
    client, stub = stubbed
    stub.add_response("list_domains", DOMAINS, {})
    for _ in range(MAX_POLLS):
        stub.add_response(
            "list_apps", {"Apps": [{**APP, "Status": "Deleting"}]}, {"DomainIdEquals": "d-ours"}
        )
    with pytest.raises(RuntimeError, match="ana-space/default: not deleted after 20 minutes"):
        stop_studio(environments["small"], client, wait=lambda _: None)


def test_running_executions_are_stopped_and_workflows_that_were_never_deployed_are_none(
    aws: None, environments: dict[str, Environment], monkeypatch: pytest.MonkeyPatch
) -> None:
    small = environments["small"]
    monkeypatch.setenv("MOTO_ACCOUNT_ID", small.account)
    client = boto3.client("stepfunctions", region_name=small.region)
    machines = [
        client.create_state_machine(
            name=name,
            definition='{"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 99, "End": true}}}',
            roleArn=f"arn:aws:iam::{small.account}:role/workflow",
        )["stateMachineArn"]
        for name in ("acme-small-credit-approval-train", "acme-smaller-credit-approval-train")
    ]
    ours, others = (client.start_execution(stateMachineArn=arn)["executionArn"] for arn in machines)
    assert stop_workflows(small, client) == 1
    assert client.describe_execution(executionArn=ours)["status"] == "ABORTED"
    assert client.describe_execution(executionArn=others)["status"] == "RUNNING"
    assert stop_workflows(small, client) == 0


def test_models_that_a_stopped_run_left_behind_go_and_those_of_others_stay(
    stubbed: tuple[Any, Stubber], environments: dict[str, Environment]
) -> None:
    client, stub = stubbed
    ours = "acme-small-credit-approval-score-abc234"
    others = ["acme-small-credit-approval-score-abc234-2", "acme-small-other-score-abc234", "x-score-y"]
    made = datetime(2026, 1, 1, tzinfo=UTC)
    arn = "arn:aws:sagemaker:eu-west-1:111122223333:model"
    models = [{"ModelName": n, "ModelArn": f"{arn}/{n}", "CreationTime": made} for n in (ours, *others)]
    stub.add_response("list_models", {"Models": models}, {"NameContains": "-score-"})
    stub.add_response("delete_model", {}, {"ModelName": ours})
    assert delete_scored_models(environments["small"], client) == 1


def test_every_package_of_the_own_registry_goes_and_a_group_that_is_not_there_is_fine(
    stubbed: tuple[Any, Stubber], environments: dict[str, Environment]
) -> None:
    client, stub = stubbed
    arn = "arn:aws:sagemaker:eu-west-1:111122223333:model-package/acme-small-credit-approval/1"
    package = {"ModelPackageArn": arn, "CreationTime": 0, "ModelPackageStatus": "Completed"}
    stub.add_response("list_model_packages", {"ModelPackageSummaryList": [package]})
    stub.add_response("delete_model_package", {}, {"ModelPackageName": arn})
    stub.add_client_error("list_model_packages", "ValidationException", "does not exist")
    assert delete_packages(environments["small"], client) == 1


def test_packages_of_another_environment_s_registry_are_left_alone(
    stubbed: tuple[Any, Stubber], environments: dict[str, Environment]
) -> None:
    assert delete_packages(environments["given"], stubbed[0]) == 0


def test_everything_in_the_ai_registry_goes_version_by_version(
    stubbed: tuple[Any, Stubber], environments: dict[str, Environment]
) -> None:
    client, stub = stubbed
    hub = {"HubName": hub_name("eu-west-1", "111122223333")}
    shape = client.meta.service_model.shape_for("HubContentType")
    assert set(HUB_CONTENTS) == set(shape.enum)

    def summary(version: str) -> dict[str, Any]:
        return {
            "HubContentName": "cases",
            "HubContentArn": "arn:aws:sagemaker:eu-west-1:111122223333:hub-content/h/DataSet/cases",
            "HubContentVersion": version,
            "HubContentType": "DataSet",
            "DocumentSchemaVersion": "2.0.0",
            "HubContentStatus": "Available",
            "CreationTime": 0,
        }

    cases = {**hub, "HubContentType": "DataSet", "HubContentName": "cases"}
    data_sets = {**hub, "HubContentType": "DataSet"}
    stub.add_response("list_hub_contents", {"HubContentSummaries": [summary("1.0.1")]}, data_sets)
    first = {"HubContentSummaries": [summary("1.0.0")], "NextToken": "more"}
    stub.add_response("list_hub_content_versions", first, cases)
    stub.add_response("delete_hub_content", {}, {**cases, "HubContentVersion": "1.0.0"})
    second = {"HubContentSummaries": [summary("1.0.1")]}
    stub.add_response("list_hub_content_versions", second, {**cases, "NextToken": "more"})
    stub.add_response("delete_hub_content", {}, {**cases, "HubContentVersion": "1.0.1"})
    for kind in HUB_CONTENTS[1:]:
        stub.add_response("list_hub_contents", {"HubContentSummaries": []}, {**hub, "HubContentType": kind})
    assert delete_hub_contents(environments["small"], client) == 2


def test_a_hub_that_is_not_there_or_not_ours_is_left_alone(
    stubbed: tuple[Any, Stubber], environments: dict[str, Environment]
) -> None:
    client, stub = stubbed
    stub.add_client_error("list_hub_contents", "ResourceNotFound", "no such hub")
    assert delete_hub_contents(environments["small"], client) == 0
    adopted = environments["small"].model_copy(update={"already_in_account": ["ai_registry_hub"]})
    assert delete_hub_contents(adopted, client) == 0
