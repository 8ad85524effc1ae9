"""Whether the files that a model's customization names lie in its folder, and can be used."""

import difflib
from collections.abc import Iterator
from pathlib import Path

from mlplatform.customization import reward_source
from mlplatform.settings.customization import CustomizationSettings
from mlplatform.settings.customization_values import BUILT_IN_REWARDS, reward_name
from mlplatform.settings.findings import Finding, finding
from mlplatform.settings.findings import Path as Keys
from mlplatform.settings.products import ModelProduct

MAX_PROMPT_BYTES = 65_536
"""A reward prompt, which is a page of text."""


def problems(product: ModelProduct, folder: Path) -> Iterator[Finding]:
    """Files that ``folder`` does not hold, or that are none of their kind."""
    if product.customization is None:
        return
    for path, name in _named(product.customization):
        if name.endswith(".py") and reward_name(name) in BUILT_IN_REWARDS:
            what = "is called like one of the platform's own"
            yield finding(path, what, given=repr(name), allowed="another name")
        elif not (folder / name).is_file():
            yield _missing(path, name, folder)
        elif name.endswith(".jinja"):
            yield from _prompt(path, folder / name)
        else:
            found = reward_source.faults((folder / name).read_bytes(), name)
            yield from (finding(path, f"is no reward function: {fault}") for fault in found)


def _named(section: CustomizationSettings) -> Iterator[tuple[Keys, str]]:
    """Path in the settings and name of every file they name."""
    named: list[tuple[Keys, str | None]] = []
    for technique, given in section.techniques.items():
        at = ("customization", "techniques", technique)
        named += [((*at, key), getattr(given, key)) for key in ("reward_function", "reward_prompt")]
    scorer = section.evaluate.scorer if section.evaluate else None
    graded = section.bedrock.reward_function if section.bedrock else None
    named += [(("customization", "evaluate", "scorer"), scorer)]
    named += [(("customization", "bedrock", "reward_function"), graded)]
    return ((path, name) for path, name in named if name and name.endswith((".py", ".jinja")))


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
