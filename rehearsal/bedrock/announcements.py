"""State changes as EventBridge receives them.

Amazon Bedrock user guide, "How EventBridge for Amazon Bedrock works". Only customization and batch inference
jobs have events: nothing tells of deployments, imports, Provisioned Throughput.
"""

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from rehearsal.bedrock.store import Record

if TYPE_CHECKING:
    from rehearsal.emulator import Emulator

_MEMBERS = (
    "jobName",
    "jobArn",
    "outputModelName",
    "outputModelArn",
    "roleArn",
    "failureMessage",
    "creationTime",
    "lastModifiedTime",
    "endTime",
    "baseModelArn",
    "hyperParameters",
    "trainingDataConfig",
    "validationDataConfig",
    "outputDataConfig",
)
"""Members of the guide's sample event, named as GetModelCustomizationJob names them."""


def announce(emulator: "Emulator", job: Record, moment: datetime) -> None:
    """Publish how a customization job stands since ``moment``."""
    found = {name: _plain(job.description[name]) for name in _MEMBERS if job.description.get(name)}
    detail = {"version": "0.0", **found, "jobStatus": job.status}
    emulator.publish(
        {
            "version": "0",
            "id": str(uuid4()),
            "detail-type": "Model Customization Job State Change",
            "source": "aws.bedrock",
            "account": emulator.place.account,
            "time": _plain(moment),
            "region": emulator.place.region,
            "resources": [job.arn],
            "detail": detail,
        }
    )


def _plain(value: Any) -> Any:
    return value.strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(value, datetime) else value
