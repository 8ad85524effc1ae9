"""The functions that the workflows of all models share."""

from collections.abc import Mapping

from constructs import Construct

from mlplatform.function import PlatformFunction
from mlplatform.permissions import function_roles
from mlplatform.settings import Environment
from mlplatform.stack_exports import import_value

CHECK_SECONDS, CHECK_MIB = 900, 1024
"""The longest a function runs, and memory whose share of a processor reads a part of 256 MiB in that time."""

_WHAT: Mapping[str, str] = {
    function_roles.ADMISSION: "Checks what an execution of a workflow is given, and names its jobs",
    function_roles.CHECK: "Checks that a model's data is there, readable and of the expected form",
    function_roles.GATE: "Judges an evaluation by the model's limits and the live version",
    function_roles.REGISTRATION: "Registers a version with its reports, lineage and record of experiments",
}


def called(package: str) -> dict[str, str]:
    """Why a function that only workflows call has neither dead-letter queue nor reserved executions."""
    return {
        "NIST.800.53.R5::NIST.800.53.R5-LambdaDLQ": f"workflows call {package} and wait for its answer: what "
        "fails is retried or reported by the workflow, and nothing is invoked asynchronously",
        "NIST.800.53.R5::NIST.800.53.R5-LambdaConcurrency": f"workflows call {package} again when the "
        "account's executions are used up; a reservation would be taken from them for good, and new accounts "
        "have only ten",
    }


class WorkflowFunctions(Construct):
    """Admission, the check of data (in the network, since it reads data), the gate and registration."""

    def __init__(self, scope: Construct, construct_id: str, *, settings: Environment) -> None:
        super().__init__(scope, construct_id)
        self._settings = settings
        self._function(function_roles.ADMISSION, timeout_seconds=30)
        self._function(
            function_roles.CHECK, timeout_seconds=CHECK_SECONDS, memory_mib=CHECK_MIB, in_network=True
        )
        if settings.training:  # elsewhere nothing is judged or registered
            self._function(function_roles.GATE, timeout_seconds=60)
            self._function(function_roles.REGISTRATION, timeout_seconds=300)

    def _function(
        self, package: str, *, timeout_seconds: int, memory_mib: int = 256, in_network: bool = False
    ) -> None:
        PlatformFunction(
            self,
            "".join(part.capitalize() for part in package.split("_")),
            settings=self._settings,
            package=package,
            description=_WHAT[package],
            timeout_seconds=timeout_seconds,
            memory_mib=memory_mib,
            in_network=in_network,
            key_arn=import_value("LogsKeyArn", self._settings),
            grants=function_roles.grants(package, self._settings),
            accepted=called(package),
            shared=[] if package == function_roles.ADMISSION else ["s3_locations"],
        )
