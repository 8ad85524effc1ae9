"""Customized models answer as inference components: what settings may say, and what serves a version."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from customization_mistakes import FILES, MODEL
from landscapes import environment

from mlplatform.settings import Environment, ModelProduct, SettingsError, read_environments
from mlplatform.workflows.serving_specification import serving_specification

SERVING: dict[str, Any] = {
    "mode": "inference_components",
    "instance_type": "ml.g5.12xlarge",
    "components": {"memory_mb": 24_000, "accelerators": 2, "copies": {"minimum": 2, "maximum": 2}},
    "sample": {"file": "sample.json", "content_type": "application/json", "accept": "application/json"},
}
SCALED = {"copies": {"minimum": 0, "maximum": 2}, "memory_mb": 24_000}
TO_ZERO = {"components": SCALED, "autoscaling": {"target_concurrent_requests": 8}}
INFERENCE: dict[str, Any] = {
    "framework": {"name": "djl-lmi", "version": "0.38.0"},
    "content_types": ["application/json"],
    "response_types": ["application/json"],
}


def read(
    folder: Path, inference: dict[str, Any] | None = None, region: str = "us-east-1", **serving: Any
) -> tuple[Environment, ModelProduct]:
    """An environment with a customized model that serves so. Raises SettingsError."""
    given = {key: value for key, value in {**SERVING, **serving}.items() if value is not None}
    sections = {"inference": {**INFERENCE, **(inference or {})}, "serving": given}
    zones = {"us-east-1": "use1", "eu-west-3": "euw3"}[region]
    network = {"availability_zones": [f"{zones}-az1", f"{zones}-az2"]}
    settings = environment("111122223333", region=region, training=True, network=network)
    (folder / "environments").mkdir()
    (folder / "models" / "m").mkdir(parents=True)
    (folder / "environments" / "dev.yaml").write_text(yaml.safe_dump(settings))
    (folder / "models" / "m" / "model.yaml").write_text(MODEL + yaml.safe_dump(sections))
    for name, data in FILES.items():
        (folder / "models" / "m" / name).write_bytes(data)
    (folder / "models" / "m" / "sample.json").write_text('{"inputs": "Hello"}')
    (found,) = read_environments(folder / "environments")
    return found, found.products[0]


def test_copies_are_replaced_in_batches_where_there_are_two_and_at_once_otherwise(tmp_path: Path) -> None:
    two, none = tmp_path / "two", tmp_path / "none"
    two.mkdir()
    none.mkdir()
    serving = read(two)[1].serving
    assert serving is not None
    assert serving.rollout.strategy == "rolling"
    serving = read(none, **TO_ZERO)[1].serving
    assert serving is not None
    assert (serving.rollout.strategy, serving.instances.minimum) == ("all_at_once", 0)


MISTAKES: dict[str, tuple[dict[str, Any], str]] = {
    "another mode": (
        {"mode": "async", "components": None},
        "serving.mode: does not go with customization, whose models answer as inference components, given "
        "async, allowed: inference_components",
    ),
    "no components": (
        {"components": None},
        "serving.components: is missing, a copy needs a part of an instance, allowed: memory_mb, with "
        "accelerators and copies",
    ),
    "a processor": (
        {"instance_type": "ml.m5.large"},
        "serving.instance_type: the image that answers is for gpu, a server of language models, given "
        "'ml.m5.large', allowed: instance types with gpu",
    ),
    "more GPUs than there are": (
        {"components": {**SERVING["components"], "accelerators": 8}},
        "serving.components.accelerators: is more than ml.g5.12xlarge has, 4, given 8, allowed: 1 to 4",
    ),
    "too few instances for a batch beside all copies": (
        {"instances": {"minimum": 1, "maximum": 1}},
        "serving.instances.maximum: is too few for 2 copies of 2 GPUs, those that a release replaces "
        "included, given 1, allowed: 2 to 100",
    ),
    "no copies and nothing that starts one": (
        {"components": {**SCALED, "copies": {"minimum": 0}}},
        "serving.components.copies.minimum: does not go without autoscaling, which alone starts the first "
        "copy, given 0, allowed: 1 or more, or a section serving.autoscaling",
    ),
    "more copies that nothing starts": (
        {"components": {**SCALED, "copies": {"minimum": 1, "maximum": 2}}},
        "serving.components.copies.maximum: does not go without autoscaling, nothing else changes the "
        "number, given 2, allowed: 1, or a section serving.autoscaling",
    ),
    "instances that are kept for nothing": (
        {**TO_ZERO, "instances": {"minimum": 1, "maximum": 2}},
        "serving.instances.minimum: keeps instances for no copies: components.copies.minimum is 0, given 1, "
        "allowed: 0, or copies.minimum of 1 or more",
    ),
    "a canary": (
        {"rollout": {"strategy": "canary"}},
        "serving.rollout.strategy: does not go with mode: inference_components, whose copies are replaced in "
        "batches, given canary, allowed: rolling, all_at_once",
    ),
    "a batch of one copy": (
        {"components": {"memory_mb": 24_000}, "rollout": {"strategy": "rolling"}},
        "serving.rollout.strategy: needs 2 copies, a batch is half of them at most, given rolling, allowed: "
        "components.copies.minimum of 2 or more, or all_at_once",
    ),
    "a shadow": (
        {"shadow": {}},
        "serving.shadow: does not go with mode: inference_components, whose requests SageMaker does not "
        "mirror, allowed: none",
    ),
    "captured requests": (
        {"capture": {}},
        "serving.capture: does not go with mode: inference_components, of which AWS documents no capture of "
        "requests, allowed: none",
    ),
    "a target of a queue": (
        {**TO_ZERO, "autoscaling": {"target_backlog_per_instance": 5}},
        "serving.autoscaling.target_backlog_per_instance: does not go with mode: inference_components, of "
        "which there is no such metric, given 5, allowed: target_invocations_per_minute or "
        "target_concurrent_requests",
    ),
    "an objective that nothing measures": (
        {"objectives": {"disk_percent": 50}},
        "serving.objectives.disk_percent: does not go with mode: inference_components, of which SageMaker "
        "has no such metric, given 50, allowed: none",
    ),
    "a region without components": (
        {"region": "eu-west-3"},
        "serving.mode: CloudFormation has no AWS::SageMaker::InferenceComponent in eu-west-3, given "
        "inference_components, allowed: serving: null there, or a region that has it",
    ),
    "a framework that runs scripts": (
        {"inference": {"framework": {"name": "pytorch", "version": "2.6.0"}}},
        "inference.framework.name: does not serve customized models, given 'pytorch', allowed: djl-lmi, "
        "vllm, or inference.container",
    ),
    "no image": (
        {"inference": {"framework": None}},
        "inference.framework: is missing, a customized model brings no image, allowed: inference.framework, "
        "such as {name: djl-lmi, version: …}, or container",
    ),
    "a version that AWS has not": (
        {"inference": {"framework": {"name": "vllm", "version": "9.9"}}},
        "inference.framework.version: no image of vllm for inference, given '9.9', allowed: 0.23.0, ",
    ),
}
"""What is different, and what must be said of it."""


@pytest.mark.parametrize("mistake", MISTAKES)
def test_what_does_not_go_together_is_refused_with_the_reason(mistake: str, tmp_path: Path) -> None:
    given, expected = MISTAKES[mistake]
    with pytest.raises(SettingsError) as refused:
        read(tmp_path, **given)
    assert any(expected in line for line in str(refused.value).splitlines()), str(refused.value)


def test_a_version_is_served_by_the_image_of_the_settings_from_its_own_folder(tmp_path: Path) -> None:
    settings, product = read(tmp_path)
    found = serving_specification(product, settings)
    assert found is not None
    (container,) = found["Containers"]
    image = "763104351884.dkr.ecr.us-east-1.amazonaws.com/djl-inference:0.38.0-lmi29.0.0-cu130"
    assert container["Image"] == image
    assert container["Environment"]["HF_MODEL_ID"] == "/opt/ml/model"
    assert container["Environment"]["HF_HUB_OFFLINE"] == "1"
    assert found["Name"] == "serving"


def test_vllm_spreads_a_copy_over_its_gpus(tmp_path: Path) -> None:
    settings, product = read(tmp_path, {"framework": {"name": "vllm", "version": "0.30.0"}})
    found = serving_specification(product, settings)
    assert found is not None
    assert found["Containers"][0]["Environment"]["SM_VLLM_TENSOR_PARALLEL_SIZE"] == "2"
