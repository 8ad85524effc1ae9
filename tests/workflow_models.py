"""Models that tests of workflows make up, and what their states ask for at run time."""

import copy
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonata
import yaml
from landscapes import environment

from mlplatform import workflows
from mlplatform.settings import Environment, ModelProduct, read_environments
from mlplatform.settings.products import merged

SHA256 = "0f" * 32
SOURCE = workflows.Source(SHA256, b"")

MODEL: dict[str, Any] = {
    "description": "Probability that a credit application is repaid",
    "owner": "risk-team",
    "task": "binary_classification",
    "data": {
        "train": "data://credit/train/",
        "test": "data://credit/test/",
        "columns": {"label": "approved"},
    },
    "train": {
        "framework": {"name": "scikit-learn", "version": "1.4-2"},
        "script": "train.py",
        "instance_type": "ml.m5.xlarge",
        "hyperparameters": {"n_estimators": 100, "criterion": "gini"},
    },
    "evaluate": {"script": "evaluate.py"},
    "inference": {"script": "inference.py"},
}
PREPARED = {"prepare": {"script": "prepare.py", "outputs": ["train", "test"]}}
TUNED = {
    "tune": {"objective": "maximize auc", "search": {"n_estimators": {"integer": [10, 500]}}},
    "train": {"metric_definitions": {"auc": "auc=([0-9.]+)"}},
}
SCORED = {"batch": {"data": "data://credit/batch/"}}
SERVED: dict[str, Any] = {
    "serving": {"sample": {"file": "sample.csv"}, "shadow": {"bake_minutes": 60}, "capture": {}}
}
BUILT_IN = {
    "train": {
        "algorithm": {"name": "xgboost", "version": "1.7-1"},
        "framework": None,
        "script": None,
        "hyperparameters": {"num_round": 60, "objective": "binary:logistic"},
    },
    "data": {"header": False, "columns": {"label": None, "count": 4}},
    "inference": {"script": None},
}

SCRIPTS = ("evaluate.py", "inference.py", "post.py", "pre.py", "prepare.py", "train.py")


def product(folder: Path, *changes: Mapping[str, Any], **settings: Any) -> tuple[ModelProduct, Environment]:
    """MODEL with ``changes`` laid over it, in an environment that trains, with further ``settings``."""
    model = copy.deepcopy(MODEL)
    for change in changes:
        model = merged(model, dict(change))
    here = folder / "models" / "credit-approval"
    (folder / "environments").mkdir(parents=True)
    here.mkdir(parents=True)
    for name in SCRIPTS:
        (here / name).touch()
    (here / "sample.csv").write_text("0.3,12,a\n", encoding="utf-8")
    (here / "model.yaml").write_text(yaml.safe_dump(_given(model)), encoding="utf-8")
    file = environment("111122223333", **{"training": True, **settings})
    (folder / "environments" / "dev.yaml").write_text(yaml.safe_dump(file), encoding="utf-8")
    (found,) = read_environments(folder / "environments")
    return found.products[0], found


def _given(value: Any) -> Any:
    """Without what a change took away by saying None."""
    if isinstance(value, dict):
        return {key: _given(item) for key, item in value.items() if item is not None}
    return value


RUN = {
    "RunId": "abcdefghij",
    "Jobs": {
        "prep": "acme-dev-credit-approval-prep-abcdef",
        "train": "acme-dev-credit-approval-train-abcdef",
        "eval": "acme-dev-credit-approval-eval-abcdef",
        "score": "acme-dev-credit-approval-score-abcdef",
        "tune": "acme-dev-mz3q5a-abcdefg",
    },
    "InstanceType": "ml.m5.2xlarge",
    "Data": {
        "train": "s3://data/train/",
        "validation": "s3://data/validation/",
        "test": "s3://data/test/",
        "batch": "s3://data/batch/",
    },
    "Source": None,
    "Image": "111122223333.dkr.ecr.eu-west-1.amazonaws.com/credit-approval@sha256:" + "0" * 64,
    "ModelData": "s3://data/imports/model.tar.gz",
    "ModelPackageArn": None,
    "Overrides": [],
}
EXECUTION = "arn:aws:states:eu-west-1:111122223333:execution:acme-dev-credit-approval-train:run-1"
SUBSTITUTES = {
    "SubnetIds": "subnet-0a1b2c3d,subnet-0b1c2d3e",
    "JobSecurityGroupId": "sg-0a1b2c3d",
    "ModelSecurityGroupId": "sg-0b1c2d3e",
    "DataKeyArn": "arn:aws:kms:eu-west-1:111122223333:key/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0",
    "ArtifactsKeyArn": "arn:aws:kms:eu-west-1:111122223333:key/1f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0",
}


def substituted(definition: Any) -> Any:
    """The definition as CloudFormation hands it to Step Functions."""
    text = json.dumps(definition)
    for name, value in SUBSTITUTES.items():
        text = text.replace(f"${{{name}}}", value)
    return json.loads(text)


def variables(**more: Any) -> dict[str, Any]:
    """What states can refer to in the middle of a run; ``run`` changes RUN, others replace a variable."""
    given = dict(more.pop("run", {}))
    context = {
        "Execution": {
            "Id": EXECUTION,
            "Name": "run-1",
            "Input": {},
            "RedriveCount": 0,
            "StartTime": "2026-11-20T08:00:00Z",
        },
        "State": {"Name": "Train", "RetryCount": 0},
        "Map": {"Item": {"Index": 0, "Value": 3}},
    }
    source = f"s3://artifacts/models/credit-approval/source/{SHA256}.tar.gz"
    return {
        "run": {**RUN, **given},
        "code": source,
        "codeFile": source.rpartition("/")[2],
        "shortages": 0,
        "records": "s3://artifacts/models/credit-approval/abcdefghij",
        "workspace": "s3://artifacts/runs/credit-approval/abcdefghij",
        "model": {"Url": "s3://artifacts/model.tar.gz", "JobName": "job", "JobArn": "arn"},
        "version": "arn:aws:sagemaker:eu-west-1:111122223333:model-package/acme-dev-credit-approval/3",
        "states": {"context": context, "input": {}},
        **more,
    }


def evaluated(value: Any, known: Mapping[str, Any]) -> Any:
    """A value of a definition with its JSONata evaluated. Raises if an expression gives nothing."""
    if isinstance(value, dict):
        return {key: evaluated(item, known) for key, item in value.items()}
    if isinstance(value, list):
        return [evaluated(item, known) for item in value]
    if not (isinstance(value, str) and value.startswith("{%")):
        return value
    expression = jsonata.Jsonata(value.removeprefix("{%").removesuffix("%}").strip())
    expression.register_lambda("parse", json.loads)  # Step Functions has it, JSONata has not
    frame = expression.create_frame()
    for name, known_value in known.items():
        frame.bind(name, known_value)
    result = expression.evaluate(None, frame)
    if result is None:
        raise LookupError(f"nothing comes of {value}")
    return result


def states(definition: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and body of every state, those inside of a Map too."""
    for name, state in definition["States"].items():
        yield name, state
        if "ItemProcessor" in state:
            yield from states(state["ItemProcessor"])


def expressions(value: Any) -> Iterator[str]:
    """Every JSONata expression somewhere in a value, without its delimiters."""
    if isinstance(value, dict):
        for item in value.values():
            yield from expressions(item)
    elif isinstance(value, list):
        for item in value:
            yield from expressions(item)
    elif isinstance(value, str) and value.startswith("{%"):
        yield value.removeprefix("{%").removesuffix("%}").strip()
