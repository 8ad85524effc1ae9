"""Every rule refuses what it is for, and nothing else."""

import gzip
import importlib.resources
import json
from typing import Any, ClassVar

import pytest
from template_mistakes import MISTAKES

from mlplatform.instance_types import instance_types
from mlplatform.rules import RULES, Violation, check, star_only_actions
from mlplatform.rules.jobs import has_local_storage

HERE = {"partition": "aws", "dns_suffix": "amazonaws.com"}
CHINA = {"partition": "aws-cn", "dns_suffix": "amazonaws.com.cn"}


def resource(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": kind, "Properties": properties}


def broken(place: dict[str, str] = HERE, stack_name: str = "acme-dev-network", **resources: Any) -> list[str]:
    """Ids of the rules that these resources break, each once."""
    found = check({"Resources": resources}, **place, stack_name=stack_name)
    return list(dict.fromkeys(violation.rule for violation in found))


def role(*statements: dict[str, Any]) -> dict[str, Any]:
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    return resource("AWS::IAM::Role", Policies=[{"PolicyName": "Permissions", "PolicyDocument": document}])


def allow(action: Any, on: Any = "arn:aws:s3:::acme-dev-data/*", **rest: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": on, **rest}


def policy(kind: str, *statements: dict[str, Any], **properties: Any) -> dict[str, Any]:
    return resource(kind, PolicyDocument={"Statement": list(statements)}, **properties)


REFERENCES = [
    {"Ref": "Bucket"},
    {"Fn::GetAtt": ["Bucket", "Arn"]},
    {"Fn::ImportValue": "acme-dev-foundation:BucketArn"},
    {"Fn::Join": ["", ["arn:aws:s3:::", {"Ref": "Bucket"}, "/*"]]},
    {"Fn::Sub": "arn:${AWS::Partition}:s3:::${Bucket}/*"},
]


def test_every_rule_has_an_id_of_its_own_and_says_what_it_demands() -> None:
    assert len({rule.id for rule in RULES}) == len(RULES)
    assert all(rule.description.endswith(".") for rule in RULES)


def test_a_violation_names_rule_resource_and_place() -> None:
    [violation] = check(
        {"Resources": {"Job": role(allow("s3:GetObject"), allow("s3:GetObject", "*"))}}, **HERE
    )
    assert violation == Violation(
        rule="STAR_RESOURCE",
        logical_id="Job",
        message="allows s3:getobject on '*' without a condition",
        location="Properties.Policies.0.PolicyDocument.Statement.1",
    )


def test_an_empty_template_breaks_no_rule() -> None:
    assert check({}, **HERE) == []


class TestForbiddenName:
    @pytest.mark.parametrize(
        ("kind", "properties"),
        [
            ("AWS::S3::Bucket", {"BucketName": "acme-SageMaker-data"}),
            ("AWS::Lambda::Function", {"FunctionName": "acme-dev-labelingFunction"}),
            ("AWS::SSM::Parameter", {"Name": "/acme/aws-glue/token"}),
            ("AWS::SecretsManager::Secret", {"Name": {"Fn::Sub": "${AWS::StackName}-sagemaker"}}),
            ("AWS::SQS::Queue", {"QueueName": {"Fn::Join": ["-", [{"Ref": "Prefix"}, "sagemaker"]]}}),
            ("AWS::SQS::Queue", {"QueueName": {"Fn::If": ["Old", "acme-sagemaker", "acme-jobs"]}}),
            ("AWS::S3::Bucket", {"BucketName": "sagemaker-eu-west-1-acme"}),
            ("AWS::Lambda::Function", {"FunctionName": "sagemaker-evaluator"}),
        ],
    )
    def test_a_physical_name_with_a_forbidden_word_is_refused(
        self, kind: str, properties: dict[str, Any]
    ) -> None:
        assert "FORBIDDEN_NAME" in broken(Thing=resource(kind, **properties))

    @pytest.mark.parametrize(
        ("kind", "properties"),
        [
            ("AWS::Events::Rule", {"Name": "acme-dev-jobs"}),
            ("AWS::Events::Rule", {"Name": {"Ref": "SageMakerRuleName"}, "Description": "watches SageMaker"}),
            ("AWS::Events::Rule", {"Name": {"Fn::Join": ["", ["acme-sage", {"Ref": "X"}, "maker"]]}}),
            ("AWS::CloudWatch::Alarm", {"MetricName": "SageMakerErrors", "Namespace": "AWS/SageMaker"}),
        ],
    )
    def test_words_outside_a_physical_name_are_allowed(self, kind: str, properties: dict[str, Any]) -> None:
        assert broken(Thing=resource(kind, **properties)) == []

    def test_the_service_name_of_a_vpc_endpoint_is_not_ours(self) -> None:
        endpoint = policy("AWS::EC2::VPCEndpoint", ServiceName="com.amazonaws.eu-west-1.sagemaker.api")
        assert broken(Endpoint=endpoint) == []

    @pytest.mark.parametrize(
        ("kind", "properties"),
        [
            ("AWS::Lambda::Function", {"FunctionName": "SageMaker-evaluator-accuracy"}),
            (
                "AWS::Lambda::Permission",
                {"FunctionName": "arn:aws:lambda:eu-west-1:1:function:SageMaker-evaluator-a"},
            ),
            ("AWS::Logs::LogGroup", {"LogGroupName": "/aws/sagemaker/TrainingJobs"}),
            ("AWS::S3::Bucket", {"BucketName": "sagemaker-eu-west-1-111122223333"}),
            ("AWS::S3::Bucket", {"BucketName": {"Fn::Sub": "sagemaker-${AWS::Region}-${AWS::AccountId}"}}),
        ],
    )
    def test_a_name_that_aws_dictates_is_allowed(self, kind: str, properties: dict[str, Any]) -> None:
        assert "FORBIDDEN_NAME" not in broken(Thing=resource(kind, **properties))

    def test_a_stack_name_with_a_forbidden_word_is_refused(self) -> None:
        assert broken(stack_name="acme-SageMaker-network") == ["FORBIDDEN_NAME"]

    @pytest.mark.parametrize(
        "tags", [[{"Key": "SageMaker", "Value": "true"}], {"sagemaker": "True"}, {"SageMaker": True}]
    )
    def test_a_tag_that_grants_access_is_refused(self, tags: Any) -> None:
        assert broken(Thing=resource("AWS::SSM::Parameter", Tags=tags)) == ["FORBIDDEN_NAME"]

    @pytest.mark.parametrize("tags", [[{"Key": "SageMaker", "Value": "no"}], {"environment": "true"}])
    def test_any_other_tag_is_allowed(self, tags: Any) -> None:
        assert broken(Thing=resource("AWS::SSM::Parameter", Tags=tags)) == []


class TestPartition:
    @pytest.mark.parametrize(
        "value",
        [
            "arn:aws:s3:::acme-dev-data",
            "arn:aws-us-gov:iam::111122223333:root",
            {"Fn::Join": ["", ["arn:aws:s3:::", {"Ref": "Bucket"}]]},
            {"Fn::Join": [":", ["arn", "aws", "s3", "", "", "acme-dev-data"]]},
            {"Fn::Sub": "arn:aws:sns:${AWS::Region}:${AWS::AccountId}:topic"},
            {
                "Deep": [
                    {"Deeper": json.dumps({"Resource": "arn:aws:states:::sagemaker:createTrainingJob.sync"})}
                ]
            },
            {"Fn::If": ["Never", "acme", "arn:aws:s3:::acme"]},
        ],
    )
    def test_an_arn_of_another_partition_is_refused_at_any_depth(self, value: Any) -> None:
        assert broken(CHINA, Thing=resource("AWS::SSM::Parameter", Value=value)) == ["PARTITION"]

    @pytest.mark.parametrize(
        "value",
        [
            "arn:aws-cn:s3:::acme-dev-data",
            {"Fn::Sub": "arn:${AWS::Partition}:s3:::acme"},
            {"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, ":s3:::acme"]]},
        ],
    )
    def test_an_arn_of_this_partition_is_allowed(self, value: Any) -> None:
        assert broken(CHINA, Thing=resource("AWS::SSM::Parameter", Value=value)) == []

    @pytest.mark.parametrize(
        "host",
        [
            "logs.cn-north-1.amazonaws.com",
            "s3.cn-northwest-1.amazonaws.com",
            "s3.*.amazonaws.com",
            "111122223333.dkr.ecr.cn-north-1.amazonaws.com/acme@sha256:0",
            "https://sts.amazonaws.com",
            {"Fn::Sub": "https://sqs.${AWS::Region}.amazonaws.com/${AWS::AccountId}/jobs"},
            {"Fn::Join": [".", ["logs", {"Ref": "AWS::Region"}, "amazonaws.com"]]},
            "api.eusc-de-east-1.amazonaws.eu",
        ],
    )
    def test_a_host_of_another_partition_is_refused_in_china(self, host: Any) -> None:
        assert broken(CHINA, Thing=resource("AWS::SSM::Parameter", Value=host)) == ["PARTITION"]

    @pytest.mark.parametrize(
        "host",
        [
            "lambda.amazonaws.com",
            "delivery.logs.amazonaws.com",
            "sagemaker.application-autoscaling.amazonaws.com",
            "logs.cn-north-1.amazonaws.com.cn",
            "cn.com.amazonaws.cn-north-1.sagemaker.api",
            "com.amazonaws.cn-north-1.s3",
            {"Fn::Sub": "https://sqs.${AWS::Region}.${AWS::URLSuffix}/jobs"},
        ],
    )
    def test_service_principals_and_own_hosts_are_allowed_in_china(self, host: Any) -> None:
        assert broken(CHINA, Thing=resource("AWS::SSM::Parameter", Value=host)) == []

    @pytest.mark.parametrize("host", ["ec2.amazonaws.com.cn", "logs.cn-north-1.amazonaws.com.cn"])
    def test_a_chinese_host_is_refused_elsewhere(self, host: str) -> None:
        assert broken(HERE, Thing=resource("AWS::SSM::Parameter", Value=host)) == ["PARTITION"]

    @pytest.mark.parametrize("host", ["logs.eu-west-1.amazonaws.com", "com.amazonaws.eu-west-1.s3"])
    def test_a_regional_host_is_allowed_at_home(self, host: str) -> None:
        assert broken(HERE, Thing=resource("AWS::SSM::Parameter", Value=host)) == []

    def test_one_text_is_reported_once_and_where_it_stands(self) -> None:
        value = {"Fn::Join": ["", ["arn:aws:s3:::", {"Fn::Join": ["", ["arn:aws:", {"Ref": "X"}]]}]]}
        found = check({"Outputs": {"Bucket": {"Value": value}}}, **CHINA)
        assert [(one.logical_id, one.location) for one in found] == [("", "Outputs.Bucket.Value")]

    def test_metadata_of_a_resource_is_not_looked_at(self) -> None:
        thing = resource("AWS::SSM::Parameter") | {"Metadata": {"note": "arn:aws:s3:::acme"}}
        assert broken(CHINA, Thing=thing) == []


class TestStarResource:
    @pytest.mark.parametrize(
        "on",
        ["*", ["arn:aws:s3:::acme", "*"], {"Fn::If": ["All", "*", "arn:aws:s3:::acme"]}, {"Fn::Sub": "*"}],
    )
    def test_an_allow_on_everything_is_refused_in_an_identity_policy(self, on: Any) -> None:
        assert broken(Job=role(allow("s3:GetObject", on))) == ["STAR_RESOURCE"]

    @pytest.mark.parametrize("kind", ["Policy", "ManagedPolicy", "RolePolicy"])
    def test_every_kind_of_identity_policy_is_looked_at(self, kind: str) -> None:
        assert broken(Job=policy(f"AWS::IAM::{kind}", allow("s3:GetObject", "*"))) == ["STAR_RESOURCE"]

    @pytest.mark.parametrize(
        "kind", ["AWS::S3::BucketPolicy", "AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy"]
    )
    def test_an_allow_on_everything_is_refused_in_a_resource_policy(self, kind: str) -> None:
        assert broken(Rule=policy(kind, allow("s3:GetObject", "*", Principal="*"))) == ["STAR_RESOURCE"]

    def test_a_policy_written_as_json_text_is_looked_at(self) -> None:
        document = json.dumps({"Statement": allow("logs:PutLogEvents", "*", Principal={"Service": "x"})})
        assert broken(Rule=resource("AWS::Logs::ResourcePolicy", PolicyDocument=document)) == [
            "STAR_RESOURCE"
        ]

    def test_a_statement_that_holds_only_under_a_condition_of_the_stack_is_looked_at(self) -> None:
        statement = {"Fn::If": ["Wide", allow("s3:GetObject", "*"), {"Ref": "AWS::NoValue"}]}
        assert broken(Job=role(statement)) == ["STAR_RESOURCE"]

    def test_all_but_a_few_resources_are_everything(self) -> None:
        statement = {"Effect": "Allow", "Action": "s3:GetObject", "NotResource": "arn:aws:s3:::acme/*"}
        assert broken(Job=role(statement)) == ["STAR_RESOURCE"]

    def test_all_but_a_few_actions_on_everything_are_refused(self) -> None:
        statement = {"Effect": "Allow", "NotAction": "iam:CreateUser", "Resource": "*"}
        assert broken(Job=role(statement)) == ["STAR_RESOURCE", "WILDCARD_ACTION"]

    def test_what_only_looks_like_a_policy_is_none(self) -> None:
        document = {"Statement": allow("s3:GetObject", "*")}
        assert check({"Metadata": document}, **HERE) == []
        note = resource("AWS::SSM::Parameter", Value='"Statement": allow everything on *')
        assert broken(Note=note) == []

    @pytest.mark.parametrize("on", REFERENCES)
    def test_an_intrinsic_is_not_everything(self, on: Any) -> None:
        assert broken(Job=role(allow("s3:GetObject", on))) == []

    @pytest.mark.parametrize(
        "statement",
        [
            allow(["xray:PutTraceSegments", "ECR:getAuthorizationToken"], "*"),
            allow("s3:GetObject", "*", Condition={"StringEquals": {"aws:ResourceAccount": "111122223333"}}),
            allow("s3:GetObject", "*") | {"Effect": "Deny"},
        ],
        ids=["star-only actions", "a condition", "a Deny"],
    )
    def test_everything_is_allowed_with(self, statement: dict[str, Any]) -> None:
        assert broken(Job=role(statement)) == []

    def test_a_condition_that_may_be_left_out_is_none(self) -> None:
        perhaps = {
            "Fn::If": ["Tight", {"StringEquals": {"aws:RequestedRegion": "x"}}, {"Ref": "AWS::NoValue"}]
        }
        assert broken(Job=role(allow("s3:GetObject", "*", Condition=perhaps))) == ["STAR_RESOURCE"]

    def test_one_action_that_takes_a_resource_spoils_the_star_only_ones(self) -> None:
        assert broken(Job=role(allow(["xray:PutTraceSegments", "s3:GetObject"], "*"))) == ["STAR_RESOURCE"]

    @pytest.mark.parametrize("kind", ["AWS::KMS::Key", "AWS::SecretsManager::ResourcePolicy"])
    def test_in_a_policy_where_it_is_the_resource_itself_the_star_is_allowed(self, kind: str) -> None:
        account = {"AWS": "arn:aws:iam::111122223333:root"}
        assert broken(Own=policy(kind, allow("kms:DescribeKey", "*", Principal=account))) == []

    def test_an_endpoint_policy_needs_a_condition_even_for_star_only_actions(self) -> None:
        open_to_all = allow("ecr:GetAuthorizationToken", "*", Principal="*")
        assert broken(Way=policy("AWS::EC2::VPCEndpoint", open_to_all)) == ["STAR_RESOURCE"]
        ours = {"Condition": {"StringEquals": {"aws:PrincipalAccount": "111122223333"}}}
        assert broken(Way=policy("AWS::EC2::VPCEndpoint", open_to_all | ours)) == []

    def test_an_endpoint_without_a_policy_is_refused(self) -> None:
        assert broken(Way=resource("AWS::EC2::VPCEndpoint", VpcId="vpc-1")) == ["STAR_RESOURCE"]

    @pytest.mark.parametrize("action", ["s3:getobject", "sagemaker:createtrainingjob", "iam:passrole"])
    def test_an_action_with_resources_is_not_star_only(self, action: str) -> None:
        assert action not in star_only_actions()

    @pytest.mark.parametrize(
        "action", ["bedrock:createmodelimportjob", "sagemaker:listhubs", "states:sendtasksuccess"]
    )
    def test_an_action_without_resources_is_star_only(self, action: str) -> None:
        assert action in star_only_actions()


class TestWildcardAction:
    @pytest.mark.parametrize("action", ["s3:Get*", ["s3:GetObject", "kms:GenerateDataKey*"], "s3:GetObjec?"])
    def test_an_allow_that_does_not_name_its_actions_is_refused(self, action: Any) -> None:
        assert broken(Job=role(allow(action))) == ["WILDCARD_ACTION"]

    def test_an_allow_of_all_but_some_actions_is_refused(self) -> None:
        statement = {"Effect": "Allow", "NotAction": "iam:*", "Resource": "arn:aws:s3:::acme"}
        assert broken(Job=role(statement)) == ["WILDCARD_ACTION"]

    def test_a_deny_may_use_wildcards(self) -> None:
        assert broken(Job=role(allow("s3:*") | {"Effect": "Deny"})) == []

    def test_a_resource_policy_may_use_wildcards(self) -> None:
        ours = {"Principal": "*", "Condition": {"StringEquals": {"aws:PrincipalAccount": "111122223333"}}}
        assert broken(Way=policy("AWS::EC2::VPCEndpoint", allow("s3:*", "*", **ours))) == []


class TestRolePrincipal:
    JOB = resource("AWS::IAM::Role", AssumeRolePolicyDocument={"Statement": []})

    @pytest.mark.parametrize("kind", ["AWS::S3::BucketPolicy", "AWS::KMS::Key", "AWS::EC2::VPCEndpoint"])
    @pytest.mark.parametrize(
        "principal",
        [
            "arn:aws:iam::111122223333:role/acme/dev/job/train",
            ["111122223333", "arn:aws:iam::111122223333:user/someone"],
            "AROAEXAMPLEEXAMPLE1",
            {"Fn::GetAtt": ["Job", "Arn"]},
            {"Fn::GetAtt": "Job.Arn"},
            {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/${Job}"},
            {"Fn::ImportValue": "acme-dev-studio:RoleArn"},
        ],
    )
    def test_a_role_or_user_is_refused_in_a_resource_policy(self, kind: str, principal: Any) -> None:
        statement = allow("s3:GetObject", Principal={"AWS": principal})
        assert broken(Job=self.JOB, Thing=policy(kind, statement)) == ["ROLE_PRINCIPAL"]

    def test_a_role_excepted_from_a_deny_is_refused_too(self) -> None:
        statement = {
            "Effect": "Deny",
            "Action": "s3:*",
            "NotPrincipal": {"AWS": {"Fn::GetAtt": ["Job", "Arn"]}},
        }
        assert broken(Job=self.JOB, Thing=policy("AWS::S3::BucketPolicy", statement)) == ["ROLE_PRINCIPAL"]

    @pytest.mark.parametrize(
        "principal",
        [
            {"AWS": "111122223333"},
            {"AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}},
            {"Service": "cloudtrail.amazonaws.com"},
            "*",
        ],
    )
    def test_accounts_services_and_everybody_are_allowed(self, principal: Any) -> None:
        statement = allow("s3:GetObject", Principal=principal)
        assert broken(Job=self.JOB, Thing=policy("AWS::S3::BucketPolicy", statement)) == []

    def test_a_trust_policy_may_name_a_role(self) -> None:
        trust = {"Statement": {"Effect": "Allow", "Principal": {"AWS": {"Fn::GetAtt": ["Job", "Arn"]}}}}
        assert broken(Job=self.JOB, Other=resource("AWS::IAM::Role", AssumeRolePolicyDocument=trust)) == []


class TestPassRole:
    TO_SAGEMAKER: ClassVar = {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
    JOBS = "arn:aws:iam::111122223333:role/acme/dev/job/*"

    def test_passing_named_roles_to_a_named_service_is_allowed(self) -> None:
        assert broken(Job=role(allow("iam:PassRole", self.JOBS, Condition=self.TO_SAGEMAKER))) == []

    @pytest.mark.parametrize(
        "condition",
        [
            {},
            {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}},
            {"StringEqualsIfExists": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
            {"StringLike": {"iam:PassedToService": "*.amazonaws.com"}},
            {"StringNotEquals": {"iam:PassedToService": "ec2.amazonaws.com"}},
        ],
    )
    def test_passing_a_role_to_any_service_is_refused(self, condition: dict[str, Any]) -> None:
        assert broken(Job=role(allow("iam:PassRole", self.JOBS, Condition=condition))) == ["PASS_ROLE"]

    @pytest.mark.parametrize("on", ["*", "arn:aws:iam::111122223333:role/*", "arn:aws:iam::111122223333:*"])
    def test_passing_any_role_is_refused(self, on: str) -> None:
        assert broken(Job=role(allow("iam:PassRole", on, Condition=self.TO_SAGEMAKER))) == ["PASS_ROLE"]

    def test_a_wildcard_that_includes_passing_is_refused(self) -> None:
        assert "PASS_ROLE" in broken(Job=role(allow("iam:Pass*", self.JOBS)))

    def test_only_an_allow_of_an_identity_passes_roles(self) -> None:
        assert broken(Job=role(allow("iam:PassRole", "*") | {"Effect": "Deny"})) == []
        ours = {"Principal": "*", "Condition": {"StringEquals": {"aws:PrincipalAccount": "111122223333"}}}
        assert broken(Way=policy("AWS::EC2::VPCEndpoint", allow("*", "*", **ours))) == []

    def test_a_wildcard_that_does_not_include_passing_is_another_rule(self) -> None:
        assert broken(Job=role(allow("iam:Get*", self.JOBS))) == ["WILDCARD_ACTION"]


class TestPolicySize:
    @staticmethod
    def many(count: int) -> dict[str, Any]:
        """An Allow on ``count`` objects, each with an ARN of 100 characters."""
        return allow("s3:GetObject", [f"arn:aws:s3:::{number:087}" for number in range(count)])

    def test_inline_policies_that_are_too_long_together_are_refused(self) -> None:
        assert broken(Job=role(self.many(95))) == []
        [violation] = check({"Resources": {"Job": role(self.many(110))}}, **HERE)
        assert violation.rule == "POLICY_SIZE"
        assert violation.message.endswith("characters, allowed: 10240")

    def test_a_managed_policy_holds_less_than_a_role(self) -> None:
        document = {"Version": "2012-10-17", "Statement": [self.many(60)]}
        assert broken(Rest=resource("AWS::IAM::ManagedPolicy", PolicyDocument=document)) == ["POLICY_SIZE"]

    def test_what_only_deployment_knows_counts_as_long_as_it_can_be(self) -> None:
        imports = [{"Fn::ImportValue": f"k{number}"} for number in range(130)]
        assert broken(Job=role(allow("kms:Decrypt", imports))) == ["POLICY_SIZE"]


class TestGetStackOutput:
    VALUE: ClassVar = {"Fn::GetStackOutput": {"StackName": "acme-dev-network", "OutputName": "VpcId"}}

    def test_the_output_of_another_stack_is_refused_wherever_it_stands(self) -> None:
        nested = {"Fn::Join": ["-", ["vpc", self.VALUE]]}
        assert broken(Group=resource("AWS::SSM::Parameter", Value=nested)) == ["GET_STACK_OUTPUT"]
        [violation] = check({"Outputs": {"Vpc": {"Value": self.VALUE}}}, **HERE)
        assert (violation.rule, violation.location) == ("GET_STACK_OUTPUT", "Outputs.Vpc.Value")

    def test_an_import_is_allowed(self) -> None:
        value = {"Fn::ImportValue": "acme-dev-network:VpcId"}
        assert broken(Group=resource("AWS::SSM::Parameter", Value=value)) == []


class TestLogGroup:
    COMPLETE: ClassVar = {
        "RetentionInDays": 365,
        "KmsKeyId": {"Fn::ImportValue": "acme-dev-foundation:LogsKeyArn"},
    }

    def test_a_log_group_with_retention_and_key_is_allowed(self) -> None:
        assert broken(Logs=resource("AWS::Logs::LogGroup", **self.COMPLETE)) == []

    @pytest.mark.parametrize("missing", ["RetentionInDays", "KmsKeyId"])
    def test_a_log_group_without_retention_or_key_is_refused(self, missing: str) -> None:
        absent = {key: value for key, value in self.COMPLETE.items() if key != missing}
        assert broken(Logs=resource("AWS::Logs::LogGroup", **absent)) == ["LOG_GROUP"]
        none = self.COMPLETE | {missing: {"Ref": "AWS::NoValue"}}
        assert broken(Logs=resource("AWS::Logs::LogGroup", **none)) == ["LOG_GROUP"]


def deny(action: str, on: Any, condition: Any = None, principal: Any = "*") -> dict[str, Any]:
    condition = condition or {"Bool": {"aws:SecureTransport": "false"}}
    return {
        "Effect": "Deny",
        "Action": action,
        "Resource": on,
        "Principal": principal,
        "Condition": condition,
    }


class TestTlsOnly:
    BUCKET: ClassVar = resource("AWS::S3::Bucket", BucketName="acme-dev-data")
    BOTH: ClassVar = ["arn:aws:s3:::acme-dev-data", "arn:aws:s3:::acme-dev-data/*"]

    def bucket(self, *statements: dict[str, Any], attached_to: Any = "acme-dev-data") -> list[str]:
        return broken(Data=self.BUCKET, Rule=policy("AWS::S3::BucketPolicy", *statements, Bucket=attached_to))

    @pytest.mark.parametrize("kind", ["AWS::S3::Bucket", "AWS::SQS::Queue", "AWS::SNS::Topic"])
    def test_what_has_no_policy_is_refused(self, kind: str) -> None:
        assert broken(Data=resource(kind)) == ["TLS_ONLY"]

    @pytest.mark.parametrize("attached_to", ["acme-dev-data", {"Ref": "Data"}])
    @pytest.mark.parametrize(
        "on",
        [
            BOTH,
            "*",
            [
                {"Fn::GetAtt": ["Data", "Arn"]},
                {"Fn::Join": ["", [{"Fn::GetAtt": ["Data", "Arn"]}, "/*"]]},
            ],
        ],
    )
    def test_a_bucket_that_denies_plain_requests_is_allowed(self, attached_to: Any, on: Any) -> None:
        assert self.bucket(deny("s3:*", on), attached_to=attached_to) == []

    @pytest.mark.parametrize(
        "statement",
        [
            deny("s3:GetObject", BOTH),
            deny("s3:*", BOTH[0]),
            deny("s3:*", BOTH[1:]),
            deny("s3:*", [f"{arn}-other" for arn in BOTH]),
            deny("s3:*", BOTH, principal={"AWS": "111122223333"}),
            deny("s3:*", BOTH, {"Bool": {"aws:SecureTransport": "true"}}),
            deny("s3:*", BOTH, {"Bool": {"aws:SecureTransport": "false", "aws:ViaAWSService": "false"}}),
            deny("s3:*", BOTH, {"NumericLessThan": {"s3:TlsVersion": "1.2"}}),
            deny("s3:*", BOTH) | {"Effect": "Allow"},
        ],
        ids=[
            "only some actions",
            "only the bucket",
            "only its objects",
            "another bucket",
            "only one account",
            "the other way round",
            "only under a second condition",
            "only old TLS",
            "an Allow",
        ],
    )
    def test_a_bucket_is_refused_that_denies(self, statement: dict[str, Any]) -> None:
        assert self.bucket(statement) == ["TLS_ONLY"]

    def test_a_policy_attached_to_another_bucket_does_not_count(self) -> None:
        assert self.bucket(deny("s3:*", self.BOTH), attached_to={"Ref": "Other"}) == ["TLS_ONLY"]

    @pytest.mark.parametrize(
        ("kind", "rule", "attached", "action"),
        [
            ("AWS::SQS::Queue", "AWS::SQS::QueuePolicy", {"Queues": [{"Ref": "Data"}]}, "sqs:*"),
            ("AWS::SQS::Queue", "AWS::SQS::QueueInlinePolicy", {"Queue": {"Ref": "Data"}}, "sqs:*"),
            ("AWS::SNS::Topic", "AWS::SNS::TopicPolicy", {"Topics": [{"Ref": "Data"}]}, "sns:Publish"),
            ("AWS::SNS::Topic", "AWS::SNS::TopicInlinePolicy", {"TopicArn": {"Ref": "Data"}}, "sns:Publish"),
        ],
    )
    def test_a_queue_or_topic_that_denies_plain_requests_is_allowed(
        self, kind: str, rule: str, attached: dict[str, Any], action: str
    ) -> None:
        denial = deny(action, {"Fn::GetAtt": ["Data", "Arn"]})
        assert broken(Data=resource(kind), Rule=policy(rule, denial, **attached)) == []
        of_another = deny(action, {"Fn::GetAtt": ["Other", "Arn"]})
        assert broken(Data=resource(kind), Rule=policy(rule, of_another, **attached)) == ["TLS_ONLY"]

    def test_names_computed_beforehand_are_recognised(self) -> None:
        arn = "arn:aws:sns:eu-west-1:111122223333:acme-dev-news"
        topic = resource("AWS::SNS::Topic", TopicName="acme-dev-news")
        attached = policy("AWS::SNS::TopicPolicy", deny("sns:Publish", arn), Topics=[arn])
        assert broken(News=topic, Rule=attached) == []


class TestOpenEgress:
    CLOSED: ClassVar = [{"CidrIp": "10.0.0.0/16", "IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}]

    def group(self, **properties: Any) -> list[str]:
        return broken(Group=resource("AWS::EC2::SecurityGroup", **properties))

    def test_a_group_that_names_where_it_goes_is_allowed(self) -> None:
        assert self.group(SecurityGroupEgress=self.CLOSED) == []
        prefix_list = [{"DestinationPrefixListId": {"Ref": "S3List"}, "IpProtocol": "tcp"}]
        assert self.group(SecurityGroupEgress=prefix_list) == []

    @pytest.mark.parametrize("egress", [None, [], {"Ref": "AWS::NoValue"}])
    def test_a_group_without_egress_rules_is_refused_because_ec2_adds_one(self, egress: Any) -> None:
        assert self.group(SecurityGroupEgress=egress) == ["OPEN_EGRESS"]

    @pytest.mark.parametrize(
        "cidr",
        [
            {"CidrIp": "0.0.0.0/0"},
            {"CidrIp": "10.0.0.0/0"},
            {"CidrIpv6": "::/0"},
            {"CidrIpv6": "0000:0000::/0"},
            {"CidrIp": {"Fn::If": ["Open", "0.0.0.0/0", "10.0.0.0/16"]}},
        ],
    )
    def test_a_rule_open_to_every_address_is_refused_in_both_directions(self, cidr: dict[str, Any]) -> None:
        assert self.group(SecurityGroupEgress=[*self.CLOSED, cidr]) == ["OPEN_EGRESS"]
        both = {"SecurityGroupEgress": self.CLOSED, "SecurityGroupIngress": [cidr]}
        assert self.group(**both) == ["OPEN_EGRESS"]
        assert broken(Out=resource("AWS::EC2::SecurityGroupEgress", **cidr)) == ["OPEN_EGRESS"]
        assert broken(In=resource("AWS::EC2::SecurityGroupIngress", **cidr)) == ["OPEN_EGRESS"]

    def test_a_description_opens_nothing(self) -> None:
        described = [self.CLOSED[0] | {"Description": "0.0.0.0/0"}]
        assert self.group(SecurityGroupEgress=described) == []

    @pytest.mark.parametrize("cidr", ["10.0.0.0/8", {"Fn::GetAtt": ["Vpc", "CidrBlock"]}])
    def test_a_rule_of_a_network_is_allowed(self, cidr: Any) -> None:
        assert broken(In=resource("AWS::EC2::SecurityGroupIngress", CidrIp=cidr)) == []


# --- SageMaker -------------------------------------------------------------------------------------------

NOTHING = {"Ref": "AWS::NoValue"}
KEY = {"Fn::ImportValue": "acme-dev-foundation:DataKeyArn"}
VPC_CONFIG = {
    "Subnets": [{"Fn::ImportValue": "acme-dev-network:SubnetId1"}],
    "SecurityGroupIds": [{"Fn::ImportValue": "acme-dev-network:JobSecurityGroupId"}],
}
NETWORK = {
    "EnableNetworkIsolation": True,
    "EnableInterContainerTrafficEncryption": True,
    "VpcConfig": VPC_CONFIG,
}
KINDS = ("DataQuality", "ModelBias", "ModelExplainability", "ModelQuality")
CLUSTER = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeKmsKeyId": KEY}
MODEL = resource("AWS::SageMaker::Model", EnableNetworkIsolation=True, VpcConfig=VPC_CONFIG)


def job_definition(kind: str) -> dict[str, Any]:
    """A monitoring job as the rules want it; ``kind`` is one of ``KINDS``."""
    return resource(
        f"AWS::SageMaker::{kind}JobDefinition",
        NetworkConfig=NETWORK,
        JobResources={"ClusterConfig": CLUSTER},
        **{f"{kind}JobOutputConfig": {"KmsKeyId": KEY}},
    )


def processing() -> dict[str, Any]:
    return resource(
        "AWS::SageMaker::ProcessingJob",
        NetworkConfig=NETWORK,
        ProcessingResources={"ClusterConfig": CLUSTER},
        ProcessingOutputConfig={"KmsKeyId": KEY},
    )


def schedule() -> dict[str, Any]:
    job = {
        "NetworkConfig": NETWORK,
        "MonitoringResources": {"ClusterConfig": CLUSTER},
        "MonitoringOutputConfig": {"KmsKeyId": KEY},
    }
    return resource(
        "AWS::SageMaker::MonitoringSchedule", MonitoringScheduleConfig={"MonitoringJobDefinition": job}
    )


MONITORING = [*map(job_definition, KINDS), processing(), schedule()]
MONITORING_IDS = [each["Type"].rpartition("::")[2] for each in MONITORING]


def endpoint_config(*variants: dict[str, Any], **properties: Any) -> dict[str, Any]:
    default = {"InstanceType": "ml.m5.large", "InitialInstanceCount": 2}
    return resource(
        "AWS::SageMaker::EndpointConfig",
        **{"KmsKeyId": KEY, "ProductionVariants": list(variants) or [default], **properties},
    )


def changed(thing: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A resource with another value at a dotted path of its properties; None removes it."""
    copy: dict[str, Any] = json.loads(json.dumps(thing))
    *steps, last = path.split(".")
    node = copy["Properties"]
    for step in steps:
        node = node[step]
    node.pop(last) if value is None else node.update({last: value})
    return copy


def network_path(thing: dict[str, Any], key: str) -> str:
    """Where a resource says ``key`` of its network configuration."""
    if thing["Type"] == "AWS::SageMaker::Model":
        return key
    inline = "MonitoringScheduleConfig.MonitoringJobDefinition."
    return f"{inline if thing['Type'].endswith('Schedule') else ''}NetworkConfig.{key}"


@pytest.mark.parametrize("thing", [MODEL, *MONITORING], ids=["Model", *MONITORING_IDS])
class TestNetworkIsolation:
    def test_a_container_without_network_access_is_allowed(self, thing: dict[str, Any]) -> None:
        assert broken(Thing=thing) == []
        assert broken(Thing=changed(thing, network_path(thing, "EnableNetworkIsolation"), "true")) == []

    @pytest.mark.parametrize(
        "value",
        [None, False, "false", NOTHING, {"Ref": "Isolated"}, {"Fn::If": ["Isolated", True, NOTHING]}],
        ids=["missing", "false", "text", "no value", "a parameter", "perhaps"],
    )
    def test_a_container_that_may_have_a_network_is_refused(self, thing: dict[str, Any], value: Any) -> None:
        open_ = changed(thing, network_path(thing, "EnableNetworkIsolation"), value)
        assert broken(Thing=open_) == ["NETWORK_ISOLATION"]


@pytest.mark.parametrize("thing", MONITORING, ids=MONITORING_IDS)
class TestTrafficEncryption:
    @pytest.mark.parametrize("value", [None, False, {"Fn::If": ["Fast", False, True]}])
    def test_a_job_whose_containers_may_talk_in_the_clear_is_refused(
        self, thing: dict[str, Any], value: Any
    ) -> None:
        clear = changed(thing, network_path(thing, "EnableInterContainerTrafficEncryption"), value)
        assert broken(Thing=clear) == ["TRAFFIC_ENCRYPTION"]


class TestInVpc:
    @pytest.mark.parametrize("thing", [MODEL, *MONITORING], ids=["Model", *MONITORING_IDS])
    @pytest.mark.parametrize("part", ["Subnets", "SecurityGroupIds"])
    @pytest.mark.parametrize("value", [None, [], NOTHING, [{"Fn::If": ["Open", NOTHING, "x-1"]}]])
    def test_a_container_that_may_run_outside_a_vpc_is_refused(
        self, thing: dict[str, Any], part: str, value: Any
    ) -> None:
        outside = changed(thing, network_path(thing, f"VpcConfig.{part}"), value)
        assert broken(Thing=outside) == ["IN_VPC"]

    def test_a_list_that_keeps_one_item_whatever_is_decided_is_allowed(self) -> None:
        some = ["subnet-1", {"Fn::If": ["Wide", "subnet-2", NOTHING]}]
        assert broken(Thing=changed(MODEL, "VpcConfig.Subnets", some)) == []
        imported = {"Fn::Split": [",", {"Fn::ImportValue": "acme-dev-network:SubnetIds"}]}
        assert broken(Thing=changed(MODEL, "VpcConfig.Subnets", imported)) == []

    def test_a_schedule_that_names_a_job_definition_leaves_the_network_to_it(self) -> None:
        named = resource(
            "AWS::SageMaker::MonitoringSchedule",
            MonitoringScheduleConfig={"MonitoringJobDefinitionName": {"Ref": "Job"}},
        )
        assert broken(Thing=named) == []


class TestCustomerKey:
    FEATURES: ClassVar = resource(
        "AWS::SageMaker::FeatureGroup",
        Description="Income and debts of applicants",
        OfflineStoreConfig={"S3StorageConfig": {"S3Uri": "s3://acme-dev-data/f", "KmsKeyId": KEY}},
        OnlineStoreConfig={"EnableOnlineStore": True, "SecurityConfig": {"KmsKeyId": KEY}},
        Tags=[{"Key": "owner", "Value": "credit"}],
    )
    EXPERIMENT: ClassVar = resource(
        "AWS::SageMaker::InferenceExperiment",
        KmsKey=KEY,
        DataStorageConfig={"Destination": "s3://acme-dev-capture/e", "KmsKey": KEY},
        ModelVariants=[
            {"InfrastructureConfig": {"RealTimeInferenceConfig": {"InstanceType": "ml.m5.large"}}}
        ],
        Tags=[{"Key": "owner", "Value": "credit"}],
    )
    STORING: ClassVar = [
        (FEATURES, "OfflineStoreConfig.S3StorageConfig.KmsKeyId"),
        (FEATURES, "OnlineStoreConfig.SecurityConfig.KmsKeyId"),
        (EXPERIMENT, "KmsKey"),
        (EXPERIMENT, "DataStorageConfig.KmsKey"),
        (resource("AWS::SageMaker::ModelCard", SecurityConfig={"KmsKeyId": KEY}), "SecurityConfig.KmsKeyId"),
        (endpoint_config(), "KmsKeyId"),
        (endpoint_config(DataCaptureConfig={"KmsKeyId": KEY}), "DataCaptureConfig.KmsKeyId"),
        (
            endpoint_config(AsyncInferenceConfig={"OutputConfig": {"KmsKeyId": KEY}}),
            "AsyncInferenceConfig.OutputConfig.KmsKeyId",
        ),
        *(
            (job_definition(kind), path)
            for kind in KINDS
            for path in (f"{kind}JobOutputConfig.KmsKeyId", "JobResources.ClusterConfig.VolumeKmsKeyId")
        ),
        (processing(), "ProcessingOutputConfig.KmsKeyId"),
        (processing(), "ProcessingResources.ClusterConfig.VolumeKmsKeyId"),
        (
            schedule(),
            "MonitoringScheduleConfig.MonitoringJobDefinition.MonitoringResources.ClusterConfig.VolumeKmsKeyId",
        ),
        (
            schedule(),
            "MonitoringScheduleConfig.MonitoringJobDefinition.MonitoringOutputConfig.KmsKeyId",
        ),
    ]

    @pytest.mark.parametrize(
        ("thing", "path"), STORING, ids=[f"{thing['Type']}.{path}" for thing, path in STORING]
    )
    def test_what_would_be_stored_under_a_key_of_aws_is_refused(
        self, thing: dict[str, Any], path: str
    ) -> None:
        assert broken(Thing=thing) == []
        assert broken(Thing=changed(thing, path, None)) == ["CUSTOMER_KEY"]
        assert broken(Thing=changed(thing, path, NOTHING)) == ["CUSTOMER_KEY"]

    @pytest.mark.parametrize("store", ["OfflineStoreConfig", "OnlineStoreConfig"])
    def test_a_store_that_a_feature_group_does_not_have_needs_no_key(self, store: str) -> None:
        assert broken(Thing=changed(self.FEATURES, store, None)) == []

    def test_a_core_dump_needs_a_key(self) -> None:
        variant = {"InstanceType": "ml.m5.large", "InitialInstanceCount": 2}
        dumps = {"DestinationS3Uri": "s3://acme-dev-capture/dumps"}
        without, within = ({"CoreDumpConfig": dumps | key} for key in ({}, {"KmsKeyId": KEY}))
        assert broken(Thing=endpoint_config(variant, variant | without)) == ["CUSTOMER_KEY"]
        assert broken(Thing=endpoint_config(variant, variant | within)) == []

    @pytest.mark.parametrize("local", ["ml.g5.xlarge", "ml.g4dn.xlarge", "ml.m5d.large", "ml.p4d.24xlarge"])
    def test_a_volume_key_is_refused_for_instances_that_encrypt_their_own_storage(self, local: str) -> None:
        variant = {"InstanceType": local, "InitialInstanceCount": 2}
        assert broken(Thing=endpoint_config(variant)) == ["CUSTOMER_KEY"]
        assert broken(Thing=endpoint_config(variant, KmsKeyId=NOTHING)) == []
        path = "ProcessingResources.ClusterConfig"
        assert broken(Thing=changed(processing(), path, CLUSTER | {"InstanceType": local})) == [
            "CUSTOMER_KEY"
        ]
        assert broken(Thing=changed(processing(), path, {"InstanceType": local})) == []

    def test_one_variant_with_local_storage_forbids_the_key_of_all(self) -> None:
        variants = [{"InstanceType": f"ml.{t}.xlarge", "InitialInstanceCount": 2} for t in ("m5", "g5")]
        assert broken(Thing=endpoint_config(*variants)) == ["CUSTOMER_KEY"]

    def test_families_with_local_storage_are_those_that_ec2_says_have_it(self) -> None:
        packed = importlib.resources.files("moto.ec2.resources") / "instance_types.json.gz"
        described = json.loads(gzip.decompress(packed.read_bytes()))
        stores = {
            name.partition(".")[0]: bool(d["InstanceStorageSupported"]) for name, d in described.items()
        }
        uses = ("app", "training", "processing", "transform", "hosting")
        families = {name.split(".")[1] for name in instance_types(*uses) if name.count(".") == 2}
        # Known only from EC2's documentation: not in moto's copy.
        stores |= {"dl1": True, "geospatial": False, "p2": False, "p3": False, "p6e-gb200": True}
        assert families <= set(stores)
        assert {name for name in families if has_local_storage(f"ml.{name}.large")} == {
            name for name in families if stores[name]
        }


class TestEndpointInstances:
    @pytest.mark.parametrize("count", [2, "2", 10, {"Fn::If": ["Large", 4, 2]}])
    def test_a_variant_that_may_lose_an_instance_is_allowed(self, count: Any) -> None:
        variant = {"InstanceType": "ml.m5.large", "InitialInstanceCount": count}
        assert broken(Thing=endpoint_config(variant)) == []

    @pytest.mark.parametrize("count", [None, 1, "1", 0, {"Ref": "Count"}, {"Fn::If": ["Large", 4, 1]}])
    def test_a_variant_that_may_have_one_instance_is_refused(self, count: Any) -> None:
        two = {"InstanceType": "ml.m5.large", "InitialInstanceCount": 2}
        assert broken(Thing=endpoint_config(two, two | {"InitialInstanceCount": count})) == [
            "ENDPOINT_INSTANCES"
        ]

    def test_a_parameter_counts_by_the_least_it_may_be(self) -> None:
        config = endpoint_config({"InstanceType": "ml.m5.large", "InitialInstanceCount": {"Ref": "Count"}})

        def found(**parameter: Any) -> list[str]:
            template = {"Parameters": {"Count": {"Type": "Number", **parameter}}, "Resources": {"C": config}}
            return [violation.rule for violation in check(template, **HERE)]

        assert found(MinValue=2) == []
        assert found(MinValue=1) == found(Default=2) == ["ENDPOINT_INSTANCES"]

    def test_a_serverless_or_shadow_variant_needs_no_second_instance(self) -> None:
        serverless = {"ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 5}}
        assert broken(Thing=endpoint_config(serverless)) == []
        shadow = [{"InstanceType": "ml.m5.large", "InitialInstanceCount": 1}]
        assert broken(Thing=endpoint_config(ShadowProductionVariants=shadow)) == []


class TestNotebookInstance:
    CLOSED: ClassVar = resource(
        "AWS::SageMaker::NotebookInstance",
        DirectInternetAccess="Disabled",
        InstanceMetadataServiceConfiguration={"MinimumInstanceMetadataServiceVersion": "2"},
        KmsKeyId=KEY,
        PlatformIdentifier="notebook-al2023-v1",
        RootAccess="Disabled",
        SecurityGroupIds=["sg-1"],
        SubnetId="subnet-1",
    )

    def test_a_closed_notebook_instance_is_allowed(self) -> None:
        assert broken(Thing=self.CLOSED) == []

    @pytest.mark.parametrize(
        ("path", "wrong"),
        [
            ("DirectInternetAccess", "Enabled"),
            ("InstanceMetadataServiceConfiguration.MinimumInstanceMetadataServiceVersion", "1"),
            ("PlatformIdentifier", "notebook-al2-v2"),
            ("RootAccess", "Enabled"),
            ("SecurityGroupIds", []),
            ("SubnetId", NOTHING),
        ],
    )
    def test_an_open_or_outdated_notebook_instance_is_refused(self, path: str, wrong: Any) -> None:
        for value in (wrong, None, {"Fn::If": ["Old", wrong, NOTHING]}):
            assert broken(Thing=changed(self.CLOSED, path, value)) == ["NOTEBOOK_INSTANCE"]

    def test_a_notebook_instance_without_a_key_is_refused(self) -> None:
        assert broken(Thing=changed(self.CLOSED, "KmsKeyId", None)) == ["CUSTOMER_KEY"]

    def test_the_message_says_what_was_given_and_what_is_allowed(self) -> None:
        [violation] = check(
            {"Resources": {"Book": changed(self.CLOSED, "PlatformIdentifier", "notebook-al1-v1")}}, **HERE
        )
        assert violation == Violation(
            rule="NOTEBOOK_INSTANCE",
            logical_id="Book",
            message="PlatformIdentifier is notebook-al1-v1, allowed: notebook-al2023-v1",
            location="Properties.PlatformIdentifier",
        )


IDLE = {
    "AppLifecycleManagement": {
        "IdleSettings": {"LifecycleManagement": "ENABLED", "IdleTimeoutInMinutes": 120}
    }
}
DOMAIN = resource(
    "AWS::SageMaker::Domain",
    AppNetworkAccessType="VpcOnly",
    AuthMode="IAM",
    DefaultSpaceSettings={"SecurityGroups": ["sg-1"], "JupyterLabAppSettings": IDLE},
    DefaultUserSettings={
        "CodeEditorAppSettings": IDLE,
        "DefaultLandingUri": "studio::",
        "JupyterLabAppSettings": IDLE,
        "SecurityGroups": ["sg-1"],
        "StudioWebPortalSettings": {"HiddenAppTypes": ["JupyterServer", "KernelGateway"]},
    },
    DomainName="acme-dev-studio",
    DomainSettings={"ExecutionRoleIdentityConfig": "USER_PROFILE_NAME"},
    KmsKeyId=KEY,
    SubnetIds=["subnet-1"],
    TagPropagation="ENABLED",
    Tags=[{"Key": "owner", "Value": "ml-platform"}],
    VpcId="vpc-1",
)


class TestStudioDomain:
    def test_a_domain_in_the_vpc_only_is_allowed(self) -> None:
        assert broken(Studio=DOMAIN) == []

    @pytest.mark.parametrize(
        ("path", "wrong"),
        [
            ("AppNetworkAccessType", "PublicInternetOnly"),
            ("DefaultSpaceSettings.SecurityGroups", []),
            ("DefaultUserSettings.SecurityGroups", []),
            ("DomainSettings.ExecutionRoleIdentityConfig", "DISABLED"),
            ("SubnetIds", []),
            ("TagPropagation", "DISABLED"),
            ("VpcId", NOTHING),
        ],
    )
    def test_a_domain_that_is_open_or_hides_who_works_in_it_is_refused(self, path: str, wrong: Any) -> None:
        for value in (wrong, None):
            assert broken(Studio=changed(DOMAIN, path, value)) == ["STUDIO_DOMAIN"]

    def test_a_domain_without_a_key_is_refused(self) -> None:
        assert broken(Studio=changed(DOMAIN, "KmsKeyId", None)) == ["CUSTOMER_KEY"]


class TestUserProfile:
    OWN: ClassVar = resource(
        "AWS::SageMaker::UserProfile",
        UserProfileName="ada",
        UserSettings={
            "ExecutionRole": "arn:aws:iam::111122223333:role/acme/dev/persona/a",
            "SecurityGroups": ["sg-1"],
        },
    )

    def test_a_profile_with_role_and_security_groups_is_allowed(self) -> None:
        assert broken(Ada=self.OWN) == []

    @pytest.mark.parametrize(
        "path", ["UserSettings.ExecutionRole", "UserSettings.SecurityGroups", "UserSettings"]
    )
    def test_a_profile_that_falls_back_to_the_domain_is_refused(self, path: str) -> None:
        assert broken(Ada=changed(self.OWN, path, None)) == ["USER_PROFILE"]


class TestIdleShutdown:
    APPLICATIONS = (
        "DefaultSpaceSettings.JupyterLabAppSettings",
        "DefaultUserSettings.CodeEditorAppSettings",
        "DefaultUserSettings.JupyterLabAppSettings",
    )

    @pytest.mark.parametrize("application", APPLICATIONS)
    def test_an_application_that_is_never_stopped_is_refused(self, application: str) -> None:
        assert broken(Studio=changed(DOMAIN, application, None)) == ["IDLE_SHUTDOWN"]
        idle = f"{application}.AppLifecycleManagement.IdleSettings"
        assert broken(Studio=changed(DOMAIN, f"{idle}.LifecycleManagement", "DISABLED")) == ["IDLE_SHUTDOWN"]
        assert broken(Studio=changed(DOMAIN, f"{idle}.IdleTimeoutInMinutes", None)) == ["IDLE_SHUTDOWN"]

    def test_any_time_will_do(self) -> None:
        idle = "DefaultUserSettings.JupyterLabAppSettings.AppLifecycleManagement.IdleSettings"
        assert broken(Studio=changed(DOMAIN, f"{idle}.IdleTimeoutInMinutes", 60)) == []


class TestStudioClassic:
    @pytest.mark.parametrize(
        "thing",
        [
            resource("AWS::SageMaker::App", AppName="default", AppType="JupyterServer"),
            resource("AWS::SageMaker::Space", SpaceSettings={"AppType": "KernelGateway"}),
            resource("AWS::SageMaker::Space", SpaceSettings={"JupyterServerAppSettings": {}}),
            resource(
                "AWS::SageMaker::StudioLifecycleConfig",
                StudioLifecycleConfigAppType={"Fn::If": ["Old", "KernelGateway", "JupyterLab"]},
                StudioLifecycleConfigName="acme-dev-defaults-0123abcd",
            ),
            resource("AWS::SageMaker::AppImageConfig", KernelGatewayImageConfig={}, Tags=[{"Key": "a"}]),
            changed(DOMAIN, "DefaultUserSettings.KernelGatewayAppSettings", {"LifecycleConfigArns": []}),
            changed(DOMAIN, "DefaultUserSettings.DefaultLandingUri", "app:JupyterServer:"),
        ],
        ids=[
            "an app",
            "a space",
            "a space's settings",
            "a lifecycle",
            "an image",
            "settings",
            "a landing page",
        ],
    )
    def test_what_is_made_for_studio_classic_is_refused(self, thing: dict[str, Any]) -> None:
        assert broken(Thing=thing) == ["STUDIO_CLASSIC"]

    @pytest.mark.parametrize(
        "thing",
        [
            resource("AWS::SageMaker::App", AppName="default", AppType="JupyterLab"),
            resource("AWS::SageMaker::Space", SpaceSettings={"AppType": "CodeEditor"}),
            changed(DOMAIN, "DefaultUserSettings.KernelGatewayAppSettings", NOTHING),
        ],
    )
    def test_the_applications_of_studio_are_allowed(self, thing: dict[str, Any]) -> None:
        assert broken(Thing=thing) == []


class TestDescribed:
    TAGS: ClassVar = [{"Key": "owner", "Value": "ml-platform"}]
    IMAGE: ClassVar = resource(
        "AWS::SageMaker::Image", ImageName="acme-dev-studio", ImageDescription="Acme's tools", Tags=TAGS
    )

    @pytest.mark.parametrize(
        "thing",
        [
            IMAGE,
            resource("AWS::SageMaker::AppImageConfig", JupyterLabAppImageConfig={}, Tags=TAGS),
            DOMAIN,
            TestCustomerKey.FEATURES,
            TestCustomerKey.EXPERIMENT,
        ],
        ids=["an image", "its configuration", "a domain", "a feature group", "an experiment"],
    )
    def test_what_carries_no_tags_is_refused(self, thing: dict[str, Any]) -> None:
        assert broken(Thing=thing) == []
        assert broken(Thing=changed(thing, "Tags", None)) == ["DESCRIBED"]
        assert broken(Thing=changed(thing, "Tags", [])) == ["DESCRIBED"]

    def test_an_image_or_feature_group_without_a_description_is_refused(self) -> None:
        assert broken(Thing=changed(self.IMAGE, "ImageDescription", None)) == ["DESCRIBED"]
        assert broken(Thing=changed(TestCustomerKey.FEATURES, "Description", None)) == ["DESCRIBED"]


class TestImmutableName:
    @pytest.mark.parametrize(
        ("thing", "key"),
        [
            (MODEL, "ModelName"),
            (endpoint_config(), "EndpointConfigName"),
            *((job_definition(kind), "JobDefinitionName") for kind in KINDS),
        ],
        ids=["Model", "EndpointConfig", *KINDS],
    )
    def test_a_name_for_what_cannot_change_in_place_is_refused(self, thing: dict[str, Any], key: str) -> None:
        assert broken(Thing=changed(thing, key, "acme-dev-credit")) == ["IMMUTABLE_NAME"]
        assert broken(Thing=changed(thing, key, {"Fn::If": ["Named", "acme", NOTHING]})) == ["IMMUTABLE_NAME"]
        assert broken(Thing=changed(thing, key, NOTHING)) == []

    @pytest.mark.parametrize(
        "name", ["acme-dev-defaults-0123abcd", {"Fn::Join": ["-", ["acme", "0123abcd"]]}]
    )
    def test_a_lifecycle_configuration_whose_name_ends_in_a_hash_is_allowed(self, name: Any) -> None:
        thing = resource("AWS::SageMaker::StudioLifecycleConfig", StudioLifecycleConfigName=name)
        assert broken(Thing=thing) == []

    @pytest.mark.parametrize("name", ["acme-dev-defaults", "acme-dev-defaults-v2", {"Ref": "Name"}, None])
    def test_a_lifecycle_configuration_with_a_fixed_name_is_refused(self, name: Any) -> None:
        thing = resource("AWS::SageMaker::StudioLifecycleConfig", StudioLifecycleConfigName=name)
        assert broken(Thing=thing) == ["IMMUTABLE_NAME"]


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        ("AWS::SageMaker::ModelPackageGroup", "ModelPackageGroupPolicy"),
        ("AWS::ECR::Repository", "RepositoryPolicyText"),
    ],
)
def test_policies_of_the_registry_are_judged_as_any_other(kind: str, key: str) -> None:
    def shared(principal: str) -> dict[str, Any]:
        statement = allow("sagemaker:DescribeModelPackage", Principal={"AWS": principal})
        return resource(kind, **{key: {"Version": "2012-10-17", "Statement": [statement]}})

    assert broken(Thing=shared("arn:aws:iam::444455556666:root")) == []
    assert broken(Thing=shared("arn:aws:iam::444455556666:role/acme/dev/endpoint/credit")) == [
        "ROLE_PRINCIPAL"
    ]


def test_every_rule_has_tests_named_after_it() -> None:
    tested = {name for name in globals() if name.startswith("Test")}
    elsewhere = {rule for _, _, rule in MISTAKES.values()} | {"ENDPOINT_DELETION"}  # test_serving_rules.py
    here = [rule.id for rule in RULES if rule.id not in elsewhere]
    assert {f"Test{rule.title().replace('_', '')}" for rule in here} <= tested
