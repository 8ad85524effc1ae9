"""Whose AWS credentials are active, and whether they are those an environment's file asks for."""

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from mlplatform.settings import Environment


class CredentialsError(Exception):
    """There are no usable credentials, or those of another account or region; the message is one line."""


def session_for(settings: Environment, *, same_region: bool = False) -> boto3.Session:
    """A session in the environment's region, with credentials of its account.

    Raises CredentialsError otherwise, and with ``same_region`` also when another region is configured.
    """
    try:
        configured = boto3.Session().region_name
        session = boto3.Session(region_name=settings.region)
        account = session.client("sts").get_caller_identity()["Account"]
    except (BotoCoreError, ClientError) as error:
        raise CredentialsError(f"no usable AWS credentials: {error}") from None
    if account != settings.account:
        what = f"{settings.name} is account {settings.account}, the credentials are of {account}"
        raise CredentialsError(what)
    if same_region and configured not in (None, settings.region):
        raise CredentialsError(
            f"{settings.name} is in {settings.region}, the profile's region is {configured}"
        )
    return session
