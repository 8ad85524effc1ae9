"""What serves one model product."""

import json
import tempfile

from aws_cdk import cloudformation_include as include
from constructs import Construct

from mlplatform.acknowledgements import accept_all
from mlplatform.product_tags import tag_product
from mlplatform.rules.jobs import has_local_storage
from mlplatform.serving.parts import Part, Served, served
from mlplatform.serving.template import template
from mlplatform.settings import Environment
from mlplatform.settings.products import ModelProduct
from mlplatform.stack import PlatformStack

NO_ACTION = "NIST.800.53.R5::NIST.800.53.R5-CloudWatchAlarmAction"
_NO_ACTION_NEEDED = (
    "SageMaker reads the alarms of a release and goes back by itself, and the release tells; the platform's "
    "rule ALARM_ACTION demands an action of every other alarm"
)


class ServingStack(PlatformStack):
    """The endpoint of one product with its models, configuration, autoscaling and alarms, and nothing else.

    ``mlplatform.serving`` writes the whole template; it becomes constructs of CDK's own types in one call, so
    that the checks and the cost-allocation tags reach each of them.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, settings: Environment, product: ModelProduct
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            settings=settings,
            description=f"What serves {product.name}: releases change its parameters",
            serves=True,
        )
        subject = served(product, settings)
        accept_all(_included(self, template(subject)), accepted(subject))
        tag_product(self, product)


def _included(scope: Construct, body: Part) -> include.CfnInclude:
    """A template as constructs; CDK takes the path of a file, and reads it at once."""
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        file.write(json.dumps(body))
        file.flush()
        return include.CfnInclude(scope, "Template", template_file=file.name)


def accepted(subject: Served) -> dict[str, str]:
    """Findings of the checks that are as they should be, with the reason."""
    found = {NO_ACTION: _NO_ACTION_NEEDED}
    serving = subject.serving
    if any(map(has_local_storage, serving.instance_types)):
        found["NIST.800.53.R5::NIST.800.53.R5-SageMakerEndpointConfigurationKMSKeyConfigured"] = (
            "instances with local storage encrypt it with a key of their own, and SageMaker refuses another"
        )
    if serving.mode != "serverless" and serving.instances.minimum < 2:
        found["Platform::ENDPOINT_INSTANCES"] = (
            "one instance is what the settings ask for; realtime production traffic has two or more"
        )
    if not serving.network_isolation:
        found["Platform::NETWORK_ISOLATION"] = (
            "the settings turn network isolation off; the security group still opens no way to the internet"
            if serving.mode != "serverless"
            else "serverless endpoints support no network isolation; AWS runs their containers"
        )
    if serving.mode == "serverless":
        found["Platform::IN_VPC"] = "serverless endpoints support no VPC; AWS runs their containers"
    return found
