"""The VPC: ours, with isolated subnets in two or three zones, or one that exists."""

import ipaddress
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from mlplatform.acknowledgements import accept
from mlplatform.settings import Environment

ANYWHERE = "0.0.0.0/0"
"""Destination of a default route; what may leave by it is for the security groups to say."""


@dataclass(frozen=True)
class AddressPlan:
    """A VPC network in quarters: one per zone (three at most), the last for public subnets.

    A subnet's addresses depend on its position only, so a zone added later moves none.
    """

    isolated: tuple[str, ...]
    public: tuple[str, ...]

    @classmethod
    def of(cls, cidr: str, zones: int) -> "AddressPlan":
        """Divide ``cidr`` for 1 to 3 ``zones``."""
        *quarters, last = map(str, ipaddress.IPv4Network(cidr).subnets(prefixlen_diff=2))
        public = map(str, ipaddress.IPv4Network(last).subnets(prefixlen_diff=2))
        return cls(tuple(quarters[:zones]), tuple(public)[:zones])


class PlatformVpc(Construct):
    """Subnets without a way to the internet (or with NAT, if asked), or the ids of a VPC that exists."""

    def __init__(self, scope: Construct, construct_id: str, *, settings: Environment) -> None:
        super().__init__(scope, construct_id)
        self._settings = settings
        network = settings.network
        self.default_security_group_id: str | None = None
        if existing := network.existing:
            self.vpc_id, self.subnet_ids = existing.vpc_id, list(existing.subnets.values())
            self.route_table_ids = existing.route_table_ids
            return
        vpc = ec2.CfnVPC(
            self,
            "Resource",
            cidr_block=network.cidr,
            enable_dns_hostnames=True,
            enable_dns_support=True,
            tags=self._named("vpc"),
        )
        accept(
            vpc,
            "NIST.800.53.R5::NIST.800.53.R5-VPCDefaultSecurityGroupClosed",
            because="Custom::NetworkDefaults in this stack revokes every rule of the default security group",
        )
        self.vpc_id, self.default_security_group_id = vpc.ref, vpc.attr_default_security_group
        plan = AddressPlan.of(network.cidr, len(network.zones))
        tables = [
            self._subnet("Isolated", zone, cidr)
            for zone, cidr in zip(network.zones, plan.isolated, strict=True)
        ]
        self.subnet_ids = [subnet.ref for subnet, _ in tables]
        self.route_table_ids = [table.ref for _, table in tables]
        if network.egress == "nat":
            self._nat(plan, [table for _, table in tables])

    def _subnet(self, kind: str, zone: str, cidr: str) -> tuple[ec2.CfnSubnet, ec2.CfnRouteTable]:
        tags = self._named(f"{kind.lower()}-{zone}")
        by_id = zone in self._settings.place.zone_ids
        subnet = ec2.CfnSubnet(
            self,
            f"{kind}Subnet-{zone}",
            vpc_id=self.vpc_id,
            cidr_block=cidr,
            availability_zone=None if by_id else zone,
            availability_zone_id=zone if by_id else None,
            map_public_ip_on_launch=False,
            tags=tags,
        )
        table = ec2.CfnRouteTable(self, f"{kind}RouteTable-{zone}", vpc_id=self.vpc_id, tags=tags)
        ec2.CfnSubnetRouteTableAssociation(
            self, f"{kind}Association-{zone}", subnet_id=subnet.ref, route_table_id=table.ref
        )
        return subnet, table

    def _nat(self, plan: AddressPlan, isolated: list[ec2.CfnRouteTable]) -> None:
        """Give the isolated subnets a route out; zones without a NAT gateway share the others'."""
        gateway = ec2.CfnInternetGateway(self, "InternetGateway", tags=self._named("internet-gateway"))
        attachment = ec2.CfnVPCGatewayAttachment(
            self, "InternetGatewayAttachment", vpc_id=self.vpc_id, internet_gateway_id=gateway.ref
        )
        network = self._settings.network
        nats = []
        for zone, cidr in list(zip(network.zones, plan.public, strict=True))[: network.nat_gateways]:
            subnet, table = self._subnet("Public", zone, cidr)
            tags = self._named(f"nat-{zone}")
            address = ec2.CfnEIP(self, f"NatAddress-{zone}", domain="vpc", tags=tags)
            address.add_resource_dependency(attachment)
            nat = ec2.CfnNatGateway(
                self, f"Nat-{zone}", subnet_id=subnet.ref, allocation_id=address.attr_allocation_id, tags=tags
            )
            route = ec2.CfnRoute(
                self,
                f"PublicRoute-{zone}",
                route_table_id=table.ref,
                destination_cidr_block=ANYWHERE,
                gateway_id=gateway.ref,
            )
            route.add_resource_dependency(attachment)
            accept(
                route,
                "NIST.800.53.R5::NIST.800.53.R5-VPCNoUnrestrictedRouteToIGW",
                because="this subnet holds nothing but a NAT gateway, which is asked for by egress: nat",
            )
            nats.append(nat)
        for position, table in enumerate(isolated):
            ec2.CfnRoute(
                self,
                f"IsolatedRoute-{network.zones[position]}",
                route_table_id=table.ref,
                destination_cidr_block=ANYWHERE,
                nat_gateway_id=nats[position % len(nats)].ref,
            )

    def _named(self, thing: str) -> list[cdk.CfnTag]:
        return [cdk.CfnTag(key="Name", value=self._settings.names.name(thing))]
