"""The endpoint in SageMaker: what it serves, whether it answers, and the tag of one that has served."""

import base64
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from release.ports import ConflictError, EndpointState

SERVED = "served"
"""Key of the tag that an endpoint has once it has served: nothing may delete it any more."""

PRODUCTION, CHALLENGER, IN_SERVICE = "production", "challenger", "InService"

DIMENSION = "sagemaker:variant:DesiredInstanceCount"
"""Of a variant that scales (Application Auto Scaling API reference, ScalableTarget)."""

_CHANGING = "in-progress"
"""In what SageMaker answers while an endpoint is being changed: ``Cannot update in-progress endpoint``."""

_SHOWN = 300
"""Characters of an answer's reason that people are shown."""


class SageMakerEndpoint:
    """``release.ports.Endpoint``: the endpoint called ``name``, with ``arn``.

    ``sample`` is a request that must succeed: ``Body`` in base64, ``ContentType``, ``Accept`` and, where the
    endpoint answers asynchronously, ``Input``, the ``s3://`` address the request is put to. ``component`` is
    the ARN of the inference component that answers, of an endpoint that has one. ``scaling`` is a client of
    Application Auto Scaling, for an endpoint that may have a challenger.
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
        scaling: Any = None,
    ) -> None:
        self._sagemaker, self._runtime, self._s3 = sagemaker, runtime, s3
        self._name, self._arn, self._sample = name, arn, sample
        self._component, self._scaling = component, scaling

    def describe(self) -> EndpointState | None:
        """The endpoint with the packages of its configuration, or None if there is none."""
        found = if_there(self._sagemaker.describe_endpoint, EndpointName=self._name)
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
            weights=_of_variants(found, "CurrentWeight", float),
            counts=_of_variants(found, "CurrentInstanceCount", int),
        )

    def _with_component(self, found: Mapping[str, Any]) -> EndpointState:
        """The endpoint with what is attached to it: it serves as far as both are well."""
        name = self._component.rpartition("/")[2]
        attached = if_there(self._sagemaker.describe_inference_component, InferenceComponentName=name) or {}
        status, reason = found["EndpointStatus"], found.get("FailureReason", "")
        model = model_of(attached)
        if status == IN_SERVICE and attached:
            status, reason = attached["InferenceComponentStatus"], attached.get("FailureReason", "")
        made = if_there(self._sagemaker.describe_model, ModelName=model) if model else None
        return EndpointState(
            status=status,
            config=found["EndpointConfigName"],
            pending="PendingDeploymentSummary" in found,
            reason=reason,
            packages={PRODUCTION: package_of(made)} if made else {},
            model=model,
        )

    def _packages(self, name: str) -> dict[str, str]:
        """Package by variant; without those whose configuration or model somebody deleted."""
        config = if_there(self._sagemaker.describe_endpoint_config, EndpointConfigName=name) or {}
        variants = [*config.get("ProductionVariants", []), *config.get("ShadowProductionVariants", [])]
        models = {
            variant["VariantName"]: if_there(self._sagemaker.describe_model, ModelName=variant["ModelName"])
            for variant in variants
        }
        return {variant: package_of(model) for variant, model in models.items() if model}

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

    def unmark_served(self) -> None:
        """Take the tag away from both, for a pause; harmless where there is none."""
        for arn in filter(None, (self._arn, self._component)):
            if_there(self._sagemaker.delete_tags, ResourceArn=arn, TagKeys=[SERVED])

    def weights(self, production: float, challenger: float) -> None:
        """Give both variants these weights. Raises ConflictError while the endpoint is being changed."""
        wanted = {PRODUCTION: production, CHALLENGER: challenger}
        self._change([{"VariantName": name, "DesiredWeight": weight} for name, weight in wanted.items()])

    def capacity(self, variant: str, count: int) -> None:
        """Let a variant have so many instances. Raises ConflictError while the endpoint is being changed."""
        self._change([{"VariantName": variant, "DesiredInstanceCount": count}])

    def _change(self, wanted: list[dict[str, Any]]) -> None:
        try:
            self._sagemaker.update_endpoint_weights_and_capacities(
                EndpointName=self._name, DesiredWeightsAndCapacities=wanted
            )
        except ClientError as error:
            if _CHANGING in error.response["Error"].get("Message", ""):
                raise ConflictError(str(error)) from error
            raise

    def release_scaling(self, variant: str) -> None:
        """Let autoscaling forget a variant; harmless if it has.

        It is asked first: the role may have it forget what is tagged as ours, and what is gone has no tags.
        """
        resource = f"endpoint/{self._name}/variant/{variant}"
        which = {"ServiceNamespace": "sagemaker", "ScalableDimension": DIMENSION}
        if not self._scaling.describe_scalable_targets(ResourceIds=[resource], **which)["ScalableTargets"]:
            return
        try:
            self._scaling.deregister_scalable_target(ResourceId=resource, **which)
        except self._scaling.exceptions.ObjectNotFoundException:
            return


def if_there(describe: Any, **asked: Any) -> dict[str, Any] | None:
    """The answer, or None where SageMaker says there is no such thing."""
    try:
        answer: dict[str, Any] = describe(**asked)
    except ClientError as error:
        if "Could not find" in error.response["Error"].get("Message", ""):
            return None
        raise
    return answer


def _of_variants(found: Mapping[str, Any], name: str, kind: Callable[[Any], Any]) -> dict[str, Any]:
    """A property of the production variants that have it, by their names."""
    variants = found.get("ProductionVariants", [])
    return {one["VariantName"]: kind(one[name]) for one in variants if name in one}


def model_of(component: Mapping[str, Any]) -> str:
    """Name of the model of an inference component, the same for every instance type; empty if it has none."""
    given = [component.get("Specification") or {}, *component.get("Specifications", [])]
    return next((str(one["ModelName"]) for one in given if one.get("ModelName")), "")


def package_of(model: Mapping[str, Any]) -> str:
    containers = [model["PrimaryContainer"]] if "PrimaryContainer" in model else model.get("Containers", [])
    return next((str(c["ModelPackageName"]) for c in containers if "ModelPackageName" in c), "")


def _refused(error: ClientError) -> bool:
    """Whether the endpoint itself answered so: its container's error, or that it cannot take the request."""
    return error.response["Error"].get("Code") in ("ModelError", "ModelNotReadyException", "ValidationError")
