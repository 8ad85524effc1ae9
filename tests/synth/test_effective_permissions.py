"""Who may do what, decided by the synthesized policies together: the table in ``decisions/``, and no others.

``make verify`` asks the same of the user's own and of every fixture environment.
"""

import shutil
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from landscapes import environment, landscape

from mlplatform.settings import Environment, read_environments
from tools.effective_cases import Case, Where, read_cases, read_principals
from tools.effective_decisions import Judged, judge, synthesized_world, world_of
from tools.effective_permissions import World, read_world
from tools.effective_places import Places
from tools.effective_requests import request_of
from tools.effective_roles import Role
from tools.policy_evaluator import Policy, evaluate

ROOT = Path(__file__).parents[2]
DECISIONS = Path(__file__).parent / "decisions"
CASES, PRINCIPALS = read_cases(DECISIONS), read_principals(DECISIONS)
GUARDED = ("data-scientist", "ml-engineer")
"""The roles that carry the guards."""

BACKSTOPS = {
    "DenyBuyingInBedrock": "AWS's policies allow no customization or capacity in Amazon Bedrock",
    "DenyKeyGrants": "AWS's policies do not allow kms:CreateGrant, and ours asks for the same",
    "DenySessions": "AWS's policies do not allow sagemaker:StartSession",
}
"""Denials behind which nothing is open: they hold should AWS widen its policies."""

PEOPLE = {"ana": "data_scientist", "bo": "ml_engineer", "cem": "studio_admin", "dia": "approver"}
PEOPLE_OF_SAML = "arn:aws:iam::100000000004:role/saml/people"
SESSION = "arn:aws:iam::100000000004:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Ml_0a1b2c3d4e5f6a7b"
PIPELINE = "repo:acme/ml-platform:environment:tight"
KEY = "arn:aws:kms:eu-west-1:100000000001:key/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
IMAGE = f"100000000004.dkr.ecr.eu-west-1.amazonaws.com/studio@sha256:{'0f1e2d3c' * 8}"
STUDIO = {"studio": {"users": PEOPLE}}
ORGANIZATION = "o-a1b2c3d4e5"
SHARING = {
    "organization_id": ORGANIZATION,
    "registry": {"environment": "tight", "artifacts_key_arn": KEY},
}
TOKEN = "arn:aws:secretsmanager:eu-west-1:100000000001:secret:hub/token-AbCdEf"
CUSTOMIZED = {
    "base_model": "huggingface-reasoning-qwen3-8b",
    "techniques": {
        "sft": {
            "train": "data://support-assistant/sft.jsonl",
            "hyperparameters": {"hub_token": TOKEN},
            "spend_usd": 10,
        },
        "rlvr": {
            "train": "data://support-assistant/rlvr.jsonl",
            "reward_function": "exact_match",
            "spend_usd": 10,
        },
        "rlaif": {
            "train": "data://support-assistant/rlaif.jsonl",
            "reward_prompt": "Builtin.Helpfulness",
            "reward_model": "openai.gpt-oss-120b-1:0",
            "spend_usd": 10,
        },
    },
    "evaluate": {
        "data": "data://support-assistant/evaluation.jsonl",
        "scorer": "exact_match",
        "judge": {"model": "amazon.nova-pro-v1:0", "metrics": ["Builtin.Correctness"]},
    },
    "monthly_budget_usd": 100,
}
IN_BEDROCK = {
    "bedrock": {
        "base_model": "amazon.nova-lite-v1:0:300k",
        "train": "data://support-assistant/bedrock.jsonl",
        "sample": {"prompt": "How do I block my card?"},
        "spend_usd": 10,
    },
    "monthly_budget_usd": 100,
}
SERVED_BY_COPIES = {
    "inference": {
        "framework": {"name": "djl-lmi", "version": "0.38.0"},
        "content_types": ["application/json"],
        "response_types": ["application/json"],
    },
    "serving": {
        "mode": "inference_components",
        "instance_type": "ml.g5.12xlarge",
        "instances": {"minimum": 1, "maximum": 2},
        "components": {"memory_mb": 24_000, "copies": {"minimum": 2, "maximum": 4}},
        "autoscaling": {"target_concurrent_requests": 8},
        "sample": {"file": "sample.json", "content_type": "application/json", "accept": "application/json"},
        "consumers": ["arn:aws:iam::777788889999:role/agents"],
    },
}
SERVED = {
    "ab_test": {"metrics": [{"name": "repaid", "direction": "higher", "better_by_points": 0}]},
    "capture": {"sampling_percent": 20},
    "consumers": ["arn:aws:iam::777788889999:role/loan-app"],
}
FILES = {
    "tight": environment(
        "100000000001",
        **STUDIO,
        organization_id=ORGANIZATION,
        training=True,
        ci={"deploy_subjects": [PIPELINE], "review_subjects": [PIPELINE], "run_subjects": [PIPELINE]},
        models={"support-assistant": {"customization": CUSTOMIZED, **SERVED_BY_COPIES}},
    ),
    "lab": environment("100000000001", **STUDIO, owns_account=False),
    # The worst case: AWS's managed policies, and no boundary behind the Denies.
    "compat": environment(
        "100000000002",
        **STUDIO,
        customization={"permissions": "compat"},
        iam={"permissions_boundary": "none"},
    ),
    "off": environment(
        "100000000003",
        training=True,
        region="us-east-1",
        network={"availability_zones": ["use1-az1", "use1-az2"]},
        models={"support-assistant": {"customization": IN_BEDROCK}},
        studio={"users": PEOPLE, "mlflow": "server", "home_efs": True},
        customization={"permissions": "off"},
        iam={"require_mfa": "off"},
    ),
    "idp": environment(
        "100000000004",
        studio={"users": PEOPLE, "custom_image": IMAGE},
        **SHARING,
        iam={"require_mfa": "identity_provider", "sign_in_roles": [PEOPLE_OF_SAML, SESSION]},
    ),
    "live": environment(
        "100000000005",
        **STUDIO,
        **SHARING,
        ci={"deploy_subjects": [PIPELINE], "release_subjects": [PIPELINE]},
        release={"start": {"after": "tight"}},
        models={"credit-approval": {"serving": SERVED}},
    ),
}
"""Every mode of customization and every way to sign in, two environments in one account (``tight`` and
``lab``), and two that use another's registry: what is approved there (``idp``) or served there (``live``)."""


