"""Which image a job runs in follows from settings, region and instance type."""

import json
from pathlib import Path
from typing import Any

import pytest

from mlplatform import images, regions
from mlplatform.algorithms import ALGORITHMS, JUMPSTART_ONLY
from mlplatform.settings import Environment, ModelProduct
from mlplatform.settings.jobs import FrameworkSettings
from mlplatform.settings.training import AlgorithmSettings
from tools.refresh_images import ALGORITHMS as REFRESHED
from tools.refresh_images import FRAMEWORKS, SERVERS, TARGET, rendered

DIGEST = f"sha256:{'0' * 64}"
DATA: dict[str, Any] = json.loads(Path(TARGET).read_text(encoding="utf-8"))
FRAMEWORK_IMAGES = {
    "scikit-learn trains": (
        ("scikit-learn", "1.4-2", "training", "ml.m5.large"),
        "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.4-2-cpu-py3",
    ),
    "the same image of scikit-learn serves": (
        ("scikit-learn", "1.4-2", "inference", "ml.m5.large"),
        "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.4-2-cpu-py3",
    ),
    "the same image of XGBoost processes": (
        ("xgboost", "3.2-0", "processing", "ml.m5.large"),
        "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.2-0",
    ),
    "PyTorch trains on a GPU": (
        ("pytorch", "2.10.0", "training", "ml.g5.xlarge"),
        "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.10.0-gpu-py313",
    ),
    "PyTorch of the newer line says which CUDA": (
        ("pytorch", "2.14", "training", "ml.g5.xlarge"),
        "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch:2.14-cu133-amzn2023-sagemaker",
    ),
    "PyTorch of the newer line processes on a CPU": (
        ("pytorch", "2.14", "processing", "ml.m5.large"),
        "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch:2.14-cpu-amzn2023-sagemaker",
    ),
    "PyTorch serves on Graviton": (
        ("pytorch", "2.6.0", "inference", "ml.c7g.large"),
        "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-inference-arm64:2.6.0-cpu-py312-ubuntu22.04-sagemaker",
    ),
    "TensorFlow serves without a version of Python": (
        ("tensorflow", "2.19.0", "inference", "ml.m5.large"),
        "763104351884.dkr.ecr.us-east-1.amazonaws.com/tensorflow-inference:2.19.0-cpu",
    ),
    "LMI serves language models": (
        ("djl-lmi", "0.38.0", "inference", "ml.g5.2xlarge"),
        "763104351884.dkr.ecr.us-east-1.amazonaws.com/djl-inference:0.38.0-lmi29.0.0-cu130",
    ),
    "so does vLLM": (
        ("vllm", "0.30.0", "inference", "ml.g6.2xlarge"),
        "763104351884.dkr.ecr.us-east-1.amazonaws.com/vllm:0.30.0-gpu-py312-cu130-ubuntu24.04-sagemaker",
    ),
    "Hugging Face takes the newest transformers": (
        ("huggingface", "2.9.0", "training", "ml.g5.xlarge"),
        "763104351884.dkr.ecr.us-east-1.amazonaws.com/huggingface-pytorch-training:"
        "2.9.0-transformers5.3.0-gpu-py312-cu130-ubuntu22.04",
    ),
}
REGIONS = {
    "small": "141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-xgboost:3.2-0",
    "china": "450853457545.dkr.ecr.cn-north-1.amazonaws.com.cn/sagemaker-xgboost:3.2-0",
    "gov": "414596584902.dkr.ecr.us-gov-west-1.amazonaws.com/sagemaker-xgboost:3.2-0",
}


def product(**sections: Any) -> ModelProduct:
    """A product with these sections."""
    values = {"name": "credit", "description": "Predicts", "owner": "risk", "task": "regression"}
    return ModelProduct.model_validate(values | sections, context={"region": "us-east-1"})


