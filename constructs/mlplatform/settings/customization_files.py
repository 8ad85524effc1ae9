"""Whether the files that a model's customization names lie in its folder, and can be used."""

import difflib
from collections.abc import Iterator
from pathlib import Path

from mlplatform.customization import reward_source
from mlplatform.settings.customization import CustomizationSettings
from mlplatform.settings.customization_reward_checks import rewards
from mlplatform.settings.customization_schemas import schema_problems
from mlplatform.settings.findings import Finding, finding
from mlplatform.settings.findings import Path as Keys
from mlplatform.settings.products import ModelProduct

TAKEN = ("exact_match.py", "json_schema.py", "prime_math.py", "prime_code.py")
"""Files whose rewards would be called like one of the platform or of SageMaker."""

MAX_PROMPT_BYTES = 65_536
"""A reward prompt, which is a page of text."""


def problems(product: ModelProduct, folder: Path) -> Iterator[Finding]:
    """Files that ``folder`` does not hold, or that are none of their kind."""
    if product.customization is None:
        return
    for path, name in _named(product.customization):
        if name in TAKEN:
            what = "is called like one of the platform's own"
            yield finding(path, what, given=repr(name), allowed="another name")
        elif not (folder / name).is_file():
            yield _missing(path, name, folder)
        elif name.endswith(".jinja"):
            yield from _prompt(path, folder / name)
        elif name.endswith(".json"):
            yield from schema_problems(path, folder / name)
        else:
            found = reward_source.faults((folder / name).read_bytes(), name)
            yield from (finding(path, f"is no reward function: {fault}") for fault in found)


def _named(section: CustomizationSettings) -> Iterator[tuple[Keys, str]]:
    """Path in the settings and name of every file they name."""
    for path, reward in rewards(section):
        if reward.file:
            yield path, reward.file
        if reward.schema_file:
            yield (*path, "json_schema"), reward.schema_file
    for technique, given in section.techniques.items():
        if given.reward_prompt and given.reward_prompt.endswith(".jinja"):
            yield ("customization", "techniques", technique, "reward_prompt"), given.reward_prompt


def _missing(path: Keys, name: str, folder: Path) -> Finding:
    suffix = Path(name).suffix
    there = sorted(file.name for file in folder.glob(f"*{suffix}"))
    close = difflib.get_close_matches(name, there, n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    allowed = f"{hint}a file of the model's folder: {', '.join(there[:10]) or f'which has no {suffix}'}"
    return finding(path, "no such file", given=repr(name), allowed=allowed)


def _prompt(path: Keys, file: Path) -> Iterator[Finding]:
    data = file.read_bytes()
    if not 1 <= len(data) <= MAX_PROMPT_BYTES:
        given, allowed = f"{file.name} of {len(data)} bytes", f"1 to {MAX_PROMPT_BYTES} bytes"
        yield finding(path, "wrong size", given=given, allowed=allowed)
        return
    try:
        data.decode()
    except UnicodeDecodeError as error:
        given = f"byte 0x{data[error.start]:02x} in {file.name}"
        yield finding(path, "not UTF-8", given=given, allowed="a file saved as UTF-8")
