"""`make schema`: the JSON Schemas that editors check environment and model files with."""

import json
import sys
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from mlplatform import regions
from mlplatform.settings import Environment, ModelProduct

ENVIRONMENT, MODEL = Path("environments/schema.json"), Path("models/schema.json")


def environment_schema() -> dict[str, Any]:
    """JSON Schema of an environment file."""
    schema = _schema(Environment, "Environment of the ML platform")
    schema["properties"]["region"]["enum"] = list(regions.regions_offering("studio"))
    return schema


def model_schema() -> dict[str, Any]:
    """JSON Schema of a model file."""
    return _schema(ModelProduct, "Model product of the ML platform")


def _schema(model: type[BaseModel], title: str) -> dict[str, Any]:
    """JSON Schema of a file; its name is the file's or folder's, so ``name`` is no key of it."""
    schema = model.model_json_schema()
    schema["title"] = title
    del schema["properties"]["name"]
    schema["required"].remove("name")
    return schema


def rendered() -> dict[Path, str]:
    """The schemas as their files hold them."""
    schemas = {ENVIRONMENT: environment_schema(), MODEL: model_schema()}
    return {path: json.dumps(schema, indent=2) + "\n" for path, schema in schemas.items()}


def main() -> int:
    """Write the schemas."""
    for path, text in rendered().items():
        path.write_text(text, encoding="utf-8")
        print(f"wrote {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
