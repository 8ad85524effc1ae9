"""The dashboard of a model that serves."""

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from mlplatform.serving.dashboard import dashboard
from mlplatform.serving.parts import served
from mlplatform.settings import Environment
from mlplatform.settings.products import ModelProduct


class ModelDashboard(cloudwatch.CfnDashboard):
    """Requests, errors, latency and instances of one model, with its objectives and its releases."""

    def __init__(
        self, scope: Construct, construct_id: str, *, settings: Environment, product: ModelProduct
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            dashboard_name=settings.names.name(product.name, kind="dashboard"),
            dashboard_body=dashboard(served(product, settings)),
        )
