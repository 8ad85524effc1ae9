"""Customizing one model in Amazon Bedrock: the roles of jobs and workflows, and the function they call."""

from collections.abc import Sequence
from typing import Any

from constructs import Construct

from mlplatform.function import PlatformFunction
from mlplatform.permissions.bedrock_places import imports_versions
from mlplatform.permissions.bedrock_roles import (
    bedrock_function,
    bedrock_job,
    customize_bedrock,
    retire_bedrock,
)
from mlplatform.permissions.grant import Grant
from mlplatform.permissions.run_places import machine_arn
from mlplatform.policy import trust
from mlplatform.role import PlatformRole
from mlplatform.settings import Environment
from mlplatform.settings.products import ModelProduct
from mlplatform.stack_exports import import_value
from mlplatform.workflow_functions import called
from mlplatform.workflows import bedrock

PACKAGE = "bedrock_customization"
"""Package of ``lambda/``."""

LOGS = "function/bedrock-customization"
"""The log group that the functions of all models share."""

SECONDS, MIB = 180, 512
"""The longest a step takes, and the memory whose share of a processor loads boto3's clients in a second."""

JOBS, IMPORTS = ("model-customization-job",), ("model-import-job", "custom-model")
"""What Bedrock takes on the role of jobs for (user guide, "Create a service role for customization" and "for
importing pre-trained models"; API reference, CreateCustomModel), the latter where versions are imported."""


def sources(product: ModelProduct, settings: Environment) -> list[str]:
    """ARN patterns of what Bedrock takes on the role of the product's jobs for."""
    kinds = (*JOBS, *(IMPORTS if imports_versions(product) else ()))
    return [settings.names.arn("bedrock", f"{kind}/*") for kind in kinds]


class BedrockCustomization(Construct):
    """``workflow_arns`` are the roles of the workflows, by name; no role of another model's reaches them."""

    def __init__(
        self, scope: Construct, construct_id: str, *, settings: Environment, product: ModelProduct
    ) -> None:
        super().__init__(scope, construct_id)
        self._settings, self._model = settings, product.name
        self._account = {"StringEquals": {"aws:SourceAccount": settings.account}}
        PlatformFunction(
            self,
            "Function",
            settings=settings,
            package=PACKAGE,
            thing=bedrock.function_thing(product),
            logs_in=LOGS,
            description=f"Does each step of serving {product.name} in Amazon Bedrock",
            timeout_seconds=SECONDS,
            memory_mib=MIB,
            key_arn=import_value("LogsKeyArn", settings),
            grants=bedrock_function(product, settings),
            accepted=called(PACKAGE),
            shared=["customization_spend", "s3_documents", "s3_locations", "service_faults"],
        )
        jobs, what = sources(product, settings), f"Amazon Bedrock's jobs for {product.name}"
        self._role("job", "bedrock", jobs, what, bedrock_job(product, settings), "bedrock")
        makes, ends = customize_bedrock(product, settings), retire_bedrock(product, settings)
        self.workflow_arns = {
            bedrock.CUSTOMIZE: self._workflow(bedrock.CUSTOMIZE, "Customizes and serves", makes),
            bedrock.RETIRE: self._workflow(bedrock.RETIRE, "Takes out of service", ends),
        }

    def _workflow(self, name: str, verb: str, grants: list[Grant]) -> str:
        # Step Functions runs the parts of a Distributed Map as a state machine below the workflow's own.
        arn = machine_arn(self._settings.names, self._model, name)
        machines = [f"{arn}{rest}" for rest in ("", "/*")]
        what = f"{verb} {self._model} in Amazon Bedrock"
        return self._role("workflow", "states", machines, what, grants, name).attr_arn

    def _role(
        self, kind: str, service: str, sources: Sequence[str], what: str, grants: list[Grant], thing: str
    ) -> PlatformRole:
        condition: dict[str, Any] = {**self._account, "ArnLike": {"aws:SourceArn": list(sources)}}
        return PlatformRole(
            self,
            "".join(part.capitalize() for part in (kind, *thing.split("-"))),
            settings=self._settings,
            kind=kind,
            trusts=trust(f"{service}.amazonaws.com", condition=condition),
            description=what,
            thing=f"{self._model}-{thing}",
            grants=grants,
        )
