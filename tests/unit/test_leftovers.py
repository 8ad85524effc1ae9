"""What people made is deleted before the stacks that cannot be deleted around it."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from mlplatform.settings import Environment
from tools.leftovers import MAX_POLLS, POLL_SECONDS, delete_packages, stop_studio

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
