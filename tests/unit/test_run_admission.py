"""Admission of a run: what its execution may change, what it is called, and what is refused by name."""

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from run_admission.handler import handler
from run_admission.logic import ACCEPTED, InvalidInput

EXECUTION = {
    "Id": "arn:aws:states:eu-west-1:111111111111:execution:acme-dev-credit-approval-train:one",
    "Name": "one",
    "RedriveCount": 0,
}
DEFAULTS = {
    "Base": "acme-dev-credit-approval",
    "Tuning": "acme-dev-1a2b3c",
    "Hyperparameters": {"n_estimators": "100", "booster": '"gbtree"', "seed": "1"},
    "InstanceType": "ml.m5.xlarge",
    "Data": {"train": "s3://acme-dev-data/credit/train/", "test": "s3://acme-dev-data/credit/test/"},
    "Image": "1.dkr.ecr.eu-west-1.amazonaws.com/scikit-learn:1",
}
ALLOWED = {
    "Hyperparameters": {
        "n_estimators": {"Minimum": 10, "Maximum": 500, "Integer": True},
        "learning_rate": {"Minimum": 0.01, "Maximum": 0.3},
        "booster": {"Values": ["gbtree", "dart"]},
        "fast": {"Values": [True]},
    },
    "Encoding": "json",
    "InstanceTypes": ["ml.m5.xlarge", "ml.m5.2xlarge"],
    "DataBucket": "acme-dev-data",
    "DataAreas": ["credit"],
    "DataSources": {"bureau": "s3://bureau-exports/daily/", "plain": "s3://plain"},
    "Source": True,
    "SourcePrefix": "s3://acme-dev-artifacts/studio/",
    "ModelDataPrefixes": ["s3://acme-dev-data/", "s3://acme-dev-artifacts/imports/"],
    "ImagePrefixes": [
        "1.dkr.ecr.eu-west-1.amazonaws.com/acme-dev-own@sha256:",
        "2.dkr.ecr.eu-west-1.amazonaws.com/scikit-learn:1",
    ],
    "PackageGroup": "acme-dev-credit-approval",
}
VERSION = "arn:aws:sagemaker:eu-west-1:111111111111:model-package/acme-dev-credit-approval/3"


def admit(workflow: str = "train", given: Any = None, **changes: Any) -> dict[str, Any]:
    """What the function answers for an input."""
    event = {
        "Workflow": workflow,
        "Execution": EXECUTION | changes.pop("execution", {}),
        "Input": {} if given is None else given,
        "Defaults": DEFAULTS | changes.pop("defaults", {}),
        "Allowed": ALLOWED | changes,
    }
    return handler(json.loads(json.dumps(event)), None)


def test_an_execution_without_input_gets_the_defaults_of_the_model() -> None:
    admitted = admit()
    run = admitted["RunId"]
    assert re.fullmatch(r"[a-z2-7]{16}", run)
    assert admitted == {
        "RunId": run,
        "Jobs": {
            "prep": f"acme-dev-credit-approval-prep-{run[:6]}",
            "train": f"acme-dev-credit-approval-train-{run[:6]}",
            "eval": f"acme-dev-credit-approval-eval-{run[:6]}",
            "score": f"acme-dev-credit-approval-score-{run[:6]}",
            "tune": f"acme-dev-1a2b3c-{run[:7]}",
        },
        "Hyperparameters": DEFAULTS["Hyperparameters"],
        "InstanceType": "ml.m5.xlarge",
        "Data": DEFAULTS["Data"],
        "Source": None,
        "Image": DEFAULTS["Image"],
        "ModelData": None,
        "ModelPackageArn": None,
        "Overrides": [],
    }


def test_a_run_keeps_its_id_and_every_execution_has_its_own() -> None:
    again, redriven, other, later = (
        admit(execution=execution)["RunId"]
        for execution in (
            {},
            {"RedriveCount": 1},
            {"Id": EXECUTION["Id"] + "2"},
            {"StartTime": "2026-11-20T10:00:00Z"},
        )
    )
    assert again == admit()["RunId"]
    assert len({again, redriven, other, later}) == 4


