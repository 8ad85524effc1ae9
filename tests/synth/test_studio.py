"""What the Studio stack promises, on variants of the fixture environments."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast, get_args

import aws_cdk as cdk
import pytest
import yaml
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from mlplatform.acknowledgements import accept_everywhere
from mlplatform.checks import install_checks
from mlplatform.instance_types import instance_types
from mlplatform.lifecycle_script import content_hash, imports, script
from mlplatform.regions import partition_of
from mlplatform.retention import keep_state, tag_costs
from mlplatform.settings import Environment, read_environments
from mlplatform.settings.studio import Application
from mlplatform.studio_domain import UNKNOWN_FAMILIES
from stacks.studio import StudioStack
from tools import findings
from tools.platform_app import empty_app

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "tests" / "fixtures" / "environments"
USERS = {"ana": "data_scientist", "bo": "ml_engineer", "chi": "studio_admin", "dee": "approver"}
IMAGE = f"444455556666.dkr.ecr.eu-west-1.amazonaws.com/studio@sha256:{'0' * 64}"
FULL = {
    "users": USERS,
    "home_efs": True,
    "docker_trusted_accounts": ["444455556666"],
    "shared_spaces": {"team": "ana"},
    "custom_image": IMAGE,
    "idle_timeout_minutes": 90,
}

Template = Mapping[str, Any]
Synthesize = Callable[..., Template]


def variant(folder: Path, studio: Mapping[str, Any], **others: Any) -> Environment:
    """The smallest fixture environment with other settings."""
    settings = yaml.safe_load((FIXTURES / "small.yaml").read_text(encoding="utf-8"))
    settings |= {"studio": dict(studio), **others}
    folder.mkdir(exist_ok=True)
    (folder / "small.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    return read_environments(folder)[0]


def build(settings: Environment, outdir: Path) -> cdk.App:
    """An app of one environment that has a Studio stack only."""
    app = empty_app(outdir)
    place = cdk.Environment(account=settings.account, region=settings.region)
    stage = cdk.Stage(app, settings.name, env=place)
    StudioStack(stage, "Studio", settings=settings)
    keep_state(stage, settings)
    tag_costs(stage, settings)
    return app


def checked(app: cdk.App) -> None:
    """Synthesize ``app`` with every check."""
    install_checks(app, partition_of)
    rule = "NIST.800.53.R5::NIST.800.53.R5-IAMNoInlinePolicy"
    accept_everywhere(app, rule, because="as in app.py, which this test does not run")
    app.synth()


def of_type(template: Template, kind: str) -> dict[str, Any]:
    """Properties of the resources of one type by logical id."""
    return {n: r.get("Properties", {}) for n, r in template["Resources"].items() if r["Type"] == kind}


@pytest.fixture
def synthesize(tmp_path: Path) -> Synthesize:
    """The template of the Studio stack of a variant of the smallest fixture environment."""
    count = iter(range(100))

    def template(studio: Mapping[str, Any] | None = None, **others: Any) -> Template:
        folder = tmp_path / str(next(count))
        folder.mkdir()
        app = build(variant(folder / "environments", studio or {"users": USERS}, **others), folder / "out")
        stack = app.synth().get_nested_assembly("assembly-small").stacks[0]
        return cast(Template, json.loads((Path(stack.template_full_path)).read_text(encoding="utf-8")))

    return template


def only(template: Template, kind: str) -> dict[str, Any]:
    """Properties of the one resource of a type."""
    (properties,) = of_type(template, kind).values()
    return cast(dict[str, Any], properties)


def changed(before: Template, after: Template) -> set[str]:
    """Logical ids of the resources that differ."""
    ids = set(before["Resources"]) | set(after["Resources"])
    return {n for n in ids if before["Resources"].get(n) != after["Resources"].get(n)}


def roles(template: Template) -> dict[str, dict[str, Any]]:
    """Properties of the roles by name."""
    return {r["RoleName"]: r for r in of_type(template, "AWS::IAM::Role").values() if "RoleName" in r}


def reference(template: Template, kind: str, **properties: Any) -> str:
    """Logical id of the one resource of a type that has these properties."""
    found = [n for n, p in of_type(template, kind).items() if p.items() >= properties.items()]
    assert len(found) == 1, found
    return found[0]


# --- the domain ------------------------------------------------------------------------------------------


def test_the_domain_is_private_encrypted_and_knows_who_acts(synthesize: Synthesize) -> None:
    domain = only(synthesize(), "AWS::SageMaker::Domain")
    assert domain["DomainName"] == "acme-small-studio"
    assert domain["AuthMode"] == "IAM"
    assert domain["AppNetworkAccessType"] == "VpcOnly"
    assert domain["VpcId"] == {"Fn::ImportValue": "acme-small-network:VpcId"}
    assert domain["SubnetIds"] == [
        {"Fn::ImportValue": f"acme-small-network:SubnetId{number}"} for number in (1, 2)
    ]
    assert domain["KmsKeyId"] == {"Fn::ImportValue": "acme-small-foundation:DataKeyArn"}
    assert domain["TagPropagation"] == "ENABLED"
    assert domain["HomeEfsFileSystemCreation"] == "Disabled"
    assert domain["DomainSettings"] == {
        "ExecutionRoleIdentityConfig": "USER_PROFILE_NAME",
        "DockerSettings": {"EnableDockerAccess": "DISABLED"},
    }


def test_the_id_of_the_domain_is_there_for_people_and_not_for_other_stacks(synthesize: Synthesize) -> None:
    template = synthesize()
    (domain,) = of_type(template, "AWS::SageMaker::Domain")
    output = template["Outputs"]["DomainId"]
    assert output["Value"] == {"Fn::GetAtt": [domain, "DomainId"]}
    assert "Export" not in output


def test_whoever_has_no_settings_of_their_own_gets_the_least(synthesize: Synthesize) -> None:
    template = synthesize()
    least = reference(template, "AWS::IAM::Role", RoleName="acme-small-data-scientist")
    domain = only(template, "AWS::SageMaker::Domain")
    for settings in (domain["DefaultUserSettings"], domain["DefaultSpaceSettings"]):
        assert settings["ExecutionRole"] == {"Fn::GetAtt": [least, "Arn"]}
        assert len(settings["SecurityGroups"]) == 1
    assert domain["DefaultUserSettings"]["SharingSettings"] == {"NotebookOutputOption": "Disabled"}
    assert domain["DefaultUserSettings"]["AutoMountHomeEFS"] == "Disabled"


def test_idle_applications_stop_and_nobody_can_wait_longer(synthesize: Synthesize) -> None:
    domain = only(synthesize({"idle_timeout_minutes": 90}), "AWS::SageMaker::Domain")
    private, shared = domain["DefaultUserSettings"], domain["DefaultSpaceSettings"]
    for application in (
        private["JupyterLabAppSettings"],
        private["CodeEditorAppSettings"],
        shared["JupyterLabAppSettings"],
    ):
        assert application["AppLifecycleManagement"]["IdleSettings"] == {
            "LifecycleManagement": "ENABLED",
            "IdleTimeoutInMinutes": 90,
            "MinIdleTimeoutInMinutes": 60,
            "MaxIdleTimeoutInMinutes": 90,
        }


def test_only_what_people_may_start_is_offered(synthesize: Synthesize) -> None:
    studio = {"instance_types": ["ml.t3.large"], "hidden_applications": ["Canvas"]}
    domain = only(synthesize(studio), "AWS::SageMaker::Domain")
    portal = domain["DefaultUserSettings"]["StudioWebPortalSettings"]
    shown = set(instance_types("app")) - set(portal["HiddenInstanceTypes"])
    assert {name for name in shown if not name.startswith(UNKNOWN_FAMILIES)} == {"ml.t3.large"}
    assert portal["HiddenAppTypes"] == ["Canvas"]


def domain_enum(name: str) -> list[str]:
    """What CloudFormation's schema of a domain allows in one of the lists of what is hidden."""
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", "AWS::SageMaker::Domain").schema
    definitions = schema["definitions"]
    items = definitions["StudioWebPortalSettings"]["properties"][name]["items"]
    return cast(
        list[str], (definitions[items["$ref"].rpartition("/")[2]] if "$ref" in items else items)["enum"]
    )


