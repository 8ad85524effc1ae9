"""What CloudFormation may do, judged by the evaluator, and the commands that prepare an account."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from local_server import answering

from mlplatform.permissions.boundary import MAX_POLICY, boundary
from mlplatform.settings import Environment, read_environments
from tools import bootstrap
from tools.assembly import SynthesizedStack, stacks
from tools.bootstrap import bootstrap_commands, copyable, together
from tools.bootstrap_statements import PLACEHOLDERS, deployment_statements
from tools.bootstrap_tags import ANYWHERE, BESIDE, TAG, TAGGED_SERVICES
from tools.bootstrap_template import (
    BOUNDARY,
    BUILT_IN,
    MAX_POLICIES,
    TEMPLATE,
    lacking,
    policies,
    policy_arns,
    read_template,
    resolved_policies,
    size,
)
from tools.execution_policies import LONGEST, build_template, rendered
from tools.policy_evaluator import Decision, Policy, Request, evaluate

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "tests" / "fixtures" / "environments"
LONGEST_NAMES = type(PLACEHOLDERS)(
    LONGEST["Prefix"],
    LONGEST["Environment"],
    LONGEST["AWS::Partition"],
    LONGEST["AWS::Region"],
    LONGEST["AWS::AccountId"],
    LONGEST["IamPath"],
)
TEMPLATE_BODY = 51_200
"""Bytes that `aws cloudformation deploy` takes without a bucket (CloudFormation quotas)."""

ACCOUNT, REGION = "111122223333", "eu-west-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role"
CLOUDFORMATION = f"{ROLE}/cdk-hnb659fds-cfn-exec-role-{ACCOUNT}-{REGION}"
OURS, THEIRS = f"{ROLE}/acme/small/job/train", f"{ROLE}/job/train"
BOUNDED = {"iam:PermissionsBoundary": f"arn:aws:iam::{ACCOUNT}:policy/acme-small-boundary"}
OTHERWISE_BOUNDED = {"iam:PermissionsBoundary": "arn:aws:iam::aws:policy/AdministratorAccess"}
HERE = {"aws:RequestedRegion": REGION}
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1"
VPC, SUBNET = (f"arn:aws:ec2:{REGION}:{ACCOUNT}:{kind}-1" for kind in ("vpc/vpc", "subnet/subnet"))
ENDPOINT, GROUP = (
    f"arn:aws:ec2:{REGION}:{ACCOUNT}:{kind}-1" for kind in ("vpc-endpoint/vpce", "security-group/sg")
)
ALIAS = f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/acme-small-data"


def tagged(environment: str, **more: str) -> dict[str, str]:
    """Context of a request about a resource that an environment has tagged."""
    return {**HERE, "aws:ResourceTag/environment": environment, **more}


def tagging(environment: str, *, before: str | None = None) -> dict[str, str]:
    """Context of a request that sets the tag of an environment, on what had one before or not."""
    request = {**HERE, "aws:RequestTag/environment": environment, "aws:TagKeys": "environment"}
    return request if before is None else {**request, "aws:ResourceTag/environment": before}


KEY_POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "ByPolicy",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
            "Action": "kms:*",
            "Resource": "*",
        }
    ],
}


def attach(policy: str, context: dict[str, str] = BOUNDED) -> dict[str, str]:
    """Context of attaching a managed policy."""
    return {**context, "iam:PolicyARN": policy}


ALLOWED: dict[str, tuple[str, str, dict[str, str]]] = {
    "create a role of ours within the boundary": ("iam:CreateRole", OURS, BOUNDED),
    "change its policy": ("iam:PutRolePolicy", OURS, BOUNDED),
    "change its trust": ("iam:UpdateAssumeRolePolicy", OURS, {}),
    "attach what the SDK asks for": (
        "iam:AttachRolePolicy",
        OURS,
        attach("arn:aws:iam::aws:policy/AmazonSageMakerFullAccess"),
    ),
    "hand a role to Lambda": ("iam:PassRole", OURS, {"iam:PassedToService": "lambda.amazonaws.com"}),
    "create a bucket of ours": ("s3:CreateBucket", f"arn:aws:s3:::acme-small-data-{ACCOUNT}-{REGION}", HERE),
    "read code": ("s3:GetObject", f"arn:aws:s3:::cdk-hnb659fds-assets-{ACCOUNT}-{REGION}/a.zip", HERE),
    "create a domain": ("sagemaker:CreateDomain", f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:domain/d-1", HERE),
    "create a key tagged as ours": ("kms:CreateKey", "*", tagging("small")),
    "tag it in the same request": ("kms:TagResource", KEY, tagging("small")),
    "rotate it before its tags count": ("kms:EnableKeyRotation", KEY, HERE),
    "write the policy of our key": ("kms:PutKeyPolicy", KEY, tagged("small")),
    "change a cost tag of it": (
        "kms:TagResource",
        KEY,
        tagged("small", **{"aws:RequestTag/owner": "us", "aws:TagKeys": "owner"}),
    ),
    "delete our key": ("kms:ScheduleKeyDeletion", KEY, tagged("small")),
    "name our key": ("kms:CreateAlias", KEY, tagged("small")),
    "use a name of ours": ("kms:CreateAlias", ALIAS, HERE),
    "create a VPC": ("ec2:CreateVpc", VPC, tagging("small")),
    "tag it as it is created": ("ec2:CreateTags", VPC, tagging("small")),
    "set it up before its tags count": ("ec2:ModifyVpcAttribute", VPC, HERE),
    "delete our VPC": ("ec2:DeleteVpc", VPC, tagged("small")),
    "delete our subnet": ("ec2:DeleteSubnet", SUBNET, tagged("small")),
    "take a rule off our security group": ("ec2:RevokeSecurityGroupIngress", GROUP, tagged("small")),
    "delete our domain": (
        "sagemaker:DeleteDomain",
        f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:domain/d-1",
        tagged("small"),
    ),
    "create a security group in a VPC that its owner has tagged": (
        "ec2:CreateSecurityGroup",
        VPC,
        tagged("network-team"),
    ),
    "change an endpoint of ours": ("ec2:ModifyVpcEndpoint", ENDPOINT, tagged("small")),
    "put it into a subnet that its owner has tagged": (
        "ec2:ModifyVpcEndpoint",
        SUBNET,
        tagged("network-team"),
    ),
    "use a key through a service": (
        "kms:Decrypt",
        KEY,
        {"kms:ViaService": f"lambda.{REGION}.amazonaws.com"},
    ),
    "call the function of a custom resource": (
        "lambda:InvokeFunction",
        f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:acme-small-network-defaults",
        HERE,
    ),
    "check CDK's version": (
        "ssm:GetParameters",
        f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/cdk-bootstrap/hnb659fds/version",
        HERE,
    ),
}

DENIED: dict[str, tuple[str, str, dict[str, str]]] = {
    "create a role on another path": ("iam:CreateRole", THEIRS, BOUNDED),
    "create a role without a boundary": ("iam:CreateRole", OURS, {}),
    "create a role with another boundary": ("iam:CreateRole", OURS, OTHERWISE_BOUNDED),
    "take a boundary away": ("iam:DeleteRolePermissionsBoundary", OURS, BOUNDED),
    "loosen a boundary": ("iam:PutRolePermissionsBoundary", OURS, OTHERWISE_BOUNDED),
    "change a role that has no boundary": ("iam:PutRolePolicy", OURS, {}),
    "make an administrator": (
        "iam:AttachRolePolicy",
        OURS,
        attach("arn:aws:iam::aws:policy/AdministratorAccess"),
    ),
    "attach a policy where no boundary is": (
        "iam:AttachRolePolicy",
        OURS,
        attach("arn:aws:iam::aws:policy/AmazonSageMakerFullAccess", {}),
    ),
    "rewrite the boundary": (
        "iam:CreatePolicyVersion",
        f"arn:aws:iam::{ACCOUNT}:policy/acme-small-boundary",
        {},
    ),
    "rewrite its own policies": (
        "iam:CreatePolicyVersion",
        f"arn:aws:iam::{ACCOUNT}:policy/acme-small-execution-1",
        {},
    ),
    "create a user": ("iam:CreateUser", f"arn:aws:iam::{ACCOUNT}:user/eve", {}),
    "hand a role to EC2": ("iam:PassRole", OURS, {"iam:PassedToService": "ec2.amazonaws.com"}),
    "hand on an administrator": (
        "iam:PassRole",
        f"{ROLE}/Admin",
        {"iam:PassedToService": "lambda.amazonaws.com"},
    ),
    "read data": ("s3:GetObject", f"arn:aws:s3:::acme-small-data-{ACCOUNT}-{REGION}/a", HERE),
    "change another bucket": ("s3:PutBucketPolicy", "arn:aws:s3:::payroll", HERE),
    "create a key without our tag": ("kms:CreateKey", "*", HERE),
    "create a key as another environment's": ("kms:CreateKey", "*", tagging("prod")),
    "write the policy of another environment's key": ("kms:PutKeyPolicy", KEY, tagged("prod")),
    "disable it": ("kms:DisableKey", KEY, tagged("prod")),
    "delete another environment's key": ("kms:ScheduleKeyDeletion", KEY, tagged("prod")),
    "claim it by its tag": ("kms:TagResource", KEY, tagging("small", before="prod")),
    "take its tag away": ("kms:UntagResource", KEY, tagged("prod", **{"aws:TagKeys": "environment"})),
    "give it a name of ours": ("kms:UpdateAlias", KEY, tagged("prod")),
    "use a name of another environment": (
        "kms:UpdateAlias",
        f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/acme-prod-data",
        HERE,
    ),
    "delete a key that nobody has tagged": ("kms:ScheduleKeyDeletion", KEY, HERE),
    "delete another environment's VPC": ("ec2:DeleteVpc", VPC, tagged("prod")),
    "delete a VPC that nobody has tagged": ("ec2:DeleteVpc", VPC, HERE),
    "change another environment's VPC": ("ec2:ModifyVpcAttribute", VPC, tagged("prod")),
    "claim it by its tag as well": ("ec2:CreateTags", VPC, tagging("small", before="prod")),
    "open another environment's security group": (
        "ec2:AuthorizeSecurityGroupIngress",
        GROUP,
        tagged("prod"),
    ),
    "take a rule off it": ("ec2:RevokeSecurityGroupIngress", GROUP, tagged("prod")),
    "change another environment's endpoint": ("ec2:ModifyVpcEndpoint", ENDPOINT, tagged("prod")),
    "delete another environment's domain": (
        "sagemaker:DeleteDomain",
        f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:domain/d-1",
        tagged("prod"),
    ),
    "decrypt by itself": ("kms:Decrypt", KEY, {}),
    "lend a key to anybody": ("kms:CreateGrant", KEY, {"kms:GrantIsForAWSResource": "false"}),
    "overwrite another function": (
        "lambda:UpdateFunctionCode",
        f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:payroll",
        HERE,
    ),
    "work in another region": (
        "kms:CreateKey",
        "*",
        {**tagging("small"), "aws:RequestedRegion": "us-east-1"},
    ),
    "delete somebody's file system": (
        "elasticfilesystem:DeleteFileSystem",
        f"arn:aws:elasticfilesystem:{REGION}:{ACCOUNT}:file-system/fs-1",
        HERE,
    ),
}


def request(case: tuple[str, str, dict[str, str]], documents: list[Policy]) -> Request:
    """What CloudFormation asks for in an environment."""
    action, resource, context = case
    return Request(
        CLOUDFORMATION,
        action,
        resource,
        ACCOUNT,
        context=context,
        identity_policies=documents,
        resource_policy=KEY_POLICY if resource == KEY else None,
    )


def execution(settings: Environment) -> list[Policy]:
    """The policies CloudFormation deploys an environment with."""
    return [policy for logical_id, policy in policies(settings).items() if logical_id != BOUNDARY]


@pytest.fixture(scope="module")
def decisions(environments: dict[str, Environment]) -> dict[str, Decision]:
    """Decisions on every case, by what is asked."""
    assert not ALLOWED.keys() & DENIED.keys()
    cases = {**ALLOWED, **DENIED}
    documents = execution(environments["small"])
    return dict(zip(cases, evaluate([request(case, documents) for case in cases.values()]), strict=True))


@pytest.mark.parametrize("case", ALLOWED)
def test_cloudformation_can(case: str, decisions: dict[str, Decision]) -> None:
    assert decisions[case].allowed, decisions[case].explanation


@pytest.mark.parametrize("case", DENIED)
def test_cloudformation_cannot(case: str, decisions: dict[str, Decision]) -> None:
    assert not decisions[case].allowed, decisions[case].explanation


TAG_LESS = {
    "AWS::EC2::Route",
    "AWS::EC2::SecurityGroupEgress",
    "AWS::EC2::SecurityGroupIngress",
    "AWS::EC2::SubnetRouteTableAssociation",
    "AWS::EC2::VPCGatewayAttachment",
    "AWS::KMS::Alias",
}
"""Parts of something that has tags, or, the alias, known by its name."""


def known_by_tag(templates: Any) -> Iterator[tuple[str, str, Any]]:
    """Environment, type and properties of every resource of a service whose permissions ask for the tag."""
    for (environment, _), template in templates.items():
        for resource in template["Resources"].values():
            if resource["Type"].split("::")[1].lower() in TAGGED_SERVICES:
                yield environment, resource["Type"], resource["Properties"]


def test_what_permissions_know_by_its_tag_carries_the_tag_of_its_environment(templates: Any) -> None:
    found = [(e, kind, properties.get("Tags", [])) for e, kind, properties in known_by_tag(templates)]
    wanted = [
        ({"Key": TAG, "Value": environment}, environment, kind, tags) for environment, kind, tags in found
    ]
    assert {kind for _, _, kind, tags in wanted if not tags} == TAG_LESS
    assert [(environment, kind) for tag, environment, kind, tags in wanted if tags and tag not in tags] == []


def test_in_a_network_of_somebody_else_nothing_is_created_that_asks_for_its_tags(templates: Any) -> None:
    theirs = re.compile(r'"(vpc|subnet|rtb|sg)-\w+"')
    created = {
        kind for _, kind, properties in known_by_tag(templates) if theirs.search(json.dumps(properties))
    }
    assert created == {"AWS::EC2::SecurityGroup", "AWS::EC2::VPCEndpoint"}
    assert {f"ec2:Create{kind.split('::')[2].replace('VPCE', 'VpcE')}" for kind in created} <= ANYWHERE


def test_every_permission_that_asks_for_a_tag_is_for_something_that_has_tags() -> None:
    data = ROOT / "node_modules" / "@cloud-copilot" / "iam-data" / "data"
    asking = 0
    for service in TAGGED_SERVICES:
        kinds = json.loads((data / "resourceTypes" / f"{service}.json").read_text(encoding="utf-8"))
        actions = json.loads((data / "actions" / f"{service}.json").read_text(encoding="utf-8"))
        for statement in deployment_statements(read_template()["Metadata"]["ResourceTypes"]):
            if statement.get("Sid") != f"{service.title()}Own":
                continue
            for name in statement["Action"]:
                judged = actions[name.partition(":")[2].lower()]["resourceTypes"]
                bare = {
                    kind["name"] for kind in judged if kind["required"] and not _has_tags(kinds, kind["name"])
                }
                beside = {scope.partition(":")[2].partition("/")[0] for scope in BESIDE.get(name, ())}
                assert bare <= beside, name
                asking += 1
    assert asking > 20


def _has_tags(kinds: Any, kind: str) -> bool:
    return "aws:ResourceTag/${TagKey}" in kinds[kind].get("conditionKeys", [])


def with_boundary(settings: Environment, named: str) -> Environment:
    """The environment with ``iam.permissions_boundary: <named>``."""
    iam = settings.iam.model_copy(update={"permissions_boundary": named})
    return settings.model_copy(update={"iam": iam}).among(settings.neighbours, settings.products)


def test_a_named_boundary_is_the_one_that_every_role_must_have(environments: dict[str, Environment]) -> None:
    documents = execution(with_boundary(environments["small"], "Corporate"))
    corporate = {"iam:PermissionsBoundary": f"arn:aws:iam::{ACCOUNT}:policy/Corporate"}
    asked = [request(("iam:CreateRole", OURS, context), documents) for context in (corporate, BOUNDED)]
    assert [decision.allowed for decision in evaluate(asked)] == [True, False]


def test_without_a_boundary_roles_are_created_on_our_path_only(environments: dict[str, Environment]) -> None:
    documents = policies(with_boundary(environments["small"], "none"))
    assert BOUNDARY not in documents
    asked = [request(("iam:CreateRole", role, {}), [*documents.values()]) for role in (OURS, THEIRS)]
    assert [decision.allowed for decision in evaluate(asked)] == [True, False]


def test_the_template_holds_the_boundary_of_every_environment(environments: dict[str, Environment]) -> None:
    for settings in environments.values():
        if settings.iam.permissions_boundary == "platform":
            assert policies(settings)[BOUNDARY] == boundary(settings)


def test_the_template_is_that_of_the_types_it_names() -> None:
    text = TEMPLATE.read_text(encoding="utf-8")
    assert text == rendered(read_template()["Metadata"]["ResourceTypes"]), "run make policies"


def test_every_policy_fits_with_the_longest_names() -> None:
    for named in ("platform", "none", LONGEST["Boundary"]):
        values = {**LONGEST, "Boundary": named, "OtherBuckets": ""}
        documents = resolved_policies(read_template(), LONGEST_NAMES, values)
        assert max(map(size, documents.values())) <= MAX_POLICY
        assert len(documents) <= MAX_POLICIES


def test_the_template_needs_no_bucket_to_be_deployed() -> None:
    assert TEMPLATE.stat().st_size <= TEMPLATE_BODY


def test_every_type_of_every_environment_is_covered(templates: Any, synthesized: Path) -> None:
    used = {r["Type"] for template in templates.values() for r in template["Resources"].values()}
    assert used - BUILT_IN <= {*read_template()["Metadata"]["ResourceTypes"]}
    assert not list(lacking(stacks(synthesized)))


def test_nothing_is_permitted_for_a_type_that_no_environment_uses(templates: Any, synthesized: Path) -> None:
    used = {r["Type"] for template in templates.values() for r in template["Resources"].values()}
    used |= {r["Type"] for stack in stacks(synthesized) for r in stack.template["Resources"].values()}
    assert {*read_template()["Metadata"]["ResourceTypes"]} <= used


def test_a_type_the_policies_lack_is_named_with_its_stack_and_the_command(tmp_path: Path) -> None:
    path = tmp_path / "x.template.json"
    path.write_text(json.dumps({"Resources": {"Q": {"Type": "AWS::Kinesis::Stream"}}}), encoding="utf-8")
    stack = SynthesizedStack("dev", "Studio", REGION, path)
    assert list(lacking([stack])) == [
        "dev/Studio: CloudFormation may not create AWS::Kinesis::Stream; "
        "make policies adds it to bootstrap/policies.yaml"
    ]


PLANT = """
import aws_cdk as cdk
import app
from stacks.network import NetworkStack

