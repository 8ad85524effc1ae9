"""What a rehearsal does with a model in Amazon Bedrock: customize and serve it, then take it from service."""

import json
from collections.abc import Callable, Iterator
from time import monotonic

from mlplatform import workflows
from mlplatform.settings.products import ModelProduct
from mlplatform.workflows import bedrock
from rehearsal.api import REHEARSAL
from rehearsal.customization_life import upload_lines
from rehearsal.driver import Rehearsal
from rehearsal.step import Step

Show = Callable[[str], None]


def bedrock_life(
    rehearsal: Rehearsal, product: ModelProduct, show: Show = lambda _: None, *, delete_models: bool = False
) -> Iterator[Step]:
    """Run the two workflows of a model that has them; nothing of it is billed afterwards but its storage,
    and not even that with ``delete_models``."""
    if bedrock.CUSTOMIZE not in workflows.of(product, rehearsal.settings):
        return
    upload_lines(rehearsal, product)
    for workflow in workflows.BEDROCK:
        show(f"{product.name}: {workflow}")
        began = monotonic()
        given = {"delete_models": True} if delete_models and workflow == bedrock.RETIRE else {}
        ended = rehearsal.run(product.name, workflow, given, show)
        yield Step(product.name, workflow, monotonic() - began, ended)
        if not ended.succeeded:
            return
        if workflow == bedrock.CUSTOMIZE:
            show(f"{product.name}: the model answers {answered(rehearsal, ended.output['Record'])}")


def answered(rehearsal: Rehearsal, record: str) -> str:
    """What the model said to the sample, in the record at an s3:// address."""
    bucket, _, key = record.removeprefix("s3://").partition("/")
    body = rehearsal.emulator.client("s3", REHEARSAL).get_object(Bucket=bucket, Key=key)["Body"].read()
    return str(json.loads(body)["Sample"]["Answer"])
