"""Whether the request that a model's settings call its sample can be sent."""

from collections.abc import Iterator
from pathlib import Path

from mlplatform.settings.findings import Finding, finding
from mlplatform.settings.products import ModelProduct

MAX_BYTES = 4_096
"""A request of one record; what sends it carries it along."""


def problems(product: ModelProduct, folder: Path) -> Iterator[Finding]:
    """Why the file that ``serving.sample`` names, in ``folder``, is no request."""
    if product.serving is None:
        return
    named, path = product.serving.sample.file, "serving.sample.file"
    file = folder / named
    if not file.is_file():
        yield finding(path, "no such file", given=repr(named), allowed="a file of the model's folder")
        return
    size = file.stat().st_size
    if not 1 <= size <= MAX_BYTES:
        allowed = f"1 to {MAX_BYTES} bytes"
        yield finding(path, "wrong size", given=f"{named} of {size} bytes", allowed=allowed)
        return
    try:
        file.read_bytes().decode()
    except UnicodeDecodeError as error:
        given = f"byte 0x{file.read_bytes()[error.start]:02x} in {named}"
        yield finding(path, "not UTF-8", given=given, allowed="a file saved as UTF-8")
