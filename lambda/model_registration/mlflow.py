"""Records a run in the environment's MLflow, by its REST API signed with the function's credentials.

How requests are addressed and signed: PyPI sagemaker-mlflow 0.5 (auth.py, mlflow_sagemaker_helpers.py).
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.httpsession import URLLib3Session

MOST_METRICS, MOST_PARAMETERS, MOST_VALUE = 1000, 100, 6000
"""Per log-batch, and characters of a parameter's value (MLflow REST API, "Log Batch")."""
_SUFFIXES = {"aws": "aws", "aws-us-gov": "aws"}
"""Of hosts, by partition; MLflow is in no other."""


class TrackingError(Exception):
    """MLflow refused a request."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


def find(name: str | None, sagemaker: Any) -> str | None:
    """ARN of the MLflow App ``name`` if it can be used; an ARN, as of a tracking server, is its own."""
    if name is None or name.startswith("arn:"):
        return name
    pages = sagemaker.get_paginator("list_mlflow_apps").paginate()
    usable = ("Created", "Updating", "Updated", "UpdateFailed")
    apps = (app for page in pages for app in page["Summaries"])
    return next((app["Arn"] for app in apps if app["Name"] == name and app["Status"] in usable), None)


@dataclass(frozen=True)
class Tracking:
    """An MLflow App or tracking server. ``endpoint`` replaces its address, as the plugin allows."""

    arn: str
    credentials: Any
    endpoint: str | None = None

    @property
    def _parts(self) -> list[str]:
        return self.arn.split(":")

    @property
    def offered(self) -> bool:
        """Whether the partition has MLflow."""
        return self._parts[1] in _SUFFIXES

    @property
    def _is_app(self) -> bool:
        return self._parts[5].startswith("mlflow-app/")

    @property
    def _address(self) -> str:
        region, suffix = self._parts[3], _SUFFIXES[self._parts[1]]
        host = (
            f"mlflow.sagemaker.{region}.app.{suffix}"
            if self._is_app
            else f"{region}.experiments.sagemaker.{suffix}"
        )
        return self.endpoint or f"https://{host}"

    def call(self, method: str, path: str, **members: Any) -> dict[str, Any]:
        """Call one method of the REST API. Raises TrackingError, or HTTPClientError without an answer."""
        url = f"{self._address.rstrip('/')}/api/2.0/mlflow/{path}"
        body = b"" if method == "GET" else json.dumps(members).encode()
        if method == "GET":
            url += f"?{urlencode(members, quote_via=quote)}"
        header = "x-sm-mlflow-app-arn" if self._is_app else "x-mlflow-sm-tracking-server-arn"
        headers = {
            header: self.arn,
            "Content-Type": "application/json",
            "X-Amz-Content-SHA256": hashlib.sha256(body).hexdigest(),
        }
        request = AWSRequest(method=method, url=url, data=body, headers=headers)
        service = "sagemaker" if self._is_app else "sagemaker-mlflow"
        SigV4Auth(self.credentials, service, self._parts[3]).add_auth(request)
        return _answer(URLLib3Session(timeout=10).send(request.prepare()))


def _answer(response: Any) -> dict[str, Any]:
    try:
        content = json.loads(response.content or b"{}")
    except ValueError:
        content = {}
    if response.status_code != 200:
        code = content.get("error_code") or f"HTTP {response.status_code}"
        raise TrackingError(code, content.get("message") or response.text[:300])
    return dict(content)


def record(event: Mapping[str, Any], package_arn: str, tracking: Tracking, now: int) -> str:
    """Record the run of ``event`` and return MLflow's id of it; what is recorded already stays as it is.

    ``now`` is the time in milliseconds. Raises TrackingError.
    """
    experiment = _experiment(event["Model"], tracking)
    run = _run(event, package_arn, experiment, now, tracking)
    if run["status"] != "FINISHED":
        _log(event, run["run_id"], now, tracking)
        tracking.call("POST", "runs/update", run_id=run["run_id"], status="FINISHED", end_time=now)
    return str(run["run_id"])


def _experiment(name: str, tracking: Tracking) -> str:
    try:
        found = tracking.call("GET", "experiments/get-by-name", experiment_name=name)
        return str(found["experiment"]["experiment_id"])
    except TrackingError as error:
        if error.code != "RESOURCE_DOES_NOT_EXIST":
            raise
    return str(tracking.call("POST", "experiments/create", name=name)["experiment_id"])


def _run(
    event: Mapping[str, Any], package_arn: str, experiment: str, now: int, tracking: Tracking
) -> dict[str, Any]:
    """The run with this job's tag, or a new one."""
    tag = f"tags.job_arn = '{event['Job']['Arn']}'"
    found = tracking.call("POST", "runs/search", experiment_ids=[experiment], filter=tag, max_results=1)
    if runs := found.get("runs"):
        return dict(runs[0]["info"])
    source = event.get("Source") or {}
    tags = {
        "job_arn": event["Job"]["Arn"],
        "execution": event["Execution"],
        "model_package_arn": package_arn,
        "model_data": event["ModelDataUrl"],
        "evaluation": event["Evaluation"],
        "source": source.get("Uri"),
        **{f"data.{channel}": uri for channel, uri in sorted(event["Data"].items())},
    }
    made = tracking.call(
        "POST",
        "runs/create",
        experiment_id=experiment,
        run_name=event["RunId"],
        start_time=now,
        tags=[{"key": key, "value": value} for key, value in tags.items() if value],
    )
    return dict(made["run"]["info"])


def _log(event: Mapping[str, Any], run: str, now: int, tracking: Tracking) -> None:
    """Logging a parameter or a metric of the same time twice leaves one, so a second attempt does no harm."""
    metrics = [
        {"key": name, "value": value, "timestamp": now, "step": 0}
        for name, value in (event.get("Metrics") or {}).items()
    ]
    given = event.get("Hyperparameters") or {}
    parameters = [{"key": name, "value": str(value)[:MOST_VALUE]} for name, value in given.items()]
    for start in range(0, len(metrics), MOST_METRICS):
        tracking.call("POST", "runs/log-batch", run_id=run, metrics=metrics[start : start + MOST_METRICS])
    for start in range(0, len(parameters), MOST_PARAMETERS):
        batch = parameters[start : start + MOST_PARAMETERS]
        tracking.call("POST", "runs/log-batch", run_id=run, params=batch)
