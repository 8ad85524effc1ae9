"""A deployed function: its configuration as the Lambda API tells it, and its files."""

import io
import zipfile
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from rehearsal.api import Parameters

DEFAULTS: Mapping[str, Any] = {
    "Description": "",
    "MemorySize": 128,
    "PackageType": "Zip",
    "Timeout": 3,
    "TracingConfig": {"Mode": "PassThrough"},
    "Version": "$LATEST",
}
"""What a function has that does not say (Lambda API reference, CreateFunction)."""

_CODE = (
    "Code",
    "FunctionName",
    "Publish",
    "Tags",
    "S3Bucket",
    "S3Key",
    "S3ObjectVersion",
    "ZipFile",
    "DryRun",
)


@dataclass(frozen=True)
class Function:
    """One function. ``configuration`` has the members of FunctionConfiguration; ``files`` are unpacked."""

    name: str
    arn: str
    configuration: Mapping[str, Any]
    files: Path
    tags: Mapping[str, str] = field(default_factory=dict)
    reserved: int | None = None

    @property
    def role(self) -> str:
        """ARN of the role that the function runs as."""
        return str(self.configuration["Role"])

    @property
    def seconds(self) -> int:
        """After how long it is stopped."""
        return int(self.configuration["Timeout"])

    @property
    def memory(self) -> int:
        """Its memory in MiB; nothing here holds it to that."""
        return int(self.configuration["MemorySize"])

    @property
    def logging(self) -> Mapping[str, str]:
        """Log group and format, with Lambda's defaults."""
        return {
            "LogFormat": "Text",
            "LogGroup": f"/aws/lambda/{self.name}",
            **self.configuration.get("LoggingConfig", {}),
        }

    @property
    def traced(self) -> bool:
        """Whether its segments go to AWS X-Ray."""
        return bool(self.configuration["TracingConfig"]["Mode"] == "Active")

    @property
    def network(self) -> Mapping[str, Any]:
        """Its subnets and security groups; empty if it is in no network of ours."""
        network: Mapping[str, Any] = self.configuration.get("VpcConfig", {})
        return network if network.get("SubnetIds") else {}

    def configured(self, parameters: Parameters) -> "Function":
        """This function with the members of an UpdateFunctionConfiguration."""
        said = {key: value for key, value in parameters.items() if key not in _CODE}
        return replace(self, configuration={**self.configuration, **said})

    def described(self) -> dict[str, Any]:
        """Its FunctionConfiguration."""
        return {
            **self.configuration,
            "FunctionName": self.name,
            "FunctionArn": self.arn,
            "LoggingConfig": self.logging,
            "State": "Active",
            "LastUpdateStatus": "Successful",
        }


def unpacked(content: bytes, folder: Path) -> tuple[Path, str]:
    """Where the files of a zip lie below ``folder``, and the CodeSha256 that Lambda gives it."""
    digest = sha256(content)
    files = folder / digest.hexdigest()
    if not files.exists():
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            archive.extractall(files)
    return files, b64encode(digest.digest()).decode()
