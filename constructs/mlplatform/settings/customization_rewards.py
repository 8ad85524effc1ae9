"""Settings of what says how good an answer is: a reward of training, a scorer of an evaluation.

The short form names one (``exact_match``, ``reward.py``), the long form says more of it:
``{exact_match: {relative_tolerance: 0.01}}``, ``{json_schema: answer.json}``.
"""

import json
from pathlib import PurePosixPath
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, GetJsonSchemaHandler, model_validator
from pydantic.functional_validators import AfterValidator
from pydantic_core import CoreSchema

from mlplatform.settings.fields import Resettable, Section, Text, refuse
from mlplatform.settings.values import Number

IN_DATA = "in_data"
"""In place of a file: each line of the data carries the schema of its own answer."""

LARGEST_SCHEMA = 3_500
"""Bytes of a schema without blanks: a function's variables have 4 KiB in all (AWS Lambda quotas)."""

_FILE = r"[a-z][a-z0-9_]{0,40}\.py"
_SCHEMAS = "<file>.json of the model's folder, or in_data where each line of the data has its own"

RewardFile = Annotated[str, Text(_FILE, "a file of the model's folder such as reward.py")]
SchemaSource = Annotated[str, Text(r"in_data|[A-Za-z0-9][A-Za-z0-9_-]{0,40}\.json", _SCHEMAS)]


def compact(schema: str) -> str:
    """A JSON text without blanks. Raises ValueError if it is none."""
    return json.dumps(json.loads(schema), separators=(",", ":"), ensure_ascii=True)


def _tolerance(value: float) -> float:
    if not 0 <= value < 1:
        raise refuse("out of range", given=value, allowed="a number from 0 to below 1")
    return value


Tolerance = Annotated[Number, AfterValidator(_tolerance)]


class ExactMatchSettings(Section):
    """How an answer is compared with the reference; the defaults are those of ``lambda/rewards``."""

    relative_tolerance: Tolerance = Field(
        default=1e-6, description="by how much of itself a number with a decimal point may differ"
    )
    extraction: Literal["flexible", "strict"] = Field(
        default="flexible", description="strict: only a marked answer counts, such as #### 42"
    )


class RewardSettings(Resettable):
    """A function that says what an answer is worth: exactly one of the members."""

    presets: ClassVar[tuple[str, ...]] = ()
    """Names of what SageMaker has itself."""

    exact_match: ExactMatchSettings | None = Field(
        default=None, description="1 if the answer is the reference, else 0"
    )
    json_schema: SchemaSource | None = Field(
        default=None, description=f"how far the answer is JSON of a schema: {_SCHEMAS}"
    )
    file: RewardFile | None = Field(default=None, description="a .py file of the model's folder")

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        if value == "json_schema":
            allowed = "{json_schema: answer.json}: " + _SCHEMAS
            raise refuse("does not go without a schema", given="json_schema", allowed=allowed)
        if value == "exact_match":
            return {value: {}}
        if value in cls.presets:
            return {"preset": value}
        return {"file": Text(_FILE, cls._allowed()).check(value)}

    @model_validator(mode="after")
    def _exactly_one(self) -> "RewardSettings":
        given = [name for name in type(self).model_fields if getattr(self, name) is not None]
        if len(given) != 1:
            named = " and ".join(given) or "nothing"
            raise refuse("needs exactly one", given=named, allowed=self._allowed())
        return self

    @classmethod
    def _allowed(cls) -> str:
        names = ", ".join(("exact_match", "json_schema", *cls.presets))
        return f"{names}, or a file of the model's folder such as reward.py"

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        names = "|".join(("exact_match", *cls.presets))
        short = {"type": "string", "pattern": f"^({names}|{_FILE})$", "description": cls._allowed()}
        return {"anyOf": [short, handler.resolve_ref_schema(handler(schema))]}

    @property
    def name(self) -> str:
        """What metrics, functions and evaluators are called: ``exact_match``, a file without ``.py``."""
        if self.file:
            return PurePosixPath(self.file).stem
        return "exact_match" if self.exact_match else "json_schema"

    @property
    def text(self) -> str:
        """How messages call it."""
        return self.file or self.name

    @property
    def schema_file(self) -> str | None:
        """The file with the schema of every answer, if there is one."""
        return self.json_schema if self.json_schema != IN_DATA else None


class ScorerSettings(RewardSettings):
    """A reward, or a scorer that SageMaker has itself."""

    presets: ClassVar[tuple[str, ...]] = ("prime_math", "prime_code")

    preset: Literal["prime_math", "prime_code"] | None = Field(
        default=None, description="a scorer of SageMaker"
    )

    @property
    def name(self) -> str:
        """What the metric is called after."""
        return self.preset or super().name

    @property
    def reward(self) -> RewardSettings | None:
        """What needs a function of ours; None for a scorer of SageMaker."""
        if self.preset:
            return None
        return RewardSettings.model_construct(
            exact_match=self.exact_match, json_schema=self.json_schema, file=self.file
        )
