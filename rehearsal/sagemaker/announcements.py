"""State changes as EventBridge receives them (developer guide, "Automating SageMaker with EventBridge")."""

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from rehearsal.sagemaker.store import Record

if TYPE_CHECKING:
    from rehearsal.emulator import Emulator


def announce(emulator: "Emulator", subject: str, record: Record, detail: dict[str, Any]) -> None:
    """Publish ``SageMaker <subject> State Change`` for a resource."""
    emulator.publish(
        {
            "version": "0",
            "id": str(uuid4()),
            "detail-type": f"SageMaker {subject} State Change",
            "source": "aws.sagemaker",
            "account": emulator.place.account,
            "time": emulator.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
            "region": emulator.place.region,
            "resources": [record.arn],
            "detail": _plain({**detail, "Tags": record.tags}),
        }
    )


def _plain(value: Any) -> Any:
    """Times as milliseconds since the epoch, as the guide's samples show them."""
    if isinstance(value, datetime):
        return int(value.timestamp() * 1000)
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value