@pytest.mark.parametrize(("asked", "uri"), FRAMEWORK_IMAGES.values(), ids=FRAMEWORK_IMAGES)
def test_the_image_of_a_framework(
    asked: tuple[Any, str, images.Use, str], uri: str, environments: dict[str, Environment]
) -> None:
    name, version, use, instance_type = asked
    framework = FrameworkSettings(name=name, version=version)
    settings = environments["full"]
    assert images.framework_image(framework, settings, use=use, instance_type=instance_type) == uri


def test_transformers_and_python_can_be_chosen(environments: dict[str, Environment]) -> None:
    framework = FrameworkSettings(
        name="huggingface", version="2.6.0", transformers_version="4.49.0", python_version="py312"
    )
    uri = images.framework_image(
        framework, environments["full"], use="inference", instance_type="ml.g5.xlarge"
    )
    assert "2.6.0-transformers4.49.0-gpu-py312" in uri


@pytest.mark.parametrize(("name", "uri"), REGIONS.items())
def test_the_registry_and_the_host_are_those_of_the_region(
    name: str, uri: str, environments: dict[str, Environment]
) -> None:
    algorithm = AlgorithmSettings(name="xgboost", version="3.2-0")
    assert images.algorithm_image(algorithm, environments[name]) == uri


NO_IMAGE = {
    "version": (
        {"name": "scikit-learn", "version": "1.4"},
        "version",
        "no image of scikit-learn for training, given '1.4', allowed: did you mean '1.4-2'? "
        "0.20.0, 0.23-1, 1.0-1, 1.2-1, 1.4-2, 1.4-2-py312, 1.9-0",
    ),
    "transformers": (
        {"name": "huggingface", "version": "2.9.0", "transformers_version": "5.2.0"},
        "transformers_version",
        "no image of huggingface for training, given '5.2.0', allowed: 5.3.0",
    ),
    "Python": (
        {"name": "pytorch", "version": "2.10.0", "python_version": "py39"},
        "python_version",
        "no image of pytorch for training, given 'py39', allowed: py313",
    ),
    "processor": (
        {"name": "huggingface", "version": "2.9.0"},
        "instance_type",
        "the training image of huggingface 2.9.0 does not run on cpu instances, given 'ml.m5.large', "
        "allowed: an instance type with gpu",
    ),
}


@pytest.mark.parametrize(("framework", "setting", "message"), NO_IMAGE.values(), ids=NO_IMAGE)
def test_an_image_that_aws_does_not_have_names_the_setting_and_what_there_is(
    framework: dict[str, str], setting: str, message: str, environments: dict[str, Environment]
) -> None:
    settings = FrameworkSettings.model_validate(framework)
    with pytest.raises(images.UnknownImageError) as unknown:
        images.framework_image(settings, environments["full"], use="training", instance_type="ml.m5.large")
    assert (unknown.value.setting, str(unknown.value)) == (setting, message)


def test_the_models_own_container_is_in_the_repository_of_the_registry(
    environments: dict[str, Environment],
) -> None:
    trained = product(train={"container": {"digest": DIGEST}})
    settings = environments["full"]
    registry = settings.neighbours.registry
    uri = images.image_of(trained, settings, use="training", instance_type="ml.m5.large")
    assert uri == (
        f"{registry.account}.dkr.ecr.us-east-1.amazonaws.com/"
        f"{registry.prefix}-{registry.environment}-credit@{DIGEST}"
    )


def test_a_job_runs_in_its_own_image_and_else_in_what_trains_the_model(
    environments: dict[str, Environment],
) -> None:
    own = {"name": "scikit-learn", "version": "1.9-0"}
    made = product(
        train={"algorithm": {"name": "linear-learner"}},
        evaluate={"script": "evaluate.py", "framework": own},
        inference={"framework": own},
    )
    settings, kind = environments["full"], "ml.m5.large"
    by_use = {
        use: images.image_of(made, settings, use=use, instance_type=kind, job=job).rpartition("/")[2]
        for use, job in (("training", made.train), ("processing", made.evaluate), ("inference", None))
    }
    assert by_use == {
        "training": "linear-learner:1",
        "processing": "sagemaker-scikit-learn:1.9-0-cpu-py3",
        "inference": "sagemaker-scikit-learn:1.9-0-cpu-py3",
    }


