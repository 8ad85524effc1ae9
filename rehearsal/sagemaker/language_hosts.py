"""The machine of a server of language models: it loads a customized model as its role, and answers.

Requests and answers as LMI and vLLM containers have them (DJL Serving documentation, "LMI input and output
schema"): ``{"inputs": …}`` or OpenAI's ``{"messages": …}``. The weights are those of
``rehearsal.language_model``.
"""

import json
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.language_model import FILE, Artifact, answer, text
from rehearsal.sagemaker.containers.serving import Response
from rehearsal.sagemaker.deployments import FailedDeploymentError
from rehearsal.sagemaker.hosts import Host, NotRunnableError
from rehearsal.sagemaker.transfer import location


class LanguageHost(Host):
    """A copy of a customized model; the others would be alike."""

    _artifact: Artifact | None = None

    def start(self) -> None:
        """Get image, network and model. FailedDeploymentError as DescribeInferenceComponent would tell it."""
        super().start()
        (container,) = self._model.containers
        uri = container.get("ModelDataSource", {}).get("S3DataSource", {}).get("S3Uri", "")
        try:
            self._artifact = self._loaded(uri)
        except (ClientError, ValueError, KeyError) as error:
            self.stop()
            raise FailedDeploymentError(
                f"The model server cannot load {uri or 'no model'}: {error}"
            ) from error

    def _loaded(self, uri: str) -> Artifact:
        """The model in a folder, listed and read as the execution role."""
        bucket, prefix = location(uri)
        s3 = self.machine.emulator.client("s3", self.machine.principal)
        found = s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
        (key,) = [one["Key"] for one in found if one["Key"] == f"{prefix}{FILE}"] or [None]
        if key is None:
            raise ValueError("it holds no model of the rehearsal")
        artifact: Artifact = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        return artifact

    def invoke(self, body: bytes, content_type: str, accept: str) -> Response:
        """What the model says to a prompt. NotRunnableError if the copy is gone."""
        if self._artifact is None:
            raise NotRunnableError("the copy is gone")
        try:
            asked = json.loads(body)
        except ValueError as error:
            return _refused(f"the body is no JSON: {error}")
        if not isinstance(asked, Mapping) or not ("inputs" in asked or "messages" in asked):
            return _refused("the body has neither inputs nor messages")
        prompt = text(asked["inputs"] if "inputs" in asked else asked["messages"])
        said = answer(self._artifact, prompt)
        return Response(200, json.dumps(_shaped(asked, said)).encode(), "application/json")


def _shaped(asked: Mapping[str, Any], said: str) -> dict[str, Any]:
    if "inputs" in asked:
        return {"generated_text": said}
    message = {"role": "assistant", "content": said}
    return {
        "object": "chat.completion",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
    }


def _refused(why: str) -> Response:
    return Response(400, json.dumps({"error": why, "code": 400}).encode(), "application/json")
