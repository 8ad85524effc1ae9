"""Environments of other accounts read and approve what the registry keeps, and do nothing else with it."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from judging import evaluator
from landscapes import CONSUMER, environment, landscape, three_accounts

from mlplatform.bucket_policies import bucket_policy
from mlplatform.endpoint_policies import interface_endpoint_policy, s3_endpoint_policy
from mlplatform.key_policies import key_policy
from mlplatform.names import Names
from mlplatform.policy import allow, document
from mlplatform.registry_access import RegistryAccess
from mlplatform.settings import Environment
from mlplatform.version_notes import RECORDED
from model_registration.logic import metadata
from tools.policy_evaluator import Request

HUB, STAGE, STRANGER = "111122223333", "222233334444", "999999999999"
KEY = f"arn:aws:kms:eu-west-1:{HUB}:key/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
EVERYTHING = {
    "Version": "2012-10-17",
    "Statement": {"Sid": "All", "Effect": "Allow", "Action": "*", "Resource": "*"},
}
STATUS = "sagemaker:ModelApprovalStatus"


@pytest.fixture(scope="module")
def accounts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Environment]:
    """A registry and two consumers, without an organization."""
    return three_accounts(tmp_path_factory.mktemp("accounts"))


def call(hub: Environment, role: str, action: str, resource: str, policy: Any, **context: str) -> Request:
    """A call to something of the registry by a role whose own policies allow everything."""
    return Request(
        principal=role,
        action=action,
        resource=resource,
        resource_account=hub.account,
        context={key.replace("_", ":", 1): value for key, value in context.items()},
        identity_policies=[EVERYTHING],
        resource_policy=policy,
    )


def assert_judged(cases: dict[str, tuple[Request, bool]]) -> dict[str, tuple[str, ...]]:
    """Judge all cases in one run; the deciding statements of each."""
    decisions = dict(
        zip(cases, evaluator().evaluate([request for request, _ in cases.values()]), strict=True)
    )
    wrong = {what: d.explanation for what, d in decisions.items() if d.allowed != cases[what][1]}
    assert not wrong
    return {what: decision.deciding_sids for what, decision in decisions.items()}


def outsider(names: Names) -> str:
    """A role of a consumer's account that is not the platform's."""
    return names.arn("iam", "role/SomebodyElse", region="")


# --- package groups --------------------------------------------------------------------------------------


def test_consumers_read_and_deploy_versions_of_the_product_and_of_no_other(
    accounts: dict[str, Environment],
) -> None:
    hub, stage = accounts["hub"], accounts["stage"].names
    policy = RegistryAccess(hub).group_policy("credit-approval")
    workflow = stage.role_arn("workflow", "release")
    group = hub.names.arn("sagemaker", "model-package-group/acme-hub-credit-approval")
    version = hub.names.arn("sagemaker", "model-package/acme-hub-credit-approval/3")
    other = hub.names.arn("sagemaker", "model-package/acme-hub-support-assistant/1")

    def on(role: str, action: str, resource: str) -> Request:
        return call(hub, role, f"sagemaker:{action}", resource, policy)

    stranger = f"arn:aws:iam::{STRANGER}:role/acme/stage/workflow/acme-stage-release"
    assert_judged(
        {
            "read the group": (on(workflow, "DescribeModelPackageGroup", group), True),
            "read a version": (on(workflow, "DescribeModelPackage", version), True),
            "list versions": (on(workflow, "ListModelPackages", version), True),
            "read another product": (on(workflow, "DescribeModelPackage", other), False),
            "register": (on(workflow, "CreateModelPackage", version), False),
            "delete": (on(workflow, "DeleteModelPackage", version), False),
            "share": (on(workflow, "PutModelPackageGroupPolicy", group), False),
            "delete the group": (on(workflow, "DeleteModelPackageGroup", group), False),
            "a role off the platform's path": (on(outsider(stage), "DescribeModelPackage", version), False),
            "a stranger's role of that name": (on(stranger, "DescribeModelPackage", version), False),
        }
    )


def test_consumers_deploy_a_version_by_its_arn(accounts: dict[str, Environment]) -> None:
    """AWS asks for CreateModel on the version as well (SageMaker guide, "Deploy a Model Version from a
    Different Account"); the evaluator knows the action on models only, so the statement itself is read."""
    policy = RegistryAccess(accounts["hub"]).group_policy("credit-approval")
    assert policy is not None
    (use,) = (s for s in policy["Statement"] if s["Sid"] == "ConsumersUseVersions")
    assert "sagemaker:CreateModel" in use["Action"]
    assert use["Resource"].endswith(":model-package/acme-hub-credit-approval/*")


def test_only_approvers_of_consumers_decide_and_only_to_approve_or_reject(
    accounts: dict[str, Environment],
) -> None:
    hub, stage = accounts["hub"], accounts["stage"].names
    policy = RegistryAccess(hub).group_policy("credit-approval")
    version = hub.names.arn("sagemaker", "model-package/acme-hub-credit-approval/3")

    def decide(role: str, **context: str) -> Request:
        request = call(hub, role, "sagemaker:UpdateModelPackage", version, policy)
        return replace(request, context={STATUS: "Approved"} | context)

    approver = stage.role_arn("persona", "approver-cy")
    sids = assert_judged(
        {
            "approve": (decide(approver), True),
            "reject": (decide(approver, **{STATUS: "Rejected"}), True),
            "reset": (decide(approver, **{STATUS: "PendingManualApproval"}), False),
            "change something else": (replace(decide(approver), context={}), False),
            "a data scientist": (decide(stage.role_arn("persona", "data-scientist")), False),
            "an approver's name on another path": (decide(stage.role_arn("job", "approver-cy")), False),
            "a workflow": (decide(stage.role_arn("workflow", "release")), False),
        }
    )
    assert "ConsumersApprove" in sids["approve"]


SERVED, STAGE_KEY = "sagemaker:CustomerMetadataProperties/served-in-{}", "sagemaker:ModelLifeCycle:Stage"


def test_the_release_of_a_product_notes_where_it_serves_and_nothing_else(
    accounts: dict[str, Environment],
) -> None:
    hub, stage = accounts["hub"], accounts["stage"].names
    policy = RegistryAccess(hub).group_policy("credit-approval")
    version = hub.names.arn("sagemaker", "model-package/acme-hub-credit-approval/3")
    function = stage.role_arn("function", "credit-approval-release")
    noted = {SERVED.format("stage"): "abcdefghij 2026-03-04T05:06:07Z", STAGE_KEY: "stage"}

    def note(role: str = function, resource: str = version, **more: str | list[str]) -> Request:
        request = call(hub, role, "sagemaker:UpdateModelPackage", resource, policy)
        return replace(request, context={**noted, **more})

    other = version.replace("credit-approval", "support-assistant")
    cases = {
        "that it serves": (note(), True),
        "without a stage": (replace(note(), context={SERVED.format("stage"): "x"}), True),
        "that it served in the registry's environment": (note(**{SERVED.format("hub"): "x"}), False),
        "that it served in another consumer": (note(**{SERVED.format("prod"): "x"}), False),
        "the stage of another environment": (note(**{STAGE_KEY: "prod"}), False),
        "an approval": (note(**{STATUS: "Approved"}), False),
        "a rejection": (note(**{STATUS: "Rejected"}), False),
        "less than there was": (
            note(**{"sagemaker:CustomerMetadataPropertiesToRemove": ["gate"]}),
            False,
        ),
        "on a version of another product": (note(resource=other), False),
        "as the release of another product": (
            note(stage.role_arn("function", "support-assistant-release")),
            False,
        ),
        "as a function of another kind": (note(stage.role_arn("function", "quality-gate")), False),
        "as a role off the platform's path": (note(outsider(stage)), False),
    }
    for key in RECORDED:
        forged = note(**{f"sagemaker:CustomerMetadataProperties/{key}": "forged"})
        cases[f"another {key}"] = (forged, False)
    assert_judged(cases)


def test_what_registration_records_is_closed_to_releases_of_other_accounts() -> None:
    event = {
        "Model": "credit-approval",
        "RunId": "abcdefghij",
        "Execution": "arn:e",
        "Job": {"Arn": "arn:j"},
        "Source": {"Uri": "s3://b/s", "Sha256": "0f"},
        "Overrides": ["train"],
        "Gate": "s3://b/g",
        "DataCheck": {"Report": "s3://b/r", "Rows": 7},
        "Data": {},
    }
    imported = {**event, "Imported": "s3://b/i"}
    assert set(RECORDED) == {*metadata(event), *metadata(imported)}


def test_approvers_of_consumers_note_nothing_of_releases_while_deciding(
    accounts: dict[str, Environment],
) -> None:
    hub, stage = accounts["hub"], accounts["stage"].names
    policy = RegistryAccess(hub).group_policy("credit-approval")
    version = hub.names.arn("sagemaker", "model-package/acme-hub-credit-approval/3")
    approver = stage.role_arn("persona", "approver-cy")

    def decide(**more: str) -> Request:
        request = call(hub, approver, "sagemaker:UpdateModelPackage", version, policy)
        return replace(request, context={STATUS: "Approved", **more})

    claims = [SERVED.format(name) for name in ("hub", "stage", "prod")] + [STAGE_KEY]
    cases = {f"and {claim}": (decide(**{claim: "x"}), False) for claim in claims}
    assert_judged({"approve": (decide(), True), **cases})


# --- images ----------------------------------------------------------------------------------------------


def test_consumers_pull_images_and_push_none(accounts: dict[str, Environment]) -> None:
    hub, prod = accounts["hub"], accounts["prod"].names
    policy = RegistryAccess(hub).repository_policy()
    assert policy is not None
    assert all("Resource" not in statement for statement in policy["Statement"])
    # In a repository's policy the resource is the repository; the evaluator wants it written.
    about_itself = document(*({**statement, "Resource": "*"} for statement in policy["Statement"]))
    repository = hub.names.arn("ecr", "repository/acme-hub-credit-approval")

    def on(role: str, action: str) -> Request:
        return call(hub, role, f"ecr:{action}", repository, about_itself)

    endpoint = prod.role_arn("endpoint", "credit-approval")
    assert_judged(
        {
            "pull": (on(endpoint, "BatchGetImage"), True),
            "download": (on(endpoint, "GetDownloadUrlForLayer"), True),
            "push": (on(endpoint, "PutImage"), False),
            "delete": (on(endpoint, "BatchDeleteImage"), False),
            "a role off the platform's path": (on(outsider(prod), "BatchGetImage"), False),
        }
    )


# --- artifacts and their key -----------------------------------------------------------------------------


def read(hub: Environment, role: str, key: str, action: str = "s3:GetObject", **context: str) -> Request:
    """Reading an object of the registry's artifacts bucket."""
    policy = bucket_policy("artifacts", hub, endpoint_id="vpce-0a1b2c3d4e5f67890", key_arn=KEY)
    resource = f"{hub.names.bucket_arn('artifacts')}{key}"
    return call(hub, role, action, resource, policy, s3_TlsVersion="1.3", **context)


def test_consumers_read_models_through_their_own_network(accounts: dict[str, Environment]) -> None:
    hub, stage = accounts["hub"], accounts["stage"].names
    endpoint, approver = stage.role_arn("endpoint", "x"), stage.role_arn("persona", "approver-cy")
    model, inside = "/models/credit-approval/model.tar.gz", {"aws_VpceAccount": STAGE}
    sids = assert_judged(
        {
            "a model, from its VPC": (read(hub, endpoint, model, **inside), True),
            "a model, from outside": (read(hub, endpoint, model), False),
            "a model, from a stranger's VPC": (read(hub, endpoint, model, aws_VpceAccount=STRANGER), False),
            "a report, from a browser": (read(hub, approver, "/models/credit-approval/report.json"), True),
            "what is not a model": (read(hub, endpoint, "/studio/notebook.ipynb", **inside), False),
            "the list of models": (
                read(hub, endpoint, "", "s3:ListBucket", **inside, s3_prefix="models/credit-approval/"),
                True,
            ),
            "the list of everything": (read(hub, endpoint, "", "s3:ListBucket", **inside), False),
            "writing a model": (read(hub, endpoint, model, "s3:PutObject", **inside), False),
            "changing the policy": (read(hub, approver, "", "s3:PutBucketPolicy"), False),
            "a role off the platform's path": (read(hub, outsider(stage), model, **inside), False),
            "our own job, through our endpoint": (
                read(hub, hub.names.role_arn("job", "x"), model, aws_SourceVpce="vpce-0a1b2c3d4e5f67890"),
                True,
            ),
            "our own job, from outside": (read(hub, hub.names.role_arn("job", "x"), model), False),
        }
    )
    assert sids["a model, from outside"] == ("DenyConsumersOutsideNetwork",)
    assert "DenyConsumersAllButReading" in sids["writing a model"]


@pytest.fixture(scope="module")
def modes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Environment]]:
    """A registry with a product that serves, and a consumer of another account, by mode of serving."""
    found = {}
    for mode, settings in MODES.items():
        folder = tmp_path_factory.mktemp(mode)
        shutil.copytree(FIXTURES, folder / "models")
        changed = {"credit-approval": {"serving": {"mode": mode, **settings}}}
        files = {
            "hub": environment(HUB, training=True, models=changed),
            "stage": environment(STAGE, **CONSUMER, models=changed),
        }
        found[mode] = landscape(folder, files, {})
    return found


