"""What people in Studio and the roles behind it may do, judged call by call by a policy evaluator."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from mlplatform.ai_registry import hub_name
from mlplatform.instance_types import instance_types
from mlplatform.permissions import customization, personas, studio_jobs
from mlplatform.permissions.grant import Grant, statements
from mlplatform.permissions.guards import takes_volume_key
from mlplatform.permissions.trusts import person_trust, studio_trust
from mlplatform.policy import allow, document
from mlplatform.rules import check, star_only_actions
from mlplatform.settings import Environment, read_environments
from mlplatform.settings.identity import CustomizationSettings
from tools.customization_cases import Case, cases, ordinary
from tools.customization_report import MODES, judge, policies, request, sample
from tools.policy_evaluator import Decision, Request, evaluate
from tools.sample_values import sample_of, with_imports

INLINE, MANAGED = 10_240, 6_144
"""IAM user guide, "IAM and AWS STS quotas": characters of a role's inline policies, and of a managed one."""

ATTACHED = 10
"""IAM user guide, "IAM and AWS STS quotas": managed policies attached to a role, by default."""

KEY_GRANT = "kms:CreateGrant"
"""Allowed by the key's own policy, which these tests leave out."""

OF_METRICS = {"cloudwatch:getmetricdata", "cloudwatch:listmetrics", "cloudwatch:putmetricdata"}
"""Metrics are of no resource; CloudWatch's data sets, of which they may be, are another feature."""

LONGEST = """\
account: "111122223333"
region: ap-southeast-1
name_prefix: prefix
owns_account: true
tags: {{owner: ml-platform, cost-center: "4711"}}
iam: {{role_path: /abcdefghijklmnopqr/}}
network: {{availability_zones: [apse1-az1, apse1-az2, apse1-az3], package_index: codeartifact}}
studio: {{mlflow: server, instance_types: {apps}, job_instance_types: {jobs}}}
customization: {{permissions: {mode}}}
"""
SHARED = """\
account: "111122223333"
region: us-east-1
name_prefix: acme
owns_account: {owns}
tags: {{owner: ml-platform, cost-center: "4711"}}
network: {{availability_zones: [use1-az1, use1-az2]}}
"""
MODEL = "description: what it predicts\nowner: risk\ntask: regression\n"


def tables(settings: Environment) -> dict[str, list[Grant]]:
    """Every inline policy, by the principal it belongs to."""
    return {
        "data scientist": personas.data_scientist(settings),
        "ML engineer": personas.ml_engineer(settings),
        "Studio administrator": personas.studio_admin(settings, "a" * 31),
        "approver": personas.approver(settings, "a" * 31),
        "sign-in": personas.sign_in(settings),
        "Studio job": studio_jobs.studio_job(settings),
        "MLflow": studio_jobs.mlflow(settings),
        "reward function": studio_jobs.reward_function(settings),
        "Bedrock import": studio_jobs.bedrock_import(settings),
        "Studio image": studio_jobs.studio_image(settings),
    }


def shared(settings: Environment) -> dict[str, list[Grant]]:
    """Every customer-managed policy, by the end of its name."""
    return {**personas.managed(settings), **studio_jobs.managed(settings)}


def in_every_mode(settings: Environment) -> Iterator[Environment]:
    """Copies of an environment, one per mode of customization."""
    for mode in MODES:
        chosen = CustomizationSettings.model_validate({"permissions": mode})
        yield settings.model_copy(update={"customization": chosen})


def characters(grants: Sequence[Grant]) -> int:
    """Length of a policy as IAM counts it; an import stands for 80 characters."""

    def filled(node: Any) -> Any:
        if isinstance(node, list):
            return [filled(item) for item in node]
        if isinstance(node, dict):
            return "x" * 80 if "Fn::ImportValue" in node else {key: filled(v) for key, v in node.items()}
        return node

    return len(json.dumps(filled(document(*statements(grants))), separators=(",", ":")))


@pytest.mark.parametrize("mode", MODES)
def test_policies_fit_iam_with_the_longest_names_and_lists(mode: str, tmp_path: Path) -> None:
    folder = tmp_path / "environments"
    folder.mkdir()
    apps = sorted(instance_types("app"), key=len)[-20:]
    jobs = sorted(filter(takes_volume_key, instance_types("training")), key=len)[-20:]
    text = LONGEST.format(mode=mode, apps=json.dumps(apps), jobs=json.dumps(jobs))
    (folder / "longname.yaml").write_text(text, encoding="utf-8")
    for number in range(20):
        model = tmp_path / "models" / f"{'m' * 30}{number:02}" / "model.yaml"
        model.parent.mkdir(parents=True)
        model.write_text(MODEL, encoding="utf-8")
    [settings] = read_environments(folder)
    assert len(settings.products) == 20
    sizes = {who: (characters(grants), INLINE) for who, grants in tables(settings).items()}
    sizes |= {name: (characters(grants), MANAGED) for name, grants in shared(settings).items()}
    assert not {who: size for who, size in sizes.items() if size[0] > size[1]}


def test_every_mode_breaks_no_platform_rule(environments: Mapping[str, Environment]) -> None:
    found = []
    for base in environments.values():
        for settings in in_every_mode(base):
            inline = {
                who: document(*statements(grants)) for who, grants in tables(settings).items() if grants
            }
            resources = {
                who: {"Type": "AWS::IAM::Role", "Properties": {"Policies": [{"PolicyDocument": policy}]}}
                for who, policy in inline.items()
            }
            resources |= {
                name: {
                    "Type": "AWS::IAM::ManagedPolicy",
                    "Properties": {"PolicyDocument": document(*statements(grants))},
                }
                for name, grants in shared(settings).items()
            }
            place = settings.place
            template = {"Resources": resources}
            found += check(template, partition=place.partition, dns_suffix=place.dns_suffix)
    assert not found


