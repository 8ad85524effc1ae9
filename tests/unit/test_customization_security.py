"""Customization's roles, judged: what grants may name, who imports, and what tells gates of a version."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from landscapes import environment, landscape

from mlplatform.bedrock_customization import IMPORTS, JOBS, sources
from mlplatform.permissions import bedrock_roles, customization_function_roles, customization_job_roles
from mlplatform.permissions.customization_places import customized
from mlplatform.permissions.grant import Grant, statements
from mlplatform.policy import document
from mlplatform.registry_access import RegistryAccess
from mlplatform.settings import Environment, ModelProduct
from mlplatform.version_notes import CUSTOMIZED, noting
from rehearsal.iam_data import action as published
from tools.policy_evaluator import Request, evaluate

ACCOUNT, REGION = "111122223333", "us-east-1"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
IN_BEDROCK: dict[str, Any] = {
    "monthly_budget_usd": 100,
    "bedrock": {
        "base_model": "amazon.nova-lite-v1:0:300k",
        "train": "data://helper/bedrock.jsonl",
        "sample": {"prompt": "How do I block my card?"},
        "spend_usd": 10,
    },
}
BOTH: dict[str, Any] = {
    **IN_BEDROCK,
    "base_model": "huggingface-reasoning-qwen3-8b",
    "techniques": {
        "rlvr": {"train": "data://helper/rlvr.jsonl", "reward_function": "exact_match", "spend_usd": 10},
    },
    "evaluate": {
        "data": "data://helper/evaluation.jsonl",
        "judge": {"model": "amazon.nova-pro-v1:0", "metrics": ["Builtin.Correctness"]},
    },
}


def made(
    folder: Path, customization: Mapping[str, Any], consumers: int = 0
) -> tuple[ModelProduct, Environment]:
    """A model that is customized so, in an environment that trains and ``consumers`` others take from."""
    model = {"description": "Helps", "owner": "team", "task": "text_generation"}
    (folder / "models" / "helper").mkdir(parents=True)
    content = yaml.safe_dump({**model, "customization": dict(customization)})
    (folder / "models" / "helper" / "model.yaml").write_text(content, encoding="utf-8")
    network = {"availability_zones": ["use1-az1", "use1-az2"]}
    files = {"dev": environment(ACCOUNT, training=True, region=REGION, network=network)}
    for number in range(consumers):
        uses = {"registry": {"environment": "dev", "artifacts_key_arn": KEY}}
        where = {"region": REGION, "network": network}
        files[f"stage{number}"] = environment(f"4444555566{number:02}", **where, **uses)
    found = landscape(folder, files, {})["dev"]
    return found.products[0], found


def grants_of(product: ModelProduct, settings: Environment) -> dict[str, list[Grant]]:
    """What each role of a model's customization may do."""
    section = customized(product, settings)
    assert section is not None
    functions = customization_function_roles
    return {
        "job": customization_job_roles.customization_job(product, settings, section),
        "function": functions.customization_function(product, settings, section),
        "workflow": functions.customize_workflow(product, settings),
        "Bedrock's job": bedrock_roles.bedrock_job(product, settings),
        "Bedrock's function": bedrock_roles.bedrock_function(product, settings),
        "customize-bedrock": bedrock_roles.customize_bedrock(product, settings),
        "retire-bedrock": bedrock_roles.retire_bedrock(product, settings),
    }


def unsound(grant: Grant) -> Iterator[str]:
    """What of a grant AWS does not know: an action, a condition key; ``*`` where a resource can be named."""
    resources = [one if isinstance(one, str) else None for one in grant.resources]
    for name in grant.actions:
        found = published(name)
        if "*" in resources and any(kind.required for kind in found.resource_types):
            yield f"{name} acts on something that can be named"
        for key in {key for keys in (grant.condition or {}).values() for key in keys}:
            tag = key.startswith(("aws:RequestTag", "aws:ResourceTag", "aws:TagKeys"))
            if key.startswith("aws:") and not tag:
                continue  # sent with every request, or with every request by a service or in a network
            named = [one.replace("*", "w").replace("?", "q") for one in resources if one]
            if named and not any(found.sends(key, one) for one in named):
                yield f"{name} never has {key}"


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[ModelProduct, Environment]:
    return made(tmp_path_factory.mktemp("both"), BOTH)


def test_grants_name_what_can_be_named_and_ask_only_for_keys_that_aws_sends(
    both: tuple[ModelProduct, Environment],
) -> None:
    found = {
        f"{role}: {grant.sid}: {problem}"
        for role, grants in grants_of(*both).items()
        for grant in grants
        for problem in unsound(grant)
    }
    assert found == set()


