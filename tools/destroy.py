"""`make destroy ENV=`: deletes an environment that says ``removal: destroy``, with everything in it."""

import argparse
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from mlplatform.bucket_policies import CHANNELS
from mlplatform.settings import Environment, SettingsError, read_environments
from tools.deployed import Stack, deployed_stacks, of_environment
from tools.leftovers import (
    delete_hub_contents,
    delete_packages,
    delete_scored_models,
    stop_studio,
    stop_workflows,
)
from tools.releases import serving
from tools.serving_stacks import changing, delete_retained, serving_stacks, stays, unprotect

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef

ATTEMPTS = 3
"""Log delivery may write to a bucket after it was emptied; CloudFormation then cannot delete it."""


def main(argv: Sequence[str] | None = None) -> int:
    """Ask, empty the buckets, delete the stacks. Returns 0 when nothing is left, 2 if nothing was touched."""
    parser = argparse.ArgumentParser(prog="make destroy ENV=", description=__doc__)
    parser.add_argument("environment")
    parser.add_argument("--folder", type=Path, default=Path("environments"))
    arguments = parser.parse_args(argv)
    try:
        (settings,) = read_environments(arguments.folder, only=arguments.environment)
        if settings.retains:
            what = f"environments/{settings.name}.yaml says removal: retain"
            what = f"{what}, and {stays(settings)}" if stays(settings) else what
            return _refuse(f"{what}; docs/environments.md tells how to take such an environment down")
        session = boto3.Session(region_name=settings.region)
        account = session.client("sts").get_caller_identity()["Account"]
        if account != settings.account:
            return _refuse(f"{settings.name} is account {settings.account}, the credentials are of {account}")
        stacks = deployed_stacks(session.client("cloudformation"))
    except (SettingsError, BotoCoreError, ClientError) as error:
        return _refuse(str(error))
    if why := _obstacle(settings, stacks):
        return _refuse(why)
    if not _confirmed(settings):
        return _refuse("nothing was deleted")
    try:
        return _delete(settings, session, stacks)
    except (BotoCoreError, ClientError, RuntimeError) as error:
        print(f"destroy: stopped, run it again when this is mended: {error}", file=sys.stderr)
        return 1


def _obstacle(settings: Environment, stacks: Sequence[Stack]) -> str:
    """Why the environment cannot be deleted now, and what to do first; empty if it can."""
    if others := dependents(settings, stacks):
        what = f"{settings.name} owns the account, and {others[0]} uses what it holds"
        return f"{what}: destroy the other environments of the account first"
    if kept := protected_stacks(settings, stacks):
        return f"{kept[0]} still retains what it holds: deploy removal: destroy first"
    if updated := changing(settings, stacks):
        return f"{updated[0]} is being changed: let the release end, or end it with make rollback"
    return ""


def _delete(settings: Environment, session: boto3.Session, stacks: Sequence[Stack]) -> int:
    """Delete what stands in the way, the stacks, and what they leave; returns the exit code of the CDK."""
    print(f"stopped {stop_workflows(settings, session.client('stepfunctions'))} executions of workflows")
    sagemaker = session.client("sagemaker")
    print(f"deleted {stop_studio(settings, sagemaker)} applications and spaces in Studio")
    print(f"deleted {delete_scored_models(settings, sagemaker)} models that were made to score with")
    print(f"deleted {delete_packages(settings, sagemaker)} model packages")
    print(f"deleted {delete_hub_contents(settings, sagemaker)} versions in the AI Registry")
    if freed := unprotect(settings, stacks, session.client("cloudformation")):
        print(f"no longer protected: {', '.join(freed)}")
    if code := destroy(settings, session.client("s3")):
        return code
    retained = delete_retained(settings, session.client("resourcegroupstaggingapi"), sagemaker)
    print(f"deleted {retained} models and configurations of endpoints")
    return 0


