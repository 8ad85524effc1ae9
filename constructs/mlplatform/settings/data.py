"""Settings of a model's data: where it lies, and what it must look like before a job may use it."""

from typing import Annotated, Literal

from pydantic import Field

from mlplatform.settings.fields import Section, Text

Channel = Literal["train", "validation", "test"]
DataLocation = Annotated[
    str,
    Text(
        r"data://((?!\.{1,2}(/|$))[\w!.()=-]+/)*(?!\.{1,2}$)[\w!.()=-]+/?",
        "data://<path>, in the environment's data bucket or in one of its data_sources",
    ),
]
ColumnName = Annotated[str, Text(r"[^\n\r]{1,256}", "the name of a column, numbers in quotes")]


class ColumnSettings(Section):
    """Which columns the data must have."""

    label: ColumnName | None = Field(default=None, description="the column to predict")
    required: list[ColumnName] = Field(default=[], description="other columns that must exist")
    count: int | None = Field(
        default=None, ge=1, le=16_384, description="number of columns; without a header"
    )
    protected: ColumnName | None = Field(
        default=None, description="the protected attribute that fairness is judged by"
    )


class DataSettings(Section):
    """The data of a model: one location per channel, and its format."""

    train: DataLocation = Field(description="what the model learns from")
    validation: DataLocation | None = Field(default=None, description="what training is measured on")
    test: DataLocation | None = Field(default=None, description="what the evaluation is made on")
    format: Literal["csv", "jsonl", "none"] = Field(default="csv", description="none: not checked")
    header: bool = Field(default=True, description="whether the first line of a CSV file names the columns")
    delimiter: str = Field(default=",", description="the character between the columns of a CSV file")
    columns: ColumnSettings = Field(
        default_factory=ColumnSettings, description="which columns the data must have"
    )
    maximum_bad_rows: int = Field(
        default=0, ge=0, description="rows that may be unreadable before a workflow stops"
    )

    @property
    def channels(self) -> dict[str, str]:
        """Location by channel, of the channels the model has."""
        every = {"train": self.train, "validation": self.validation, "test": self.test}
        return {name: location for name, location in every.items() if location is not None}
