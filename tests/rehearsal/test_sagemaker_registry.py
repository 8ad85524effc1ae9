"""Model packages, lineage, tags and MLflow of the rehearsal."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.request import Request, urlopen

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from rehearsed_account import PLACE, ROLE, SCIKIT_LEARN, Account, account, allow, job_policy

from rehearsal.api import Principal

DATA = "s3://acme-dev-artifacts/models/m/model.tar.gz"
SPECIFICATION = {
    "Containers": [{"Image": SCIKIT_LEARN, "ModelDataUrl": DATA}],
    "SupportedContentTypes": ["text/csv"],
    "SupportedResponseMIMETypes": ["text/csv"],
}


@pytest.fixture(scope="module")
def here() -> Iterator[Account]:
    with account() as found:
        yield found


@pytest.fixture
def group(here: Account, request: pytest.FixtureRequest) -> str:
    name = request.node.name.replace("_", "-")[5:35].strip("-")
    here.api.create_model_package_group(ModelPackageGroupName=name)
    return name


def version(here: Account, group: str, **more: Any) -> str:
    given = {"ModelPackageGroupName": group, "InferenceSpecification": SPECIFICATION, **more}
    return str(here.api.create_model_package(**given)["ModelPackageArn"])


def test_versions_count_up_and_wait_for_approval(here: Account, group: str) -> None:
    first, second = version(here, group), version(here, group)
    assert first == PLACE.arn("sagemaker", f"model-package/{group}/1")
    assert second.endswith(f"{group}/2")
    package = here.api.describe_model_package(ModelPackageName=second)
    assert package["ModelApprovalStatus"] == "PendingManualApproval"
    assert package["ModelPackageVersion"] == 2
    assert package["InferenceSpecification"]["Containers"][0]["ModelDataUrl"] == DATA


def test_a_deleted_version_number_is_not_used_again(here: Account, group: str) -> None:
    here.api.delete_model_package(ModelPackageName=version(here, group))
    assert version(here, group).endswith("/2")


def test_one_client_token_makes_one_version(here: Account, group: str) -> None:
    first = version(here, group, ClientToken=group)
    assert version(here, group, ClientToken=group) == first
    with pytest.raises(ClientError, match="ConflictException"):
        version(here, group, ClientToken=group, ModelPackageDescription="other")


def test_approval_is_recorded_announced_and_filtered_by(here: Account, group: str) -> None:
    events: list[Any] = []
    here.emulator.subscribe(events.append)
    first, second = version(here, group), version(here, group)
    here.api.update_model_package(
        ModelPackageArn=first, ModelApprovalStatus="Approved", CustomerMetadataProperties={"a": "b"}
    )
    found = here.api.list_model_packages(ModelPackageGroupName=group, ModelApprovalStatus="Approved")
    assert [one["ModelPackageArn"] for one in found["ModelPackageSummaryList"]] == [first]
    everything = here.api.list_model_packages(ModelPackageGroupName=group, SortBy="CreationTime")
    assert [one["ModelPackageArn"] for one in everything["ModelPackageSummaryList"]] == [second, first]
    here.emulator.settle()
    told = [e["detail"] for e in events if e["detail-type"] == "SageMaker Model Package State Change"]
    mine = [d["ModelApprovalStatus"] for d in told if d["ModelPackageArn"] == first]
    assert mine == ["PendingManualApproval", "Approved"]


def test_a_package_needs_a_group_that_exists_and_no_tags(here: Account, group: str) -> None:
    with pytest.raises(ClientError, match="nowhere does not exist"):
        version(here, "nowhere")
    with pytest.raises(ClientError, match="Tags are not supported"):
        version(here, group, Tags=[{"Key": "a", "Value": "b"}])
    with pytest.raises(ClientError, match=f"{group}/9 does not exist"):
        here.api.describe_model_package(ModelPackageName=PLACE.arn("sagemaker", f"model-package/{group}/9"))


def test_only_an_approved_version_becomes_a_model(here: Account, group: str) -> None:
    given = {"ExecutionRoleArn": ROLE, "PrimaryContainer": {"ModelPackageName": version(here, group)}}
    with pytest.raises(ClientError, match="unapproved Model Package"):
        here.api.create_model(ModelName=f"m-{group}", **given)


def test_a_group_with_versions_is_not_deleted(here: Account, group: str) -> None:
    arn = version(here, group)
    with pytest.raises(ClientError, match="still has model packages"):
        here.api.delete_model_package_group(ModelPackageGroupName=group)
    here.api.delete_model_package(ModelPackageName=arn)
    here.api.delete_model_package_group(ModelPackageGroupName=group)
    with pytest.raises(ClientError, match="does not exist"):
        here.api.describe_model_package_group(ModelPackageGroupName=group)


def test_a_group_keeps_its_policy(here: Account, group: str) -> None:
    here.api.put_model_package_group_policy(ModelPackageGroupName=group, ResourcePolicy='{"Statement": []}')
    policy = here.api.get_model_package_group_policy(ModelPackageGroupName=group)["ResourcePolicy"]
    assert json.loads(policy) == {"Statement": []}
    with pytest.raises(ClientError, match="Invalid resource policy"):
        here.api.put_model_package_group_policy(ModelPackageGroupName=group, ResourcePolicy="{")


def test_lineage_has_one_artifact_per_source(here: Account) -> None:
    source = {"SourceUri": "s3://bucket/data/train/"}
    arn = here.api.create_artifact(Source=source, ArtifactType="DataSet", ArtifactName="data")["ArtifactArn"]
    with pytest.raises(ClientError, match="already exists"):
        here.api.create_artifact(Source=source, ArtifactType="DataSet")
    found = here.api.list_artifacts(SourceUri=source["SourceUri"])["ArtifactSummaries"]
    assert [one["ArtifactArn"] for one in found] == [arn]
    assert here.api.list_artifacts(SourceUri="s3://bucket/other/")["ArtifactSummaries"] == []
    assert here.api.describe_artifact(ArtifactArn=arn)["ArtifactType"] == "DataSet"


def test_associations_join_what_exists_once(here: Account) -> None:
    data = here.api.create_artifact(Source={"SourceUri": "s3://b/d"}, ArtifactType="DataSet")["ArtifactArn"]
    action = here.api.create_action(
        ActionName="run", Source={"SourceUri": "arn:job"}, ActionType="Training", Status="Completed"
    )["ActionArn"]
    pair = {"SourceArn": data, "DestinationArn": action}
    here.api.add_association(**pair, AssociationType="ContributedTo")
    with pytest.raises(ClientError, match="already exists"):
        here.api.add_association(**pair)
    (found,) = here.api.list_associations(DestinationArn=action)["AssociationSummaries"]
    assert (found["SourceArn"], found["SourceType"]) == (data, "DataSet")
    assert found["AssociationType"] == "ContributedTo"
    with pytest.raises(ClientError, match="ResourceNotFound"):
        here.api.add_association(SourceArn=data, DestinationArn=action + "x")
    with pytest.raises(ClientError, match="still has associations"):
        here.api.delete_action(ActionName="run")
    here.api.delete_association(**pair)
    here.api.delete_action(ActionName="run")


def test_tags_are_added_listed_and_deleted(here: Account, group: str) -> None:
    arn = here.api.describe_model_package_group(ModelPackageGroupName=group)["ModelPackageGroupArn"]
    here.api.add_tags(ResourceArn=arn, Tags=[{"Key": "model", "Value": "m"}, {"Key": "owner", "Value": "o"}])
    here.api.delete_tags(ResourceArn=arn, TagKeys=["owner"])
    assert here.api.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "model", "Value": "m"}]


def test_an_operation_that_is_not_rehearsed_is_refused_by_name(here: Account) -> None:
    with pytest.raises(ClientError, match="the rehearsal has no sagemaker:CreateNotebookInstance"):
        here.api.create_notebook_instance(NotebookInstanceName="n", InstanceType="ml.t3.medium", RoleArn=ROLE)


def mlflow(here: Account, arn: str, method: str, path: str, **members: Any) -> dict[str, Any]:
    """Call MLflow as its plugin does: signed, with the App in a header."""
    keys = here.emulator.credentials(Principal(ROLE, "tracking"))
    body = json.dumps(members).encode() if method == "POST" else None
    query = "?" + "&".join(f"{k}={v}" for k, v in members.items()) if method == "GET" else ""
    url = f"{here.emulator.endpoint}/mlflow/api/2.0/mlflow/{path}{query}"
    signed = AWSRequest(method=method, url=url, data=body, headers={"x-sm-mlflow-app-arn": arn})
    credentials = Credentials(
        keys["AWS_ACCESS_KEY_ID"], keys["AWS_SECRET_ACCESS_KEY"], keys["AWS_SESSION_TOKEN"]
    )
    SigV4Auth(credentials, "sagemaker", PLACE.region).add_auth(signed)
    request = Request(url, data=body, headers=dict(signed.headers), method=method)
    with urlopen(request) as answer:
        return dict(json.loads(answer.read()))


@pytest.fixture(scope="module")
def app(here: Account) -> str:
    arn = here.api.create_mlflow_app(
        Name="tracking", ArtifactStoreUri="s3://acme-dev-artifacts/mlflow/", RoleArn=ROLE
    )["Arn"]
    policy = job_policy()
    policy["Statement"].append(allow("sagemaker:CallMlflowAppApi", resource=arn))
    here.give(policy)
    return str(arn)


def test_a_run_is_recorded_in_an_mlflow_app_and_found_by_its_tag(here: Account, app: str) -> None:
    (found,) = here.api.list_mlflow_apps()["Summaries"]
    assert (found["Arn"], found["Name"]) == (app, "tracking")
    experiment = mlflow(here, app, "POST", "experiments/create", name="m")["experiment_id"]
    same = mlflow(here, app, "GET", "experiments/get-by-name", experiment_name="m")["experiment"]
    assert same["experiment_id"] == experiment
    run = mlflow(
        here, app, "POST", "runs/create", experiment_id=experiment, tags=[{"key": "job_arn", "value": "a:b"}]
    )["run"]["info"]["run_id"]
    metrics = [{"key": "auc", "value": 0.9, "timestamp": 1, "step": 0}]
    mlflow(here, app, "POST", "runs/log-batch", run_id=run, metrics=metrics)
    mlflow(here, app, "POST", "runs/update", run_id=run, status="FINISHED", end_time=2)
    search = {"experiment_ids": [experiment], "max_results": 1}
    (hit,) = mlflow(here, app, "POST", "runs/search", **search, filter="tags.job_arn = 'a:b'")["runs"]
    assert (hit["info"]["run_id"], hit["info"]["status"]) == (run, "FINISHED")
    assert hit["data"]["metrics"][0]["value"] == 0.9
    assert mlflow(here, app, "POST", "runs/search", **search, filter="tags.job_arn = 'c'")["runs"] == []


def test_mlflow_refuses_a_role_without_the_permission(here: Account, app: str) -> None:
    here.give(job_policy())
    with pytest.raises(OSError, match="HTTP Error 403"):
        mlflow(here, app, "POST", "experiments/create", name="forbidden")
