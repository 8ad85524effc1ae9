"""Data capture: requests and answers kept as JSON lines.

Developer guide, "Capture data from real-time endpoint":
``<destination>/<endpoint>/<variant>/yyyy/mm/dd/hh/<file>.jsonl``, written as the model's execution role. Each
request has a file of its own here; SageMaker puts many into one.
"""

import base64
import json
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from rehearsal.api import Parameters, Principal
from rehearsal.sagemaker.containers.serving import Response
from rehearsal.sagemaker.transfer import location

if TYPE_CHECKING:
    from rehearsal.emulator import Emulator


@dataclass(frozen=True)
class Exchange:
    """One request to a variant and its answer; ``number`` counts the endpoint's requests."""

    endpoint: str
    variant: str
    body: bytes
    content_type: str
    answer: Response
    number: int


def keep(emulator: "Emulator", principal: Principal, config: Parameters, exchange: Exchange) -> None:
    """Write the exchange where the configuration's DataCaptureConfig says, if it is among those sampled.

    A file that cannot be written fails no request; it is noted.
    """
    capture = config.get("DataCaptureConfig", {})
    sampled = exchange.number * 0.6180339887498949 % 1.0 < capture.get("InitialSamplingPercentage", 0) / 100
    if not capture.get("EnableCapture") or not sampled:
        return
    now = emulator.clock.now()
    bucket, prefix = location(f"{capture['DestinationS3Uri'].rstrip('/')}/")
    name = f"{now:%M-%S}-{now.microsecond // 1000:03d}-{uuid.uuid4()}.jsonl"
    key = f"{prefix}{exchange.endpoint}/{exchange.variant}/{now:%Y/%m/%d/%H}/{name}"
    secret = capture.get("KmsKeyId")
    extra = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": secret} if secret else {}
    line = json.dumps(_line(capture, exchange, now.strftime("%Y-%m-%dT%H:%M:%SZ"))) + "\n"
    try:
        emulator.client("s3", principal).put_object(Bucket=bucket, Key=key, Body=line.encode(), **extra)
    except ClientError as error:
        emulator.note(f"{exchange.endpoint}: a captured request could not be written: {error}")


def _line(capture: Parameters, exchange: Exchange, moment: str) -> dict[str, Any]:
    modes = {one["CaptureMode"] for one in capture["CaptureOptions"]}
    data = {}
    if modes & {"Input", "InputAndOutput"}:
        data["endpointInput"] = _part(capture, "INPUT", exchange.content_type, exchange.body)
    if modes & {"Output", "InputAndOutput"} and exchange.answer.status < 300:
        answer = exchange.answer
        data["endpointOutput"] = _part(capture, "OUTPUT", answer.content_type, answer.body)
    event = {"eventId": str(uuid.uuid4()), "inferenceTime": moment}
    return {"captureData": data, "eventMetadata": event, "eventVersion": "0"}


def _part(capture: Parameters, mode: str, kind: str, body: bytes) -> dict[str, Any]:
    """Content of the types that CaptureContentTypeHeader names is kept as text, any other as base64."""
    header = capture.get("CaptureContentTypeHeader", {})
    plain = kind.split(";")[0].strip()
    encoding = (
        "CSV"
        if plain in header.get("CsvContentTypes", ())
        else "JSON"
        if plain in header.get("JsonContentTypes", ())
        else "BASE64"
    )
    text = base64.b64encode(body).decode() if encoding == "BASE64" else body.decode("utf-8", "replace")
    return {"observedContentType": kind, "mode": mode, "data": text, "encoding": encoding}