def test_statements_of_one_policy_have_different_names_and_every_grant_a_reason(
    environments: Mapping[str, Environment],
) -> None:
    for base in environments.values():
        for settings in in_every_mode(base):
            for grants in (*tables(settings).values(), *shared(settings).values()):
                sids = [grant.sid for grant in grants]
                assert len(set(sids)) == len(sids)
                assert all(len(grant.why.split()) > 3 for grant in grants)


def test_only_actions_without_resources_are_allowed_on_every_resource(
    environments: Mapping[str, Environment],
) -> None:
    published = {"BedrockDeploy", "AIRegistry"}
    for base in environments.values():
        for settings in in_every_mode(base):
            everywhere = [
                grant
                for grants in (*tables(settings).values(), *shared(settings).values())
                for grant in grants
                if grant.effect == "Allow" and "*" in grant.resources and grant.sid not in published
            ]
            assert all(grant.condition for grant in everywhere)
            actions = {action.lower() for grant in everywhere for action in grant.actions}
            assert actions - star_only_actions() <= OF_METRICS


def test_no_allow_names_an_action_by_a_pattern(environments: Mapping[str, Environment]) -> None:
    for base in environments.values():
        for settings in in_every_mode(base):
            for grants in (*tables(settings).values(), *shared(settings).values()):
                assert not [g.sid for g in grants if g.effect == "Allow" and "*" in "".join(g.actions)]


def test_compat_has_the_published_statements_with_the_published_actions() -> None:
    by_sid = {grant.sid: set(grant.actions) for grant in customization.customization(sample("compat"))}
    assert by_sid["LambdaCreateDeletePermission"] == {
        "lambda:CreateFunction",
        "lambda:DeleteFunction",
        "lambda:InvokeFunction",
    }
    assert by_sid["BedrockDeploy"] == {
        "bedrock:CreateModelImportJob",
        "bedrock:GetModelImportJob",
        "bedrock:GetImportedModel",
    }
    assert by_sid["AIRegistry"] == {
        f"sagemaker:{action}"
        for action in (
            "CreateHub",
            "DeleteHub",
            "DescribeHub",
            "ListHubs",
            "ImportHubContent",
            "DeleteHubContent",
            "UpdateHubContent",
            "ListHubContents",
            "ListHubContentVersions",
            "DescribeHubContent",
        )
    }
    assert customization.managed_policies(sample("compat")) == [
        "arn:aws:iam::aws:policy/AmazonSageMakerFullAccess",
        "arn:aws:iam::aws:policy/AmazonSageMakerPipelinesIntegrations",
        "arn:aws:iam::aws:policy/AmazonSageMakerModelRegistryFullAccess",
    ]
    assert customization.managed_policies(sample("tight")) == []


def test_customization_off_adds_nothing() -> None:
    assert customization.customization(sample("off")) == []
    assert customization.customization_job(sample("off")) == []


def test_a_transform_job_that_names_no_model_is_denied_and_an_endpoint_that_names_none_is_not() -> None:
    settings = sample("tight")
    no_model = {"aws:RequestedRegion": settings.region}
    everything = document(allow("All", ["sagemaker:*"], ["*"]))
    guards = [g for g in personas.managed(settings)["studio-use-guards"] if g.sid.endswith("OtherModels")]
    judged = evaluate(
        [
            Request(
                principal=settings.names.role_arn("persona", "somebody"),
                action=f"sagemaker:{action}",
                resource=settings.names.arn("sagemaker", resource),
                resource_account=settings.account,
                context=no_model,
                identity_policies=[everything, document(*statements(guards))],
            )
            for action, resource in (
                ("CreateTransformJob", "transform-job/x"),
                ("CreateEndpointConfig", "endpoint-config/x"),
                ("CreateInferenceComponent", "inference-component/x"),
            )
        ]
    )
    assert [decision.deciding_sids for decision in judged] == [
        ("DenyTransformOfOtherModels",),
        ("All",),
        ("All",),
    ]


def test_a_studio_role_carries_no_more_managed_policies_than_iam_attaches() -> None:
    for mode in MODES:
        settings = sample(mode)
        attached = [*personas.managed(settings), *customization.managed_policies(settings)]
        assert len(attached) <= ATTACHED
        assert len(studio_jobs.managed(settings)) <= ATTACHED


def test_the_hub_is_called_as_the_sdk_computes_it() -> None:
    assert hub_name("us-east-1", "111122223333") == "8ATR70AH6GAG4EBMM4CA7N63PH79DHT3EMB5HT0IQUSGQTVLIBB0"


def test_instances_with_local_storage_take_no_volume_key() -> None:
    known = instance_types("training", "processing", "transform")
    local = {
        "ml.g4dn.xlarge",
        "ml.g5.2xlarge",
        "ml.p4d.24xlarge",
        "ml.m5d.large",
        "ml.p5.48xlarge",
        "ml.trn1.2xlarge",
    }
    assert {name for name in local & set(known) if takes_volume_key(name)} == set()
    assert all(map(takes_volume_key, ("ml.m5.large", "ml.c5.xlarge", "ml.p3.2xlarge", "ml.t3.medium")))


# --- customization, mode by mode -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def answers() -> dict[str, list[tuple[Case, Decision]]]:
    """Every case of the customization report, judged in every mode."""
    judged = {}
    for mode in MODES:
        settings = sample(mode)
        judged[mode] = list(zip(cases(settings), judge(cases(settings), settings), strict=True))
    return judged


@pytest.mark.parametrize("mode", MODES)
def test_no_takeover_path_is_open_in_any_mode(
    mode: str, answers: dict[str, list[tuple[Case, Decision]]]
) -> None:
    takeovers = [(case, decision) for case, decision in answers[mode] if not case.legitimate]
    assert len(takeovers) > 40
    assert not [f"{case.what}: {decision.explanation}" for case, decision in takeovers if decision.allowed]


