"""The page about customization says what catalogue, data check, settings and workflows say."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

import bedrock_customization.errors
import customization.errors
from dataset_check.formats import FORMATS
from dataset_check.logic import SHOWN_PROBLEMS
from dataset_check.records import MOST_LISTED, Reader, RecordFindings, check_records
from mlplatform.settings import Environment, read_environments
from mlplatform.workflows.advice import ADVICE
from tools.customization_offer import PAGE, rewritten, tables

TEXT = PAGE.read_text(encoding="utf-8")
SAMPLE = Path("models/support-assistant")
PLACE = {
    "account": "111122223333",
    "name_prefix": "acme",
    "owns_account": True,
    "training": True,
    "tags": {"owner": "ml-platform", "cost-center": "4711"},
}


def blocks(info: str, text: str = TEXT) -> list[str]:
    """Contents of the fenced blocks of one kind."""
    return re.findall(rf"^```{info}\n(.*?)^```$", text, re.M | re.S)


def between(mark: str) -> str:
    """What stands between ``<!-- mark -->`` and its end."""
    found = re.search(rf"<!-- {mark} -->\n(.*?)<!-- end of {mark} -->", TEXT, re.S)
    assert found is not None
    return found[1]


def cells(text: str) -> list[list[str]]:
    """Rows of a table."""
    return [[cell.strip() for cell in row.split(" | ")] for row in re.findall(r"^\| (`.*) \|$", text, re.M)]


def checked(format: str, *lines: str) -> RecordFindings:
    """What the data check says of ``lines``."""
    reader = Reader(FORMATS[format], None, 0, lambda entry: None)
    return check_records(["".join(f"{line}\n" for line in lines).encode()], reader, beginning=True)


def loaded(folder: Path, model: str, region: str, **more: Any) -> Environment:
    """An environment with the sample's files and this ``model.yaml``. Raises SettingsError."""
    home = folder / "models" / "claims-assistant"
    shutil.copytree(SAMPLE, home, ignore=shutil.ignore_patterns("data"))
    (home / "question.json").write_text('{"inputs": "How?"}', encoding="utf-8")
    (home / "model.yaml").write_text(model, encoding="utf-8")
    network = {"availability_zones": [f"{region}a", f"{region}b"]}
    settings = {**PLACE, "region": region, "network": network, **more}
    (folder / "environments").mkdir()
    (folder / "environments" / "dev.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    (environment,) = read_environments(folder / "environments")
    return environment


def test_the_tables_of_models_are_current() -> None:
    assert rewritten(TEXT) == TEXT, "run make schema"
    assert re.findall(r"<!-- offer: (\w+) -->", TEXT) == list(tables())


def test_every_format_is_shown_by_a_line_that_the_check_takes() -> None:
    shown = {row[0].strip("`"): row[-1].strip("`") for row in cells(between("formats"))}
    assert list(shown) == list(FORMATS)
    for name, line in shown.items():
        assert not checked(name, line).problems


def test_the_numbers_of_lines_and_bytes_are_those_that_are_checked() -> None:
    limited = {
        name: (form.fewest, form.most) for name, form in FORMATS.items() if form.fewest > 1 or form.most
    }
    row = next(row for row in TEXT.splitlines() if row.startswith("| number of lines |"))
    told = [
        (name, (int(least), int(most.replace(",", ""))))
        for names, least, most in re.findall(r"(`[^;|]*?) (\d+) to ([\d,]+)", row)
        for name in re.findall(r"`(\w+)`", names)
    ]
    assert dict(told) == limited
    sizes = {name: form.most_bytes // 2**30 for name, form in FORMATS.items()}
    assert "| size of an object | 1 GiB; `continued_pretraining` 10 GiB |" in TEXT
    assert {name: size for name, size in sizes.items() if size != 1} == {"continued_pretraining": 10}


def test_the_report_on_bad_lines_is_what_the_check_writes() -> None:
    part = between("bad lines")
    lines, message = blocks("text", part)
    found = checked("prompt_completion", *lines.splitlines())
    assert message.startswith(f"{found.bad} of {found.rows} rows are bad, allowed: 0: ")
    assert all(f"train/train.jsonl:{line}: {what}; " in message for line, what in found.problems)
    listed = [json.loads(line) for line in blocks("json", part)[0].splitlines()]
    assert [(one["Line"], f"{one['Field']} {one['Reason']}".removeprefix("None ")) for one in listed] == (
        found.problems
    )
    assert (SHOWN_PROBLEMS, MOST_LISTED) == (5, 1000)


def test_every_error_of_customization_is_explained_and_has_advice() -> None:
    own = {
        name
        for module in (customization.errors, bedrock_customization.errors)
        for name, kind in vars(module).items()
        if isinstance(kind, type) and issubclass(kind, Exception)
    } - {"CustomizationError"}
    table = TEXT[TEXT.index("| error | when | costs |") : TEXT.index("| in training you see")]
    explained = {name for row in cells(table) for name in re.findall(r"`([A-Z]\w+)`", row[0])}
    assert own <= explained <= set(ADVICE)


FULL, LICENCE, BEDROCK, SERVING = blocks("yaml model")


def test_the_whole_model_loads_and_is_served_as_shown(tmp_path: Path) -> None:
    (product,) = loaded(tmp_path, FULL + SERVING, "eu-west-1").products
    assert product.customization is not None
    assert product.customization.default_technique == "sft"
    assert product.serving is not None
    assert product.serving.mode == "inference_components"


def test_the_model_with_a_licence_loads(tmp_path: Path) -> None:
    model = yaml.safe_load(FULL)
    model["customization"] |= yaml.safe_load(LICENCE)["customization"]
    (product,) = loaded(tmp_path, yaml.safe_dump(model, sort_keys=False), "eu-west-1").products
    assert product.customization is not None
    assert product.customization.accept_eula == "https://www.llama.com/llama3_2/license/"


def test_the_model_in_bedrock_loads_where_bedrock_customizes_it(tmp_path: Path) -> None:
    head = "".join(FULL.partition("customization:")[0])
    (product,) = loaded(tmp_path, head + BEDROCK, "us-east-1").products
    assert product.customization is not None
    assert product.customization.target == "bedrock"


@pytest.mark.parametrize(("number", "products"), [(0, 0), (1, 1)])
def test_the_lines_that_turn_a_model_off_do(tmp_path: Path, number: int, products: int) -> None:
    line = yaml.safe_load(blocks("yaml environment")[number].replace("support-", "claims-"))
    model = (SAMPLE / "model.yaml").read_text(encoding="utf-8")
    found = loaded(tmp_path, model, "eu-west-1", **line).products
    assert len(found) == products
    assert all(product.customization and product.customization.bedrock is None for product in found)
