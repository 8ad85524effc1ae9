"""Settings of releases: what starts one in an environment, and who must confirm it."""

from typing import Annotated, Any

from pydantic import Field, ValidationInfo, WithJsonSchema, field_validator
from pydantic.functional_validators import BeforeValidator

from mlplatform.settings.fields import Section, refuse
from mlplatform.settings.values import shown

WORDS = ("on_approval", "manual")
"""What starts a release without regard to another environment."""

_ALLOWED = f"{', '.join(WORDS)}, or {{after: <environment>}}"
_SCHEMA: dict[str, Any] = {
    "anyOf": [
        {"enum": list(WORDS)},
        {
            "type": "object",
            "properties": {"after": {"type": "string"}},
            "required": ["after"],
            "additionalProperties": False,
        },
    ]
}


class AfterSettings(Section):
    """A version is offered once it served verified in another environment."""

    after: str = Field(description="the environment in which a version must have served first")


def _start(value: Any) -> str | AfterSettings:
    if isinstance(value, AfterSettings) or (isinstance(value, str) and value in WORDS):
        return value
    if isinstance(value, dict) and list(value) == ["after"] and isinstance(value["after"], str):
        return AfterSettings(after=value["after"])
    raise refuse("unknown value", given=shown(value), allowed=_ALLOWED)


class ReleaseSettings(Section):
    """How an approved version comes to serve in the environment."""

    start: Annotated[str | AfterSettings, BeforeValidator(_start), WithJsonSchema(_SCHEMA)] = Field(
        default="on_approval",
        description="on_approval: an approval starts the release; manual: a person or pipeline does; "
        "{after: <environment>}: versions that served there are offered, and a person confirms",
    )
    confirm_within_hours: int = Field(
        default=72, ge=1, le=168, description="with after: how long a person may take to confirm, in hours"
    )

    @field_validator("confirm_within_hours")
    @classmethod
    def _needed(cls, hours: int, info: ValidationInfo) -> int:
        start = info.data.get("start")
        if isinstance(start, str) and hours != cls.model_fields["confirm_within_hours"].default:
            what = f"does not go with start: {start}, which nobody confirms"
            raise refuse(what, given=hours, allowed="start: {after: <environment>}")
        return hours

    @property
    def after(self) -> str | None:
        """The environment in which a version must have served first, or None."""
        return self.start.after if isinstance(self.start, AfterSettings) else None

    @property
    def on_approval(self) -> bool:
        """Whether an approval starts a release by itself."""
        return self.start == "on_approval"
