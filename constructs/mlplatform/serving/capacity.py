"""How many processors and GPUs an instance type has: utilization metrics add up over all of them."""

import json
import re
from functools import cache
from pathlib import Path

_SIZE = re.compile(r"ml\.(?P<family>[\w-]+)\.(?P<size>(?P<times>\d*)(xlarge|large|medium))")


@cache
def _gpus() -> dict[str, dict[str, int]]:
    path = Path(__file__).parents[1] / "data" / "gpus.json"
    found: dict[str, dict[str, int]] = json.loads(path.read_text(encoding="utf-8"))["families"]
    return found


def vcpus(instance_type: str) -> int:
    """Virtual processors: 4 for each ``xlarge`` (Amazon EC2 user guide, "Instance types").

    Raises ValueError for what is not an instance type.
    """
    found = _SIZE.fullmatch(instance_type)
    if found is None:
        raise ValueError(f"{instance_type!r} is no instance type, allowed: such as ml.m5.large")
    if found["size"].endswith("xlarge"):
        return 4 * int(found["times"] or 1)
    burstable = found["family"].startswith("t")
    return 2 if found["size"] == "large" or burstable else 1


def gpus(instance_type: str) -> int:
    """GPUs; 0 for a family without any (data/gpus.json)."""
    found = _SIZE.fullmatch(instance_type)
    family = _gpus().get(found["family"]) if found else None
    return family.get(found["size"], 1) if found and family else 0
