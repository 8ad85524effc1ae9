"""The roles of one model's customization: of its jobs, and of the workflow that customizes it."""

from typing import Any

from constructs import Construct

from mlplatform.permissions.customization_function_roles import WORKFLOW, customize_workflow
from mlplatform.permissions.customization_job_roles import customization_job
from mlplatform.permissions.customization_places import JOB_ROLE, WORKFLOW_ROLE
from mlplatform.permissions.run_places import machine_arn
from mlplatform.policy import trust
from mlplatform.role import PlatformRole
from mlplatform.settings import Environment
from mlplatform.settings.customization import CustomizationSettings
from mlplatform.settings.products import ModelProduct


class CustomizationRoles(Construct):
    """``workflow_arn`` is the role of the workflow ``customize``."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Environment,
        product: ModelProduct,
        section: CustomizationSettings,
    ) -> None:
        super().__init__(scope, construct_id)
        model, ours = product.name, {"StringEquals": {"aws:SourceAccount": settings.account}}
        # Step Functions runs the parts of a Distributed Map as a state machine below the workflow's own.
        machines = [f"{machine_arn(settings.names, model, WORKFLOW)}{rest}" for rest in ("", "/*")]
        from_machines: dict[str, Any] = {**ours, "ArnLike": {"aws:SourceArn": machines}}
        PlatformRole(
            self,
            "Job",
            settings=settings,
            kind="job",
            trusts=trust("sagemaker.amazonaws.com", condition=ours),
            description=f"Customization jobs of {model}",
            thing=f"{model}{JOB_ROLE}",
            grants=customization_job(product, settings, section),
        )
        self.workflow_arn = PlatformRole(
            self,
            "Workflow",
            settings=settings,
            kind="workflow",
            trusts=trust("states.amazonaws.com", condition=from_machines),
            description=f"Customizes {model}",
            thing=f"{model}{WORKFLOW_ROLE}",
            grants=customize_workflow(product, settings),
        ).attr_arn
