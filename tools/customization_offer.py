"""Writes which foundation models AWS customizes, how and where, into docs/customization.md.

The tables stand between ``<!-- offer: <name> -->`` and ``<!-- end of offer -->``. They are the catalogue of
``mlplatform.customization``, by which settings are judged.
"""

import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from mlplatform.customization import catalog
from mlplatform.customization.entries import BedrockModel
from mlplatform.settings.customization import TECHNIQUES

PAGE = Path("docs/customization.md")
MARKED = re.compile(r"(<!-- offer: ([a-z]+) -->\n).*?(<!-- end of offer -->)", re.S)
NONE = "–"


def main(_: Sequence[str] | None = None) -> int:
    """Write the tables between their marks. Returns 0."""
    PAGE.write_text(rewritten(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    print(f"wrote the models in {PAGE}")
    return 0


def rewritten(text: str) -> str:
    """``text`` with the tables as they are now. Raises KeyError for a table that there is not."""
    return MARKED.sub(lambda found: f"{found[1]}{tables()[found[2]]}\n{found[3]}", text)


def tables() -> Mapping[str, str]:
    """The tables by name: ``regions``, ``models`` of SageMaker, ``bedrock``."""
    return {
        "regions": _table(("customizes", "in"), _regions()),
        "models": _table(("`base_model`", "model", *TECHNIQUES, "licence to accept"), _models()),
        "bedrock": _table(
            ("`bedrock.base_model`", "model", "customization: regions", "on demand in", "`format`"),
            _bedrock(),
        ),
    }


def _regions() -> Iterator[tuple[str, ...]]:
    yield "SageMaker, open-weight models", ", ".join(catalog.regions("open_weight"))
    yield "SageMaker, models of Amazon Nova", ", ".join(catalog.regions("nova"))
    yield "Amazon Bedrock", ", ".join(catalog.regions("bedrock"))


def _models() -> Iterator[tuple[str, ...]]:
    for model in catalog.base_models().values():
        ways = [", ".join(model.techniques.get(technique, ())) or NONE for technique in TECHNIQUES]
        licence = f"[licence]({model.licence})" if model.licence else NONE
        yield f"`{model.id}`", model.name, *ways, licence


def _bedrock() -> Iterator[tuple[str, ...]]:
    for model in catalog.bedrock_models().values():
        if model.customizations:
            forms = ", ".join(f"`{form}`" for form in model.formats)
            yield f"`{model.id}`", model.name, _ways(model), ", ".join(model.on_demand) or NONE, forms


def _ways(model: BedrockModel) -> str:
    return "; ".join(f"`{way}`: {', '.join(regions)}" for way, regions in model.customizations.items())


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    rendered = (f"| {' | '.join(cells)} |" for cells in lines)
    return "\n".join(line.replace("| --- |", "|---|").replace(" --- |", "---|") for line in rendered)


if __name__ == "__main__":
    sys.exit(main())
