"""The rules that fail a review: each with a change that fires it and a similar one that does not."""

import copy
import json
from fnmatch import fnmatchcase
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tools.policy_statements import covers
from tools.stateful_types import KNOWN_BY_NAME, STATEFUL, create_only, stateful_types
from tools.template_review import replacements, review
from tools.templates import Finding

Json = Any
PATIENT = settings(deadline=None)  # the first example loads the resource schemas
GET, PUT = "s3:GetObject", "s3:PutObject"
DATA, OTHER = "arn:aws:s3:::data/*", "arn:aws:s3:::other/*"


def resource(kind: str, properties: Json | None = None, **attributes: Json) -> Json:
    return {"Type": kind, "Properties": properties or {}, **attributes}


def found(base: Json, new: Json) -> list[Finding]:
    """Review two templates given by their resources, or by their sections if they have ``Resources``."""
    before, after = (each if "Resources" in each else {"Resources": each} for each in (base, new))
    return review(before, after, create_only=create_only, stateful=stateful_types())


def kinds(base: Json, new: Json) -> set[str]:
    return {finding.kind for finding in found(base, new)}


# --- data ------------------------------------------------------------------------------------------------

BUCKET = resource(
    "AWS::S3::Bucket", {"BucketName": "data"}, DeletionPolicy="Retain", UpdateReplacePolicy="Retain"
)
STATE_OF_DOMAIN = {"DomainName": "d", "AuthMode": "IAM", "VpcId": "vpc-1", "SubnetIds": ["a"]}


def with_property(of: Json, name: str, value: Json) -> Json:
    return {**of, "Properties": {**of["Properties"], name: value}}


@pytest.mark.parametrize("kind", sorted(STATEFUL))
def test_deleting_a_stateful_resource_fails(kind: str) -> None:
    assert [f.kind for f in found({"Thing": resource(kind, {"Tags": []})}, {}) if f.kind == "loss"] == [
        "loss"
    ]


@pytest.mark.parametrize("kind", sorted(STATEFUL))
def test_every_stateful_type_is_one_whose_create_only_properties_are_known(kind: str) -> None:
    assert create_only(kind) or kind in ("AWS::KMS::Key", "AWS::Cognito::UserPool")


def test_deleting_what_holds_nothing_passes() -> None:
    assert found({"Alarm": resource("AWS::CloudWatch::Alarm")}, {}) == []


def test_deletion_fails_although_the_resource_is_retained_and_says_what_stays() -> None:
    [finding] = found({"Data": BUCKET}, {})
    assert finding.what.startswith("deleted (DeletionPolicy Retain: the old one stays behind, unmanaged)")


def test_a_moved_logical_id_is_a_deletion_and_names_the_newcomer() -> None:
    [finding] = found({"Data": BUCKET}, {"Moved": BUCKET})
    assert finding.logical_id == "Data"
    assert "deleted" in finding.what
    assert "a new Moved of the same type" in finding.what
    beside = {"Old": resource("AWS::S3::Bucket")}
    [finding] = found({"Data": BUCKET, **beside}, {**beside, "Alarm": resource("AWS::CloudWatch::Alarm")})
    assert "of the same type" not in finding.what


@pytest.mark.parametrize(
    ("kind", "base", "new"),
    [
        ("AWS::S3::Bucket", {"BucketName": "a"}, {"BucketName": "b"}),
        ("AWS::S3::Bucket", {}, {"BucketName": "a"}),
        (
            "AWS::DynamoDB::Table",
            {"KeySchema": [{"AttributeName": "a"}]},
            {"KeySchema": [{"AttributeName": "b"}]},
        ),
        (
            "AWS::SageMaker::Domain",
            STATE_OF_DOMAIN,
            {**STATE_OF_DOMAIN, "VpcId": {"Fn::ImportValue": "net:VpcId"}},
        ),
        ("AWS::SageMaker::ModelPackageGroup", {"ModelPackageGroupDescription": "a"}, {}),
        (
            "AWS::SageMaker::FeatureGroup",
            {"OnlineStoreConfig": {"EnableOnlineStore": True, "TtlDuration": {"Value": 1}}},
            {"OnlineStoreConfig": {"EnableOnlineStore": False, "TtlDuration": {"Value": 1}}},
        ),
        (
            "AWS::SageMaker::FeatureGroup",
            {
                "OnlineStoreConfig": {
                    "Fn::If": ["Online", {"EnableOnlineStore": True}, {"Ref": "AWS::NoValue"}]
                }
            },
            {
                "OnlineStoreConfig": {
                    "Fn::If": ["Online", {"Ref": "AWS::NoValue"}, {"EnableOnlineStore": True}]
                }
            },
        ),
    ],
)
def test_changing_a_create_only_property_of_a_stateful_resource_fails(
    kind: str, base: Json, new: Json
) -> None:
    [finding] = found({"Thing": resource(kind, base)}, {"Thing": resource(kind, new)})
    assert finding.kind == "loss"
    assert "cannot change in place" in finding.what


@pytest.mark.parametrize(
    ("kind", "base", "new"),
    [
        ("AWS::S3::Bucket", {"VersioningConfiguration": {"Status": "Enabled"}}, {}),
        ("AWS::S3::Bucket", {}, {"BucketName": {"Ref": "AWS::NoValue"}}),
        ("AWS::SageMaker::Domain", STATE_OF_DOMAIN, {**STATE_OF_DOMAIN, "SubnetIds": ["a", "b"]}),
        (
            "AWS::SageMaker::FeatureGroup",
            {"OnlineStoreConfig": {"EnableOnlineStore": True, "TtlDuration": {"Value": 1}}},
            {"OnlineStoreConfig": {"EnableOnlineStore": True, "TtlDuration": {"Value": 2}}},
        ),
    ],
)
def test_changing_what_can_change_in_place_passes(kind: str, base: Json, new: Json) -> None:
    assert found({"Thing": resource(kind, base)}, {"Thing": resource(kind, new)}) == []


