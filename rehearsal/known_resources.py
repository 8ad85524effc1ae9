"""What requests act on that do not name it by the words of its ARN."""

import re
from collections.abc import Callable, Iterator, Mapping

from rehearsal.api import Parameters, Place
from rehearsal.known_bedrock import BEDROCK
from rehearsal.known_hubs import HUBS
from rehearsal.known_monitoring import MONITORING

UNBORN = "00000000000000000000"
"""Stands for an id that AWS gives a resource when it creates it: only wildcards match it."""

Known = Callable[[Parameters, Place], Iterator[str]]


def _one(service: str, path: str, member: str, default: str | None = None) -> Known:
    """A resource named by ``member``, with its name or its whole ARN."""

    def known(parameters: Parameters, place: Place) -> Iterator[str]:
        value = parameters.get(member) or default
        if value:
            yield value if str(value).startswith("arn:") else place.arn(service, f"{path}{value}")

    return known


def _every(*members: str) -> Known:
    """Every ARN that stands in one of ``members``."""

    def known(parameters: Parameters, _: Place) -> Iterator[str]:
        return (parameters[member] for member in members if parameters.get(member))

    return known


def _new(service: str, path: str) -> Known:
    """A resource whose id AWS makes up."""

    def known(_: Parameters, place: Place) -> Iterator[str]:
        yield place.arn(service, f"{path}{UNBORN}")

    return known


def _function(parameters: Parameters, place: Place) -> Iterator[str]:
    name = str(parameters.get("FunctionName", ""))
    if name:
        plain = re.sub(r"^(arn:[\w-]+:lambda:[\w-]+:\d+:function:|\d+:function:|function:)", "", name)
        account = re.search(r":(\d{12}):function:", f":{name}")
        yield place.arn("lambda", f"function:{plain.split(':')[0]}", account=account[1] if account else None)


def _log_group(parameters: Parameters, place: Place) -> Iterator[str]:
    """CloudWatch Logs names the group with ``:log-stream:``, so policies say ``log-group:<name>:*``
    (CloudWatch Logs user guide, "CloudWatch Logs resources and operations").
    """
    name = parameters.get("logGroupName") or str(parameters.get("logGroupIdentifier", "")).partition(
        "log-group:"
    )[2].removesuffix(":*")
    prefix = parameters.get("logGroupNamePrefix", "")
    if name or "logGroupNamePrefix" in parameters:
        yield place.arn("logs", f"log-group:{name or prefix}:log-stream:")


def _log_stream(parameters: Parameters, place: Place) -> Iterator[str]:
    if "logGroupName" in parameters:
        stream = parameters.get("logStreamName", "")
        yield place.arn("logs", f"log-group:{parameters['logGroupName']}:log-stream:{stream}")


def _queue(parameters: Parameters, place: Place) -> Iterator[str]:
    url = str(parameters.get("QueueUrl", ""))
    if url.count("/") >= 2:
        account, name = url.rstrip("/").split("/")[-2:]
        yield place.arn("sqs", name, account=account)
    elif "QueueName" in parameters:
        yield place.arn("sqs", parameters["QueueName"])


def _repository(parameters: Parameters, place: Place) -> Iterator[str]:
    names = parameters.get("repositoryNames") or [parameters.get("repositoryName")]
    for name in filter(None, names):
        yield place.arn("ecr", f"repository/{name}", account=parameters.get("registryId"))


def _rule(parameters: Parameters, place: Place) -> Iterator[str]:
    name = parameters.get("Rule") or parameters.get("Name")
    bus = str(parameters.get("EventBusName") or "default").rpartition("/")[2]
    if name:
        yield place.arn("events", f"rule/{name}" if bus == "default" else f"rule/{bus}/{name}")


def _event_buses(parameters: Parameters, place: Place) -> Iterator[str]:
    for entry in parameters.get("Entries", ()):
        bus = str(entry.get("EventBusName") or "default")
        yield bus if bus.startswith("arn:") else place.arn("events", f"event-bus/{bus}")


def _schedule(parameters: Parameters, place: Place) -> Iterator[str]:
    if "Name" in parameters:
        group = parameters.get("GroupName") or "default"
        yield place.arn("scheduler", f"schedule/{group}/{parameters['Name']}")


