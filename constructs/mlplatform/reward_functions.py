"""The reward functions of one model: what a training or evaluation job asks how good an answer is."""

from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from mlplatform.acknowledgements import accept_all
from mlplatform.customization.reward_deployments import RewardDeployment, deployments
from mlplatform.customization.reward_package import pack
from mlplatform.function import RUNTIME
from mlplatform.log_group import SharedLogGroup
from mlplatform.permissions.customization_places import REWARD_ROLE
from mlplatform.role import ServiceRole
from mlplatform.settings import Environment
from mlplatform.settings.products import ModelProduct
from mlplatform.stack import PlatformStack
from mlplatform.stack_exports import import_value
from mlplatform.workflows.source import staging_bucket

LOGS = "function/rewards"
"""The log group that the reward functions of all models share."""

SECONDS, MIB = 300, 512
"""The longest a batch of samples takes, of the 900 seconds that Lambda gives, and the memory for it."""

_WHY = {
    "NIST.800.53.R5::NIST.800.53.R5-LambdaDLQ": "a job calls it and waits for its answer; nothing is invoked "
    "asynchronously",
    "NIST.800.53.R5::NIST.800.53.R5-LambdaConcurrency": "a job calls again when the account's executions are "
    "used up; a reservation would be taken from them for good, and new accounts have only ten",
    "NIST.800.53.R5::NIST.800.53.R5-LambdaInsideVPC": "it computes with what it is called with and calls "
    "nothing; attaching it to a network would take rights that a role which only logs does not have",
}


class RewardFunctions(Construct):
    """A function for each reward and scorer of a model that SageMaker does not have itself.

    All run as one role, which can only write their logs: it reads no data, and what a function of the model's
    own folder could do is no more than that. They are not traced, which would take further rights.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, settings: Environment, product: ModelProduct
    ) -> None:
        super().__init__(scope, construct_id)
        self._settings, self._product = settings, product
        self._logs = SharedLogGroup.of(LOGS, settings)
        self._role = ServiceRole(
            self,
            "Role",
            settings=settings,
            kind="function",
            service="lambda.amazonaws.com",
            description=f"Reward functions of {product.name}",
            thing=f"{product.name}{REWARD_ROLE}",
            log_group=self._logs,
        )
        for deployment in deployments(product.customization) if product.customization else ():
            self._function(deployment)

    def _function(self, deployment: RewardDeployment) -> None:
        settings, name = self._settings, deployment.name
        package = pack(deployment.reward, self._product.folder)
        PlatformStack.around(self).add_file(package.content, package.sha256, ".zip")
        function = lambda_.CfnFunction(
            self,
            name.title().replace("_", "").replace("-", ""),
            function_name=settings.names.reward_function(self._product.name, name),
            description=f"Says how good an answer is, by {deployment.reward.text}",
            runtime=RUNTIME,
            architectures=["arm64"],
            handler=package.handler,
            code=lambda_.CfnFunction.CodeProperty(
                s3_bucket=staging_bucket(settings), s3_key=f"{package.sha256}.zip"
            ),
            role=self._role.attr_arn,
            kms_key_arn=import_value("LogsKeyArn", settings),
            timeout=SECONDS,
            memory_size=MIB,
            environment=lambda_.CfnFunction.EnvironmentProperty(
                variables=dict(deployment.variables(self._product.folder))
            ),
            logging_config=lambda_.CfnFunction.LoggingConfigProperty(
                log_format="JSON", log_group=self._logs.ref
            ),
        )
        accept_all(function, _WHY)
