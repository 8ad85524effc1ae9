"""The gate of the rehearsal: real calls through the real server, judged by small policies."""

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest
from botocore.exceptions import ClientError
from small_account import HERE, PLACE, THERE, allow, deny, document, role

from rehearsal.actions import action_of
from rehearsal.api import REHEARSAL, ApiError, ApiRequest, Principal
from rehearsal.emulator import Emulator
from rehearsal.iam_data import action
from rehearsal.resources import resources

BUCKET = "acme-dev-data"
BUCKET_ARN = f"arn:aws:s3:::{BUCKET}"
ROOT = {"AWS": f"arn:aws:iam::{HERE}:root"}
DENIED = ("AccessDenied", "AccessDeniedException", "AuthorizationError")
JOB = {
    "TrainingJobName": "acme-dev-credit-train-1",
    "AlgorithmSpecification": {"TrainingInputMode": "File"},
    "OutputDataConfig": {"S3OutputPath": "s3://acme-dev-artifacts/x", "KmsKeyId": "0a1b"},
    "ResourceConfig": {
        "InstanceType": "ml.m5.large",
        "InstanceCount": 1,
        "VolumeSizeInGB": 30,
        "VolumeKmsKeyId": "0a1b",
    },
    "VpcConfig": {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]},
    "EnableNetworkIsolation": True,
    "StoppingCondition": {"MaxRuntimeInSeconds": 60},
}
_number = count(1)

Act = Callable[..., Principal]


@pytest.fixture(scope="module")
def account() -> Iterator[Emulator]:
    with Emulator(PLACE) as emulator:
        emulator.register("sagemaker", lambda request: {"TrainingJobArn": f"arn:made:{request.operation}"})
        emulator.client("s3").create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
        yield emulator


@pytest.fixture
def emulator(account: Emulator) -> Emulator:
    """The account, without what another test deployed."""
    for deployed in (
        account.identities.roles,
        account.resource_policies,
        account.bucket_keys,
        account.vpc_endpoints,
    ):
        deployed.clear()
    account.trace.clear()
    account.client("s3").put_object(Bucket=BUCKET, Key="raw/a.csv", Body=b"a,b\n1,2\n")
    return account


@pytest.fixture
def acting(emulator: Emulator) -> Act:
    """A session of a new role that has these statements."""

    def act(*statements: dict[str, Any], context: dict[str, str] | None = None, **more: Any) -> Principal:
        arn = role(emulator, f"role-{next(_number)}", *statements, **more)
        return emulator.assume(arn, "sagemaker.amazonaws.com", context=context)

    return act


def refusal(call: Callable[[], Any]) -> str:
    """Message of the refusal that ``call`` meets."""
    with pytest.raises(ClientError) as refused:
        call()
    assert refused.value.response["Error"]["Code"] in DENIED
    return str(refused.value.response["Error"]["Message"])


def key_policy(*conditions: dict[str, Any]) -> dict[str, Any]:
    return document(allow("Use", "kms:*", Principal=ROOT, Condition=dict(*conditions)))


def new_key(emulator: Emulator, via: str = "s3.eu-west-1.amazonaws.com") -> str:
    arn = str(emulator.client("kms").create_key()["KeyMetadata"]["Arn"])
    emulator.resource_policies[arn] = key_policy({"StringEquals": {"kms:ViaService": via}})
    return arn


def test_a_call_its_policy_allows_is_answered(emulator: Emulator, acting: Act) -> None:
    session = acting(allow("Read", "s3:GetObject", f"{BUCKET_ARN}/raw/*"))
    body = emulator.client("s3", session).get_object(Bucket=BUCKET, Key="raw/a.csv")["Body"]
    assert body.read() == b"a,b\n1,2\n"
    body.close()
    assert [(call.action, call.resource, call.sids) for call in emulator.trace[1:]] == [
        ("s3:GetObject", f"{BUCKET_ARN}/raw/a.csv", ("Read",))
    ]