def test_a_create_only_property_below_a_list_counts_and_its_neighbours_do_not() -> None:
    def only(kind: str) -> list[str]:
        return ["/properties/Stages/*/Name"] if kind == "AWS::Test::Thing" else []

    def differs(base: Json, new: Json) -> bool:
        templates = [{"Resources": {"T": resource("AWS::Test::Thing", {"Stages": p})}} for p in (base, new)]
        return bool(replacements(*templates, only))

    assert differs([{"Name": "a"}, {"Name": "b"}], [{"Name": "a"}, {"Name": "c"}])
    assert differs([{"Name": "a"}], {"Fn::If": ["Some", [{"Name": "a"}], []]})
    assert not differs([{"Name": "a", "Size": 1}], [{"Name": "a", "Size": 2}])
    assert not differs([{"Name": "a"}], [{"Name": "a"}, {"Size": 2}])
    assert not differs(None, [{"Size": 2}])
    assert differs({"one": {"Name": "a"}}, {"two": {"Name": "a"}})


def test_a_changed_type_under_the_same_logical_id_fails() -> None:
    [finding] = found({"Thing": BUCKET}, {"Thing": {**BUCKET, "Type": "AWS::CloudWatch::Alarm"}})
    assert "the type becomes AWS::CloudWatch::Alarm" in finding.what


@pytest.mark.parametrize(
    "reference",
    [
        {"Ref": "Vpc"},
        {"Fn::GetAtt": ["Vpc", "VpcId"]},
        {"Fn::GetAtt": "Vpc.VpcId"},
        {"Fn::Sub": "${Vpc}"},
        {"Fn::Sub": ["${Vpc.VpcId}${x}", {"x": ""}]},
        {"Fn::Sub": ["${x}", {"x": {"Ref": "Vpc"}}]},
        {"Fn::If": ["On", {"Ref": "Vpc"}, "vpc-1"]},
        {"Fn::Join": ["", ["", {"Ref": "Vpc"}]]},
    ],
)
def test_a_stateful_resource_is_replaced_with_the_resource_it_cannot_leave(reference: Json) -> None:
    domain = resource("AWS::SageMaker::Domain", {**STATE_OF_DOMAIN, "VpcId": reference})

    def vpc(**properties: str) -> Json:
        return {"Vpc": resource("AWS::EC2::VPC", properties), "Domain": domain}

    findings = found(vpc(CidrBlock="10.0.0.0/16"), vpc(CidrBlock="10.1.0.0/16"))
    [finding] = [one for one in findings if one.logical_id == "Domain"]
    assert "refers to Vpc, which changes" in finding.what
    base = vpc(CidrBlock="10.0.0.0/16")
    assert found(base, vpc(CidrBlock="10.0.0.0/16", EnableDnsSupport="true")) == []


def test_a_changed_mapping_changes_what_is_looked_up_in_it() -> None:
    bucket = with_property(BUCKET, "BucketName", {"Fn::FindInMap": ["Names", "eu-west-1", "Data"]})

    def template(name: str, other: str) -> Json:
        mappings = {"Names": {"eu-west-1": {"Data": name}}, "Other": {"a": {"b": other}}}
        return {"Mappings": mappings, "Resources": {"Data": bucket}}

    assert kinds(template("a", "x"), template("b", "x")) == {"loss"}
    assert kinds(template("a", "x"), template("a", "y")) == set()


@pytest.mark.parametrize("attribute", ["DeletionPolicy", "UpdateReplacePolicy"])
def test_retaining_a_stateful_resource_less_fails(attribute: str) -> None:
    unset = {key: value for key, value in BUCKET.items() if key != attribute}
    for weaker in (unset, {**BUCKET, attribute: "Delete"}, {**BUCKET, attribute: {"Ref": "Policy"}}):
        [finding] = found({"Data": BUCKET}, {"Data": weaker})
        assert finding.what.startswith(f"{attribute} Retain becomes")
        assert found({"Data": weaker}, {"Data": BUCKET}) == []


def test_retain_except_on_create_keeps_as_much_as_retain() -> None:
    other = {**BUCKET, "DeletionPolicy": "RetainExceptOnCreate"}
    assert found({"Data": BUCKET}, {"Data": other}) == found({"Data": other}, {"Data": BUCKET}) == []


def test_making_a_stateful_resource_depend_on_another_condition_fails() -> None:
    def template(definition: Json, **attributes: str) -> Json:
        return {
            "Conditions": {"On": {"Condition": "A"}, "A": definition},
            "Resources": {"Data": {**BUCKET, **attributes}},
        }

    always, never = {"Fn::Equals": ["a", "a"]}, {"Fn::Equals": ["a", "b"]}
    assert kinds(template(always), template(always, Condition="On")) == {"loss"}
    assert kinds(template(always, Condition="On"), template(never, Condition="On")) == {"loss"}
    assert kinds(template(always, Condition="On"), template(always, Condition="A")) == set()
    assert kinds(template(always, Condition="On"), template(always)) == set()
    both = {"Fn::And": [{"Condition": "B"}, always]}
    base, new = template(both, Condition="On"), template(both, Condition="On")
    base["Conditions"]["B"], new["Conditions"]["B"] = always, never
    assert kinds(base, new) == {"loss"}


SAGEMAKER_CREATE_ONLY = {
    "Domain": "AuthMode DomainName HomeEfsFileSystemCreation KmsKeyId VpcId",
    "EndpointConfig": "EndpointConfigName KmsKeyId ProductionVariants",
    "Hub": "HubName S3StorageConfig",
    "Image": "ImageName",
    "ImageVersion": "BaseImage ImageName",
    "MlflowApp": "Name RoleArn",
    "MlflowTrackingServer": "RoleArn TrackingServerName",
    "Model": "Containers ExecutionRoleArn ModelName PrimaryContainer VpcConfig",
    "ModelCard": "ModelCardName SecurityConfig",
    "ModelPackageGroup": "ModelPackageGroupDescription ModelPackageGroupName",
    "Space": "DomainId OwnershipSettings SpaceName SpaceSharingSettings",
    "StudioLifecycleConfig": "StudioLifecycleConfigContent StudioLifecycleConfigName Tags",
    "UserProfile": "DomainId SingleSignOnUserIdentifier SingleSignOnUserValue UserProfileName",
}
"""Properties that SageMaker's API cannot change, which the review must therefore know of."""


