"""The SageMaker domain: what Studio is like for everybody."""

from collections.abc import Mapping

from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from mlplatform.exports import subnet_exports
from mlplatform.instance_types import instance_types
from mlplatform.settings import Environment
from mlplatform.settings.studio import Persona
from mlplatform.stack_exports import import_value
from mlplatform.studio_startup import StudioStartup

SHORTEST_IDLE_MINUTES = 60
"""Shortest idle timeout (API shape IdleTimeoutInMinutes); people may set their own between it and ours."""

UNKNOWN_FAMILIES = ("ml.g7.",)
"""What the SageMaker API knows and CloudFormation's schema of a domain does not know yet, so that hiding it
would fail the deployment. Starting it is refused all the same."""

_Domain = sagemaker.CfnDomain


class StudioDomain(sagemaker.CfnDomain):
    """Private, encrypted, idle applications stopped, and nothing offered that people may not start.

    Whoever has no settings of their own gets the least: the role and group of data scientists. Sessions are
    named after the user profile. ``image`` is offered beside Amazon's. Domain-level security groups are left
    out: only RStudio has an application of the domain itself.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Environment,
        role_arns: Mapping[Persona, str],
        group_ids: Mapping[Persona, str],
        startup: StudioStartup,
        image: sagemaker.CfnDomain.CustomImageProperty | None,
    ) -> None:
        self._settings, self._startup = settings, startup
        self._images = [image] if image else None
        self._role, self._groups = role_arns["data_scientist"], [group_ids["data_scientist"]]
        studio = settings.studio
        super().__init__(
            scope,
            construct_id,
            domain_name=settings.names.name("studio", kind="studio"),
            auth_mode=studio.auth_mode.upper(),
            app_network_access_type="VpcOnly",
            vpc_id=import_value("VpcId", settings),
            subnet_ids=[import_value(name, settings) for name in subnet_exports(settings)],
            kms_key_id=import_value("DataKeyArn", settings),
            home_efs_file_system_creation="Enabled" if studio.home_efs else "Disabled",
            tag_propagation="ENABLED",
            domain_settings=_Domain.DomainSettingsProperty(
                execution_role_identity_config="USER_PROFILE_NAME", docker_settings=self._docker()
            ),
            default_user_settings=self._private(),
            default_space_settings=self._shared(),
        )

    def _docker(self) -> sagemaker.CfnDomain.DockerSettingsProperty:
        trusted = self._settings.studio.docker_trusted_accounts
        return _Domain.DockerSettingsProperty(
            enable_docker_access="ENABLED" if trusted else "DISABLED",
            vpc_only_trusted_accounts=trusted or None,
        )

    def _private(self) -> sagemaker.CfnDomain.UserSettingsProperty:
        """What private spaces are like."""
        return _Domain.UserSettingsProperty(
            execution_role=self._role,
            security_groups=self._groups,
            auto_mount_home_efs="Enabled" if self._settings.studio.home_efs else "Disabled",
            studio_web_portal="ENABLED",
            default_landing_uri="studio::",
            studio_web_portal_settings=self._offered(),
            jupyter_lab_app_settings=self._jupyter_lab(),
            code_editor_app_settings=self._code_editor(),
            space_storage_settings=self._storage(),
            sharing_settings=_Domain.SharingSettingsProperty(notebook_output_option="Disabled"),
        )

    def _shared(self) -> sagemaker.CfnDomain.DefaultSpaceSettingsProperty:
        """What shared spaces are like; SageMaker offers JupyterLab only in these."""
        return _Domain.DefaultSpaceSettingsProperty(
            execution_role=self._role,
            security_groups=self._groups,
            jupyter_lab_app_settings=self._jupyter_lab(),
            space_storage_settings=self._storage(),
        )

    def _offered(self) -> sagemaker.CfnDomain.StudioWebPortalSettingsProperty:
        """Hiding spares people a refusal; what refuses are the Denies of their roles."""
        studio = self._settings.studio
        types = set(instance_types("app")) - set(studio.instance_types)
        return _Domain.StudioWebPortalSettingsProperty(
            hidden_app_types=sorted(studio.hidden_applications),
            hidden_instance_types=sorted(name for name in types if not name.startswith(UNKNOWN_FAMILIES)),
        )

    def _jupyter_lab(self) -> sagemaker.CfnDomain.JupyterLabAppSettingsProperty:
        return _Domain.JupyterLabAppSettingsProperty(
            app_lifecycle_management=self._idle(),
            built_in_lifecycle_config_arn=self._startup.jupyter_lab_arn,
            custom_images=self._images,
        )

    def _code_editor(self) -> sagemaker.CfnDomain.CodeEditorAppSettingsProperty:
        return _Domain.CodeEditorAppSettingsProperty(
            app_lifecycle_management=self._idle(),
            built_in_lifecycle_config_arn=self._startup.code_editor_arn,
        )

    def _idle(self) -> sagemaker.CfnDomain.AppLifecycleManagementProperty:
        minutes = self._settings.studio.idle_timeout_minutes
        return _Domain.AppLifecycleManagementProperty(
            idle_settings=_Domain.IdleSettingsProperty(
                lifecycle_management="ENABLED",
                idle_timeout_in_minutes=minutes,
                min_idle_timeout_in_minutes=SHORTEST_IDLE_MINUTES,
                max_idle_timeout_in_minutes=minutes,
            )
        )

    def _storage(self) -> sagemaker.CfnDomain.DefaultSpaceStorageSettingsProperty:
        studio = self._settings.studio
        return _Domain.DefaultSpaceStorageSettingsProperty(
            default_ebs_storage_settings=_Domain.DefaultEbsStorageSettingsProperty(
                default_ebs_volume_size_in_gb=studio.default_volume_gib,
                maximum_ebs_volume_size_in_gb=studio.maximum_volume_gib,
            )
        )
