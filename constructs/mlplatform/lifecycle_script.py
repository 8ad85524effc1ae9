"""What JupyterLab and Code Editor run before they start: the defaults that make a plain job fit the platform.

Two layers, because the SageMaker Python SDK hands on only part of its own configuration: ``ModelTrainer``
of SDK v3 takes role, network and bucket from it, but neither the keys nor the tags (it has made its own
``compute`` and ``output_data_config`` by then). So ``studio/start.sh`` installs the configuration file and
``studio/platform_job_defaults.py``, with which botocore fills in what a request lacks.
"""

import ast
import base64
import hashlib
import json
import re
import shlex
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from mlplatform.exports import export_name, subnet_exports
from mlplatform.permissions.guards import takes_volume_key
from mlplatform.permissions.places import STUDIO_PREFIX
from mlplatform.settings import Environment

_SOURCES = Path(__file__).parents[2] / "studio"

MAX_CONTENT = 16_384
"""Longest lifecycle configuration, in characters of base64 (API shape StudioLifecycleConfigContent)."""

_LONGEST_ARN, _LONGEST_ID = 96, 24
"""Characters of the longest exported values: a key's ARN, a subnet's id."""


def script(settings: Environment) -> str:
    """The script as ``Fn::Sub`` takes it: ``${SubnetId1}`` stands for what is exported under that name.

    Raises ValueError if it could exceed ``MAX_CONTENT``.
    """
    text = (_SOURCES / "start.sh").read_text(encoding="utf-8")
    plugin = _bare((_SOURCES / "platform_job_defaults.py").read_text(encoding="utf-8"))
    for name, part in (("REGION", settings.region), ("PLUGIN", plugin), ("PACKAGES", _packages(settings))):
        text = text.replace(f"@@{name}@@", part)
    text = text.replace("${", "${!")  # the shell's own, which Fn::Sub leaves alone when it is written so
    for name, values in (("CONFIG", sdk_config(settings)), ("DEFAULTS", job_defaults(settings))):
        text = text.replace(f"@@{name}@@", json.dumps(values, ensure_ascii=False, separators=(",", ":")))
    lengths = {name: _LONGEST_ARN if name.endswith("Arn") else _LONGEST_ID for name in imports(settings)}
    longest = filled(text, {name: "x" * length for name, length in lengths.items()})
    if (length := len(base64.b64encode(longest.encode()))) > MAX_CONTENT:
        raise ValueError(f"lifecycle configuration: {length} characters of base64, allowed: {MAX_CONTENT}")
    return text


