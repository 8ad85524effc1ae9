"""What a model leaves in an environment when it is retired, or its folder is gone, and how it is removed.

Nothing of it is removed by itself: versions, data and history outlive an endpoint on purpose. The page
docs/releases.md has the same list in words.
"""

from collections.abc import Iterator

from mlplatform.names import Names
from mlplatform.permissions.run_places import KEPT, PREDICTIONS, RUNS
from mlplatform.settings import Environment

Thing = dict[str, str]
"""``What`` it is, ``Where`` it is, and the command that removes it: ``Remove``."""

REPORTS = "releases/"


def remains(model: str, settings: Environment) -> list[Thing]:
    """Everything, in the order in which it can be removed."""
    names = settings.names
    return [
        *removing(settings, f"Serving-{model}", "the Serving stack, which has no endpoint any more"),
        _thing("models and endpoint configurations", "SageMaker", _by_tags(model, settings)),
        *removing(settings, f"Model-{model}", "the model's stack: workflows, functions and roles"),
        *_registry(model, settings),
        *_stored(model, settings),
        _ledger(model, names),
        *_logs(model, names),
    ]


def removing(settings: Environment, stack: str, what: str) -> Iterator[Thing]:
    """A stack, which is unprotected first and deleted as the role that deployed it: the one a stack remembers
    is that of its last release, which deletes no endpoint."""
    names, qualifier = settings.names, settings.deployment.qualifier
    name = names.stack(stack)
    place = f"--region {names.region} --stack-name {name}"
    role = names.arn("iam", f"role/cdk-{qualifier}-cfn-exec-role-{names.account}-{names.region}", region="")
    command = (
        f"aws cloudformation update-termination-protection {place} --no-enable-termination-protection && "
        f"aws cloudformation delete-stack {place} --role-arn {role}"
    )
    yield _thing(what, name, command)


def _by_tags(model: str, settings: Environment) -> str:
    return (
        f"aws resourcegroupstaggingapi get-resources --region {settings.region} "
        f"--resource-type-filters sagemaker:model sagemaker:endpoint-config "
        f"--tag-filters Key=model,Values={model} Key=environment,Values={settings.name}, then "
        "aws sagemaker delete-endpoint-config and delete-model of each"
    )


def _registry(model: str, settings: Environment) -> Iterator[Thing]:
    """The versions, where this environment is the one that keeps them."""
    if not settings.keeps_registry:
        return
    group = settings.names.name(model, kind="model")
    command = (
        f"aws sagemaker list-model-packages --region {settings.region} --model-package-group-name {group}, "
        f"then aws sagemaker delete-model-package of each, and delete-model-package-group "
        f"--model-package-group-name {group}"
    )
    yield _thing("the package group with its versions", group, command)


def _stored(model: str, settings: Environment) -> Iterator[Thing]:
    """Objects, by bucket. Where data lies besides, ``model.yaml`` says."""
    places = {
        "data": {"data": f"{model}/"},
        "artifacts": {
            "artifacts of versions": f"{KEPT}{model}/",
            "what runs wrote": f"{RUNS}{model}/",
            "predictions": f"{PREDICTIONS}{model}/",
            "reports of releases": f"{REPORTS}{model}/",
        },
        "capture": {"captured requests": f"{model}/"},
    }
    for bucket, prefixes in places.items():
        for what, prefix in prefixes.items():
            address = f"s3://{settings.names.bucket(bucket)}/{prefix}"
            yield _thing(what, address, f"aws s3 rm --recursive {address}")


def _ledger(model: str, names: Names) -> Thing:
    table, endpoint = names.name("release-ledger"), names.endpoint(model)
    condition = "--key-condition-expression 'endpoint = :e' --expression-attribute-values"
    command = (
        f"aws dynamodb query --region {names.region} --table-name {table} {condition} "
        f"""'{{":e": {{"S": "{endpoint}"}}}}', then aws dynamodb delete-item of each"""
    )
    return _thing("the history of its releases", f"{table}, items of {endpoint}", command)


def _logs(model: str, names: Names) -> Iterator[Thing]:
    group = names.endpoint_logs(model)
    command = f"aws logs delete-log-group --region {names.region} --log-group-name {group}"
    yield _thing("the endpoint's log", group, command)


def _thing(what: str, where: str, command: str) -> Thing:
    return {"What": what, "Where": where, "Remove": command}
