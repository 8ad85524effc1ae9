"""What the account has already under a name that a template is about to give."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.exceptions import ClientError

from mlplatform.settings import Environment
from tools.assembly import SynthesizedStack
from tools.preflight_kinds import KINDS, Client, Kind

ABSENT = (
    *("404", "NoSuchBucket", "NoSuchEntity", "NotFound", "NotFoundException", "ResourceNotFound"),
    *("RepositoryNotFoundException", "ResourceNotFoundException", "TrailNotFoundException"),
    "StateMachineDoesNotExist",
)
"""Error codes by which services say that there is no such thing; SageMaker has a sentence as well."""


@dataclass(frozen=True)
class Finding:
    """One thing that is not ready: what it is, and the command that mends it.

    ``blocks`` says that a deployment fails with it; otherwise something fails later, in use.
    """

    what: str
    command: str
    blocks: bool = True


SDK_BUCKET = (
    "already_in_account: [sdk_default_bucket] in the settings; "  # nobody but the SDK gives it that name
    "to see it: aws s3api head-bucket --bucket {name}"
)


def collisions(
    settings: Environment, session: boto3.Session, synthesized: Iterable[SynthesizedStack]
) -> Iterator[Finding]:
    """One finding for every name of a template that something else in the account has."""
    clients: dict[str, Client] = {}
    for stack in synthesized:
        ours = _deployed(session.client("cloudformation"), settings.names.stack(stack.name))
        for logical_id, resource in sorted(stack.template["Resources"].items()):
            kind = KINDS.get(resource["Type"])
            name = resource.get("Properties", {}).get(kind.named_by) if kind else None
            if kind is None or not isinstance(name, str) or logical_id in ours:
                continue
            client = clients.setdefault(kind.service, _client(session, kind.service))
            if _exists(client, kind, name, settings):
                what = f"{stack.name} creates {resource['Type']} {name}, which exists"
                yield Finding(what, _command(kind, name, settings))


def _client(session: Any, service: str) -> Client:
    """A client by a name that is known only at run time; the stubs of boto3 know literal names."""
    return session.client(service)


def _deployed(client: Client, stack: str) -> set[str]:
    """Logical ids of what a deployed stack has; empty if there is no such stack."""
    try:
        pages = client.get_paginator("list_stack_resources").paginate(StackName=stack)
        return {item["LogicalResourceId"] for page in pages for item in page["StackResourceSummaries"]}
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":
            return set()
        raise


def _exists(client: Client, kind: Kind, name: str, settings: Environment) -> bool:
    try:
        return bool(kind.look_up(client, name, settings))
    except ClientError as error:
        code, message = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
        if code in ABSENT or "does not exist" in message:
            return False
        if code == "403" and kind.service == "s3":
            return True  # another account has the bucket: nobody else may be told whether it exists
        raise


def _command(kind: Kind, name: str, settings: Environment) -> str:
    names = settings.names
    text = SDK_BUCKET if kind.service == "s3" and not name.startswith(f"{names.prefix}-") else kind.command
    values = {"name": name, "account": names.account, "region": names.region, "partition": names.partition}
    return text.format(**values, environment=settings.name)
