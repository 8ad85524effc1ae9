"""Writes which instance types SageMaker takes for what, from the API shapes that come with botocore."""

import json
import sys
from pathlib import Path
from typing import Any

import botocore
import botocore.session

TARGET = Path("constructs/mlplatform/data/instance_types.json")
SHAPES = {
    "app": "AppInstanceType",
    "training": "TrainingInstanceType",
    "processing": "ProcessingInstanceType",
    "transform": "TransformInstanceType",
    "hosting": "ProductionVariantInstanceType",
}
"""Use, and the shape of the SageMaker API that lists its instance types."""


def rendered() -> str:
    """The data as its file holds it."""
    service: Any = botocore.session.get_session().get_service_model("sagemaker")
    types: dict[str, object] = {"_source": f"SageMaker API shapes of botocore {botocore.__version__}"}
    for use, shape in SHAPES.items():
        types[use] = sorted(name for name in service.shape_for(shape).enum if name.startswith("ml."))
    return json.dumps(types, indent=1) + "\n"


def main() -> int:
    """Write the file."""
    TARGET.write_text(rendered(), encoding="utf-8")
    print(f"wrote {TARGET}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
