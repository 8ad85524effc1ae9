"""How a function answers CloudFormation, which otherwise waits for it until the stack's time is up."""

import json
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any


def answer(event: Mapping[str, Any], context: Any, work: Callable[[], Mapping[str, str] | None]) -> None:
    """Answer one request with the attributes that ``work`` returns, if any, or with its failure.

    AWS CloudFormation user guide, "Custom resource request and response reference".
    """
    response: dict[str, Any] = {key: event[key] for key in ("StackId", "RequestId", "LogicalResourceId")}
    response["PhysicalResourceId"] = event.get("PhysicalResourceId", event["LogicalResourceId"])
    try:
        response |= {"Status": "SUCCESS", "Data": work() or {}}
    except Exception as error:
        response |= {
            "Status": "FAILED",
            "Reason": f"{type(error).__name__}: {error} (log stream {context.log_stream_name})",
        }
    request = urllib.request.Request(
        event["ResponseURL"],
        data=json.dumps(response).encode(),
        method="PUT",
        headers={"Content-Type": ""},
    )
    with urllib.request.urlopen(request, timeout=10):
        pass
