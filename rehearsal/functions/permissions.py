"""Who outside the account's own roles may invoke a function: its resource policy."""

import json
from dataclasses import dataclass
from typing import Any

from rehearsal.api import ApiError, Parameters
from rehearsal.functions.function import Function


@dataclass(frozen=True)
class Permissions:
    """Writes the statements into ``policies``, where the emulator judges by them."""

    policies: dict[str, Any]

    def add(self, function: Function, parameters: Parameters) -> Parameters:
        """AddPermission. Raises ApiError for a statement id that is there already."""
        sid = parameters["StatementId"]
        statements = self._statements(function)
        if any(statement["Sid"] == sid for statement in statements):
            what = f"The statement id ({sid}) provided already exists. Please provide a new statement id."
            raise ApiError("ResourceConflictException", what, 409)
        statement = _statement(function, parameters)
        self._put(function, [*statements, statement])
        return {"Statement": json.dumps(statement)}

    def remove(self, function: Function, parameters: Parameters) -> Parameters:
        """RemovePermission. Raises ApiError for a statement id that is not there."""
        sid, statements = parameters["StatementId"], self._statements(function)
        kept = [statement for statement in statements if statement["Sid"] != sid]
        if len(kept) == len(statements):
            raise ApiError(
                "ResourceNotFoundException", f"Statement {sid} is not found in resource policy.", 404
            )
        self._put(function, kept)
        return {}

    def policy(self, function: Function) -> Parameters:
        """GetPolicy. Raises ApiError if the function has none."""
        if function.arn not in self.policies:
            raise ApiError("ResourceNotFoundException", "The resource you requested does not exist.", 404)
        return {"Policy": json.dumps(self.policies[function.arn])}

    def forget(self, function: Function) -> None:
        """The function is no more."""
        self.policies.pop(function.arn, None)

    def _statements(self, function: Function) -> list[dict[str, Any]]:
        policy = self.policies.get(function.arn, {"Statement": []})
        return list(policy["Statement"])

    def _put(self, function: Function, statements: list[dict[str, Any]]) -> None:
        self.forget(function)
        if statements:
            self.policies[function.arn] = {"Version": "2012-10-17", "Statement": statements}


def _statement(function: Function, parameters: Parameters) -> dict[str, Any]:
    principal = parameters["Principal"]
    condition: dict[str, Any] = {}
    if "SourceArn" in parameters:
        condition["ArnLike"] = {"AWS:SourceArn": parameters["SourceArn"]}
    if "SourceAccount" in parameters:
        condition["StringEquals"] = {"AWS:SourceAccount": parameters["SourceAccount"]}
    service = principal.endswith((".amazonaws.com", ".amazonaws.com.cn"))
    return {
        "Sid": parameters["StatementId"],
        "Effect": "Allow",
        "Principal": {"Service": principal} if service else {"AWS": principal},
        "Action": parameters["Action"],
        "Resource": function.arn,
        **({"Condition": condition} if condition else {}),
    }