def test_the_longest_names_leave_room_for_the_digit_of_an_attempt() -> None:
    longest = {"Base": f"{'p' * 6}-{'e' * 8}-{'m' * 32}", "Tuning": f"{'p' * 6}-{'e' * 8}-1a2b3c"}
    jobs = admit(defaults=longest)["Jobs"]
    assert max(len(jobs[step]) for step in ("prep", "train", "eval", "score")) == 61
    assert len(jobs["tune"]) == 30


def test_what_the_model_allows_replaces_its_defaults() -> None:
    admitted = admit(
        given={
            "hyperparameters": {"n_estimators": 250, "booster": "dart", "learning_rate": "0.1", "fast": True},
            "instance_type": "ml.m5.2xlarge",
            "data": {"train": "data://bureau/2026/", "test": "data://credit/holdout/"},
            "source": "s3://acme-dev-artifacts/studio/ana/source.tar.gz",
        }
    )
    assert admitted["Hyperparameters"] == {
        "n_estimators": "250",
        "booster": '"dart"',
        "seed": "1",
        "learning_rate": "0.1",
        "fast": "true",
    }
    assert admitted["InstanceType"] == "ml.m5.2xlarge"
    assert admitted["Data"] == {
        "train": "s3://bureau-exports/daily/2026/",
        "test": "s3://acme-dev-data/credit/holdout/",
    }
    assert admitted["Source"] == "s3://acme-dev-artifacts/studio/ana/source.tar.gz"
    assert admitted["Overrides"] == [
        "data.test",
        "data.train",
        "hyperparameters.booster",
        "hyperparameters.fast",
        "hyperparameters.learning_rate",
        "hyperparameters.n_estimators",
        "instance_type",
        "source",
    ]


def test_text_is_json_only_where_the_container_reads_json() -> None:
    given = {"hyperparameters": {"booster": "dart"}}
    assert admit(given=given)["Hyperparameters"]["booster"] == '"dart"'
    assert admit(given=given, Encoding="plain")["Hyperparameters"]["booster"] == "dart"


@pytest.mark.parametrize(
    ("minimum", "maximum", "given", "allowed"),
    [
        (1, 1e300, 0, "at least 1"),
        (-1e300, 5, 6, "at most 5"),
        (-1e300, 1e300, "x", "any finite number"),
    ],
)
def test_a_range_may_be_open(minimum: float, maximum: float, given: Any, allowed: str) -> None:
    ranges = {"n_estimators": {"Minimum": minimum, "Maximum": maximum}}
    with pytest.raises(InvalidInput, match=f"allowed: {allowed}$"):
        admit(given={"hyperparameters": {"n_estimators": given}}, Hyperparameters=ranges)
    admitted = admit(given={"hyperparameters": {"n_estimators": 3.5}}, Hyperparameters=ranges)
    assert admitted["Hyperparameters"]["n_estimators"] == "3.5"


def test_registering_takes_an_artifact_and_an_image() -> None:
    given = {
        "model_data": "s3://acme-dev-artifacts/imports/model.tar.gz",
        "image": "1.dkr.ecr.eu-west-1.amazonaws.com/acme-dev-own@sha256:" + "a" * 64,
    }
    admitted = admit("register", given)
    assert admitted["ModelData"] == given["model_data"]
    assert admitted["Image"] == given["image"]
    assert admitted["Overrides"] == ["image"]


def test_batch_takes_a_location_and_a_version() -> None:
    defaults = {"Data": {"batch": "s3://acme-dev-data/credit/batch/"}}
    admitted = admit(
        "batch", {"data": "data://plain/today/", "model_package_arn": VERSION}, defaults=defaults
    )
    assert admitted["Data"] == {"batch": "s3://plain/today/"}
    assert admitted["ModelPackageArn"] == VERSION
    assert admitted["Overrides"] == ["data", "model_package_arn"]