def test_compat_denies_every_path_that_the_managed_policies_open(
    answers: dict[str, list[tuple[Case, Decision]]],
) -> None:
    not_granted = {"change who may assume a role"}
    implicit = {c.what for c, d in answers["compat"] if not c.legitimate and not d.deciding_sids}
    assert implicit == not_granted


def test_without_the_denies_compat_would_open_what_they_close() -> None:
    settings = sample("compat")
    allows = [
        {**policy, "Statement": [s for s in policy["Statement"] if s["Effect"] == "Allow"]}
        for policy in policies(settings)
    ]
    takeovers = [case for case in cases(settings) if not case.legitimate]
    judged = evaluate([request(case, settings, allows) for case in takeovers if case.action != KEY_GRANT])
    open_paths = sum(decision.allowed for decision in judged)
    assert open_paths > 0.8 * len(takeovers)


@pytest.mark.parametrize("mode", ["tight", "compat"])
def test_everything_the_sdk_calls_to_customize_a_model_is_allowed(
    mode: str, answers: dict[str, list[tuple[Case, Decision]]]
) -> None:
    calls = [(case, decision) for case, decision in answers[mode] if case.legitimate]
    assert len(calls) > 12
    assert not [f"{case.what}: {decision.explanation}" for case, decision in calls if not decision.allowed]


def test_without_customization_people_still_train_and_register(
    answers: dict[str, list[tuple[Case, Decision]]],
) -> None:
    allowed = {case.what for case, decision in answers["off"] if decision.allowed}
    assert {"train on instances as the SDK's defaults say", "register a version that waits for approval"} <= (
        allowed
    )
    assert "create a reward function" not in allowed


# --- principal by principal ------------------------------------------------------------------------------


Keys = dict[str, str | Sequence[str]]


@dataclass(frozen=True)
class Call:
    """A call of one principal and what decides it: a Sid if it is allowed or denied, None if not granted."""

    who: str
    action: str
    resource: str
    allowed: bool
    sid: str | None
    context: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    account: str | None = None


def own(settings: Environment, person: str = "ana", sharing: str = "Private") -> Keys:
    """Condition keys of a space or application of ``person``."""
    owner = settings.names.arn("sagemaker", f"user-profile/d-1/{person}")
    return {"sagemaker:OwnerUserProfileArn": owner, "sagemaker:SpaceSharingType": sharing}


def calls(settings: Environment) -> list[Call]:
    """The decision table."""
    return [*_studio(settings), *_data(settings), *_work(settings), *_people(settings), *_roles(settings)]


def _studio(settings: Environment) -> list[Call]:
    names = settings.names
    app, space = (names.arn("sagemaker", f"{kind}/d-1/x") for kind in ("app", "space"))
    app += "/JupyterLab/default"
    ds = "data scientist"
    small: Keys = {"sagemaker:InstanceTypes": ["ml.t3.medium"]}
    large: Keys = {"sagemaker:InstanceTypes": ["ml.p5.48xlarge"]}
    remote: Keys = {"sagemaker:RemoteAccess": "ENABLED"}
    profile = names.arn("sagemaker", "user-profile/d-1/ana")
    elsewhere: Keys = {"aws:RequestedRegion": "us-west-2"}
    return [
        Call(ds, "sagemaker:CreateSpace", space, True, "OwnSpaces", own(settings) | small),
        Call(ds, "sagemaker:CreateSpace", space, False, None, own(settings, "bo") | small),
        Call(ds, "sagemaker:CreateSpace", space, False, None, own(settings, sharing="Shared")),
        Call(ds, "sagemaker:CreateSpace", space, False, "DenyRemoteAccess", own(settings) | remote),
        Call(ds, "sagemaker:DeleteSpace", space, False, None, own(settings, sharing="Shared")),
        Call(ds, "sagemaker:DeleteSpace", space, False, None, own(settings, "bo")),
        Call(ds, "sagemaker:CreateApp", app, True, "OwnSpaces", own(settings) | small),
        Call(
            ds,
            "sagemaker:CreateApp",
            app,
            True,
            "OwnSpaces",
            own(settings) | {"sagemaker:InstanceTypes": ["system"]},
        ),
        Call(ds, "sagemaker:CreateApp", app, False, "DenyOtherAppInstances", own(settings) | large),
        Call(ds, "sagemaker:CreateApp", app, True, "SharedSpaces", own(settings, "bo", "Shared") | small),
        Call(ds, "sagemaker:DeleteApp", app, False, None, own(settings, "bo")),
        Call(ds, "sagemaker:CreatePresignedDomainUrl", profile, False, None),
        Call(ds, "sagemaker:AddTags", app, True, "TagNew", {"sagemaker:TaggingAction": "CreateApp"}),
        Call(ds, "sagemaker:AddTags", app, False, None),
        Call(ds, "sagemaker:DescribeDomain", names.arn("sagemaker", "domain/d-1"), True, "Describe"),
        Call(ds, "sagemaker:ListSpaces", "*", True, "List"),
        Call(ds, "sagemaker:ListSpaces", "*", False, "DenyOtherRegions", elsewhere),
        Call(
            ds,
            "sagemaker:CreateStudioLifecycleConfig",
            names.arn("sagemaker", "studio-lifecycle-config/x"),
            False,
            "DenyStudioAdministration",
        ),
    ]


