"""Settings of what starts a model's workflows."""

from typing import Annotated, Literal

from pydantic import Field

from mlplatform.settings.fields import Section, Text

Marker = Annotated[str, Text(r"[\w!.()-]{1,128}", "the name of an object such as _SUCCESS")]
TimeZone = Annotated[
    str,
    Text(
        r"(?=.{1,50}$)[A-Za-z]+([/_+-][A-Za-z0-9]+)*",
        "a time zone of the IANA database such as Europe/Berlin",
    ),
]


class ScheduleSettings(Section):
    """When workflows start by themselves."""

    train: str | None = Field(default=None, description="cron(…) or rate(…) of EventBridge Scheduler")
    batch: str | None = Field(default=None, description="cron(…) or rate(…) of EventBridge Scheduler")
    timezone: TimeZone = Field(default="UTC", description="the time zone of cron(…), such as Europe/Berlin")
    new_data: Literal["train", "tune", "batch"] | None = Field(
        default=None, description="the workflow to start when the marker arrives beside the training data"
    )
    marker: Marker = Field(default="_SUCCESS", description="the object that says the data is complete")
