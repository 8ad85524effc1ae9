"""The people in Studio: a user profile each, and the spaces they share."""

from collections.abc import Mapping

from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from mlplatform.settings import Environment
from mlplatform.settings.studio import STUDIO_PERSONAS, Persona


class StudioPeople(Construct):
    """One user profile per data scientist and ML engineer, with the role and group of the persona.

    A construct's id is the name of the person or space, so that nobody's coming or going touches another.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Environment,
        domain_id: str,
        role_arns: Mapping[Persona, str],
        group_ids: Mapping[Persona, str],
    ) -> None:
        super().__init__(scope, construct_id)
        self._domain_id = domain_id
        profiles = Construct(self, "Profiles")
        spaces = Construct(self, "Spaces")
        people = {
            name: self._profile(profiles, name, settings, role_arns, group_ids)
            for name in settings.studio.people(*STUDIO_PERSONAS)
        }
        for name, owner in sorted(settings.studio.shared_spaces.items()):
            self._space(spaces, name, owner).add_resource_dependency(people[owner])

    def _profile(
        self,
        scope: Construct,
        name: str,
        settings: Environment,
        role_arns: Mapping[Persona, str],
        group_ids: Mapping[Persona, str],
    ) -> sagemaker.CfnUserProfile:
        user = settings.studio.users[name]
        by_sso = settings.studio.auth_mode == "sso"
        return sagemaker.CfnUserProfile(
            scope,
            name,
            domain_id=self._domain_id,
            user_profile_name=name,
            single_sign_on_user_identifier="UserName" if by_sso else None,
            single_sign_on_user_value=(user.sso_user or name) if by_sso else None,
            user_settings=sagemaker.CfnUserProfile.UserSettingsProperty(
                execution_role=role_arns[user.persona], security_groups=[group_ids[user.persona]]
            ),
        )

    def _space(self, scope: Construct, name: str, owner: str) -> sagemaker.CfnSpace:
        """A space that everybody in Studio may open."""
        return sagemaker.CfnSpace(
            scope,
            name,
            domain_id=self._domain_id,
            space_name=name,
            ownership_settings=sagemaker.CfnSpace.OwnershipSettingsProperty(owner_user_profile_name=owner),
            space_sharing_settings=sagemaker.CfnSpace.SpaceSharingSettingsProperty(sharing_type="Shared"),
            space_settings=sagemaker.CfnSpace.SpaceSettingsProperty(app_type="JupyterLab"),
        )