def _data(settings: Environment) -> list[Call]:
    names, ds = settings.names, "data scientist"
    data, artifacts = names.bucket_arn("data"), names.bucket_arn("artifacts")
    capture = names.bucket_arn("capture")
    sdk = names.arn("s3", f"sagemaker-{settings.region}-{settings.account}", region="", account="")
    key = sample_of("DataKeyArn")
    s3 = {"kms:ViaService": f"s3.{settings.region}.{settings.place.dns_suffix}"}
    thief = "999999999999"
    return [
        Call(ds, "s3:GetObject", f"{data}/loans.csv", True, "ReadData"),
        Call(ds, "s3:PutObject", f"{data}/loans.csv", False, "DenyOtherBuckets"),
        Call(ds, "s3:GetObject", f"{data}/loans.csv", False, None, account=thief),
        Call(ds, "s3:ListBucket", data, True, "ListBuckets"),
        Call(ds, "s3:PutObject", f"{artifacts}/studio/ana/x", True, "ReadAndWriteWork"),
        Call(ds, "s3:PutObject", f"{artifacts}/models/x", False, "DenyOtherBuckets"),
        Call(ds, "s3:GetObject", f"{artifacts}/models/credit-approval/report.json", True, "ReadReports"),
        Call(ds, "s3:GetObject", f"{artifacts}/releases/x", False, None),
        Call(ds, "s3:GetObject", f"{capture}/x", False, None),
        Call(ds, "s3:PutObject", f"{sdk}/x", True, "ReadAndWriteWork"),
        Call(ds, "kms:Decrypt", key, True, "UseKeys", s3),
        Call(ds, "kms:Decrypt", key, False, None),
        Call(ds, "kms:CreateGrant", key, True, "GrantKeysToAws", {"kms:GrantIsForAWSResource": "true"}),
        Call(ds, "kms:CreateGrant", key, False, "DenyKeyGrants", {"kms:GrantIsForAWSResource": "false"}),
        Call(ds, "kms:CreateGrant", key, False, "DenyKeyGrants"),
        Call(
            ds,
            "logs:GetLogEvents",
            names.arn("logs", "log-group:/aws/sagemaker/TrainingJobs:log-stream:x"),
            True,
            "ReadLogs",
        ),
        Call(ds, "logs:GetLogEvents", names.arn("logs", "log-group:/acme/x:log-stream:x"), False, None),
        Call(
            ds,
            "ecr:BatchGetImage",
            names.arn("ecr", f"repository/{names.name('credit-approval')}"),
            True,
            "PullImages",
        ),
        Call(ds, "ecr:BatchGetImage", names.arn("ecr", "repository/x"), False, None),
        Call(
            ds,
            "ecr:BatchGetImage",
            names.arn("ecr", "repository/pytorch-training", account=settings.place.image_registries[0]),
            True,
            "PullAwsImages",
            account=settings.place.image_registries[0],
        ),
        Call(
            ds,
            "ecr:BatchGetImage",
            names.arn("ecr", "repository/x", account="999999999999"),
            False,
            None,
            account=thief,
        ),
        Call(
            ds, "ecr:PutImage", names.arn("ecr", f"repository/{names.name('credit-approval')}"), False, None
        ),
    ]


