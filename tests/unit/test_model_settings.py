"""Every mistake in a model file is reported by file, line and setting, with what is allowed."""

import contextlib
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from model_mistakes import ALGORITHM, FRAMEWORK, MISTAKES, change, training
from one_model import OneModel

from mlplatform.settings import SettingsError, read_environments

ENVIRONMENT = """\
account: "111122223333"
region: eu-west-1
name_prefix: acme
owns_account: true
training: true
tags: {owner: ml, cost-center: "1"}
network: {availability_zones: [euw1-az1, euw1-az2]}
"""

HERE = OneModel("credit", ENVIRONMENT, {})
read, problems = HERE.read, HERE.problems


@pytest.mark.parametrize(("model", "expected"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_reported_with_line_setting_and_what_is_allowed(
    model: str, expected: str, tmp_path: Path
) -> None:
    found = problems(tmp_path, model)
    assert [line.removeprefix("models/credit/model.yaml:") for line in found] == expected.splitlines()


@pytest.mark.parametrize("model", [FRAMEWORK, ALGORITHM], ids=["framework", "algorithm"])
def test_a_model_without_mistakes_is_read(model: str, tmp_path: Path) -> None:
    assert read(tmp_path, model)[1].train is not None


def test_a_model_needs_no_section_at_all(tmp_path: Path) -> None:
    product = read(tmp_path, "description: Predicts something\nowner: risk\ntask: regression\n")[1]
    sections = ("data", "prepare", "train", "tune", "evaluate", "gate", "inference", "batch", "schedule")
    assert [getattr(product, section) for section in sections] == [None] * len(sections)


def test_all_mistakes_of_a_file_are_reported_at_once(tmp_path: Path) -> None:
    model = change(
        FRAMEWORK, "max_jobs: 10", "max_jobs: 1000", "batch/}", "batch/, split: none, join: input}"
    )
    assert [line.split(":")[1] for line in problems(tmp_path, model)] == ["17", "22"]


WITH_SPOT = {
    "waits twice the time it may run": ("spot: true\n  max_runtime_minutes: 40", (80, True)),
    "waits as long as it is told": ("spot: true\n  max_wait_minutes: 70", (70, True)),
    "keeps no checkpoints if told so": ("spot: true\n  checkpoints: false", (120, False)),
    "on demand waits for nothing": ("spot: false", (None, False)),
    "on demand keeps checkpoints if told so": ("checkpoints: true", (None, True)),
}


@pytest.mark.parametrize(("lines", "expected"), WITH_SPOT.values(), ids=WITH_SPOT)
def test_a_spot_job(lines: str, expected: tuple[Any, Any], tmp_path: Path) -> None:
    train = read(tmp_path, training(lines))[1].train
    assert train is not None
    assert (train.max_wait_minutes, train.checkpoints) == expected


def test_the_objective_is_a_direction_and_a_metric(tmp_path: Path) -> None:
    tune = read(tmp_path, FRAMEWORK)[1].tune
    assert tune is not None
    assert (tune.direction, tune.metric) == ("Maximize", "validation:auc")


def test_whole_numbers_stay_whole(tmp_path: Path) -> None:
    lines = "hyperparameter_ranges: {depth: {minimum: 1, maximum: 9}, eta: {minimum: 0.5}}"
    train = read(tmp_path, training(lines))[1].train
    assert train is not None
    assert [repr(train.hyperparameters["depth"]), repr(train.hyperparameter_ranges["depth"].minimum)] == [
        "3",
        "1",
    ]


WHAT_ONLY_A_REQUEST_CAN_ASK_FOR = {
    "instance groups": "ResourceConfig: {InstanceGroups: "
    "[{InstanceType: ml.m5.xlarge, InstanceCount: 2, InstanceGroupName: a}]}",
    "FSx for Lustre": "InputDataConfig: [{ChannelName: train, DataSource: {FileSystemDataSource: "
    "{FileSystemId: fs-0123456789abcdef0, FileSystemType: FSxLustre, FileSystemAccessMode: ro, "
    "DirectoryPath: /fsx/train}}}]",
    "an experiment": "ExperimentConfig: {ExperimentName: scoring}",
    "where checkpoints lie": "CheckpointConfig: {LocalPath: /opt/ml/saved}",
    "a wait for accelerators": "StoppingCondition: {MaxPendingTimeInSeconds: 7200}",
}


@pytest.mark.parametrize(
    "request_", WHAT_ONLY_A_REQUEST_CAN_ASK_FOR.values(), ids=WHAT_ONLY_A_REQUEST_CAN_ASK_FOR
)
def test_a_request_may_say_what_no_setting_says(request_: str, tmp_path: Path) -> None:
    train = read(tmp_path, training(f"request: {{{request_}}}"))[1].train
    assert train is not None
    assert len(train.request) == 1


PATHS = [
    (section, key)
    for section, values in yaml.safe_load(FRAMEWORK).items()
    for key in [None, *(values if isinstance(values, dict) else ())]
]
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 3) | st.floats() | st.sampled_from(["", "x", "ml.m5.large"]),
    lambda part: (
        st.lists(part, max_size=2)
        | st.dictionaries(
            st.sampled_from(["request", "ResourceConfig", "InstanceGroups", "name", "minimum"]),
            part,
            max_size=2,
        )
    ),
    max_leaves=5,
)


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(PATHS), ANYTHING)
def test_whatever_stands_in_a_file_is_read_or_refused(path: tuple[str, Any], anything: Any) -> None:
    model = yaml.safe_load(FRAMEWORK)
    section, key = path
    if key is None:
        model[section] = anything
    else:
        model[section][key] = anything
    with TemporaryDirectory() as folder, contextlib.suppress(SettingsError):
        read(Path(folder), yaml.safe_dump(model))


