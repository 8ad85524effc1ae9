"""What a review must know of resource types: which hold something, and what makes a new one of them."""

import importlib
import json
from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path

STATEFUL: Mapping[str, str] = {
    "AWS::CloudTrail::Trail": "records who did what; a gap in it stays a gap",
    "AWS::CodeArtifact::Domain": "holds every package of its repositories",
    "AWS::CodeArtifact::Repository": "holds the packages that builds and notebooks install",
    "AWS::Cognito::UserPool": "holds the accounts of people, who would have to register again",
    "AWS::DynamoDB::GlobalTable": "holds items, such as the ledger of releases",
    "AWS::DynamoDB::Table": "holds items, such as the ledger of releases",
    "AWS::EC2::Subnet": "is where jobs and models run; while its id is in use, the stack would not deploy",
    "AWS::EC2::VPC": "is where everything runs; while its id is in use, the stack would not deploy",
    "AWS::ECR::Repository": "holds the images that approved versions run",
    "AWS::EFS::FileSystem": "holds people's home directories",
    "AWS::IAM::OIDCProvider": "lets pipelines deploy; without it none can, not even to bring it back",
    "AWS::KMS::Key": "opens everything encrypted with it; without it that data is unreadable",
    "AWS::Logs::LogGroup": "holds logs that an audit asks for",
    "AWS::S3::Bucket": "holds objects, such as training data and model artifacts",
    "AWS::SNS::Topic": "has subscriptions that people confirmed by hand",
    "AWS::SageMaker::Domain": "owns the file system and profiles of everyone in Studio",
    "AWS::SageMaker::Endpoint": "answers requests; while it is replaced nobody is served",
    "AWS::SageMaker::FeatureGroup": "holds the features of models, online and offline",
    "AWS::SageMaker::Hub": "holds registered datasets, evaluators and models",
    "AWS::SageMaker::InferenceComponent": "answers requests; while it is replaced nobody is served",
    "AWS::SageMaker::MlflowApp": "holds the record of experiments",
    "AWS::SageMaker::MlflowTrackingServer": "holds the record of experiments",
    "AWS::SageMaker::ModelCard": "is the record of what a model is for and how it was judged",
    "AWS::SageMaker::ModelPackage": "is a registered version of a model and its approval",
    "AWS::SageMaker::ModelPackageGroup": "holds every registered version of a model and its approval",
    "AWS::SageMaker::Space": "holds the files a person works on",
    "AWS::SageMaker::UserProfile": "owns a person's spaces and home directory",
    "AWS::SecretsManager::Secret": "holds a value that exists nowhere else",
}
"""Resource types whose replacement or deletion loses what cannot be made again, and what that is."""


_FROM_OUTSIDE = (
    "is known by its name to policies, user profiles and running jobs, which would not know a new one"
)

KNOWN_BY_NAME: Mapping[str, tuple[str, str]] = {
    "AWS::IAM::ManagedPolicy": ("ManagedPolicyName", _FROM_OUTSIDE),
    "AWS::IAM::Role": ("RoleName", _FROM_OUTSIDE),
}
"""Types that hold nothing and can be made again, but only under the same name: that property, and why."""


REPLACED_BY_DESIGN = (
    "AWS::SageMaker::EndpointConfig",
    "AWS::SageMaker::ImageVersion",
    "AWS::SageMaker::Model",
    "AWS::SageMaker::StudioLifecycleConfig",
)
"""Immutable types: what changes them makes a new one, beside which the old one can go on being used."""


UNLISTED_CREATE_ONLY: Mapping[str, tuple[str, ...]] = {
    "AWS::SageMaker::Domain": ("/properties/HomeEfsFileSystemCreation",),
    "AWS::SageMaker::InferenceComponent": (
        "/properties/EndpointName",
        "/properties/InferenceComponentName",
        "/properties/VariantName",
    ),
}
"""What the registry schemas leave out. A home directory, once there, cannot be taken away (API reference,
UpdateDomain), and the file system would keep the subnets. Where an inference component is and what it is
called cannot be changed (UpdateInferenceComponent takes neither)."""

SCHEMA_REGION = "us-east-1"
"""The region whose resource schemas are the most complete."""


@cache
def create_only(resource_type: str) -> Collection[str]:
    """JSON pointers of a type's create-only properties, from the registry schemas that cfn-lint carries."""
    schemas = importlib.import_module("cfnlint.schema")
    try:
        schema = schemas.PROVIDER_SCHEMA_MANAGER.get_resource_schema(SCHEMA_REGION, resource_type).schema
    except schemas.ResourceNotFoundError:
        return frozenset()
    names = ("createOnlyProperties", "conditionalCreateOnlyProperties")
    listed = (pointer for name in names for pointer in schema.get(name, []))
    return frozenset([*listed, *UNLISTED_CREATE_ONLY.get(resource_type, ())])


@cache
def stateful_types() -> dict[str, str]:
    """The types this project knows to be stateful, and those of cfn-lint."""
    data = Path(importlib.import_module("cfnlint.data.AdditionalSpecs").__path__[0], "StatefulResources.json")
    listed = json.loads(data.read_text(encoding="utf-8"))["ResourceTypes"]
    return {**dict.fromkeys(listed, "is stateful according to cfn-lint"), **STATEFUL}
