"""Where the runs of experiments are recorded: MLflow, as an app or as a server."""

from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from mlplatform.permissions.places import TRACKING_PREFIX
from mlplatform.permissions.studio_jobs import mlflow
from mlplatform.role import ServiceRole
from mlplatform.settings import Environment


class ExperimentTracking(Construct):
    """An MLflow App or, for ``mlflow: server``, a server; files of runs go to the artifacts bucket."""

    def __init__(self, scope: Construct, construct_id: str, *, settings: Environment) -> None:
        super().__init__(scope, construct_id)
        role = ServiceRole(
            self,
            "Role",
            settings=settings,
            kind="service",
            thing="mlflow",
            service="sagemaker.amazonaws.com",
            description="What MLflow keeps the files of runs as",
            grants=mlflow(settings),
        )
        name = settings.names.name("mlflow", kind="studio")
        store = f"s3://{settings.names.bucket('artifacts')}/{TRACKING_PREFIX.rstrip('/')}"
        if settings.studio.mlflow == "app":
            sagemaker.CfnMlflowApp(self, "App", name=name, role_arn=role.attr_arn, artifact_store_uri=store)
        else:
            sagemaker.CfnMlflowTrackingServer(
                self,
                "Server",
                tracking_server_name=name,
                role_arn=role.attr_arn,
                artifact_store_uri=store,
                tracking_server_size=settings.studio.mlflow_server_size,
            )
