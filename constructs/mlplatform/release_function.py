"""The function that decides each step of one model's releases and rollbacks."""

from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from mlplatform.function import PlatformFunction
from mlplatform.managed_policy import ManagedPolicy
from mlplatform.permissions.release_roles import (
    event_source,
    function_thing,
    model_release,
    update_roles,
)
from mlplatform.permissions.release_versions import image_accounts
from mlplatform.permissions.trigger_roles import DEAD_LETTERS
from mlplatform.permissions.update_roles import component_arn, endpoint_arn
from mlplatform.permissions.upkeep_roles import THING, sweeping
from mlplatform.serving.parts import SERVING_SPECIFICATION, Served, outcome_metrics, release_metrics
from mlplatform.stack_exports import import_value
from mlplatform.workflow_functions import called

PACKAGE = "release"
"""Package of ``lambda/``."""

LOGS = "function/release"
"""The log group that the functions of all models share."""

SECONDS, MIB = 180, 512
"""The longest a step takes, and the memory whose share of a processor loads boto3's clients in a second."""


_ACCEPTED = {finding: why for finding, why in called(PACKAGE).items() if "DLQ" not in finding}
"""It has a dead-letter queue, unlike the functions that only workflows call."""


class ReleaseFunction(PlatformFunction):
    """``lambda/release`` for one model: a release of another can neither be done nor be seen by it."""

    def __init__(self, scope: Construct, construct_id: str, *, served: Served) -> None:
        model = served.product.name
        super().__init__(
            scope,
            construct_id,
            settings=served.settings,
            package=PACKAGE,
            thing=function_thing(model),
            logs_in=LOGS,
            description=f"Decides each step of a release or rollback of {model}",
            timeout_seconds=SECONDS,
            memory_mib=MIB,
            key_arn=import_value("LogsKeyArn", served.settings),
            grants=model_release(served),
            accepted=_ACCEPTED,
            shared=["s3_locations", "service_faults"],
            environment=variables(served),
        )
        policy = ManagedPolicy(
            self,
            "Upkeep",
            settings=served.settings,
            kind="function",
            thing=f"{model}-{THING}",
            grants=sweeping(served),
        )
        self.role.managed_policy_arns = [policy.ref]
        # The clock waits for no answer: what fails again and again is kept.
        queue_arn = served.names.arn("sqs", served.names.name(DEAD_LETTERS))
        self.resource.dead_letter_config = lambda_.CfnFunction.DeadLetterConfigProperty(target_arn=queue_arn)


def variables(served: Served) -> dict[str, str]:
    """Environment variables, as ``lambda/release/aws.py`` reads them."""
    names, model = served.names, served.product.name
    update, first = update_roles(served)
    return {
        "MODEL": model,
        "ENVIRONMENT": served.settings.name,
        "STACK": names.stack(f"Serving-{model}"),
        "UPDATE_ROLE": update,
        "FIRST_ROLE": first,
        "RESOURCE_TYPES": ",".join(served.resource_types),
        "ENDPOINT": served.endpoint,
        "ENDPOINT_ARN": endpoint_arn(served),
        **(_of_component(served) if served.has_components else {}),
        **({"OUTCOMES": outcome_metrics(served)} if served.serving.ab_test else {}),
        "LEDGER": names.name("release-ledger"),
        "PACKAGE_GROUP": served.settings.neighbours.registry.package_group_arn(model),
        "IMAGE_ACCOUNTS": ",".join(image_accounts(served)),
        "REPORTS_BUCKET": names.bucket("artifacts"),
        "METRICS": release_metrics(served),
        "EVENT_SOURCE": event_source(served),
    }


def _of_component(served: Served) -> dict[str, str]:
    return {"COMPONENT_ARN": component_arn(served), "SPECIFICATION": SERVING_SPECIFICATION}
