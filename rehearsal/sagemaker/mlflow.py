"""The part of MLflow's tracking REST API that recording a run needs, kept in memory.

Source: MLflow documentation, "REST API". A signed call is judged: of an MLflow App as
``sagemaker:CallMlflowAppApi``, of a tracking server as the ``sagemaker-mlflow`` action of that name.
"""

import json
import re
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs
from uuid import uuid4

from rehearsal.api import ApiError, Principal
from rehearsal.sagemaker.mlflow_runs import MlflowError, Run, conditions

if TYPE_CHECKING:
    from rehearsal.emulator import Emulator

PREFIX = "/mlflow"
PRINCIPAL = "rehearsal.principal"
"""Where the emulator's server puts the caller of a signed request (``rehearsal.server.PRINCIPAL``)."""


class Mlflow:
    """A WSGI application; each App or tracking server has experiments of its own."""

    def __init__(self, emulator: "Emulator", exists: Callable[[str], bool]) -> None:
        self._emulator, self._exists = emulator, exists
        self._lock = threading.RLock()
        self._experiments: dict[str, dict[str, dict[str, Any]]] = {}
        self.runs: dict[str, Run] = {}
        self._methods: dict[str, tuple[str, Callable[[str, dict[str, Any]], dict[str, Any]]]] = {
            "GET experiments/get-by-name": ("GetExperimentByName", self._experiment_by_name),
            "POST experiments/create": ("CreateExperiment", self._create_experiment),
            "POST runs/create": ("CreateRun", self._create_run),
            "POST runs/log-batch": ("LogBatch", self._log_batch),
            "POST runs/update": ("UpdateRun", self._update_run),
            "GET runs/get": ("GetRun", self._get_run),
            "POST runs/search": ("SearchRuns", self._search_runs),
            "POST runs/set-tag": ("SetTag", self._set_tag),
        }

    def __call__(self, environ: Mapping[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one HTTP request."""
        try:
            status, answer = 200, self._answer(environ)
        except MlflowError as error:
            status, answer = error.status, {"error_code": error.code, "message": str(error)}
        body = json.dumps(answer).encode()
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
        start_response(f"{status} {'OK' if status == 200 else 'Error'}", headers)
        return [body]

    def _answer(self, environ: Mapping[str, Any]) -> dict[str, Any]:
        path = re.sub(r"^.*/api/2\.0/mlflow/", "", environ["PATH_INFO"])
        known = self._methods.get(f"{environ['REQUEST_METHOD']} {path}")
        if known is None:
            raise MlflowError("ENDPOINT_NOT_FOUND", f"{path} is not rehearsed", 404)
        action, method = known
        arn = environ.get("HTTP_X_SM_MLFLOW_APP_ARN") or environ.get("HTTP_X_MLFLOW_SM_TRACKING_SERVER_ARN")
        if not arn or not self._exists(arn):
            raise MlflowError("RESOURCE_DOES_NOT_EXIST", f"no MLflow App {arn}", 404)
        self._judge(environ.get(PRINCIPAL), action, arn)
        with self._lock:
            return method(arn, _members(environ))

    def _judge(self, principal: Principal | None, action: str, arn: str) -> None:
        if principal is None:
            raise MlflowError(
                "UNAUTHENTICATED", "the request is not signed by a principal of this account", 401
            )
        permission = "sagemaker:CallMlflowAppApi" if ":mlflow-app/" in arn else f"sagemaker-mlflow:{action}"
        try:
            self._emulator.judge(principal, permission, arn, {})
        except ApiError as error:
            raise MlflowError("PERMISSION_DENIED", error.message, 403) from error

    def _experiment_by_name(self, arn: str, given: dict[str, Any]) -> dict[str, Any]:
        found = self._experiments.get(arn, {}).get(given["experiment_name"])
        if found is None:
            text = f"Could not find experiment with name '{given['experiment_name']}'"
            raise MlflowError("RESOURCE_DOES_NOT_EXIST", text, 404)
        return {"experiment": found}

    def _create_experiment(self, arn: str, given: dict[str, Any]) -> dict[str, Any]:
        experiments = self._experiments.setdefault(arn, {})
        if given["name"] in experiments:
            text = f"Experiment(name={given['name']}) already exists."
            raise MlflowError("RESOURCE_ALREADY_EXISTS", text, 400)
        number = str(len(experiments) + 1)
        experiments[given["name"]] = {
            "experiment_id": number,
            "name": given["name"],
            "lifecycle_stage": "active",
            "tags": given.get("tags", []),
        }
        return {"experiment_id": number}

    def _create_run(self, arn: str, given: dict[str, Any]) -> dict[str, Any]:
        known = {one["experiment_id"] for one in self._experiments.get(arn, {}).values()}
        if given.get("experiment_id") not in known:
            text = f"No Experiment with id={given.get('experiment_id')} exists"
            raise MlflowError("RESOURCE_DOES_NOT_EXIST", text, 404)
        number = uuid4().hex
        info = {
            "run_id": number,
            "run_uuid": number,
            "run_name": given.get("run_name", number[:8]),
            "experiment_id": given["experiment_id"],
            "status": "RUNNING",
            "start_time": given.get("start_time", 0),
            "lifecycle_stage": "active",
        }
        run = Run(info, {tag["key"]: tag["value"] for tag in given.get("tags", [])})
        self.runs[number] = run
        return {"run": run.shown()}

    def _run(self, given: dict[str, Any]) -> Run:
        run = self.runs.get(given.get("run_id") or given.get("run_uuid") or "")
        if run is None:
            raise MlflowError("RESOURCE_DOES_NOT_EXIST", f"Run with id={given.get('run_id')} not found", 404)
        return run

    def _log_batch(self, arn: str, given: dict[str, Any]) -> dict[str, Any]:
        run = self._run(given)
        limits = {"metrics": 1000, "params": 100, "tags": 100}
        for name, limit in limits.items():
            if len(given.get(name, [])) > limit:
                text = f"A batch logging request can contain at most {limit} {name}."
                raise MlflowError("INVALID_PARAMETER_VALUE", text, 400)
        for item in given.get("params", []):
            if run.parameters.setdefault(item["key"], item["value"]) != item["value"]:
                text = (
                    f"Changing param values is not allowed. Param with key='{item['key']}' was already logged"
                )
                raise MlflowError("INVALID_PARAMETER_VALUE", text, 400)
        run.metrics += given.get("metrics", [])
        run.tags |= {tag["key"]: tag["value"] for tag in given.get("tags", [])}
        return {}

    def _update_run(self, arn: str, given: dict[str, Any]) -> dict[str, Any]:
        run = self._run(given)
        run.info |= {key: given[key] for key in ("status", "end_time", "run_name") if key in given}
        return {"run_info": dict(run.info)}

    def _get_run(self, arn: str, given: dict[str, Any]) -> dict[str, Any]:
        return {"run": self._run(given).shown()}

    def _set_tag(self, arn: str, given: dict[str, Any]) -> dict[str, Any]:
        self._run(given).tags[given["key"]] = given["value"]
        return {}

    def _search_runs(self, arn: str, given: dict[str, Any]) -> dict[str, Any]:
        wanted = conditions(given.get("filter", ""))
        found = [
            run.shown()
            for run in reversed(self.runs.values())
            if run.info["experiment_id"] in given.get("experiment_ids", [])
            and all(run.tags.get(key) == value for key, value in wanted)
        ]
        return {"runs": found[: given.get("max_results", 1000)]}


def _members(environ: Mapping[str, Any]) -> dict[str, Any]:
    if environ["REQUEST_METHOD"] == "GET":
        return {key: values[0] for key, values in parse_qs(environ.get("QUERY_STRING", "")).items()}
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    try:
        return dict(json.loads(body or b"{}"))
    except ValueError as error:
        raise MlflowError("BAD_REQUEST", f"not JSON: {error}", 400) from error