def test_what_cloudformation_does_not_know_is_still_unknown_to_it() -> None:
    assert set(get_args(Application)) == set(domain_enum("HiddenAppTypes"))
    unknown = set(instance_types("app")) - set(domain_enum("HiddenInstanceTypes"))
    assert unknown
    assert all(name.startswith(UNKNOWN_FAMILIES) for name in unknown)
    known = set(domain_enum("HiddenInstanceTypes"))
    assert not [name for name in known if name.startswith(UNKNOWN_FAMILIES)]


def test_volumes_and_docker_are_as_the_settings_say(synthesize: Synthesize) -> None:
    studio = {
        "default_volume_gib": 7,
        "maximum_volume_gib": 9,
        "docker_trusted_accounts": ["444455556666"],
    }
    domain = only(synthesize(studio), "AWS::SageMaker::Domain")
    storage = {"DefaultEbsVolumeSizeInGb": 7, "MaximumEbsVolumeSizeInGb": 9}
    for settings in (domain["DefaultUserSettings"], domain["DefaultSpaceSettings"]):
        assert settings["SpaceStorageSettings"] == {"DefaultEbsStorageSettings": storage}
    assert domain["DomainSettings"]["DockerSettings"] == {
        "EnableDockerAccess": "ENABLED",
        "VpcOnlyTrustedAccounts": ["444455556666"],
    }