@pytest.mark.parametrize("kind", SAGEMAKER_CREATE_ONLY)
def test_what_sagemaker_cannot_change_in_place_is_known(kind: str) -> None:
    known = {pointer.removeprefix("/properties/") for pointer in create_only(f"AWS::SageMaker::{kind}")}
    assert set(SAGEMAKER_CREATE_ONLY[kind].split()) <= known


@pytest.mark.parametrize(
    ("property_", "value"),
    [
        ("AuthMode", "SSO"),
        ("DomainName", "other"),
        ("KmsKeyId", {"Fn::ImportValue": "other:DataKeyArn"}),
        ("KmsKeyId", {"Ref": "AWS::NoValue"}),
    ],
)
def test_changing_what_a_domain_is_made_with_fails_until_it_is_accepted(property_: str, value: Json) -> None:
    domain = resource(
        "AWS::SageMaker::Domain", {**STATE_OF_DOMAIN, "KmsKeyId": {"Fn::ImportValue": "acme:DataKeyArn"}}
    )
    [finding] = found({"Domain": domain}, {"Domain": with_property(domain, property_, value)})
    assert finding.kind == "loss"
    assert finding.what == (
        f"replaced: {property_} cannot change in place. It {STATEFUL['AWS::SageMaker::Domain']}"
    )


def test_a_user_is_added_without_a_finding_and_removed_with_that_of_the_profile_alone() -> None:
    def users(*names: str) -> Json:
        domain = {"Domain": resource("AWS::SageMaker::Domain", STATE_OF_DOMAIN)}
        return domain | {
            f"User{name}": resource("AWS::SageMaker::UserProfile", {"UserProfileName": name})
            for name in names
        }

    assert found(users("ada"), users("ada", "grace")) == []
    [finding] = found(users("ada", "grace"), users("ada"))
    assert (finding.kind, finding.logical_id) == ("loss", "Usergrace")


def named(kind: str, name: Json, **properties: Json) -> Json:
    return resource(kind, {KNOWN_BY_NAME[kind][0]: name, **properties})


@pytest.mark.parametrize("kind", KNOWN_BY_NAME)
class TestKnownByName:
    def test_what_others_know_by_name_may_not_be_renamed(self, kind: str) -> None:
        base = {"Thing": named(kind, "acme-dev-job", Path="/acme/dev/job/")}
        for changed in (named(kind, "other", Path="/acme/dev/job/"), named(kind, "acme-dev-job", Path="/")):
            [finding] = found(base, {"Thing": changed})
            assert finding.kind == "loss"
            assert "cannot change in place. It is known by its name" in finding.what

    def test_it_may_be_deleted_and_made_because_it_holds_nothing(self, kind: str) -> None:
        thing = {"Thing": named(kind, "acme-dev-job")}
        assert found(thing, {}) == found({}, thing) == []
        assert found(thing, {"Other": named(kind, "acme-dev-other")}) == []

    def test_under_another_logical_id_its_name_would_be_taken(self, kind: str) -> None:
        [finding] = found({"Thing": named(kind, "acme-dev-job")}, {"Moved": named(kind, "acme-dev-job")})
        assert (finding.kind, finding.logical_id) == ("loss", "Thing")
        assert finding.what.startswith("moved to Moved under the same name, which is taken")

    def test_without_a_name_nobody_knows_it(self, kind: str) -> None:
        base = {"Thing": resource(kind, {"Path": "/a/"})}
        assert found(base, {"Thing": resource(kind, {"Path": "/b/"})}) == []
        assert found(base, {"Moved": resource(kind, {"Path": "/a/"})}) == []


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("AWS::SageMaker::StudioLifecycleConfig", "StudioLifecycleConfigContent"),
        ("AWS::SageMaker::ImageVersion", "BaseImage"),
    ],
)
def test_what_is_made_anew_with_its_content_is_noted(kind: str, content: str) -> None:
    before, after = ({"Thing": resource(kind, {content: value})} for value in ("a", "b"))
    assert kinds(before, after) == {"note"}
    assert kinds(before, before) == set()


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        ("AWS::SageMaker::ModelPackageGroup", "ModelPackageGroupPolicy"),
        ("AWS::ECR::Repository", "RepositoryPolicyText"),
    ],
)
def test_sharing_the_registry_with_another_account_is_a_wider_permission(kind: str, key: str) -> None:
    def shared(*accounts: str) -> Json:
        given = statement(Principal={"AWS": [f"arn:aws:iam::{account}:root" for account in accounts]})
        return {"Thing": resource(kind, {key: {"Statement": [given]}})}

    assert kinds({"Thing": resource(kind)}, shared("111122223333")) == {"permission"}
    assert kinds(shared("111122223333"), shared("111122223333", "444455556666")) == {"permission"}
    assert kinds(shared("111122223333", "444455556666"), shared("111122223333")) == set()


def test_models_and_endpoint_configs_are_replaced_by_design() -> None:
    def serving(image: str) -> Json:
        variants = [{"ModelName": {"Fn::GetAtt": ["Model", "ModelName"]}}]
        return {
            "Model": resource("AWS::SageMaker::Model", {"PrimaryContainer": {"Image": image}}),
            "Config": resource("AWS::SageMaker::EndpointConfig", {"ProductionVariants": variants}),
            "Endpoint": resource("AWS::SageMaker::Endpoint", {"EndpointName": "credit"}),
        }

    assert kinds({"Model": serving("a")["Model"]}, {}) == {"note"}
    notes = found(serving("a"), serving("b"))
    assert [(finding.kind, finding.logical_id) for finding in notes] == [
        ("note", "Config"),
        ("note", "Model"),
    ]


# --- permissions -----------------------------------------------------------------------------------------


def statement(effect: str = "Allow", actions: Json = GET, resources: Json = DATA, **more: Json) -> Json:
    return {"Effect": effect, "Action": actions, "Resource": resources, **more}


