"""What has no image, or an image that cannot do what its job needs."""

from collections.abc import Iterator

from mlplatform import images
from mlplatform.algorithms import ALGORITHMS, JUMPSTART_ONLY
from mlplatform.settings.findings import Finding, Path, finding
from mlplatform.settings.inference import InferenceSettings
from mlplatform.settings.jobs import DEFAULT_INSTANCE_TYPE, FrameworkSettings, ImageSettings
from mlplatform.settings.products import ModelProduct
from mlplatform.settings.training import TrainSettings

SCRIPTS_ONLY = ("scikit-learn",)
"""Frameworks whose container cannot answer without a script (SageMaker SDK, "Using Scikit-learn")."""

SERVERS = ("djl-lmi", "vllm")
"""Servers of language models, which need no script (data/images.json)."""

KINDS = ("framework", "algorithm", "container", "jumpstart")
"""What may train a model; exactly one of them, but for a container made of a framework's image."""


def image_problems(product: ModelProduct) -> Iterator[Finding]:
    """Problems of the images that a product's jobs ask for, whatever the region."""
    train = product.train
    if product.customization is not None:
        yield from _customized(product)
    if train is None:
        return
    kinds = kinds_of(train)
    if len(kinds) != 1:
        given = " and ".join(kinds) or "none"
        yield finding("train", "needs exactly one image", given=given, allowed=f"one of {', '.join(KINDS)}")
        return
    yield from _script(train, kinds[0])
    wrong = list(_training(train))
    yield from wrong
    if any(found.path[:2] == ("train", kinds[0]) for found in wrong):
        return  # the other jobs would say the same of the same image
    for section in ("prepare", "evaluate"):
        job = getattr(product, section)
        if job is not None:
            yield from _processing(train, job, job.instance_type, section)
    yield from _inference(product, train)


def _customized(product: ModelProduct) -> Iterator[Finding]:
    """A customized model has no script of its own: a server of language models answers, on GPUs."""
    inference, serving = product.inference, product.serving
    if serving is None or serving.mode != "inference_components":
        return
    if inference is None or not (inference.framework or inference.container):
        allowed = f"inference.framework, such as {{name: {SERVERS[0]}, version: …}}, or container"
        what = "is missing, a customized model brings no image"
        yield finding("inference.framework", what, allowed=allowed)
        return
    if inference.framework is None:
        return
    if inference.container is None and inference.framework.name not in SERVERS:
        what = "does not serve customized models"
        given, path = repr(inference.framework.name), "inference.framework.name"
        yield finding(path, what, given=given, allowed=f"{', '.join(SERVERS)}, or inference.container")
    for key in ("script", "preprocess", "postprocess"):
        if getattr(inference, key):
            what = "does not go with customization, whose models a server of language models runs"
            yield finding(f"inference.{key}", what, given=repr(getattr(inference, key)), allowed="none")
    where = ("serving", "instance_type")
    yield from _framework(inference, "inference", serving.instance_type, ("inference", "framework"), where)


def kinds_of(train: TrainSettings) -> list[str]:
    """Which of ``KINDS`` a train section names; a framework's own container counts as the framework."""
    named = [kind for kind in KINDS if getattr(train, kind) is not None]
    return [kind for kind in named if not (kind == "container" and "framework" in named)]


def _script(train: TrainSettings, kind: str) -> Iterator[Finding]:
    if kind == "framework" and train.script is None:
        yield finding("train.script", "is missing", allowed="the script that the framework's container runs")
    if kind != "framework" and train.script is not None:
        what = f"does not go with {kind}"
        yield finding("train.script", what, given=repr(train.script), allowed="with framework only")
    if kind != "container" and train.arguments:
        what = "only a container of one's own takes them"
        yield finding("train.arguments", what, allowed="train.hyperparameters")


def _training(train: TrainSettings) -> Iterator[Finding]:
    if train.algorithm is not None:
        yield from _algorithm(train)
    if train.framework is None:
        return
    where: Path = ("train", "instance_type")
    yield from _framework(train, "training", train.instance_type, ("train", "framework"), where)
    named: list[tuple[Path, str]] = [
        (("train", "instance_types", position), name) for position, name in enumerate(train.instance_types)
    ]
    yield from _other_images(train, "training", train.instance_type, named)


def _other_images(
    section: ImageSettings, use: images.Use, first: str, others: list[tuple[Path, str]]
) -> Iterator[Finding]:
    """Those of ``others`` that need another image than the instance type ``first``."""
    assert section.framework is not None
    mine = _tag(section.framework, use, first)
    for path, name in others:
        if mine is not None and _tag(section.framework, use, name) != mine:
            what = f"the image for {first} does not run on it"
            allowed = f"instance types with {images.processor(first)}"
            yield finding(path, what, given=repr(name), allowed=allowed)


