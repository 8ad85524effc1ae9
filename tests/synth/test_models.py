"""The stacks of models: workflows, the roles they and their jobs have, what starts them."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from landscapes import ROOT, environment, landscape, logical_ids, properties

from mlplatform import workflows
from mlplatform.permissions.endpoint_roles import model_endpoint
from mlplatform.permissions.grant import Grant
from mlplatform.permissions.job_roles import model_job
from mlplatform.permissions.release_roles import model_release, model_releases
from mlplatform.permissions.update_roles import first_update
from mlplatform.permissions.workflow_roles import model_workflow
from mlplatform.serving.parts import served
from mlplatform.settings import Environment, ModelProduct
from release.flow import STEPS
from tools.assembly import stacks
from tools.platform_app import platform_app

Templates = Mapping[tuple[str, str], Mapping[str, Any]]
MODEL = "Model-credit-approval"
LONGEST = "m" * 32
MAX_INLINE = 10_240
"""Characters of all inline policies of a role, without whitespace (IAM User Guide, quotas)."""


@pytest.fixture(scope="session")
def outdir(environments: dict[str, Environment], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cloud assembly of one fixture environment."""
    folder = tmp_path_factory.mktemp("small")
    platform_app([environments["small"]], folder).synth()
    return folder


def definitions(template: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Definition of every state machine by its workflow, which is the last part of its name."""
    found = properties(template, "AWS::StepFunctions::StateMachine")
    return {workflow_of(m["StateMachineName"]): json.loads(m["DefinitionString"]) for m in found}


def workflow_of(machine: str) -> str:
    """The workflow at the end of a state machine's name."""
    return next(name for name in workflows.NAMES if machine.endswith(f"-{name}"))


def tasks(node: Any) -> Iterator[dict[str, Any]]:
    """Every Task state, also within a Map."""
    if isinstance(node, dict):
        if node.get("Type") == "Task":
            yield node
        for child in node.values():
            yield from tasks(child)


def role(template: Mapping[str, Any], thing: str) -> dict[str, Any]:
    """Properties of the model's role that is called ``<model>-<thing>``."""
    roles = properties(template, "AWS::IAM::Role")
    (found,) = [r for r in roles if r["RoleName"].endswith(f"-credit-approval-{thing}")]
    return found


def statements(template: Mapping[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    """Statements of the model's role of one kind by their Sid."""
    (policy,) = role(template, kind)["Policies"]
    return {statement["Sid"]: statement for statement in policy["PolicyDocument"]["Statement"]}


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def actions(template: Mapping[str, Any], kind: str) -> set[str]:
    """Everything a role may do, on whatever."""
    return {action for s in statements(template, kind).values() for action in listed(s["Action"])}


JOBS = ("TrainingJob", "ProcessingJob", "HyperParameterTuningJob", "TransformJob")
NEEDED = {
    "lambda:invoke": {"lambda:InvokeFunction"},
    "sns:publish": {"sns:Publish"},
    "aws-sdk:s3:copyObject": {"s3:GetObject", "s3:PutObject"},
    "aws-sdk:s3:putObject": {"s3:PutObject"},
    "sagemaker:createModel": {"sagemaker:CreateModel", "sagemaker:AddTags", "iam:PassRole"},
    "aws-sdk:sagemaker:deleteModel": {"sagemaker:DeleteModel"},
    "aws-sdk:sagemaker:describeModelPackage": {"sagemaker:DescribeModelPackage"},
    "aws-sdk:sagemaker:listModelPackages": {"sagemaker:ListModelPackages"},
    "aws-sdk:sagemaker:describeTrainingJob": {"sagemaker:DescribeTrainingJob"},
    **{
        f"sagemaker:create{job}.sync": {
            *(f"sagemaker:{verb}{job}" for verb in ("Create", "Describe", "Stop")),
            *("sagemaker:AddTags", "sagemaker:ListTags", "iam:PassRole"),
            *("events:DescribeRule", "events:PutRule", "events:PutTargets"),
        }
        for job in JOBS
    },
}
"""What a state needs of the role (Step Functions developer guide, IAM policies of integrated services)."""

ALWAYS = re.compile(r"(kms|logs|xray|states):\w+")
"""What a workflow needs besides its states: keys, its logs and traces, the parts of its Map."""


@pytest.mark.parametrize("environment", ["full", "small", "given", "gov"])
def test_a_workflow_may_do_what_its_states_do_and_nothing_else(
    templates: Templates, environment: str
) -> None:
    template = templates[environment, MODEL]
    every = definitions(template)
    releases = {name: every.pop(name) for name in workflows.RELEASES if name in every}
    for role_of, found in (("workflow", every), ("releases", releases)):
        resources = [task["Resource"].partition(":states:::")[2] for task in tasks(found)]
        assert resources
        needed = {action for resource in resources for action in NEEDED[resource.partition(".wait")[0]]}
        granted = {action for action in actions(template, role_of) if not ALWAYS.fullmatch(action)}
        assert granted == needed


@pytest.mark.parametrize(
    ("environment", "which"),
    [
        ("full", ["batch", "lifecycle", "register", "release", "rollback", "train", "tune"]),
        ("small", ["ab-test", "batch", "lifecycle", "register", "release", "rollback", "train", "tune"]),
        ("gov", ["ab-test", "batch", "lifecycle", "release", "rollback"]),
        ("given", ["ab-test", "batch", "lifecycle", "release", "rollback"]),
    ],
)
def test_a_model_is_trained_only_where_the_environment_trains(
    templates: Templates, environment: str, which: list[str]
) -> None:
    assert sorted(definitions(templates[environment, MODEL])) == which


def test_a_model_without_workflows_has_a_stack_only_where_its_versions_are_kept(
    templates: Templates,
) -> None:
    kinds = {r["Type"] for r in templates["full", "Model-support-assistant"]["Resources"].values()}
    assert kinds == {"AWS::SageMaker::ModelPackageGroup"}
    assert ("given", "Model-support-assistant") not in templates
    assert ("china", "Orchestration") not in templates


def test_another_environments_registry_keeps_the_group_and_scoring_reads_the_version_there(
    templates: Templates,
) -> None:
    template = templates["given", MODEL]
    assert not properties(template, "AWS::SageMaker::ModelPackageGroup")
    read = statements(template, "job")["ReadVersions"]
    bucket = "arn:aws:s3:::acme-ownvpc-artifacts-555566667777-eu-central-1"
    assert read["Resource"] == f"{bucket}/models/credit-approval/*"
    versions = statements(template, "workflow")["FindVersion"]
    assert all(":555566667777:" in arn for arn in versions["Resource"])


def jobs_of(definition: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The request of every job a definition starts."""
    for task in tasks(definition):
        if "sagemaker:create" in task["Resource"]:
            yield task["Arguments"]


def uris(node: Any, key: str) -> Iterator[str]:
    """Every value of ``key`` somewhere in a request."""
    if isinstance(node, dict):
        if key in node and isinstance(node[key], str):
            yield node[key]
        for child in node.values():
            yield from uris(child, key)
    elif isinstance(node, list):
        for child in node:
            yield from uris(child, key)


def at_run_time(expression: str, definition: Any) -> set[str]:
    """Addresses that JSONata puts together, for a run called abcdefghij, of edited scripts too if it may."""
    admit = definition["States"]["Admit"]
    (bucket,) = re.findall(
        r"'s3://([^/']+)/", admit["Assign"]["records" if "$records" in expression else "workspace"]
    )
    edited = admit["Arguments"]["Payload"]["Allowed"]["Source"]
    return {
        "".join(part or "abcdefghij" for part in re.findall(r"'([^']*)'|\$run\.RunId", filled)).removeprefix(
            "s3://"
        )
        for kept in ("models", *(["runs"] if edited else []))
        for filled in [expression.replace("$records", f"'{bucket}/{kept}/credit-approval/' & $run.RunId")]
    }


@pytest.mark.parametrize("environment", ["full", "small", "gov"])
def test_jobs_may_write_everywhere_their_requests_send_what_they_make(
    templates: Templates, environment: str
) -> None:
    template = templates[environment, MODEL]
    written = [
        arn.partition(":::")[2] for arn in listed(statements(template, "job")["WriteWork"]["Resource"])
    ]
    sent = set()
    pairs = [(job, whole) for whole in definitions(template).values() for job in jobs_of(whole)]
    for job, whole in pairs:
        outputs = [job.get("ProcessingOutputConfig", {}), job.get("CheckpointConfig", {})]
        definition = job.get("TrainingJobDefinition", job)
        outputs.append(definition.get("CheckpointConfig", {}))
        found = [uri for output in outputs for uri in uris(output, "S3Uri")] + list(uris(job, "S3OutputPath"))
        sent |= {address + "x" for uri in found for address in at_run_time(uri, whole)}
    assert sent
    assert {place for place in sent if not any(fnmatchcase(place, pattern) for pattern in written)} == set()
    assert {p for p in written if not any(fnmatchcase(place, p) for place in sent)} == set()


@pytest.mark.parametrize("environment", ["full", "small", "gov"])
def test_jobs_pull_the_images_their_requests_name_and_no_other(
    templates: Templates, environment: str
) -> None:
    template = templates[environment, MODEL]
    text = json.dumps(list(definitions(template).values()))
    host = r"(\d{12})\.dkr\.ecr\.[a-z0-9-]+\.[a-z.]+/([\w./-]+?)(?:[:@][\w.:-]+)?\""
    named = {f"{account}:repository/{name}" for account, name in re.findall(host, text)}
    own = f"acme-{environment}-credit-approval"
    pulled = listed(statements(template, "job")["PullImages"]["Resource"])
    found = {arn.split(":", 4)[4] for arn in pulled}
    assert {name for name in named if not name.endswith(own)} <= found
    if "train" in definitions(template):
        assert found == named | {name for name in found if name.endswith(own)}


def test_the_source_that_workflows_copy_is_published_where_they_copy_it_from(outdir: Path) -> None:
    (stack,) = [stack for stack in stacks(outdir) if stack.name == MODEL]
    copied = {
        task["Arguments"]["CopySource"]
        for definition in definitions(stack.template).values()
        for task in tasks(definition)
        if "copyObject" in task["Resource"] and "cdk-" in task["Arguments"]["CopySource"]
    }
    files = [
        (file, path.parent)
        for path in outdir.rglob("*.assets.json")
        for file in json.loads(path.read_text(encoding="utf-8"))["files"].values()
    ]
    published = {
        f"{where['bucketName']}/{where['objectKey']}": folder / file["source"]["path"]
        for file, folder in files
        for where in file["destinations"].values()
    }
    (address,) = copied
    assert published[address].read_bytes().startswith(b"\x1f\x8b")
    statement = statements(stack.template, "workflow")["CopySource"]
    assert statement["Resource"] == f"arn:aws:s3:::{address}"


def test_nothing_but_that_copy_refers_to_the_bucket_of_deployments(templates: Templates) -> None:
    for (_, stack), template in templates.items():
        if stack.startswith("Model-"):
            for definition in definitions(template).values():
                places = [task for task in tasks(definition) if "-assets-" in json.dumps(task)]
                assert all("copyObject" in task["Resource"] for task in places)


def test_log_entries_hold_no_data_of_executions_and_every_execution_is_traced(templates: Templates) -> None:
    for machine in properties(templates["full", MODEL], "AWS::StepFunctions::StateMachine"):
        logging = machine["LoggingConfiguration"]
        assert (logging["Level"], logging["IncludeExecutionData"]) == ("ALL", False)
        (destination,) = logging["Destinations"]
        group = destination["CloudWatchLogsLogGroup"]["LogGroupArn"]
        assert group == "arn:aws:logs:us-east-1:222233334444:log-group:/acme/full/workflows:*"
        assert machine["TracingConfiguration"] == {"Enabled": True}


def test_what_is_substituted_is_all_that_the_definition_leaves_open(templates: Templates) -> None:
    for machine in properties(templates["full", MODEL], "AWS::StepFunctions::StateMachine"):
        open_ = set(re.findall(r"\$\{(\w+)\}", machine["DefinitionString"]))
        given = machine.get("DefinitionSubstitutions", {})
        assert open_ == set(given)
        assert "Fn::Join" in given.get("SubnetIds", {"Fn::Join": []})


def test_schedules_and_new_data_start_the_workflow_without_input_and_keep_what_fails(
    templates: Templates,
) -> None:
    template = templates["full", MODEL]
    every = properties(template, "AWS::Scheduler::Schedule")
    schedules = [one for one in every if ":states:" in one["Target"]["Arn"]]
    machine = "arn:aws:states:us-east-1:222233334444:stateMachine:acme-full-credit-approval-"
    assert {(s["Target"]["Arn"].removeprefix(machine), s["ScheduleExpression"]) for s in schedules} == {
        ("train", "cron(0 3 1 * ? *)"),
        ("batch", "rate(7 days)"),
    }
    (rule,) = properties(template, "AWS::Events::Rule")
    assert rule["EventPattern"]["detail"] == {
        "bucket": {"name": ["acme-full-data-222233334444-us-east-1"]},
        "object": {"key": ["credit-approval/train/_SUCCESS"]},
    }
    queue = "arn:aws:sqs:us-east-1:222233334444:acme-full-dead-letters"
    for target in [*(schedule["Target"] for schedule in schedules), *rule["Targets"]]:
        assert target["Input"] == "{}"
        assert target["DeadLetterConfig"] == {"Arn": queue}
    assert statements(template, "trigger")["StartWorkflows"]["Resource"] == [
        f"{machine}train",
        f"{machine}batch",
    ]


def test_the_clock_has_every_endpoint_looked_after_and_what_fails_is_kept(templates: Templates) -> None:
    template = templates["full", MODEL]
    every = properties(template, "AWS::Scheduler::Schedule")
    (schedule,) = [one for one in every if one["Name"] == "acme-full-credit-approval-upkeep"]
    (function,) = properties(template, "AWS::Lambda::Function")
    target = schedule["Target"]
    assert schedule["ScheduleExpression"] == "rate(1 hour)"
    assert target["Arn"]["Fn::GetAtt"][1] == "Arn"
    given = json.loads(target["Input"])
    assert given["Step"] in STEPS[given["Workflow"]]
    assert given["Serving"]["KeepVersions"] == 5
    queue = "arn:aws:sqs:us-east-1:222233334444:acme-full-dead-letters"
    assert target["DeadLetterConfig"] == {"Arn": queue}
    assert function["DeadLetterConfig"] == {"TargetArn": queue}
    allowed = statements(template, "upkeep")
    assert allowed["CallFunction"]["Resource"] == target["Arn"]
    assert actions(template, "upkeep") <= {
        "kms:Decrypt",
        "kms:GenerateDataKey",
        "lambda:InvokeFunction",
        "sqs:SendMessage",
    }


def test_the_alarm_on_what_serves_says_how_to_mend_it(templates: Templates) -> None:
    (alarm,) = properties(templates["full", MODEL], "AWS::CloudWatch::Alarm")
    assert alarm["AlarmName"] == "acme-full/credit-approval/serving-differs"
    assert alarm["AlarmActions"] == ["arn:aws:sns:us-east-1:222233334444:acme-full-notifications"]
    for command in (
        "make rollback ENV=full MODEL=credit-approval TO=",
        "make protect ENV=full",
        "make status",
    ):
        assert command in alarm["AlarmDescription"]
    assert len(alarm["AlarmDescription"]) <= 1024
    assert alarm["TreatMissingData"] == "ignore"


def test_an_environment_that_does_not_train_schedules_no_training(templates: Templates) -> None:
    schedules = properties(templates["gov", MODEL], "AWS::Scheduler::Schedule")
    named = [schedule["Name"].removeprefix("acme-gov-credit-approval-") for schedule in schedules]
    assert "batch" in named
    assert set(named) <= {"batch", "upkeep"}
    assert not properties(templates["gov", MODEL], "AWS::Events::Rule")


def test_workflows_run_as_a_role_that_only_they_can_take_on(templates: Templates) -> None:
    trusts = role(templates["full", MODEL], "workflow")["AssumeRolePolicyDocument"]["Statement"]
    (trust,) = trusts
    machine = "arn:aws:states:us-east-1:222233334444:stateMachine:acme-full-credit-approval-"
    names = {arn.removeprefix(machine) for arn in trust["Condition"]["ArnLike"]["aws:SourceArn"]}
    workflows_ = ("train", "tune", "register", "batch")
    assert names == {f"{name}{rest}" for name in workflows_ for rest in ("", "/*")}
    assert trust["Principal"] == {"Service": "states.amazonaws.com"}


def test_releases_run_as_a_role_that_only_they_can_take_on(templates: Templates) -> None:
    (trust,) = role(templates["full", MODEL], "releases")["AssumeRolePolicyDocument"]["Statement"]
    machine = "arn:aws:states:us-east-1:222233334444:stateMachine:acme-full-credit-approval-"
    releasing = [f"{machine}{name}" for name in ("release", "rollback", "lifecycle")]
    assert trust["Condition"]["ArnLike"]["aws:SourceArn"] == releasing
    machines = properties(templates["full", MODEL], "AWS::StepFunctions::StateMachine")
    roles = {workflow_of(m["StateMachineName"]): m["RoleArn"]["Fn::GetAtt"][0] for m in machines}
    assert roles["release"] == roles["rollback"] != roles["train"]


def test_a_release_changes_the_stack_only_by_the_roles_and_types_its_function_is_told(
    templates: Templates,
) -> None:
    template, serving = templates["full", MODEL], templates["full", "Serving-credit-approval"]
    (function,) = properties(template, "AWS::Lambda::Function")
    told = function["Environment"]["Variables"]
    planned = statements(template, "release")["PlanUpdates"]
    account, path = "222233334444", "role/acme/full/release/acme-full-credit-approval"
    roles = [f"arn:aws:iam::{account}:{path}-{which}" for which in ("update", "update-first")]
    assert planned["Condition"]["StringEquals"]["cloudformation:RoleArn"] == roles
    assert [told["UPDATE_ROLE"], told["FIRST_ROLE"]] == roles
    assert planned["Resource"] == f"arn:aws:cloudformation:us-east-1:{account}:stack/{told['STACK']}/*"
    types = planned["Condition"]["ForAllValues:StringEquals"]["cloudformation:ResourceTypes"]
    assert types == told["RESOURCE_TYPES"].split(",")
    assert {resource["Type"] for resource in serving["Resources"].values()} <= set(types)


def test_the_functions_of_all_models_share_one_log_group(templates: Templates) -> None:
    groups = properties(templates["full", "Orchestration"], "AWS::Logs::LogGroup")
    assert "/acme/full/function/release" in {group["LogGroupName"] for group in groups}
    (function,) = properties(templates["full", MODEL], "AWS::Lambda::Function")
    assert function["LoggingConfig"]["LogGroup"] == "/acme/full/function/release"


def test_the_check_of_data_runs_in_the_network_and_other_functions_do_not(templates: Templates) -> None:
    functions = {
        f["FunctionName"]: f for f in properties(templates["full", "Orchestration"], "AWS::Lambda::Function")
    }
    inside = {name for name, function in functions.items() if "VpcConfig" in function}
    assert inside == {"acme-full-dataset-check"}
    network = functions["acme-full-dataset-check"]["VpcConfig"]
    assert network["SecurityGroupIds"] == [{"Fn::ImportValue": "acme-full-network:FunctionSecurityGroupId"}]
    assert len(network["SubnetIds"]) == 3


def test_a_message_that_stays_in_the_dead_letter_queue_raises_an_alarm(templates: Templates) -> None:
    alarms = properties(templates["full", "Orchestration"], "AWS::CloudWatch::Alarm")
    (alarm,) = [one for one in alarms if one["AlarmName"].endswith("-dead-letters")]
    assert alarm["AlarmActions"] == ["arn:aws:sns:us-east-1:222233334444:acme-full-notifications"]
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanThreshold", 0)
    assert alarm["Dimensions"] == [{"Name": "QueueName", "Value": "acme-full-dead-letters"}]


def test_models_are_deployed_after_what_their_workflows_call(outdir: Path) -> None:
    manifest = json.loads((outdir / "assembly-small" / "manifest.json").read_text(encoding="utf-8"))
    names = {key: a["displayName"] for key, a in manifest["artifacts"].items() if "displayName" in a}
    (model,) = [key for key, name in names.items() if "Model-credit-approval" in name]
    waited = {names.get(key, "") for key in manifest["artifacts"][model]["dependencies"]}
    assert any("Orchestration" in name for name in waited)


# --- names -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def longest(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment and models whose names are as long as they may be, one beginning like another."""
    folder = tmp_path_factory.mktemp("longest")
    fixture = ROOT / "tests" / "fixtures" / "models" / "credit-approval"
    for name in (LONGEST, "m", "m-train", "m-eval"):
        (folder / "models" / name).mkdir(parents=True)
        for path in (path for path in fixture.iterdir() if path.is_file()):
            (folder / "models" / name / path.name).write_bytes(path.read_bytes())
    file = environment("111122223333", name_prefix="pppppp", region="ap-southeast-1", training=True)
    file["network"] = {"availability_zones": ["apse1-az1", "apse1-az2", "apse1-az3"]}
    return landscape(folder, {"eeeeeeee": file}, {})["eeeeeeee"]


def granted(product: ModelProduct, settings: Environment) -> list[Grant]:
    """What the workflows of a product may do."""
    return model_workflow(product, settings, workflows.pack(product.folder))


def test_the_policies_of_the_longest_names_fit(longest: Environment) -> None:
    product = next(product for product in longest.products if product.name == LONGEST)
    whole = served(product, longest)
    tables = (model_endpoint, model_release, model_releases, first_update)
    releasing = [table(whole) for table in tables]
    for grants in (granted(product, longest), model_job(product, longest), *releasing):
        text = json.dumps([grant.statement for grant in grants], separators=(",", ":"))
        assert len(text) < MAX_INLINE


def test_only_where_versions_are_compared_may_a_release_read_measurements_and_shift_requests(
    longest: Environment,
) -> None:
    whole = served(next(product for product in longest.products if product.name == LONGEST), longest)
    assert whole.serving.shadow
    plain, shadow, tested = (
        replace(whole, serving=whole.serving.model_copy(update={"shadow": None, "ab_test": None, **kept}))
        for kept in ({}, {"shadow": whole.serving.shadow}, {"ab_test": whole.serving.ab_test})
    )
    direct, judged, compared = (
        {a for g in model_release(one) for a in g.actions} for one in (plain, shadow, tested)
    )
    read, changes = "cloudwatch:GetMetricData", "cloudwatch:DescribeAlarmHistory"
    assert {read, changes} <= judged - direct
    shift, scaling = (
        "sagemaker:UpdateEndpointWeightsAndCapacities",
        "application-autoscaling:DeregisterScalableTarget",
    )
    assert {read, shift, scaling} <= compared - direct
    unscaled = replace(tested, serving=tested.serving.model_copy(update={"autoscaling": None}))
    # Whoever does not know whether a challenger scales has to ask, and then need not say any more.
    asked = {a for g in model_release(unscaled) for a in g.actions}
    assert "application-autoscaling:DescribeScalableTargets" in asked & compared
    assert scaling not in asked
    assert not {shift, scaling} & judged
    assert changes not in compared


def test_no_workflow_reaches_a_job_a_model_or_a_workflow_of_a_model_whose_name_begins_alike(
    longest: Environment,
) -> None:
    products = {product.name: product for product in longest.products}
    for name, product in products.items():
        arns = [
            arn
            for grant in granted(product, longest)
            if grant.actions[0].startswith(("sagemaker:", "states:", "iam:"))
            for arn in grant.resources
        ]
        for other in set(products) - {name}:
            base = f"pppppp-eeeeeeee-{other}"
            reached = [
                *(
                    f"{kind}-job/{base}-{step}-abc2340"
                    for kind in ("training", "processing", "transform")
                    for step in ("train", "prep", "eval", "score")
                ),
                f"training-job/{base}-train-abc23417",
                f"hyper-parameter-tuning-job/{longest.names.tuning(other)}-abc23450",
                f"training-job/{longest.names.tuning(other)}-abc23450-001-0123abcd",
                f"model/{base}-score-abc234",
            ]
            targets = [longest.names.arn("sagemaker", thing) for thing in reached]
            targets += [longest.names.role_arn("job", f"{other}-job")]
            targets += [longest.names.arn("states", f"stateMachine:{base}-{w}") for w in workflows.NAMES]
            hit = {(t, arn) for t in targets for arn in arns if fnmatchcase(t, arn)}
            assert not hit, (name, other)


def test_no_release_reaches_what_belongs_to_a_model_whose_name_begins_alike(longest: Environment) -> None:
    products = {product.name: product for product in longest.products}
    names = longest.names
    for name, product in products.items():
        whole = served(product, longest)
        tables = (model_endpoint, model_release, model_releases, first_update)
        arns = [
            arn for table in tables for grant in table(whole) for arn in grant.resources if is_own(arn, name)
        ]
        for other in set(products) - {name}:
            base = f"pppppp-eeeeeeee-{other}"
            targets = [
                names.arn("cloudformation", f"stack/pppppp-eeeeeeee-serving-{other}/0a1b"),
                names.arn("sagemaker", f"endpoint/{base}"),
                names.arn("sagemaker", f"action/{base}-abcdefghij"),
                names.arn("states", f"execution:{base}-release:1"),
                names.arn("lambda", f"function:{base}-release"),
                names.arn("cloudwatch", f"alarm:pppppp-eeeeeeee/{other}/operating"),
                names.arn("cloudwatch", f"alarm:pppppp-eeeeeeee/{other}/release-abcdefghij-1/errors"),
                names.arn("logs", f"log-group:/aws/sagemaker/Endpoints/{base}:log-stream:x"),
                names.role_arn("release", f"{other}-update"),
                names.role_arn("endpoint", f"{other}-endpoint"),
                f"{names.bucket_arn('artifacts')}/releases/{other}/x",
                f"{names.bucket_arn('artifacts')}/models/{other}/x",
            ]
            hit = {(t, arn) for t in targets for arn in arns if fnmatchcase(t, arn)}
            assert not hit, (name, other)


def is_own(arn: Any, model: str) -> bool:
    """Whether a pattern names the model, and is not of all there is of a kind."""
    return isinstance(arn, str) and re.search(rf"[-/]{model}([-/:]|$)", arn) is not None


def test_stateless_logical_ids_are_those_of_the_workflows(templates: Templates) -> None:
    found = logical_ids(templates["full", MODEL], "AWS::StepFunctions::StateMachine")
    assert sorted(re.sub(r"[0-9A-F]{8}$", "", name) for name in found) == [
        "WorkflowsBatch",
        "WorkflowsLifecycle",
        "WorkflowsRegister",
        "WorkflowsRelease",
        "WorkflowsRollback",
        "WorkflowsTrain",
        "WorkflowsTune",
    ]
