"""Which instance types SageMaker offers for what, read from a data file."""

import json
from functools import cache
from pathlib import Path


@cache
def _data() -> dict[str, list[str]]:
    path = Path(__file__).with_name("data") / "instance_types.json"
    data: dict[str, list[str]] = json.loads(path.read_text(encoding="utf-8"))
    return data


def instance_types(*uses: str) -> tuple[str, ...]:
    """Types usable for any of ``uses`` (app, training, processing, transform, hosting), sorted.

    Raises KeyError for an unknown use.
    """
    return tuple(sorted({name for use in uses for name in _data()[use]}))
