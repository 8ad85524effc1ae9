"""``bedrock:createModelCustomizationJob[.sync]`` and ``bedrock:invokeModel``, the optimized integrations.

Step Functions guide, "Invoke and customize Amazon Bedrock models with Step Functions". A customization takes
hours of the world's time and none of this machine's: while it is waited for, time may jump.
"""

import json
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.sagemaker.transfer import location
from rehearsal.states.errors import RUNTIME, TASK_FAILED, TIMEOUT, StateError
from rehearsal.states.integrations.call import Call
from rehearsal.states.integrations.shapes import epoch_milliseconds

ACTIONS = {"createModelCustomizationJob", "invokeModel"}
RUNTIME_SERVICE = "bedrockruntime"
OWN_FIELDS = ("Input", "Output")
"""Fields of ``bedrock:invokeModel`` that InvokeModel does not have."""

POLL = 60.0
"""Seconds of the world's time between two looks at a job."""


def create(call: Call) -> dict[str, Any]:
    """The call without ``.sync``: the answer of CreateModelCustomizationJob."""
    answer = call.send(call.resource.operation, call.arguments)
    return {**answer, "SdkHttpMetadata": {"HttpStatusCode": 200}}


def run(call: Call) -> dict[str, Any]:
    """The description of the completed job; raises StateError States.TaskFailed with the description of one
    that failed or was stopped, States.Timeout after TimeoutSeconds."""
    with call.emulator.clock.seat():
        answer = create(call)
        call.submitted(answer)
        name = {"JobIdentifier": answer["JobArn"]}
        call.on_cancel.append(lambda: _stop(call, name))
        if call.cancelled.is_set():
            _stop(call, name)
        while not call.cancelled.is_set():
            job = call.send("GetModelCustomizationJob", name, times=epoch_milliseconds)
            if job["Status"] == "Completed":
                return job
            if job["Status"] in {"Failed", "Stopped"}:
                raise StateError(TASK_FAILED, json.dumps(job, separators=(",", ":")))
            _in_time(call, name)
            call.emulator.clock.drive(POLL, call.cancelled)
    return {}


def invoke(call: Call) -> dict[str, Any]:
    """The model's answer, parsed, in ``Body``; with ``Output`` it goes to S3, and ``Body`` tells where."""
    arguments = dict(call.arguments)
    source, target = (arguments.pop(field, None) for field in OWN_FIELDS)
    if (source is None) == ("Body" not in arguments):
        raise StateError(RUNTIME, "bedrock:invokeModel needs exactly one of Body and Input")
    s3 = call.emulator.client("s3", call.principal)
    try:
        if source is not None:
            bucket, key = location(source["S3Uri"])
            arguments["Body"] = s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode()
        answer = call.send("InvokeModel", arguments, answer=False, service=RUNTIME_SERVICE)
        body, kind = answer["body"].read(), answer["contentType"]
        if target is not None:
            bucket, key = location(target["S3Uri"])
            s3.put_object(Bucket=bucket, Key=key, Body=body)
            return {"Body": target["S3Uri"], "ContentType": kind}
    except ClientError as problem:
        raise call.failure(problem, "s3") from problem
    return {"Body": json.loads(body), "ContentType": kind}


def _in_time(call: Call, name: dict[str, str]) -> None:
    if call.until is not None and call.emulator.clock.now() >= call.until:
        _stop(call, name)
        raise StateError(TIMEOUT, f"The job {name['JobIdentifier']} ran longer than TimeoutSeconds.")


def _stop(call: Call, name: dict[str, str]) -> None:
    """The guide, "Run a Job (.sync)": when the task is aborted or times out, the job is stopped at best
    effort; the task ends the same way when that fails."""
    try:
        call.send("StopModelCustomizationJob", name)
    except StateError as error:
        call.emulator.note(f"{name['JobIdentifier']} was not stopped: {error.cause}")