def test_a_custom_image_is_offered_by_digest_and_belongs_to_a_role_of_its_own(
    synthesize: Synthesize,
) -> None:
    template = synthesize({"custom_image": IMAGE})
    assert only(template, "AWS::SageMaker::ImageVersion")["BaseImage"] == IMAGE
    role = reference(template, "AWS::IAM::Role", RoleName="acme-small-studio-image")
    assert only(template, "AWS::SageMaker::Image")["ImageRoleArn"] == {"Fn::GetAtt": [role, "Arn"]}
    domain = only(template, "AWS::SageMaker::Domain")
    (offered,) = domain["DefaultUserSettings"]["JupyterLabAppSettings"]["CustomImages"]
    assert offered["ImageName"] == "acme-small-studio-image"
    version = reference(template, "AWS::SageMaker::ImageVersion", ImageName="acme-small-studio-image")
    assert offered["ImageVersionNumber"] == {"Fn::GetAtt": [version, "Version"]}
    for kind in ("Image", "AppImageConfig"):
        assert {"Key": "owner", "Value": "ml-platform"} in only(template, f"AWS::SageMaker::{kind}")["Tags"]
    assert not of_type(synthesize(), "AWS::SageMaker::Image")


# --- what applications run before they start -------------------------------------------------------------


def test_both_applications_run_the_script_of_the_settings_and_people_cannot_leave_it_out(
    synthesize: Synthesize, environments: Mapping[str, Environment]
) -> None:
    template = synthesize({})
    configurations = of_type(template, "AWS::SageMaker::StudioLifecycleConfig")
    domain = only(template, "AWS::SageMaker::Domain")["DefaultUserSettings"]
    digest = content_hash(environments["small"])
    for name, properties in configurations.items():
        application = properties["StudioLifecycleConfigAppType"]
        arn = {"Fn::GetAtt": [name, "StudioLifecycleConfigArn"]}
        assert domain[f"{application}AppSettings"]["BuiltInLifecycleConfigArn"] == arn
        full_name = f"acme-small-studio-{application.lower()}-{digest}"
        assert properties["StudioLifecycleConfigName"] == full_name
        text, values = properties["StudioLifecycleConfigContent"]["Fn::Base64"]["Fn::Sub"]
        assert text == script(environments["small"])
        assert set(values) == set(imports(environments["small"]))
        assert "Tags" not in properties
    assert len(configurations) == 2


