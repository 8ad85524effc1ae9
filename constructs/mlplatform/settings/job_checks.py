"""What AWS does not take in the settings that all jobs share."""

from collections.abc import Iterator, Mapping
from typing import Any

from mlplatform.rules.jobs import has_local_storage
from mlplatform.settings import instances
from mlplatform.settings.findings import Finding, finding
from mlplatform.settings.jobs import ImageSettings, JobSettings
from mlplatform.settings.owned import PROCESSING
from mlplatform.settings.requests import problems

OWN_VARIABLES = 2
"""Environment variables that the platform adds to those of a job."""

MAX_VARIABLES = 100 - OWN_VARIABLES
"""SageMaker API, TrainingEnvironmentMap and ProcessingEnvironmentMap."""

MAX_ARGUMENTS = 100
"""SageMaker API, ContainerArguments."""

OWN_ARGUMENTS = 13
"""Arguments that the platform passes itself to a script: what to unpack, and the paths of its channels."""

OWN_INPUTS = ("code", "model", "test", "train", "validation")
"""Inputs that the platform gives a processing job."""


def job_problems(job: JobSettings, section: str, use: str) -> Iterator[Finding]:
    """Problems of any job; ``section`` is its key in model.yaml, ``use`` that of its instance type."""
    for found in instances.unknown([job.instance_type], use, (section, "instance_type")):
        yield Finding(found.path[:-1], found.message)
    if "volume_size_gib" in job.model_fields_set and has_local_storage(job.instance_type):
        what = f"does not go with {job.instance_type}, whose storage has its size"
        yield finding(f"{section}.volume_size_gib", what, given=job.volume_size_gib, allowed="none")
    if len(job.environment) > MAX_VARIABLES:
        given, allowed = len(job.environment), f"at most {MAX_VARIABLES}"
        yield finding(f"{section}.environment", "too many variables", given=given, allowed=allowed)
    yield from own_variables(job.environment, section)
    most = MAX_ARGUMENTS - (OWN_ARGUMENTS if use == "processing" else 0)
    if len(job.arguments) > most:
        given, allowed = len(job.arguments), f"at most {most}"
        yield finding(f"{section}.arguments", "too many", given=given, allowed=allowed)
    yield from one_image(job, section)


def own_variables(environment: Mapping[str, str], section: str, *more: str) -> Iterator[Finding]:
    """Environment variables that the platform sets itself: ``MODEL_NAME`` and ``more``."""
    for name in sorted({"MODEL_NAME", *more} & set(environment)):
        path = (section, "environment", name)
        yield finding(path, "the platform sets it", given=repr(environment[name]), allowed="another name")


def one_image(section: ImageSettings, path: str) -> Iterator[Finding]:
    """A second image in one section."""
    if section.framework and section.container:
        yield finding(f"{path}.container", "does not go with framework", allowed="one of the two")


def processing_problems(job: JobSettings, section: str) -> Iterator[Finding]:
    """Problems of a processing job."""
    yield from job_problems(job, section, "processing")
    yield from problems("CreateProcessingJob", job.request, owned=PROCESSING, at=(section, "request"))
    yield from own_inputs(job.request, "ProcessingInputs", "InputName", section, OWN_INPUTS)
    if preferences := _preferences(job.request, "ProcessingResources", "ClusterConfig"):
        path = (section, "request", "ProcessingResources", "ClusterConfig", "InstancePreferences")
        yield from instances.mixed(job.instance_type, preferences, path)


def own_inputs(
    request: dict[str, Any], key: str, name: str, section: str, own: tuple[str, ...]
) -> Iterator[Finding]:
    """Inputs that a request names like one of the platform's ``own``."""
    entries = request.get(key)
    for position, entry in enumerate(entries if isinstance(entries, list) else []):
        if isinstance(entry, dict) and entry.get(name) in own:
            path = (section, "request", key, position, name)
            yield finding(path, "the platform gives it", given=repr(entry[name]), allowed="another name")


def _preferences(request: object, *keys: str) -> list[str]:
    """Instance types of the fallbacks below ``keys``."""
    for key in (*keys, "InstancePreferences"):
        request = request.get(key) if isinstance(request, dict) else None
    named = request if isinstance(request, list) else []
    return [
        str(entry["InstanceType"]) for entry in named if isinstance(entry, dict) and "InstanceType" in entry
    ]