build = NetworkStack.__init__

def planted(self, scope, construct_id, *, settings):
    build(self, scope, construct_id, settings=settings)
    properties = {"Name": settings.names.name("planted")}
    cdk.CfnResource(self, "Planted", type="AWS::ResourceGroups::Group", properties=properties)

NetworkStack.__init__ = planted
app.main()
"""


@pytest.mark.thorough
def test_a_synthesis_with_a_type_the_policies_lack_is_refused(tmp_path: Path) -> None:
    (tmp_path / "environments").mkdir()
    shutil.copy(FIXTURES / "small.yaml", tmp_path / "environments")
    settings = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))
    app = {**settings, "app": f"{sys.executable} planted.py"}
    (tmp_path / "cdk.json").write_text(json.dumps(app), encoding="utf-8")
    (tmp_path / "planted.py").write_text(PLANT, encoding="utf-8")
    environment = {
        **os.environ,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "CDK_VALIDATION": "false",
    }
    words = [sys.executable, "-m", "tools.synth"]
    done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == (
        "small/Network: CloudFormation may not create AWS::ResourceGroups::Group; "
        "make policies adds it to bootstrap/policies.yaml\n\nsynth: refused, cdk.out is unchanged\n"
    )


def test_no_allow_spans_everything_without_a_condition() -> None:
    values = {**LONGEST, "OtherBuckets": ""}
    for document in resolved_policies(read_template(), LONGEST_NAMES, values).values():
        open_ones = [s for s in document["Statement"] if s["Effect"] == "Allow" and s["Resource"] == "*"]
        assert all("Condition" in statement for statement in open_ones)


def test_a_type_that_cloudformation_does_not_know_is_refused() -> None:
    with pytest.raises(KeyError, match="AWS::No::Such"):
        build_template(["AWS::No::Such"])


def test_environments_that_share_a_bootstrap_share_its_role(environments: dict[str, Environment]) -> None:
    small = environments["small"]
    other = small.model_copy(update={"name": "other"}).among(small.neighbours, small.products)
    apart = other.model_copy(
        update={"deployment": other.deployment.model_copy(update={"qualifier": "elsewhere"})}
    ).among(small.neighbours, small.products)
    assert together(small, [small, other, apart]) == [small, other]
    *stacks_first, cdk = bootstrap_commands(small, [small, other])
    assert [command[6] for command in stacks_first] == ["acme-small-bootstrap", "acme-other-bootstrap"]
    assert cdk[-1].split(",") == [*policy_arns(small), *policy_arns(other)]
    *_, cdk = bootstrap_commands(apart, [apart])
    assert cdk[3:7] == ["--qualifier", "elsewhere", "--toolkit-stack-name", "CDKToolkit-elsewhere"]


def test_more_policies_than_a_role_can_have_are_refused(environments: dict[str, Environment]) -> None:
    with pytest.raises(ValueError, match=r"policies, allowed: 10; give some of them a deployment\.qualifier"):
        bootstrap_commands(environments["small"], [environments["small"]] * 4)


def test_a_shell_reads_the_printed_command_as_it_is_run() -> None:
    command = ["aws", "cloudformation", "deploy", "--tags", "owner=the team", "cost=$1"]
    assert shlex.split(copyable(command).replace("\\\n", " ")) == command


def test_the_policies_of_another_partition_have_its_arns(environments: dict[str, Environment]) -> None:
    assert all(
        arn.startswith("arn:aws-cn:iam::333344445555:policy/") for arn in policy_arns(environments["china"])
    )
    assert '"arn:aws:' not in json.dumps(policies(environments["china"]))


RECORD = '#!/bin/sh\nprintf "%s " "$(basename "$0")" "$@" >>"$CALLS"\necho >>"$CALLS"\nexit ${FAILS:-0}\n'


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Environment variables of a machine whose `aws` and `cdk` only note how they were called."""
    for name in ("aws", "cdk"):
        program = tmp_path / name
        program.write_text(RECORD, encoding="utf-8")
        program.chmod(0o755)
    with answering(_Sts) as address:
        yield {
            "PATH": f"{tmp_path}:/usr/bin:/bin",
            "CALLS": str(tmp_path / "calls"),
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_ENDPOINT_URL_STS": address,
            "AWS_EC2_METADATA_DISABLED": "true",
            "HOME": str(tmp_path),
        }


