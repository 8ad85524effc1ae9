"""Registration, against a registry, a bucket and an MLflow that answer: once per job, and all of it."""

import hashlib
import http.server
import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import jsonschema
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from botocore.stub import ANY, Stubber
from hypothesis import given, settings
from hypothesis import strategies as st
from local_server import answering

from model_registration import mlflow
from model_registration.card import MOST_CHARACTERS, card
from model_registration.handler import handle
from model_registration.logic import (
    PackageGroupMissing,
    RegistrationIncomplete,
    client_token,
    metadata,
    package,
)

BUCKET, GROUP = "acme-dev-artifacts", "acme-dev-credit-approval"
RUN = f"s3://{BUCKET}/models/credit-approval/abcdefghij"
SAGEMAKER = "arn:aws:sagemaker:eu-west-1:111111111111"
ARN = f"{SAGEMAKER}:model-package/{GROUP}/4"
APP = f"{SAGEMAKER}:mlflow-app/app-1"
CREDENTIALS = Credentials("AKIDEXAMPLE", "secret", "token")
EVENT: dict[str, Any] = {
    "Model": "credit-approval",
    "PackageGroup": GROUP,
    "Execution": "arn:aws:states:eu-west-1:111111111111:execution:acme-dev-credit-approval-train:one",
    "RunId": "abcdefghij",
    "Job": {
        "Name": "acme-dev-credit-approval-train-abcdef0",
        "Arn": f"{SAGEMAKER}:training-job/acme-dev-credit-approval-train-abcdef0",
    },
    "ModelDataUrl": f"{RUN}/training/job/output/model.tar.gz",
    "InferenceSpecification": {
        "Containers": [
            {"Image": "1.dkr.ecr.eu-west-1.amazonaws.com/scikit-learn:1", "Environment": {"STEP": "before"}},
            {"Image": "1.dkr.ecr.eu-west-1.amazonaws.com/scikit-learn:1", "Environment": {"STEP": "model"}},
        ],
        "SupportedContentTypes": ["text/csv"],
        "SupportedResponseMIMETypes": ["text/csv"],
    },
    "Evaluation": f"{RUN}/evaluation/evaluation.json",
    "Gate": f"{RUN}/gate.json",
    "DataCheck": {"Report": f"s3://{BUCKET}/runs/credit-approval/abcdefghij/check/report.json", "Rows": 1000},
    "Data": {"train": "s3://acme-dev-data/credit/train/"},
    "Source": {"Uri": f"s3://{BUCKET}/models/credit-approval/source/{'a' * 64}.tar.gz", "Sha256": "a" * 64},
    "Card": {
        "Description": "Decides on credits",
        "Owner": "risk-team",
        "Task": "binary_classification",
    },
    "Hyperparameters": {"n_estimators": "100", "booster": '"gbtree"'},
    "Metrics": {"roc_auc": 0.87, "f1": 0.8},
    "Record": f"{RUN}/package.json",
    "MlflowApp": None,
}


@pytest.fixture
def s3(aws: None) -> Any:
    """An S3 with an empty bucket."""
    client = boto3.client("s3", region_name="eu-west-1")
    client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    return client


@pytest.fixture
def registry() -> Iterator[tuple[Any, Stubber]]:
    """A SageMaker whose answers are given: the emulator has no lineage and no client tokens."""
    client = boto3.client(
        "sagemaker", region_name="eu-west-1", aws_access_key_id="testing", aws_secret_access_key="testing"
    )
    with Stubber(client) as stubber:
        yield client, stubber
        stubber.assert_no_pending_responses()


def will_create(stubber: Stubber, event: dict[str, Any] = EVENT) -> None:
    """The registry creates the version that is asked for."""
    stubber.add_response("create_model_package", {"ModelPackageArn": ARN}, package(event))


