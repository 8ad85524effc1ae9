"""`make synth` from the outside: what it refuses, what it leaves alone, and what it says."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tools.assembly import SynthesizedStack
from tools.synth import over_limits

ROOT = Path(__file__).parents[2]

PLANT = """
import aws_cdk as cdk
from aws_cdk import aws_sns as sns
import app
from stacks.foundation import FoundationStack

with open("runs", "a") as runs:
    runs.write("run\\n")

build = FoundationStack.__init__

def planted(self, scope, construct_id, *, settings):
    build(self, scope, construct_id, settings=settings)
    if settings.name == "prod":
        sns.CfnTopic(self, "Planted")

FoundationStack.__init__ = planted
app.main()
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of two environments whose app plants a finding in one stack of one of them."""
    (tmp_path / "environments").mkdir()
    for name, file in (("dev", "small"), ("prod", "given")):
        text = (ROOT / "tests" / "fixtures" / "environments" / f"{file}.yaml").read_text(encoding="utf-8")
        lines = [
            line for line in text.splitlines() if not line.startswith(("models:", "registry:", "release:"))
        ]
        (tmp_path / "environments" / f"{name}.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    settings = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))
    (tmp_path / "cdk.json").write_text(json.dumps({**settings, "app": f"{sys.executable} planted.py"}))
    (tmp_path / "planted.py").write_text(PLANT)
    (tmp_path / "cdk.out").mkdir()
    (tmp_path / "cdk.out" / "before").write_text("the previous synthesis")
    return tmp_path


def python(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the project's Python on its own Node, without CDK's slow template validation."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "CDK_VALIDATION": "false"}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.thorough
def test_a_finding_in_one_stack_of_one_environment_stops_the_synthesis(project: Path) -> None:
    done = python(project, "-m", "tools.synth")
    assert done.returncode == 1
    assert "prod/Foundation/Planted" in done.stderr
    assert "dev/Foundation" not in done.stderr
    assert done.stderr.endswith("synth: refused, cdk.out is unchanged\n")
    assert [path.name for path in (project / "cdk.out").iterdir()] == ["before"]
    assert (project / "runs").read_text() == "run\n", "the app runs once, so nothing was looked up"


def test_unusable_settings_are_told_without_a_traceback_and_change_nothing(project: Path) -> None:
    path = project / "environments" / "dev.yaml"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines, "colour: blue\n"]))
    done = python(project, "-m", "tools.synth")
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    where = f"environments/dev.yaml:{len(lines) + 1}: colour"
    assert line.startswith(f"{where}: unknown key, given 'colour', allowed: account, ")
    assert [path.name for path in (project / "cdk.out").iterdir()] == ["before"]


def test_the_app_itself_ends_with_2_for_unusable_settings(project: Path) -> None:
    (project / "environments" / "dev.yaml").write_text("")
    done = python(project, str(ROOT / "app.py"))
    assert (done.returncode, done.stderr) == (
        2,
        "environments/dev.yaml:1: the file is empty, allowed: settings such as `account:` and `region:`\n",
    )


def stack_of(folder: Path, template: dict[str, Any]) -> SynthesizedStack:
    """A stack with this template."""
    path = folder / "devNetwork.template.json"
    path.write_text(json.dumps(template))
    return SynthesizedStack("dev", "Network", "eu-west-1", path)


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        ({"Resources": {f"R{n}": {} for n in range(451)}}, "dev/Network: 451 resources, allowed: 450"),
        (
            {"Resources": {}, "Outputs": {f"O{n}": {} for n in range(201)}},
            "dev/Network: 201 outputs, allowed: 200",
        ),
        ({"Resources": {}, "Description": "x" * 1_000_000}, "dev/Network: 1000036 bytes, allowed: 1000000"),
    ],
    ids=["resources", "outputs", "bytes"],
)
def test_a_stack_beyond_a_limit_is_named(tmp_path: Path, template: dict[str, Any], problem: str) -> None:
    assert list(over_limits([stack_of(tmp_path, template)])) == [problem]


def test_a_stack_within_the_limits_is_fine(tmp_path: Path) -> None:
    template = {"Resources": {f"R{n}": {} for n in range(450)}, "Outputs": {}}
    assert list(over_limits([stack_of(tmp_path, template)])) == []
