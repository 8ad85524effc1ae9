"""Hyperparameters as the API takes them: strings, which a toolkit reads as JSON and an algorithm as text."""

import json
import re
from collections.abc import Iterable, Mapping

from mlplatform.settings.training import TrainSettings
from mlplatform.settings.values import Scalar
from mlplatform.workflows.places import jsonata

CODE = "/opt/ml/input/data/code"
"""Where the channel with the packed source lies in a training container."""

LOG_LEVEL = "20"
"""Python's logging.INFO, for the framework containers."""


def runs_script(train: TrainSettings) -> bool:
    """Whether the container is one with SageMaker's training toolkit, which runs a script of ours."""
    return train.script is not None or train.jumpstart is not None


def encoded(value: Scalar, train: TrainSettings) -> str:
    """One value as a string: JSON for a script of ours, plain for everything else."""
    plain = isinstance(value, str) and train.script is None
    return str(value) if plain else json.dumps(value)


def defaults(train: TrainSettings) -> dict[str, str]:
    """The model's own hyperparameters, as the API takes them."""
    return {name: encoded(value, train) for name, value in train.hyperparameters.items()}


def toolkit(train: TrainSettings, region: str) -> dict[str, str]:
    """What SageMaker's training toolkit is told, encoded as JSON (github.com/aws/sagemaker-training-toolkit).

    Isolated containers cannot fetch the source from S3, so it comes as the channel ``code``.
    """
    if not runs_script(train):
        return {}
    script = train.jumpstart.entry_point if train.jumpstart else train.script
    return {
        "sagemaker_program": json.dumps(script),
        "sagemaker_submit_directory": jsonata(f"'\"{CODE}/' & $codeFile & '\"'"),
        "sagemaker_container_log_level": LOG_LEVEL,
        "sagemaker_region": json.dumps(region),
        **_launcher(train),
        **_tensorflow(train),
    }


def _launcher(train: TrainSettings) -> dict[str, str]:
    """The names are those of the estimators of github.com/aws/sagemaker-python-sdk."""
    if train.launcher == "torchrun":
        instance_type = json.dumps(train.instance_type)
        return {"sagemaker_torch_distributed_enabled": "true", "sagemaker_instance_type": instance_type}
    return {"sagemaker_mpi_enabled": "true"} if train.launcher == "mpirun" else {}


def _tensorflow(train: TrainSettings) -> dict[str, str]:
    """Its container would write to S3 itself, which isolation forbids."""
    is_tensorflow = train.framework is not None and train.framework.name == "tensorflow"
    return {"model_dir": '"/opt/ml/model"'} if is_tensorflow else {}


def of_job(train: TrainSettings, region: str) -> dict[str, str] | str:
    """Hyperparameters of a training job: literal, but for those an execution may set.

    One JSONata expression for them all where an execution may set one that otherwise is not there.
    """
    own = {**toolkit(train, region), **defaults(train)}
    if train.hyperparameter_ranges.keys() - own.keys():
        return jsonata(f"$merge([{_object(own)}, $run.Hyperparameters])")
    return own | {name: jsonata(_given(name)) for name in train.hyperparameter_ranges}


def static(train: TrainSettings, region: str, searched: Iterable[str]) -> dict[str, str] | str:
    """Hyperparameters of a tuning job's jobs: all but those it searches."""
    searched = set(searched)
    fixed = {
        "hyperparameters": {n: v for n, v in train.hyperparameters.items() if n not in searched},
        "hyperparameter_ranges": {n: v for n, v in train.hyperparameter_ranges.items() if n not in searched},
    }
    return of_job(train.model_copy(update=fixed), region)


def _given(name: str) -> str:
    plain = re.fullmatch(r"[A-Za-z_]\w*", name)
    return f"$run.Hyperparameters.{name}" if plain else f"$lookup($run.Hyperparameters, '{name}')"


def _object(values: Mapping[str, str]) -> str:
    """JSONata for a map: its strings are written as in JSON."""
    parts = (f"{json.dumps(name)}: {_expression(value)}" for name, value in values.items())
    return f"{{{', '.join(parts)}}}"


def _expression(value: str) -> str:
    inner = re.fullmatch(r"\{% (.*) %\}", value)
    return inner[1] if inner else json.dumps(value)
