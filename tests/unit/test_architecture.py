"""The house stays as it is built: source roots are no packages, pure modules are pure, one spelling each."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from mlplatform.names import forbidden_word

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "constructs" / "mlplatform"
IMPURE = {
    "acknowledgements",
    "ai_registry_hub",
    "audit_trail",
    "bedrock_customization",
    "checks",
    "container_repository",
    "customization_function",
    "customization_roles",
    "dead_letters",
    "deployment_roles",
    "encryption_key",
    "experiment_tracking",
    "flow_logs",
    "function",
    "log_group",
    "managed_policy",
    "model_dashboard",
    "model_package_group",
    "model_roles",
    "network_defaults",
    "notifications",
    "object_store",
    "oidc_provider",
    "package_index",
    "product_tags",
    "release_events",
    "release_function",
    "release_ledger",
    "retention",
    "reward_functions",
    "role",
    "sdk_bucket",
    "security_groups",
    "serving_access",
    "serving_roles",
    "stack",
    "stack_exports",
    "studio_domain",
    "studio_groups",
    "studio_homes",
    "studio_image",
    "studio_people",
    "studio_roles",
    "studio_services",
    "studio_startup",
    "upkeep",
    "vpc",
    "vpc_endpoints",
    "workflow",
    "workflow_functions",
    "workflow_triggers",
}
"""Modules that build constructs; every other module of the package is pure."""

SOURCES = [
    path for folder in ("constructs", "stacks", "lambda", "tools") for path in (ROOT / folder).rglob("*.py")
]


def imports(path: Path) -> set[str]:
    """Full names of the modules a file imports."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    plain = {name.name for node in nodes if isinstance(node, ast.Import) for name in node.names}
    return plain | {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}


def test_constructs_is_a_source_root_that_leaves_the_library_of_that_name_alone() -> None:
    assert not (ROOT / "constructs" / "__init__.py").exists()
    assert not (ROOT / "lambda" / "__init__.py").exists()
    assert not list((ROOT / "tests").rglob("__init__.py"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_package_has_one_spelling(path: Path) -> None:
    assert not {name for name in imports(path) if name.startswith("constructs.")}


def test_pure_modules_load_neither_cdk_nor_boto3() -> None:
    modules = {".".join(p.relative_to(PACKAGE).with_suffix("").parts) for p in PACKAGE.rglob("*.py")}
    pure = sorted(name.removesuffix(".__init__") for name in modules - IMPURE - {"__init__"})
    code = f"import sys, {', '.join(f'mlplatform.{name}' for name in pure)}; print(sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not {"aws_cdk", "jsii", "constructs", "boto3", "botocore"} & set(ast.literal_eval(loaded))


def test_every_module_of_the_package_is_known_to_be_pure_or_not() -> None:
    built = [p for p in PACKAGE.rglob("*.py") if {"aws_cdk", "jsii", "constructs"} & _tops(p)]
    building = {".".join(p.relative_to(PACKAGE).with_suffix("").parts) for p in built}
    assert building == IMPURE


def _tops(path: Path) -> set[str]:
    return {name.partition(".")[0] for name in imports(path)}


@pytest.mark.parametrize(
    "path", sorted((ROOT / "lambda").glob("*/logic.py")), ids=lambda path: path.parent.name
)
def test_the_decisions_of_a_function_are_pure(path: Path) -> None:
    assert not {"boto3", "botocore", "os"} & _tops(path)


@pytest.mark.parametrize("folder", ["constructs", "stacks", "lambda"])
def test_partitions_are_never_literals_in_code(folder: str) -> None:
    files = [p for p in (ROOT / folder).rglob("*.py") if "arn:aws:" in p.read_text(encoding="utf-8")]
    assert not files


def test_synthesis_reads_no_environment_variable_and_no_clock() -> None:
    readers = [
        p
        for p in (*PACKAGE.rglob("*.py"), *(ROOT / "stacks").rglob("*.py"), ROOT / "app.py")
        if {"os", "datetime", "time", "random", "uuid", "boto3"} & _tops(p)
    ]
    assert not readers


def test_the_command_line_is_pinned_and_can_read_what_the_library_writes() -> None:
    pinned = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))["dependencies"]["aws-cdk"]
    assert (2, 1147) <= tuple(map(int, pinned.split(".")[:2])) < (3, 0)
    lock = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    assert lock["node_modules/aws-cdk"]["version"] == pinned
    assert not [name for name, entry in lock.items() if "resolved" in entry]


def test_no_name_that_the_code_gives_carries_a_forbidden_word() -> None:
    names = [p.parent.name for p in (ROOT / "lambda").glob("*/handler.py")]
    assert not [name for name in names if forbidden_word(name.replace("_", "-"))]