def test_a_script_with_another_content_has_another_name_and_another_logical_id_is_not_needed(
    synthesize: Synthesize,
) -> None:
    before, after = synthesize({}), synthesize({"job_instance_types": ["ml.m5.large"]})
    kind = "AWS::SageMaker::StudioLifecycleConfig"
    names = [{p["StudioLifecycleConfigName"] for p in of_type(t, kind).values()} for t in (before, after)]
    assert not names[0] & names[1]
    assert of_type(before, kind).keys() == of_type(after, kind).keys()


# --- people ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("persona", "kinds"),
    [
        ("data_scientist", ["AWS::SageMaker::UserProfile"]),
        ("ml_engineer", ["AWS::SageMaker::UserProfile"]),
        ("studio_admin", ["AWS::IAM::Role"]),
        ("approver", ["AWS::IAM::Role"]),
    ],
)
def test_adding_a_user_changes_that_users_resources_only_and_removing_one_plans_nothing_else(
    synthesize: Synthesize, persona: str, kinds: list[str]
) -> None:
    before = synthesize({"users": USERS})
    after = synthesize({"users": {"a-new-one": persona, **USERS}})
    new = changed(before, after)
    assert new == set(after["Resources"]) - set(before["Resources"])
    assert [after["Resources"][name]["Type"] for name in new] == kinds
    assert before.get("Outputs") == after.get("Outputs")


def test_a_person_works_with_the_role_and_group_of_their_persona(synthesize: Synthesize) -> None:
    template = synthesize()
    profiles = {p["UserProfileName"]: p for p in of_type(template, "AWS::SageMaker::UserProfile").values()}
    assert profiles.keys() == {"ana", "bo"}
    groups = {}
    for person, persona in (("ana", "data-scientist"), ("bo", "ml-engineer")):
        role = reference(template, "AWS::IAM::Role", RoleName=f"acme-small-{persona}")
        settings = profiles[person]["UserSettings"]
        assert settings["ExecutionRole"] == {"Fn::GetAtt": [role, "Arn"]}
        (groups[person],) = settings["SecurityGroups"]
        assert "SingleSignOnUserIdentifier" not in profiles[person]
    assert groups["ana"] != groups["bo"]


def test_with_identity_center_people_are_who_they_are_there(synthesize: Synthesize) -> None:
    arn = "arn:aws:sso:::instance/ssoins-0123456789abcdef"
    users = {"ana": {"persona": "data_scientist", "sso_user": "ana@example.com"}, "bo": "ml_engineer"}
    template = synthesize({"auth_mode": "sso", "identity_center_instance_arn": arn, "users": users})
    assert only(template, "AWS::SageMaker::Domain")["AuthMode"] == "SSO"
    profiles = of_type(template, "AWS::SageMaker::UserProfile").values()
    known = {p["UserProfileName"]: p["SingleSignOnUserValue"] for p in profiles}
    assert known == {"ana": "ana@example.com", "bo": "bo"}
    assert {p["SingleSignOnUserIdentifier"] for p in profiles} == {"UserName"}
    assert "acme-small-sign-in" not in roles(template)


def test_a_shared_space_comes_after_its_owner_and_goes_before(synthesize: Synthesize) -> None:
    template = synthesize({"users": USERS, "shared_spaces": {"team": "ana"}})
    space = only(template, "AWS::SageMaker::Space")
    assert space["SpaceName"] == "team"
    assert space["OwnershipSettings"] == {"OwnerUserProfileName": "ana"}
    assert space["SpaceSharingSettings"] == {"SharingType": "Shared"}
    owner = reference(template, "AWS::SageMaker::UserProfile", UserProfileName="ana")
    (resource,) = [r for r in template["Resources"].values() if r["Type"] == "AWS::SageMaker::Space"]
    assert resource["DependsOn"] == [owner]


# --- roles -----------------------------------------------------------------------------------------------