@cache
def _bare(source: str) -> str:
    """Python without docstrings of functions, comments and blank lines, indented by one space a level."""
    found = (node.body[0] for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef))
    texts = [
        first for first in found if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    ]
    left_out = {number for text in texts for number in range(text.lineno, (text.end_lineno or 0) + 1)}
    numbered = enumerate(source.splitlines(), start=1)
    kept = (line for number, line in numbered if number not in left_out and line.strip())
    code = "\n".join(line for line in kept if not line.lstrip().startswith("#"))
    return re.sub("^(?: {4})+", lambda m: " " * (len(m[0]) // 4), code, flags=re.MULTILINE)


def filled(text: str, values: Mapping[str, str]) -> str:
    """Return ``text`` as CloudFormation's ``Fn::Sub`` fills it in. Raises KeyError for a missing value."""
    return re.sub(r"\$\{(!?)([^}]*)\}", lambda m: f"${{{m[2]}}}" if m[1] else values[m[2]], text)


def imports(settings: Environment) -> tuple[str, ...]:
    """Names of the exports ``script`` refers to."""
    keys = ["DataKeyArn", "ArtifactsKeyArn", *([] if _adopted(settings) else ["AccountKeyArn"])]
    return (*subnet_exports(settings), "JobSecurityGroupId", *keys)


def content_hash(settings: Environment) -> str:
    """Eight hexadecimal digits that change whenever ``script`` or the exports it refers to do.

    The values behind the exports need no place in it: CloudFormation changes no export that is in use.
    """
    content = [script(settings), *(export_name(name, settings) for name in imports(settings))]
    return hashlib.sha256("\n".join(content).encode()).hexdigest()[:8]


def sdk_config(settings: Environment) -> dict[str, Any]:
    """The defaults of the SageMaker Python SDK (``sagemaker.core.config.config_schema``, version 1.0).

    ``@OWNER@`` is whoever the application belongs to. Keys are left to ``job_defaults``: the SDK would send
    a volume key for instances whose storage is local as well, which SageMaker refuses.
    """
    role, bucket = settings.names.role_arn("studio", "studio-job"), settings.names.bucket("artifacts")
    isolated = {"EnableNetworkIsolation": True, "EnableInterContainerTrafficEncryption": True}
    network = _network(settings)
    return {
        "SchemaVersion": "1.0",
        "SageMaker": {
            "PythonSDK": {
                "Modules": {
                    "Session": {
                        "DefaultS3Bucket": bucket,
                        "DefaultS3ObjectKeyPrefix": f"{STUDIO_PREFIX}@OWNER@",
                    },
                    "TelemetryOptOut": True,
                    "RemoteFunction": {"RoleArn": role},
                    "NotebookJob": {"RoleArn": role},
                    "ModelTrainer": {"networking": _networking(settings)},
                }
            },
            "TrainingJob": {"RoleArn": role, "VpcConfig": network, **isolated},
            "ProcessingJob": {"RoleArn": role, "NetworkConfig": {"VpcConfig": network, **isolated}},
            "Model": {"ExecutionRoleArn": role, "VpcConfig": network, "EnableNetworkIsolation": True},
            "Pipeline": {"RoleArn": role},
        },
    }


def job_defaults(settings: Environment) -> dict[str, Any]:
    """The values ``platform_job_defaults`` fills in; ``output_keys`` by the bucket that is written to."""
    output_keys = {"": "${ArtifactsKeyArn}", settings.names.bucket("data"): "${DataKeyArn}"}
    if not _adopted(settings):
        output_keys[settings.names.sdk_bucket] = "${AccountKeyArn}"
    return {
        "network": _network(settings),
        "output_keys": output_keys,
        "role": settings.names.role_arn("studio", "studio-job"),
        "tags": dict(sorted({**settings.tags, "environment": settings.name}.items())),
        "types_with_volume_key": sorted(filter(takes_volume_key, settings.studio.job_instance_types)),
        "volume_key": "${DataKeyArn}",
    }


def _network(settings: Environment) -> Mapping[str, list[str]]:
    subnets = [f"${{{name}}}" for name in subnet_exports(settings)]
    return {"SecurityGroupIds": ["${JobSecurityGroupId}"], "Subnets": subnets}


def _networking(settings: Environment) -> dict[str, Any]:
    """As ``sagemaker.train.configs.Networking`` takes it: ModelTrainer reads it here only."""
    network = _network(settings)
    return {
        "security_group_ids": network["SecurityGroupIds"],
        "subnets": network["Subnets"],
        "enable_network_isolation": True,
        "enable_inter_container_traffic_encryption": True,
    }


def _adopted(settings: Environment) -> bool:
    return "sdk_default_bucket" in settings.neighbours.adopted


def _packages(settings: Environment) -> str:
    """The command that says where pip installs from; CodeArtifact's sign-in lasts for twelve hours."""
    index = settings.network.package_index
    if index == "none":
        return "true"
    if index != "codeartifact":
        return f"python3 -m pip config --user set global.index-url {shlex.quote(index)}"
    domain = settings.names.name("packages")
    return (
        "timeout 60 aws codeartifact login --tool pip --repository python"
        f" --domain {domain} --domain-owner {settings.account} --region {settings.region}"
    )