def interface(settings: Environment, tag: str, job: str, action: str = "CreateNetworkInterface") -> Request:
    """Bedrock makes, or tags while it makes, an interface with the role of its job."""
    arn = settings.names.arn("bedrock", f"{job}/0123456789ab")
    policy = document(*statements(bedrock_roles.bedrock_job(settings.products[0], settings)))
    return Request(
        principal=settings.names.role_arn("job", "helper-bedrock"),
        action=f"ec2:{action}",
        resource=settings.names.arn("ec2", "network-interface/eni-1"),
        resource_account=settings.account,
        context={
            "aws:RequestTag/BedrockManaged": "true",
            f"aws:RequestTag/{tag}": arn,
            "aws:TagKeys": ["BedrockManaged", tag],
            **({"ec2:CreateAction": "CreateNetworkInterface"} if action == "CreateTags" else {}),
        },
        identity_policies=[literal(policy)],
    )


def literal(value: Any) -> Any:
    """A part of a policy with an ARN in the place of each value that another stack exports."""
    if isinstance(value, list):
        return [literal(one) for one in value]
    if not isinstance(value, Mapping):
        return value
    exported = any(key.startswith("Fn::") for key in value)
    return KEY if exported else {key: literal(one) for key, one in value.items()}


def test_the_interfaces_of_imports_are_made_where_versions_are_imported_and_only_with_their_own_tag(
    both: tuple[ModelProduct, Environment], tmp_path: Path
) -> None:
    _, imports = both
    _, alone = made(tmp_path, IN_BEDROCK)
    customization = ("BedrockModelCustomizationJobArn", "model-customization-job")
    taken = ("BedrockModelImportJobArn", "model-import-job")
    mixed = (customization[0], taken[1])
    asked = {
        (where, kind, action): interface(settings, *tags, action)
        for where, settings in (("both", imports), ("alone", alone))
        for kind, tags in (("customization", customization), ("import", taken), ("mixed", mixed))
        for action in ("CreateNetworkInterface", "CreateTags")
    }
    allowed = {key for key, one in zip(asked, evaluate([*asked.values()]), strict=True) if one.allowed}
    actions = ("CreateNetworkInterface", "CreateTags")
    does = [("both", "customization"), ("both", "import"), ("alone", "customization")]
    assert allowed == {(*which, action) for which in does for action in actions}


def test_bedrock_takes_on_the_role_for_imports_only_where_versions_are_imported(
    both: tuple[ModelProduct, Environment], tmp_path: Path
) -> None:
    def kinds(product: ModelProduct, settings: Environment) -> tuple[str, ...]:
        arns = sources(product, settings)
        return tuple(arn.rpartition(":")[2].removesuffix("/*") for arn in arns)

    assert kinds(*both) == (*JOBS, *IMPORTS)
    assert kinds(*made(tmp_path, IN_BEDROCK)) == JOBS


def test_an_import_reads_what_customizations_made_and_neither_evaluations_nor_decisions(
    both: tuple[ModelProduct, Environment],
) -> None:
    grants = {grant.sid: grant for grant in grants_of(*both)["Bedrock's job"]}
    (objects,) = grants["ReadVersions"].resources
    assert objects.endswith("/models/helper/*/customization/*")
    assert grants["ListVersions"].condition is not None
    assert grants["ListVersions"].condition["StringLike"] == {
        "s3:prefix": ["models/helper/*/customization/*"]
    }


def test_a_release_does_not_change_where_the_evaluation_of_a_customized_version_lies(
    both: tuple[ModelProduct, Environment],
) -> None:
    _, settings = both
    recorded = {f"sagemaker:CustomerMetadataProperties/{key}" for key in CUSTOMIZED}
    assert recorded <= set(noting(settings.names, settings, "helper")["Null"])
    assert not recorded & set(noting(settings.names, settings, "another")["Null"])


def test_releases_of_other_accounts_change_none_of_it_either_and_the_policy_fits(tmp_path: Path) -> None:
    _, hub = made(tmp_path, BOTH, consumers=8)
    policy = RegistryAccess(hub).group_policy("helper")
    assert policy is not None
    assert len(json.dumps(policy, separators=(",", ":"))) <= 20_480
    notes = [one for one in policy["Statement"] if one["Sid"].startswith("ConsumersNote")]
    assert len(notes) == 8
    for statement in notes:
        assert "sagemaker:CustomerMetadataProperties/evaluation" in statement["Condition"]["Null"]