FIXTURES = Path(__file__).parents[1] / "fixtures" / "models"
MODES: dict[str, dict[str, Any]] = {
    "realtime": {},
    "serverless": {"shadow": None, "ab_test": None, "autoscaling": None, "instances": None},
    "async": {
        "shadow": None,
        "ab_test": None,
        "autoscaling": {"target_invocations_per_minute": None, "target_backlog_per_instance": 5},
    },
}


def test_only_what_is_in_no_network_reads_and_answers_past_it(
    modes: dict[str, dict[str, Environment]],
) -> None:
    model, answer = "/models/credit-approval/model.tar.gz", "/predictions/credit-approval/async/1.out"
    cases = {}
    for mode, every in modes.items():
        hub, stage = every["hub"], every["stage"].names
        own = hub.names.role_arn("endpoint", "credit-approval-endpoint")
        theirs = stage.role_arn("endpoint", "credit-approval-endpoint")
        another = hub.names.role_arn("endpoint", "support-assistant-endpoint")
        cases |= {
            f"{mode}: a model": (read(hub, own, model), mode != "realtime"),
            f"{mode}: an answer": (read(hub, own, answer, "s3:PutObject"), mode != "realtime"),
            f"{mode}: a model, by another endpoint": (read(hub, another, model), False),
            f"{mode}: a model, from another account": (read(hub, theirs, model), mode == "serverless"),
        }
    assert_judged(cases)