def _work(settings: Environment) -> list[Call]:
    names, ds, mle = settings.names, "data scientist", "ML engineer"
    job = names.arn("sagemaker", "training-job/ana-1")
    platform_job = names.arn("sagemaker", f"training-job/{names.name('train-1', kind='model')}")
    transform = names.arn("sagemaker", "transform-job/ana-1")
    model = names.arn("sagemaker", "model/{}").format
    endpoint = names.arn("sagemaker", "endpoint/{}").format
    config = names.arn("sagemaker", "endpoint-config/{}").format
    tried, live = names.name("try-1", kind="model"), names.name("credit-approval", kind="model")
    machine = names.arn("states", f"stateMachine:{names.name('credit-approval-train')}")
    release = names.arn("states", f"stateMachine:{names.name('credit-approval-release')}")
    mine, theirs = {"sagemaker:ModelArn": model(tried)}, {"sagemaker:ModelArn": model(live)}
    component = names.arn("sagemaker", f"inference-component/{tried}")
    processing = names.arn("sagemaker", "processing-job/ana-1")
    untyped = ordinary(settings, InstanceTypes=None)
    nameless = {k: v for k, v in ordinary(settings).items() if k.endswith(("InstanceTypes", "KmsKeyArn"))}
    batch = nameless | mine
    nvme = ordinary(settings, InstanceTypes=["ml.g5.xlarge"], VolumeKmsKeyArn=None)
    mixed = ordinary(settings, InstanceTypes=["ml.g5.xlarge", "ml.m5.large"], VolumeKmsKeyArn=None)
    network = {k: v for k, v in ordinary(settings).items() if "Vpc" in k or "Isolation" in k}
    open_model = {**network, "sagemaker:NetworkIsolation": "false"}
    types = {k: v for k, v in batch.items() if "Output" not in k}
    tracking = names.arn("sagemaker", "mlflow-app/app-1")
    return [
        Call(ds, "sagemaker:CreateTrainingJob", job, True, "RunJobs", ordinary(settings)),
        Call(ds, "sagemaker:CreateTrainingJob", job, True, "RunJobs", nvme),
        Call(ds, "sagemaker:CreateTrainingJob", job, False, "DenyJobsWithoutVolumeKey", mixed),
        Call(
            ds,
            "sagemaker:CreateTrainingJob",
            job,
            False,
            "DenyOtherJobGroups",
            ordinary(settings, VpcSecurityGroupIds=["sg-0fedcba9876543210"]),
        ),
        Call(ds, "sagemaker:CreateTrainingJob", platform_job, False, "DenyPlatformRuns", ordinary(settings)),
        Call(ds, "sagemaker:CreateTransformJob", transform, True, "RunJobs", batch),
        Call(ds, "sagemaker:CreateTransformJob", transform, False, "DenyJobsWithoutOutputKey", types),
        Call(ds, "sagemaker:CreateTransformJob", transform, False, "DenyTransformOfOtherModels", nameless),
        Call(
            ds, "sagemaker:CreateTransformJob", transform, False, "DenyTransformOfOtherModels", batch | theirs
        ),
        Call(ds, "sagemaker:CreateProcessingJob", processing, True, "RunJobs", ordinary(settings)),
        Call(ds, "sagemaker:CreateProcessingJob", processing, False, "DenyJobsWithoutInstanceTypes", untyped),
        Call(ds, "sagemaker:StopTrainingJob", job, True, "RunJobs"),
        Call(ds, "sagemaker:StopTrainingJob", platform_job, False, "DenyPlatformRuns"),
        Call(
            ds,
            "sagemaker:UpdateTrainingJob",
            job,
            False,
            "DenyRemoteDebug",
            {"sagemaker:EnableRemoteDebug": "true"},
        ),
        Call(ds, "sagemaker:CreateModel", model(tried), True, "TryModels", network),
        Call(ds, "sagemaker:CreateModel", model(live), False, "DenyServing", network),
        Call(ds, "sagemaker:DeleteModel", model(tried), True, "TryModels"),
        Call(ds, "sagemaker:CreateEndpoint", endpoint(tried), False, None),
        Call(ds, "states:StartExecution", machine, True, "StartWorkflows"),
        Call(ds, "states:StartExecution", release, False, None),
        Call(ds, "states:DescribeStateMachine", release, True, "SeeWorkflows"),
        Call(mle, "states:StartExecution", release, False, None),
        Call(ds, "states:UpdateStateMachine", machine, False, None),
        Call(ds, "states:StartExecution", names.arn("states", "stateMachine:x"), False, None),
        Call(ds, "sagemaker:CallMlflowAppApi", tracking, True, "TrackRuns"),
        Call(ds, "sagemaker:DeleteMlflowApp", tracking, False, "DenyStudioAdministration"),
        Call(mle, "sagemaker:CreateModel", model(tried), True, "TryModels", network),
        Call(mle, "sagemaker:CreateModel", model(tried), False, "DenyModelsWithoutIsolation", open_model),
        Call(mle, "sagemaker:CreateModel", model(tried), False, "DenyModelsOutsideNetwork"),
        Call(mle, "sagemaker:CreateModel", model(live), False, "DenyServing", network),
        Call(mle, "sagemaker:CreateEndpointConfig", config(tried), True, "TryEndpoints", types | mine),
        Call(mle, "sagemaker:CreateEndpointConfig", config(tried), True, "TryEndpoints", types),
        Call(
            mle,
            "sagemaker:CreateEndpointConfig",
            config(tried),
            False,
            "DenyServingOtherModels",
            types | theirs,
        ),
        Call(mle, "sagemaker:CreateInferenceComponent", component, True, "TryEndpoints", mine),
        Call(mle, "sagemaker:CreateInferenceComponent", component, False, "DenyServingOtherModels", theirs),
        Call(
            mle,
            "sagemaker:CreateEndpointConfig",
            config(tried),
            False,
            "DenyJobsWithoutVolumeKey",
            {"sagemaker:InstanceTypes": ["ml.m5.large"]},
        ),
        Call(
            mle,
            "sagemaker:CreateEndpointConfig",
            config(tried),
            False,
            "DenyOtherInstanceTypes",
            {"sagemaker:InstanceTypes": ["ml.p5.48xlarge"]},
        ),
        Call(mle, "sagemaker:CreateEndpoint", endpoint(tried), True, "TryEndpoints"),
        Call(mle, "sagemaker:UpdateEndpoint", endpoint(live), False, "DenyServing"),
        Call(mle, "sagemaker:UpdateEndpoint", config(live), False, "DenyServing"),
        Call(mle, "sagemaker:InvokeEndpoint", endpoint(tried), True, "TryEndpoints"),
        Call(mle, "sagemaker:InvokeEndpoint", endpoint(live), False, "DenyServing"),
        Call(
            mle, "sagemaker:CreatePipeline", names.arn("sagemaker", f"pipeline/{tried}"), True, "TryPipelines"
        ),
        Call(
            mle,
            "sagemaker:UpdatePipeline",
            names.arn("sagemaker", f"pipeline/{live}"),
            False,
            "DenyPlatformPipelines",
        ),
        Call(mle, "sagemaker:DescribeEndpoint", endpoint(live), True, "Describe"),
    ]


def _people(settings: Environment) -> list[Call]:
    names, admin, approver = settings.names, "Studio administrator", "approver"
    profile = names.arn("sagemaker", "user-profile/d-1/{}").format
    group = names.name("credit-approval", kind="model")
    version = names.arn("sagemaker", f"model-package/{group}/3")
    other = names.arn("sagemaker", "model-package/other-team/3")
    artifacts = names.bucket_arn("artifacts")
    status = "sagemaker:ModelApprovalStatus"
    s3 = {"kms:ViaService": f"s3.{settings.region}.{settings.place.dns_suffix}"}
    return [
        Call(
            admin,
            "sagemaker:DeleteApp",
            names.arn("sagemaker", "app/d-1/bo/JupyterLab/x"),
            True,
            "ManagePeople",
            own(settings, "bo"),
        ),
        Call(admin, "sagemaker:DeleteSpace", names.arn("sagemaker", "space/d-1/bo"), True, "ManagePeople"),
        Call(admin, "sagemaker:UpdateUserProfile", profile("bo"), False, "DenyTakingOver"),
        Call(admin, "sagemaker:CreateUserProfile", profile("ana"), False, "DenyTakingOver"),
        Call(admin, "sagemaker:DeleteUserProfile", profile("bo"), False, None),
        Call(admin, "sagemaker:CreatePresignedDomainUrl", profile("bo"), False, "DenyTakingOver"),
        Call(admin, "sagemaker:UpdateDomain", names.arn("sagemaker", "domain/d-1"), False, "DenyTakingOver"),
        Call(
            admin,
            "iam:PassRole",
            names.role_arn("persona", "data-scientist"),
            False,
            "DenyTakingOver",
            {"iam:PassedToService": "sagemaker.amazonaws.com"},
        ),
        Call(admin, "s3:GetObject", f"{names.bucket_arn('data')}/x", False, "DenyData"),
        Call(admin, "sagemaker:InvokeEndpoint", names.arn("sagemaker", "endpoint/x"), False, "DenyData"),
        Call(admin, "sagemaker:CreateTrainingJob", names.arn("sagemaker", "training-job/x"), False, None),
        Call(approver, "sagemaker:UpdateModelPackage", version, True, "Approve", {status: "Approved"}),
        Call(approver, "sagemaker:UpdateModelPackage", version, True, "Approve", {status: "Rejected"}),
        Call(
            approver, "sagemaker:UpdateModelPackage", version, False, None, {status: "PendingManualApproval"}
        ),
        Call(approver, "sagemaker:UpdateModelPackage", version, False, None),
        Call(
            approver,
            "sagemaker:UpdateModelPackage",
            version,
            False,
            "DenyRemovingMetadata",
            {status: "Approved", "sagemaker:CustomerMetadataPropertiesToRemove": ["dataset"]},
        ),
        Call(approver, "sagemaker:UpdateModelPackage", other, False, None, {status: "Approved"}),
        Call(
            approver,
            "sagemaker:CreateModelPackage",
            version,
            False,
            "DenyRegistering",
            {status: "PendingManualApproval"},
        ),
        Call(approver, "sagemaker:DescribeModelPackage", version, True, "SeeVersions"),
        Call(approver, "s3:GetObject", f"{artifacts}/models/report.json", True, "ReadReports"),
        Call(approver, "s3:GetObject", f"{artifacts}/studio/x", False, None),
        Call(approver, "kms:Decrypt", sample_of("ArtifactsKeyArn"), True, "DecryptReports", s3),
        Call(approver, "kms:Decrypt", sample_of("ArtifactsKeyArn"), False, None),
        Call("sign-in", "sagemaker:CreatePresignedDomainUrl", profile("ana"), True, "OpenOwnStudio"),
        Call("sign-in", "sagemaker:CreatePresignedDomainUrl", profile("bo"), False, None),
        Call("sign-in", "sagemaker:DescribeDomain", names.arn("sagemaker", "domain/d-1"), False, None),
    ]


