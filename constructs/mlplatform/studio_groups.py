"""The security groups of people in Studio: one per persona."""

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from mlplatform.security_groups import admit_to_endpoints, open_among_members, workload_egress
from mlplatform.settings import Environment
from mlplatform.settings.studio import STUDIO_PERSONAS, Persona
from mlplatform.stack_exports import import_value

APPLICATION_PORTS = (8192, 65535)
NFS = (2049, 2049)
"""TCP ports within one group: between JupyterLab or Code Editor and its kernels, and to the home directory
(SageMaker developer guide, "Connect Studio notebooks in a VPC to external resources")."""

WORKERS: dict[Persona, str] = {"data_scientist": "DataScientists", "ml_engineer": "MlEngineers"}
"""What the people of each persona that works in Studio are called in ids and descriptions."""


class StudioGroups(Construct):
    """People reach what jobs reach, and within their own group the ports that Studio needs; nobody else's.

    ``ids`` holds the id of each persona's group.
    """

    def __init__(self, scope: Construct, construct_id: str, *, settings: Environment) -> None:
        super().__init__(scope, construct_id)
        self._settings = settings
        self._endpoints = import_value("EndpointSecurityGroupId", settings)
        self.ids = {persona: self._group(persona) for persona in STUDIO_PERSONAS}

    def _group(self, persona: Persona) -> str:
        name, settings = WORKERS[persona], self._settings
        group = ec2.CfnSecurityGroup(
            self,
            name,
            group_description=f"Studio applications of {name}",
            vpc_id=import_value("VpcId", settings),
            security_group_egress=workload_egress(
                settings,
                endpoints=self._endpoints,
                s3_prefix_list_id=import_value("S3PrefixListId", settings),
                dynamodb_prefix_list_id=import_value("DynamoDbPrefixListId", settings),
            ),
            tags=[cdk.CfnTag(key="Name", value=settings.names.name(persona.replace("_", "-")))],
        ).attr_group_id
        self._within(name, "Applications", group, APPLICATION_PORTS)
        if settings.studio.home_efs:
            self._within(name, "Homes", group, NFS)
        existing = settings.network.existing
        if existing is None or existing.endpoint_security_group_id is None:
            admit_to_endpoints(self, name, endpoints=self._endpoints, group=group)
        return group

    def _within(self, name: str, purpose: str, group: str, ports: tuple[int, int]) -> None:
        """Open ``ports`` among the members of a group, both ways."""
        open_among_members(
            self,
            (f"{name}{purpose}In", f"{name}{purpose}Out"),
            group=group,
            protocol="tcp",
            ports=ports,
            description=f"{purpose} of {name}",
        )