def test_a_refusal_names_the_session_the_action_and_what_is_missing(emulator: Emulator, acting: Act) -> None:
    session = acting(allow("Read", "s3:GetObject", f"{BUCKET_ARN}/raw/*"))
    said = refusal(lambda: emulator.client("s3", session).get_object(Bucket=BUCKET, Key="other"))
    name = str(session.arn).rpartition("/")[2]
    assert said.startswith(
        f"User: arn:aws:sts::{HERE}:assumed-role/{name}/session is not authorized to perform: "
        f"s3:GetObject on resource: {BUCKET_ARN}/other"
    )
    assert "Read would allow it but for resource" in said


def test_what_is_refused_does_not_happen(emulator: Emulator, acting: Act) -> None:
    session = acting(allow("Read", "s3:GetObject", f"{BUCKET_ARN}/*"))
    refusal(lambda: emulator.client("s3", session).delete_object(Bucket=BUCKET, Key="raw/a.csv"))
    assert emulator.client("s3").head_object(Bucket=BUCKET, Key="raw/a.csv")["ContentLength"] == 8


def test_a_listing_is_judged_by_its_prefix(emulator: Emulator, acting: Act) -> None:
    within = {"StringLike": {"s3:prefix": "raw/*"}}
    client = emulator.client("s3", acting(allow("List", "s3:ListBucket", BUCKET_ARN, Condition=within)))
    assert client.list_objects_v2(Bucket=BUCKET, Prefix="raw/")["KeyCount"] == 1
    assert "List would allow it but for StringLike s3:prefix" in refusal(
        lambda: client.list_objects_v2(Bucket=BUCKET)
    )


def test_a_boundary_limits_what_a_policy_allows(emulator: Emulator, acting: Act) -> None:
    boundary = document(allow("Within", "s3:ListBucket"))
    session = acting(allow("All", "s3:*"), boundary=boundary)
    assert "boundary" in refusal(
        lambda: emulator.client("s3", session).get_object(Bucket=BUCKET, Key="raw/a.csv")
    )


def test_a_bucket_policy_keeps_out_who_does_not_come_through_the_endpoint(
    emulator: Emulator, acting: Act
) -> None:
    outside = {"StringNotEqualsIfExists": {"aws:SourceVpce": "vpce-1"}}
    emulator.resource_policies[BUCKET_ARN] = document(
        deny("Outside", "s3:GetObject", f"{BUCKET_ARN}/*", Principal="*", Condition=outside)
    )
    emulator.vpc_endpoints["s3"] = ("vpce-1", document(allow("Any", "s3:GetObject", Principal="*")))
    statement = allow("Read", "s3:*", f"{BUCKET_ARN}/*")
    inside = emulator.client("s3", acting(statement, context={"aws:SourceVpce": "vpce-1"}))
    inside.get_object(Bucket=BUCKET, Key="raw/a.csv")["Body"].close()
    outsider = emulator.client("s3", acting(statement))
    assert "explicitly denied by resource policy statement Outside" in refusal(
        lambda: outsider.get_object(Bucket=BUCKET, Key="raw/a.csv")
    )
    assert "VPC endpoint" in refusal(lambda: inside.put_object(Bucket=BUCKET, Key="raw/a.csv", Body=b""))


def test_an_encrypted_bucket_needs_its_key_both_ways(emulator: Emulator, acting: Act) -> None:
    key = emulator.bucket_keys[BUCKET] = new_key(emulator)
    objects = allow("Objects", ["s3:GetObject", "s3:PutObject"], f"{BUCKET_ARN}/*")
    reader = emulator.client("s3", acting(objects, allow("Key", "kms:Decrypt", key)))
    writer = emulator.client("s3", acting(objects, allow("Key", "kms:GenerateDataKey", key)))
    reader.get_object(Bucket=BUCKET, Key="raw/a.csv")["Body"].close()
    writer.put_object(Bucket=BUCKET, Key="raw/b.csv", Body=b"x")
    assert f"kms:Decrypt on resource: {key}" in refusal(
        lambda: writer.get_object(Bucket=BUCKET, Key="raw/a.csv")
    )
    assert f"kms:GenerateDataKey on resource: {key}" in refusal(
        lambda: reader.put_object(Bucket=BUCKET, Key="raw/b.csv", Body=b"x")
    )