def protected_stacks(settings: Environment, stacks: Iterable[Stack]) -> list[str]:
    """The environment's stacks with termination protection that were deployed to be retained.

    Those with an endpoint have it wherever they are, and it is no sign of that.
    """
    everything = list(stacks)
    serve = serving_stacks(settings, everything)
    ours = [stack for stack in of_environment(settings.names, everything) if stack not in serve]
    return [stack["StackName"] for stack in ours if stack.get("EnableTerminationProtection")]


def dependents(settings: Environment, stacks: Iterable[Stack]) -> list[str]:
    """Stacks of other environments in an account that this one owns: they use its key and bucket."""
    others = [names for names in settings.neighbours.account if names != settings.names]
    found = [stack for names in others for stack in of_environment(names, stacks)]
    return [stack["StackName"] for stack in found] if settings.owns_account else []


def destroy(settings: Environment, s3: "S3Client") -> int:
    """Delete buckets' contents and stacks until nothing is left; returns the last exit code."""
    command = [str(Path(sys.executable).with_name("cdk")), "destroy", "--force", f"{settings.name}/*"]
    code = 1
    for _ in range(ATTEMPTS):
        for bucket in _buckets(settings):
            open_up(bucket, s3)
            print(f"emptied {bucket}: {empty(bucket, s3)} object versions")
        if (code := subprocess.run(command, check=False).returncode) == 0:
            print(f"{settings.name} is gone; its KMS keys are deleted in 7 days and can be kept until then")
            break
    return code


def open_up(bucket: str, s3: "S3Client") -> None:
    """Take away the policy that lets nobody delete objects from outside the VPC, and stop access logging.

    A bucket that does not exist is fine.
    """
    try:
        s3.delete_bucket_policy(Bucket=bucket)
        s3.put_bucket_logging(Bucket=bucket, BucketLoggingStatus={})
    except s3.exceptions.NoSuchBucket:
        return


def empty(bucket: str, s3: "S3Client") -> int:
    """Delete every version of every object; returns how many. A bucket that does not exist holds none.

    Raises RuntimeError for an object that cannot be deleted.
    """
    deleted = 0
    while versions := _first_versions(bucket, s3):
        answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": versions, "Quiet": True})
        if errors := answer.get("Errors"):
            raise RuntimeError(f"{bucket}: {errors[0]['Key']}: {errors[0]['Message']}")
        deleted += len(versions)
    return deleted


def _first_versions(bucket: str, s3: "S3Client") -> list["ObjectIdentifierTypeDef"]:
    """The first versions and delete markers still there, at most 1000: as many as one request deletes."""
    try:
        page = s3.list_object_versions(Bucket=bucket)
    except s3.exceptions.NoSuchBucket:
        return []
    found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
    return [{"Key": version["Key"], "VersionId": version["VersionId"]} for version in found]


def _buckets(settings: Environment) -> Iterator[str]:
    """Every bucket of the environment; the one for access logs last, since the others write to it."""
    if settings.owns_account and "sdk_default_bucket" not in settings.already_in_account:
        yield settings.names.sdk_bucket
    yield from (settings.names.bucket(thing) for thing in sorted(CHANNELS, key=lambda thing: thing == "logs"))


def _confirmed(settings: Environment) -> bool:
    print(f"This deletes the environment {settings.name} in account {settings.account}, {settings.region}:")
    print(f"  the stacks {settings.name}/*, and with them network, keys, tables, logs and image repositories")
    print("  every application and space in Studio, every execution of a workflow that still runs with its")
    print("  jobs, and every model package registered here")
    for product in serving(settings):
        print(f"  the endpoint {settings.names.endpoint(product.name)}, which then answers nobody")
    if settings.owns_account:
        print(
            "  what the account has once: the AI Registry with everything in it, and the SDK's default bucket"
        )
    for bucket in _buckets(settings):
        print(f"  every object and version in {bucket}")
    try:
        return input(f"Type {settings.name} to delete it: ").strip() == settings.name
    except EOFError:
        return False


def _refuse(why: str) -> int:
    print(f"destroy: {why}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