class _Sts(BaseHTTPRequestHandler):
    """Says that every credential is one of the account of the fixture ``small``."""

    def do_POST(self) -> None:
        answer = f"<GetCallerIdentityResult><Account>{ACCOUNT}</Account></GetCallerIdentityResult>"
        body = f"<GetCallerIdentityResponse>{answer}</GetCallerIdentityResponse>".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing: the tests' output is for the tests."""


def run(machine: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """`make bootstrap` as the Makefile starts it."""
    command = [sys.executable, "-m", "tools.bootstrap", *arguments, "--folder", str(FIXTURES)]
    return subprocess.run(command, cwd=ROOT, env=machine, capture_output=True, text=True, check=False)


def test_the_commands_are_printed_and_not_run(machine: dict[str, str]) -> None:
    done = run({**machine, "AWS_ENDPOINT_URL_STS": "http://127.0.0.1:9"}, "small")
    assert (done.returncode, done.stderr) == (0, "")
    assert not Path(machine["CALLS"]).exists()
    (settings,) = read_environments(FIXTURES, only="small")
    for command in bootstrap_commands(settings, [settings]):
        assert copyable(command) in done.stdout
    assert done.stdout.endswith("To run them: make bootstrap ENV=small APPLY=1\n")


def test_when_asked_the_commands_are_run_in_order(machine: dict[str, str]) -> None:
    done = run(machine, "small", "--apply")
    assert done.returncode == 0, done.stderr
    first, second = Path(machine["CALLS"]).read_text(encoding="utf-8").splitlines()
    assert first.startswith("aws cloudformation deploy --region eu-west-1 --stack-name acme-small-bootstrap")
    assert (
        "Prefix=acme Environment=small IamPath=/ Boundary=platform Qualifier=hnb659fds OtherBuckets=" in first
    )
    assert second.startswith(f"cdk bootstrap aws://{ACCOUNT}/eu-west-1 --qualifier hnb659fds")


def test_a_command_that_fails_is_the_last_one(machine: dict[str, str]) -> None:
    done = run({**machine, "FAILS": "1"}, "small", "--apply")
    assert done.returncode == 1
    assert "command 1 failed" in done.stderr
    assert len(Path(machine["CALLS"]).read_text(encoding="utf-8").splitlines()) == 1


def test_credentials_of_another_account_run_nothing(machine: dict[str, str]) -> None:
    done = run(machine, "full", "--apply")
    assert done.returncode == 2
    assert done.stderr == ("bootstrap: full is account 222233334444, the credentials are of 111122223333\n")
    assert not Path(machine["CALLS"]).exists()


def test_an_environment_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert bootstrap.main(["nowhere", "--folder", str(FIXTURES)]) == 2
    assert capsys.readouterr().err == "bootstrap: no environment nowhere\n"
