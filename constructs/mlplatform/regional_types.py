"""Which resource types CloudFormation lacks in some regions.

Source: the resource provider schemas of each region, as the pinned cfn-lint carries them; a test compares.
"""

_NO_ENDPOINTS = frozenset({"me-central-1", "us-gov-east-1"})

LACKING = {
    "AWS::SageMaker::Endpoint": _NO_ENDPOINTS,
    "AWS::SageMaker::EndpointConfig": _NO_ENDPOINTS,
    "AWS::SageMaker::Hub": frozenset(
        {"cn-north-1", "cn-northwest-1", "me-central-1", "us-gov-east-1", "us-gov-west-1"}
    ),
    "AWS::SageMaker::InferenceComponent": frozenset(
        {
            "af-south-1",
            "ap-east-1",
            "ap-east-2",
            "ap-northeast-3",
            "ap-south-2",
            "ap-southeast-4",
            "ap-southeast-5",
            "ap-southeast-6",
            "ap-southeast-7",
            "cn-north-1",
            "cn-northwest-1",
            "eu-central-2",
            "eu-south-1",
            "eu-south-2",
            "eu-west-3",
            "il-central-1",
            "us-gov-east-1",
            "us-gov-west-1",
            "us-west-1",
        }
    ),
    "AWS::SageMaker::ModelPackageGroup": frozenset(
        {
            "ap-east-2",
            "ap-south-2",
            "ap-southeast-4",
            "ap-southeast-6",
            "cn-north-1",
            "cn-northwest-1",
            "us-gov-east-1",
        }
    ),
    "AWS::SageMaker::Model": _NO_ENDPOINTS,
}
"""Regions with SageMaker Studio in which a type that the platform uses cannot be deployed."""


def deployable(resource_type: str, region: str) -> bool:
    """Whether CloudFormation has this type in this region."""
    return region not in LACKING.get(resource_type, frozenset())
