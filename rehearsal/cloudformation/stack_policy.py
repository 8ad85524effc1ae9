"""Stack policies: what an update may do to which resource, whoever makes it.

User Guide, "Prevent updates to stack resources": a stack with a policy denies what no statement allows; a
Deny wins. It says nothing about the deletion of the stack.
"""

import json
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from tools.templates import as_list

ACTIONS = ("Update:Modify", "Update:Replace", "Update:Delete", "Update:*")


class PolicyError(Exception):
    """A text that is no stack policy."""


def checked(text: str) -> str:
    """The policy itself. Raises PolicyError."""
    try:
        statements = json.loads(text)["Statement"]
    except (ValueError, KeyError, TypeError) as error:
        raise PolicyError(f"Error validating stack policy: Invalid stack policy: {error}") from error
    for statement in as_list(statements):
        said = [*as_list(statement.get("Action")), *as_list(statement.get("NotAction"))]
        if unknown := [name for name in said if name not in ACTIONS]:
            raise PolicyError(f"Error validating stack policy: Invalid action {', '.join(unknown)}")
        if statement.get("Effect") not in ("Allow", "Deny") or statement.get("Principal") != "*":
            raise PolicyError("Error validating stack policy: a statement needs Effect and Principal *")
    return text


def denial(policy: str | None, action: str, logical_id: str, kind: str) -> str:
    """Why ``policy`` does not let a resource be updated so, in CloudFormation's words; empty if it does."""
    if policy is None:
        return ""
    allowed = False
    for number, statement in enumerate(as_list(json.loads(policy)["Statement"]), 1):
        if not _applies(statement, action, logical_id, kind):
            continue
        if statement["Effect"] == "Deny":
            return (
                f"Action denied by stack policy: Statement [#{number}] does not allow [{action}] "
                f"for resource [LogicalResourceId/{logical_id}]"
            )
        allowed = True
    return "" if allowed else f"Action not allowed by stack policy: [{action}] for [{logical_id}]"


def _applies(statement: Mapping[str, Any], action: str, logical_id: str, kind: str) -> bool:
    named = "Action" in statement
    actions = as_list(statement["Action"] if named else statement["NotAction"])
    if any(fnmatchcase(action, one) for one in actions) != named:
        return False
    named = "Resource" in statement
    resources = as_list(statement["Resource"] if named else statement.get("NotResource"))
    here = (f"LogicalResourceId/{logical_id}", logical_id)
    if any(fnmatchcase(one, pattern) for one in here for pattern in resources) != named:
        return False
    kinds = [
        pattern
        for operator in statement.get("Condition", {}).values()
        for pattern in as_list(operator.get("ResourceType"))
    ]
    return not kinds or any(fnmatchcase(kind, pattern) for pattern in kinds)