def _roles(settings: Environment) -> list[Call]:
    names, job, reward = settings.names, "Studio job", "reward function"
    training = names.arn("sagemaker", "training-job/x")
    platform_job = names.arn("sagemaker", f"training-job/{names.name('train-1', kind='model')}")
    with_key = {"sagemaker:OutputKmsKeyArn": sample_of("ArtifactsKeyArn")}
    recipes = names.arn("s3", f"jumpstart-cache-prod-{settings.region}", region="", account="")
    judge_model = names.arn("bedrock", "foundation-model/x", account="")
    namespaces = {
        "/aws/sagemaker/TrainingJobs": "PutMetrics",
        f"{names.prefix}/{names.environment}/studio/churn": "PutMetrics",
        f"{names.prefix}/{names.environment}/serving": None,
        f"{names.prefix}/{names.environment}2/studio/churn": None,
        "/aws/sagemaker/Endpoints": None,
        "AWS/SageMaker": None,
        "billing": None,
    }
    evaluator = names.arn("lambda", "function:SageMaker-evaluator-x")
    version = names.arn("sagemaker", f"model-package/{names.name('support-assistant', kind='model')}/1")
    status = "sagemaker:ModelApprovalStatus"
    passed = "iam:PassedToService"
    metrics, metric_data = "cloudwatch:PutMetricData", names.arn("cloudwatch", "dataset/default")
    return [
        Call(job, "s3:GetObject", f"{names.bucket_arn('data')}/x", True, "ReadData"),
        Call(job, "s3:PutObject", f"{names.bucket_arn('data')}/x", False, None),
        Call(job, "s3:PutObject", f"{names.bucket_arn('artifacts')}/studio/x", True, "ReadAndWriteWork"),
        Call(job, "s3:PutObject", f"{names.bucket_arn('artifacts')}/models/x", False, None),
        Call(job, "sagemaker:CreateTrainingJob", training, True, "StartServerless", with_key),
        Call(job, "sagemaker:CreateTrainingJob", training, False, "DenyJobsWithoutOutputKey"),
        Call(job, "sagemaker:CreateTrainingJob", training, False, "DenyJobsOnInstances", ordinary(settings)),
        Call(job, "sagemaker:CreateTrainingJob", platform_job, False, "DenyPlatformRuns", with_key),
        Call(job, "s3:GetObject", f"{recipes}/recipe.json", True, "ReadRecipes"),
        Call(job, "s3:PutObject", f"{recipes}/recipe.json", False, None),
        Call(job, "sagemaker:CreateProcessingJob", names.arn("sagemaker", "processing-job/x"), False, None),
        Call(job, "sagemaker:CreateModelPackage", version, True, "RegisterUnapproved"),
        Call(job, "sagemaker:CreateModelPackage", version, False, None, {status: "Approved"}),
        Call(job, "sagemaker:UpdateModelPackage", version, False, None, {status: "Approved"}),
        Call(job, "lambda:InvokeFunction", evaluator, True, "AskRewardFunctions"),
        Call(job, "lambda:InvokeFunction", names.arn("lambda", "function:x"), False, None),
        Call(job, "lambda:UpdateFunctionCode", evaluator, False, None),
        Call(job, "bedrock:InvokeModel", judge_model, True, "AskJudges"),
        Call(job, "bedrock:CreateEvaluationJob", judge_model, True, "JudgeAnswers"),
        Call(
            job,
            "bedrock:CreateEvaluationJob",
            judge_model,
            False,
            None,
            {"aws:RequestedRegion": "us-west-2"},
        ),
        Call(
            job,
            "iam:PassRole",
            names.role_arn("studio", "studio-job"),
            True,
            "PassItself",
            {passed: "sagemaker.amazonaws.com"},
        ),
        Call(
            job,
            "iam:PassRole",
            names.role_arn("studio", "studio-job"),
            False,
            None,
            {passed: "lambda.amazonaws.com"},
        ),
        Call(
            job,
            "iam:PassRole",
            names.role_arn("persona", "ml-engineer"),
            False,
            None,
            {passed: "sagemaker.amazonaws.com"},
        ),
        *(
            Call(job, metrics, metric_data, sid is not None, sid, {"cloudwatch:namespace": namespace})
            for namespace, sid in namespaces.items()
        ),
        Call(job, "ec2:CreateNetworkInterface", names.arn("ec2", "subnet/subnet-1"), True, "AttachToNetwork"),
        Call(
            reward,
            "logs:PutLogEvents",
            names.arn("logs", "log-group:/aws/lambda/SageMaker-evaluator-x:log-stream:y"),
            True,
            "WriteLogs",
        ),
        Call(
            reward,
            "logs:PutLogEvents",
            names.arn("logs", "log-group:/aws/lambda/x:log-stream:y"),
            False,
            None,
        ),
        Call(reward, "s3:GetObject", f"{names.bucket_arn('data')}/x", False, None),
        Call(
            "Bedrock import", "s3:GetObject", f"{names.bucket_arn('artifacts')}/studio/x", True, "ReadModels"
        ),
        Call("Bedrock import", "s3:GetObject", f"{names.bucket_arn('data')}/x", False, None),
        Call("MLflow", "s3:PutObject", f"{names.bucket_arn('artifacts')}/mlflow/x", True, "KeepFiles"),
        Call("MLflow", "s3:PutObject", f"{names.bucket_arn('artifacts')}/studio/x", False, None),
    ]


