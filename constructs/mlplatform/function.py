"""A Lambda function of the platform: one package of ``lambda/``, its own role and log group."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from mlplatform.acknowledgements import accept_all
from mlplatform.exports import subnet_exports
from mlplatform.log_group import LogGroup, SharedLogGroup
from mlplatform.permissions.grant import Grant
from mlplatform.policy import Statement, allow, within
from mlplatform.role import ServiceRole
from mlplatform.settings import Environment
from mlplatform.stack import PlatformStack
from mlplatform.stack_exports import import_value

_SOURCES = Path(__file__).parents[2] / "lambda"

RUNTIME = "python3.14"
_STAR = "AwsSolutions::AwsSolutions-IAM5[Resource::*]"
_WRITE_TRACES = ("xray:PutTelemetryRecords", "xray:PutTraceSegments")


class PlatformFunction(Construct):
    """Runs ``lambda/<package>/handler.py``: in the platform's network if it reads customer data.

    Outside the VPC (unless ``in_network``) a function does control-plane work only. What it may do are
    ``statements``, of which ``star_reason`` says why any needs the resource ``*``, and ``grants``, which each
    say why; ``accepted`` are findings about the function, with the reasons why; ``shared`` are the modules of
    ``lambda/`` that the package uses.

    Where a package has several functions, each has its own ``thing``, by which it and its role are named, and
    they share the log group ``logs_in``, which another stack makes. ``environment`` are its variables.
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
        statements: Sequence[Statement] = (),
        grants: Sequence[Grant] = (),
        star_reason: str = "no other statement has it",
        accepted: Mapping[str, str] | None = None,
        shared: Sequence[str] = (),
        in_network: bool = False,
        memory_mib: int = 256,
        thing: str | None = None,
        logs_in: str | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        called = thing or package.replace("_", "-")
        self.name = settings.names.name(called, kind="function")
        logs: LogGroup | SharedLogGroup
        if logs_in:
            logs = SharedLogGroup.of(logs_in, settings)
        else:
            logs = LogGroup(self, "Logs", settings=settings, thing=f"function/{called}", key_arn=key_arn)
        self.role = ServiceRole(
            self,
            "Role",
            settings=settings,
            kind="function",
            service="lambda.amazonaws.com",
            description=description,
            thing=thing,
            policy=[
                *statements,
                allow("WriteTraces", _WRITE_TRACES, ["*"], condition=within(settings.region)),
            ],
            grants=grants,
            log_group=logs,
            accepted={
                _STAR: f"{package}: X-Ray's write actions accept no resource but *; "
                f"{'; '.join(_stars(grants)) or star_reason}"
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
            role=self.role.attr_arn,
            kms_key_arn=key_arn,
            timeout=timeout_seconds,
            memory_size=memory_mib,
            environment=lambda_.CfnFunction.EnvironmentProperty(variables=environment)
            if environment
            else None,
            vpc_config=_network(settings) if in_network else None,
            tracing_config=lambda_.CfnFunction.TracingConfigProperty(mode="Active"),
            logging_config=lambda_.CfnFunction.LoggingConfigProperty(log_format="JSON", log_group=logs.ref),
        )
        self.arn = self.resource.attr_arn
        findings = {**({} if in_network else _outside(package)), **(accepted or {})}
        if findings:
            accept_all(self.resource, findings)


def _stars(grants: Sequence[Grant]) -> list[str]:
    """Why some of ``grants`` have the resource ``*``."""
    return [grant.why for grant in grants if grant.effect == "Allow" and "*" in grant.resources]


def _network(settings: Environment) -> lambda_.CfnFunction.VpcConfigProperty:
    """The platform's subnets, and the security group of functions."""
    return lambda_.CfnFunction.VpcConfigProperty(
        subnet_ids=[import_value(name, settings) for name in subnet_exports(settings)],
        security_group_ids=[import_value("FunctionSecurityGroupId", settings)],
    )


def _outside(package: str) -> dict[str, str]:
    """Why a function is not in the VPC."""
    why = (
        f"{package} calls AWS control planes only and reads no customer data; "
        "inside the VPC it would need an endpoint per service and gain nothing"
    )
    return {"NIST.800.53.R5::NIST.800.53.R5-LambdaInsideVPC": why}
