"""Regenerates ``regions.json``: what each region is and has (`make refresh-regions`).

Sources, all offline copies of AWS's own data: the CloudFormation registry schemas per region bundled in
cfn-lint (which service exists where), the availability zones bundled in moto (as one account sees them;
zone ids are the same for every account), endpoint service names as aws-cdk-lib resolves them, and the
image registry accounts of the SageMaker SDK (`pip install --no-deps sagemaker-core` beside the others).
"""

import importlib.metadata
import importlib.resources
import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from moto.ec2.models.availability_zones_and_regions import RegionsAndZonesBackend

TARGET = Path("constructs/mlplatform/data/regions.json")
PARTITIONS = {"cn-": ("aws-cn", "amazonaws.com.cn"), "us-gov-": ("aws-us-gov", "amazonaws.com")}

ENDPOINTS = {
    "sagemaker.api": "AWS::SageMaker::Model",
    "sagemaker.runtime": "AWS::SageMaker::Endpoint",
    "studio": "AWS::SageMaker::Domain",
    "experiments": "AWS::SageMaker::MlflowTrackingServer",
    "sagemaker.featurestore-runtime": "AWS::SageMaker::FeatureGroup",
    "sagemaker.metrics": "AWS::SageMaker::Model",
    "sts": "AWS::IAM::Role",
    "logs": "AWS::Logs::LogGroup",
    "monitoring": "AWS::CloudWatch::Alarm",
    "ecr.api": "AWS::ECR::Repository",
    "ecr.dkr": "AWS::ECR::Repository",
    "kms": "AWS::KMS::Key",
    "states": "AWS::StepFunctions::StateMachine",
    "events": "AWS::Events::Rule",
    "sqs": "AWS::SQS::Queue",
    "sns": "AWS::SNS::Topic",
    "lambda": "AWS::Lambda::Function",
    "ssm": "AWS::SSM::Parameter",
    "secretsmanager": "AWS::SecretsManager::Secret",
    "servicecatalog": "AWS::ServiceCatalog::Portfolio",
    "bedrock": "AWS::Bedrock::Guardrail",
    "bedrock-runtime": "AWS::Bedrock::Guardrail",
    "athena": "AWS::Athena::WorkGroup",
    "glue": "AWS::Glue::Database",
    "codeartifact.api": "AWS::CodeArtifact::Domain",
    "codeartifact.repositories": "AWS::CodeArtifact::Domain",
    "application-autoscaling": "AWS::ApplicationAutoScaling::ScalableTarget",
    "xray": "AWS::XRay::Group",
}
"""Interface endpoints by AWS's short service name, with the type that proves a region has the service."""

AWS_SAGEMAKER = ("studio", "experiments")
"""Services whose endpoint names start with ``aws.sagemaker`` instead of ``com.amazonaws``."""


def main() -> None:
    """Write the data file, one line per region so that a change is a readable diff."""
    schemas = importlib.resources.files("cfnlint.data.schemas.providers").iterdir()
    offered = {
        f.name.removesuffix(".json"): set(json.loads(f.read_text())) for f in schemas if ".json" in f.name
    }
    registries = _image_registries()
    regions = {
        region: _region(region, offered[region], registries.get(region, set()))
        for region in sorted(RegionsAndZonesBackend.zones)
        if region in offered
    }
    rows = [f'  "{name}": {json.dumps(region)}' for name, region in regions.items()]
    versions = {
        p: importlib.metadata.version(p) for p in ("cfn-lint", "moto", "aws-cdk-lib", "sagemaker-core")
    }
    source = json.dumps({"generator": "make refresh-regions", **versions})
    TARGET.write_text(
        f'{{\n"source": {source},\n"regions": {{\n' + ",\n".join(rows) + "\n}\n}\n", encoding="utf-8"
    )


def _region(region: str, types: set[str], registries: set[str]) -> dict[str, Any]:
    partition, suffix = next(
        (v for k, v in PARTITIONS.items() if region.startswith(k)), ("aws", "amazonaws.com")
    )
    stack = cdk.Stack(cdk.App(), "S", env=cdk.Environment(account="1" * 12, region=region))
    names = {}
    for service, proof in ENDPOINTS.items():
        if proof in types:
            prefix = "aws.sagemaker" if service in AWS_SAGEMAKER else None
            names[service] = stack.resolve(ec2.InterfaceVpcEndpointAwsService(service, prefix).name)
    zones = RegionsAndZonesBackend.zones[region]
    return {
        "partition": partition,
        "dns_suffix": suffix,
        "zone_ids": sorted(zone.zone_id for zone in zones),
        "endpoints": names,
        "image_registries": sorted(registries),
    }


def _image_registries() -> dict[str, set[str]]:
    """Accounts that own SageMaker's images, per region, from the SDK's image configurations."""
    found: dict[str, set[str]] = {}
    for file in importlib.metadata.files("sagemaker-core") or []:
        if file.parent.name == "image_uri_config" and file.suffix == ".json":
            _collect(json.loads(file.read_text()), found)
    return found


def _collect(node: Any, found: dict[str, set[str]]) -> None:
    if isinstance(node, dict):
        for region, account in (node.get("registries") or {}).items():
            found.setdefault(region, set()).add(account)
        for value in node.values():
            _collect(value, found)


if __name__ == "__main__":
    main()
