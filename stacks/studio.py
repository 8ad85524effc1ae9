"""Where people work."""

import aws_cdk as cdk
from constructs import Construct

from mlplatform.experiment_tracking import ExperimentTracking
from mlplatform.settings import Environment
from mlplatform.stack import PlatformStack
from mlplatform.studio_domain import StudioDomain
from mlplatform.studio_groups import StudioGroups
from mlplatform.studio_homes import StudioHomes
from mlplatform.studio_image import StudioImage
from mlplatform.studio_people import StudioPeople
from mlplatform.studio_roles import PersonaRoles
from mlplatform.studio_services import StudioServiceRoles
from mlplatform.studio_startup import StudioStartup


class StudioStack(PlatformStack):
    """SageMaker domain, people with their roles and security groups, start-up script, experiment tracking."""

    def __init__(self, scope: Construct, construct_id: str, *, settings: Environment) -> None:
        super().__init__(
            scope, construct_id, settings=settings, description="Studio: domain, people, roles, tracking"
        )
        studio = settings.studio
        groups = StudioGroups(self, "Groups", settings=settings)
        personas = PersonaRoles(self, "Personas", settings=settings)
        StudioServiceRoles(self, "Services", settings=settings)
        image = studio.custom_image and StudioImage(
            self, "Image", settings=settings, image=studio.custom_image
        )
        domain = StudioDomain(
            self,
            "Domain",
            settings=settings,
            role_arns=personas.arns,
            group_ids=groups.ids,
            startup=StudioStartup(self, "Startup", settings=settings),
            image=image.selected if image else None,
        )
        StudioPeople(
            self,
            "People",
            settings=settings,
            domain_id=domain.attr_domain_id,
            role_arns=personas.arns,
            group_ids=groups.ids,
        )
        if studio.home_efs:
            StudioHomes(self, "Homes", settings=settings, domain=domain)
        if studio.mlflow != "none":
            ExperimentTracking(self, "Tracking", settings=settings)
        cdk.CfnOutput(self, "DomainId", value=domain.attr_domain_id, description="For signing in by URL")
        if studio.auth_mode == "sso":
            cdk.CfnOutput(
                self,
                "SignInApplicationArn",
                value=domain.attr_single_sign_on_application_arn,
                description="What people are assigned to in Identity Center",
            )
