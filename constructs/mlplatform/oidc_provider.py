"""Whose tokens the account trusts: the OpenID Connect issuer of the deployment pipeline."""

from aws_cdk import aws_iam as iam
from constructs import Construct

from mlplatform.settings.identity import CiSettings


class OidcProvider(iam.CfnOIDCProvider):
    """The issuer ``ci.issuer`` and the audience its tokens must name.

    Without thumbprints: IAM checks the issuer's certificate against public authorities (IAM user guide,
    "Obtain the thumbprint for an OpenID Connect identity provider").
    """

    def __init__(self, scope: Construct, construct_id: str, *, ci: CiSettings) -> None:
        super().__init__(scope, construct_id, url=ci.issuer_url, client_id_list=[ci.audience])
