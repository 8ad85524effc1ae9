"""The policy evaluator, on policies small enough to judge by hand."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from tools.policy_evaluator import Decision, PolicyEvaluationError, Request, evaluate

HERE, THERE = "111111111111", "222222222222"
JOB = f"arn:aws:iam::{HERE}:role/acme/dev/job/train"
FOREIGN = f"arn:aws:iam::{THERE}:role/acme/dev/job/train"
LOGS = "logs.eu-west-1.amazonaws.com"
BUCKET, OBJECT = "arn:aws:s3:::acme-dev-data", "arn:aws:s3:::acme-dev-data/raw/a.csv"
KEY = f"arn:aws:kms:eu-west-1:{HERE}:key/0a1b"
LOG_GROUP = f"arn:aws:logs:eu-west-1:{HERE}:log-group:/acme/dev/flow"


def policy(*statements: Mapping[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(sid: str, action: str, resource: str = "*", **more: Any) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(sid: str, action: str, resource: str = "*", **more: Any) -> dict[str, Any]:
    return {**allow(sid, action, resource, **more), "Effect": "Deny"}


READS = policy(allow("Read", "s3:GetObject", f"{BUCKET}/*"))
ONLY_FROM_VPC = policy(
    deny(
        "OnlyFromVpc",
        "s3:*",
        f"{BUCKET}/*",
        Principal="*",
        Condition={
            "StringNotEquals": {"aws:SourceVpce": "vpce-1"},
            "ArnNotLike": {"aws:PrincipalArn": f"arn:aws:iam::{HERE}:role/acme/dev/workflow/*"},
            "Bool": {"aws:ViaAWSService": "false"},
        },
    )
)
KEY_POLICY = policy(
    allow("Account", "kms:DescribeKey", Principal={"AWS": f"arn:aws:iam::{HERE}:root"}),
    allow(
        "Grants",
        "kms:CreateGrant",
        Principal={"AWS": HERE},
        Condition={
            "ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{HERE}:role/acme/dev/*"},
            "Bool": {"kms:GrantIsForAWSResource": "true"},
        },
    ),
    allow(
        "ThroughS3",
        "kms:Decrypt",
        Principal={"AWS": [HERE, THERE]},
        Condition={"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}},
    ),
    allow(
        "Logs",
        "kms:Decrypt",
        Principal={"Service": LOGS},
        Condition={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": f"{LOG_GROUP}*"}},
    ),
)
ENDPOINT = policy(
    allow(
        "OwnAccount",
        "*",
        Principal="*",
        Condition={"StringEquals": {"aws:PrincipalAccount": HERE, "aws:ResourceAccount": HERE}},
    )
)
WITHIN = policy(allow("Within", "sagemaker:*"))
TRAINING = f"arn:aws:sagemaker:eu-west-1:{HERE}:training-job/acme-dev-x"
GUARDED = policy(
    allow("Train", "sagemaker:CreateTrainingJob"),
    deny(
        "Isolated", "sagemaker:CreateTrainingJob", Condition={"Bool": {"sagemaker:NetworkIsolation": "false"}}
    ),
    deny("Subnets", "sagemaker:CreateTrainingJob", Condition={"Null": {"sagemaker:VpcSubnets": "true"}}),
    deny(
        "Types",
        "sagemaker:CreateTrainingJob",
        Condition={"ForAnyValue:StringNotLike": {"sagemaker:InstanceTypes": ["ml.m5.*"]}},
    ),
    deny(
        "Encrypted",
        "sagemaker:CreateTrainingJob",
        Condition={
            "StringNotEquals": {"sagemaker:VolumeKmsKeyArn": KEY},
            "Null": {"sagemaker:VolumeKmsKeyArn": "false"},
        },
    ),
)
OWN_KEY_ALWAYS = policy(
    allow("Train", "sagemaker:CreateTrainingJob"),
    # IfExists makes a condition on an absent key hold, so this Deny also hits a job without a key.
    deny(
        "OwnKey",
        "sagemaker:CreateTrainingJob",
        Condition={"StringNotEqualsIfExists": {"sagemaker:VolumeKmsKeyArn": KEY}},
    ),
)
TAGGED = policy(
    allow("Team", "s3:GetObject", Condition={"StringEqualsIfExists": {"aws:PrincipalTag/team": "ml"}}),
)

PIPELINE = f"arn:aws:iam::{HERE}:oidc-provider/token.example.com"
DEPLOY = f"arn:aws:iam::{HERE}:role/acme/dev/deployment/ci"
TRUSTS_PIPELINE = policy(
    {
        "Sid": "Pipeline",
        "Effect": "Allow",
        "Principal": {"Federated": PIPELINE},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {
            "StringEquals": {"token.example.com:aud": "aws", "token.example.com:sub": "repo:acme/ml"}
        },
    }
)
TOKEN = {"token.example.com:aud": "aws", "token.example.com:sub": "repo:acme/ml"}
MIXED = policy(
    allow("Jobs", "sagemaker:StopTrainingJob"),
    {"Effect": "Allow", "Action": ["s3:GetObject", "S3:ListBucket"], "Resource": "*"},
    deny("NotThere", "*", f"{BUCKET}/secret/*"),
)

READ = Request(JOB, "s3:GetObject", OBJECT, HERE, identity_policies=(READS,))
FROM_VPC = replace(READ, context={"aws:SourceVpce": "vpce-1"}, resource_policy=ONLY_FROM_VPC)
USE = Request(JOB, "kms:Decrypt", KEY, HERE, resource_policy=KEY_POLICY)
VIA_S3 = {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}
MAY_DECRYPT = policy(allow("MayDecrypt", "kms:*", KEY))
GRANT = replace(USE, action="kms:CreateGrant", context={"kms:GrantIsForAWSResource": "true"})
ENCRYPT_LOGS = replace(USE, principal=LOGS, context={"kms:EncryptionContext:aws:logs:arn": LOG_GROUP})
TRAIN = Request(
    JOB,
    "sagemaker:CreateTrainingJob",
    TRAINING,
    HERE,
    identity_policies=(GUARDED,),
    context={
        "sagemaker:NetworkIsolation": "true",
        "sagemaker:VpcSubnets": ["subnet-1", "subnet-2"],
        "sagemaker:InstanceTypes": ["ml.m5.large", "ml.m5.xlarge"],
    },
)

REQUESTS = {
    "allowed by an identity policy": READ,
    "of an action nobody allows": replace(READ, action="s3:PutObject"),
    "from the endpoint": FROM_VPC,
    "from elsewhere": replace(FROM_VPC, context={"aws:SourceVpce": "vpce-2"}),
    "from outside any VPC": replace(FROM_VPC, context={}),
    "from elsewhere, role exempt by path": replace(
        FROM_VPC, context={}, principal=f"arn:aws:iam::{HERE}:role/acme/dev/workflow/x"
    ),
    "from elsewhere, by a service on behalf": replace(FROM_VPC, context={"aws:ViaAWSService": "true"}),
    "through an endpoint policy": replace(READ, vpc_endpoint_policies=(ENDPOINT,)),
    "through an endpoint policy, foreign bucket": replace(
        READ, resource_account=THERE, vpc_endpoint_policies=(ENDPOINT,)
    ),
    "within a boundary": replace(TRAIN, permission_boundaries=(WITHIN,)),
    "outside a boundary": replace(READ, permission_boundaries=(WITHIN,)),
    "of a key its policy leaves to the account": replace(
        USE, action="kms:DescribeKey", identity_policies=(MAY_DECRYPT,)
    ),
    "of a key, only by identity": replace(USE, identity_policies=(MAY_DECRYPT,)),
    "of a key through S3": replace(USE, context=VIA_S3, identity_policies=(MAY_DECRYPT,)),
    "of a key across accounts": replace(
        USE, principal=FOREIGN, context=VIA_S3, identity_policies=(MAY_DECRYPT,)
    ),
    "of a key across accounts, not granted there": replace(USE, principal=FOREIGN, context=VIA_S3),
    "of a grant for a service": replace(GRANT, identity_policies=(MAY_DECRYPT,)),
    "of a grant for anybody": replace(
        GRANT, identity_policies=(MAY_DECRYPT,), context={"kms:GrantIsForAWSResource": "false"}
    ),
    "of a grant by a role elsewhere": replace(
        GRANT, identity_policies=(MAY_DECRYPT,), principal=f"arn:aws:iam::{HERE}:role/other"
    ),
    "of the logs service, own log group": ENCRYPT_LOGS,
    "of the logs service, foreign log group": replace(
        ENCRYPT_LOGS, context={"kms:EncryptionContext:aws:logs:arn": LOG_GROUP.replace("acme", "other")}
    ),
    "with a token of the pipeline": Request(
        PIPELINE, "sts:AssumeRoleWithWebIdentity", DEPLOY, HERE, TOKEN, resource_policy=TRUSTS_PIPELINE
    ),
    "to deploy from a fork": Request(
        PIPELINE,
        "sts:AssumeRoleWithWebIdentity",
        DEPLOY,
        HERE,
        {**TOKEN, "token.example.com:sub": "repo:fork/ml"},
        resource_policy=TRUSTS_PIPELINE,
    ),
    "by a statement without Sid behind one of another service": replace(READ, identity_policies=(MIXED,)),
    "of what a statement on every action denies": replace(
        READ, identity_policies=(MIXED,), resource=f"{BUCKET}/secret/a"
    ),
    "to train as guarded": TRAIN,
    "to train without isolation": replace(
        TRAIN, context={**TRAIN.context, "sagemaker:NetworkIsolation": "false"}
    ),
    "to train without subnets": replace(TRAIN, context={**TRAIN.context, "sagemaker:VpcSubnets": None}),
    "to train on another type": replace(
        TRAIN, context={**TRAIN.context, "sagemaker:InstanceTypes": ["ml.m5.large", "ml.p5.48xlarge"]}
    ),
    "to train with a foreign key": replace(
        TRAIN, context={**TRAIN.context, "sagemaker:VolumeKmsKeyArn": KEY + "x"}
    ),
    "to train without a key where one is required": replace(TRAIN, identity_policies=(OWN_KEY_ALWAYS,)),
    "of a tagged team": replace(READ, identity_policies=(TAGGED,), context={"aws:PrincipalTag/team": "ml"}),
    "of another team": replace(READ, identity_policies=(TAGGED,), context={"aws:PrincipalTag/team": "web"}),
    "of nobody's team": replace(READ, identity_policies=(TAGGED,)),
}


@pytest.fixture(scope="module")
def decisions() -> dict[str, Decision]:
    return dict(zip(REQUESTS, evaluate(list(REQUESTS.values())), strict=True))


@pytest.mark.parametrize(
    ("request_", "sids"),
    [
        ("allowed by an identity policy", ["Read"]),
        ("from the endpoint", ["Read"]),
        ("from elsewhere, role exempt by path", ["Read"]),
        ("from elsewhere, by a service on behalf", ["Read"]),
        ("through an endpoint policy", ["Read", "OwnAccount"]),
        ("within a boundary", ["Train", "Within"]),
        ("of a key its policy leaves to the account", ["MayDecrypt", "Account"]),
        ("of a key through S3", ["MayDecrypt", "ThroughS3"]),
        ("of a key across accounts", ["MayDecrypt", "ThroughS3"]),
        ("of a grant for a service", ["MayDecrypt", "Grants"]),
        ("of the logs service, own log group", ["Logs"]),
        ("with a token of the pipeline", ["Pipeline"]),
        ("by a statement without Sid behind one of another service", ["#2"]),
        ("to train as guarded", ["Train"]),
        ("of a tagged team", ["Team"]),
        ("of nobody's team", ["Team"]),
    ],
)
def test_an_allowed_request_names_the_statements_that_allow_it(
    decisions: dict[str, Decision], request_: str, sids: list[str]
) -> None:
    assert decisions[request_].allowed, decisions[request_].explanation
    assert list(decisions[request_].deciding_sids) == sids


@pytest.mark.parametrize(
    ("request_", "sid"),
    [
        ("from elsewhere", "OnlyFromVpc"),
        ("from outside any VPC", "OnlyFromVpc"),
        ("of what a statement on every action denies", "NotThere"),
        ("to train without isolation", "Isolated"),
        ("to train without subnets", "Subnets"),
        ("to train on another type", "Types"),
        ("to train with a foreign key", "Encrypted"),
        ("to train without a key where one is required", "OwnKey"),
    ],
)
def test_an_explicit_deny_is_named(decisions: dict[str, Decision], request_: str, sid: str) -> None:
    assert not decisions[request_].allowed
    assert decisions[request_].deciding_sids == (sid,)
    assert decisions[request_].explanation.startswith("explicitly denied by ")


@pytest.mark.parametrize(
    ("request_", "explanation"),
    [
        ("of an action nobody allows", "in the identity policy; Read would allow it but for action"),
        ("through an endpoint policy, foreign bucket", "in the VPC endpoint policy"),
        ("outside a boundary", "in the permissions boundary policy"),
        ("to deploy from a fork", "Pipeline would allow it but for StringEquals token.example.com:sub"),
        ("of a key, only by identity", "ThroughS3 would allow it but for StringEquals kms:ViaService"),
        ("of a key across accounts, not granted there", "in the identity policy"),
        ("of a grant for anybody", "Grants would allow it but for Bool kms:GrantIsForAWSResource"),
        ("of a grant by a role elsewhere", "Grants would allow it but for ArnLike aws:PrincipalArn"),
        (
            "of the logs service, foreign log group",
            "Logs would allow it but for ArnLike kms:EncryptionContext:aws:logs:arn",
        ),
        ("of another team", "Team would allow it but for StringEqualsIfExists aws:PrincipalTag/team"),
    ],
)
def test_an_implicit_denial_says_what_is_missing(
    decisions: dict[str, Decision], request_: str, explanation: str
) -> None:
    assert not decisions[request_].allowed
    assert decisions[request_].deciding_sids == ()
    assert decisions[request_].explanation.startswith("implicitly denied: nothing allows it in the ")
    assert explanation in decisions[request_].explanation


def test_what_cannot_be_judged_is_an_error_and_never_a_denial() -> None:
    wrong = {
        "there is no such action": replace(READ, action="s3:GetObjekt"),
        "there is no such service": replace(READ, action="s4:GetObject"),
        "the action does not act on a resource of this kind": replace(READ, resource=KEY),
        'the action accepts only the resource "*"': replace(READ, action="sagemaker:ListModels"),
        "a request names one resource, without wildcards": replace(READ, resource=f"{BUCKET}/*"),
        'AWS sends no such context key with this action: ["sagemaker:VpcSubnets"]': replace(
            READ, context={"sagemaker:VpcSubnets": "subnet-1"}
        ),
        "kms:EncryptionContext:a": replace(READ, context={"kms:EncryptionContext:a": "b"}),
        "a policy is malformed: ": replace(
            READ, identity_policies=(policy(allow("x", "s3:*", Resurce="*")),)
        ),
        "Statement[0].Resource": replace(
            READ,
            resource_policy=policy(allow("x", "s3:*", Principal="*", Resource={"Fn::GetAtt": ["A", "Arn"]})),
        ),
    }
    with pytest.raises(PolicyEvaluationError) as caught:
        evaluate([READ, *wrong.values()])
    lines = str(caught.value).splitlines()
    assert len(lines) == len(wrong)
    for message, line in zip(wrong, lines, strict=True):
        assert message in line


def test_a_session_is_refused_because_its_role_path_is_unknown() -> None:
    session = f"arn:aws:sts::{HERE}:assumed-role/train/session"
    with pytest.raises(PolicyEvaluationError, match="name the role, not a session"):
        evaluate([replace(READ, principal=session)])


def test_a_service_principal_the_evaluator_would_not_recognize_is_refused() -> None:
    with pytest.raises(PolicyEvaluationError, match=r"neither an ARN nor <service>\.amazonaws\.com"):
        evaluate([replace(ENCRYPT_LOGS, principal="logs.cn-north-1.amazonaws.com.cn")])


def test_an_empty_batch_needs_no_evaluator() -> None:
    assert evaluate([]) == []
