"""What a rehearsal asks of an endpoint and its stack: protection, answers, that deploying changes nothing."""

from typing import Any

from mlplatform.settings.products import ModelProduct
from rehearsal.api import REHEARSAL
from rehearsal.driver import Rehearsal
from tools.protect import protect


def protected(rehearsal: Rehearsal, product: ModelProduct) -> str:
    """Protect the model's Serving stack as ``make protect`` does; what was changed."""
    cloudformation = rehearsal.emulator.client("cloudformation", REHEARSAL)
    name = rehearsal.settings.names.stack(f"Serving-{product.name}")
    (stack,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
    return protect(cloudformation, stack)


def invoked(rehearsal: Rehearsal, product: ModelProduct) -> str:
    """Send the sample request, as the rehearsal itself: nobody may who is not a consumer; the answer."""
    assert product.serving is not None
    sample = product.serving.sample
    client = rehearsal.emulator.client("sagemaker-runtime", REHEARSAL)
    answer = client.invoke_endpoint(
        EndpointName=rehearsal.settings.names.endpoint(product.name),
        Body=product.sample.encode(),
        ContentType=sample.content_type,
        Accept=sample.accept,
    )
    first = answer["Body"].read().decode().strip().splitlines()[0]
    return f"the endpoint answers {first} ({answer['InvokedProductionVariant']})"


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
    """The version that production serves, read from the endpoint."""
    client = rehearsal.emulator.client("sagemaker", REHEARSAL)
    name = rehearsal.settings.names.endpoint(product.name)
    described = client.describe_endpoint(EndpointName=name)
    config = client.describe_endpoint_config(EndpointConfigName=described["EndpointConfigName"])
    model = client.describe_model(ModelName=config["ProductionVariants"][0]["ModelName"])
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
