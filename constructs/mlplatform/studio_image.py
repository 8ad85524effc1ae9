"""An image of one's own for Studio's applications."""

from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from mlplatform.permissions.studio_jobs import studio_image
from mlplatform.role import ServiceRole
from mlplatform.settings import Environment


class StudioImage(Construct):
    """The image of ``studio.custom_image``, by digest; another digest becomes another version.

    ``selected`` is what the domain offers.
    """

    def __init__(self, scope: Construct, construct_id: str, *, settings: Environment, image: str) -> None:
        super().__init__(scope, construct_id)
        role = ServiceRole(
            self,
            "Role",
            settings=settings,
            kind="service",
            thing="studio-image",
            service="sagemaker.amazonaws.com",
            description="What SageMaker pulls Studio's custom image as",
            grants=studio_image(settings),
        )
        name = settings.names.name("studio-image", kind="studio")
        registered = sagemaker.CfnImage(
            self,
            "Image",
            image_name=name,
            image_role_arn=role.attr_arn,
            image_description=f"Studio applications of {settings.name}",
        )
        version = sagemaker.CfnImageVersion(self, "Version", image_name=name, base_image=image)
        version.add_resource_dependency(registered)
        config = sagemaker.CfnAppImageConfig(
            self,
            "Config",
            app_image_config_name=name,
            jupyter_lab_app_image_config=sagemaker.CfnAppImageConfig.JupyterLabAppImageConfigProperty(),
        )
        config.add_resource_dependency(version)
        self.selected = sagemaker.CfnDomain.CustomImageProperty(
            app_image_config_name=config.ref, image_name=name, image_version_number=version.attr_version
        )
