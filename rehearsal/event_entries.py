"""PutEvents: entries become events on the default bus."""

import json
import uuid
from collections.abc import Mapping
from typing import Any

from rehearsal.emulator import Emulator
from rehearsal.states.clock import iso


def put(emulator: Emulator, entry: Mapping[str, Any]) -> dict[str, str]:
    """Publish one entry; the answer has its EventId, or why it failed (API reference, PutEvents)."""
    try:
        detail = json.loads(str(entry["Detail"]))
        source, kind = str(entry["Source"]), str(entry["DetailType"])
    except (KeyError, ValueError) as problem:
        return {"ErrorCode": "MalformedDetail", "ErrorMessage": f"Detail is malformed: {problem}"}
    if source.startswith("aws."):
        refused = f"Not authorized for the source {source}."
        return {"ErrorCode": "NotAuthorizedForSourceException", "ErrorMessage": refused}
    event = new_event(emulator, source, kind, detail, list(entry.get("Resources", ())))
    emulator.publish(event)
    return {"EventId": str(event["id"])}


def new_event(
    emulator: Emulator, source: str, kind: str, detail: Any, resources: list[str]
) -> dict[str, Any]:
    """An event of now with EventBridge's metadata (user guide, "Events")."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": kind,
        "source": source,
        "account": emulator.place.account,
        "time": iso(emulator.clock.now()),
        "region": emulator.place.region,
        "resources": resources,
        "detail": detail,
    }
