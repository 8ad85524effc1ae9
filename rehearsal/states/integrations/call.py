"""A Task's call of another service, made as the state machine's role."""

import datetime
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import botocore.exceptions

from rehearsal.api import Principal
from rehearsal.emulator import Emulator
from rehearsal.states.clock import iso
from rehearsal.states.errors import RUNTIME, StateError
from rehearsal.states.integrations import shapes
from rehearsal.states.integrations.shapes import BOTOCORE_NAMES, TimeSpelling
from rehearsal.states.resource import Resource

# (prefix, name of the service's general exception) of the integrations that are older than the SDK ones.
# The guide's error tables and its examples: Lambda.AWSLambdaException, SageMaker.AmazonSageMakerException.
OPTIMIZED = {
    "bedrock": ("Bedrock", "Bedrock"),
    "lambda": ("Lambda", "AWSLambda"),
    "sns": ("SNS", "AmazonSNS"),
    "sqs": ("SQS", "AmazonSQS"),
    "sagemaker": ("SageMaker", "AmazonSageMaker"),
    "dynamodb": ("DynamoDB", "AmazonDynamoDB"),
    "events": ("EventBridge", "AmazonEventBridge"),
    "states": ("StepFunctions", "AWSStepFunctions"),
}


@dataclass
class Call:
    """``arguments`` are filled in. ``cancelled`` is set when nobody waits for the answer any more;
    ``on_cancel`` is then called, to stop what was begun. ``submitted`` is called with the first answer of a
    call that goes on waiting. ``until`` is when the task's TimeoutSeconds are over in the world's time."""

    emulator: Emulator
    principal: Principal
    resource: Resource
    arguments: Any
    execution_arn: str = ""
    cancelled: threading.Event = field(default_factory=threading.Event)
    on_cancel: list[Callable[[], None]] = field(default_factory=list)
    submitted: Callable[[Any], None] = lambda _: None
    until: datetime.datetime | None = None

    def send(
        self,
        operation: str,
        parameters: Any,
        *,
        times: TimeSpelling = iso,
        answer: bool = True,
        service: str | None = None,
    ) -> dict[str, Any]:
        """Make one call of the resource's service; raises StateError with the name Step Functions gives.

        ``answer`` False gives boto3's answer as it is. ``service`` is another than the resource's, such as
        ``bedrockruntime`` for ``bedrock:invokeModel``.
        """
        service = service or self.resource.service
        model = shapes.operation_model(service, operation)
        if model is None:
            raise StateError(RUNTIME, f"The operation {operation} of {service} does not exist")
        request = shapes.to_request(model, parameters)
        client = self.emulator.client(BOTOCORE_NAMES.get(service, service), self.principal)
        try:
            response = client._make_api_call(operation, request)
        except botocore.exceptions.ParamValidationError as problem:
            raise StateError(RUNTIME, f"{self.resource.action}: {problem}") from problem
        except botocore.exceptions.ClientError as problem:
            raise self.failure(problem, service) from problem
        except botocore.exceptions.BotoCoreError as problem:  # no answer: the guide's SdkClientException
            raise StateError(f"{self._prefixes()[0]}.SdkClientException", str(problem)) from problem
        return dict(shapes.to_result(model.output_shape, response, times)) if answer else response

    def failure(self, problem: botocore.exceptions.ClientError, service: str | None = None) -> StateError:
        """The error's name: ``<Prefix>.<Error>Exception`` for an error that the service's model declares,
        the service's general exception for any other, such as a refused permission or throttling."""
        error = problem.response.get("Error", {})
        code, message = str(error.get("Code", "")), str(error.get("Message", ""))
        status = problem.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
        prefix, general = self._prefixes()
        name = _declared(service or self.resource.service, code)
        label = f"{prefix}.{name}" if name else f"{prefix}.{general}Exception"
        return StateError(label, f"{message} (Service: {general}; Status Code: {status}; Error Code: {code})")

    def _prefixes(self) -> tuple[str, str]:
        if not self.resource.sdk and self.resource.service in OPTIMIZED:
            return OPTIMIZED[self.resource.service]
        name = exception_prefix(self.resource.service)
        return name, name


def exception_prefix(service: str) -> str:
    """The Java SDK's name of a service: SageMaker, S3, DynamoDb, Sfn (from botocore's service id)."""
    model = shapes.service_model(service)
    identifier = str(model.metadata.get("serviceId", service)) if model is not None else service
    words = re.findall(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z0-9]+|[A-Z0-9]+", identifier)
    return "".join(word[:1].upper() + word[1:].lower() for word in words)


def _declared(service: str, code: str) -> str | None:
    """``NoSuchKey`` is ``NoSuchKeyException``: the guide has the suffix added where the API lacks it."""
    if service == "s3" and code == "404":  # HEAD has no body: the SDK reads the status as NoSuchKey
        code = "NoSuchKey"
    model = shapes.service_model(service)
    declared = {shape.name for shape in model.error_shapes} if model is not None else set()
    if code not in declared and f"{code}Exception" not in declared:
        return None
    name = shapes.spelled(code)
    return name if name.endswith("Exception") else f"{name}Exception"