def will_record_lineage(stubber: Stubber, *, known: bool = False) -> None:
    """The registry takes the lineage of one run, or has it already."""
    action = f"{SAGEMAKER}:action/{EVENT['Job']['Name']}"
    name = {"ActionName": EVENT["Job"]["Name"]}
    if known:
        stubber.add_response("describe_action", {"ActionArn": action}, name)
    else:
        stubber.add_client_error("describe_action", "ResourceNotFound", expected_params=name)
        stubber.add_response("create_action", {"ActionArn": action})
    for number, (uri, kind, edge) in enumerate(
        (
            (EVENT["Data"]["train"], "DataSet", "ContributedTo"),
            (EVENT["Source"]["Uri"], "Code", "ContributedTo"),
            (EVENT["ModelDataUrl"], "Model", "Produced"),
        )
    ):
        arn = f"{SAGEMAKER}:artifact/{number:032}"
        found = {"ArtifactSummaries": [{"ArtifactArn": arn}] if known else []}
        stubber.add_response("list_artifacts", found, {"SourceUri": uri})
        if not known:
            expected = {"Source": {"SourceUri": uri}, "ArtifactType": kind, "Properties": ANY}
            stubber.add_response("create_artifact", {"ArtifactArn": arn}, expected)
        source, destination = (action, arn) if edge == "Produced" else (arn, action)
        pair = {"SourceArn": source, "DestinationArn": destination, "AssociationType": edge}
        summaries = [{"SourceArn": source, "DestinationArn": destination}] if known else []
        stubber.add_response("list_associations", {"AssociationSummaries": summaries}, pair)
        if not known:
            stubber.add_response("add_association", {}, pair)


def will_list_apps(stubber: Stubber, status: str = "Created") -> None:
    """The registry knows two MLflow Apps."""
    apps = [
        {"Name": "other", "Arn": f"{SAGEMAKER}:mlflow-app/app-0", "Status": "Created"},
        {"Name": "acme-dev-mlflow", "Arn": APP, "Status": status},
    ]
    stubber.add_response("list_mlflow_apps", {"Summaries": apps})


def register(s3: Any, sagemaker: Any, endpoint: str | None = None, **changes: Any) -> dict[str, Any]:
    """What the function answers."""
    clients = {"s3": s3, "sagemaker": sagemaker, "credentials": CREDENTIALS}
    return handle(EVENT | changes, **clients, endpoint=endpoint, now=lambda: 1_700_000_000.0)


def record(s3: Any) -> dict[str, Any]:
    """The record that registration keeps."""
    key = EVENT["Record"].removeprefix(f"s3://{BUCKET}/")
    return dict(json.loads(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()))


