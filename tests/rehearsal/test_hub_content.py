"""Hubs of the rehearsal: data sets and evaluators by version, and what an import finds."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from customized_account import (
    BASE,
    HUB,
    SFT,
    Customized,
    customized,
    dataset_document,
    evaluator_document,
    lines,
)
from rehearsed_account import BUCKET, PLACE, TRUST, allow

from rehearsal.cloudformation import Engine
from rehearsal.emulator import RoleRecord
from rehearsal.sagemaker.hub_documents import LARGEST_DATASET


@pytest.fixture(scope="module")
def here() -> Iterator[Customized]:
    with customized() as found:
        found.put("data/sft.jsonl", lines(SFT))
        yield found


def content(name: str, document: Any, kind: str = "DataSet", **more: Any) -> dict[str, Any]:
    """ImportHubContent."""
    return {
        "HubName": HUB,
        "HubContentType": kind,
        "HubContentName": name,
        "DocumentSchemaVersion": "2.0.0",
        "HubContentDocument": document if isinstance(document, str) else json.dumps(document),
        **more,
    }


def described(here: Customized, name: str, kind: str = "DataSet", **more: str) -> dict[str, Any]:
    return dict(here.api.describe_hub_content(HubName=HUB, HubContentType=kind, HubContentName=name, **more))


def test_an_import_takes_a_while(here: Customized) -> None:
    given = content("slow", dataset_document("data/sft.jsonl"), HubContentSearchKeywords=["method:uploaded"])
    answer = here.api.import_hub_content(**given, Tags=[{"Key": "model", "Value": "support"}])
    arn = PLACE.arn("sagemaker", f"hub-content/{HUB}/DataSet/slow/1.0.0")
    assert answer["HubContentArn"] == arn
    assert described(here, "slow")["HubContentStatus"] == "Importing"
    with pytest.raises(ClientError, match="is being imported"):
        here.api.delete_hub_content(
            HubName=HUB, HubContentType="DataSet", HubContentName="slow", HubContentVersion="1.0.0"
        )
    here.later(10)
    found = described(here, "slow")
    assert found["HubContentStatus"] == "Available"
    assert json.loads(found["HubContentDocument"])["DatasetS3Prefix"] == "data/sft.jsonl"
    assert here.api.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "model", "Value": "support"}]


def test_the_newest_version_is_meant_unless_one_is_named(here: Customized) -> None:
    for version in ("1.9.0", "1.10.0"):
        here.imported("DataSet", "versioned", dataset_document("data/sft.jsonl"), version)
    assert described(here, "versioned")["HubContentVersion"] == "1.10.0"
    assert described(here, "versioned", HubContentVersion="1.9.0")["HubContentVersion"] == "1.9.0"
    of = {"HubName": HUB, "HubContentType": "DataSet"}
    found = here.api.list_hub_content_versions(**of, HubContentName="versioned")["HubContentSummaries"]
    assert {one["HubContentVersion"] for one in found} == {"1.9.0", "1.10.0"}
    found = here.api.list_hub_content_versions(**of, HubContentName="versioned", MinVersion="1.10.0")
    assert [one["HubContentVersion"] for one in found["HubContentSummaries"]] == ["1.10.0"]
    found = here.api.list_hub_contents(**of, NameContains="versioned")["HubContentSummaries"]
    assert [one["HubContentVersion"] for one in found] == ["1.10.0"]
    with pytest.raises(ClientError, match="already exists") as taken:
        here.api.import_hub_content(
            **content("versioned", dataset_document("data/sft.jsonl"), HubContentVersion="1.9.0")
        )
    assert taken.value.response["Error"]["Code"] == "ResourceInUse"


def test_what_people_read_of_a_content_can_change_and_a_version_can_go(here: Customized) -> None:
    here.imported("DataSet", "changing", dataset_document("data/sft.jsonl"))
    one = {"HubName": HUB, "HubContentType": "DataSet", "HubContentName": "changing"}
    here.api.update_hub_content(**one, HubContentVersion="1.0.0", HubContentDescription="Support, 2026")
    assert described(here, "changing")["HubContentDescription"] == "Support, 2026"
    here.api.delete_hub_content(**one, HubContentVersion="1.0.0")
    with pytest.raises(ClientError, match="does not exist") as gone:
        described(here, "changing")
    assert gone.value.response["Error"]["Code"] == "ResourceNotFound"


REFUSED = [
    (content("x", "no json"), "HubContentDocument is not JSON"),
    (content("x", []), "HubContentDocument must be a JSON object, got list"),
    (content("x", dataset_document("p") | {"DatasetType": "MINE"}), "DatasetType must be CUSTOMER_PROVIDED"),
    (content("x", {"DatasetType": "CUSTOMER_PROVIDED"}), "a DataSet's document needs DatasetS3Bucket"),
    (content("x", dataset_document("p") | {"Dependencies": 1}), "Dependencies of a DataSet must be a list"),
    (
        content("x", dataset_document("p"), DocumentSchemaVersion="1.0.0"),
        "DocumentSchemaVersion of a DataSet must be 2.0.0, got 1.0.0",
    ),
    (content("x", dataset_document("p"), HubContentVersion="1a0b0"), "must be x.y.z, got 1a0b0"),
    (content("x", dataset_document("p"), HubName="nobodys"), "Hub nobodys does not exist"),
    (content("x", dataset_document("p"), HubName="SageMakerPublicHub"), "belongs to AWS"),
    (content("x", {}, "Notebook"), "HubContentType Notebook is not rehearsed"),
    (content("a_b", dataset_document("p")), "hubContentName.*regular expression pattern"),
    (content("x", {"SubType": "Mine"}, "JsonDoc"), "SubType of a JsonDoc must be AWS/Evaluator, got Mine"),
    (content("x", {"SubType": "AWS/Evaluator"}, "JsonDoc"), "JsonContent must be a string of JSON"),
    (
        content("x", evaluator_document("arn:x", "Judge"), "JsonDoc"),
        "EvaluatorType must be one of RewardFunction, RewardPrompt, got Judge",
    ),
    (
        content("x", evaluator_document(PLACE.arn("lambda", "function:f:live")), "JsonDoc"),
        "must be the unqualified ARN of a function",
    ),
    (
        content("x", evaluator_document("no-uri", "RewardPrompt"), "JsonDoc"),
        "Reference of a RewardPrompt must be an S3 URI, got no-uri",
    ),
]


@pytest.mark.parametrize(("given", "problem"), REFUSED, ids=[problem[:60] for _, problem in REFUSED])
def test_an_import_of_the_wrong_form_is_refused(
    here: Customized, given: dict[str, Any], problem: str
) -> None:
    with pytest.raises(ClientError, match=problem):
        here.api.import_hub_content(**given)


FAILING = [
    ("missing", dataset_document("data/none.jsonl"), "DataSet", "there is no object at s3://acme-dev-data/"),
    ("suffix", dataset_document("data/sft.txt"), "DataSet", "sft.txt must end in one of .jsonl, .parquet"),
    (
        "nobucket",
        dataset_document("data/sft.jsonl") | {"DatasetS3Bucket": "nobody-has-this"},
        "DataSet",
        "bucket does not exist",
    ),
    (
        "nofunction",
        evaluator_document(PLACE.arn("lambda", "function:SageMaker-evaluator-none")),
        "JsonDoc",
        "Function not found",
    ),
    ("noprompt", evaluator_document(f"s3://{BUCKET}/judge.jinja", "RewardPrompt"), "JsonDoc", "no object at"),
]


@pytest.mark.parametrize(("name", "document", "kind", "problem"), FAILING, ids=[one[0] for one in FAILING])
def test_an_import_fails_if_what_it_refers_to_cannot_be_used(
    here: Customized, name: str, document: dict[str, Any], kind: str, problem: str
) -> None:
    here.put("data/sft.txt", "text")
    here.imported(kind, name, document)
    found = described(here, name, kind)
    assert found["HubContentStatus"] == "ImportFailed"
    assert problem in found["FailureReason"]


def test_a_file_of_a_data_set_has_at_most_one_gibibyte(
    here: Customized, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert LARGEST_DATASET == 2**30
    monkeypatch.setattr("rehearsal.sagemaker.hub_documents.LARGEST_DATASET", 10)
    here.imported("DataSet", "large", dataset_document("data/sft.jsonl"))
    assert "a file of a data set has at most 10" in described(here, "large")["FailureReason"]


def test_an_import_can_be_made_to_fail(here: Customized) -> None:
    here.emulator.faults.inject("hub_import_failure", "unlucky")
    here.imported("DataSet", "unlucky", dataset_document("data/sft.jsonl"))
    assert described(here, "unlucky")["HubContentStatus"] == "ImportFailed"
    here.imported("DataSet", "unlucky", dataset_document("data/sft.jsonl"), "1.0.1")
    assert described(here, "unlucky")["HubContentStatus"] == "Available"


def test_the_public_hub_has_the_base_models(here: Customized) -> None:
    hub = here.api.describe_hub(HubName="SageMakerPublicHub")
    assert hub["HubArn"] == PLACE.arn("sagemaker", "hub/SageMakerPublicHub", account="aws")
    found = here.api.describe_hub_content(
        HubName="SageMakerPublicHub", HubContentType="Model", HubContentName=BASE
    )
    assert f":aws:hub-content/SageMakerPublicHub/Model/{BASE}/" in found["HubContentArn"]
    recipes = json.loads(found["HubContentDocument"])["RecipeCollection"]
    assert {"SFT", "DPO", "RLVR"} <= {recipe["CustomizationTechnique"] for recipe in recipes}
    listed = here.api.list_hub_contents(HubName="SageMakerPublicHub", HubContentType="Model")
    assert BASE in {one["HubContentName"] for one in listed["HubContentSummaries"]}
    with pytest.raises(ClientError, match="does not exist"):
        here.api.describe_hub_content(
            HubName="SageMakerPublicHub", HubContentType="Model", HubContentName="gpt-0"
        )


def test_a_hub_is_made_once_and_goes_when_it_is_empty(here: Customized) -> None:
    here.api.create_hub(HubName="second", HubDescription="For a test")
    with pytest.raises(ClientError, match="already exists"):
        here.api.create_hub(HubName="second", HubDescription="For a test")
    here.api.update_hub(HubName="second", HubDescription="Another")
    assert here.api.describe_hub(HubName="second")["HubDescription"] == "Another"
    here.api.import_hub_content(**content("one", dataset_document("data/sft.jsonl"), HubName="second"))
    with pytest.raises(ClientError, match="still has content"):
        here.api.delete_hub(HubName="second")
    here.later(10)
    here.api.delete_hub_content(
        HubName="second", HubContentType="DataSet", HubContentName="one", HubContentVersion="1.0.0"
    )
    here.api.delete_hub(HubName="second")
    assert "second" not in {hub["HubName"] for hub in here.api.list_hubs()["HubSummaries"]}


@pytest.mark.parametrize("lacking", ["hub", "hub-content"])
def test_content_needs_permission_for_itself_and_its_hub(here: Customized, lacking: str) -> None:
    arns = {
        "hub": PLACE.arn("sagemaker", f"hub/{HUB}"),
        "hub-content": PLACE.arn("sagemaker", f"hub-content/{HUB}/DataSet/judged"),
    }
    some = [arn for kind, arn in arns.items() if kind != lacking]
    importing = content("judged", dataset_document("data/sft.jsonl"), HubContentVersion="0.0.1")

    def try_with(resources: list[str]) -> None:
        arn = PLACE.arn("iam", f"role/importer-{len(resources)}-{lacking}", region="")
        statement = allow("sagemaker:ImportHubContent", resource=resources)
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        here.emulator.identities.roles[arn] = RoleRecord(arn, TRUST, {"Own": policy})
        principal = here.emulator.assume(arn, "sagemaker.amazonaws.com")
        here.emulator.client("sagemaker", principal).import_hub_content(**importing)

    with pytest.raises(ClientError, match=f"not authorized.*{arns[lacking]} "):
        try_with(some)
    importing["HubContentVersion"] = "0.0.2" if lacking == "hub" else "0.0.3"
    try_with([*arns.values()])


def test_cloudformation_makes_changes_and_deletes_a_hub(here: Customized) -> None:
    def hub(**properties: Any) -> dict[str, Any]:
        given = {"HubName": "stacked", "HubDescription": "Mine", **properties}
        return {"Resources": {"Hub": {"Type": "AWS::SageMaker::Hub", "Properties": given}}}

    engine = Engine(here.emulator)
    stack = engine.apply("hub", hub())
    assert stack.resources["Hub"].attributes["HubArn"] == PLACE.arn("sagemaker", "hub/stacked")
    engine.apply("hub", hub(HubDescription="Ours"))
    assert here.api.describe_hub(HubName="stacked")["HubDescription"] == "Ours"
    engine.delete("hub")
    with pytest.raises(ClientError, match="Hub stacked does not exist"):
        here.api.describe_hub(HubName="stacked")
