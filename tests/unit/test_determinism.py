"""Whether the comparison of two syntheses sees what makes templates differ; on an app of a few lines."""

import json
from pathlib import Path

import pytest

from tools.determinism import SynthesisError, context_of, differences

APP = """\
import json, os, time
from pathlib import Path

folder = Path(os.environ["CDK_OUTDIR"]) / "assembly-dev"
folder.mkdir(parents=True)
(folder / "Network.template.json").write_text(json.dumps({VALUE}))
"""


def project(folder: Path, value: str) -> Path:
    (folder / "app.py").write_text(APP.replace("VALUE", value))
    (folder / "cdk.json").write_text(json.dumps({"context": {"flag": True}}))
    return folder


def test_an_app_that_depends_on_its_source_only_is_the_same_twice(tmp_path: Path) -> None:
    assert differences(project(tmp_path, "'a': os.environ['CDK_CONTEXT_JSON']")) == []


@pytest.mark.parametrize(
    "value",
    ["'a': list({'x', 'y', 'z', 'u', 'v'})", "'a': time.strftime('%F')", "'a': os.getcwd()", "'a': __file__"],
    ids=["hash order", "the day", "the working folder", "the source folder"],
)
def test_a_template_that_depends_on_circumstances_is_named(tmp_path: Path, value: str) -> None:
    assert differences(project(tmp_path, value)) == ["assembly-dev/Network.template.json: differs"]


def test_an_app_that_fails_is_an_error_and_not_a_match(tmp_path: Path) -> None:
    with pytest.raises(SynthesisError, match=r"app\.py ended with 1: ZeroDivisionError"):
        differences(project(tmp_path, "'a': 1 / 0"))


def test_the_apps_context_is_that_of_the_cli_plus_what_is_asked_for(tmp_path: Path) -> None:
    assert json.loads(context_of(project(tmp_path, ""), env="dev")) == {"flag": True, "env": "dev"}