class Mlflow:
    """A small MLflow: experiments and runs in memory. ``failing`` are paths that answer 503 once."""

    def __init__(self) -> None:
        self.experiments: dict[str, str] = {}
        self.runs: dict[str, dict[str, Any]] = {}
        self.failing: set[str] = set()
        self.requests: list[tuple[str, str, dict[str, str], bytes]] = []
        self.endpoint = ""

    def answer(self, path: str, members: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Answer as MLflow's REST API does."""
        if path in self.failing:
            self.failing.remove(path)
            return 503, {"error_code": "TEMPORARILY_UNAVAILABLE", "message": "later"}
        return getattr(self, re.sub(r"\W", "_", path))(members)

    def experiments_get_by_name(self, members: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Find an experiment."""
        if (name := members["experiment_name"]) not in self.experiments:
            return 404, {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": f"no {name}"}
        return 200, {"experiment": {"experiment_id": self.experiments[name]}}

    def experiments_create(self, members: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Make an experiment."""
        self.experiments[members["name"]] = "1"
        return 200, {"experiment_id": "1"}

    def runs_search(self, members: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Find runs by one tag."""
        key, value = re.fullmatch(r"tags\.(\w+) = '(.*)'", members["filter"]).groups()
        found = [run for run in self.runs.values() if run["tags"].get(key) == value]
        return 200, {"runs": [{"info": run["info"]} for run in found]} if found else {}

    def runs_create(self, members: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Start a run."""
        info = {"run_id": f"run{len(self.runs)}", "status": "RUNNING", "run_name": members["run_name"]}
        tags = {tag["key"]: tag["value"] for tag in members["tags"]}
        self.runs[info["run_id"]] = {"info": info, "tags": tags, "metrics": {}, "params": {}}
        return 200, {"run": {"info": info}}

    def runs_log_batch(self, members: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Log metrics and parameters."""
        run = self.runs[members["run_id"]]
        for kind in ("metrics", "params"):
            run[kind] |= {entry["key"]: entry["value"] for entry in members.get(kind, ())}
        return 200, {}

    def runs_update(self, members: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """End a run."""
        self.runs[members["run_id"]]["info"]["status"] = members["status"]
        return 200, {}


@pytest.fixture
def tracking() -> Iterator[Mlflow]:
    """A running MLflow."""
    server = Mlflow()

    class Endpoint(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.reply()

        def do_POST(self) -> None:
            self.reply()

        def reply(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            url = urlsplit(self.path)
            server.requests.append((self.command, self.path, dict(self.headers), body))
            members = json.loads(body) if body else {k: v[0] for k, v in parse_qs(url.query).items()}
            status, content = server.answer(url.path.removeprefix("/mlflow/api/2.0/mlflow/"), members)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(content).encode())

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with answering(Endpoint) as address:
        server.endpoint = f"{address}/mlflow"
        yield server


def test_a_version_awaits_approval_with_its_metrics_card_and_origin(
    s3: Any, registry: tuple[Any, Stubber]
) -> None:
    sagemaker, stubber = registry
    will_create(stubber)
    will_record_lineage(stubber)
    assert register(s3, sagemaker) == {
        "ModelPackageArn": ARN,
        "Version": 4,
        "Created": True,
        "MlflowRunId": None,
    }
    assert record(s3)["ModelPackageArn"] == ARN
    request = package(EVENT)
    assert request["ModelApprovalStatus"] == "PendingManualApproval"
    urls = [container["ModelDataUrl"] for container in request["InferenceSpecification"]["Containers"]]
    assert urls == [EVENT["ModelDataUrl"]] * 2
    assert "ModelDataUrl" not in EVENT["InferenceSpecification"]["Containers"][0]
    assert request["ModelMetrics"]["ModelQuality"]["Statistics"]["S3Uri"] == EVENT["Evaluation"]
    origin = request["CustomerMetadataProperties"]
    assert origin["source-sha256"] == "a" * 64
    assert origin["data-train"] == EVENT["Data"]["train"]
    assert origin["data-rows"] == "1000"


def test_the_emulated_registry_takes_the_request(aws: None) -> None:
    sagemaker = boto3.client("sagemaker", region_name="eu-west-1")
    sagemaker.create_model_package_group(ModelPackageGroupName=GROUP)
    arn = sagemaker.create_model_package(**package(EVENT))["ModelPackageArn"]
    found = sagemaker.describe_model_package(ModelPackageName=arn)
    assert found["ModelApprovalStatus"] == "PendingManualApproval"
    assert len(found["InferenceSpecification"]["Containers"]) == 2


def test_registering_again_makes_no_second_version_and_no_second_lineage(
    s3: Any, registry: tuple[Any, Stubber]
) -> None:
    sagemaker, stubber = registry
    will_create(stubber)
    will_record_lineage(stubber)
    first = register(s3, sagemaker)
    will_record_lineage(stubber, known=True)
    assert register(s3, sagemaker) == first | {"Created": False}


def test_the_same_job_gives_the_same_request_and_another_job_another_token() -> None:
    assert package(EVENT) == package(json.loads(json.dumps(EVENT)))
    assert re.fullmatch(r"[a-zA-Z0-9-]{1,36}", client_token(EVENT["Job"]["Arn"]))
    assert client_token(EVENT["Job"]["Arn"]) != client_token(EVENT["Job"]["Arn"] + "1")


def test_a_failure_of_lineage_keeps_the_version_and_a_retry_completes_it(
    s3: Any, registry: tuple[Any, Stubber]
) -> None:
    sagemaker, stubber = registry
    will_create(stubber)
    stubber.add_client_error("describe_action", "ThrottlingException", "slow down")
    with pytest.raises(RegistrationIncomplete, match=rf"{ARN} is registered, but lineage: .*slow down"):
        register(s3, sagemaker)
    assert record(s3)["ModelPackageArn"] == ARN
    will_record_lineage(stubber)
    assert register(s3, sagemaker)["Created"] is False


def test_a_package_group_that_does_not_exist_is_an_error_that_names_it(
    s3: Any, registry: tuple[Any, Stubber]
) -> None:
    sagemaker, stubber = registry
    message = "Model Package Group does not exist."
    stubber.add_client_error("create_model_package", "ValidationException", message)
    with pytest.raises(PackageGroupMissing, match=f"{GROUP}: {message}; deploy the model's stack first"):
        register(s3, sagemaker)


def test_another_refusal_of_the_registry_is_passed_on(s3: Any, registry: tuple[Any, Stubber]) -> None:
    sagemaker, stubber = registry
    stubber.add_client_error("create_model_package", "ResourceLimitExceeded", "too many")
    with pytest.raises(ClientError, match="too many"):
        register(s3, sagemaker)


def test_a_run_is_recorded_in_mlflow_with_signed_requests(
    s3: Any, registry: tuple[Any, Stubber], tracking: Mlflow
) -> None:
    sagemaker, stubber = registry
    event = EVENT | {"MlflowApp": "acme-dev-mlflow"}
    will_create(stubber, event)
    will_record_lineage(stubber)
    will_list_apps(stubber)
    assert register(s3, sagemaker, tracking.endpoint, MlflowApp="acme-dev-mlflow")["MlflowRunId"] == "run0"
    run = tracking.runs["run0"]
    assert run["info"] == {"run_id": "run0", "status": "FINISHED", "run_name": "abcdefghij"}
    assert run["metrics"] == EVENT["Metrics"]
    assert run["params"] == EVENT["Hyperparameters"]
    assert run["tags"]["model_package_arn"] == ARN
    assert record(s3)["MlflowRunId"] == "run0"
    for method, path, headers, body in tracking.requests:
        assert headers["x-sm-mlflow-app-arn"] == APP
        assert headers["X-Amz-Content-SHA256"] == hashlib.sha256(body).hexdigest()
        assert headers["Authorization"] == signature(method, path, headers, body, "sagemaker")


def signature(method: str, path: str, headers: dict[str, str], body: bytes, service: str) -> str:
    """The Authorization header that the request should carry, of the headers that it says are signed."""
    signed = re.search(r"SignedHeaders=([^,]+)", headers["Authorization"])[1].split(";")
    kept = {key: value for key, value in headers.items() if key.lower() in signed}
    url = f"http://{headers['Host']}{path}"
    request = AWSRequest(method=method, url=url, data=body, headers=kept)
    request.context["timestamp"] = headers["X-Amz-Date"]
    signer = SigV4Auth(CREDENTIALS, service, "eu-west-1")
    canonical = signer.canonical_request(request)
    key = signer.signature(signer.string_to_sign(request, canonical), request)
    scope = signer.scope(request)
    return f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders={';'.join(signed)}, Signature={key}"


def test_a_failure_of_mlflow_keeps_the_version_and_a_retry_completes_the_same_run(
    s3: Any, registry: tuple[Any, Stubber], tracking: Mlflow
) -> None:
    sagemaker, stubber = registry
    tracking.failing = {"runs/log-batch"}
    will_create(stubber, EVENT | {"MlflowApp": "acme-dev-mlflow"})
    will_record_lineage(stubber)
    will_list_apps(stubber)
    with pytest.raises(RegistrationIncomplete, match="but MLflow: .*TEMPORARILY_UNAVAILABLE: later"):
        register(s3, sagemaker, tracking.endpoint, MlflowApp="acme-dev-mlflow")
    will_record_lineage(stubber, known=True)
    will_list_apps(stubber)
    answer = register(s3, sagemaker, tracking.endpoint, MlflowApp="acme-dev-mlflow")
    assert (answer["MlflowRunId"], answer["Created"]) == ("run0", False)
    assert len(tracking.runs) == 1
    assert tracking.runs["run0"]["info"]["status"] == "FINISHED"


def test_an_mlflow_that_cannot_be_reached_keeps_the_version(s3: Any, registry: tuple[Any, Stubber]) -> None:
    sagemaker, stubber = registry
    will_create(stubber, EVENT | {"MlflowApp": "acme-dev-mlflow"})
    will_record_lineage(stubber)
    will_list_apps(stubber)
    with pytest.raises(RegistrationIncomplete, match="but MLflow: EndpointConnectionError"):
        register(s3, sagemaker, "http://127.0.0.1:9/mlflow", MlflowApp="acme-dev-mlflow")
    assert record(s3) == {
        "ModelPackageArn": ARN,
        "Version": 4,
        "Job": EVENT["Job"],
        "MlflowRunId": None,
    }


@pytest.mark.parametrize(("name", "status"), [("nobody", "Created"), ("acme-dev-mlflow", "Deleting")])
def test_without_an_mlflow_app_there_is_no_run_and_no_failure(
    s3: Any, registry: tuple[Any, Stubber], name: str, status: str
) -> None:
    sagemaker, stubber = registry
    will_create(stubber, EVENT | {"MlflowApp": name})
    will_record_lineage(stubber)
    will_list_apps(stubber, status)
    assert register(s3, sagemaker, MlflowApp=name)["MlflowRunId"] is None


def test_a_tracking_server_is_addressed_and_signed_in_its_own_way(tracking: Mlflow) -> None:
    arn = f"{SAGEMAKER}:mlflow-tracking-server/acme-dev-mlflow"
    server = mlflow.Tracking(arn, CREDENTIALS, tracking.endpoint)
    mlflow.record(EVENT, ARN, server, 1)
    for method, path, headers, body in tracking.requests:
        assert headers["x-mlflow-sm-tracking-server-arn"] == arn
        assert headers["Authorization"] == signature(method, path, headers, body, "sagemaker-mlflow")


def test_partitions_without_mlflow_are_known() -> None:
    offered = {
        partition: mlflow.Tracking(APP.replace("aws", partition, 1), CREDENTIALS).offered
        for partition in ("aws", "aws-us-gov", "aws-cn")
    }
    assert offered == {"aws": True, "aws-us-gov": True, "aws-cn": False}


def test_many_parameters_and_metrics_are_logged_in_batches(tracking: Mlflow) -> None:
    many = {
        "Metrics": {f"m{n}": float(n) for n in range(2100)},
        "Hyperparameters": {f"p{n}": "v" * 9000 for n in range(250)},
    }
    mlflow.record(EVENT | many, ARN, mlflow.Tracking(APP, CREDENTIALS, tracking.endpoint), 1)
    batches = [json.loads(body) for _, path, _, body in tracking.requests if path.endswith("log-batch")]
    assert [len(batch.get("metrics", batch.get("params"))) for batch in batches] == [
        1000,
        1000,
        100,
        100,
        100,
        50,
    ]
    assert len(tracking.runs["run0"]["metrics"]) == 2100
    assert set(map(len, tracking.runs["run0"]["params"].values())) == {6000}


def text(longest: int) -> dict[str, Any]:
    """Schema of a text."""
    return {"type": "string", "maxLength": longest}


def thing(required: tuple[str, ...] = (), **properties: Any) -> dict[str, Any]:
    """Schema of an object that has no other keys."""
    closed = {"type": "object", "additionalProperties": False}
    return {**closed, "required": list(required), "properties": properties}


def several(items: dict[str, Any], most: int | None = None) -> dict[str, Any]:
    """Schema of a list."""
    return {"type": "array", "items": items} | ({"maxItems": most} if most else {})


NAMED = {"type": "string", "minLength": 1, "maxLength": 255}
CARD = thing(
    model_overview=thing(model_creator=text(1024), model_artifact=several(text(1024), 15)),
    intended_uses=thing(purpose_of_model=text(2048)),
    training_details=thing(
        training_job_details=thing(
            training_arn=text(1024),
            training_datasets=several(text(1024), 15),
            training_environment=thing(container_image=several(text(1024), 15)),
            hyper_parameters=several(thing(("name", "value"), name=NAMED, value=NAMED), 100),
        )
    ),
    evaluation_details=several(
        thing(
            ("name",),
            name={"type": "string", "minLength": 1, "maxLength": 63},
            datasets=several(text(1024), 10),
            metadata={"type": "object", "additionalProperties": text(1024)},
            metric_groups=several(
                thing(
                    ("name", "metric_data"),
                    name={"type": "string", "minLength": 1, "maxLength": 63},
                    metric_data=several(
                        thing(
                            ("name", "type", "value"),
                            name=NAMED,
                            type={"const": "number"},
                            value={"type": "number"},
                        )
                    ),
                )
            ),
        )
    ),
    additional_information=thing(custom_details={"type": "object", "additionalProperties": text(1024)}),
)
"""The keys we use of the schema of a model package's card, closed as the service's own (Amazon SageMaker
developer guide, "Model package model card schema")."""

long_text = st.text(max_size=20).map(lambda value: value * 200)


@settings(deadline=None)
@given(
    st.fixed_dictionaries(
        {
            "Card": st.fixed_dictionaries(
                {"Description": st.none() | long_text, "Owner": long_text, "Task": st.none() | long_text}
            ),
            "Hyperparameters": st.dictionaries(long_text, long_text, max_size=4),
            "Metrics": st.dictionaries(
                long_text, st.floats(allow_nan=False, allow_infinity=False), max_size=4
            ),
            "Data": st.dictionaries(st.sampled_from(["train", "test"]), long_text),
            "Source": st.none() | st.just(EVENT["Source"]),
            "DataCheck": st.just({}) | st.just(EVENT["DataCheck"]),
        }
    )
)
def test_the_card_keeps_to_the_schema_of_the_service(changes: dict[str, Any]) -> None:
    content = card(EVENT | changes)
    jsonschema.validate(content, CARD)
    assert len(json.dumps(content)) <= MOST_CHARACTERS


def test_a_card_with_too_much_to_tell_leaves_out_metrics_first() -> None:
    many = {
        "Metrics": {f"{n:0255}": float(n) for n in range(5000)},
        "Hyperparameters": {f"{n:0255}": "\U0001f600" * 255 for n in range(14)},
    }
    content = card(EVENT | many)
    assert len(json.dumps(content)) <= MOST_CHARACTERS
    assert 0 < len(content["evaluation_details"][0]["metric_groups"][0]["metric_data"]) < 300
    assert len(content["training_details"]["training_job_details"]["hyper_parameters"]) == 14


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["train", "test", "validation"]), st.text(max_size=300)))
def test_the_origin_of_a_version_holds_only_what_the_service_takes(data: dict[str, str]) -> None:
    origin = metadata(EVENT | {"Data": data})
    assert 1 <= len(origin) <= 50
    assert all(0 < len(value) <= 256 for value in origin.values())
    assert not [value for value in origin.values() if set(value) & set("'\"<>{}*!()#&?,;$%")]


def test_what_was_built_elsewhere_or_told_otherwise_is_said_on_the_version() -> None:
    given = f"s3://{BUCKET}/imports/model.tar.gz"
    event = {**EVENT, "Imported": given, "Overrides": ["data.test", "image"]}
    told, shown = metadata(event), card(event)
    assert (told["imported-from"], told["overrides"]) == (given, "data.test image")
    assert "source" not in told
    assert shown["additional_information"]["custom_details"]["imported_from"] == given
    assert "training_arn" not in shown["training_details"]["training_job_details"]
    jsonschema.validate(shown, CARD)
