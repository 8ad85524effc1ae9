"""How a customized version is served: the inference specification that its registration adds.

SageMaker registers a customized model with its folder and its base model, and no image; the next
customization starts from that. What serves it therefore stands beside: ``AdditionalInferenceSpecifications``
of the version (API reference, UpdateModelPackage), under a name that the Serving stack asks for.
"""

from mlplatform.serving.parts import SERVING_SPECIFICATION
from mlplatform.settings import Environment, ModelProduct
from mlplatform.workflows.inference import model_image
from mlplatform.workflows.requests import Request

MODEL = "/opt/ml/model"
"""Where SageMaker puts the folder of a model (developer guide, "Deploying uncompressed models")."""

MERGED = "checkpoints/hf_merged/"
"""The whole model in Hugging Face's layout, below a version's folder."""

VARIABLES: dict[str, dict[str, str]] = {
    "djl-lmi": {"HF_MODEL_ID": MODEL, "OPTION_TENSOR_PARALLEL_DEGREE": "max", "SERVING_FAIL_FAST": "true"},
    "vllm": {"SM_VLLM_MODEL": MODEL},
}
"""What tells a server of language models where its model lies, and to stop if it cannot load it (DJL Serving
documentation, "LMI environment variables"; AWS Deep Learning Containers, "vLLM on SageMaker")."""

_ACCELERATORS = "SM_VLLM_TENSOR_PARALLEL_SIZE"
_OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
"""Containers reach no network; a server that tries would wait."""


def serving_specification(product: ModelProduct, settings: Environment) -> Request | None:
    """The specification without the model's address, which is known once the version is there.

    Whoever registers puts ``ModelDataSource`` into its container: the version's folder and ``MERGED``. None
    for a model that is not served as inference components.
    """
    serving, inference = product.serving, product.inference
    if serving is None or serving.components is None or inference is None:
        return None
    name = inference.framework.name if inference.framework else ""
    own = VARIABLES.get(name, {"MODEL_PATH": MODEL})
    if name == "vllm":
        own = {**own, _ACCELERATORS: str(serving.components.accelerators)}
    return {
        "Name": SERVING_SPECIFICATION,
        "Description": f"How {product.name} answers requests",
        "Containers": [
            {
                "Image": model_image(product, settings),
                "Environment": {**own, **_OFFLINE, "MODEL_NAME": product.name, **inference.environment},
            }
        ],
        "SupportedContentTypes": list(inference.content_types),
        "SupportedResponseMIMETypes": list(inference.response_types),
        "SupportedRealtimeInferenceInstanceTypes": list(serving.instance_types),
    }
