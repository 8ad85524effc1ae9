"""What a serverless job writes to MLflow, as its role, through MLflow's REST API.

Source: API reference, MlflowConfig and MlflowDetails; MLflow documentation, "REST API". The job signs its
calls as ``sagemaker-mlflow`` does.
"""

import json
from collections.abc import Mapping
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from rehearsal.sagemaker.job import FailedJobError, Job
from rehearsal.sagemaker.mlflow import PREFIX

_LONGEST_PARAMETER = 500
"""Characters of a parameter's value (MLflow documentation, "Log Param")."""


class Tracking:
    """The run of one job, if its request names an MLflow resource; otherwise nothing happens."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._config: Mapping[str, str] = job.request.get("MlflowConfig", {})
        self._run = ""

    def begin(self) -> None:
        """Create the experiment, if it is not there, and the run; the description tells their ids."""
        if not self._config:
            return
        experiment = self._experiment(self._config.get("MlflowExperimentName", self._job.name))
        name = self._config.get("MlflowRunName", self._job.name)
        given = {"experiment_id": experiment, "run_name": name, "start_time": self._milliseconds()}
        self._run = self._call("runs/create", given)["run"]["info"]["run_id"]
        self._job.update(MlflowDetails={"MlflowExperimentId": experiment, "MlflowRunId": self._run})

    def log(self, parameters: Mapping[str, Any], metrics: Mapping[str, float]) -> None:
        """Log parameters and metrics."""
        if self._run:
            moment = self._milliseconds()
            batch = {
                "run_id": self._run,
                "params": [{"key": k, "value": str(v)[:_LONGEST_PARAMETER]} for k, v in parameters.items()],
                "metrics": [
                    {"key": _key(k), "value": v, "timestamp": moment, "step": 0} for k, v in metrics.items()
                ],
            }
            self._call("runs/log-batch", batch)

    def end(self, status: str) -> None:
        """FINISHED, FAILED or KILLED."""
        if self._run:
            given = {"run_id": self._run, "status": status, "end_time": self._milliseconds()}
            self._call("runs/update", given)

    def _experiment(self, name: str) -> str:
        try:
            return str(self._call("experiments/create", {"name": name})["experiment_id"])
        except _ExistsError:
            found = self._call(f"experiments/get-by-name?experiment_name={quote(name)}", None)
            return str(found["experiment"]["experiment_id"])

    def _milliseconds(self) -> int:
        return int(self._job.emulator.clock.now().timestamp() * 1000)

    def _call(self, method: str, body: Mapping[str, Any] | None) -> dict[str, Any]:
        request = self._signed(method, None if body is None else json.dumps(body).encode())
        try:
            with urlopen(request) as response:
                answer: dict[str, Any] = json.loads(response.read())
        except HTTPError as error:
            with error:
                said = json.loads(error.read())
            if said.get("error_code") == "RESOURCE_ALREADY_EXISTS":
                raise _ExistsError from error
            raise FailedJobError(f"ClientError: MLflow: {said['error_code']}: {said['message']}") from error
        return answer

    def _signed(self, method: str, body: bytes | None) -> Request:
        emulator, arn = self._job.emulator, self._config["MlflowResourceArn"]
        keys = emulator.credentials(self._job.principal)
        header = "X-SM-MLFLOW-APP-ARN" if ":mlflow-app/" in arn else "X-MLFLOW-SM-TRACKING-SERVER-ARN"
        url = f"{emulator.endpoint}{PREFIX}/api/2.0/mlflow/{method}"
        verb = "GET" if body is None else "POST"
        request = AWSRequest(verb, url, {header: arn, "Content-Type": "application/json"}, data=body or b"")
        who = Credentials(
            keys["AWS_ACCESS_KEY_ID"], keys["AWS_SECRET_ACCESS_KEY"], keys.get("AWS_SESSION_TOKEN")
        )
        SigV4Auth(who, "sagemaker-mlflow", emulator.place.region).add_auth(request)
        return Request(url, data=body, headers=dict(request.headers.items()), method=verb)


class _ExistsError(Exception):
    """An experiment of that name is there."""


def _key(name: str) -> str:
    """MLflow's keys have letters, digits, ``_ - . / :`` and blanks."""
    return name.replace("|", "/")
