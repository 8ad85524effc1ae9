"""What does not go together in a model's settings, section by section."""

from collections.abc import Iterator

from mlplatform import schedule_expressions
from mlplatform.algorithms import ALGORITHMS
from mlplatform.settings.customization_checks import FROM_SCRATCH, ITS_OWN, customization_problems
from mlplatform.settings.data_checks import data_problems, prepare_problems
from mlplatform.settings.endpoint_checks import serving_problems
from mlplatform.settings.findings import Finding, finding
from mlplatform.settings.image_checks import image_problems, kinds_of
from mlplatform.settings.job_checks import processing_problems
from mlplatform.settings.products import ModelProduct
from mlplatform.settings.schedule import ScheduleSettings
from mlplatform.settings.serving_checks import batch_problems, inference_problems
from mlplatform.settings.training_checks import training_problems
from mlplatform.settings.tuning_checks import tuning_problems

NEEDS = {
    "prepare": ("train",),
    "train": ("data", "evaluate"),
    "tune": ("train",),
    "evaluate": ("train",),
    "gate": ("evaluate",),
    "serving": ("train",),
}
"""Sections that are nothing without others."""


def problems(product: ModelProduct) -> Iterator[Finding]:
    """Every mistake that shows in a product's own file, whatever the environment."""
    yield from _needs(product)
    if product.data:
        yield from data_problems(product.data)
    yield from _jobs(product)
    if product.customization:
        yield from customization_problems(product, product.customization)
    if product.inference:
        yield from inference_problems(product, product.inference)
    if product.batch:
        yield from batch_problems(product, product.batch)
    if product.serving:
        yield from serving_problems(product, product.serving)
    yield from image_problems(product)
    yield from _algorithm_data(product)
    yield from _fairness(product)
    if product.schedule:
        yield from _schedule(product, product.schedule)


def _needs(product: ModelProduct) -> Iterator[Finding]:
    for section, needed in NEEDS.items():
        if product.customization and section == "serving":
            continue  # it is what serves there
        if product.customization and section in (*FROM_SCRATCH, *ITS_OWN):
            continue  # they do not go with it at all
        for other in needed:
            if getattr(product, section) is not None and getattr(product, other) is None:
                yield finding(section, f"does not go without {other}", allowed=f"a section {other}")


def _jobs(product: ModelProduct) -> Iterator[Finding]:
    if product.prepare:
        yield from prepare_problems(product.prepare)
        yield from processing_problems(product.prepare, "prepare")
    if product.evaluate:
        yield from processing_problems(product.evaluate, "evaluate")
    if product.train is None or len(kinds_of(product.train)) != 1:
        return  # what may be trained and tuned how depends on the image
    yield from training_problems(product.train)
    if product.tune:
        yield from tuning_problems(product, product.tune)


def _algorithm_data(product: ModelProduct) -> Iterator[Finding]:
    """A built-in algorithm takes the label from the first column of CSV without a header."""
    train, data = product.train, product.data
    known = ALGORITHMS.get(train.algorithm.name) if train and train.algorithm else None
    if not known or not data or not train or not train.algorithm:
        return
    direct = [c for c in data.channels if not product.prepare or c not in product.prepare.outputs]
    direct = [channel for channel in direct if channel in ("train", "validation")]
    if known.csv and data.format == "csv" and data.header and direct:
        what = f"{train.algorithm.name} reads CSV without a header, and {' and '.join(direct)} as it is"
        allowed = "header: false, or prepare.outputs with these channels"
        yield finding("data.header", what, given="true", allowed=allowed)


def _fairness(product: ModelProduct) -> Iterator[Finding]:
    fairness = product.gate.fairness if product.gate else None
    declared = product.data.columns.protected if product.data else None
    if fairness and fairness.attribute != declared:
        what = "is not the protected attribute"
        allowed = declared or "what data.columns.protected declares"
        yield finding("gate.fairness.attribute", what, given=repr(fairness.attribute), allowed=allowed)


def _schedule(product: ModelProduct, schedule: ScheduleSettings) -> Iterator[Finding]:
    for section, expression in (("train", schedule.train), ("batch", schedule.batch)):
        if expression is None:
            continue
        path = f"schedule.{section}"
        if getattr(product, section) is None:
            yield finding(path, f"does not go without {section}", allowed=f"a section {section}")
        if what := schedule_expressions.problem(expression):
            yield finding(path, what, given=repr(expression), allowed=schedule_expressions.FORMS)
    workflow = schedule.new_data
    if workflow and getattr(product, workflow) is None:
        what = f"does not go without {workflow}"
        yield finding("schedule.new_data", what, given=workflow, allowed=f"a section {workflow}")
    elif workflow and not product.data:
        yield finding("schedule.new_data", "does not go without data", allowed="a section data")
    elif workflow and product.data and not product.data.train.endswith("/"):
        what = "new data is announced by a marker, which needs a folder"
        given = repr(product.data.train)
        yield finding("data.train", what, given=given, allowed="a location that ends in /")
    elif workflow and product.train and product.train.algorithm and not product.prepare:
        what = "the marker lies among the training data, which a built-in algorithm would read"
        yield finding("schedule.new_data", what, given=workflow, allowed="with a section prepare")