def test_without_consumers_the_registry_is_nobody_elses(tmp_path: Path) -> None:
    alone = landscape(tmp_path, {"hub": environment(HUB)})["hub"]
    access = RegistryAccess(alone)
    assert access.group_policy("credit-approval") is None
    assert access.repository_policy() is None
    assert access.bucket_statements() == []
    assert access.key_statements() == []


def test_consumers_decrypt_artifacts_through_s3_and_nothing_else(accounts: dict[str, Environment]) -> None:
    hub, stage = accounts["hub"], accounts["stage"].names
    bucket = hub.names.bucket_arn("artifacts")
    through = {"kms_ViaService": "s3.eu-west-1.amazonaws.com"}

    def use(role: str, action: str = "Decrypt", context_arn: str = bucket, **context: str) -> Request:
        request = call(hub, role, f"kms:{action}", KEY, key_policy("artifacts", hub), **context)
        return replace(request, context={**request.context, "kms:EncryptionContext:aws:s3:arn": context_arn})

    endpoint = stage.role_arn("endpoint", "credit-approval")
    sids = assert_judged(
        {
            "decrypt through S3": (use(endpoint, **through), True),
            "an object without a bucket key": (
                use(endpoint, context_arn=f"{bucket}/models/x", **through),
                True,
            ),
            "an object elsewhere": (use(endpoint, context_arn=f"{bucket}/studio/x", **through), False),
            "decrypt directly": (use(endpoint), False),
            "encrypt": (use(endpoint, "GenerateDataKey", **through), False),
            "a role off the platform's path": (use(outsider(stage), **through), False),
        }
    )
    assert "ConsumersDecrypt" in sids["decrypt through S3"]
    data = call(hub, endpoint, "kms:Decrypt", KEY, key_policy("data", hub), **through)
    assert not evaluator().evaluate([data])[0].allowed