def test_a_key_is_used_through_its_service_and_not_directly(emulator: Emulator, acting: Act) -> None:
    key = emulator.bucket_keys[BUCKET] = new_key(emulator)
    session = acting(allow("All", ["s3:*", "kms:*"]))
    emulator.client("s3", session).get_object(Bucket=BUCKET, Key="raw/a.csv")["Body"].close()
    call = emulator.trace[-1]
    assert (call.action, call.context["kms:EncryptionContext:aws:s3:arn"]) == ("kms:Decrypt", BUCKET_ARN)
    assert "Use would allow it but for StringEquals kms:ViaService" in refusal(
        lambda: emulator.client("kms", session).generate_data_key(KeyId=key, KeySpec="AES_256")
    )


def test_a_key_is_found_by_its_alias(emulator: Emulator, acting: Act) -> None:
    key = new_key(emulator)
    emulator.client("kms").create_alias(AliasName="alias/acme-data", TargetKeyId=key)
    emulator.bucket_keys[BUCKET] = "alias/acme-data"
    session = acting(allow("Objects", "s3:*"), allow("Key", "kms:Decrypt", key))
    emulator.client("s3", session).get_object(Bucket=BUCKET, Key="raw/a.csv")["Body"].close()
    assert emulator.trace[-1].resource == key
    emulator.resource_policies[key] = document(allow("Use", "kms:DescribeKey", Principal=ROOT))
    describing = acting(allow("Key", "kms:DescribeKey", key))
    emulator.client("kms", describing).describe_key(KeyId="alias/acme-data")


def test_a_copy_needs_both_its_sides(emulator: Emulator, acting: Act) -> None:
    source = {"Bucket": BUCKET, "Key": "raw/a.csv"}

    def copy(*statements: dict[str, Any]) -> Any:
        client = emulator.client("s3", acting(*statements))
        return client.copy_object(Bucket=BUCKET, Key="copy/a.csv", CopySource=source)

    read = allow("Read", "s3:GetObject", f"{BUCKET_ARN}/raw/*")
    write = allow("Write", "s3:PutObject", f"{BUCKET_ARN}/copy/*")
    assert copy(read, write)["CopyObjectResult"]["ETag"]
    assert "s3:PutObject" in refusal(lambda: copy(read))
    assert "s3:GetObject" in refusal(lambda: copy(write))


def test_a_copy_from_an_encrypted_bucket_needs_the_right_to_decrypt(emulator: Emulator, acting: Act) -> None:
    key = emulator.bucket_keys[BUCKET] = new_key(emulator)
    both = allow("Both", ["s3:GetObject", "s3:PutObject"], f"{BUCKET_ARN}/*")
    client = emulator.client("s3", acting(both, allow("Key", "kms:GenerateDataKey", key)))
    assert f"kms:Decrypt on resource: {key}" in refusal(
        lambda: client.copy_object(
            Bucket=BUCKET, Key="copy/a.csv", CopySource={"Bucket": BUCKET, "Key": "raw/a.csv"}
        )
    )


def test_every_object_of_a_bulk_deletion_is_judged(emulator: Emulator, acting: Act) -> None:
    client = emulator.client("s3", acting(allow("Old", "s3:DeleteObject", f"{BUCKET_ARN}/old/*")))
    objects = [{"Key": "old/a"}, {"Key": "raw/a.csv"}]
    assert f"{BUCKET_ARN}/raw/a.csv" in refusal(
        lambda: client.delete_objects(Bucket=BUCKET, Delete={"Objects": objects})
    )


