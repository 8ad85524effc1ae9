"""What serves one model product."""

import json
import tempfile
from pathlib import Path

from aws_cdk import cloudformation_include as include
from constructs import Construct

from mlplatform.acknowledgements import accept, accept_all
from mlplatform.product_tags import tag_product
from mlplatform.rules.jobs import has_local_storage
from mlplatform.serving.parts import Served, served
from mlplatform.serving.template import template
from mlplatform.settings import Environment
from mlplatform.settings.products import ModelProduct
from mlplatform.stack import PlatformStack

NO_ACTION = "NIST.800.53.R5::NIST.800.53.R5-CloudWatchAlarmAction"


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
        included = _included(self, subject)
        accept_all(included, accepted(subject))
        for name in filter(is_release_alarm, template(subject)["Resources"]):
            because = f"{name} is read by SageMaker, which goes back by itself, and by the release, which tells"
            accept(included.get_resource(name), NO_ACTION, because=because)
        tag_product(self, product)


def _included(scope: Construct, subject: Served) -> include.CfnInclude:
    """The template as constructs; CDK takes the path of a file, and reads it at once."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "template.json"
        path.write_text(json.dumps(template(subject)), encoding="utf-8")
        return include.CfnInclude(scope, "Template", template_file=str(path))


def is_release_alarm(logical_id: str) -> bool:
    """Whether it is an alarm of the family that judges a new fleet."""
    return logical_id.startswith("Release") and logical_id.endswith("Alarm")


def accepted(subject: Served) -> dict[str, str]:
    """Findings of the checks that are as they should be, with the reason."""
    found: dict[str, str] = {}
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
