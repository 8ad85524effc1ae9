"""Settings of the network: a VPC of ours, or one that exists."""

import ipaddress
import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from mlplatform import regions
from mlplatform.settings.fields import (
    RouteTableId,
    Section,
    SecurityGroupId,
    SubnetId,
    VpcEndpointId,
    VpcId,
    offered,
    refuse,
    unique,
)

MIN_ZONES, MAX_ZONES = 2, 3
"""Two zones so that one may fail; SageMaker needs no more than three, and every zone costs endpoints."""

LargestPrefix, SmallestPrefix = 16, 24
"""VPC sizes: /16 is AWS's largest (VPC user guide); a /24 still gives each of three zones a /26, 59 usable
addresses, enough for the interface endpoints and a handful of jobs."""

PRIVATE = tuple(
    map(ipaddress.IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"))
)
"""Ranges a VPC is meant for (VPC user guide, "VPC CIDR blocks"; RFC 1918 and RFC 6598)."""

MAX_OUTBOUND = 50
"""A security group takes 60 rules in each direction (VPC quotas); the platform adds its own."""

RETENTION_DAYS = (
    1,
    3,
    5,
    7,
    14,
    30,
    60,
    90,
    120,
    150,
    180,
    365,
    400,
    545,
    731,
    1096,
    1827,
    2192,
    2557,
    2922,
    3288,
    3653,
)
"""The values CloudWatch Logs accepts (PutRetentionPolicy API shape), in days."""


def _retention(days: int) -> int:
    if days not in RETENTION_DAYS:
        raise refuse(
            "not a retention of CloudWatch Logs", given=days, allowed=", ".join(map(str, RETENTION_DAYS))
        )
    return days


def _outbound(cidr: str) -> str:
    try:
        network = ipaddress.IPv4Network(cidr)
    except ValueError as error:
        raise refuse(
            f"not an IPv4 network ({error})", given=repr(cidr), allowed="a CIDR such as 10.9.0.0/24"
        ) from None
    if network.prefixlen == 0:
        raise refuse(
            "the whole internet", given=repr(cidr), allowed="the networks people and jobs really need"
        )
    return cidr


RetentionDays = Annotated[
    int, AfterValidator(_retention), Field(description="a retention of CloudWatch Logs, in days")
]
OutboundCidr = Annotated[str, AfterValidator(_outbound), Field(description="a CIDR such as 10.9.0.0/24")]


def _check_zones(zones: list[str], info: ValidationInfo) -> list[str]:
    name = (info.context or {}).get("region")
    unique(zones)
    if name not in regions.region_names():
        return zones  # reported at `region`
    if not MIN_ZONES <= len(zones) <= MAX_ZONES:
        raise refuse(f"needs {MIN_ZONES} to {MAX_ZONES} zones of {name}", given=len(zones))
    region = regions.region(name)
    if strange := [zone for zone in zones if not region.has_zone(zone)]:
        allowed = ", ".join(region.zone_ids) + f", or zone names such as {name}a"
        raise refuse(f"not a zone of {name}", given=", ".join(strange), allowed=allowed)
    if len({zone in region.zone_ids for zone in zones}) > 1:
        raise refuse(
            "zone ids and zone names mixed",
            given=", ".join(zones),
            allowed="one form, so that none is meant twice",
        )
    return zones


class ExistingNetwork(Section):
    """A VPC that another team owns, given by ids; nothing is looked up."""

    vpc_id: VpcId
    subnets: dict[str, SubnetId] = Field(description="one private subnet per availability zone")
    endpoints: Literal["create", "provided"] = Field(
        description="create the VPC endpoints, or use those that exist"
    )
    route_table_ids: list[RouteTableId] = Field(
        default=[], description="of the subnets, for the gateway endpoints"
    )
    s3_endpoint_id: VpcEndpointId | None = Field(
        default=None, description="the S3 gateway endpoint that exists"
    )
    endpoint_security_group_id: SecurityGroupId | None = Field(
        default=None, description="the security group of the interface endpoints that exist"
    )

    @field_validator("subnets")
    @classmethod
    def _zones(cls, subnets: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        _check_zones(list(subnets), info)
        unique(list(subnets.values()))
        return subnets

    @field_validator("route_table_ids")
    @classmethod
    def _routes(cls, ids: list[str], info: ValidationInfo) -> list[str]:
        if info.data.get("endpoints") == "create" and not ids:
            raise refuse("is missing", allowed="the route tables of the subnets, because endpoints: create")
        return unique(ids)

    @field_validator("s3_endpoint_id", "endpoint_security_group_id")
    @classmethod
    def _provided(cls, value: str | None, info: ValidationInfo) -> str | None:
        if info.data.get("endpoints") == "provided" and value is None:
            raise refuse("is missing", allowed="the id of what exists, because endpoints: provided")
        return value


class NetworkSettings(Section):
    """Where the platform runs: isolated subnets in two or three zones, reached through VPC endpoints."""

    existing: ExistingNetwork | None = Field(
        default=None, description="a VPC that exists, instead of a new one"
    )
    availability_zones: list[str] = Field(
        default=[], description="2 to 3 zone ids (or zone names) of the region"
    )
    cidr: str = Field(default="10.40.0.0/20", description="a private IPv4 network from /16 to /24")
    egress: Literal["none", "nat"] = Field(default="none", description="a way to the internet, or none")
    nat_gateways: int = Field(
        default=1, ge=1, le=MAX_ZONES, description="with egress: nat; one per zone survives a zone"
    )
    outbound_cidrs: list[OutboundCidr] = Field(
        default=[], description="networks that jobs and people may reach over HTTPS, beside the VPC endpoints"
    )
    package_index: str = Field(
        default="none",
        description="where people install packages from: none, codeartifact, or an https:// address",
    )
    interface_endpoints: list[str] = Field(
        default=[], description="interface endpoints beside the core ones, by AWS's short service name"
    )
    flow_log_retention_days: RetentionDays = 365

    @field_validator("availability_zones")
    @classmethod
    def _zones(cls, zones: list[str], info: ValidationInfo) -> list[str]:
        if "existing" not in info.data:
            return zones  # reported there
        if info.data["existing"] is None:
            return _check_zones(zones, info)
        if zones:
            raise refuse(
                "does not go with network.existing",
                given=", ".join(zones),
                allowed="the zones of its subnets",
            )
        return zones

    @field_validator("cidr")
    @classmethod
    def _size(cls, cidr: str) -> str:
        allowed = f"a private network from /{LargestPrefix} to /{SmallestPrefix}, such as 10.40.0.0/20"
        try:
            network = ipaddress.IPv4Network(cidr)
        except ValueError as error:
            raise refuse(f"not an IPv4 network ({error})", given=repr(cidr), allowed=allowed) from None
        if network.prefixlen > SmallestPrefix:
            raise refuse("too small for the zones", given=repr(cidr), allowed=allowed)
        if network.prefixlen < LargestPrefix or not any(map(network.subnet_of, PRIVATE)):
            raise refuse("not a network a VPC can have", given=repr(cidr), allowed=allowed)
        return cidr

    @field_validator("egress")
    @classmethod
    def _egress(cls, egress: str, info: ValidationInfo) -> str:
        if egress == "nat" and info.data.get("existing"):
            raise refuse(
                "does not go with network.existing", given=egress, allowed="none: routes belong to its owner"
            )
        return egress

    @field_validator("nat_gateways")
    @classmethod
    def _nats(cls, count: int, info: ValidationInfo) -> int:
        zones = info.data.get("availability_zones") or []
        if zones and count > len(zones):
            raise refuse("more than there are zones", given=count, allowed=f"1 to {len(zones)}")
        return count

    @field_validator("outbound_cidrs")
    @classmethod
    def _outbound(cls, cidrs: list[str], info: ValidationInfo) -> list[str]:
        if info.data.get("egress") == "nat" and not cidrs:
            raise refuse(
                "is missing",
                allowed="at least one network, because egress: nat pays for a way that none may use",
            )
        if len(cidrs) > MAX_OUTBOUND:
            raise refuse("too many", given=len(cidrs), allowed=f"at most {MAX_OUTBOUND}")
        return unique(cidrs)

    @field_validator("package_index")
    @classmethod
    def _index(cls, index: str, info: ValidationInfo) -> str:
        if index not in ("none", "codeartifact") and not re.fullmatch(r"https://[^\s/]+(/\S*)?", index):
            raise refuse(
                "unknown package index",
                given=repr(index),
                allowed="none, codeartifact, or an https:// address",
            )
        if index.startswith("https://") and info.data.get("outbound_cidrs") == []:
            raise refuse(
                "cannot be reached",
                given=repr(index),
                allowed="an address in network.outbound_cidrs, given none",
            )
        if index == "codeartifact":
            offered("codeartifact.api", info, turn_off="package_index: none")
        return index

    @field_validator("interface_endpoints")
    @classmethod
    def _endpoints(cls, services: list[str], info: ValidationInfo) -> list[str]:
        known = regions.endpoint_services()
        for service in services:
            if service not in known:
                raise refuse("unknown service", given=repr(service), allowed=", ".join(known))
            if service in regions.CORE_ENDPOINTS:
                raise refuse("always there", given=repr(service), allowed="services beside the core ones")
            offered(service, info, turn_off=f"remove {service} from network.interface_endpoints")
        return unique(services)

    @property
    def zones(self) -> list[str]:
        """The availability zones in use, whoever owns the VPC."""
        return list(self.existing.subnets) if self.existing else self.availability_zones

    @property
    def creates_endpoints(self) -> bool:
        """Whether the VPC endpoints are ours to create."""
        return self.existing is None or self.existing.endpoints == "create"

    @property
    def endpoint_services(self) -> list[str]:
        """Short names of the interface endpoints this environment needs, each once."""
        index = (
            ["codeartifact.api", "codeartifact.repositories"] if self.package_index == "codeartifact" else []
        )
        return list(dict.fromkeys([*regions.CORE_ENDPOINTS, *index, *self.interface_endpoints]))