def test_an_upload_in_parts_is_judged_as_an_upload_that_reads_its_parts(
    emulator: Emulator, acting: Act
) -> None:
    key = emulator.bucket_keys[BUCKET] = new_key(emulator)
    client = emulator.client(
        "s3", acting(allow("Write", "s3:PutObject", f"{BUCKET_ARN}/*"), allow("Key", "kms:*", key))
    )
    upload = client.create_multipart_upload(Bucket=BUCKET, Key="big")["UploadId"]
    target = {"Bucket": BUCKET, "Key": "big", "UploadId": upload}
    tag = client.upload_part(**target, PartNumber=1, Body=b"x" * 100)["ETag"]
    client.complete_multipart_upload(**target, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": tag}]})
    used = [call.action for call in emulator.trace if call.action.startswith("kms:")]
    assert used == ["kms:GenerateDataKey", "kms:GenerateDataKey", "kms:Decrypt"]


def test_an_encrypted_topic_needs_its_key_from_publishers(emulator: Emulator, acting: Act) -> None:
    key = new_key(emulator, via="sns.eu-west-1.amazonaws.com")
    topic = emulator.client("sns").create_topic(Name="news", Attributes={"KmsMasterKeyId": key})["TopicArn"]
    publish = allow("Publish", "sns:Publish", topic)
    keys = allow("Key", ["kms:GenerateDataKey", "kms:Decrypt"], key)
    assert emulator.client("sns", acting(publish, keys)).publish(TopicArn=topic, Message="hello")
    assert "kms:GenerateDataKey" in refusal(
        lambda: emulator.client("sns", acting(publish)).publish(TopicArn=topic, Message="hello")
    )


def test_a_role_is_passed_only_by_who_may_pass_it_to_that_service(emulator: Emulator, acting: Act) -> None:
    job = role(emulator, "train")
    create = allow("Create", "sagemaker:CreateTrainingJob")

    def start(*statements: dict[str, Any]) -> Any:
        client = emulator.client("sagemaker", acting(create, *statements))
        return client.create_training_job(**JOB, RoleArn=job)

    to = {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
    elsewhere = {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}
    assert start(allow("Pass", "iam:PassRole", job, Condition=to))["TrainingJobArn"]
    assert f"iam:PassRole on resource: {job}" in refusal(start)
    assert "but for StringEquals iam:PassedToService" in refusal(
        lambda: start(allow("Pass", "iam:PassRole", job, Condition=elsewhere))
    )


@pytest.mark.parametrize(
    ("change", "condition"),
    [
        ({"EnableNetworkIsolation": False}, {"Bool": {"sagemaker:NetworkIsolation": "false"}}),
        ({"VpcConfig": None}, {"Null": {"sagemaker:VpcSubnets": "true"}}),
        (
            {"ResourceConfig": {**JOB["ResourceConfig"], "InstanceType": "ml.p4d.24xlarge"}},
            {"ForAnyValue:StringNotLike": {"sagemaker:InstanceTypes": ["ml.m5.*"]}},
        ),
        (
            {"OutputDataConfig": {"S3OutputPath": "s3://x", "KmsKeyId": "another"}},
            {"StringNotEquals": {"sagemaker:OutputKmsKeyArn": f"arn:aws:kms:eu-west-1:{HERE}:key/0a1b"}},
        ),
        (
            {"Tags": [{"Key": "model", "Value": "other"}]},
            {"StringNotEquals": {"aws:RequestTag/model": "own"}},
        ),
    ],
    ids=["isolation", "network", "instance", "key", "tag"],
)
def test_guards_of_jobs_see_what_the_request_says(
    emulator: Emulator, acting: Act, change: dict[str, Any], condition: dict[str, Any]
) -> None:
    job = role(emulator, "train")
    session = acting(
        allow("All", ["sagemaker:CreateTrainingJob", "sagemaker:AddTags", "iam:PassRole"]),
        deny("Guard", "sagemaker:CreateTrainingJob", Condition=condition),
    )
    client = emulator.client("sagemaker", session)
    tagged = {**JOB, "Tags": [{"Key": "model", "Value": "own"}], "RoleArn": job}
    assert client.create_training_job(**tagged)["TrainingJobArn"]
    changed = {key: value for key, value in {**tagged, **change}.items() if value is not None}
    assert "explicitly denied by identity policy statement Guard" in refusal(
        lambda: client.create_training_job(**changed)
    )


def test_tags_on_creation_need_the_right_to_tag_while_creating(emulator: Emulator, acting: Act) -> None:
    job = role(emulator, "train")
    base = allow("Create", ["sagemaker:CreateTrainingJob", "iam:PassRole"])
    creating = {"StringEquals": {"sagemaker:TaggingAction": "CreateTrainingJob"}}
    tagged = {**JOB, "RoleArn": job, "Tags": [{"Key": "model", "Value": "own"}]}
    able = emulator.client("sagemaker", acting(base, allow("Tag", "sagemaker:AddTags", Condition=creating)))
    assert able.create_training_job(**tagged)["TrainingJobArn"]
    unable = emulator.client("sagemaker", acting(base))
    assert "sagemaker:AddTags" in refusal(lambda: unable.create_training_job(**tagged))


def test_nobody_decides_on_a_version_who_may_only_register(emulator: Emulator, acting: Act) -> None:
    pending = {"StringEquals": {"sagemaker:ModelApprovalStatus": "PendingManualApproval"}}
    session = acting(allow("Register", "sagemaker:CreateModelPackage", Condition=pending))
    client = emulator.client("sagemaker", session)
    client.create_model_package(
        ModelPackageGroupName="acme-dev-credit", ModelApprovalStatus="PendingManualApproval"
    )
    assert "sagemaker:ModelApprovalStatus" in refusal(
        lambda: client.create_model_package(
            ModelPackageGroupName="acme-dev-credit", ModelApprovalStatus="Approved"
        )
    )


def test_a_request_that_names_nothing_it_acts_on_is_refused(emulator: Emulator, acting: Act) -> None:
    client = emulator.client("sagemaker", acting(allow("All", "*")))
    assert "what sagemaker:ListModelPackages acts on cannot be told from the request" in refusal(
        client.list_model_packages
    )
    assert [call.resource for call in emulator.trace.denied()] == ["(unknown)"]


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "acts_on"),
    [
        ("stepfunctions", "CreateStateMachine", {"name": "x"}, "states:{}:stateMachine:x"),
        ("events", "PutTargets", {"Rule": "x"}, "events:{}:rule/x"),
        ("events", "PutTargets", {"Rule": "x", "EventBusName": "own"}, "events:{}:rule/own/x"),
        ("events", "CreateEndpoint", {"Name": "x"}, "events:{}:endpoint/x"),
        ("events", "PutEvents", {"Entries": [{"Source": "a"}]}, "events:{}:event-bus/default"),
        ("scheduler", "CreateSchedule", {"Name": "x"}, "scheduler:{}:schedule/default/x"),
        ("scheduler", "CreateScheduleGroup", {"Name": "x"}, "scheduler:{}:schedule-group/x"),
        ("lambda", "Invoke", {"FunctionName": "x:live"}, "lambda:{}:function:x"),
        ("lambda", "Invoke", {"FunctionName": f"{HERE}:function:x"}, "lambda:{}:function:x"),
        ("logs", "CreateLogGroup", {"logGroupName": "/x"}, "logs:{}:log-group:/x:log-stream:"),
        (
            "logs",
            "PutLogEvents",
            {"logGroupName": "/x", "logStreamName": "a/1"},
            "logs:{}:log-group:/x:log-stream:a/1",
        ),
        ("cloudwatch", "PutMetricData", {"Namespace": "x"}, "cloudwatch:{}:dataset/default"),
        ("ecr", "BatchGetImage", {"repositoryName": "x"}, "ecr:{}:repository/x"),
        ("dynamodb", "PutItem", {"TableName": "x"}, "dynamodb:{}:table/x"),
        ("ssm", "GetParameter", {"Name": "/cdk/version"}, "ssm:{}:parameter/cdk/version"),
        ("sqs", "SendMessage", {"QueueUrl": f"http://localhost:1/{HERE}/x"}, "sqs:{}:x"),
        ("ec2", "RevokeSecurityGroupEgress", {"GroupId": "sg-1"}, "ec2:{}:security-group/sg-1"),
        ("sagemaker", "DescribeTrainingJob", {"TrainingJobName": "x"}, "sagemaker:{}:training-job/x"),
        (
            "sagemaker",
            "ListModelPackages",
            {"ModelPackageGroupName": "x"},
            "sagemaker:{}:model-package/x/00000000000000000000",
        ),
        ("sagemaker", "ListMlflowApps", {}, "*"),
    ],
)
def test_what_a_call_acts_on_is_read_from_its_request(
    service: str, operation: str, parameters: dict[str, Any], acts_on: str
) -> None:
    request = ApiRequest(service, operation, parameters, REHEARSAL)
    arn = acts_on if acts_on == "*" else "arn:aws:" + acts_on.format(f"eu-west-1:{HERE}")
    assert resources(request, action(action_of(request)), PLACE) == (arn,)