@pytest.fixture(scope="module")
def made_up(tmp_path_factory: pytest.TempPathFactory) -> World:
    """The environments of ``FILES``."""
    folder = tmp_path_factory.mktemp("made_up")
    shutil.copytree(ROOT / "tests" / "fixtures" / "models", folder / "models")
    landscape(folder, FILES, {})
    return synthesized_world(folder / "environments", folder / "out")


@pytest.fixture(scope="module")
def users(synthesized: Path) -> World:
    """The user's own environments."""
    return world_of(synthesized, read_environments(ROOT / "environments"))


@pytest.fixture(scope="module")
def fixtures(
    templates: Mapping[tuple[str, str], dict[str, object]], environments: dict[str, Environment]
) -> World:
    """The fixture environments."""
    return read_world(templates, environments)


@pytest.fixture(scope="module")
def judged(made_up: World, fixtures: World) -> dict[str, list[Judged]]:
    """Every case in the made-up environments (``lab`` is as ``tight``), and in China."""
    only = {*FILES, "china"} - {"lab"}
    every = judge(CASES, PRINCIPALS, [made_up, fixtures], only=only)
    by_case = defaultdict(list)
    for one in every:
        by_case[one.case.name].append(one)
    return by_case


@pytest.mark.parametrize("name", [case.name for case in CASES])
def test_decision(judged: dict[str, list[Judged]], name: str) -> None:
    assert judged[name], "no environment has what the case is about"
    assert not [one.problem for one in judged[name] if one.problem]


def test_the_table_has_enough_cases_and_half_of_them_are_denials() -> None:
    denials = [case for case in CASES if not case.allowed]
    assert len(CASES) >= 150
    assert len(denials) * 2 >= len(CASES)


def test_no_two_cases_are_called_the_same() -> None:
    names = [case.name for case in CASES]
    assert not [name for name in names if names.count(name) > 1]


def principal_of(role: Role) -> str:
    """What the table calls a role: one name for the roles of all people with the same persona,
    and of all models.
    """
    for persona in ("approver", "studio-admin"):
        if role.kind == "persona" and role.thing.startswith(f"{persona}-"):
            return persona
    model = role.stack.removeprefix("Model-")
    if role.stack != model:
        return f"model{role.thing.removeprefix(model)}"
    return role.thing


@pytest.mark.parametrize("allowed", [True, False], ids=["allowed", "denied"])
def test_every_role_of_every_template_has_a_case(
    made_up: World, users: World, fixtures: World, allowed: bool
) -> None:
    asked = {case.principal.rpartition(".")[2] for case in CASES if case.allowed == allowed}
    roles = [role for world in (made_up, users, fixtures) for role in world.roles.values()]
    what = "allowed" if allowed else "denied"
    assert not {
        f"{principal_of(role)}: decisions/ has no case in which it is {what} anything"
        for role in roles
        if principal_of(role) not in asked
    }


