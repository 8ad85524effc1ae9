"""What Bedrock does with the role of a job: assume it, read and write S3, join a network, use a key.

Amazon Bedrock user guide, "Access and security for model customization": the service role's trust and
permissions, its network and its key; each use is judged by what is deployed.
"""

import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.api import ApiError, Parameters, Principal
from rehearsal.bedrock.objects import JobError, Objects
from rehearsal.contexts import service_suffix
from rehearsal.iam_data import action as iam_action

if TYPE_CHECKING:
    from rehearsal.emulator import Emulator

SERVICE = "bedrock.amazonaws.com"
_DESCRIBE = ("DhcpOptions", "NetworkInterfaces", "SecurityGroups", "Subnets", "Vpcs")
_KEY_USES = ("kms:DescribeKey", "kms:CreateGrant", "kms:GenerateDataKey", "kms:Decrypt")
_MANAGED, _CUSTOMIZATION, _IMPORT = (
    "BedrockManaged",
    "BedrockModelCustomizationJobArn",
    "BedrockModelImportJobArn",
)
"""Tags of network interfaces; which job's, by the kind of job."""


class RoleSession(Objects):
    """The session of a job's role. Raises JobError for whatever it may not do.

    ``vpc`` is the request's vpcConfig: calls of a job in a network come through its S3 gateway endpoint.
    """

    def __init__(
        self, emulator: "Emulator", role: str, source_arn: str, vpc: Parameters | None = None
    ) -> None:
        self._emulator, self.role, self.source_arn, self._vpc = emulator, role, source_arn, vpc
        self.principal = self._assumed()
        super().__init__(emulator.client("s3", self.principal), role)

    def _assumed(self) -> Principal:
        endpoints = [e[0] for name, e in self._emulator.vpc_endpoints.items() if f".{name}".endswith(".s3")]
        context = {"aws:SourceVpce": endpoints[0]} if self._vpc and endpoints else {}
        try:
            return self._emulator.assume(
                self.role, SERVICE, source_arn=self.source_arn, session="Bedrock", context=context
            )
        except ApiError as error:
            text = f"Could not assume provided IAM role. Make sure that {self.role} trusts {SERVICE}: "
            raise JobError(text + error.message) from error

    def use_key(self, key: str) -> None:
        """User guide, "Encryption of custom models": what the role does with the key, through Bedrock."""
        place = self._emulator.place
        context = {
            "kms:ViaService": f"bedrock.{place.region}.{service_suffix(place)}",
            "kms:CallerAccount": place.account,
            "kms:GrantIsForAWSResource": "true",
        }
        for action in _KEY_USES:
            self._judge(action, key, context)

    def join(self) -> None:
        """User guide, "Protect your model customization jobs using a VPC", and the same of import jobs: the
        role makes the network interfaces, which carry two tags, and may change only those."""
        if not self._vpc:
            return
        place = self._emulator.place
        subnets = [place.arn("ec2", f"subnet/{one}") for one in self._vpc["subnetIds"]]
        groups = [place.arn("ec2", f"security-group/{one}") for one in self._vpc["securityGroupIds"]]
        interface = place.arn("ec2", "network-interface/eni-0f00000000000000f")
        job = _IMPORT if ":model-import-job/" in self.source_arn else _CUSTOMIZATION
        values = {_MANAGED: "true", job: self.source_arn}
        asked: dict[str, Any] = {f"aws:RequestTag/{key}": value for key, value in values.items()}
        asked["aws:TagKeys"] = list(values)
        has = {f"{owner}:ResourceTag/{k}": v for owner in ("aws", "ec2") for k, v in values.items()}
        has["ec2:Subnet"] = subnets[0]
        for kind in _DESCRIBE:
            self._judge(f"ec2:Describe{kind}", "*", {})
        self._judge("ec2:CreateNetworkInterface", interface, asked)
        for arn in (*subnets, *groups):
            self._judge("ec2:CreateNetworkInterface", arn, {})
        self._judge("ec2:CreateTags", interface, {**asked, "ec2:CreateAction": "CreateNetworkInterface"})
        for action in ("CreateNetworkInterfacePermission", "DeleteNetworkInterface"):
            self._judge(f"ec2:{action}", interface, has)

    def call(self, function: str, event: Any) -> Any:
        """What a Lambda function answers ``event``, both JSON."""
        client = self._emulator.client("lambda", self.principal)
        try:
            answer = client.invoke(FunctionName=function, Payload=json.dumps(event).encode())
            text = answer["Payload"].read()
        except (ClientError, BotoCoreError) as error:
            raise JobError(f"Could not invoke {function} with {self.role}: {error}") from error
        if answer.get("FunctionError"):
            raise JobError(f"{function} failed: {text.decode(errors='replace')[:500]}")
        try:
            return json.loads(text)
        except ValueError as error:
            raise JobError(f"{function} answered no JSON: {text[:200]!r}") from error

    def may(self, action: str, resource: str) -> None:
        """Judge a use of a permission that is made within the service."""
        self._judge(action, resource, {})

    def _judge(self, action: str, resource: str, context: dict[str, Any]) -> None:
        """Only with the condition keys that AWS sends with the action."""
        sent = {key: value for key, value in context.items() if iam_action(action).sends(key, resource)}
        try:
            self._emulator.judge(self.principal, action, resource, sent)
        except ApiError as error:
            raise JobError(error.message) from error