def test_a_new_network_interface_acts_on_its_subnet_and_groups_as_well() -> None:
    asked = {"SubnetId": "subnet-1", "Groups": ["sg-1", "sg-2"]}
    request = ApiRequest("ec2", "CreateNetworkInterface", asked, REHEARSAL)
    found = resources(request, action(action_of(request)), PLACE)
    assert [arn.rpartition("/")[2] for arn in found[1:]] == ["subnet-1", "sg-1", "sg-2"]


def test_an_action_that_iam_does_not_know_is_refused(emulator: Emulator, acting: Act) -> None:
    request = ApiRequest("emr-of-tomorrow", "RunJob", {}, acting(allow("All", "*")))
    with pytest.raises(ApiError, match="IAM's published data has no such service"):
        emulator._gate.authorize(request)


def test_a_condition_key_that_aws_does_not_send_is_no_way_in(emulator: Emulator, acting: Act) -> None:
    session = acting(allow("All", "*"))
    with pytest.raises(ApiError, match="AWS sends no such context key with this action"):
        emulator.judge(session, "s3:GetObject", f"{BUCKET_ARN}/x", {"sagemaker:InstanceTypes": "ml.m5.large"})


def test_a_role_that_is_not_deployed_may_nothing(emulator: Emulator) -> None:
    gone = Principal(f"arn:aws:iam::{HERE}:role/acme/dev/job/gone")
    refusal(lambda: emulator.client("s3", gone).get_object(Bucket=BUCKET, Key="raw/a.csv"))