def test_an_algorithm_of_jumpstart_brings_its_image(environments: dict[str, Environment]) -> None:
    jumpstart = {"image": "an/image:1", "source": "s3://bucket/code.tar.gz", "model": "s3://bucket/m.tar.gz"}
    trained = product(train={"jumpstart": jumpstart})
    uri = images.image_of(trained, environments["full"], use="training", instance_type="ml.m5.large")
    assert uri == "an/image:1"


def test_a_product_that_nothing_trains_has_no_image(environments: dict[str, Environment]) -> None:
    with pytest.raises(ValueError, match="credit names no image for training"):
        images.image_of(product(), environments["full"], use="training", instance_type="ml.m5.large")


PROCESSORS = {
    "ml.m5.large": "cpu",
    "ml.g5.xlarge": "gpu",
    "ml.p4d.24xlarge": "gpu",
    "ml.c7gn.large": "arm64",
    "ml.m6gd.large": "arm64",
    "ml.g5g.xlarge": "arm64",
    "ml.inf2.xlarge": "inf",
    "ml.trn1.2xlarge": "trn",
}


@pytest.mark.parametrize(("instance_type", "processor"), PROCESSORS.items())
def test_the_family_of_an_instance_type_tells_its_processor(instance_type: str, processor: str) -> None:
    assert images.processor(instance_type) == processor


def test_what_is_known_of_algorithms_is_known_of_those_with_images() -> None:
    assert set(ALGORITHMS) == set(images.algorithm_names()) == set(REFRESHED)
    assert not set(JUMPSTART_ONLY) & set(ALGORITHMS)
    assert set(DATA["frameworks"]) == {*FRAMEWORKS, *SERVERS}


def test_jobs_may_pull_from_every_registry_that_images_name() -> None:
    unknown = {
        (region, account)
        for accounts in DATA["registries"].values()
        for region, account in accounts.items()
        if region in regions.region_names() and account not in regions.region(region).image_registries
    }
    assert not unknown


def configuration(**scopes: Any) -> dict[str, Any]:
    """A configuration as the SDK has it, with one version in each scope."""
    facts = {"registries": {"eu-west-1": "1"}, "repository": "repository"}
    return {scope: {"versions": {"1.0": {**facts, **more}}} for scope, more in scopes.items()}


def test_a_tag_is_put_together_as_the_sdk_does() -> None:
    flat = {"scope": ["training"], **configuration(x={})["x"]}
    files = [*REFRESHED, *SERVERS.values(), *(file for files in FRAMEWORKS.values() for file in files)]
    known: dict[str, Any] = dict.fromkeys(files, flat)
    known["pytorch"] = configuration(
        training={"processors": ["cpu", "gpu"], "py_versions": ["py2", "py3"]},
        inference={"processors": ["gpu"], "container_version": {"gpu": "cu1"}},
        inference_graviton={"processors": ["cpu"], "py_versions": ["py3"]},
    )
    known["pytorch-amzn2023"] = configuration(
        training={"processors": ["cpu"], "container_version": {"cpu": "c"}, "processor_in_tag": False}
    )
    known["vllm"] = configuration(
        inference={"processors": ["gpu"], "container_version": {"gpu": "cu1-sagemaker"}}
    )["inference"]
    known["djl-lmi"] = configuration(x={"tag_prefix": "1.0-lmi2"})["x"]
    found = json.loads(rendered(known | {"version": "2"}))["frameworks"]
    for name, tag in (("vllm", "1.0-gpu-cu1-sagemaker"), ("djl-lmi", "1.0-lmi2")):
        assert [(image["use"], image["tags"]) for image in found[name]] == [("inference", {"gpu": tag})]
    made = found["pytorch"]
    assert [(image["use"], image["tags"]) for image in made] == [
        ("inference", {"gpu": "1.0-gpu-cu1"}),
        ("inference", {"arm64": "1.0-cpu-py3-sagemaker"}),
        ("training", {"cpu": "1.0-c"}),
        ("training", {"cpu": "1.0-cpu-py3", "gpu": "1.0-gpu-py3"}),
    ]
