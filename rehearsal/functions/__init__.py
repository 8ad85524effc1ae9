"""AWS Lambda in the rehearsal: runs the functions' real files as their roles."""

from rehearsal.functions.service import FunctionService

__all__ = ["FunctionService"]
