"""Documents of data sets and evaluators in a hub: what they must say, and what they refer to.

Source: ``sagemaker.ai_registry`` of the SageMaker Python SDK (``sagemaker-train`` 1.27: ``dataset.py``,
``dataset_hub_factory.py``, ``evaluator.py``, ``air_constants.py``), which writes them. AWS publishes no
schema. Which problems AWS finds at once and which only fail the import is not documented: here a document of
the wrong form is refused, and one that refers to what is not there fails.
"""

import json
import re
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from rehearsal.api import ApiError

if TYPE_CHECKING:
    from rehearsal.emulator import Emulator

SCHEMAS = {"DataSet": "2.0.0", "JsonDoc": "2.0.0"}
"""``DATASET_DOCUMENT_SCHEMA_VERSION`` and ``EVALUATOR_DOCUMENT_SCHEMA_VERSION``."""

LARGEST_DATASET = 1024**3
"""Bytes (``DATASET_MAX_FILE_SIZE_BYTES``)."""

SUFFIXES = (".jsonl", ".parquet", ".json", ".csv")
EVALUATORS = ("RewardFunction", "RewardPrompt")
_FUNCTION = re.compile(r"arn:aws[\w-]*:lambda:[\w-]+:\d{12}:function:[\w-]+")
"""Without version or alias, as the SDK demands (``LAMBDA_ARN_REGEX``)."""


class ImportProblemError(Exception):
    """Why an import fails; the text is its FailureReason."""


def check(kind: str, schema: str, document: str) -> None:
    """Refuse a document that is not of the form its type has. Raises ApiError (ValidationException)."""
    wanted = SCHEMAS.get(kind)
    if wanted not in (None, schema):
        raise _invalid(f"DocumentSchemaVersion of a {kind} must be {wanted}, got {schema}")
    said = _object("HubContentDocument", document)
    if kind == "DataSet":
        _check_dataset(said)
    elif kind == "JsonDoc":
        evaluator(document)


def evaluator(document: str) -> tuple[str, str]:
    """EvaluatorType and Reference of an evaluator's document. Raises ApiError if it is none."""
    said = _object("HubContentDocument", document)
    if said.get("SubType") != "AWS/Evaluator":
        raise _invalid(f"SubType of a JsonDoc must be AWS/Evaluator, got {said.get('SubType')}")
    content = said.get("JsonContent")
    if not isinstance(content, str):
        raise _invalid("JsonContent must be a string of JSON")
    inner = _object("JsonContent", content)
    kind, reference = inner.get("EvaluatorType"), inner.get("Reference")
    if kind not in EVALUATORS:
        raise _invalid(f"EvaluatorType must be one of {', '.join(EVALUATORS)}, got {kind}")
    if kind == "RewardFunction" and not _FUNCTION.fullmatch(str(reference)):
        raise _invalid(
            f"Reference of a RewardFunction must be the unqualified ARN of a function, got {reference}"
        )
    if kind == "RewardPrompt" and not str(reference).startswith("s3://"):
        raise _invalid(f"Reference of a RewardPrompt must be an S3 URI, got {reference}")
    return str(kind), str(reference)


def dataset(document: str) -> tuple[str, str]:
    """Bucket and prefix of a data set."""
    said = json.loads(document)
    return str(said["DatasetS3Bucket"]), str(said["DatasetS3Prefix"]).lstrip("/")


def look(emulator: "Emulator", kind: str, document: str) -> None:
    """Look at what a document refers to. Raises ImportProblemError.

    As whom SageMaker looks is not documented, so nobody's permissions are judged.
    """
    if kind == "DataSet":
        _look_at_data(emulator, *dataset(document))
    elif kind == "JsonDoc":
        kind_of, reference = evaluator(document)
        if kind_of == "RewardFunction":
            _look_at_function(emulator, reference)
        else:
            bucket, _, key = reference.removeprefix("s3://").partition("/")
            _look_at_objects(emulator, bucket, key)


def _check_dataset(said: dict[str, Any]) -> None:
    for member in ("DatasetType", "DatasetS3Bucket", "DatasetS3Prefix"):
        if not isinstance(said.get(member), str) or not said[member]:
            raise _invalid(f"a DataSet's document needs {member}, a string that is not empty")
    if said["DatasetType"] not in ("CUSTOMER_PROVIDED", "GENERATED"):
        raise _invalid(f"DatasetType must be CUSTOMER_PROVIDED, got {said['DatasetType']}")
    if not isinstance(said.get("Dependencies", []), list):
        raise _invalid("Dependencies of a DataSet must be a list")


def _look_at_data(emulator: "Emulator", bucket: str, prefix: str) -> None:
    for item in _look_at_objects(emulator, bucket, prefix):
        where = f"s3://{bucket}/{item['Key']}"
        if not item["Key"].endswith(SUFFIXES):
            raise ImportProblemError(f"{where} must end in one of {', '.join(SUFFIXES)}")
        if item["Size"] > LARGEST_DATASET:
            raise ImportProblemError(
                f"{where} has {item['Size']} bytes; a file of a data set has at most {LARGEST_DATASET}"
            )


def _look_at_objects(emulator: "Emulator", bucket: str, prefix: str) -> list[dict[str, Any]]:
    try:
        found = emulator.client("s3").list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
    except ClientError as error:
        raise ImportProblemError(f"s3://{bucket}/{prefix}: {error.response['Error']['Message']}") from error
    if not found:
        raise ImportProblemError(f"there is no object at s3://{bucket}/{prefix}")
    return [item for item in found if not item["Key"].endswith("/")]


def _look_at_function(emulator: "Emulator", arn: str) -> None:
    try:
        emulator.client("lambda").get_function(FunctionName=arn)
    except ClientError as error:
        raise ImportProblemError(f"{arn}: {error.response['Error']['Message']}") from error


def _object(member: str, text: str) -> dict[str, Any]:
    try:
        said = json.loads(text)
    except ValueError as error:
        raise _invalid(f"{member} is not JSON: {error}") from error
    if not isinstance(said, dict):
        raise _invalid(f"{member} must be a JSON object, got {type(said).__name__}")
    return said


def _invalid(text: str) -> ApiError:
    return ApiError("ValidationException", text)