@pytest.mark.parametrize(
    ("workflow", "given", "problem"),
    [
        (
            "train",
            {"epochs": 3},
            "epochs: not known here; allowed: hyperparameters, instance_type, data, source",
        ),
        ("batch", {"source": "x"}, "source: not known here; allowed: data, model_package_arn"),
        ("train", [], "input: given []; allowed: an object, which may be empty"),
        ("train", {"hyperparameters": 3}, "hyperparameters: given 3; allowed: an object of names and values"),
        (
            "train",
            {"hyperparameters": {"seed": 7}},
            "hyperparameters.seed: given 7; allowed: only booster, fast, learning_rate, n_estimators",
        ),
        (
            "train",
            {"hyperparameters": {"n_estimators": 10.5}},
            "hyperparameters.n_estimators: given 10.5; allowed: 10 to 500, whole numbers",
        ),
        (
            "train",
            {"hyperparameters": {"n_estimators": 5000}},
            "hyperparameters.n_estimators: given 5000; allowed: 10 to 500",
        ),
        (
            "train",
            {"hyperparameters": {"n_estimators": True}},
            "hyperparameters.n_estimators: given true; allowed: 10 to 500",
        ),
        (
            "train",
            {"hyperparameters": {"booster": "gblinear"}},
            'hyperparameters.booster: given "gblinear"; allowed: gbtree, dart',
        ),
        (
            "train",
            {"instance_type": "ml.p5.48xlarge"},
            'instance_type: given "ml.p5.48xlarge"; allowed: ml.m5.xlarge, ml.m5.2xlarge',
        ),
        (
            "train",
            {"data": {"validation": "data://x/"}},
            'data.validation: given "data://x/"; allowed: the channels train, test',
        ),
        (
            "train",
            {"data": {"train": "s3://elsewhere/x/"}},
            'data.train: given "s3://elsewhere/x/"; allowed:',
        ),
        ("train", {"data": {"train": "data://../other/"}}, "data.train: given"),
        (
            "train",
            {"data": {"train": "data://fraud-detector/train/"}},
            'data.train: given "data://fraud-detector/train/"; allowed: data://<path>, of letters, digits '
            "and !.()=-_, without //, below bureau, credit, plain",
        ),
        ("train", {"data": {"train": "data://"}}, "data.train: given"),
        ("train", {"data": {"train": "data://a//b/"}}, "data.train: given"),
        ("train", {"source": "s3://acme-dev-artifacts/models/x.tar.gz"}, "source: given"),
        ("train", {"source": "s3://acme-dev-artifacts/studio/../models/x.tar.gz"}, "source: given"),
        ("train", {"source": 7}, "source: given 7; allowed: s3://….tar.gz below"),
        ("register", {}, "model_data: missing; allowed: s3://….tar.gz below s3://acme-dev-data/"),
        ("register", {"model_data": "s3://acme-dev-data-of-others/x.tar.gz"}, "model_data: given"),
        ("register", {"model_data": "s3://acme-dev-data/x.zip"}, "model_data: given"),
        (
            "register",
            {"model_data": "s3://acme-dev-data/x.tar.gz", "image": "docker.io/evil:1"},
            'image: given "docker.io/evil:1"; allowed: images of 1.dkr.ecr',
        ),
        (
            "batch",
            {"model_package_arn": VERSION.replace("credit-approval", "other")},
            "model_package_arn: given",
        ),
        ("batch", {"model_package_arn": "3"}, "model_package_arn: given"),
        *(
            ("batch", {"model_package_arn": VERSION.replace(*other)}, "model_package_arn: given")
            for other in (
                ("111111111111", "222222222222"),
                ("eu-west-1", "us-east-1"),
                ("arn:aws:", "arn:aws-cn:"),
                ("credit-approval/3", "credit-approval/03"),
                ("credit-approval/3", "credit-approval/3/4"),
                ("credit-approval/3", "credit-approval-two/3"),
                ("credit-approval/3", "credit-approval/3\n"),
            )
        ),
        *(
            (
                "register",
                {"model_data": "s3://acme-dev-data/x.tar.gz", "image": image},
                f'image: given "{image}"',
            )
            for image in (
                "2.dkr.ecr.eu-west-1.amazonaws.com/scikit-learn:1.2",
                f"2.dkr.ecr.eu-west-1.amazonaws.com/scikit-learn:1@sha256:{'a' * 64}",
                f"1.dkr.ecr.eu-west-1.amazonaws.com/acme-dev-own-too@sha256:{'a' * 64}",
                f"1.dkr.ecr.eu-west-1.amazonaws.com/acme-dev-own@sha256:{'A' * 64}",
                "1.dkr.ecr.eu-west-1.amazonaws.com/acme-dev-own:latest",
            )
        ),
        *(
            (
                "register",
                {"model_data": f"s3://acme-dev-data/{key}"},
                f"model_data: given {json.dumps('s3://acme-dev-data/' + key)}",
            )
            for key in ("x.tar.gz?versionId=1", "%2e%2e/x.tar.gz", "../x.tar.gz", "x.tar.gz#", "x y.tar.gz")
        ),
        ("batch", {"data": {"train": "data://x/"}}, "data: given"),
    ],
)
def test_anything_else_is_refused_with_what_was_given_and_what_is_allowed(
    workflow: str, given: Any, problem: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        admit(workflow, given)
    assert str(caught.value).splitlines()[0].startswith(problem)


def test_a_version_of_another_accounts_registry_is_one_of_the_group_the_model_uses() -> None:
    version = VERSION.replace("111111111111", "222222222222")
    group = version.replace("model-package/", "model-package-group/").removesuffix("/3")
    given = {"model_package_arn": version}
    assert admit("batch", given, PackageGroup=group)["ModelPackageArn"] == version
    with pytest.raises(InvalidInput, match=f"allowed: {version.removesuffix('3')}<version>$"):
        admit("batch", {"model_package_arn": VERSION}, PackageGroup=group)


def test_what_a_name_says_stays_within_its_line_of_the_notification() -> None:
    forged = "x: fine\n\nacme-dev version 7 waits for approval at http://elsewhere/" + "y" * 500
    for asked in ({forged: 1}, {"hyperparameters": {forged: 1}}, {"data": {forged: "data://x/"}}):
        with pytest.raises(InvalidInput) as caught:
            admit(given=asked)
        assert len(str(caught.value).splitlines()) == 1
        assert "y" * 100 not in str(caught.value)


def test_a_model_without_data_takes_no_channel() -> None:
    with pytest.raises(InvalidInput, match=r"data.check: given .*; allowed: the channels \(none\)"):
        admit(given={"data": {"check": "data://x/"}}, defaults={"Data": {}})


def test_own_scripts_are_refused_where_the_environment_does_not_allow_them() -> None:
    with pytest.raises(InvalidInput, match="source: given .* this environment runs the model's own scripts"):
        admit(given={"source": "s3://acme-dev-artifacts/studio/ana/source.tar.gz"}, Source=False)


def test_all_problems_are_told_at_once_one_per_line() -> None:
    with pytest.raises(InvalidInput) as caught:
        admit(given={"epochs": 1, "instance_type": "x", "hyperparameters": {"n_estimators": "many", "z": 1}})
    fields = [line.partition(":")[0] for line in str(caught.value).splitlines()]
    assert fields == ["epochs", "hyperparameters.n_estimators", "hyperparameters.z", "instance_type"]


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=8), children, max_size=3)
    ),
    max_leaves=8,
)
keys = st.sampled_from([*{key for accepted in ACCEPTED.values() for key in accepted}, "other"])
names = st.sampled_from(["n_estimators", "learning_rate", "booster", "fast", "seed", "train"]) | st.text(
    max_size=5
)