def carried(settings: Environment) -> dict[str, list[dict[str, Any]]]:
    """Every policy a principal carries, inline and managed, ready for the evaluator."""
    beside = {
        **dict.fromkeys(("data scientist", "ML engineer"), personas.managed(settings)),
        "Studio job": studio_jobs.managed(settings),
    }
    return {
        who: [
            with_imports(document(*statements(policy)))
            for policy in (grants, *beside.get(who, {}).values())
            if policy
        ]
        for who, grants in tables(settings).items()
    }


def test_every_principal_does_its_job_and_nothing_else() -> None:
    settings = sample("tight")
    table, held = calls(settings), carried(settings)
    account = {"AWS": settings.names.arn("iam", "root", region="")}
    open_to_account = document(
        allow("Account", ["ecr:*", "kms:*", "s3:*"], ["*"], principal=account),
    )
    assert len(table) > 100
    assert sum(not call.allowed for call in table) > len(table) / 2
    decisions = evaluate(
        [
            Request(
                principal=settings.names.role_arn("persona", "somebody"),
                action=call.action,
                resource=call.resource,
                resource_account=call.account or settings.account,
                context={
                    "aws:RequestedRegion": settings.region,
                    "aws:SourceIdentity": "ana",
                    **call.context,
                },
                identity_policies=held[call.who],
                resource_policy=open_to_account if call.account or call.action.startswith("kms:") else None,
            )
            for call in table
        ]
    )
    wrong = [
        f"{call.who}: {call.action} on {call.resource}: {decision.explanation}, expected {call.sid}"
        for call, decision in zip(table, decisions, strict=True)
        if decision.allowed != call.allowed
        or not (call.sid in decision.deciding_sids if call.sid else not decision.deciding_sids)
    ]
    assert not wrong, "\n".join(wrong)


def test_a_registry_in_another_account_is_read_and_approved_in_but_nothing_is_registered_there(
    environments: Mapping[str, Environment],
) -> None:
    settings = environments["given"]
    registry, held = settings.neighbours.registry, carried(settings)
    assert registry.account != settings.account
    version = registry.arn("sagemaker", f"model-package/{registry.name('credit-approval', kind='model')}/1")
    local = settings.names.arn("sagemaker", f"model-package/{settings.names.name('x', kind='model')}/1")
    report = f"{registry.bucket_arn('artifacts')}/models/report.json"
    key = str(settings.registry.artifacts_key_arn)
    pending = {"sagemaker:ModelApprovalStatus": "PendingManualApproval"}
    approved = {"sagemaker:ModelApprovalStatus": "Approved"}
    s3 = {"kms:ViaService": f"s3.{settings.region}.{settings.place.dns_suffix}"}
    table: list[tuple[str, str, str, Mapping[str, str], bool]] = [
        ("data scientist", "sagemaker:CreateModelPackage", version, pending, False),
        ("Studio job", "sagemaker:CreateModelPackage", version, pending, False),
        ("data scientist", "sagemaker:DescribeModelPackage", version, {}, True),
        ("data scientist", "sagemaker:CreateModelPackage", local, pending, False),
        ("data scientist", "s3:GetObject", report, {}, True),
        ("data scientist", "kms:Decrypt", key, s3, True),
        ("approver", "sagemaker:UpdateModelPackage", version, approved, True),
        ("approver", "sagemaker:UpdateModelPackage", local, approved, False),
        ("approver", "s3:GetObject", report, {}, True),
        ("approver", "kms:Decrypt", key, s3, True),
        ("approver", "kms:Decrypt", key, {}, False),
    ]
    account = {"AWS": settings.names.arn("iam", "root", region="")}
    shared_with_us = document(allow("Shared", ["kms:*", "s3:*", "sagemaker:*"], ["*"], principal=account))
    judged = evaluate(
        [
            Request(
                principal=settings.names.role_arn("persona", "somebody"),
                action=action,
                resource=resource,
                resource_account=registry.account,
                context={"aws:RequestedRegion": settings.region, **context},
                identity_policies=held[who],
                resource_policy=shared_with_us,
            )
            for who, action, resource, context, _ in table
        ]
    )
    assert [decision.allowed for decision in judged] == [expected for *_, expected in table]