def _tag(framework: FrameworkSettings, use: images.Use, instance_type: str) -> str | None:
    """Tag of the image for an instance type; None if there is none."""
    try:
        image = images.framework_entry(framework, use=use, instance_type=instance_type)
    except images.UnknownImageError:
        return None
    return images.tag(image, instance_type)


def _algorithm(train: TrainSettings) -> Iterator[Finding]:
    assert train.algorithm is not None
    name = train.algorithm.name
    if name in JUMPSTART_ONLY:
        what = "has no image of its own, JumpStart says which image, script and model it takes"
        yield finding("train.algorithm.name", what, given=repr(name), allowed="train.jumpstart")
        return
    try:
        images.algorithm_entry(train.algorithm)
    except images.UnknownImageError as error:
        yield Finding(("train", "algorithm", error.setting), str(error))
        return
    known = ALGORITHMS[name].processors
    for position, instance_type in enumerate([train.instance_type, *train.instance_types]):
        if images.processor(instance_type) not in known:
            where = ("train", "instance_types", position - 1) if position else ("train", "instance_type")
            allowed = f"an instance type with {' or '.join(known)}"
            yield finding(where, f"{name} does not train on it", given=repr(instance_type), allowed=allowed)


def _processing(
    train: TrainSettings, job: ImageSettings, instance_type: str, section: str
) -> Iterator[Finding]:
    where = (section, "instance_type")
    if job.framework is not None:
        yield from _framework(job, "processing", instance_type, (section, "framework"), where)
    elif job.container is None and train.framework is not None:
        yield from _framework(train, "processing", instance_type, ("train", "framework"), where)
    elif job.container is None and (train.jumpstart or not _runs_scripts(train)):
        what = "is missing, what trains the model cannot run scripts"
        allowed = f"{section}.framework, such as {{name: scikit-learn, version: …}}, or container"
        yield finding(f"{section}.framework", what, allowed=allowed)


def _runs_scripts(train: TrainSettings) -> bool:
    """XGBoost's image from version 0.90 is that of the framework; the others only train and serve."""
    algorithm = train.algorithm
    return algorithm is None or (algorithm.name == "xgboost" and algorithm.version != "1")


def _scripts(inference: InferenceSettings) -> list[str]:
    return [s for s in (inference.script, inference.preprocess, inference.postprocess) if s]


def _inference(product: ModelProduct, train: TrainSettings) -> Iterator[Finding]:
    own = product.inference
    section = own if own is not None and (own.framework or own.container) else None
    if train.jumpstart and section is None:
        what = "is missing, the image that trains does not serve"
        yield finding("inference.framework", what, allowed="inference.framework or container")
    if section is None and not _runs_scripts(train) and own and _scripts(own):
        what = "is missing, what trains the model cannot run scripts"
        yield finding("inference.framework", what, allowed="inference.framework or container")
    if train.framework and train.framework.name in SCRIPTS_ONLY and not (own and _scripts(own)):
        what = f"is missing, {train.framework.name} answers with a script only"
        yield finding("inference.script", what, allowed="a script with model_fn")
    framework = section or train
    if framework.framework is None or framework.container is not None:
        return
    path = ("inference", "framework") if section else ("train", "framework")
    named: list[tuple[Path, str]] = [
        (("inference", key, position), name)
        for key in ("realtime_instance_types", "transform_instance_types")
        if own
        for position, name in enumerate(getattr(own, key))
    ]
    where, first = named[0] if named else (("inference",), DEFAULT_INSTANCE_TYPE)
    yield from _framework(framework, "inference", first, path, where)
    yield from _other_images(framework, "inference", first, named[1:])


def _framework(
    section: ImageSettings,
    use: images.Use,
    instance_type: str,
    path: Path,
    where: Path,
) -> Iterator[Finding]:
    """The framework's image is missing: at ``path``; or does not run on the instance type: ``where``."""
    assert section.framework is not None
    if section.framework.name in SERVERS and use != "inference":
        what, given = "serves language models and runs no script", repr(section.framework.name)
        yield finding((*path, "name"), what, given=given, allowed="another framework")
        return
    try:
        images.framework_entry(section.framework, use=use, instance_type=instance_type)
    except images.UnknownImageError as error:
        at = where if error.setting == "instance_type" else (*path, error.setting)
        hint = (
            "; or inference.framework with another version"
            if use == "inference" and path[0] == "train"
            else ""
        )
        yield Finding(at, f"{error}{hint}" if error.setting == "version" else str(error))
