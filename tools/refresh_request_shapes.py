"""Writes what the requests for SageMaker jobs may hold, from the API models that come with botocore."""

import json
import re
import sys
from pathlib import Path
from typing import Any

import botocore
import botocore.session

TARGET = Path("constructs/mlplatform/data/request_shapes.json")
OPERATIONS = (
    "CreateEndpointConfig",
    "CreateHyperParameterTuningJob",
    "CreateProcessingJob",
    "CreateTrainingJob",
    "CreateTransformJob",
)
OTHERS = {"bedrock": ("CreateModelCustomizationJob",)}
"""Operations of further services, whose shapes are called ``<service>.<shape>``."""

_JAVA = {r"\p{Alnum}": "a-zA-Z0-9", r"\p{Alpha}": "a-zA-Z", r"\p{L}": r"^\W\d_", r"\p{ASCII}": r"\x00-\x7f"}
"""Java's character classes inside brackets, as Python spells them."""

_ANYTHING = (".*", r"[\s\S]*", r"[\S\s]*", r"[\p{L}\p{M}\p{Z}\p{S}\p{N}\p{P}]*")
"""Patterns that every text matches."""


def rendered() -> str:
    """The data as its file holds it, one line per shape so that a change is a readable diff."""
    session: Any = botocore.session.get_session()
    found: dict[str, dict[str, Any]] = {}
    requests: dict[str, str] = {}
    for api, wanted in {"sagemaker": OPERATIONS, **OTHERS}.items():
        service, before = session.get_service_model(api), "" if api == "sagemaker" else f"{api}."
        for operation in wanted:
            shape = service.operation_model(operation).input_shape
            requests[operation] = before + shape.name
            _collect(shape, found, before)
    rows = [f'"{name}": {json.dumps(found[name])}' for name in sorted(found)]
    source = json.dumps(f"API shapes of botocore {botocore.__version__}")
    operations = json.dumps(requests)
    shapes = ",\n".join(rows)
    return f'{{\n"_source": {source},\n"operations": {operations},\n"shapes": {{\n{shapes}\n}}\n}}\n'


def _collect(shape: Any, found: dict[str, dict[str, Any]], before: str) -> None:
    if before + shape.name in found:
        return
    found[before + shape.name] = facts = {"type": shape.type_name}
    facts |= {key: shape.metadata[key] for key in ("min", "max", "enum") if key in shape.metadata}
    if pattern := _pattern(shape.metadata.get("pattern")):
        facts["pattern"] = pattern
    parts = _parts(shape)
    if shape.type_name == "structure":
        facts["required"] = shape.required_members
    facts["members"] = {name: before + part.name for name, part in parts.items()}
    for part in parts.values():
        _collect(part, found, before)


def _parts(shape: Any) -> dict[str, Any]:
    """Shapes of what a value holds, by the name of the member."""
    if shape.type_name == "structure":
        return dict(shape.members)
    if shape.type_name == "map":
        return {"key": shape.key, "value": shape.value}
    return {"member": shape.member} if shape.type_name == "list" else {}


def _pattern(text: str | None) -> str | None:
    """The pattern as Python reads it; None for one that refuses nothing or that Python cannot read."""
    if text is None or text in _ANYTHING:
        return None
    for java, python in _JAVA.items():
        text = text.replace(java, python)
    try:
        re.compile(text)
    except re.error:
        return None
    return text


def main() -> int:
    """Write the file."""
    TARGET.write_text(rendered(), encoding="utf-8")
    print(f"wrote {TARGET}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
