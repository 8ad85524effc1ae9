"""Decides what a run of a workflow is called and works on: the model's defaults, or what may be given."""

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

from run_admission import overrides
from run_admission.overrides import Overrides

STEPS = ("prep", "train", "eval", "score")
ACCEPTED = {
    "train": ("hyperparameters", "instance_type", "data", "source"),
    "tune": ("hyperparameters", "instance_type", "data", "source"),
    "register": ("model_data", "image", "data"),
    "batch": ("data", "model_package_arn"),
    "customize-bedrock": ("hyperparameters", "data", "import"),
    "retire-bedrock": ("delete_models",),
    "customize": ("technique", "hyperparameters", "data"),
}
"""What the input of an execution may hold, by workflow."""


class InvalidInput(Exception):
    """The input of an execution asks for what the model does not allow: one line per problem."""


def admit(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return the run that ``event`` asks for: its id, the names of its jobs and what they work on.

    A name of a job lacks the digit of the attempt. Raises InvalidInput with all problems at once.
    """
    workflow, defaults = event["Workflow"], event["Defaults"]
    given = Overrides(event.get("Input"), defaults, event["Allowed"])
    given.only(ACCEPTED[workflow])
    technique = overrides.technique(given)
    run = run_id(event["Execution"])
    admitted = {"RunId": run, "Jobs": job_names(run, defaults), **_changed(workflow, given, event)}
    if technique:
        admitted["Technique"] = technique
    admitted |= _in_bedrock(workflow, given, event)
    if given.problems:
        raise InvalidInput("\n".join(given.problems))
    return admitted | {"Overrides": sorted(given.used)}


def _changed(workflow: str, given: Overrides, event: Mapping[str, Any]) -> dict[str, Any]:
    """What the input may change, as it is then."""
    return {
        "Hyperparameters": overrides.hyperparameters(given),
        "InstanceType": overrides.instance_type(given),
        "Data": overrides.data(given, single=workflow == "batch"),
        "Source": overrides.source(given),
        "Image": overrides.image(given),
        "ModelData": overrides.model_data(given, required=workflow == "register"),
        "ModelPackageArn": overrides.model_package(given, event["Execution"]["Id"]),
    }


def _in_bedrock(workflow: str, given: Overrides, event: Mapping[str, Any]) -> dict[str, Any]:
    """What only the workflows of Amazon Bedrock are asked: a version to take over, models to delete."""
    if workflow == "customize-bedrock":
        return {"Import": overrides.imported(given, event["Execution"]["Id"])}
    return {"DeleteModels": overrides.delete_models(given)} if workflow == "retire-bedrock" else {}


def run_id(execution: Mapping[str, Any]) -> str:
    """Sixteen characters of ``a-z2-7`` for one execution: the same however often it is asked.

    A name of an execution can be used again after 90 days, names of jobs never: ``StartTime``, if given,
    tells the executions apart. Whoever starts an execution chooses its name: 80 bits leave nobody the time to
    find one whose run would write over that of a registered version.
    """
    parts = (execution["Id"], execution.get("StartTime"), execution.get("RedriveCount"))
    text = " ".join(str(part) for part in parts if part)
    return base64.b32encode(hashlib.sha256(text.encode()).digest()).decode().lower()[:16]


def job_names(run: str, defaults: Mapping[str, Any]) -> dict[str, str]:
    """Names of the run's jobs by step, without the digit of the attempt.

    At most 61 characters, 30 for tuning jobs: the service takes 63 and 32.
    """
    names = {step: f"{defaults['Base']}-{step}-{run[:6]}" for step in STEPS}
    return names | ({"tune": f"{defaults['Tuning']}-{run[:7]}"} if defaults.get("Tuning") else {})
