"""``lambda:invoke``, the optimized integration (the guide, "Invoke an AWS Lambda function")."""

import json
from typing import Any

from rehearsal.states.errors import StateError
from rehearsal.states.integrations.call import Call


def invoke(call: Call) -> dict[str, Any]:
    """The function's answer in ``Payload``; a function that raised is an error of its exception's name,
    with the function's answer as cause. A function that ended without naming one is Lambda.Unknown (the
    guide, "Error names")."""
    arguments = dict(call.arguments)
    asynchronous = arguments.get("InvocationType") == "Event"
    answer = call.send("Invoke", {"Payload": {}, **arguments}, answer=False)
    text = answer["Payload"].read().decode("utf-8", "replace")
    if answer.get("FunctionError"):
        raise StateError(_error_name(text), text)
    return {
        "ExecutedVersion": answer.get("ExecutedVersion", "$LATEST"),
        "Payload": {} if asynchronous or not text else json.loads(text),
        "SdkHttpMetadata": {"HttpStatusCode": 200},
        "StatusCode": answer.get("StatusCode", 200),
    }


def _error_name(text: str) -> str:
    try:
        return str(json.loads(text).get("errorType") or "Lambda.Unknown")
    except (ValueError, AttributeError):
        return "Lambda.Unknown"
