"""Who may talk to whom: the security groups of jobs, models, functions and VPC endpoints."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from mlplatform.network_defaults import NetworkDefaults
from mlplatform.settings import Environment

HTTPS = 443
ISAKMP = 500
"""IKE, which inter-container encryption negotiates its keys with."""

WORKLOADS = {
    "jobs": "Training, processing and transform jobs",
    "models": "Hosted models",
    "functions": "Lambda functions that read customer data",
}
"""Groups whose members reach AWS through the VPC endpoints, with their descriptions."""


class SecurityGroups(Construct):
    """Workloads reach the VPC endpoints, S3, DynamoDB and declared networks over HTTPS, and nothing else."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Environment,
        vpc_id: str,
        defaults: NetworkDefaults,
    ) -> None:
        super().__init__(scope, construct_id)
        self._settings, self._vpc_id = settings, vpc_id
        existing = settings.network.existing
        given = existing.endpoint_security_group_id if existing else None
        self.endpoints = given or self._group("endpoints", "Interface VPC endpoints", [_nowhere()])
        out = workload_egress(
            settings,
            endpoints=self.endpoints,
            s3_prefix_list_id=defaults.s3_prefix_list_id,
            dynamodb_prefix_list_id=defaults.dynamodb_prefix_list_id,
        )
        self.ids = {name: self._group(name, description, out) for name, description in WORKLOADS.items()}
        self._let_jobs_talk()
        if given is None:
            for name, group in self.ids.items():
                admit_to_endpoints(self, name, endpoints=self.endpoints, group=group)

    def _group(
        self, name: str, description: str, egress: Sequence[ec2.CfnSecurityGroup.EgressProperty]
    ) -> str:
        group = ec2.CfnSecurityGroup(
            self,
            name.capitalize(),
            group_description=description,
            vpc_id=self._vpc_id,
            security_group_egress=list(egress),
            tags=[cdk.CfnTag(key="Name", value=self._settings.names.name(name))],
        )
        return group.attr_group_id

    def _let_jobs_talk(self) -> None:
        """Containers of one distributed job talk to each other, encrypted on request.

        SageMaker developer guide, "Protect Communications Between ML Compute Instances in a Distributed
        Training Job": UDP 500 and IP protocol 50 (ESP) beside the framework's own TCP ports.
        """
        jobs = self.ids["jobs"]
        for label, protocol, low, high in (
            ("Tcp", "tcp", 1024, 65535),
            ("Isakmp", "udp", ISAKMP, ISAKMP),
            ("Esp", "50", None, None),
        ):
            open_among_members(
                self,
                (f"JobsFromJobs{label}", f"JobsToJobs{label}"),
                group=jobs,
                protocol=protocol,
                ports=(low, high),
                description=f"{label.upper()} between containers of one job",
            )


def open_among_members(
    scope: Construct,
    construct_ids: tuple[str, str],
    *,
    group: str,
    protocol: str,
    ports: tuple[int | None, int | None],
    description: str,
) -> None:
    """Let the members of ``group`` talk to each other: one rule in, one rule out, of these construct ids."""
    (way_in, way_out), (low, high) = construct_ids, ports
    ec2.CfnSecurityGroupIngress(
        scope,
        way_in,
        group_id=group,
        source_security_group_id=group,
        ip_protocol=protocol,
        from_port=low,
        to_port=high,
        description=description,
    )
    ec2.CfnSecurityGroupEgress(
        scope,
        way_out,
        group_id=group,
        destination_security_group_id=group,
        ip_protocol=protocol,
        from_port=low,
        to_port=high,
        description=description,
    )


def workload_egress(
    settings: Environment, *, endpoints: str, s3_prefix_list_id: str, dynamodb_prefix_list_id: str
) -> list[ec2.CfnSecurityGroup.EgressProperty]:
    """The ways out of a workload: HTTPS to the endpoints, S3, DynamoDB and declared networks."""
    return [
        _https("VPC endpoints", destination_security_group_id=endpoints),
        _https("Amazon S3", destination_prefix_list_id=s3_prefix_list_id),
        _https("Amazon DynamoDB", destination_prefix_list_id=dynamodb_prefix_list_id),
        *(_https("Declared network", cidr_ip=cidr) for cidr in settings.network.outbound_cidrs),
    ]


def admit_to_endpoints(scope: Construct, name: str, *, endpoints: str, group: str) -> None:
    """Let the members of ``group``, called ``name`` in PascalCase or one word, reach the VPC endpoints."""
    ec2.CfnSecurityGroupIngress(
        scope,
        f"EndpointsFrom{name[0].upper()}{name[1:]}",
        group_id=endpoints,
        source_security_group_id=group,
        ip_protocol="tcp",
        from_port=HTTPS,
        to_port=HTTPS,
        description=f"HTTPS from {name}",
    )


def _https(to: str, **destination: str) -> ec2.CfnSecurityGroup.EgressProperty:
    return ec2.CfnSecurityGroup.EgressProperty(
        ip_protocol="tcp", from_port=HTTPS, to_port=HTTPS, description=f"HTTPS to {to}", **destination
    )


def _nowhere() -> ec2.CfnSecurityGroup.EgressProperty:
    """A rule that matches nothing: a group without egress rules would get EC2's allow-all."""
    return ec2.CfnSecurityGroup.EgressProperty(
        ip_protocol="icmp", from_port=252, to_port=86, cidr_ip="255.255.255.255/32", description="Nothing"
    )