def deny(**more: Json) -> Json:
    return statement("Deny", ["s3:*"], [DATA, OTHER], Principal="*", **more)


def policy(*statements: Json, roles: tuple[str, ...] = ("role",)) -> Json:
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    return {"Policy": resource("AWS::IAM::Policy", {"PolicyDocument": document, "Roles": list(roles)})}


TLS = {"Bool": {"aws:SecureTransport": "true"}}
WIDENED = [
    pytest.param([statement()], [statement(actions=[GET, PUT])], id="an action more"),
    pytest.param([statement()], [statement(actions="s3:Get*")], id="a wildcard in the action"),
    pytest.param([statement()], [statement(resources=[DATA, OTHER])], id="a resource more"),
    pytest.param([statement()], [statement(resources="*")], id="every resource"),
    pytest.param([statement()], [statement(resources="arn:aws:s3:::data*")], id="a wider resource"),
    pytest.param(
        [statement()], [statement(resources="arn:aws:s3:::DATA/*")], id="another case of a resource"
    ),
    pytest.param([statement(Condition=TLS)], [statement()], id="a condition less"),
    pytest.param(
        [statement(Condition={"StringEquals": {"aws:a": "1"}})],
        [statement(Condition={"StringEquals": {"aws:a": ["1", "2"]}})],
        id="a value more in a condition",
    ),
    pytest.param(
        [statement(Condition={"StringNotEquals": {"aws:a": ["1", "2"]}})],
        [statement(Condition={"StringNotEquals": {"aws:a": "1"}})],
        id="a value less in a negative condition",
    ),
    pytest.param(
        [statement(Condition={"NumericLessThan": {"aws:a": "1"}})],
        [statement(Condition={"NumericLessThan": {"aws:a": "2"}})],
        id="another number in a condition",
    ),
    pytest.param(
        [statement(Condition={"StringEquals": {"aws:a": "1"}})],
        [statement(Condition={"StringLike": {"aws:a": "1"}})],
        id="another operator in a condition",
    ),
    pytest.param([statement()], [statement(), statement(resources=OTHER)], id="a second statement"),
    pytest.param([statement()], [statement(actions=PUT, resources=OTHER)], id="another statement"),
    pytest.param(
        [statement(), statement(actions=PUT, resources=OTHER)],
        [statement(actions=[GET, PUT], resources=[DATA, OTHER])],
        id="two statements merged into all their combinations",
    ),
    pytest.param([deny()], [], id="a Deny removed"),
    pytest.param([deny()], [{**deny(), "Action": [PUT]}], id="a Deny of fewer actions"),
    pytest.param([deny()], [{**deny(), "Resource": DATA}], id="a Deny on fewer resources"),
    pytest.param([deny()], [deny(Condition=TLS)], id="a condition more on a Deny"),
    pytest.param([deny()], [{**deny(), "Effect": "Allow"}], id="a Deny turned into an Allow"),
    pytest.param(
        [deny(Condition={"ArnNotLike": {"aws:PrincipalArn": ["a"]}})],
        [deny(Condition={"ArnNotLike": {"aws:PrincipalArn": ["a", "b"]}})],
        id="an exemption more in a Deny",
    ),
    pytest.param(
        [{"Effect": "Allow", "NotAction": ["iam:*", "sts:*"], "Resource": "*"}],
        [{"Effect": "Allow", "NotAction": ["iam:*"], "Resource": "*"}],
        id="NotAction of an Allow excludes less",
    ),
    pytest.param(
        [{"Effect": "Deny", "NotAction": ["iam:*"], "Resource": "*"}],
        [{"Effect": "Deny", "NotAction": ["iam:*", "sts:*"], "Resource": "*"}],
        id="NotAction of a Deny excludes more",
    ),
    pytest.param(
        [statement()], [{"Effect": "Allow", "NotAction": PUT, "Resource": DATA}], id="NotAction for Action"
    ),
    pytest.param(
        [{"Effect": "Deny", "Action": GET, "NotResource": [DATA]}],
        [{"Effect": "Deny", "Action": GET, "NotResource": [DATA, OTHER]}],
        id="NotResource of a Deny excludes more",
    ),
    pytest.param(
        [{"Fn::If": ["On", statement(), statement(resources=OTHER)]}],
        [{"Fn::If": ["On", statement(resources=OTHER), statement()]}],
        id="a statement that depends on a condition",
    ),
    pytest.param([statement()], [statement(Unknown="x")], id="a statement of unknown form"),
    pytest.param(
        [{"Effect": "Allow", "NotAction": PUT, "Resource": DATA}], [statement(actions=PUT)], id="the excluded"
    ),
    pytest.param([statement(Principal="*")], [statement()], id="no principal for one"),
    pytest.param(
        [statement(Principal={"Fn::If": ["On", "a", "b"]})],
        [statement(Principal={"Fn::If": ["On", "b", "a"]})],
        id="principals that depend on a condition",
    ),
    pytest.param([statement()], [statement(Principal="*")], id="a principal for none"),
    pytest.param(
        [statement(Condition={"Fn::If": ["On", TLS, {"Ref": "AWS::NoValue"}]})],
        [statement(Condition={"Fn::If": ["On", {"Ref": "AWS::NoValue"}, TLS]})],
        id="conditions that depend on a condition",
    ),
    pytest.param(
        [statement(Condition={"StringEquals": {"Fn::If": ["On", {"aws:a": "1"}, {"aws:a": "2"}]}})],
        [statement(Condition={"StringEquals": {"Fn::If": ["On", {"aws:a": "2"}, {"aws:a": "1"}]}})],
        id="keys that depend on a condition",
    ),
]


@pytest.mark.parametrize(("base", "new"), WIDENED)
def test_a_wider_policy_fails(base: list[Json], new: list[Json]) -> None:
    assert kinds(policy(*base), policy(*new)) == {"permission"}


