"""A Lambda function of the platform: one package of ``lambda/``, its own role and log group."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from mlplatform.acknowledgements import accept_all
from mlplatform.log_group import LogGroup
from mlplatform.policy import Statement, allow, within
from mlplatform.role import ServiceRole
from mlplatform.settings import Environment
from mlplatform.stack import PlatformStack

_SOURCES = Path(__file__).parents[2] / "lambda"

RUNTIME = "python3.14"
_WRITE_TRACES = ("xray:PutTelemetryRecords", "xray:PutTraceSegments")


class PlatformFunction(Construct):
    """Runs ``lambda/<package>/handler.py`` outside the VPC: for control-plane work, never customer data.

    ``star_reason`` says why any of ``statements`` needs the resource ``*``;
    ``accepted`` are findings about the function, with the reasons why; ``shared`` are the modules of
    ``lambda/`` that the package uses.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Environment,
        package: str,
        description: str,
        timeout_seconds: int,
        key_arn: str,
        statements: Sequence[Statement],
        star_reason: str = "no other statement has it",
        accepted: Mapping[str, str] | None = None,
        shared: Sequence[str] = (),
    ) -> None:
        super().__init__(scope, construct_id)
        thing = package.replace("_", "-")
        self.name = settings.names.name(thing, kind="function")
        logs = LogGroup(self, "Logs", settings=settings, thing=f"function/{thing}", key_arn=key_arn)
        role = ServiceRole(
            self,
            "Role",
            settings=settings,
            kind="function",
            service="lambda.amazonaws.com",
            description=description,
            policy=[
                *statements,
                allow("WriteTraces", _WRITE_TRACES, ["*"], condition=within(settings.region)),
            ],
            log_group=logs,
            accepted={
                "AwsSolutions::AwsSolutions-IAM5[Resource::*]": f"{package}: X-Ray's write actions accept no "
                f"resource but *; {star_reason}"
            },
        )
        source = cdk.AssetStaging(
            self,
            "Code",
            source_path=str(_SOURCES),
            exclude=["/*", f"!/{package}", *(f"!/{module}.py" for module in shared), "__pycache__"],
            ignore_mode=cdk.IgnoreMode.GIT,
        )
        code = PlatformStack.around(self).add_folder(source)
        self.resource = lambda_.CfnFunction(
            self,
            "Resource",
            function_name=self.name,
            description=description,
            runtime=RUNTIME,
            architectures=["arm64"],
            handler=f"{package}.handler.handler",
            code=lambda_.CfnFunction.CodeProperty(s3_bucket=code.bucket_name, s3_key=code.object_key),
            role=role.attr_arn,
            kms_key_arn=key_arn,
            timeout=timeout_seconds,
            memory_size=256,
            tracing_config=lambda_.CfnFunction.TracingConfigProperty(mode="Active"),
            logging_config=lambda_.CfnFunction.LoggingConfigProperty(log_format="JSON", log_group=logs.ref),
        )
        self.arn = self.resource.attr_arn
        outside = (
            f"{package} calls AWS control planes only and reads no customer data; "
            "inside the VPC it would need an endpoint per service and gain nothing"
        )
        accept_all(
            self.resource, {"NIST.800.53.R5::NIST.800.53.R5-LambdaInsideVPC": outside, **(accepted or {})}
        )
