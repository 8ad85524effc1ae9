"""InvokeEndpointAsync: the request lies in a bucket, and so will the answer.

Developer guide, "Asynchronous inference": the model's execution role reads the request, writes the answer or
the failure, and tells the topics. Here a request is answered at once, as if nothing else were in the queue.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from botocore.exceptions import ClientError

from rehearsal.api import ApiError, Parameters, Principal
from rehearsal.sagemaker.containers.serving import Response
from rehearsal.sagemaker.endpoint import Endpoint
from rehearsal.sagemaker.hosts import NotRunnableError
from rehearsal.sagemaker.transfer import location

if TYPE_CHECKING:
    from rehearsal.emulator import Emulator

MOST_INLINE_BYTES = 128_000
"""Largest request given as Body (runtime API reference)."""


@dataclass(frozen=True)
class AsyncInvocations:
    """Requests to asynchronous endpoints."""

    emulator: "Emulator"

    def invoke(self, endpoint: Endpoint, request: Parameters) -> Parameters:
        """Answer one request into the output path of the endpoint's configuration."""
        config = endpoint.blue.description.get("AsyncInferenceConfig") if endpoint.blue else None
        name = endpoint.record.name
        if endpoint.blue is None or config is None:
            raise ApiError("ValidationError", f"Endpoint {name} is not an asynchronous endpoint.")
        number = request.get("InferenceId") or str(uuid4())
        output = config["OutputConfig"]
        good = f"{output['S3OutputPath'].rstrip('/')}/{uuid4()}.out"
        bad = f"{output.get('S3FailurePath', output['S3OutputPath']).rstrip('/')}/{uuid4()}-error.out"
        host = endpoint.hosts[endpoint.config, endpoint.blue.production[0].name]
        principal = host.machine.principal
        kind, accept = request.get("ContentType", "application/json"), request.get("Accept", "*/*")
        try:
            answer = host.invoke(self._body(request, principal), kind, accept)
        except (ClientError, NotRunnableError) as error:
            answer = Response(500, str(error).encode(), "text/plain")
        failed = answer.status >= 300
        self._write(bad if failed else good, answer.body, output.get("KmsKeyId"), principal)
        self._tell(output.get("NotificationConfig", {}), principal, number, bad if failed else good, failed)
        return {"InferenceId": number, "OutputLocation": good, "FailureLocation": bad}

    def _body(self, request: Parameters, principal: Principal) -> bytes:
        if "Body" in request:
            given = request["Body"]
            body = given.encode() if isinstance(given, str) else bytes(given)
            if len(body) > MOST_INLINE_BYTES:
                raise ApiError("ValidationError", f"Body must be at most {MOST_INLINE_BYTES} bytes.")
            return body
        bucket, key = location(request["InputLocation"])
        found = self.emulator.client("s3", principal).get_object(Bucket=bucket, Key=key)
        return bytes(found["Body"].read())

    def _write(self, uri: str, body: bytes, secret: str | None, principal: Principal) -> None:
        bucket, key = location(uri)
        extra = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": secret} if secret else {}
        try:
            self.emulator.client("s3", principal).put_object(Bucket=bucket, Key=key, Body=body, **extra)
        except ClientError as error:
            self.emulator.note(f"an answer could not be written to {uri}: {error}")

    def _tell(
        self, topics: Mapping[str, Any], principal: Principal, number: str, uri: str, failed: bool
    ) -> None:
        topic = topics.get("ErrorTopic" if failed else "SuccessTopic")
        if topic is None:
            return
        status = "Failed" if failed else "Completed"
        told = {
            "invocationStatus": status,
            "inferenceId": number,
            "responseParameters": {"outputLocation": uri},
        }
        try:
            self.emulator.client("sns", principal).publish(TopicArn=topic, Message=json.dumps(told))
        except ClientError as error:
            self.emulator.note(f"{topic} did not hear of {uri}: {error}")