def test_a_registry_of_another_environment_in_the_account_takes_new_versions(tmp_path: Path) -> None:
    folder = tmp_path / "environments"
    folder.mkdir()
    lab = SHARED.format(owns="false") + "registry: {environment: tight}\n"
    (folder / "tight.yaml").write_text(SHARED.format(owns="true"), encoding="utf-8")
    (folder / "lab.yaml").write_text(lab, encoding="utf-8")
    [settings] = [e for e in read_environments(folder) if not e.keeps_registry]
    for grants in (personas.data_scientist(settings), customization.customization_job(settings)):
        [register] = [grant for grant in grants if grant.sid == "RegisterUnapproved"]
        assert all(
            ":111122223333:model-package" in arn and "acme-tight-" in arn for arn in register.resources
        )


# --- trust -----------------------------------------------------------------------------------------------

USER = "arn:aws:iam::111122223333:user/ana"


def assumption(
    settings: Environment, trusts: Mapping[str, Any], who: str, context: Mapping[str, str]
) -> Request:
    """A call to assume a person's role; what the caller may do beside is not at issue."""
    return Request(
        principal=who,
        action="sts:AssumeRole",
        resource=settings.names.role_arn("persona", "approver-ana"),
        resource_account=settings.account,
        context=context,
        resource_policy=trusts,
        identity_policies=[
            document({"Sid": "Own", "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"})
        ],
    )


def test_people_assume_their_own_role_with_a_second_factor() -> None:
    settings = sample("tight")
    own_role, shared_role = person_trust(settings, "ana"), person_trust(settings, None)
    ana = {"sts:SourceIdentity": "ana", "aws:username": "ana", "aws:MultiFactorAuthPresent": "true"}
    bo = USER.replace("/ana", "/bo")
    table = [
        (own_role, USER, ana, True),
        (shared_role, USER, ana, True),
        (own_role, USER, ana | {"aws:MultiFactorAuthPresent": "false"}, False),
        (own_role, USER, {k: v for k, v in ana.items() if "Multi" not in k}, False),
        (own_role, bo, ana | {"aws:username": "bo"}, False),
        (own_role, bo, ana | {"aws:username": "bo", "sts:SourceIdentity": "bo"}, False),
        (shared_role, bo, ana | {"aws:username": "bo"}, False),
        (own_role, USER, {k: v for k, v in ana.items() if not k.startswith("sts:")}, False),
        (own_role, settings.names.role_arn("persona", "data-scientist"), ana, False),
        (own_role, USER.replace("111122223333", "999999999999"), ana, False),
    ]
    judged = evaluate([assumption(settings, trusts, who, context) for trusts, who, context, _ in table])
    assert [decision.allowed for decision in judged] == [expected for *_, expected in table]


def test_people_come_from_the_identity_provider_under_their_own_name(
    environments: Mapping[str, Environment],
) -> None:
    provider = f"arn:aws:iam::{environments['full'].account}:role/saml/people"
    iam = environments["full"].iam.model_copy(update={"sign_in_roles": [provider]})
    settings = environments["full"].model_copy(update={"iam": iam})
    trusts, shared_role = person_trust(settings, "cy"), person_trust(settings, None)
    cy = {"sts:SourceIdentity": "cy", "aws:SourceIdentity": "cy"}
    table = [
        (trusts, provider, cy, True),
        (shared_role, provider, cy, True),
        (trusts, provider, cy | {"aws:SourceIdentity": "bo"}, False),
        (shared_role, provider, cy | {"aws:SourceIdentity": "bo"}, False),
        (trusts, provider, {"sts:SourceIdentity": "cy"}, False),
        (trusts, settings.names.role_arn("persona", "data-scientist"), cy, False),
        (trusts, f"arn:aws:iam::{settings.account}:user/cy", cy | {"aws:username": "cy"}, False),
    ]
    judged = evaluate([assumption(settings, trusts, who, context) for trusts, who, context, _ in table])
    assert [decision.allowed for decision in judged] == [expected for *_, expected in table]


def test_people_come_from_identity_center_under_their_user_name_there(
    environments: Mapping[str, Environment],
) -> None:
    settings = environments["full"]
    [provider] = settings.iam.sign_in_roles
    ana = {"sts:SourceIdentity": "ana", "aws:userid": "AROAEXAMPLE:ana@acme.com"}
    table = [
        (ana, True),
        (ana | {"aws:userid": "AROAEXAMPLE:ana"}, False),
        (ana | {"aws:userid": "AROAEXAMPLE:bo@acme.com"}, False),
        (ana | {"sts:SourceIdentity": "bo"}, False),
        ({"aws:userid": "AROAEXAMPLE:ana@acme.com"}, False),
    ]
    trusts = person_trust(settings, "ana")
    judged = evaluate([assumption(settings, trusts, provider, context) for context, _ in table])
    assert [decision.allowed for decision in judged] == [expected for _, expected in table]


def test_without_a_second_factor_names_still_count(environments: Mapping[str, Environment]) -> None:
    [settings] = [e for e in environments.values() if e.iam.require_mfa == "off"][:1]
    user = settings.names.arn("iam", "user/ana", region="")
    ana = {"sts:SourceIdentity": "ana", "aws:username": "ana"}
    trusts = person_trust(settings, "ana")
    judged = evaluate(
        [
            assumption(settings, trusts, user, ana),
            assumption(settings, trusts, user, ana | {"aws:username": "bo"}),
        ]
    )
    assert [decision.allowed for decision in judged] == [True, False]


def test_only_studio_of_the_account_works_as_a_user_profile() -> None:
    settings = sample("tight")

    def request(service: str, account: str) -> Request:
        return Request(
            principal=service,
            action="sts:AssumeRole",
            resource=settings.names.role_arn("persona", "ml-engineer"),
            resource_account=settings.account,
            context={"aws:SourceAccount": account},
            resource_policy=studio_trust(settings),
        )

    judged = evaluate(
        [
            request("sagemaker.amazonaws.com", settings.account),
            request("sagemaker.amazonaws.com", "999999999999"),
            request("lambda.amazonaws.com", settings.account),
        ]
    )
    assert [decision.allowed for decision in judged] == [True, False, False]
