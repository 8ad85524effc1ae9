"""Which container image a job runs in: AWS's for a framework or built-in algorithm, or the model's own.

AWS's images stand in ``data/images.json`` (`make refresh-images` names its source).
"""

import difflib
import json
import re
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mlplatform.sentences import sentence

if TYPE_CHECKING:  # settings check their images here
    from mlplatform.settings.environment import Environment
    from mlplatform.settings.jobs import FrameworkSettings, ImageSettings
    from mlplatform.settings.products import ModelProduct
    from mlplatform.settings.training import AlgorithmSettings

Use = Literal["training", "inference", "processing"]
Image = dict[str, Any]

MAX_OFFERED = 20
"""Versions or names in one message."""

_ARM = re.compile(r"[cimrtx]\d+g[a-z]*|g5g")
"""Families with Graviton processors (EC2 instance naming conventions)."""


class UnknownImageError(ValueError):
    """AWS has no such image; ``setting`` is the key that asks for it, the message says what there is."""

    def __init__(self, setting: str, what: str, *, given: object, allowed: object) -> None:
        super().__init__(sentence(what, given=given, allowed=allowed))
        self.setting = setting


@cache
def _data() -> dict[str, Any]:
    path = Path(__file__).with_name("data") / "images.json"
    data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return data


def algorithm_names() -> tuple[str, ...]:
    """Names of the built-in algorithms that have an image of their own, sorted."""
    return tuple(_data()["algorithms"])


def processor(instance_type: str) -> str:
    """What an image must be built for: ``cpu``, ``gpu``, ``arm64``, ``inf`` or ``trn``."""
    family = instance_type.removeprefix("ml.").partition(".")[0]
    if _ARM.fullmatch(family):
        return "arm64"
    if family.startswith(("inf", "trn")):
        return family[:3]
    return "gpu" if family[:1] in ("g", "p") else "cpu"


def framework_image(
    framework: "FrameworkSettings", settings: "Environment", *, use: Use, instance_type: str
) -> str:
    """URI of AWS's image of a framework. Raises UnknownImageError if there is none in the region."""
    image = framework_entry(framework, use=use, instance_type=instance_type)
    return _uri(image, settings, instance_type)


def framework_entry(framework: "FrameworkSettings", *, use: Use, instance_type: str) -> Image:
    """What is known of a framework's image, whatever the region; the newest that fits the settings."""
    scope = "inference" if use == "inference" else "training"
    images = [i for i in _data()["frameworks"][framework.name] if i["use"] in (scope, "any")]
    wanted = (
        ("version", framework.version),
        ("transformers", framework.transformers_version),
        ("python", framework.python_version),
    )
    for key, value in wanted:
        if value is not None:
            setting = key if key == "version" else f"{key}_version"
            what = f"no image of {framework.name} for {scope}"
            images = _only(images, key, value, setting=setting, what=what)
    return _only_processor(
        images, instance_type, f"the {scope} image of {framework.name} {framework.version}"
    )


def algorithm_image(algorithm: "AlgorithmSettings", settings: "Environment") -> str:
    """URI of the image of a built-in algorithm. Raises UnknownImageError if the region has none."""
    return _uri(algorithm_entry(algorithm), settings, "")


def algorithm_entry(algorithm: "AlgorithmSettings") -> Image:
    """What is known of a built-in algorithm's image, whatever the region."""
    known = _data()["algorithms"]
    if algorithm.name not in known:
        allowed = _offer(algorithm.name, known)
        raise UnknownImageError("name", "no such algorithm", given=repr(algorithm.name), allowed=allowed)
    what = f"no image of {algorithm.name}"
    return _only(known[algorithm.name], "version", algorithm.version, setting="version", what=what)[-1]


