"""What a rehearsal asks of an endpoint and its stack: protection, answers, that deploying changes nothing."""

import json
from typing import Any

from botocore.exceptions import ClientError

from mlplatform.settings.products import ModelProduct
from rehearsal.api import REHEARSAL
from rehearsal.driver import Rehearsal
from release.ports import NO_CAPACITY
from tools.protect import protect

MOST_MINUTES = 60
"""That requests are sent in vain before nothing is expected to answer any more."""


def protected(rehearsal: Rehearsal, product: ModelProduct) -> str:
    """Protect the model's Serving stack as ``make protect`` does; what was changed."""
    cloudformation = rehearsal.emulator.client("cloudformation", REHEARSAL)
    name = rehearsal.settings.names.stack(f"Serving-{product.name}")
    (stack,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
    return protect(cloudformation, stack, product)


def invoked(rehearsal: Rehearsal, product: ModelProduct) -> str:
    """Send the sample request, as the rehearsal itself: nobody may who is not a consumer; the answer.

    Where no copy of the model is there, it is sent again every minute, until the alarm that this raises has
    started one.
    """
    for minutes in range(MOST_MINUTES):
        try:
            body, variant = asked(rehearsal, product)
        except ClientError as error:
            if NO_CAPACITY not in str(error):
                raise
            rehearsal.emulator.clock.drive(60)
        else:
            waited = f", woken by requests that failed for {minutes} minutes" if minutes else ""
            return f"the endpoint answers {said(body)} ({variant}{waited})"
    raise LookupError(f"no copy of {product.name} was there for {MOST_MINUTES} minutes")


def asked(rehearsal: Rehearsal, product: ModelProduct) -> tuple[str, str]:
    """Answer to the sample request, and the variant that gave it. Raises what InvokeEndpoint raises."""
    assert product.serving is not None
    sample = product.serving.sample
    name = rehearsal.settings.names.endpoint(product.name)
    component = {"InferenceComponentName": name} if of_components(product) else {}
    answer = rehearsal.emulator.client("sagemaker-runtime", REHEARSAL).invoke_endpoint(
        EndpointName=name,
        Body=product.sample.encode(),
        ContentType=sample.content_type,
        Accept=sample.accept,
        **component,
    )
    return answer["Body"].read().decode(), str(answer["InvokedProductionVariant"])


def said(body: str) -> str:
    """The first line of an answer; of a language model's, what it says."""
    first = body.strip().splitlines()[0]
    if '"choices"' not in first:
        return first
    return str(json.loads(first)["choices"][0]["message"]["content"])


def of_components(product: ModelProduct) -> bool:
    """Whether copies of the model answer that are attached to the endpoint."""
    return product.serving is not None and product.serving.mode == "inference_components"


def reach(rehearsal: Rehearsal, product: ModelProduct, requests_per_minute: float) -> None:
    """Let so many requests reach what serves from now on."""
    name, world = rehearsal.settings.names.endpoint(product.name), rehearsal.sagemaker
    (world.components if of_components(product) else world.endpoints).traffic(name, requests_per_minute)


def deployed_again(rehearsal: Rehearsal, product: ModelProduct) -> str:
    """Deploy everything once more, as `cdk deploy` does; says what changed of what serves."""
    before = serving(rehearsal, product)
    differences = rehearsal.engine.difference(rehearsal.assembly, rehearsal.settings.name)
    rehearsal.engine.deploy(rehearsal.assembly, rehearsal.settings.name)
    after = serving(rehearsal, product)
    shown = [line for lines in differences.values() for line in lines]
    if shown or before != after:
        raise AssertionError(f"a deployment after a release: differences {shown}, {before} became {after}")
    return "cdk diff after the release shows no difference; cdk deploy changes nothing that serves"


def serving(rehearsal: Rehearsal, product: ModelProduct) -> Any:
    """The endpoint's configuration and its stack's parameters."""
    name = rehearsal.settings.names.endpoint(product.name)
    described = rehearsal.emulator.client("sagemaker", REHEARSAL).describe_endpoint(EndpointName=name)
    stack = rehearsal.engine.stacks[rehearsal.settings.names.stack(f"Serving-{product.name}")]
    return described["EndpointConfigName"], described["EndpointStatus"], dict(stack.parameters)


def weights_of(rehearsal: Rehearsal, product: ModelProduct) -> dict[str, float]:
    """The present weight of each variant that answers."""
    name = rehearsal.settings.names.endpoint(product.name)
    described = rehearsal.emulator.client("sagemaker", REHEARSAL).describe_endpoint(EndpointName=name)
    return {one["VariantName"]: float(one["CurrentWeight"]) for one in described["ProductionVariants"]}


def served(rehearsal: Rehearsal, product: ModelProduct) -> str:
    """The version that production serves, read from the endpoint or from what is attached to it."""
    client = rehearsal.emulator.client("sagemaker", REHEARSAL)
    name = rehearsal.settings.names.endpoint(product.name)
    if of_components(product):
        found = client.describe_inference_component(InferenceComponentName=name)
        variant = (found.get("Specification") or found["Specifications"][0])["ModelName"]
    else:
        config = client.describe_endpoint(EndpointName=name)["EndpointConfigName"]
        found = client.describe_endpoint_config(EndpointConfigName=config)
        variant = found["ProductionVariants"][0]["ModelName"]
    model = client.describe_model(ModelName=variant)
    containers = [*model.get("Containers", ()), model.get("PrimaryContainer", {})]
    return next(str(one["ModelPackageName"]) for one in containers if "ModelPackageName" in one)


def unrest(rehearsal: Rehearsal, product: ModelProduct, version: str) -> list[str]:
    """What is not as it should be when ``version`` serves, alone, verified, and as the stack says."""
    name = rehearsal.settings.names.endpoint(product.name)
    found = rehearsal.emulator.client("sagemaker", REHEARSAL).describe_endpoint(EndpointName=name)
    stack = rehearsal.engine.stacks[rehearsal.settings.names.stack(f"Serving-{product.name}")]
    wanted = {
        "production": (served(rehearsal, product), version),
        "the stack's production": (stack.parameters["ProductionModelPackageArn"], version),
        "the stack's shadow": (stack.parameters["ShadowModelPackageArn"], "none"),
        "the endpoint": (found["EndpointStatus"], "InService"),
        "its configuration": (found["EndpointConfigName"], stack.outputs["LiveEndpointConfigName"]),
    }
    problems = [f"{what} is {is_}, not {should}" for what, (is_, should) in wanted.items() if is_ != should]
    if "ShadowProductionVariants" in found:
        problems.append("a shadow is left")
    if weights_of(rehearsal, product) != {"production": 1.0}:
        problems.append(f"the weights are {weights_of(rehearsal, product)}")
    invoked(rehearsal, product)
    return problems
