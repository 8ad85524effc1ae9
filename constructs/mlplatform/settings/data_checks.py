"""What does not go together in a model's data and in what prepares it."""

from collections.abc import Iterator

from mlplatform.settings.data import DataSettings
from mlplatform.settings.findings import Finding, finding
from mlplatform.settings.jobs import PrepareSettings


def data_problems(data: DataSettings) -> Iterator[Finding]:
    """Problems of the data section."""
    columns, given = data.columns, data.model_fields_set
    if data.format != "csv":
        for key in sorted(given & {"header", "delimiter"}):
            yield finding(f"data.{key}", f"does not go with format: {data.format}", allowed="format: csv")
    if data.format == "none" and "columns" in given:
        yield finding("data.columns", "does not go with format: none", allowed="format: csv or jsonl")
    if len(data.delimiter) != 1 or data.delimiter in '"\r\n':
        yield finding("data.delimiter", "malformed", given=repr(data.delimiter), allowed="one character")
    named = [key for key in ("label", "required", "protected") if getattr(columns, key)]
    if data.format == "csv" and not data.header:
        for key in named:
            allowed = "columns.count, or header: true"
            yield finding(f"data.columns.{key}", "does not go with header: false", allowed=allowed)
    elif columns.count is not None:
        allowed = "columns.label and required, which the data names itself"
        yield finding("data.columns.count", "does not go with named columns", allowed=allowed)
    for position, name in enumerate(columns.required):
        if name in columns.required[:position] or name in (columns.label, columns.protected):
            path = ("data", "columns", "required", position)
            yield finding(path, "named twice", given=repr(name), allowed="each column once")


def prepare_problems(prepare: PrepareSettings) -> Iterator[Finding]:
    """Problems of the channels that preparation writes."""
    if not prepare.outputs:
        yield finding("prepare.outputs", "is empty", allowed="one or more of train, validation, test")
    for position, name in enumerate(prepare.outputs):
        if name in prepare.outputs[:position]:
            yield finding(("prepare", "outputs", position), "named twice", given=name, allowed="each once")
