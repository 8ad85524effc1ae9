"""Which permissions an API call needs: by the name of the operation, and of what it asks for besides."""

from rehearsal.api import ApiRequest

_PREFIXES = {
    "efs": "elasticfilesystem",
    "resourcegroupstaggingapi": "tag",
    "stepfunctions": "states",
    "sagemaker-runtime": "sagemaker",
    "sagemaker-metrics": "sagemaker",
    "sagemaker-featurestore-runtime": "sagemaker",
    "bedrock-runtime": "bedrock",
    "dynamodbstreams": "dynamodb",
    "elbv2": "elasticloadbalancing",
    "s3control": "s3",
}
"""IAM's name of a service that botocore calls otherwise."""

_ACTIONS = {
    "bedrock:Converse": "bedrock:InvokeModel",
    "lambda:Invoke": "lambda:InvokeFunction",
    "sagemaker:InvokeEndpointWithResponseStream": "sagemaker:InvokeEndpoint",
}
"""Permission for an operation of another name (Service Authorization Reference)."""


def prefix(service: str) -> str:
    """How the actions of ``service``, by botocore's name, begin in a policy."""
    return _PREFIXES.get(service, service)


def action_of(request: ApiRequest) -> str:
    """The action a call is judged as; S3's are in ``rehearsal.storage``."""
    name = f"{prefix(request.service)}:{request.operation}"
    return _ACTIONS.get(name, name)
