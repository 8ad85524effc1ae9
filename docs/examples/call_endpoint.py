"""Calls an endpoint as one of its declared consumers, also from another account.

The caller's own role needs `sts:AssumeRole` on the consumer role, and must stand in `serving.consumers` of
the model. Run as `python call_endpoint.py <ARN of the consumer role> <endpoint> <region> < request.csv`.
"""

import sys

import boto3
from botocore.credentials import (
    AssumeRoleCredentialFetcher,
    CredentialProvider,
    CredentialResolver,
    DeferredRefreshableCredentials,
)
from botocore.session import get_session


class ConsumerRole(CredentialProvider):
    """Credentials of the consumer role, taken with those the caller has and renewed before they end."""

    METHOD = CANONICAL_NAME = "consumer-role"

    def __init__(self, role_arn: str) -> None:
        super().__init__()
        own = get_session()
        self._fetcher = AssumeRoleCredentialFetcher(own.create_client, own.get_credentials(), role_arn)

    def load(self) -> DeferredRefreshableCredentials:
        """What a session signs its requests with."""
        return DeferredRefreshableCredentials(self._fetcher.fetch_credentials, self.METHOD)


def consumer_session(role_arn: str, region: str) -> boto3.Session:
    """A session as the consumer role. Make one and keep it: each begins with a call of STS."""
    session = get_session()
    session.register_component("credential_provider", CredentialResolver([ConsumerRole(role_arn)]))
    return boto3.Session(botocore_session=session, region_name=region)


def predict(
    session: boto3.Session, endpoint: str, body: bytes, content_type: str = "text/csv", component: str = ""
) -> bytes:
    """The endpoint's answer to one request; a customized model's component must be named as well."""
    runtime = session.client("sagemaker-runtime")
    named = {"InferenceComponentName": component} if component else {}
    answer = runtime.invoke_endpoint(EndpointName=endpoint, Body=body, ContentType=content_type, **named)
    return bytes(answer["Body"].read())


if __name__ == "__main__":
    role, name, where = sys.argv[1:]
    sys.stdout.buffer.write(predict(consumer_session(role, where), name, sys.stdin.buffer.read()))
