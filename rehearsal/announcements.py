"""What Amazon S3 tells EventBridge about new objects.

Amazon S3 user guide, "EventBridge event message structure".
"""

import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from werkzeug.wrappers import Response

from rehearsal import storage
from rehearsal.api import ApiRequest, Place


def announce(
    call: ApiRequest, response: Response, place: Place, publish: Callable[[Mapping[str, Any]], None]
) -> None:
    """Publish "Object Created" if the call, answered by ``response``, made an object.

    Every bucket is taken to send its events to EventBridge, as those of the platform do.
    """
    if call.service == "s3" and call.operation in storage.CREATES:
        publish(
            {
                "version": "0",
                "id": secrets.token_hex(16),
                "detail-type": "Object Created",
                "source": "aws.s3",
                "account": place.account,
                "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
                "region": place.region,
                "resources": [storage.object_arn(place, call.parameters["Bucket"])],
                "detail": _detail(call, response, place),
            }
        )


def _detail(call: ApiRequest, response: Response, place: Place) -> dict[str, Any]:
    return {
        "version": "0",
        "bucket": {"name": call.parameters["Bucket"]},
        "object": {
            "key": call.parameters["Key"],
            "size": int(call.parameters.get("ContentLength") or 0),
            "etag": response.headers.get("ETag", "").strip('"'),
            "sequencer": secrets.token_hex(8).upper(),
        },
        "request-id": secrets.token_hex(8).upper(),
        "requester": place.account,
        "source-ip-address": "127.0.0.1",
        "reason": call.operation,
    }