def _version(parameters: Parameters, place: Place) -> Iterator[str]:
    """A version gets its number when it is created; of a group's versions, any one stands for all."""
    if arn := parameters.get("ModelPackageArn") or parameters.get("ModelPackageName"):
        yield arn if str(arn).startswith("arn:") else place.arn("sagemaker", f"model-package/{arn}")
    elif group := parameters.get("ModelPackageGroupName"):
        owner = str(group).split(":")[4] if str(group).startswith("arn:") else None
        name = str(group).rpartition("/")[2]
        yield place.arn("sagemaker", f"model-package/{name}/{UNBORN}", account=owner)


def _stack(parameters: Parameters, place: Place) -> Iterator[str]:
    if name := parameters.get("StackName"):
        arn = str(name).startswith("arn:")
        yield name if arn else place.arn("cloudformation", f"stack/{name}/{UNBORN}")


def _parameters(parameters: Parameters, place: Place) -> Iterator[str]:
    for name in parameters.get("Names") or [parameters.get("Name") or parameters.get("Path")]:
        if name:
            bare = str(name).removeprefix("/").rstrip("/")
            yield name if str(name).startswith("arn:") else place.arn("ssm", f"parameter/{bare}")


def _interface(parameters: Parameters, place: Place) -> Iterator[str]:
    """A new network interface is judged for itself, its subnet and its security groups."""
    yield place.arn("ec2", f"network-interface/eni-{UNBORN[:17]}")
    if "SubnetId" in parameters:
        yield place.arn("ec2", f"subnet/{parameters['SubnetId']}")
    for group in parameters.get("Groups", ()):
        yield place.arn("ec2", f"security-group/{group}")


def _key(parameters: Parameters, place: Place) -> Iterator[str]:
    """A key by its id or ARN; who names an alias must have had it resolved (``rehearsal.gate``)."""
    key = str(parameters.get("KeyId", ""))
    if key and "alias/" not in key:
        yield key if key.startswith("arn:") else place.arn("kms", f"key/{key}")


KNOWN: Mapping[str, Known] = {
    **BEDROCK,
    **MONITORING,
    **HUBS,
    "cloudformation:*": _stack,
    "dynamodb:*": _one("dynamodb", "table/", "TableName"),
    "ec2:AuthorizeSecurityGroupEgress": _one("ec2", "security-group/", "GroupId"),
    "ec2:AuthorizeSecurityGroupIngress": _one("ec2", "security-group/", "GroupId"),
    "ec2:CreateNetworkInterface": _interface,
    "ec2:DeleteSecurityGroup": _one("ec2", "security-group/", "GroupId"),
    "ec2:RevokeSecurityGroupEgress": _one("ec2", "security-group/", "GroupId"),
    "ec2:RevokeSecurityGroupIngress": _one("ec2", "security-group/", "GroupId"),
    "ecr:*": _repository,
    "events:PutEvents": _event_buses,
    "events:*": _rule,
    "kms:*": _key,
    "lambda:*": _function,
    "logs:CreateLogStream": _log_stream,
    "logs:DeleteLogStream": _log_stream,
    "logs:GetLogEvents": _log_stream,
    "logs:PutLogEvents": _log_stream,
    "logs:*": _log_group,
    "sagemaker:AddAssociation": _every("SourceArn", "DestinationArn"),
    "sagemaker:AddTags": _every("ResourceArn"),
    "sagemaker:CreateArtifact": _new("sagemaker", "artifact/"),
    "sagemaker:CreateMlflowApp": _new("sagemaker", "mlflow-app/app-"),
    "sagemaker:CreateModelPackage": _version,
    "sagemaker:DeleteAssociation": _every("SourceArn", "DestinationArn"),
    "sagemaker:DeleteTags": _every("ResourceArn"),
    "sagemaker:DeleteModelPackage": _version,
    "sagemaker:DescribeModelPackage": _version,
    "sagemaker:ListModelPackages": _version,
    "sagemaker:ListTags": _every("ResourceArn"),
    "sagemaker:UpdateModelPackage": _version,
    "scheduler:*": _schedule,
    "sns:*": _every("TopicArn", "TargetArn"),
    "sqs:*": _queue,
    "ssm:*": _parameters,
    "states:DescribeExecution": _every("executionArn"),
    "states:GetExecutionHistory": _every("executionArn"),
    "states:StartExecution": _every("stateMachineArn"),
    "states:StartSyncExecution": _every("stateMachineArn"),
    "states:StopExecution": _every("executionArn"),
    "sts:AssumeRole": _every("RoleArn"),
}
"""Per action, or for all of a service: what its request acts on. Nothing found: derived after all."""
