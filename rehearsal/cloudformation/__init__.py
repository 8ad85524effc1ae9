"""AWS CloudFormation in the rehearsal: deploys the templates that `cdk deploy` would send."""

from rehearsal.cloudformation.assembly import AssemblyError
from rehearsal.cloudformation.engine import Engine
from rehearsal.cloudformation.operation import StackError

__all__ = ["AssemblyError", "Engine", "StackError"]
