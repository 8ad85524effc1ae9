"""What a network has an id for: VPC, subnets, groups and tables of moto; endpoints with their policies."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal.cloudformation.providers.base import Account, Made, Wanted, only, unchangeable
from rehearsal.cloudformation.stack import Resource


@dataclass(frozen=True)
class Vpcs:
    """``AWS::EC2::VPC``."""

    account: Account

    def create(self, wanted: Wanted) -> Made:
        """Create the VPC, with the default security group that AWS gives it."""
        ec2 = self.account.api("ec2")
        vpc = ec2.create_vpc(**only(wanted.properties, "CidrBlock", "InstanceTenancy"))["Vpc"]
        own = [{"Name": "vpc-id", "Values": [vpc["VpcId"]]}]
        groups = ec2.describe_security_groups(Filters=own)["SecurityGroups"]
        return Made(
            vpc["VpcId"],
            {
                "VpcId": vpc["VpcId"],
                "CidrBlock": vpc["CidrBlock"],
                "DefaultSecurityGroup": groups[0]["GroupId"],
                "CidrBlockAssociations": [each["AssociationId"] for each in vpc["CidrBlockAssociationSet"]],
            },
        )

    def update(self, wanted: Wanted, old: Resource) -> Made:
        """DNS in the VPC is not emulated."""
        unchangeable(wanted, old, "EnableDnsHostnames", "EnableDnsSupport")
        return Made(old.physical_id, old.attributes)

    def delete(self, old: Resource) -> None:
        """Delete the VPC."""
        self.account.api("ec2").delete_vpc(VpcId=old.physical_id)


@dataclass(frozen=True)
class Network:
    """A type of which only the id and where it lies matter: ``noun`` is what EC2's operations call it."""

    account: Account
    noun: str
    id_name: str
    arguments: Callable[[Wanted], Mapping[str, Any]]
    changeable: tuple[str, ...] = ()

    def create(self, wanted: Wanted) -> Made:
        """Create it."""
        found = getattr(self.account.api("ec2"), f"create_{self.noun}")(**self.arguments(wanted))
        answer = {**found, **next((item for item in found.values() if self.id_name in item), {})}
        made = answer[self.id_name]
        return Made(
            made, {**wanted.properties, **only(answer, "AvailabilityZone"), self.id_name: made, "Id": made}
        )

    def update(self, wanted: Wanted, old: Resource) -> Made:
        """Change what nothing here depends on."""
        unchangeable(wanted, old, *self.changeable)
        return Made(old.physical_id, old.attributes)

    def delete(self, old: Resource) -> None:
        """Delete it."""
        getattr(self.account.api("ec2"), f"delete_{self.noun}")(**{self.id_name: old.physical_id})


def subnets(account: Account) -> Network:
    """``AWS::EC2::Subnet``."""
    names = ("VpcId", "CidrBlock", "AvailabilityZone", "AvailabilityZoneId")
    return Network(
        account, "subnet", "SubnetId", lambda w: only(w.properties, *names), ("MapPublicIpOnLaunch",)
    )


def route_tables(account: Account) -> Network:
    """``AWS::EC2::RouteTable``."""
    return Network(account, "route_table", "RouteTableId", lambda w: only(w.properties, "VpcId"))


def security_groups(account: Account) -> Network:
    """``AWS::EC2::SecurityGroup``; its rules are not emulated, as no packet flows."""
    return Network(
        account,
        "security_group",
        "GroupId",
        lambda w: {
            "GroupName": w.properties.get("GroupName", w.name),
            "Description": w.properties["GroupDescription"],
            **only(w.properties, "VpcId"),
        },
        ("SecurityGroupIngress", "SecurityGroupEgress"),
    )


@dataclass(frozen=True)
class Endpoints:
    """``AWS::EC2::VPCEndpoint``: an id, and a policy for the emulator to judge by."""

    account: Account

    def create(self, wanted: Wanted) -> Made:
        """Put the endpoint's policy where it is judged."""
        name = wanted.name.rpartition("-")[2]
        return self._put(f"vpce-{name:0>17}", wanted)

    def update(self, wanted: Wanted, old: Resource) -> Made:
        """Replace its policy."""
        return self._put(old.physical_id, wanted)

    def delete(self, old: Resource) -> None:
        """Take the endpoint away."""
        service = _service(old.properties["ServiceName"], self.account.place.region)
        self.account.emulator.vpc_endpoints.pop(service, None)

    def _put(self, identifier: str, wanted: Wanted) -> Made:
        policy = wanted.properties.get("PolicyDocument")
        service = _service(wanted.properties["ServiceName"], self.account.place.region)
        self.account.emulator.vpc_endpoints[service] = (identifier, policy)
        return Made(identifier, {"Id": identifier, "DnsEntries": [], "NetworkInterfaceIds": []})


def _service(name: str, region: str) -> str:
    """``s3`` of ``com.amazonaws.eu-west-1.s3``, ``studio`` of ``aws.sagemaker.eu-west-1.studio``."""
    return name.partition(f".{region}.")[2] or name
