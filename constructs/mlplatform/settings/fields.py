"""The kinds of value settings are made of, each with the sentence that says what is allowed."""

import re
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    ConfigDict,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidationInfo,
    model_validator,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from mlplatform import regions
from mlplatform.sentences import sentence


class Section(BaseModel):
    """A frozen group of settings that refuses unknown keys and converts no types."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, validate_default=True)


class Resettable(Section):
    """A section where null stands for the default, so that an environment takes back what a model says."""

    @model_validator(mode="before")
    @classmethod
    def _as_if_not_given(cls, values: Any) -> Any:
        return {k: v for k, v in values.items() if v is not None} if isinstance(values, dict) else values


def refuse(what: str, *, given: object = None, allowed: object = None) -> PydanticCustomError:
    """Return the error to raise for a value that has the right type and still cannot be used."""
    return PydanticCustomError("refused", "{text}", {"text": sentence(what, given=given, allowed=allowed)})


@dataclass(frozen=True)
class Text:
    """A string that matches ``pattern`` as a whole; ``allowed`` is how a message describes it."""

    pattern: str
    allowed: str

    def check(self, value: str) -> str:
        """Return ``value``, or raise if it does not match."""
        if not re.fullmatch(self.pattern, value):
            raise refuse("malformed", given=repr(value), allowed=self.allowed)
        return value

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {**handler(schema), "pattern": f"^({self.pattern})$", "description": self.allowed}


def unique(values: list[str]) -> list[str]:
    """Refuse a list that names the same thing twice."""
    if repeated := next((value for value in values if values.count(value) > 1), None):
        raise refuse("named twice", given=repr(repeated), allowed="each once")
    return values


def offered(service: str, info: ValidationInfo, *, turn_off: str) -> None:
    """Refuse a service that the environment's region lacks, naming the regions that have it."""
    region = (info.context or {}).get("region")
    if region in regions.region_names() and service not in regions.region(region).endpoints:
        offering = ", ".join(regions.regions_offering(service))
        raise refuse(f"{region} does not offer {service}", allowed=f"one of {offering}; or `{turn_off}`")


def same_partition(arn: str, info: ValidationInfo) -> str:
    """Refuse an ARN of another partition than the environment's region is in."""
    region = (info.context or {}).get("region")
    if region in regions.region_names() and arn.split(":")[1] != regions.region(region).partition:
        allowed = f"an ARN that starts with arn:{regions.region(region).partition}:"
        raise refuse("of another partition", given=repr(arn), allowed=allowed)
    return arn


AccountId = Annotated[str, Text(r"\d{12}", "12 digits in quotes")]
EnvironmentName = Annotated[
    str, Text(r"[a-z][a-z0-9-]{0,6}[a-z0-9]|[a-z]", "1 to 8 of a-z, 0-9 and inner hyphens, a letter first")
]
NamePrefix = Annotated[
    str, Text(r"[a-z][a-z0-9-]{0,4}[a-z0-9]|[a-z]", "1 to 6 of a-z, 0-9 and inner hyphens, a letter first")
]
OrganizationId = Annotated[str, Text(r"o-[a-z0-9]{10,32}", "an AWS Organizations id such as o-a1b2c3d4e5")]
BucketName = Annotated[
    str, Text(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "an S3 bucket name: 3 to 63 of a-z, 0-9, dots and hyphens")
]
KeyPrefix = Annotated[str, Text(r"([^/*?$\s][^*?$\s]*/)?", "an S3 prefix that ends in /, without wildcards")]
KmsKeyArn = Annotated[
    str,
    Text(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/[A-Za-z0-9-]+", "the ARN of a KMS key (not of an alias)"),
]
RoleArn = Annotated[str, Text(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+", "the ARN of an IAM role")]
EmailAddress = Annotated[str, Text(r"[^@\s]+@[^@\s]+\.[^@\s]+", "an e-mail address")]
HttpsUrl = Annotated[str, Text(r"https://[^\s/]+(/\S*)?", "an https:// address")]
VpcId = Annotated[str, Text(r"vpc-[0-9a-f]{8,17}", "a VPC id such as vpc-0a1b2c3d")]
SubnetId = Annotated[str, Text(r"subnet-[0-9a-f]{8,17}", "a subnet id such as subnet-0a1b2c3d")]
RouteTableId = Annotated[str, Text(r"rtb-[0-9a-f]{8,17}", "a route table id such as rtb-0a1b2c3d")]
SecurityGroupId = Annotated[str, Text(r"sg-[0-9a-f]{8,17}", "a security group id such as sg-0a1b2c3d")]
VpcEndpointId = Annotated[str, Text(r"vpce-[0-9a-f]{8,17}", "a VPC endpoint id such as vpce-0a1b2c3d")]
Qualifier = Annotated[str, Text(r"[a-z0-9]{1,10}", "1 to 10 of a-z and 0-9")]
