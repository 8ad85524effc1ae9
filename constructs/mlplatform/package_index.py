"""Where people without internet install Python packages from."""

from aws_cdk import aws_codeartifact as codeartifact
from constructs import Construct

from mlplatform.settings import Environment


class PackageIndex(Construct):
    """A CodeArtifact repository that fetches from the public package index and keeps what it fetched."""

    def __init__(self, scope: Construct, construct_id: str, *, settings: Environment, key_arn: str) -> None:
        super().__init__(scope, construct_id)
        domain = codeartifact.CfnDomain(
            self, "Domain", domain_name=settings.names.name("packages"), encryption_key=key_arn
        )
        codeartifact.CfnRepository(
            self,
            "Repository",
            domain_name=domain.attr_name,
            repository_name="python",
            description="Python packages, fetched from the public index on first use",
            external_connections=["public:pypi"],
        )
