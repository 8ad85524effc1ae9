"""The Registry and Model stacks: repositories and package groups, shared with consuming environments."""

import json
import re
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
import yaml
from landscapes import MODELS, ROOT, checked, environment, landscape, logical_ids, properties, three_accounts

from mlplatform.container_repository import CANDIDATE, RELEASED
from mlplatform.registry_access import RegistryAccess
from mlplatform.settings import Environment
from stacks.model import ModelStack
from stacks.registry import RegistryStack

Templates = dict[str, dict[str, Any]]


def registry_stacks(stage: cdk.Stage, settings: Environment) -> None:
    """What the map does: only the environment that keeps the registry has these stacks."""
    if settings.keeps_registry and settings.products:
        RegistryStack(stage, "Registry", settings=settings)
        for product in settings.products:
            ModelStack(stage, f"Model-{product.name}", settings=settings, product=product)


@pytest.fixture(scope="module")
def accounts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Environment]:
    """A registry and two consumers."""
    return three_accounts(tmp_path_factory.mktemp("accounts"))


@pytest.fixture(scope="module")
def templates(accounts: dict[str, Environment], tmp_path_factory: pytest.TempPathFactory) -> Templates:
    """The stacks of all three."""
    return checked(tmp_path_factory.mktemp("out"), accounts, registry_stacks)


def test_only_the_environment_that_keeps_the_registry_has_its_stacks(templates: Templates) -> None:
    assert sorted(templates) == ["hub/Model-credit-approval", "hub/Model-support-assistant", "hub/Registry"]


def test_logical_ids_of_what_holds_state_do_not_move(templates: Templates) -> None:
    assert logical_ids(templates["hub/Registry"], "AWS::ECR::Repository") == {
        "Repositoriescreditapproval3BFA80C2": "AWS::ECR::Repository",
        "Repositoriessupportassistant3F5A5040": "AWS::ECR::Repository",
    }
    for product in MODELS:
        group = logical_ids(templates[f"hub/Model-{product}"], "AWS::SageMaker::ModelPackageGroup")
        assert group == {"PackageGroup": "AWS::SageMaker::ModelPackageGroup"}


def test_repositories_are_immutable_scanned_and_encrypted_with_the_artifacts_key(
    templates: Templates,
) -> None:
    found = properties(templates["hub/Registry"], "AWS::ECR::Repository")
    assert [r["RepositoryName"] for r in found] == ["acme-hub-credit-approval", "acme-hub-support-assistant"]
    for repository in found:
        assert repository["ImageTagMutability"] == "IMMUTABLE"
        assert repository["ImageScanningConfiguration"] == {"ScanOnPush": True}
        key = {"Fn::ImportValue": "acme-hub-foundation:ArtifactsKeyArn"}
        assert repository["EncryptionConfiguration"] == {"EncryptionType": "KMS", "KmsKey": key}


def expired(tags: set[str], age_days: int, rules: list[dict[str, Any]]) -> bool:
    """Whether a lifecycle policy expires an image: the first rule whose tags match alone decides."""
    for rule in sorted(rules, key=lambda rule: rule["rulePriority"]):
        images = rule["selection"]
        prefixes = images.get("tagPrefixList", [])
        tagged = any(tag.startswith(prefix) for tag in tags for prefix in prefixes)
        if tagged if images["tagStatus"] == "tagged" else not tags:
            return images["countType"] == "sinceImagePushed" and age_days > images["countNumber"]
    return False


@pytest.mark.parametrize(
    ("tags", "age_days", "gone"),
    [
        ({f"{RELEASED}3"}, 3650, False),
        ({f"{CANDIDATE}3f1c", f"{RELEASED}3"}, 3650, False),
        ({f"{CANDIDATE}3f1c"}, 89, False),
        ({f"{CANDIDATE}3f1c"}, 91, True),
        (set(), 13, False),
        (set(), 15, True),
        ({"base-2026"}, 3650, False),
    ],
)
def test_released_images_are_kept_and_others_expire(
    templates: Templates, tags: set[str], age_days: int, gone: bool
) -> None:
    for repository in properties(templates["hub/Registry"], "AWS::ECR::Repository"):
        rules = json.loads(repository["LifecyclePolicy"]["LifecyclePolicyText"])["rules"]
        assert expired(tags, age_days, rules) is gone


