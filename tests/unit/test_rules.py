"""Every rule refuses what it is for, and nothing else."""

import json
from typing import Any, ClassVar

import pytest

from mlplatform.rules import RULES, Violation, check, star_only_actions

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
