"""The roles of one model's endpoint and of its releases."""

from typing import Any

from constructs import Construct

from mlplatform.permissions.endpoint_roles import model_endpoint
from mlplatform.permissions.grant import Grant
from mlplatform.permissions.release_roles import model_releases
from mlplatform.permissions.run_places import machine_arn
from mlplatform.permissions.update_roles import first_update, update, update_trust
from mlplatform.policy import trust
from mlplatform.role import PlatformRole
from mlplatform.serving.parts import Served
from mlplatform.workflows import releases


class ServingRoles(Construct):
    """Of the endpoint, of CloudFormation when it updates what serves, of the workflows that have it do so.

    They belong to the model's own stack: the Serving stack, which releases change, has no IAM in it.
    ``workflow_arn`` is the role of the workflows that release.
    """

    def __init__(self, scope: Construct, construct_id: str, *, served: Served) -> None:
        super().__init__(scope, construct_id)
        self._served, model = served, served.product.name
        ours: dict[str, Any] = {"StringEquals": {"aws:SourceAccount": served.settings.account}}
        workflows = releases(served.product, served.settings)
        machines = [machine_arn(served.names, model, workflow) for workflow in workflows]
        from_machines = {**ours, "ArnLike": {"aws:SourceArn": machines}}
        endpoint, by_cloudformation = trust("sagemaker.amazonaws.com", condition=ours), update_trust(served)
        self._role(
            "Endpoint", "endpoint", "endpoint", endpoint, f"Endpoint of {model}", model_endpoint(served)
        )
        what = f"CloudFormation, for releases of {model}"
        self._role("Update", "release", "update", by_cloudformation, what, update(served))
        what = f"CloudFormation, for the first release of {model}"
        self._role("FirstUpdate", "release", "update-first", by_cloudformation, what, first_update(served))
        by_states = trust("states.amazonaws.com", condition=from_machines)
        what, grants = f"Releases of {model}", model_releases(served)
        self.workflow_arn = self._role("Releases", "workflow", "releases", by_states, what, grants).attr_arn

    def _role(
        self, name: str, kind: str, thing: str, trusts: dict[str, Any], description: str, grants: list[Grant]
    ) -> PlatformRole:
        return PlatformRole(
            self,
            name,
            settings=self._served.settings,
            kind=kind,
            trusts=trusts,
            description=description,
            thing=f"{self._served.product.name}-{thing}",
            grants=grants,
        )
