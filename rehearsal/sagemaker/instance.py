"""The machine of a job: what SageMaker does around the container with the job's role.

Sources: SageMaker developer guide, "SageMaker AI roles", execution role permissions of CreateTrainingJob,
CreateProcessingJob and CreateModel with VpcConfig, VolumeKmsKeyId and images in Amazon ECR.
"""

import shutil
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rehearsal.api import Principal
from rehearsal.sagemaker.containers.images import repository
from rehearsal.sagemaker.logs import LogStream, put_metrics
from rehearsal.sagemaker.transfer import Transfers

if TYPE_CHECKING:
    from rehearsal.emulator import Emulator

SERVICE = "sagemaker.amazonaws.com"
_PULL = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
_DESCRIBE = ("DhcpOptions", "NetworkInterfaces", "SecurityGroups", "Subnets", "Vpcs")


@dataclass(frozen=True)
class Placement:
    """Where a job runs and as whom: what the request says of role, images, network and volume."""

    role_arn: str
    images: tuple[str, ...]
    vpc: Mapping[str, Any] | None = None
    volume_key: str | None = None
    isolated: bool = False


def assume(emulator: "Emulator", placement: Placement, source_arn: str) -> Principal:
    """The session in which SageMaker works for the job; ApiError AccessDenied if the role does not let it.

    Calls of a job in a VPC come through its S3 gateway endpoint, so they carry ``aws:SourceVpce``.
    """
    endpoints = [e[0] for service, e in emulator.vpc_endpoints.items() if f".{service}".endswith(".s3")]
    context = {"aws:SourceVpce": endpoints[0]} if placement.vpc and endpoints else {}
    return emulator.assume(
        placement.role_arn, SERVICE, source_arn=source_arn, session="SageMaker", context=context
    )


class Instance:
    """A started machine: a folder as its disk, its role's session, its log. ``stop`` it in the end."""

    def __init__(
        self, emulator: "Emulator", placement: Placement, principal: Principal, *, kind: str, name: str
    ) -> None:
        self.emulator, self.placement, self.principal, self.name = emulator, placement, principal, name
        self.folder = Path(tempfile.mkdtemp(prefix="rehearsal-job-"))
        self.started = time.monotonic()
        self.namespace = f"/aws/sagemaker/{kind}Jobs"
        place = emulator.place
        s3 = emulator.client("s3", principal)
        self.transfers = Transfers(s3, role_arn=placement.role_arn, region=place.region)
        self._log: LogStream | None = None

    def start(self) -> None:
        """Pull the images, attach to the network, unlock the volume. ApiError for the first refusal."""
        for image in dict.fromkeys(self.placement.images):
            self._pull(image)
        if self.placement.volume_key:
            self._volume(self.placement.volume_key)
        if self.placement.vpc:
            self._network(self.placement.vpc, ("CreateNetworkInterface", "CreateNetworkInterfacePermission"))
            for kind in _DESCRIBE:
                self._need(f"ec2:Describe{kind}", "*")

    def log(self, line: str) -> None:
        """Write one line to the job's log stream."""
        if self._log is None:
            stream = f"{self.name}/algo-1-{int(time.time())}"
            client = self.emulator.client("logs", self.principal)
            self._log = LogStream(client, self.namespace, stream, self.emulator.note)
        self._log.line(line)

    def metrics(self, dimensions: Mapping[str, str], values: list[tuple[str, float, float]]) -> None:
        """Publish metrics in the job kind's namespace."""
        if values:
            client = self.emulator.client("cloudwatch", self.principal)
            put_metrics(client, self.namespace, dimensions, values, self.emulator.note)

    def stop(self) -> None:
        """Send the rest of the log and the disk's use, leave the network, delete the disk."""
        try:
            if self._log is not None:
                self._log.close()
                usage = shutil.disk_usage(self.folder)
                used = 100 * usage.used / usage.total
                self.metrics({"Host": f"{self.name}/algo-1"}, [("DiskUtilization", used, time.time())])
            if self.placement.vpc:
                self._network({}, ("DeleteNetworkInterface", "DeleteNetworkInterfacePermission"))
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def credentials(self) -> dict[str, str]:
        """What a container finds of its role and the API: only the region if it is isolated."""
        region = {"AWS_REGION": self.emulator.place.region, "AWS_DEFAULT_REGION": self.emulator.place.region}
        if self.placement.isolated:
            return region
        keys = self.emulator.credentials(self.principal)
        return region | keys | {"AWS_ENDPOINT_URL": self.emulator.endpoint}

    def _pull(self, image: str) -> None:
        account, region, name = repository(image)
        self._need("ecr:GetAuthorizationToken", "*")
        arn = self.emulator.place.arn("ecr", f"repository/{name}", region=region, account=account)
        for action in _PULL:
            self._need(action, arn)

    def _volume(self, key: str) -> None:
        """API reference, ResourceConfig.VolumeKmsKeyId; the grant is for the volume of an AWS service."""
        arn = key if key.startswith("arn:") else self.emulator.place.arn("kms", f"key/{key}")
        self._need("kms:DescribeKey", arn)
        self._need("kms:CreateGrant", arn, {"kms:GrantIsForAWSResource": "true"})

    def _network(self, vpc: Mapping[str, Any], actions: tuple[str, ...]) -> None:
        place = self.emulator.place
        subnets = [place.arn("ec2", f"subnet/{subnet}") for subnet in vpc.get("Subnets", [])]
        groups = [place.arn("ec2", f"security-group/{group}") for group in vpc.get("SecurityGroupIds", [])]
        interface = place.arn("ec2", "network-interface/eni-0f00000000000000f")
        for action in actions:
            for arn in (interface, *(subnets + groups if action == "CreateNetworkInterface" else ())):
                self._need(f"ec2:{action}", arn)

    def _need(self, action: str, resource: str, context: Mapping[str, str] | None = None) -> None:
        self.emulator.judge(self.principal, action, resource, dict(context or {}))
