"""The roles of one model: of its jobs, of its workflows, of what starts them."""

from typing import Any

from constructs import Construct

from mlplatform import workflows
from mlplatform.permissions.grant import Grant
from mlplatform.permissions.job_roles import model_job
from mlplatform.permissions.run_places import machine_arn
from mlplatform.permissions.trigger_roles import model_trigger, trigger_trust
from mlplatform.permissions.workflow_roles import model_workflow
from mlplatform.policy import trust
from mlplatform.role import PlatformRole
from mlplatform.settings import Environment
from mlplatform.settings.products import ModelProduct
from mlplatform.workflows import Source


class ModelRoles(Construct):
    """``workflow_arn`` and ``trigger_arn`` are the ARNs of two of them; the latter is None if nothing starts
    a workflow by itself.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Environment,
        product: ModelProduct,
        source: Source,
    ) -> None:
        super().__init__(scope, construct_id)
        self._settings, self._model = settings, product.name
        ours: dict[str, Any] = {"StringEquals": {"aws:SourceAccount": settings.account}}
        # Step Functions runs the parts of a Distributed Map as a state machine below the workflow's own.
        machines = [
            f"{machine_arn(settings.names, product.name, name)}{rest}"
            for name in workflows.with_jobs(product, settings)
            for rest in ("", "/*")
        ]
        self._role(
            "job",
            trust("sagemaker.amazonaws.com", condition=ours),
            f"Jobs of {product.name}",
            model_job(product, settings),
        )
        self.workflow_arn = self._role(
            "workflow",
            trust("states.amazonaws.com", condition={**ours, "ArnLike": {"aws:SourceArn": machines}}),
            f"Workflows of {product.name}",
            model_workflow(product, settings, source),
        ).attr_arn
        self.trigger_arn = None
        if triggers := model_trigger(product, settings):
            what = f"Starts workflows of {product.name}"
            self.trigger_arn = self._role("trigger", trigger_trust(settings), what, triggers).attr_arn

    def _role(self, kind: str, trusts: dict[str, Any], description: str, grants: list[Grant]) -> PlatformRole:
        return PlatformRole(
            self,
            kind.capitalize(),
            settings=self._settings,
            kind=kind,
            trusts=trusts,
            description=description,
            thing=f"{self._model}-{kind}",
            grants=grants,
        )
