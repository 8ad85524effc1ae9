"""`make schema`: the JSON Schema that editors check environment files with."""

import json
import sys
from pathlib import Path
from typing import Any

from mlplatform import regions
from mlplatform.settings import Environment

TARGET = Path("environments/schema.json")


def environment_schema() -> dict[str, Any]:
    """JSON Schema of an environment file; its name is the file's, so ``name`` is no key of it."""
    schema = Environment.model_json_schema()
    schema["title"] = "Environment of the ML platform"
    del schema["properties"]["name"]
    schema["required"].remove("name")
    schema["properties"]["region"]["enum"] = list(regions.regions_offering("studio"))
    return schema


def rendered() -> str:
    """The schema as the file holds it."""
    return json.dumps(environment_schema(), indent=2) + "\n"


def main() -> int:
    """Write the schema."""
    TARGET.write_text(rendered(), encoding="utf-8")
    print(f"wrote {TARGET}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