MODEL = "support-assistant"
KEPT, RUN = (
    f"{{artifacts_bucket}}/customization/{MODEL}",
    f"{{artifacts_bucket}}/models/{MODEL}/abcdefghijklmnop",
)
EVALUATOR = f"function:SageMaker-evaluator-{{ours}}-{MODEL}-exact_match"
TAGGED = {f"aws:{of}Tag/workflow": f"{{ours}}-{MODEL}-customize-bedrock" for of in ("Request", "Resource")}
FUNCTION, STEPS, DEPLOYMENT = f"{MODEL}-customization", f"{MODEL}-bedrock-steps", "cloudformation"
ALONE: dict[str, tuple[str, dict[str, str], set[str]]] = {
    "say what a month has cost": (f"s3:PutObject {KEPT}/spend/2026-11.json", {}, {FUNCTION, STEPS}),
    "say what a base model reached": (f"s3:PutObject {KEPT}/base/0123.json", {}, {FUNCTION}),
    "write what the gate reads": (f"s3:PutObject {RUN}/evaluation/evaluation.json", {}, {FUNCTION}),
    "write what the gate decided": (f"s3:PutObject {RUN}/gate.json", {}, {"quality-gate"}),
    "delete what the gate reads": (f"s3:DeleteObject {RUN}/evaluation/evaluation.json", {}, set()),
    "delete what a month has cost": (f"s3:DeleteObject {KEPT}/spend/2026-11.json", {}, set()),
    "change what scores answers": (f"lambda:UpdateFunctionCode {EVALUATOR}", {}, {DEPLOYMENT}),
    "change what is learnt from": (
        f"sagemaker:ImportHubContent hub-content/{{hub}}/DataSet/{{ours}}-{MODEL}-sft-train",
        {},
        {FUNCTION},
    ),
    "hand on the role of jobs": (
        f"iam:PassRole role{{path}}job/{{ours}}-{MODEL}-customize-job",
        {"iam:PassedToService": "sagemaker.amazonaws.com"},
        {FUNCTION, DEPLOYMENT},
    ),
    "serve a model in Bedrock": (
        "bedrock:CreateCustomModelDeployment custom-model/amazon.nova-lite-v1:0:300k/0123456789ab",
        TAGGED,
        {STEPS},
    ),
    "buy capacity where the settings ask for none": (
        "bedrock:CreateProvisionedModelThroughput custom-model/amazon.nova-lite-v1:0:300k/0123456789ab",
        TAGGED,
        set(),
    ),
}
"""A call, its condition keys, and everybody who may make it in any of the environments that customize."""


def test_nobody_else_changes_what_gates_and_budgets_rest_on_nor_buys_anything(made_up: World) -> None:
    asked = [(what, *given) for what, given in ALONE.items()]
    roles = [role for role in made_up.roles.values() if role.environment in ("tight", "off")]
    places = {name: Places(made_up, made_up.environments[name]) for name in ("tight", "off")}
    keys, requests = [], []
    for role in roles:
        for what, call, context, _ in asked:
            action, _, resource = call.partition(" ")
            case = Case(role.thing, what, True, action, resource, context, "", Where(), False)
            filled = request_of(case, places[role.environment], PRINCIPALS)
            policies, boundaries = role.identity_policies, role.boundaries
            keys.append((what, role.thing))
            requests.append(
                replace(
                    filled,
                    principal=role.arn,
                    identity_policies=policies,
                    permission_boundaries=boundaries,
                )
            )
    allowed = {key for key, decision in zip(keys, evaluate(requests), strict=True) if decision.allowed}
    assert allowed == {(what, who) for what, (_, _, those) in ALONE.items() for who in those}


def without(policies: tuple[Policy, ...], sid: str) -> tuple[Policy, ...]:
    """The policies without the statements of one Sid."""
    return tuple(
        {**policy, "Statement": [one for one in policy["Statement"] if one.get("Sid") != sid]}
        for policy in policies
    )


def test_each_denial_of_the_studio_personas_alone_refuses_something(
    made_up: World, judged: dict[str, list[Judged]]
) -> None:
    compat = {r.thing: r for r in made_up.roles.values() if r.environment == "compat"}
    left: dict[tuple[str, str], list[Judged]] = {}
    for thing in GUARDED:
        statements = [s for policy in compat[thing].identity_policies for s in policy["Statement"]]
        for sid in {s["Sid"] for s in statements if s["Effect"] == "Deny"}:
            left[thing, sid] = [
                one
                for group in judged.values()
                for one in group
                if (one.environment, one.case.principal) == ("compat", thing)
                and one.decision.deciding_sids == (sid,)
            ]
    cut = {(thing, sid): without(compat[thing].identity_policies, sid) for thing, sid in left}
    mutants = [(key, one) for key, group in left.items() for one in group]
    requests = [replace(one.request, identity_policies=cut[key]) for key, one in mutants]
    let_through = {
        key for (key, _), decision in zip(mutants, evaluate(requests), strict=True) if decision.allowed
    }
    idle = {sid for _, sid in set(left) - let_through}
    assert idle == set(BACKSTOPS), "no case is allowed without these denials, but for those listed"
