"""The documentation names only what exists: links, commands, paths, settings, policies."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_origin

import pytest
import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from mlplatform import regions
from mlplatform.bucket_policies import CHANNELS
from mlplatform.key_policies import VIA_SERVICES
from mlplatform.settings import Environment, SettingsError, read_environments

ROOT = Path(__file__).parents[2]
DOCS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
WRITTEN = [path for path in DOCS if path.name != "acknowledged.md"]
"""Those that people write, not `make baselines`."""

ENVIRONMENTS = (ROOT / "docs" / "environments.md").read_text(encoding="utf-8")
SECURITY = (ROOT / "docs" / "security" / "README.md").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
MINIMAL = {
    "account": "111122223333",
    "region": "eu-west-1",
    "name_prefix": "acme",
    "owns_account": True,
    "tags": {"owner": "ml-platform", "cost-center": "4711"},
    "network": {"availability_zones": ["euw1-az1", "euw1-az2"]},
}


def name_of(value: object) -> str:
    """Id of a parametrized test."""
    return str(value.relative_to(ROOT)) if isinstance(value, Path) else str(value)


def every_document(test: Any) -> Any:
    """Run a test once for each document people write."""
    return pytest.mark.parametrize("path", WRITTEN, ids=name_of)(test)


def blocks(text: str, info: str) -> list[str]:
    """Contents of the fenced blocks whose info string is ``info``, indented ones included."""
    fences = re.finditer(rf"^( *)```{re.escape(info)}\n(.*?)^ *```$", text, re.M | re.S)
    return [re.sub(rf"^{fence[1]}", "", fence[2], flags=re.M) for fence in fences]


def without_blocks(text: str) -> str:
    """The prose: what is not in a fenced block."""
    return re.sub(r"^ *```.*?^ *```$", "", text, flags=re.M | re.S)


def is_the_users(path: Path) -> bool:
    """Whether a file is one that users name, change and delete as they like."""
    return path.parent == ROOT / "environments" and path.suffix == ".yaml"


def anchors(path: Path) -> set[str]:
    """What a link may name after ``#``: the headings as GitHub spells them in addresses."""
    headings = re.findall(r"^#+ (.*)$", without_blocks(path.read_text(encoding="utf-8")), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def rows(text: str) -> Iterator[list[str]]:
    """Cells of every row of every table."""
    for line in re.findall(r"^\|(.*)\|$", text, re.M):
        yield [cell.strip() for cell in line.split(" | ")]


def fields(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Dotted path of every setting, ``[]`` after a list of sections, and its field."""
    for name, field in model.model_fields.items():
        if (prefix, name) == ("", "name"):
            continue  # the file's name, not a key of the file
        yield prefix + name, field
        kinds = [field.annotation, *get_args(field.annotation)]
        for section in (kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)):
            step = "[]" if get_origin(field.annotation) in (list, dict) else ""
            yield from fields(section, f"{prefix}{name}{step}.")


def default_of(field: FieldInfo) -> str:
    """How the documentation writes a default."""
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=False)
    if field.default_factory:
        return "section"
    text = (
        '""'
        if value == ""
        else yaml.safe_dump(value, default_flow_style=True, width=1000).replace("...", "").strip()
    )
    return f"`{text}`"


SETTINGS = dict(fields(Environment))


def loaded(text: str, folder: Path, name: str = "dev") -> tuple[Environment, ...]:
    """Read one file with this content. Raises SettingsError."""
    environments = folder / "environments"
    environments.mkdir()
    (environments / f"{name}.yaml").write_text(text, encoding="utf-8")
    return read_environments(environments)


@pytest.mark.parametrize("path", DOCS, ids=name_of)
def test_every_relative_link_leads_somewhere(path: Path) -> None:
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", without_blocks(path.read_text(encoding="utf-8"))):
        if "://" in link:
            continue
        file, _, anchor = link.partition("#")
        target = (path.parent / file).resolve() if file else path
        if is_the_users(target):
            continue
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert not broken


@every_document
def test_every_make_target_named_exists(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    code = re.findall(r"`([^`\n]+)`", text) + [
        line for block in blocks(text, "console") for line in block.splitlines()
    ]
    named = {target for line in code for target in re.findall(r"(?:^|\$ )make ([a-z-]+)", line)}
    assert named <= TARGETS


@every_document
def test_every_path_named_exists(path: Path) -> None:
    prose = without_blocks(path.read_text(encoding="utf-8"))
    tops = "app.py|cdk.json|constructs|docs|environments|lambda|stacks|tests|tools|requirements[a-z-]*"
    named = re.findall(rf"`((?:{tops})[\w./-]*)`", prose)
    missing = {name for name in named if not (ROOT / name).exists() and not is_the_users(ROOT / name)}
    # A spelling that is not to be used, and a service principal.
    assert missing <= {"constructs.mlplatform", "lambda.amazonaws.com"}


def test_the_readme_lists_every_command_of_make_help() -> None:
    helped = re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    listed = [re.match(r"`make ([a-z-]+)", row[0]) for row in rows(readme)]
    assert sorted(found[1] for found in listed if found) == sorted(helped)


def test_the_diagram_names_stacks_and_constructs_of_the_code() -> None:
    (diagram,) = blocks((ROOT / "README.md").read_text(encoding="utf-8"), "mermaid")
    code = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "stacks").glob("*.py"))
    used = set(re.findall(r"\b([A-Z]\w+)\(\s*self,\s*f?\"(\w+)", code))
    stacks = {name for kind, name in used if kind.endswith("Stack")}
    constructs = {kind for kind, _ in used if not kind.endswith("Stack") and not kind.startswith("Cfn")}
    assert set(re.findall(r"\b[A-Z]\w+", diagram)) == {"MlPlatform", "LR"} | stacks | constructs


@pytest.mark.parametrize("folder", ["constructs", "stacks", "tools", "lambda", "tests"])
def test_every_document_that_code_refers_to_exists(folder: str) -> None:
    sources = [ROOT / "app.py", ROOT / "Makefile", *(ROOT / folder).rglob("*.py")]
    named = {d for s in sources for d in re.findall(r"\bdocs/[\w/-]+\.md\b", s.read_text(encoding="utf-8"))}
    assert not {document for document in named if not (ROOT / document).exists()}


def test_every_setting_is_documented_and_every_documented_setting_exists() -> None:
    first = [re.fullmatch(r"`([a-z0-9_.\[\]]+)`", row[0]) for row in rows(ENVIRONMENTS) if len(row) == 4]
    assert sorted(found[1] for found in first if found) == sorted(SETTINGS)


@pytest.mark.parametrize("setting", SETTINGS)
def test_the_documented_default_is_the_default(setting: str) -> None:
    (row,) = (row for row in rows(ENVIRONMENTS) if row[0] == f"`{setting}`" and len(row) == 4)
    assert row[2] == default_of(SETTINGS[setting])


def test_every_interface_endpoint_is_documented_as_always_there_or_to_be_added() -> None:
    (paragraph,) = re.findall(r"^These interface endpoints always exist:.*?\n\n", ENVIRONMENTS, re.M | re.S)
    core, added = paragraph.split("These can be added", 1)
    assert re.findall(r"`([a-z.-]+)`", core) == list(regions.CORE_ENDPOINTS)
    assert {*re.findall(r"`([a-z.-]+)`", added)} == {*regions.endpoint_services()} - {*regions.CORE_ENDPOINTS}


EXAMPLES = [
    pytest.param(block, id=f"{name_of(path)}-{number}")
    for path in WRITTEN
    for number, block in enumerate(blocks(path.read_text(encoding="utf-8"), "yaml"))
]


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_settings_example_loads(example: str, tmp_path: Path) -> None:
    """A whole file as it stands, a part of one in place of the same part of a minimal file."""
    part = yaml.safe_load(example)
    text = example if "account" in part else yaml.safe_dump({**MINIMAL, **part})
    (environment,) = loaded(text, tmp_path)
    assert environment.model_fields_set >= set(part)


def test_the_example_of_mistakes_gives_the_messages_shown(tmp_path: Path) -> None:
    (wrong,) = blocks(ENVIRONMENTS, "yaml wrong")
    shown = next(block for block in blocks(ENVIRONMENTS, "text") if block.startswith("environments/"))
    with pytest.raises(SettingsError) as refused:
        loaded(wrong, tmp_path)
    assert str(refused.value).splitlines() == shown.splitlines()


def test_the_table_of_callers_and_buckets_is_that_of_the_policies() -> None:
    table = {row[0]: row[1:] for row in rows(SECURITY) if len(row) == 6}
    buckets = [cell.strip("`") for cell in table.pop("caller")]
    kinds = {kind for channel in CHANNELS.values() for kind in channel.role_kinds}
    expected = {
        f"roles of kind `{kind}`": [_way(kind in CHANNELS[bucket].role_kinds) for bucket in buckets]
        for kind in kinds
    }
    expected["`data_writers`"] = [_way(CHANNELS[bucket].data_writers) for bucket in buckets]
    assert buckets == list(CHANNELS)
    assert {caller: table[caller] for caller in expected} == expected
    assert {caller for caller in table if caller.startswith("roles of kind")} - set(expected) == {
        "roles of kind `job`, and everybody else"
    }


def _way(exempt: bool) -> str:
    return "anywhere" if exempt else "endpoint"


def test_the_table_of_keys_is_that_of_the_policies() -> None:
    table = {row[0].strip("`"): row[2] for row in rows(SECURITY) if len(row) == 4 and row[0].startswith("`")}
    assert {key: tuple(re.findall(r"`(\w+)`", services)) for key, services in table.items()} == VIA_SERVICES


def test_every_decision_is_listed_with_status_and_date() -> None:
    folder = ROOT / "docs" / "decisions"
    files = sorted(path.name for path in folder.glob("0*.md"))
    assert re.findall(r"\]\((0[\w-]+\.md)\)", (folder / "README.md").read_text(encoding="utf-8")) == files
    for number, name in enumerate(files, start=1):
        text = (folder / name).read_text(encoding="utf-8")
        assert text.startswith(f"# {number:04}: ")
        assert re.search(r"^Status: (accepted|replaced by \d{4})\. Date: \d{4}-\d\d\.$", text, re.M), name
        assert re.findall(r"^## (.*)$", text, re.M) == ["Context", "Decision", "Consequences"], name
