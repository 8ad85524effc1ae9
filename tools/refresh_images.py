"""Writes the images of SageMaker's frameworks and built-in algorithms (`make refresh-images`).

Their source is the image configuration that comes with the SageMaker SDK (`pip install --no-deps
sagemaker-core` beside the others): JSON files, read without importing the SDK. How a tag is put together
follows `sagemaker/core/image_uris.py` there.
"""

import importlib.metadata
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

TARGET = Path("constructs/mlplatform/data/images.json")
FRAMEWORKS = {
    "huggingface": ("huggingface",),
    "pytorch": ("pytorch", "pytorch-amzn2023"),
    "scikit-learn": ("sklearn",),
    "tensorflow": ("tensorflow",),
    "xgboost": ("xgboost",),
}
"""Frameworks that run scripts, by the name settings give them, and the SDK's files."""

SERVERS = {"djl-lmi": "djl-lmi", "vllm": "vllm"}
"""Servers of language models, by the name settings give them, and the SDK's files: on GPUs, and they answer
only (DJL Serving documentation, "LMI"; AWS Deep Learning Containers, "vLLM")."""

ONE_IMAGE = ("scikit-learn", "xgboost")
"""Frameworks whose one image trains, processes and serves (SageMaker developer guide, "Docker Registry
Paths"); the SDK lists some versions for training only."""

SCOPES = {"training": "training", "inference": "inference", "inference_graviton": "inference"}
"""The SDK's word for what an image is for, and ours."""

ALGORITHMS = (
    "blazingtext",
    "factorization-machines",
    "forecasting-deepar",
    "image-classification",
    "ipinsights",
    "kmeans",
    "knn",
    "lda",
    "linear-learner",
    "ntm",
    "object-detection",
    "object2vec",
    "pca",
    "randomcutforest",
    "semantic-segmentation",
    "seq2seq",
    "xgboost",
)
"""Built-in algorithms with an image of their own (SageMaker developer guide, "Docker Registry Paths")."""

SCRIPTLESS = ("xgboost",)
"""Repositories of images that only train as an algorithm: XGBoost before 0.90."""

ENDED_PYTHONS = ("py2", "py27")
"""Interpreters that no job of ours can use."""

Image = dict[str, Any]


def main() -> int:
    """Write the file, one line per image so that a change is a readable diff."""
    TARGET.write_text(rendered(_configurations()), encoding="utf-8")
    print(f"wrote {TARGET}")
    return 0


def rendered(configurations: dict[str, Any]) -> str:
    """The data as its file holds it, from the SDK's configurations by file name without ``.json``."""
    registries: dict[str, str] = {}
    frameworks = {
        name: [
            {"use": "any" if name in ONE_IMAGE else use, **image}
            for file in files
            for scope, use in SCOPES.items()
            if not (name in ONE_IMAGE and scope == "inference")
            for image in _images(configurations[file], scope, registries)
            if image["repository"] not in SCRIPTLESS
        ]
        for name, files in FRAMEWORKS.items()
    }
    for name, file in SERVERS.items():
        served = _images(configurations[file], "inference", registries)
        frameworks[name] = [{"use": "inference", **image, "tags": _on_gpu(image)} for image in served]
    algorithms = {name: list(_images(configurations[name], "training", registries)) for name in ALGORITHMS}
    source = {"generator": "make refresh-images", "sagemaker-core": configurations["version"]}
    accounts = {name: json.loads(accounts) for accounts, name in registries.items()}
    return "\n".join(
        [
            f'{{\n"source": {json.dumps(source)},',
            f'"registries": {_lines(accounts)},',
            f'"frameworks": {{\n{_groups(frameworks)}\n}},',
            f'"algorithms": {{\n{_groups(algorithms)}\n}}\n}}\n',
        ]
    )


def _configurations() -> dict[str, Any]:
    files = importlib.metadata.files("sagemaker-core") or []
    wanted = {*(file for files in FRAMEWORKS.values() for file in files), *SERVERS.values(), *ALGORITHMS}
    found: dict[str, Any] = {"version": importlib.metadata.version("sagemaker-core")}
    for file in files:
        if file.parent.name == "image_uri_config" and file.stem in wanted:
            found[file.stem] = json.loads(file.read_text())
    return found


def _images(configuration: dict[str, Any], name: str, registries: dict[str, str]) -> Iterator[Image]:
    """The images of one scope of the SDK's."""
    scope = configuration if "versions" in configuration else configuration.get(name, {"versions": {}})
    arm = name == "inference_graviton"
    for version, facts in scope["versions"].items():
        bases = {None: facts} if "repository" in facts else _pytorch(facts)
        for base, details in bases.items():
            for python in details.get("py_versions") or [None]:
                if python not in ENDED_PYTHONS:
                    image = _image(scope, version, base, details, python, registries)
                    yield {**image, "tags": {"arm64": _arm(image)}} if arm else image


def _on_gpu(image: Image) -> dict[str, str]:
    """The one tag of a server's image, whose processor the SDK does not always say."""
    (tag,) = image["tags"].values()
    return {"gpu": tag}


def _pytorch(facts: dict[str, Any]) -> dict[str | None, Any]:
    """Hugging Face nests its images by the framework below; TensorFlow's ended years ago."""
    return {base: details for base, details in facts.items() if base.startswith("pytorch")}


def _image(
    scope: dict[str, Any],
    version: str,
    base: str | None,
    facts: dict[str, Any],
    python: str | None,
    registries: dict[str, str],
) -> Image:
    accounts = json.dumps(facts["registries"], sort_keys=True)
    image: Image = {"version": base.removeprefix("pytorch") if base else version}
    if base:
        image["transformers"] = version
    if python:
        image["python"] = python
    image["registry"] = registries.setdefault(accounts, f"r{len(registries) + 1}")
    image["repository"] = facts["repository"]
    start = f"{image['version']}-transformers{version}" if base else facts.get("tag_prefix", version)
    processors = scope.get("processors") or facts.get("processors")
    image["tags"] = {
        processor or "any": _tag(start, processor, python, facts) for processor in processors or [None]
    }
    return image


def _tag(start: str, processor: str | None, python: str | None, facts: dict[str, Any]) -> str:
    suffix = facts.get("container_version", {}).get(processor)
    shown = processor if facts.get("processor_in_tag", True) else None
    return "-".join(part for part in (start, shown, python, suffix) if part)


def _arm(image: Image) -> str:
    """The tag for Graviton: the SDK's table for the images that exist for both, else its suffix."""
    (tag,) = image["tags"].values()
    if image["repository"] in ("sagemaker-xgboost", "sagemaker-scikit-learn"):
        version = image["version"]
        return str(tag).replace(version, f"{version}-arm64")
    return f"{tag}-sagemaker"


def _groups(groups: dict[str, list[Image]]) -> str:
    return ",\n".join(f'"{name}": {_listed(images)}' for name, images in groups.items())


def _listed(images: list[Image]) -> str:
    rows = sorted(images, key=lambda image: (image.get("use", ""), _order(image)))
    return "[\n" + ",\n".join(f" {json.dumps(row)}" for row in rows) + "\n]"


def _order(image: Image) -> list[list[int]]:
    names = (image["version"], image.get("transformers", ""), image.get("python", ""))
    return [[int(number) for number in re.findall(r"\d+", name)] for name in names]


def _lines(values: dict[str, Any]) -> str:
    return "{\n" + ",\n".join(f' "{key}": {json.dumps(value)}' for key, value in values.items()) + "\n}"


if __name__ == "__main__":
    sys.exit(main())