def test_every_role_is_named_described_bounded_and_trusted_by_whom_it_is_for(
    synthesize: Synthesize,
) -> None:
    template = synthesize({"users": USERS, "custom_image": IMAGE})
    trusted = {
        "acme-small-data-scientist": ("persona", "sagemaker.amazonaws.com"),
        "acme-small-ml-engineer": ("persona", "sagemaker.amazonaws.com"),
        "acme-small-studio-admin-chi": ("persona", "arn:aws:iam::111122223333:root"),
        "acme-small-approver-dee": ("persona", "arn:aws:iam::111122223333:root"),
        "acme-small-sign-in": ("persona", "arn:aws:iam::111122223333:root"),
        "acme-small-studio-job": ("studio", "sagemaker.amazonaws.com"),
        "acme-small-reward-function": ("model-customization", "lambda.amazonaws.com"),
        "acme-small-bedrock-import": ("model-customization", "bedrock.amazonaws.com"),
        "acme-small-mlflow": ("service", "sagemaker.amazonaws.com"),
        "acme-small-studio-image": ("service", "sagemaker.amazonaws.com"),
    }
    found = {}
    for name, role in roles(template).items():
        (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
        (principal,) = statement["Principal"].values()
        found[name] = (role["Path"].split("/")[-2], principal)
        assert role["Description"]
        assert role["PermissionsBoundary"] == "arn:aws:iam::111122223333:policy/acme-small-boundary"
        assert statement["Condition"]
    assert found == trusted


def test_the_import_of_a_model_is_bedrocks_for_this_account_only(synthesize: Synthesize) -> None:
    role = roles(synthesize())["acme-small-bedrock-import"]
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Condition"] == {
        "StringEquals": {"aws:SourceAccount": "111122223333"},
        "ArnLike": {"aws:SourceArn": "arn:aws:bedrock:eu-west-1:111122223333:model-import-job/*"},
    }


def test_customization_decides_which_roles_and_policies_there_are(synthesize: Synthesize) -> None:
    def policies(mode: str) -> tuple[set[str], list[str]]:
        template = synthesize({}, customization={"permissions": mode})
        found = roles(template)
        published = found["acme-small-ml-engineer"]["ManagedPolicyArns"]
        names = {name for name in found if name.endswith(("reward-function", "bedrock-import"))}
        return names, [arn for arn in published if isinstance(arn, str)]

    customizing = {"acme-small-reward-function", "acme-small-bedrock-import"}
    assert policies("tight") == (customizing, [])
    assert policies("off") == (set(), [])
    names, published = policies("compat")
    assert names == customizing
    assert "arn:aws:iam::aws:policy/AmazonSageMakerFullAccess" in published


@pytest.mark.parametrize("mode", ["tight", "compat", "off"])
def test_policies_are_as_short_as_iam_asks(synthesize: Synthesize, mode: str) -> None:
    template = synthesize({"users": USERS, "mlflow": "server"}, customization={"permissions": mode})

    def length(document: Any) -> int:
        return len(json.dumps(document, separators=(",", ":")))

    for name, role in roles(template).items():
        assert sum(length(policy["PolicyDocument"]) for policy in role["Policies"]) <= 10_240, name
        assert len(role.get("ManagedPolicyArns", [])) <= 10, name
    for name, policy in of_type(template, "AWS::IAM::ManagedPolicy").items():
        assert length(policy["PolicyDocument"]) <= 6_144, name


# --- the network -----------------------------------------------------------------------------------------


def test_people_reach_what_jobs_reach_and_their_own_groups_ports_only(synthesize: Synthesize) -> None:
    template = synthesize({"home_efs": True})
    groups = of_type(template, "AWS::EC2::SecurityGroup")
    assert len(groups) == 2
    for group in groups.values():
        ways = [
            set(rule) & {"CidrIp", "DestinationPrefixListId", "DestinationSecurityGroupId"}
            for rule in group["SecurityGroupEgress"]
        ]
        assert [way for (way,) in ways] == ["DestinationSecurityGroupId", *["DestinationPrefixListId"] * 2]
        assert {rule["FromPort"] for rule in group["SecurityGroupEgress"]} == {443}
    imported = {"Fn::ImportValue": "acme-small-network:EndpointSecurityGroupId"}
    admitted = []
    for rule in of_type(template, "AWS::EC2::SecurityGroupIngress").values():
        if rule["GroupId"] == imported:
            admitted.append(rule["SourceSecurityGroupId"]["Fn::GetAtt"][0])
            assert (rule["FromPort"], rule["ToPort"]) == (443, 443)
        else:
            assert rule["GroupId"] == rule["SourceSecurityGroupId"]
            assert (rule["FromPort"], rule["ToPort"]) in [(8192, 65535), (2049, 2049)]
    assert sorted(admitted) == sorted(groups)
    for rule in of_type(template, "AWS::EC2::SecurityGroupEgress").values():
        assert rule["GroupId"] == rule["DestinationSecurityGroupId"]
    assert "0.0.0.0/0" not in json.dumps(template)


