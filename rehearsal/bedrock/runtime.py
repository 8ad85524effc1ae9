"""Amazon Bedrock's runtime: InvokeModel and Converse on whatever can answer a prompt.

API reference of Amazon Bedrock Runtime. Answers are those of ``rehearsal.language_model``.
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from rehearsal import language_model
from rehearsal.api import ApiError, ApiRequest, Parameters
from rehearsal.bedrock import bodies
from rehearsal.bedrock.core import MINUTE, Core
from rehearsal.bedrock.foundation import family_of
from rehearsal.bedrock.store import Record
from rehearsal.sagemaker import requests

JSON = "application/json"
IDLE = 5 * MINUTE
"""Seconds without a request after which an imported model has no copy left (user guide, "Import a customized
model": copies are billed in windows of five minutes and scale to none)."""

NO_CONVERSE = ("Qwen2ForCausalLM", "Qwen2VLForConditionalGeneration", "Qwen2_5_VLForConditionalGeneration",
               "GptOssForCausalLM")  # fmt: skip
"""Architectures of imported models without the Converse API (user guide, "Invoke your imported model")."""


@dataclass(frozen=True)
class Target:
    """What answers a prompt: the form of its bodies and, unless it is a base model, what it has learnt."""

    model: str
    family: str
    artifact: language_model.Artifact | None = None
    converses: bool = True

    def answer(self, prompt: str) -> str:
        """What the model says."""
        return language_model.answer(self.artifact, prompt)


class Runtime:
    """Answers the calls of ``bedrock-runtime``."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def handle(self, call: ApiRequest) -> Parameters:
        """Answer one call. Raises ApiError as the service does, and for what is not rehearsed."""
        self._core.agenda.settle(patiently=False)
        known = {"InvokeModel": self._invoke, "Converse": self._converse}
        if call.operation not in known:
            text = f"the rehearsal has no bedrock-runtime:{call.operation}"
            raise ApiError("UnknownOperationException", text, 404)
        requests.check(call.operation, call.parameters, "bedrock-runtime")
        return known[call.operation](call.parameters)

    def target(self, identifier: str) -> Target:
        """What ``modelId`` means. Raises ApiError for what does not exist, is not ready, is not invoked."""
        core = self._core
        if ":custom-model-deployment/" in identifier:
            found = core.deployments.need(identifier)
            return self._custom(identifier, found, "Active")
        if ":provisioned-model/" in identifier:
            found = core.throughputs.need(identifier)
            return self._custom(identifier, found, "InService", "Updating")
        if ":imported-model/" in identifier:
            return self._imported(core.imported.need(identifier))
        if core.models.get(identifier):
            text = (
                f"Invocation of model ID {identifier} with on-demand throughput isn't supported. Retry your "
                "request with the ARN of a deployment or of a Provisioned Throughput of this model."
            )
            raise ApiError("ValidationException", text)
        if family := family_of(identifier):
            return Target(identifier, family)
        raise ApiError("ValidationException", "The provided model identifier is invalid.")

    def _custom(self, identifier: str, serving: Record, *ready: str) -> Target:
        if serving.status not in ready:
            raise _not_ready(f"{serving.name} is {serving.status}")
        arn = serving.description["modelArn"]
        model = self._core.models.get(arn)
        if model is None:
            return Target(identifier, str(family_of(arn)))
        return Target(identifier, model.kept["family"], model.artifact)

    def _imported(self, model: Record) -> Target:
        """An idle imported model has no copy; the first request makes one, which takes its time."""
        now, kept = self._core.now(), model.kept
        ready: datetime | None = kept.get("ready")
        if ready is None or now > kept["used"] + timedelta(seconds=IDLE):
            kept["ready"] = now + timedelta(seconds=self._core.durations.warm_up)
            kept["used"] = kept["ready"]
            raise _not_ready(f"{model.name} had no request for some time and starts a copy")
        if now < ready:
            raise _not_ready(f"{model.name} starts a copy")
        kept["used"] = now
        converses = model.description["modelArchitecture"] not in NO_CONVERSE
        return Target(model.arn, kept["family"], model.artifact, converses)

    def _invoke(self, request: Parameters) -> dict[str, Any]:
        """API reference, InvokeModel: contentType and accept are JSON."""
        for member in ("contentType", "accept"):
            if request.get(member, JSON) not in (JSON, "*/*"):
                raise ApiError("ValidationException", f"{member} must be {JSON}, got {request[member]}.")
        target = self.target(request["modelId"])
        prompt, asked = bodies.prompt_of(target.family, request.get("body") or b"")
        body = bodies.response(target.family, asked, prompt, target.answer(prompt), target.model)
        return {"body": json.dumps(body).encode(), "contentType": JSON}

    def _converse(self, request: Parameters) -> dict[str, Any]:
        target = self.target(request["modelId"])
        messages = request.get("messages", [])
        if not target.converses:
            raise ApiError("ValidationException", f"Converse is not supported for {target.model}.")
        if not messages or messages[0]["role"] != "user" or messages[-1]["role"] != "user":
            text = "A conversation must start and end with a user message."
            raise ApiError("ValidationException", text)
        prompt = language_model.text([{**messages[-1]}])
        said = bodies.response("nova", {}, prompt, target.answer(prompt), target.model)
        return {**said, "metrics": {"latencyMs": 1}}


def _not_ready(why: str) -> ApiError:
    """API reference, ModelNotReadyException: SDKs repeat such a call up to five times."""
    text = f"The model specified in the request is not ready to serve inference requests: {why}."
    return ApiError("ModelNotReadyException", text, 429)
