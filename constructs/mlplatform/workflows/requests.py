"""What every request of a job has in common: names, network, keys, tags, and the rest of ``request``."""

from collections.abc import Mapping
from typing import Any

from mlplatform.permissions.guards import takes_volume_key
from mlplatform.settings import Environment, ModelProduct
from mlplatform.settings.jobs import JobSettings
from mlplatform.workflows.places import jsonata

Request = dict[str, Any]

KEYS_OF_LISTS = ("ChannelName", "InputName", "OutputName", "Key", "Name")
"""Members that name an element of a list: an element of the same name is replaced."""

ATTEMPT = "$string($states.context.State.RetryCount)"
"""JSONata: makes a repeated request another job, as the name of a job can never be used again."""


def job_name(step: str, attempt: str = ATTEMPT) -> str:
    """JSONata: the name of the run's job for ``step``: ``prep``, ``train``, ``eval``, ``score``, ``tune``."""
    return jsonata(f"$run.Jobs.{step} & {attempt}")


def vpc(group: str = "JobSecurityGroupId") -> Request:
    """The network of a job; lists are JSONata because CloudFormation substitutes strings only."""
    return {"Subnets": jsonata("$split('${SubnetIds}', ',')"), "SecurityGroupIds": [f"${{{group}}}"]}


def volume_key(*instance_types: str) -> Request:
    """The key of volumes, where every one of the instance types has volumes that take a key."""
    return {"VolumeKmsKeyId": "${DataKeyArn}"} if all(map(takes_volume_key, instance_types)) else {}


def tags(product: ModelProduct, settings: Environment) -> list[Request]:
    """Cost-allocation tags: jobs inherit none."""
    own = {"model": product.name, "owner": product.owner, "environment": settings.name}
    return [{"Key": key, "Value": value} for key, value in sorted({**settings.tags, **own}.items())]


def environment(product: ModelProduct, job: JobSettings) -> dict[str, str]:
    """Environment variables of a job's container."""
    return {"MODEL_NAME": product.name, **job.environment}


def job_role(product: ModelProduct, settings: Environment) -> str:
    """ARN of the role that the model's jobs run as."""
    return settings.names.role_arn("job", f"{product.name}-job")


def merged(request: Mapping[str, Any], more: Mapping[str, Any]) -> Request:
    """Return ``request`` with ``more`` laid over it: maps merge, elements of lists replace by name."""
    result = dict(request)
    for key, value in more.items():
        mine = result.get(key)
        if isinstance(mine, dict) and isinstance(value, dict):
            result[key] = merged(mine, value)
        elif isinstance(mine, list) and isinstance(value, list):
            result[key] = _merged_lists(mine, value)
        else:
            result[key] = value
    return result


def _merged_lists(mine: list[Any], more: list[Any]) -> list[Any]:
    name = next((key for key in KEYS_OF_LISTS if all(isinstance(x, dict) and key in x for x in more)), None)
    if name is None or not all(isinstance(item, dict) and name in item for item in mine):
        return more
    return list({item[name]: item for item in [*mine, *more]}.values())
