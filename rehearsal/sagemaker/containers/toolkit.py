"""SageMaker's training toolkit: how a framework image, or the built-in XGBoost, starts a training job.

Source: aws/sagemaker-training-toolkit, ``environment.py``, ``mapping.py`` and ``entry_point.py``;
reference names in the SageMaker developer guide, "Environment variables".
"""

import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rehearsal.sagemaker.containers.images import library
from rehearsal.sagemaker.containers.root import Root, unpack

_XGBOOST = Path(__file__).parent / "programs" / "xgboost_algorithm.py"
INPUT, CODE = "/opt/ml/input", "/opt/ml/code"


class ToolkitError(Exception):
    """What the toolkit itself refuses; the text is the failure reason."""


@dataclass(frozen=True)
class Launch:
    """What a container runs: command, variables beyond the container's own, working folder."""

    command: list[str]
    environment: dict[str, str]
    folder: Path
    script: str | None
    """Name of the owner's script; None for a built-in algorithm."""


def decoded(value: str) -> Any:
    """A hyperparameter's value: JSON where it is JSON, text otherwise (toolkit: ``read_hyperparameters``)."""
    try:
        return json.loads(value)
    except ValueError:
        return value


def arguments(hyperparameters: Mapping[str, Any]) -> list[str]:
    """Command line of hyperparameters, sorted by name (toolkit: ``to_cmd_args``)."""
    found = []
    for name in sorted(hyperparameters):
        value = hyperparameters[name]
        text = ",".join(f"{k}={v}" for k, v in sorted(value.items())) if isinstance(value, dict) else value
        found += [f"--{name}" if len(name) > 1 else f"-{name}", "" if text is None else str(text)]
    return found


def launch(image: str, root: Root, resources: Mapping[str, Any]) -> Launch:
    """How to start the training container whose files are laid out below ``root``.

    ``resources`` is resourceconfig.json. Raises ToolkitError and ImageError.
    """
    texts = json.loads(root.path(f"{INPUT}/config/hyperparameters.json").read_text())
    values = {name: decoded(text) for name, text in texts.items()}
    own = {k: v for k, v in values.items() if k.startswith("sagemaker_") or k == "_tuning_objective_metric"}
    users = {name: value for name, value in values.items() if name not in own}
    kind = library(image)
    if "sagemaker_program" in own:
        return _script(root, own, users, resources, kind)
    if kind == "xgboost":
        checkpoints = {"SM_CHECKPOINT_DIR": str(root.path("/opt/ml/checkpoints"))}
        variables = _variables(root, own, users, resources, "") | checkpoints
        return Launch([sys.executable, "-P", str(_XGBOOST)], variables, root.path("/opt/ml"), None)
    raise ToolkitError("Missing hyperparameter sagemaker_program: the scikit-learn image trains a script")


def _script(
    root: Root, own: dict[str, Any], users: dict[str, Any], resources: Mapping[str, Any], kind: str
) -> Launch:
    program = str(own["sagemaker_program"])
    code = _source(root, str(own.get("sagemaker_submit_directory", CODE)))
    if not (code / program).is_file():
        raise ToolkitError(f"No such file: {program} is not in the source of sagemaker_submit_directory")
    _requirements(code)
    variables = _variables(root, own, users, resources, program)
    start = ["python", program] if program.endswith(".py") else ["/bin/sh", "-c", f'./{program} "$@"', "sh"]
    modules = f"{code}{os.pathsep}{variables['SM_INPUT_DIR']}"
    return Launch([*start, *arguments(users)], variables | {"PYTHONPATH": modules}, code, program)


def _source(root: Root, location: str) -> Path:
    """The folder of the script: an archive is unpacked into /opt/ml/code, a folder is used where it is."""
    if location.startswith("s3://"):
        raise ToolkitError(
            f"sagemaker_submit_directory {location}: an isolated container cannot reach S3; use a channel"
        )
    path, code = Path(location), root.make(CODE)
    if path.is_dir():
        return path
    if not path.is_file():
        raise ToolkitError(f"sagemaker_submit_directory does not exist: {location}")
    try:
        unpack(path, code)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise ToolkitError(f"sagemaker_submit_directory is no tar.gz: {path.name}: {error}") from error
    return code


def _requirements(code: Path) -> None:
    """The toolkit installs requirements.txt; without a network that works only if nothing is missing."""
    if not (code / "requirements.txt").is_file():
        return
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--no-index", "--quiet", "--no-deps"]
    result = subprocess.run([*command, "-r", "requirements.txt"], cwd=code, capture_output=True, text=True)
    if result.returncode:
        lines = [line for line in result.stderr.splitlines() if line.startswith("ERROR")]
        raise ToolkitError(f"InstallRequirementsError: {' '.join(lines) or result.stderr.strip()}")


def _variables(
    root: Root, own: dict[str, Any], users: dict[str, Any], resources: Mapping[str, Any], program: str
) -> dict[str, str]:
    """The SM_ variables (toolkit: ``Environment.to_env_vars``)."""
    channels = json.loads(root.path(f"{INPUT}/config/inputdataconfig.json").read_text())
    values: dict[str, Any] = {
        **_of_host(resources),
        "log_level": own.get("sagemaker_container_log_level", 20),
        "channels": sorted(channels),
        "hps": users,
        "framework_params": own,
        "user_args": arguments(users),
        "user_entry_point": program,
        "module_name": Path(program).stem,
        "module_dir": str(own.get("sagemaker_submit_directory", "")),
        "job_name": own.get("sagemaker_job_name", ""),
        "resource_config": resources,
        "input_data_config": channels,
        **{name: str(root.path(path)) for name, path in _FOLDERS.items()},
    }
    variables = {f"SM_{name.upper()}": _text(value) for name, value in values.items()}
    variables |= {f"SM_CHANNEL_{name.upper()}": str(root.path(f"{INPUT}/data/{name}")) for name in channels}
    variables |= {f"SM_HP_{name.upper()}": _text(value) for name, value in users.items()}
    return variables | {"SM_TRAINING_ENV": json.dumps(values)}


def _of_host(resources: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "hosts": resources["hosts"],
        "current_host": resources["current_host"],
        "current_instance_type": resources["current_instance_type"],
        "current_instance_group": resources["current_group_name"],
        "instance_groups": [group["instance_group_name"] for group in resources["instance_groups"]],
        "network_interface_name": resources["network_interface_name"],
        "num_cpus": os.cpu_count() or 1,
        "num_gpus": 0,
        "num_neurons": 0,
    }


_FOLDERS = {
    "model_dir": "/opt/ml/model",
    "input_dir": INPUT,
    "input_config_dir": f"{INPUT}/config",
    "output_dir": "/opt/ml/output",
    "output_data_dir": "/opt/ml/output/data",
    "output_intermediate_dir": "/opt/ml/output/intermediate",
}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
