"""What the deployment pipeline signs in to: an OpenID Connect provider and the roles behind it."""

from constructs import Construct

from mlplatform.oidc_provider import OidcProvider
from mlplatform.permissions.deployment import ci_deploy, ci_release, ci_review, ci_run, ci_trust
from mlplatform.role import PlatformRole
from mlplatform.settings import Environment
from mlplatform.settings.identity import CiSettings

_COMPARES = "The pipeline compares a proposed change with what is deployed"


class DeploymentRoles(Construct):
    """The roles ``ci-deploy``, ``ci-review``, ``ci-run`` and ``ci-release``, those with subjects.

    Nobody needs a stored key.

    The provider is created unless the account has it already.
    """

    def __init__(self, scope: Construct, construct_id: str, *, settings: Environment, ci: CiSettings) -> None:
        super().__init__(scope, construct_id)
        wanted = (
            ("Deploy", ci.deploy_subjects, ci_deploy, "The pipeline deploys"),
            ("Review", ci.review_subjects, ci_review, _COMPARES),
            ("Run", ci.run_subjects, ci_run, "The pipeline runs the workflows of models"),
            ("Release", ci.release_subjects, ci_release, "The pipeline releases models and takes them back"),
        )
        roles = [
            PlatformRole(
                self,
                name,
                settings=settings,
                kind="deployment",
                thing=f"ci-{name.lower()}",
                trusts=ci_trust(settings, ci, subjects),
                description=description,
                grants=grants(settings),
            )
            for name, subjects, grants, description in wanted
            if subjects
        ]
        if "oidc_provider" not in settings.neighbours.adopted:
            provider = OidcProvider(self, "Provider", ci=ci)
            for role in roles:
                role.add_resource_dependency(provider)
