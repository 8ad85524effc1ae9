"""What a rehearsal does with a model in Amazon Bedrock: customize and serve it, then take it from service."""

from collections.abc import Callable, Iterator
from time import monotonic

from mlplatform import workflows
from mlplatform.settings.products import ModelProduct
from mlplatform.workflows import bedrock
from rehearsal.customization_life import upload_lines
from rehearsal.driver import Rehearsal
from rehearsal.step import Step

Show = Callable[[str], None]


def bedrock_life(rehearsal: Rehearsal, product: ModelProduct, show: Show = lambda _: None) -> Iterator[Step]:
    """Run the two workflows of a model that has them; nothing of it is billed afterwards but its storage."""
    if bedrock.CUSTOMIZE not in workflows.of(product, rehearsal.settings):
        return
    upload_lines(rehearsal, product)
    for workflow in workflows.BEDROCK:
        show(f"{product.name}: {workflow}")
        began = monotonic()
        ended = rehearsal.run(product.name, workflow, {}, show)
        yield Step(product.name, workflow, monotonic() - began, ended)
        if not ended.succeeded:
            return