# --- the consumer's own network --------------------------------------------------------------------------


def test_a_consumers_endpoints_lead_to_the_registry_it_uses(accounts: dict[str, Environment]) -> None:
    hub, stage = accounts["hub"].names, accounts["stage"]
    version = hub.arn("sagemaker", "model-package/acme-hub-credit-approval/3")
    elsewhere = version.replace("acme-hub", "payroll")
    image = hub.arn("ecr", "repository/acme-hub-credit-approval")
    models = f"{hub.bucket_arn('artifacts')}/models/x"
    studio = f"{hub.bucket_arn('artifacts')}/studio/x"
    api, ecr = (interface_endpoint_policy(service, stage) for service in ("sagemaker.api", "ecr.dkr"))
    s3 = s3_endpoint_policy(stage)

    def through(
        endpoint: Any, action: str, resource: str, *, account: str = HUB, caller: str = STAGE
    ) -> Request:
        return Request(
            principal=f"arn:aws:iam::{caller}:role/acme/stage/persona/acme-stage-approver-cy",
            action=action,
            resource=resource,
            resource_account=account,
            identity_policies=[EVERYTHING],
            resource_policy=document(allow("Anyone", [action], ["*"], principal="*")),
            vpc_endpoint_policies=[endpoint],
        )

    approve = "sagemaker:UpdateModelPackage"
    assert_judged(
        {
            "approve a version": (through(api, approve, version), True),
            "read a version": (through(api, "sagemaker:DescribeModelPackage", version), True),
            "delete a version": (through(api, "sagemaker:DeleteModelPackage", version), False),
            "another group there": (through(api, approve, elsewhere), False),
            "a stranger's caller": (through(api, approve, version, caller=STRANGER), False),
            "pull an image": (through(ecr, "ecr:BatchGetImage", image), True),
            "push an image": (through(ecr, "ecr:PutImage", image), False),
            "read a model": (through(s3, "s3:GetObject", models), True),
            "write a model": (through(s3, "s3:PutObject", models), False),
            "read what is no model": (through(s3, "s3:GetObject", studio), False),
            "a bucket of that name, a stranger's": (
                through(s3, "s3:GetObject", models, account=STRANGER),
                False,
            ),
        }
    )


