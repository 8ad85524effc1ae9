"""A registered version is told how it is served: once, from its own folder, and only if the model serves."""

from typing import Any, cast

import pytest

from customization.call import Call
from customization.ports import World
from customization.serving import serving

FOLDER = "s3://artifacts/models/assistant/run/customization/job/output/model"
SPECIFICATION = {"Name": "serving", "Containers": [{"Image": "djl-inference:lmi", "Environment": {"A": "1"}}]}


def call(literal: dict[str, Any]) -> Call:
    return Call({"Customization": literal}, cast(World, None))


def version(folder: str = FOLDER, **more: Any) -> dict[str, Any]:
    """A version as SageMaker registers it: a folder, a base model and no image."""
    data = {"S3Uri": folder, "S3DataType": "S3Prefix", "CompressionType": "None"}
    container = {"ModelDataSource": {"S3DataSource": data}, "BaseModel": {"HubContentName": "qwen"}}
    return {"InferenceSpecification": {"Containers": [container]}, **more}


SERVED = {"Serving": {"Folder": "checkpoints/hf_merged/", "Specification": SPECIFICATION}}


@pytest.mark.parametrize("folder", [FOLDER, f"{FOLDER}/"])
def test_a_version_is_served_by_its_merged_weights_beside_what_sagemaker_registered(folder: str) -> None:
    members = serving(call(SERVED), version(folder))
    (added,) = members.pop("AdditionalInferenceSpecificationsToAdd")
    assert members == {}
    (container,) = added["Containers"]
    source = container.pop("ModelDataSource")["S3DataSource"]
    assert container == SPECIFICATION["Containers"][0]
    assert source["S3Uri"] == f"{FOLDER}/checkpoints/hf_merged/"
    assert source["CompressionType"] == "None"


def test_nothing_is_added_twice_nor_to_a_version_of_a_model_that_is_not_served() -> None:
    known = version(AdditionalInferenceSpecifications=[{"Name": "serving"}])
    assert serving(call(SERVED), known) == {}
    assert serving(call({}), version()) == {}
