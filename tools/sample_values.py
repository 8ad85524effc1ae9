"""Plausible values for what a template imports, for scanners that cannot see the exporting stack."""

import re
from typing import Any

_ACCOUNT, _REGION = "111111111111", "us-east-1"
_SAMPLES = {
    r"VpcId": "vpc-0123456789abcdef0",
    r"Cidr": "10.0.0.0/16",
    r"Zones": f"{_REGION}a,{_REGION}b,{_REGION}c",
    r"SubnetIds|Subnets": "subnet-0123456789abcdef0,subnet-0123456789abcdef1",
    r"Subnet(Id)?\d*": "subnet-0123456789abcdef0",
    r"RouteTable(Id)?\d*": "rtb-0123456789abcdef0",
    r"(SecurityGroup|Group)(Id)?": "sg-0123456789abcdef0",
    r"PrefixListId": "pl-0123456789abcdef0",
    r"(Endpoint|Vpce)(Id)?": "vpce-0123456789abcdef0",
    r"KeyId": "01234567-89ab-cdef-0123-456789abcdef",
    r"Key(Arn)?": f"arn:aws:kms:{_REGION}:{_ACCOUNT}:key/01234567-89ab-cdef-0123-456789abcdef",
    r"Topic(Arn)?": f"arn:aws:sns:{_REGION}:{_ACCOUNT}:sample",
    r"Queue(Arn)?": f"arn:aws:sqs:{_REGION}:{_ACCOUNT}:sample",
    r"Table(Arn)?": f"arn:aws:dynamodb:{_REGION}:{_ACCOUNT}:table/sample",
    r"BucketArn": "arn:aws:s3:::sample",
    r"(Bucket|Name)": "sample",
    r"Role(Arn)?": f"arn:aws:iam::{_ACCOUNT}:role/sample",
    r"Function(Arn)?": f"arn:aws:lambda:{_REGION}:{_ACCOUNT}:function:sample",
    r"Repository(Arn)?": f"arn:aws:ecr:{_REGION}:{_ACCOUNT}:repository/sample",
}
"""By how the export's name ends; the first that fits."""


def sample_of(export: str) -> str:
    """Return a value such as the export named ``export`` has; ids and ARNs by the end of the name.

    Raises ValueError for a name that ends like none this module knows.
    """
    for ending, value in _SAMPLES.items():
        if re.search(f"({ending})$", export):
            return value
    raise ValueError(f"no sample value for the export {export!r}: add how it ends to {__name__}")


def with_imports(node: Any) -> Any:
    """Return a copy of a template, or part of one, with every ``Fn::ImportValue`` replaced by a sample."""
    if isinstance(node, list):
        return [with_imports(item) for item in node]
    if not isinstance(node, dict):
        return node
    if set(node) == {"Fn::ImportValue"} and isinstance(node["Fn::ImportValue"], str):
        return sample_of(node["Fn::ImportValue"])
    return {key: with_imports(value) for key, value in node.items()}