def test_an_environment_changes_a_part_of_a_section(tmp_path: Path) -> None:
    override = "models: {credit: {train: {instance_type: ml.m5.large}, tune: {max_jobs: 5}}}\n"
    product = read(tmp_path, FRAMEWORK, ENVIRONMENT + override)[1]
    assert product.train is not None
    assert product.tune is not None
    assert (product.train.instance_type, product.train.script) == ("ml.m5.large", "train.py")
    assert (product.tune.max_jobs, product.tune.metric) == (5, "validation:auc")


def test_what_an_environment_breaks_is_a_mistake_of_its_file(tmp_path: Path) -> None:
    override = "models:\n  credit:\n    train: {spot: true, warm_pool_minutes: 5}\n"
    assert problems(tmp_path, FRAMEWORK, ENVIRONMENT + override) == [
        "environments/dev.yaml:10: models.credit.train.warm_pool_minutes: does not go with spot: true, "
        "given 5, allowed: 0"
    ]


def test_a_model_that_cannot_be_read_is_not_called_unknown_where_it_is_changed(tmp_path: Path) -> None:
    environment = ENVIRONMENT + "models: {credit: {tune: {max_jobs: 5}}}\n"
    (found,) = problems(tmp_path, change(FRAMEWORK, "max_jobs: 10", "max_jobs: 1000"), environment)
    assert found.startswith("models/credit/model.yaml:17: tune.max_jobs: ")


def elsewhere(region: str, zones: str) -> str:
    """The environment, in another region."""
    return ENVIRONMENT.replace("eu-west-1", region).replace("euw1", zones)


def test_an_image_that_the_region_lacks_is_a_mistake_of_the_model(tmp_path: Path) -> None:
    model = change(ALGORITHM, 'name: xgboost, version: "3.2-0"', "name: lda")
    assert problems(tmp_path, model, elsewhere("eu-north-1", "eun1")) == [
        "models/credit/model.yaml:6: train.algorithm.version: eu-north-1 has no lda 1, given '1', "
        "allowed: a container of your own, or a region that has it: ap-northeast-1, ap-northeast-2, "
        "ap-south-1, ap-southeast-1, ap-southeast-2, ca-central-1, eu-central-1, eu-west-1, eu-west-2, "
        "us-east-1, us-east-2, us-gov-west-1, us-iso-east-1, us-isob-east-1, us-west-1, us-west-2 (in dev)"
    ]


def test_an_image_that_the_region_lacks_is_no_mistake_where_nothing_is_trained(tmp_path: Path) -> None:
    model = change(ALGORITHM, 'name: xgboost, version: "3.2-0"', "name: lda")
    environment = elsewhere("eu-north-1", "eun1").replace("training: true", "training: false")
    assert read(tmp_path, model, environment)[1].train is not None


def test_new_data_in_a_bucket_that_is_not_ours_starts_nothing(tmp_path: Path) -> None:
    model = change(FRAMEWORK, "batch: {", "schedule:\n  new_data: train\nbatch: {")
    environment = ENVIRONMENT + "data_sources: [{name: credit, bucket: acme-lake}]\n"
    assert problems(tmp_path, model, environment) == [
        "models/credit/model.yaml:23: schedule.new_data: the data lies in the bucket acme-lake, which tells "
        "us nothing of new data, given train, allowed: data.train in the environment's data bucket, "
        "or a schedule (in dev)"
    ]


def test_models_are_trained_where_they_are_registered(tmp_path: Path) -> None:
    (tmp_path / "environments").mkdir()
    second = ENVIRONMENT.replace("owns_account: true", "owns_account: false").replace("acme", "b")
    for name, text in (("dev", ENVIRONMENT), ("test", second + "registry: {environment: dev}\n")):
        (tmp_path / "environments" / f"{name}.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as refused:
        read_environments(tmp_path / "environments")
    assert str(refused.value) == (
        "environments/test.yaml:5: training: models are registered where they are trained, and here in dev, "
        "given true, allowed: false"
    )


def test_two_sources_have_two_names(tmp_path: Path) -> None:
    sources = "data_sources: [{name: lake, bucket: aaa}, {name: lake, bucket: bbb}]\n"
    assert problems(tmp_path, FRAMEWORK, ENVIRONMENT + sources) == [
        "environments/dev.yaml:8: data_sources: named twice, given 'lake', allowed: each once"
    ]