def image_of(
    product: "ModelProduct",
    settings: "Environment",
    *,
    use: Use,
    instance_type: str,
    job: "ImageSettings | None" = None,
) -> str:
    """URI of the image a job of ``product`` runs in.

    ``job`` is the section of the job, whose own framework or container comes first; with
    ``use="inference"`` that is the product's ``inference``; what trains the model comes last. An image of the
    model's own that was made of a framework's training image serves only where that one does. Raises
    UnknownImageError for an image that AWS does not have, ValueError for a product without any.
    """
    own = product.inference if use == "inference" and job is None else job
    train = product.train
    for section in (own, train):
        if section is None:
            continue
        uri = section.framework and framework_image(
            section.framework, settings, use=use, instance_type=instance_type
        )
        if section.container and (
            not uri or section is own or uri == _trains(section, settings, instance_type)
        ):
            registry = settings.neighbours.registry
            name = registry.name(product.name, kind="repository")
            return f"{_host(registry.account, settings)}/{name}@{section.container.digest}"
        if uri:
            return uri
    if train is not None and train.algorithm is not None:
        return algorithm_image(train.algorithm, settings)
    if train is not None and train.jumpstart is not None:
        return train.jumpstart.image
    raise ValueError(f"{product.name} names no image for {use}")


def _trains(section: "ImageSettings", settings: "Environment", instance_type: str) -> str | None:
    if section.framework is None:
        return None
    return framework_image(section.framework, settings, use="training", instance_type=instance_type)


def _host(account: str, settings: "Environment") -> str:
    return f"{account}.dkr.ecr.{settings.region}.{settings.place.dns_suffix}"


def _uri(image: Image, settings: "Environment", instance_type: str) -> str:
    accounts = _data()["registries"][image["registry"]]
    if settings.region not in accounts:
        what = f"{settings.region} has no {image['repository']} {image['version']}"
        raise UnknownImageError("version", what, given=repr(image["version"]), allowed=_elsewhere(accounts))
    name = f"{image['repository']}:{tag(image, instance_type)}"
    return f"{_host(accounts[settings.region], settings)}/{name}"


def tag(image: Image, instance_type: str) -> str:
    """The image's tag for an instance type it runs on, as ``framework_entry`` has found it."""
    tags: dict[str, str] = image["tags"]
    return tags.get(processor(instance_type), tags.get("any", next(iter(tags.values()))))


def _elsewhere(accounts: Iterable[str]) -> str:
    return f"a container of your own, or a region that has it: {', '.join(accounts)}"


def _only(images: Sequence[Image], key: str, value: str, *, setting: str, what: str) -> list[Image]:
    """Those whose ``key`` is ``value``; never empty."""
    found = [image for image in images if image.get(key) == value]
    if not found:
        known = list(dict.fromkeys(str(image[key]) for image in images if key in image))
        raise UnknownImageError(setting, what, given=repr(value), allowed=_offer(value, known))
    return found


def _only_processor(images: Sequence[Image], instance_type: str, what: str) -> Image:
    """The newest that runs on an instance type."""
    needed = processor(instance_type)
    found = [i for i in images if needed in i["tags"] or ("any" in i["tags"] and needed in ("cpu", "gpu"))]
    if not found:
        built = sorted({"cpu, gpu" if tag == "any" else tag for image in images for tag in image["tags"]})
        raise UnknownImageError(
            "instance_type",
            f"{what} does not run on {needed} instances",
            given=repr(instance_type),
            allowed=f"an instance type with {' or '.join(built)}",
        )
    return found[-1]


def _offer(value: str, known: Iterable[str]) -> str:
    """What there is, the newest if it is much, and what ``value`` may be a misspelling of."""
    known = list(known)
    close = difflib.get_close_matches(value, known, n=1, cutoff=0.5)
    hint = f"did you mean {close[0]!r}? " if close and len(known) > 1 else ""
    shown = known if len(known) <= MAX_OFFERED else ["…", *known[-MAX_OFFERED:]]
    return f"{hint}{', '.join(shown) or 'none'}"