def test_an_environment_with_its_own_registry_has_no_way_to_another(accounts: dict[str, Environment]) -> None:
    hub = accounts["hub"]
    policies = [interface_endpoint_policy(s, hub) for s in ("sagemaker.api", "ecr.api", "ecr.dkr")]
    sids = {s["Sid"] for p in [*policies, s3_endpoint_policy(hub)] for s in p["Statement"]}
    assert not {sid for sid in sids if "Registry" in sid}


# --- every policy ----------------------------------------------------------------------------------------


def test_policies_name_the_accounts_of_consumers_and_never_their_roles(
    accounts: dict[str, Environment],
) -> None:
    access = RegistryAccess(accounts["hub"])
    group, images = access.group_policy("credit-approval"), access.repository_policy()
    assert group is not None
    assert images is not None
    every = [
        *group["Statement"],
        *images["Statement"],
        *access.bucket_statements(),
        *access.key_statements(),
    ]
    roots = [f"arn:aws:iam::{account}:root" for account in (STAGE, "333344445555")]
    assert {str(s["Principal"]) for s in every if s["Effect"] == "Allow"} == {str({"AWS": roots})}
    assert all(s["Condition"]["ArnLike"]["aws:PrincipalArn"] for s in every)


def test_policies_fit_into_what_aws_allows_with_the_longest_names(tmp_path: Path) -> None:
    long = "abcdefg"
    files = {"hubhubhu": environment(HUB, name_prefix="abcdef")}
    for number in range(8):
        uses = {"registry": {"environment": "hubhubhu", "artifacts_key_arn": KEY}}
        account = f"4444555566{number:02}"
        files[f"{long}{number}"] = environment(account, name_prefix="abcdef", **uses)
    model = {"a" * 32: {"description": "x x", "owner": "o", "task": "ranking"}}
    hub = landscape(tmp_path, files, model)["hubhubhu"]
    assert len(hub.neighbours.consumers) == 8
    assert len(str(RegistryAccess(hub).group_policy("a" * 32))) < 20_480
    bucket = bucket_policy("artifacts", hub, endpoint_id="vpce-0a1b2c3d4e5f67890", key_arn=KEY)
    assert len(str(bucket)) < 20_480
    assert len(str(key_policy("artifacts", hub))) < 32_768
