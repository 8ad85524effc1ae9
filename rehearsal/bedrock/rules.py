"""Rules of CreateModelCustomizationJob that the service model does not hold, each with its source."""

import math
from collections.abc import Iterator, Mapping

from rehearsal.api import ApiError, Parameters
from rehearsal.bedrock.foundation import DISTILLATION, FINE_TUNING, HYPERPARAMETERS, REINFORCEMENT, Range


def customization_type(request: Parameters) -> str:
    """What kind of customization is asked for; fine-tuning unless told (user guide, "Submit a job")."""
    return str(request.get("customizationType", FINE_TUNING))


def check(request: Parameters, family: str) -> None:
    """Raise ApiError ValidationException with the first rule that the request breaks."""
    kind = customization_type(request)
    for problem in _problems(request, kind, family):
        raise ApiError("ValidationException", problem)


def _problems(request: Parameters, kind: str, family: str) -> Iterator[str]:
    yield from _data(request["trainingDataConfig"], kind)
    yield from _config(request.get("customizationConfig", {}), kind)
    yield from _hyperparameters(request.get("hyperParameters", {}), kind, family)


def imported(kind: str) -> None:
    """API reference, customizationType: IMPORTED is what models are listed with, not what a job does."""
    if kind == "IMPORTED":
        raise ApiError("ValidationException", "customizationType IMPORTED cannot be requested.")


def _data(training: Parameters, kind: str) -> Iterator[str]:
    """API reference, TrainingDataConfig; user guide, "Prepare your training datasets for distillation":
    only a distillation learns from invocation logs."""
    if ("s3Uri" in training) == ("invocationLogsConfig" in training):
        yield "trainingDataConfig needs exactly one of s3Uri and invocationLogsConfig."
    if "invocationLogsConfig" in training and kind != DISTILLATION:
        yield f"invocationLogsConfig is only for customizationType {DISTILLATION}, got {kind}."


def _config(config: Parameters, kind: str) -> Iterator[str]:
    """API reference, CustomizationConfig: each member belongs to one type; a reinforcement fine-tuning
    needs its grader (user guide, "Create and manage fine-tuning jobs for Amazon Nova models")."""
    for member, belongs in (("distillationConfig", DISTILLATION), ("rftConfig", REINFORCEMENT)):
        if (kind == belongs) != (member in config):
            verb = "needs" if kind == belongs else "does not take"
            yield f"customizationType {kind} {verb} customizationConfig.{member}."
    grader = config.get("rftConfig", {}).get("graderConfig", {})
    if kind == REINFORCEMENT and "lambdaGrader" not in grader:
        yield "customizationConfig.rftConfig.graderConfig.lambdaGrader is required."


def _hyperparameters(given: Mapping[str, str], kind: str, family: str) -> Iterator[str]:
    """User guide, "Custom model hyperparameters": names and ranges. Those of a reinforcement fine-tuning
    stand in its own configuration (API reference, RFTHyperParameters, whose ranges the model holds)."""
    if given and kind == REINFORCEMENT:
        yield "hyperParameters is not supported here: use customizationConfig.rftConfig.hyperParameters."
    known = HYPERPARAMETERS.get(family)
    for name, value in given.items() if known else ():
        allowed = (known or {}).get(name)
        if allowed is None:
            yield f"Hyperparameter {name} is not supported; allowed: {', '.join(known or ())}."
        elif not _within(value, allowed):
            kind_of, least, most = allowed
            yield f"Hyperparameter {name} must be {kind_of} from {least:g} to {most:g}, got {value}."


def _within(value: str, allowed: Range) -> bool:
    kind, least, most = allowed
    try:
        number = int(value) if kind == "integer" else float(value)
    except ValueError:
        return False
    return math.isfinite(number) and least <= number <= most