NOT_WIDENED = [
    pytest.param([statement(actions=[GET, PUT])], [statement()], id="an action less"),
    pytest.param([statement(actions="s3:*")], [statement()], id="an action the wildcard covered"),
    pytest.param([statement()], [statement(actions="S3:getobject")], id="an action in another case"),
    pytest.param([statement(resources="*")], [statement()], id="a resource instead of all"),
    pytest.param([statement()], [statement(resources="arn:aws:s3:::data/a/*")], id="a narrower resource"),
    pytest.param([statement()], [statement(Condition=TLS)], id="a condition more"),
    pytest.param(
        [statement(actions=[GET, PUT], Condition=TLS)],
        [statement(Condition=TLS)],
        id="an action less under the same condition",
    ),
    pytest.param(
        [statement(Condition={"StringEquals": {"aws:a": ["1", "2"]}})],
        [statement(Condition={"StringEquals": {"AWS:A": "1"}})],
        id="a value less in a condition",
    ),
    pytest.param(
        [statement()], [statement(actions=[GET], resources=[DATA], Sid="Read")], id="lists and a Sid"
    ),
    pytest.param(
        [statement(), statement(resources=OTHER)],
        [statement(resources=[OTHER, DATA])],
        id="two statements merged",
    ),
    pytest.param(
        [statement(actions=[GET, PUT], resources=[DATA, OTHER])],
        [statement(resources=OTHER), statement(actions=PUT)],
        id="one statement split and partly dropped",
    ),
    pytest.param([statement()], [], id="an Allow removed"),
    pytest.param([], [deny()], id="a new Deny"),
    pytest.param([deny(Condition=TLS)], [deny()], id="a condition less on a Deny"),
    pytest.param([deny()], [{**deny(), "Action": "*"}], id="a Deny of more actions"),
    pytest.param([deny()], [{**deny(), "Resource": DATA}, {**deny(), "Resource": OTHER}], id="a Deny split"),
    pytest.param(
        [deny(Condition={"ArnNotLike": {"aws:PrincipalArn": ["a", "b"]}})],
        [deny(Condition={"ArnNotLike": {"aws:PrincipalArn": ["a"]}})],
        id="an exemption less in a Deny",
    ),
    pytest.param(
        [{"Effect": "Allow", "NotAction": ["iam:*"], "Resource": "*"}],
        [{"Effect": "Allow", "NotAction": ["iam:*", "sts:*"], "Resource": "*"}],
        id="NotAction of an Allow excludes more",
    ),
    pytest.param(
        [{"Effect": "Allow", "NotAction": ["iam:*"], "Resource": "*"}],
        [{"Effect": "Allow", "NotAction": ["iam:*"], "Resource": "*", "Condition": TLS}],
        id="NotAction under a condition more",
    ),
]


@pytest.mark.parametrize(("base", "new"), NOT_WIDENED)
def test_a_policy_that_grants_no_more_passes(base: list[Json], new: list[Json]) -> None:
    assert found(policy(*base), policy(*new)) == []


def test_the_message_names_only_what_is_granted_anew() -> None:
    [finding] = found(policy(statement()), policy(statement(actions=[GET, PUT], Condition=TLS)))
    assert finding.what == f"PolicyDocument: Allow {PUT} on {DATA} if Bool aws:securetransport true"


def test_a_long_message_says_how_much_it_leaves_out() -> None:
    actions = [f"s3:Get{number}" for number in range(7)]
    [six] = found({}, policy(statement(actions=actions[:6])))
    [seven] = found({}, policy(statement(actions=actions)))
    assert " more" not in six.what
    assert " and 1 more on " in seven.what


def test_a_statement_that_is_a_property_itself_is_a_policy() -> None:
    [finding] = found({}, {"P": resource("AWS::Events::EventBusPolicy", {"Statement": statement()})})
    assert finding.what == f"policy: Allow {GET} on {DATA}"


