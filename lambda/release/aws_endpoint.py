"""The endpoint in SageMaker: what it serves, whether it answers, and the tag of one that has served."""

import base64
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from release.ports import EndpointState

SERVED = "served"
"""Key of the tag that an endpoint has once it has served: nothing may delete it any more."""

PRODUCTION, IN_SERVICE = "production", "InService"

_SHOWN = 300
"""Characters of an answer's reason that people are shown."""


class SageMakerEndpoint:
    """``release.ports.Endpoint``: the endpoint called ``name``, with ``arn``.

    ``sample`` is a request that must succeed: ``Body`` in base64, ``ContentType``, ``Accept`` and, where the
    endpoint answers asynchronously, ``Input``, the ``s3://`` address the request is put to. ``component`` is
    the ARN of the inference component that answers, of an endpoint that has one.
    """

    def __init__(
        self,
        sagemaker: Any,
        runtime: Any,
        s3: Any,
        name: str,
        arn: str,
        sample: Mapping[str, str],
        component: str = "",
    ) -> None:
        self._sagemaker, self._runtime, self._s3 = sagemaker, runtime, s3
        self._name, self._arn, self._sample = name, arn, sample
        self._component = component

    def describe(self) -> EndpointState | None:
        """The endpoint with the packages of its configuration, or None if there is none."""
        found = _found(self._sagemaker.describe_endpoint, EndpointName=self._name)
        if found is None:
            return None
        if self._component:
            return self._with_component(found)
        return EndpointState(
            status=found["EndpointStatus"],
            config=found["EndpointConfigName"],
            pending="PendingDeploymentSummary" in found,
            reason=found.get("FailureReason", ""),
            packages=self._packages(found["EndpointConfigName"]),
        )

    def _with_component(self, found: Mapping[str, Any]) -> EndpointState:
        """The endpoint with what is attached to it: it serves as far as both are well."""
        name = self._component.rpartition("/")[2]
        attached = _found(self._sagemaker.describe_inference_component, InferenceComponentName=name) or {}
        status, reason = found["EndpointStatus"], found.get("FailureReason", "")
        model = model_of(attached)
        if status == IN_SERVICE and attached:
            status, reason = attached["InferenceComponentStatus"], attached.get("FailureReason", "")
        made = _found(self._sagemaker.describe_model, ModelName=model) if model else None
        return EndpointState(
            status=status,
            config=found["EndpointConfigName"],
            pending="PendingDeploymentSummary" in found,
            reason=reason,
            packages={PRODUCTION: _package(made)} if made else {},
            model=model,
        )

    def _packages(self, name: str) -> dict[str, str]:
        """Package by variant; without those whose configuration or model somebody deleted."""
        config = _found(self._sagemaker.describe_endpoint_config, EndpointConfigName=name) or {}
        variants = [*config.get("ProductionVariants", []), *config.get("ShadowProductionVariants", [])]
        models = {
            variant["VariantName"]: _found(self._sagemaker.describe_model, ModelName=variant["ModelName"])
            for variant in variants
        }
        return {variant: _package(model) for variant, model in models.items() if model}

    def invoke(self, variant: str) -> str:
        """Send the sample request to a variant; empty if it answered well, else what was wrong.

        An asynchronous endpoint answers well when it takes the request.
        """
        try:
            if "Input" in self._sample:
                self._queue()
            else:
                self._ask(variant)
        except ClientError as error:
            if _refused(error):
                return str(error)[:_SHOWN]
            raise
        return ""

    def _ask(self, variant: str) -> None:
        # A serverless endpoint has one variant, and knows no other.
        target = {} if self._sample.get("Serverless") else {"TargetVariant": variant}
        if component := self._sample.get("Component"):
            target = {"InferenceComponentName": component}
        answer = self._runtime.invoke_endpoint(
            EndpointName=self._name,
            Body=base64.b64decode(self._sample["Body"]),
            ContentType=self._sample["ContentType"],
            Accept=self._sample["Accept"],
            **target,
        )
        answer["Body"].read()

    def _queue(self) -> None:
        bucket, _, key = self._sample["Input"].removeprefix("s3://").partition("/")
        content_type = self._sample["ContentType"]
        body = base64.b64decode(self._sample["Body"])
        self._s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType=content_type)
        self._runtime.invoke_endpoint_async(
            EndpointName=self._name,
            InputLocation=self._sample["Input"],
            ContentType=content_type,
            Accept=self._sample["Accept"],
        )

    def mark_served(self) -> None:
        """Tag the endpoint, and what is attached to it, so that no role may delete it any more."""
        for arn in filter(None, (self._arn, self._component)):
            self._sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": SERVED, "Value": "true"}])


def _found(describe: Any, **asked: str) -> dict[str, Any] | None:
    """The answer, or None where SageMaker says there is no such thing."""
    try:
        answer: dict[str, Any] = describe(**asked)
    except ClientError as error:
        if "Could not find" in error.response["Error"].get("Message", ""):
            return None
        raise
    return answer


def model_of(component: Mapping[str, Any]) -> str:
    """Name of the model of an inference component, the same for every instance type; empty if it has none."""
    given = [component.get("Specification") or {}, *component.get("Specifications", [])]
    return next((str(one["ModelName"]) for one in given if one.get("ModelName")), "")


def _package(model: Mapping[str, Any]) -> str:
    containers = [model["PrimaryContainer"]] if "PrimaryContainer" in model else model.get("Containers", [])
    return next((str(c["ModelPackageName"]) for c in containers if "ModelPackageName" in c), "")


def _refused(error: ClientError) -> bool:
    """Whether the endpoint itself answered so: its container's error, or that it cannot take the request."""
    return error.response["Error"].get("Code") in ("ModelError", "ModelNotReadyException", "ValidationError")