@settings(deadline=None)
@given(
    st.sampled_from(list(ACCEPTED)),
    values | st.dictionaries(keys, values | st.dictionaries(names, values, max_size=4), max_size=4),
)
def test_whatever_is_given_ends_in_a_run_or_in_a_refusal(workflow: str, given: Any) -> None:
    event = {
        "Workflow": workflow,
        "Execution": EXECUTION,
        "Input": given,
        "Defaults": DEFAULTS,
        "Allowed": ALLOWED,
    }
    try:
        admitted = handler(event, None)
    except InvalidInput:
        return
    assert json.loads(json.dumps(admitted, allow_nan=False)) == admitted
    assert given is None or set(given) <= set(ACCEPTED[workflow])
    assert admitted["InstanceType"] in ALLOWED["InstanceTypes"]
    buckets = ("s3://acme-dev-data/", "s3://bureau-exports/daily/", "s3://plain/")
    assert all(uri.startswith(buckets) for uri in admitted["Data"].values())


@settings(deadline=None)
@given(st.one_of(st.integers(), st.floats(), st.text(max_size=12), st.floats(5, 600).map(str)))
def test_a_number_is_admitted_only_within_its_range(value: float | str) -> None:
    try:
        admitted = admit(given={"hyperparameters": {"n_estimators": value}})
    except InvalidInput:
        return
    assert 10 <= float(admitted["Hyperparameters"]["n_estimators"]) <= 500
    assert 10 <= float(value) <= 500
