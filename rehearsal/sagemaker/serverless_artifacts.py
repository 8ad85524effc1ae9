"""What a customized model is made of here, and where SageMaker puts it.

The weights are those of ``rehearsal.language_model``: no gradient descends, the model knows what it was
shown. Layout as ``sagemaker-train`` and its samples read it: the version's data source ends in
``<job>/output/model/``, the whole model lies in ``checkpoints/hf_merged/`` below it, the adapter of LoRA in
``checkpoints/hf/``.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.language_model import FILE, Artifact, to_files
from rehearsal.sagemaker.job import FailedJobError
from rehearsal.sagemaker.transfer import location

MERGED, ADAPTER = "checkpoints/hf_merged", "checkpoints/hf"
ARCHITECTURES = {
    "llama": "LlamaForCausalLM",
    "qwen2": "Qwen2ForCausalLM",
    "gemma": "Gemma3ForConditionalGeneration",
    "gpt-oss": "GptOssForCausalLM",
}
"""What configurations on the Hugging Face Hub name, by a part of a base model's id; others are as Qwen3's."""


def write(folder: Path, artifact: Artifact, base: str, *, lora: bool) -> None:
    """Lay a model out below ``folder``: a whole one in Hugging Face's layout, and an adapter for LoRA."""
    found = (name for part, name in ARCHITECTURES.items() if part in base)
    architecture = next(found, "Qwen3ForCausalLM")
    files = {f"{MERGED}/{name}": body for name, body in to_files(artifact, architecture).items()}
    if lora:
        adapter = {"base_model_name_or_path": base, "peft_type": "LORA"}
        files[f"{ADAPTER}/adapter_config.json"] = json.dumps(adapter).encode()
        files[f"{ADAPTER}/{FILE}"] = json.dumps(artifact).encode()
    for name, body in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)


def source_of(version: Mapping[str, Any]) -> str:
    """The S3 URI of a version's model, which ends in ``/``. Raises KeyError if it has none."""
    container = version["InferenceSpecification"]["Containers"][0]
    return str(container["ModelDataSource"]["S3DataSource"]["S3Uri"])


def read(s3: Any, version: Mapping[str, Any]) -> Artifact:
    """The model of a version, read with the client ``s3``. Raises FailedJobError."""
    uri = f"{source_of(version)}{MERGED}/{FILE}"
    bucket, key = location(uri)
    try:
        artifact: Artifact = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    except ClientError as error:
        found = error.response["Error"]
        raise FailedJobError(f"ClientError: {uri}: {found['Code']}: {found['Message']}") from error
    return artifact