def test_a_new_principal_is_a_wider_permission() -> None:
    def trust(principal: Json) -> Json:
        document = {"Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}}
        return {"Role": resource("AWS::IAM::Role", {"AssumeRolePolicyDocument": document})}

    one, two = {"Service": "lambda.amazonaws.com"}, {"Service": ["lambda.amazonaws.com", "ec2.amazonaws.com"]}
    assert kinds(trust(one), trust(two)) == {"permission"}
    assert kinds(trust(two), trust(one)) == set()
    assert kinds(trust({"AWS": "arn:aws:iam::111111111111:root"}), trust("*")) == {"permission"}
    assert kinds(trust({"AWS": "*"}), trust("*")) == set()
    assert kinds(trust("*"), trust({"AWS": "arn:aws:iam::111111111111:root"})) == set()
    assert kinds(trust("*"), trust(one)) == {"permission"}


def test_everything_a_new_resource_grants_is_a_wider_permission() -> None:
    assert kinds({}, policy(statement())) == {"permission"}
    assert kinds({}, policy(deny())) == set()


def test_a_policy_that_moves_to_another_logical_id_counts_as_new() -> None:
    assert kinds(policy(statement()), {"Moved": policy(statement())["Policy"]}) == {"permission"}


def test_attaching_a_policy_to_another_role_grants_it_there() -> None:
    assert kinds(policy(statement()), policy(statement(), roles=("role", "other"))) == {"permission"}
    assert kinds(policy(statement(), roles=("role", "other")), policy(statement())) == set()
    assert kinds(policy(deny(), roles=("role", "other")), policy(deny())) == {"permission"}


def test_inline_policies_of_one_role_are_compared_together_and_apart_from_its_trust() -> None:
    def role(*documents: Json) -> Json:
        inline = [
            {"PolicyName": f"p{n}", "PolicyDocument": {"Statement": d}} for n, d in enumerate(documents)
        ]
        return {"Role": resource("AWS::IAM::Role", {"Policies": inline})}

    assert kinds(role(statement(), statement(actions=PUT)), role([statement(actions=[GET, PUT])])) == set()
    assert kinds(role(statement()), role(statement(), statement(actions=PUT))) == {"permission"}


def test_the_branches_of_a_condition_are_compared_apart() -> None:
    def bucket_policy(first: Json, second: Json) -> Json:
        document = {"Fn::If": ["On", {"Statement": first}, {"Statement": second}]}
        return {"P": resource("AWS::S3::BucketPolicy", {"Bucket": "b", "PolicyDocument": document})}

    narrow, wide = statement(), statement(actions=[GET, PUT])
    assert kinds(bucket_policy(narrow, wide), bucket_policy(wide, narrow)) == {"permission"}
    assert kinds(bucket_policy(narrow, wide), bucket_policy(narrow, narrow)) == set()


@pytest.mark.parametrize("write", [json.dumps, lambda d: {"Fn::Join": ["", [json.dumps(d)[:-1], "}"]]}])
def test_a_policy_written_as_text_is_compared_like_any_other(write: Any) -> None:
    def log_policy(*statements: Json) -> Json:
        return {
            "P": resource("AWS::Logs::ResourcePolicy", {"PolicyDocument": write({"Statement": statements})})
        }

    assert kinds(log_policy(statement()), log_policy(statement(actions=PUT))) == {"permission"}
    assert kinds(log_policy(statement(actions=[GET, PUT])), log_policy(statement())) == set()


def test_policy_text_that_cannot_be_read_is_compared_as_text() -> None:
    def log_policy(text: str) -> Json:
        return {"P": resource("AWS::Logs::ResourcePolicy", {"PolicyDocument": f'{{"Statement": {text}'})}

    assert kinds(log_policy("a"), log_policy("b")) == {"permission"}
    assert kinds(log_policy("a"), log_policy("a")) == set()


def test_references_are_compared_by_what_they_refer_to() -> None:
    def on(name: str, path: str) -> Json:
        return policy(statement(resources={"Fn::Join": ["", [{"Fn::GetAtt": [name, "Arn"]}, path]]}))

    assert kinds(on("Data", "/*"), on("Data", "/models/*")) == set()
    assert kinds(on("Data", "/*"), on("Logs", "/*")) == {"permission"}


BUCKET_POLICY = resource(
    "AWS::S3::BucketPolicy", {"Bucket": {"Ref": "Data"}, "PolicyDocument": {"Statement": [deny()]}}
)


def test_removing_a_policy_fails_for_its_denies_unless_what_it_protected_goes_with_it() -> None:
    assert kinds({"Data": BUCKET, "P": BUCKET_POLICY}, {"Data": BUCKET}) == {"permission"}
    assert kinds({"Data": BUCKET, "P": BUCKET_POLICY}, {}) == {"loss"}
    role = resource("AWS::IAM::Role", {"Policies": [{"PolicyDocument": {"Statement": [deny()]}}]})
    assert kinds({"Role": role}, {"Role": resource("AWS::IAM::Role")}) == {"permission"}
    assert kinds({"Role": role}, {}) == set()
    nowhere = resource("AWS::IAM::ManagedPolicy", {"PolicyDocument": {"Statement": [deny()]}})
    assert kinds({"P": nowhere}, {}) == {"permission"}


def test_a_policy_that_comes_to_depend_on_a_condition_loses_its_denies() -> None:
    def template(**attributes: str) -> Json:
        conditions = {"On": {"Fn::Equals": ["a", "b"]}}
        return {"Conditions": conditions, "Resources": {"P": {**BUCKET_POLICY, **attributes}}}

    assert kinds(template(), template(Condition="On")) == {"permission"}
    assert kinds(template(Condition="On"), template()) == set()


@pytest.mark.parametrize(
    ("kind", "name"), [("AWS::EC2::VPCEndpoint", "PolicyDocument"), ("AWS::KMS::Key", "KeyPolicy")]
)
def test_dropping_a_policy_whose_default_allows_everything_fails(kind: str, name: str) -> None:
    limited = {"Thing": resource(kind, {name: {"Statement": [statement(Principal="*")]}})}
    unlimited = {"Thing": resource(kind)}
    assert kinds(limited, unlimited) == {"permission"}
    assert kinds(unlimited, limited) == set()
    assert kinds({}, unlimited) == {"permission"}
    assert kinds(limited, {"Thing": resource(kind, {name: {"Ref": "AWS::NoValue"}})}) == {"permission"}


def test_attaching_a_managed_policy_or_loosening_a_boundary_fails() -> None:
    def role(**properties: Json) -> Json:
        return {"Role": resource("AWS::IAM::Role", properties)}

    assert kinds(role(), role(ManagedPolicyArns=["arn:a"])) == {"permission"}
    assert kinds(role(ManagedPolicyArns=["arn:a", "arn:b"]), role(ManagedPolicyArns=["arn:b"])) == set()
    assert kinds(role(PermissionsBoundary="arn:a"), role()) == {"permission"}
    assert kinds(role(PermissionsBoundary="arn:a"), role(PermissionsBoundary="arn:b")) == {"permission"}
    assert kinds(role(), role(PermissionsBoundary="arn:a")) == set()
    assert kinds(role(PermissionsBoundary="arn:a"), role(PermissionsBoundary="arn:a", Path="/a/")) == set()


HTTPS = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": "10.0.0.0/16"}
NOTHING_OUT = {"IpProtocol": "icmp", "FromPort": 252, "ToPort": 86, "CidrIp": "255.255.255.255/32"}


def group(*, ingress: tuple[Json, ...] = (), egress: tuple[Json, ...] = (NOTHING_OUT,)) -> Json:
    rules = {"SecurityGroupIngress": list(ingress), "SecurityGroupEgress": list(egress)}
    return {"Group": resource("AWS::EC2::SecurityGroup", rules)}


@pytest.mark.parametrize("direction", ["ingress", "egress"])
def test_a_new_or_changed_security_group_rule_fails(direction: str) -> None:
    open_, wider = group(**{direction: (HTTPS,)}), group(**{direction: ({**HTTPS, "ToPort": 444},)})
    none = group(**{direction: (NOTHING_OUT,)})
    assert kinds(none, open_) == kinds(open_, wider) == {"permission"}
    assert kinds(open_, group(**{direction: ({**HTTPS, "Description": "why"},)})) == set()


def test_removing_an_ingress_rule_passes_but_removing_the_last_egress_rule_opens_everything() -> None:
    assert kinds(group(ingress=(HTTPS,)), group()) == set()
    [finding] = found(group(), group(egress=()))
    assert "0.0.0.0/0" in finding.what


def test_a_rule_is_the_same_inline_or_as_a_resource_of_its_own() -> None:
    apart = {
        "Rule": resource(
            "AWS::EC2::SecurityGroupIngress", {**HTTPS, "GroupId": {"Fn::GetAtt": ["Group", "GroupId"]}}
        )
    }
    assert kinds(group(ingress=(HTTPS,)), {**group(), **apart}) == set()
    assert kinds(group(), {**group(), **apart}) == {"permission"}
    assert kinds({**group(), **apart}, {**group(), "Renamed": apart["Rule"]}) == set()


def test_turning_off_any_public_access_block_fails() -> None:
    flags = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
    blocked = dict.fromkeys(flags, True)

    def bucket(configuration: Json) -> Json:
        return {"Data": with_property(BUCKET, "PublicAccessBlockConfiguration", configuration)}

    for flag in flags:
        missing = {key: value for key, value in blocked.items() if key != flag}
        for weaker in (missing, {**blocked, flag: False}):
            assert [f.what for f in found(bucket(blocked), bucket(weaker))] == [f"no longer sets {flag}"]
            assert kinds(bucket(weaker), bucket(blocked)) == set()
    assert kinds(bucket(blocked), {"Data": BUCKET}) == {"permission"}
    assert kinds({}, bucket({**blocked, "BlockPublicAcls": False})) == {"permission"}
    assert kinds({}, bucket(blocked)) == kinds({}, {"Data": BUCKET}) == set()


def test_a_public_bucket_acl_fails() -> None:
    public = {"Data": with_property(BUCKET, "AccessControl", "PublicRead")}
    assert kinds({"Data": BUCKET}, public) == {"permission"}
    assert kinds(public, {"Data": BUCKET}) == set()
    assert kinds(public, {"Data": with_property(public["Data"], "Tags", [])}) == set()
    assert kinds({"Data": BUCKET}, {"Data": with_property(BUCKET, "AccessControl", "Private")}) == set()


def test_a_new_or_changed_grant_without_a_policy_document_fails() -> None:
    def permission(**properties: str) -> Json:
        return {"P": resource("AWS::Lambda::Permission", {"Action": "lambda:InvokeFunction", **properties})}

    assert kinds({}, permission(Principal="a")) == {"permission"}
    assert kinds(permission(Principal="a"), permission(Principal="b")) == {"permission"}
    assert kinds(permission(Principal="a"), {}) == set()
    assert kinds(permission(Principal="a"), permission(Principal="a")) == set()


def test_a_function_url_without_credentials_fails() -> None:
    def url(auth: str) -> Json:
        return {"Url": resource("AWS::Lambda::Url", {"AuthType": auth})}

    assert kinds({}, url("NONE")) == kinds(url("AWS_IAM"), url("NONE")) == {"permission"}
    assert kinds({}, url("AWS_IAM")) == kinds(url("NONE"), url("AWS_IAM")) == set()


@pytest.mark.parametrize(
    ("pattern", "value", "expected"),
    [
        ("s3:Get*", "s3:GetObject", True),
        ("s3:Get*", "s3:Get*Version", True),
        ("s3:Get?", "s3:Get*", False),
        ("s3:GetObject", "s3:Get*", False),
        ("arn:aws:s3:::a*", "arn:aws:s3:::a/b:c", True),
        ("arn:aws:*:eu-west-1:1:x", "arn:aws:s3:::eu-west-1:1:x", False),
        ("arn:${AWS::Partition}:s3:::a/*", "arn:${AWS::Partition}:s3:::a/b", True),
        ("arn:aws:s3:::a.b", "arn:aws:s3:::axb", False),
    ],
)
def test_a_pattern_covers_a_value_only_if_it_matches_all_the_value_does(
    pattern: str, value: str, expected: bool
) -> None:
    assert covers(pattern, value) is expected


# --- properties ------------------------------------------------------------------------------------------

ACTIONS = st.sampled_from([GET, PUT, "s3:*", "kms:Decrypt", "kms:Enc*", "*"])
RESOURCES = st.sampled_from([DATA, OTHER, "*", {"Ref": "Data"}, {"Fn::GetAtt": ["Data", "Arn"]}])
PRINCIPALS = st.sampled_from(
    ["*", {"AWS": "a"}, {"AWS": ["a", "b"]}, {"Service": "s"}, {"AWS": {"Ref": "Role"}}]
)
CONDITIONS = st.dictionaries(
    st.sampled_from(["StringEquals", "ArnNotLike", "Bool", "ForAnyValue:StringLike", "Null"]),
    st.dictionaries(
        st.sampled_from(["aws:a", "aws:b"]), st.lists(st.sampled_from(["1", "2"]), min_size=1), min_size=1
    ),
    max_size=2,
)
STATEMENTS = st.fixed_dictionaries(
    {
        "Effect": st.sampled_from(["Allow", "Deny"]),
        "Action": st.lists(ACTIONS, min_size=1, max_size=4),
        "Resource": st.lists(RESOURCES, min_size=1, max_size=3),
    },
    optional={"Principal": PRINCIPALS, "Condition": CONDITIONS, "Sid": st.sampled_from(["A", "B"])},
)
OTHER_TYPES = """AWS::IAM::Role AWS::IAM::Policy AWS::EC2::VPCEndpoint AWS::EC2::SecurityGroup
AWS::Lambda::Permission AWS::Lambda::Url AWS::SageMaker::Model Custom::Thing"""
TYPES = st.sampled_from([*sorted(STATEFUL), *OTHER_TYPES.split()])
PROPERTIES = st.fixed_dictionaries(
    {},
    optional={
        "PolicyDocument": st.builds(lambda s: {"Statement": s}, st.lists(STATEMENTS, max_size=3)),
        "Roles": st.lists(st.sampled_from(["role", "other"]), max_size=2, unique=True),
        "BucketName": RESOURCES,
        "AuthType": st.just("NONE"),
        "ManagedPolicyArns": st.just(["arn:a"]),
        "PublicAccessBlockConfiguration": st.just({"BlockPublicAcls": False}),
        "SecurityGroupIngress": st.just([HTTPS]),
    },
)
TEMPLATES = st.dictionaries(
    st.sampled_from(["Data", "Role", "Other"]),
    st.fixed_dictionaries(
        {"Type": TYPES, "Properties": PROPERTIES}, optional={"DeletionPolicy": st.just("Retain")}
    ),
)


@PATIENT
@given(TEMPLATES)
def test_a_template_reviewed_against_itself_has_no_findings(resources: Json) -> None:
    assert found(resources, copy.deepcopy(resources)) == []


@PATIENT
@given(STATEMENTS, st.data())
def test_removing_an_element_of_an_allow_never_widens(raw: Json, data: st.DataObject) -> None:
    base = {**raw, "Effect": "Allow"}
    name = data.draw(st.sampled_from(["Action", "Resource"]))
    gone = data.draw(st.integers(0, len(base[name]) - 1))
    new = {**base, name: [value for index, value in enumerate(base[name]) if index != gone]}
    assert found(policy(base), policy(new)) == []


@PATIENT
@given(st.lists(STATEMENTS, min_size=1, max_size=3), st.data())
def test_adding_an_action_to_an_allow_always_widens(raw: list[Json], data: st.DataObject) -> None:
    base = [{**s, "Action": [a for a in s["Action"] if a != "*"] or [GET]} for s in raw]
    chosen = data.draw(st.integers(0, len(base) - 1))
    base[chosen]["Effect"] = "Allow"
    new = copy.deepcopy(base)
    new[chosen]["Action"].append("sagemaker:CreateEndpoint")
    assert "permission" in kinds(policy(*base), policy(*new))


@PATIENT
@given(STATEMENTS)
def test_narrowing_a_deny_by_an_action_always_widens(raw: Json) -> None:
    base = {**raw, "Effect": "Deny", "Action": ["sagemaker:CreateEndpoint", GET]}
    assert kinds(policy(base), policy({**base, "Action": [GET]})) == {"permission"}


# An independent reading of policies, request by request, as the reference for what "no wider" means.

REQUESTS = [
    {"Action": action, "Resource": name, "Principal": principal, "aws:a": a, "aws:b": b}
    for action, name, principal, a, b in product(
        ("s3:GetObject", "s3:PutObject", "kms:Decrypt"),
        ("d/1", "d/2", "e"),
        ("p", "q"),
        (None, "1", "2", "3"),
        (None, "1"),
    )
]
OPERATORS = ("StringEquals", "StringNotEquals", "StringLike", "ArnNotLike", "StringEqualsIfExists")


def elements(name: str, *values: str) -> st.SearchStrategy[Json]:
    chosen = st.lists(st.sampled_from(values), min_size=1, max_size=2)
    return st.tuples(st.sampled_from([name, name, name, f"Not{name}"]), chosen).map(
        lambda pair: {pair[0]: pair[1]}
    )


def joined(parts: tuple[Json, ...]) -> Json:
    return {key: value for part in parts for key, value in part.items()}


JUDGED_STATEMENTS = st.tuples(
    st.sampled_from(["Allow", "Allow", "Deny"]).map(lambda effect: {"Effect": effect}),
    elements("Action", "s3:GetObject", "s3:PutObject", "s3:*", "*", "s3:Get*", "kms:Decrypt"),
    elements("Resource", "d/*", "*", "d/1", "e", "d/?"),
    elements("Principal", "p", "q").map(lambda e: {k: {"AWS": v} for k, v in e.items()}),
    st.dictionaries(
        st.sampled_from(OPERATORS),
        st.dictionaries(
            st.sampled_from(["aws:a", "aws:b"]), st.lists(st.sampled_from(["1", "2"]), min_size=1)
        ),
        max_size=1,
    ).map(lambda conditions: {"Condition": conditions}),
).map(joined)


def holds(operator: str, given: str | None, values: list[str]) -> bool:
    if given is None:
        return "Not" in operator or operator.endswith("IfExists")
    return any(fnmatchcase(given, value) for value in values) is ("Not" not in operator)


def applies(raw: Json, request: Json) -> bool:
    for name in ("Action", "Resource", "Principal"):
        negated = f"Not{name}" in raw
        values = raw[f"Not{name}" if negated else name]
        values = values["AWS"] if name == "Principal" else values
        if any(fnmatchcase(request[name], value) for value in values) is negated:
            return False
    tests = [(op, key, values) for op, keys in raw["Condition"].items() for key, values in keys.items()]
    return all(holds(operator, request[key], values) for operator, key, values in tests)


def allowed(statements: list[Json], request: Json) -> bool:
    effects = {raw["Effect"] for raw in statements if applies(raw, request)}
    return effects == {"Allow"}


def altered(raw: Json, other: Json, how: str) -> list[Json]:
    """A statement kept, dropped, put under other conditions, with fewer or more values, or replaced."""
    [name] = [key for key in raw if key.endswith("Action")]
    return {
        "keep": [raw],
        "drop": [],
        "condition": [{**raw, "Condition": other["Condition"]}],
        "fewer": [{**raw, name: raw[name][1:]}],
        "more": [{**raw, name: [*raw[name], "s3:GetObject"]}],
        "replace": [other],
    }[how]


HOW = st.sampled_from(["keep", "keep", "drop", "condition", "fewer", "more", "replace"])


@PATIENT
@given(st.lists(st.tuples(JUDGED_STATEMENTS, JUDGED_STATEMENTS, HOW), max_size=3))
def test_a_policy_that_passes_allows_no_request_that_the_base_refused(
    changes: list[tuple[Json, Json, str]],
) -> None:
    base = [raw for raw, _, _ in changes]
    new = [statement for change in changes for statement in altered(*change)]
    if found(policy(*base), policy(*new)) == []:
        assert [r for r in REQUESTS if allowed(new, r) and not allowed(base, r)] == []