def test_a_policy_that_changes_counts_from_the_next_call(emulator: Emulator, acting: Act) -> None:
    session = acting(allow("Read", "s3:GetObject"))
    client = emulator.client("s3", session)
    client.get_object(Bucket=BUCKET, Key="raw/a.csv")["Body"].close()
    emulator.identities.roles[str(session.arn)].policies["own"]["Statement"].clear()
    refusal(lambda: client.get_object(Bucket=BUCKET, Key="raw/a.csv"))


def test_a_service_assumes_a_role_only_as_its_trust_policy_says(emulator: Emulator) -> None:
    arn = role(emulator, "machine", kind="workflow", service="states.amazonaws.com")
    machine = f"arn:aws:states:eu-west-1:{HERE}:stateMachine:acme-dev-credit-train"
    trusted = emulator.identities.roles[arn].trust["Statement"][0]
    trusted["Condition"] = {
        "StringEquals": {"aws:SourceAccount": HERE},
        "ArnEquals": {"aws:SourceArn": machine},
    }
    session = emulator.assume(
        arn, "states.amazonaws.com", source_arn=machine, context={"aws:SourceVpce": "v"}
    )
    assert (session.arn, session.context) == (arn, {"aws:SourceVpce": "v"})
    for service, source in (("states", f"{machine}-other"), ("states", None), ("lambda", machine)):
        with pytest.raises(ApiError, match="is not authorized to perform: sts:AssumeRole") as refused:
            emulator.assume(arn, f"{service}.amazonaws.com", source_arn=source)
        assert refused.value.code == "AccessDenied"