def test_repositories_and_groups_carry_the_policies_that_were_judged(
    templates: Templates, accounts: dict[str, Environment]
) -> None:
    access = RegistryAccess(accounts["hub"])
    for repository in properties(templates["hub/Registry"], "AWS::ECR::Repository"):
        assert repository["RepositoryPolicyText"] == access.repository_policy()
    for product in MODELS:
        (group,) = properties(templates[f"hub/Model-{product}"], "AWS::SageMaker::ModelPackageGroup")
        assert group["ModelPackageGroupPolicy"] == access.group_policy(product)


def test_a_product_is_described_by_its_stack_and_its_group_by_a_constant(templates: Templates) -> None:
    for product, model in MODELS.items():
        template = templates[f"hub/Model-{product}"]
        assert template["Description"] == model["description"]
        (group,) = properties(template, "AWS::SageMaker::ModelPackageGroup")
        assert group["ModelPackageGroupName"] == f"acme-hub-{product}"
        assert group["ModelPackageGroupDescription"] == f"Versions of {product}"


def test_another_description_changes_no_resource(tmp_path: Path) -> None:
    def synthesized(where: str, description: str) -> dict[str, Any]:
        model = {**MODELS["credit-approval"], "description": description}
        files = {"hub": environment("111122223333")}
        every = landscape(tmp_path / where, files, {"credit-approval": model})
        return checked(tmp_path / where / "out", every, registry_stacks)["hub/Model-credit-approval"]

    before, after = synthesized("before", "Credit"), synthesized("after", "Credit, with one more feature")
    assert before["Description"] != after["Description"]
    assert before["Resources"] == after["Resources"]


def test_a_product_is_tagged_with_its_name_and_its_own_owner(templates: Templates) -> None:
    def tags(resource: dict[str, Any]) -> dict[str, str]:
        return {tag["Key"]: tag["Value"] for tag in resource["Tags"]}

    groups = [
        group
        for product in MODELS
        for group in properties(templates[f"hub/Model-{product}"], "AWS::SageMaker::ModelPackageGroup")
    ]
    repositories = properties(templates["hub/Registry"], "AWS::ECR::Repository")
    for found in (groups, repositories):
        for resource, (product, model) in zip(found, MODELS.items(), strict=True):
            assert tags(resource).items() >= {"model": product, "owner": model["owner"]}.items()
            assert tags(resource)["cost-center"] == "4711"


def test_names_that_differ_by_a_hyphen_are_two_products(tmp_path: Path) -> None:
    models = dict.fromkeys(("credit-approval", "creditapproval"), MODELS["credit-approval"])
    every = landscape(tmp_path / "files", {"hub": environment("111122223333")}, models)
    template = checked(tmp_path / "out", every, registry_stacks)["hub/Registry"]
    names = [r["RepositoryName"] for r in properties(template, "AWS::ECR::Repository")]
    assert names == ["acme-hub-credit-approval", "acme-hub-creditapproval"]


def test_an_environment_that_may_be_destroyed_deletes_its_images(tmp_path: Path) -> None:
    every = landscape(tmp_path / "files", {"hub": environment("111122223333", removal="destroy")})
    template = checked(tmp_path / "out", every, registry_stacks)["hub/Registry"]
    assert all(r["EmptyOnDelete"] is True for r in properties(template, "AWS::ECR::Repository"))


def test_a_registry_nobody_else_uses_is_shared_with_nobody(tmp_path: Path) -> None:
    every = landscape(tmp_path / "files", {"hub": environment("111122223333")})
    templates = checked(tmp_path / "out", every, registry_stacks)
    (group,) = properties(templates["hub/Model-credit-approval"], "AWS::SageMaker::ModelPackageGroup")
    assert "ModelPackageGroupPolicy" not in group
    for repository in properties(templates["hub/Registry"], "AWS::ECR::Repository"):
        assert "RepositoryPolicyText" not in repository
        assert "EmptyOnDelete" not in repository


def test_the_examples_of_the_documentation_are_files_that_load(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "models.md").read_text(encoding="utf-8")
    (model,) = re.findall(r"```yaml model\n(.*?)```", text, re.S)
    (consumer,) = re.findall(r"```yaml consumer\n(.*?)```", text, re.S)
    files = {
        "staging": environment("222233334444"),
        "prod": environment("333344445555", **yaml.safe_load(consumer)),
    }
    every = landscape(tmp_path, files, {"credit-approval": yaml.safe_load(model)})
    assert [names.environment for names in every["staging"].neighbours.consumers] == ["prod"]
    (product,) = every["prod"].products
    assert product.name == "credit-approval"