def test_declared_networks_are_reached_from_studio_as_well(synthesize: Synthesize) -> None:
    zones = {"availability_zones": ["euw1-az1", "euw1-az2"]}
    template = synthesize({}, network={**zones, "outbound_cidrs": ["198.51.100.0/24"]})
    for group in of_type(template, "AWS::EC2::SecurityGroup").values():
        cidrs = [rule["CidrIp"] for rule in group["SecurityGroupEgress"] if "CidrIp" in rule]
        assert cidrs == ["198.51.100.0/24"]


def test_endpoints_of_somebody_else_are_not_changed(tmp_path: Path) -> None:
    settings = next(s for s in read_environments(FIXTURES) if s.name == "given")
    app = build(settings, tmp_path)
    stack = app.synth().get_nested_assembly("assembly-given").stacks[0]
    template = json.loads(Path(stack.template_full_path).read_text(encoding="utf-8"))
    for rule in of_type(template, "AWS::EC2::SecurityGroupIngress").values():
        assert rule["GroupId"] == rule["SourceSecurityGroupId"]


# --- homes and tracking ----------------------------------------------------------------------------------


def test_what_the_domain_leaves_is_removed_after_it_and_marked_before(synthesize: Synthesize) -> None:
    template = synthesize({"home_efs": True})
    (domain,) = of_type(template, "AWS::SageMaker::Domain")
    (sweep,) = of_type(template, "Custom::StudioHomesSweep")
    mark = only(template, "Custom::StudioHomesMark")
    assert sweep in template["Resources"][domain]["DependsOn"]
    assert mark["FileSystemId"] == {"Fn::GetAtt": [domain, "HomeEfsFileSystemId"]}
    assert mark["Mark"] == template["Resources"][sweep]["Properties"]["Mark"] == "acme-small-studio"
    assert template["Resources"][sweep]["Properties"]["KeepFiles"] == "false"
    assert template["Resources"][domain]["Properties"]["HomeEfsFileSystemCreation"] == "Enabled"
    kept = synthesize({"home_efs": True}, removal="retain")
    assert only(kept, "Custom::StudioHomesSweep")["KeepFiles"] == "true"
    assert not of_type(synthesize(), "Custom::StudioHomesSweep")


def test_experiments_are_tracked_in_the_product_of_the_settings(synthesize: Synthesize) -> None:
    store = "s3://acme-small-artifacts-111122223333-eu-west-1/mlflow"
    template = synthesize({"mlflow": "app"})
    role = {"Fn::GetAtt": [reference(template, "AWS::IAM::Role", RoleName="acme-small-mlflow"), "Arn"]}
    app = only(template, "AWS::SageMaker::MlflowApp")
    assert (app["Name"], app["RoleArn"], app["ArtifactStoreUri"]) == ("acme-small-mlflow", role, store)
    template = synthesize({"mlflow": "server", "mlflow_server_size": "Medium"})
    server = only(template, "AWS::SageMaker::MlflowTrackingServer")
    assert (server["TrackingServerName"], server["TrackingServerSize"]) == ("acme-small-mlflow", "Medium")
    assert server["ArtifactStoreUri"] == store
    template = synthesize({"mlflow": "none"})
    assert "acme-small-mlflow" not in json.dumps(template)


# --- the checks ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["tight", "compat", "off"])
def test_everything_at_once_passes_every_check(tmp_path: Path, mode: str) -> None:
    network = {"availability_zones": ["euw1-az1", "euw1-az2"], "package_index": "codeartifact"}
    settings = variant(tmp_path, FULL, network=network, customization={"permissions": mode})
    checked(build(settings, tmp_path / "out"))
    assert findings.read(tmp_path / "out").problems == []
