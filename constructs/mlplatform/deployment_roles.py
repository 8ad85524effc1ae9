"""What the deployment pipeline signs in to: an OpenID Connect provider and the roles behind it."""

from constructs import Construct

from mlplatform.oidc_provider import OidcProvider
from mlplatform.permissions.deployment import ci_deploy, ci_review, ci_trust
from mlplatform.role import PlatformRole
from mlplatform.settings import Environment
from mlplatform.settings.identity import CiSettings


class DeploymentRoles(Construct):
    """The roles ``ci-deploy`` and, if there are subjects for it, ``ci-review``; nobody needs a stored key.

    The provider is created unless the account has it already.
    """

    def __init__(self, scope: Construct, construct_id: str, *, settings: Environment, ci: CiSettings) -> None:
        super().__init__(scope, construct_id)
        roles = [
            PlatformRole(
                self,
                "Deploy",
                settings=settings,
                kind="deployment",
                thing="ci-deploy",
                trusts=ci_trust(settings, ci, ci.deploy_subjects),
                description="The pipeline deploys",
                grants=ci_deploy(settings),
            )
        ]
        if ci.review_subjects:
            review = PlatformRole(
                self,
                "Review",
                settings=settings,
                kind="deployment",
                thing="ci-review",
                trusts=ci_trust(settings, ci, ci.review_subjects),
                description="The pipeline compares a proposed change with what is deployed",
                grants=ci_review(settings),
            )
            roles.append(review)
        if "oidc_provider" not in settings.neighbours.adopted:
            provider = OidcProvider(self, "Provider", ci=ci)
            for role in roles:
                role.add_resource_dependency(provider)