def test_a_role_assumes_another_with_its_own_right_and_the_others_trust(
    emulator: Emulator, acting: Act
) -> None:
    target = role(emulator, "target", allow("Read", "s3:GetObject"))
    assuming = acting(allow("Assume", "sts:AssumeRole", target))
    sts = emulator.client("sts", assuming)
    refusal(lambda: sts.assume_role(RoleArn=target, RoleSessionName="chained"))
    emulator.identities.roles[target].trust["Statement"].append(
        {"Effect": "Allow", "Principal": ROOT, "Action": "sts:AssumeRole"}
    )
    assumed = sts.assume_role(RoleArn=target, RoleSessionName="chained")
    assert assumed["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{HERE}:assumed-role/target/chained"
    narrowed = {"RoleArn": target, "RoleSessionName": "chained", "Policy": "{}"}
    with pytest.raises(ClientError, match="no sessions with Policy"):
        sts.assume_role(**narrowed)
    caller = emulator._callers[assumed["Credentials"]["AccessKeyId"]]
    assert (caller.arn, caller.session) == (target, "chained")


def test_what_belongs_to_another_account_is_ours_to_use_only_by_our_own_policies(
    emulator: Emulator, acting: Act
) -> None:
    image = f"arn:aws:ecr:eu-west-1:{THERE}:repository/scikit-learn"
    able = acting(allow("Pull", "ecr:BatchGetImage", image))
    assert emulator.judge(able, "ecr:BatchGetImage", image).allowed
    with pytest.raises(ApiError, match="ecr:BatchGetImage"):
        emulator.judge(acting(allow("Other", "s3:GetObject")), "ecr:BatchGetImage", image)


def test_the_rehearsals_own_calls_are_neither_judged_nor_recorded(emulator: Emulator) -> None:
    emulator.client("s3").get_object(Bucket=BUCKET, Key="raw/a.csv")["Body"].close()
    assert emulator.trace == []


def test_a_call_from_the_network_carries_the_endpoint_of_the_service_it_calls(
    emulator: Emulator, acting: Act
) -> None:
    closed = document(allow("Others", "logs:CreateLogGroup", Principal="*"))
    emulator.vpc_endpoints |= {"s3": ("vpce-1", None), "com.amazonaws.eu-west-1.logs": ("vpce-2", closed)}
    session = acting(allow("All", "*"), context={"aws:SourceVpce": "vpce-1"})
    group = f"arn:aws:logs:eu-west-1:{HERE}:log-group:/acme/dev"
    assert emulator.judge(session, "s3:ListBucket", BUCKET_ARN).allowed
    with pytest.raises(ApiError, match="VPC endpoint"):
        emulator.judge(session, "logs:PutLogEvents", f"{group}:log-stream:1")
    assert emulator.judge(session, "sns:Publish", f"arn:aws:sns:eu-west-1:{HERE}:news").allowed
    assert [call.context.get("aws:SourceVpce") for call in emulator.trace[1:]] == ["vpce-1", "vpce-2", None]


def test_a_service_calls_as_the_resources_policy_says(emulator: Emulator) -> None:
    url = emulator.client("sqs").create_queue(QueueName="acme-dev-dead")["QueueUrl"]
    queue = f"arn:aws:sqs:eu-west-1:{HERE}:acme-dev-dead"
    rule = f"arn:aws:events:eu-west-1:{HERE}:rule/acme-dev-new-data"
    emulator.resource_policies[queue] = document(
        allow(
            "Rules",
            "sqs:SendMessage",
            queue,
            Principal={"Service": "events.amazonaws.com"},
            Condition={"ArnEquals": {"aws:SourceArn": rule}},
        )
    )
    mine, others = (
        emulator.client("sqs", Principal("events.amazonaws.com", context={"aws:SourceArn": arn}))
        for arn in (rule, f"{rule}-other")
    )
    assert mine.send_message(QueueUrl=url, MessageBody="late")["MessageId"]
    assert "User: events.amazonaws.com is not authorized to perform: sqs:SendMessage" in refusal(
        lambda: others.send_message(QueueUrl=url, MessageBody="late")
    )
