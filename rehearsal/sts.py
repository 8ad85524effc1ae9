"""AWS STS: roles assume roles, and everybody learns who they are."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from rehearsal.api import ApiError, ApiRequest, Parameters, Place, Principal
from rehearsal.gate import session_arn


class Sts:
    """Answers the calls of STS. The gate has judged them: the caller's policies and the role's trust."""

    def __init__(self, place: Place, credentials: Callable[[Principal], Mapping[str, str]]) -> None:
        self._place = place
        self._credentials = credentials
        self._operations: dict[str, Callable[[ApiRequest], Parameters]] = {
            "AssumeRole": self._assume_role,
            "GetCallerIdentity": self._identity,
        }

    def __call__(self, request: ApiRequest) -> Parameters:
        """Answer one call. Raises ApiError for an operation that is not emulated."""
        if request.operation not in self._operations:
            raise ApiError("NotImplemented", f"the rehearsal has no sts:{request.operation}", 501)
        return self._operations[request.operation](request)

    def _assume_role(self, request: ApiRequest) -> dict[str, Any]:
        asked = request.parameters
        if narrowed := {"Policy", "PolicyArns", "Tags"} & set(asked):
            what = ", ".join(sorted(narrowed))
            raise ApiError("NotImplemented", f"the rehearsal has no sessions with {what}", 501)
        # A session keeps the network of whoever assumed it, and nothing else of theirs.
        network = {k: v for k, v in request.principal.context.items() if k == "aws:SourceVpce"}
        session = Principal(asked["RoleArn"], asked["RoleSessionName"], network)
        keys = self._credentials(session)
        return {
            "Credentials": {
                "AccessKeyId": keys["AWS_ACCESS_KEY_ID"],
                "SecretAccessKey": keys["AWS_SECRET_ACCESS_KEY"],
                "SessionToken": keys["AWS_SESSION_TOKEN"],
                "Expiration": datetime.now(UTC) + timedelta(seconds=asked.get("DurationSeconds", 3600)),
            },
            "AssumedRoleUser": {
                "AssumedRoleId": f"AROAREHEARSAL:{session.session}",
                "Arn": session_arn(session, self._place),
            },
        }

    def _identity(self, request: ApiRequest) -> dict[str, Any]:
        caller, place = request.principal, self._place
        arn = session_arn(caller, place) if caller.arn else place.arn("iam", "user/rehearsal", region="")
        return {"Account": place.account, "Arn": arn, "UserId": f"AROAREHEARSAL:{caller.session}"}
