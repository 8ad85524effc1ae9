"""What a rehearsal does with a foundation model: customizes it by each technique, one after the other."""

from collections.abc import Callable, Iterator
from time import monotonic

from mlplatform import workflows
from mlplatform.data_locations import resolve
from mlplatform.settings.products import ModelProduct
from rehearsal.api import REHEARSAL
from rehearsal.driver import Rehearsal
from rehearsal.step import Step

WORKFLOW = "customize"

Show = Callable[[str], None]


def customization_life(
    rehearsal: Rehearsal, product: ModelProduct, show: Show = lambda _: None
) -> Iterator[Step]:
    """Run ``customize`` once for each technique, in the order of the settings; ends at the first failure.

    Whoever iterates approves the first version, so that later techniques go on from it.
    """
    section = product.customization
    if section is None or WORKFLOW not in workflows.of(product, rehearsal.settings):
        return
    upload_lines(rehearsal, product)
    for technique in section.techniques:
        show(f"{product.name}: {WORKFLOW} by {technique}")
        began = monotonic()
        ended = rehearsal.run(product.name, WORKFLOW, {"technique": technique}, show)
        yield Step(product.name, WORKFLOW, monotonic() - began, ended)
        if not ended.succeeded:
            return


def upload_lines(rehearsal: Rehearsal, product: ModelProduct) -> None:
    """Put the sample data of a model where ``model.yaml`` says it lies: ``data://<area>/<path>`` lies in the
    model's folder as ``data/<path>``.
    """
    section, s3 = product.customization, rehearsal.emulator.client("s3", REHEARSAL)
    for location in section.locations if section else ():
        bucket, _, key = resolve(location, rehearsal.settings).removeprefix("s3://").partition("/")
        path = rehearsal.models / product.name / "data" / key.partition("/")[2]
        s3.put_object(Bucket=bucket, Key=key, Body=path.read_bytes())
