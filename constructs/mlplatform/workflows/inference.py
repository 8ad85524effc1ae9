"""How a registered model answers: the inference specification of its versions."""

from mlplatform import images
from mlplatform.settings import Environment, ModelProduct
from mlplatform.settings.inference import InferenceSettings
from mlplatform.workflows.places import jsonata
from mlplatform.workflows.requests import Request

CODE = "/opt/ml/model/code"
"""Where the training script leaves the inference scripts in the artifact, and containers look for them."""


def inference_specification(product: ModelProduct, settings: Environment, *, brought_in: bool) -> Request:
    """The InferenceSpecification of CreateModelPackage; registration adds where the model data lies.

    One container, or those of a serial pipeline; each gets the same artifact and runs its own script. With
    ``brought_in``, an execution may name another image for the model.
    """
    inference = product.inference or InferenceSettings()
    beside = image_of_scripts(product, settings)
    model = jsonata("$run.Image") if brought_in else model_image(product, settings)
    containers = [
        *_containers(beside, inference.preprocess, product, settings),
        _container(model, inference.script, product, settings),
        *_containers(beside, inference.postprocess, product, settings),
    ]
    return {
        "Containers": containers,
        "SupportedContentTypes": list(inference.content_types),
        "SupportedResponseMIMETypes": list(inference.response_types),
        "SupportedRealtimeInferenceInstanceTypes": list(inference.realtime_instance_types),
        "SupportedTransformInstanceTypes": list(inference.transform_instance_types),
    }


def image_of_scripts(product: ModelProduct, settings: Environment) -> str:
    """URI of the image that runs the inference scripts."""
    inference = product.inference or InferenceSettings()
    instance_type = inference.realtime_instance_types[0]
    if product.customization and product.serving:  # which alone says on what a customized model runs
        instance_type = product.serving.instance_type
    return images.image_of(product, settings, use="inference", instance_type=instance_type)


def model_image(product: ModelProduct, settings: Environment) -> str:
    """URI of the image that serves the model; that of a built-in algorithm serves without a script."""
    algorithm = product.train.algorithm if product.train else None
    if algorithm is not None and not (product.inference and product.inference.script):
        return images.algorithm_image(algorithm, settings)
    return image_of_scripts(product, settings)


def _containers(
    image: str, script: str | None, product: ModelProduct, settings: Environment
) -> list[Request]:
    return [_container(image, script, product, settings)] if script else []


def _container(image: str, script: str | None, product: ModelProduct, settings: Environment) -> Request:
    program = {
        "SAGEMAKER_PROGRAM": script,
        "SAGEMAKER_SUBMIT_DIRECTORY": CODE,
        "SAGEMAKER_CONTAINER_LOG_LEVEL": "20",
        "SAGEMAKER_REGION": settings.region,
    }
    given = product.inference.environment if product.inference else {}
    return {
        "Image": image,
        "Environment": {**(program if script else {}), "MODEL_NAME": product.name, **given},
    }
