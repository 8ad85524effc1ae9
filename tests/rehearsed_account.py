"""An emulated account with one bucket and one job role, and sample scripts for SageMaker jobs in it."""

import io
import json
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rehearsal.api import Place
from rehearsal.emulator import Emulator, RoleRecord
from rehearsal.sagemaker import SageMaker

PLACE = Place("aws", "eu-west-1", "111111111111")
BUCKET = "acme-dev-data"
ROLE = PLACE.arn("iam", "role/acme/dev/job/credit-approval-job", region="")
KEY = PLACE.arn("kms", "key/11111111-2222-3333-4444-555555555555")
IMAGES = "141502667606.dkr.ecr.eu-west-1.amazonaws.com"
SCIKIT_LEARN = f"{IMAGES}/sagemaker-scikit-learn:1.9-0-cpu-py3"
XGBOOST = f"{IMAGES}/sagemaker-xgboost:3.2-0"
VPC = {"Subnets": ["subnet-0aaaaaaaaaaaaaaaa"], "SecurityGroupIds": ["sg-0bbbbbbbbbbbbbbbb"]}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "sagemaker.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"aws:SourceAccount": PLACE.account}},
        }
    ],
}


def allow(*actions: str, resource: str | list[str] = "*") -> dict[str, Any]:
    """One Allow statement."""
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource}


def job_policy() -> dict[str, Any]:
    """What jobs of these tests need, and nothing else."""
    bucket = f"arn:aws:s3:::{BUCKET}"
    statements = [
        allow("s3:ListBucket", resource=bucket),
        allow("s3:GetObject", "s3:PutObject", resource=f"{bucket}/*"),
        allow("logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"),
        allow("cloudwatch:PutMetricData"),
        allow("ecr:GetAuthorizationToken"),
        allow("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability"),
        allow("ec2:CreateNetworkInterface", "ec2:CreateNetworkInterfacePermission"),
        allow("ec2:DeleteNetworkInterface", "ec2:DeleteNetworkInterfacePermission"),
        allow("ec2:DescribeDhcpOptions", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSecurityGroups"),
        allow("ec2:DescribeSubnets", "ec2:DescribeVpcs"),
        allow("kms:DescribeKey", "kms:CreateGrant", resource=KEY),
    ]
    return {"Version": "2012-10-17", "Statement": statements}


def key_policy() -> dict[str, Any]:
    """The key leaves it to IAM who may use it."""
    owner = {"AWS": PLACE.arn("iam", "root", region="")}
    statement = {"Effect": "Allow", "Principal": owner, "Action": "kms:*", "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [statement]}


class Account:
    """The emulator, its SageMaker and clients of both."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator, self.sagemaker = emulator, SageMaker(emulator)
        self.api = emulator.client("sagemaker")
        self.s3 = emulator.client("s3")
        self.s3.create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": emulator.place.region}
        )
        emulator.resource_policies[KEY] = key_policy()
        self.give(job_policy())

    def give(self, policy: dict[str, Any], trust: dict[str, Any] = TRUST) -> None:
        """Let the job role have this one policy."""
        self.emulator.identities.roles[ROLE] = RoleRecord(ROLE, trust, {"Job": policy})

    def put(self, key: str, content: bytes | str) -> str:
        """Put an object into the bucket; its URI."""
        body = content.encode() if isinstance(content, str) else content
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=body)
        return f"s3://{BUCKET}/{key}"

    def get(self, uri: str) -> bytes:
        """What an object has."""
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        return bytes(self.s3.get_object(Bucket=bucket, Key=key)["Body"].read())

    def keys(self, prefix: str) -> list[str]:
        """Keys below a prefix."""
        found = self.s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix)
        return [item["Key"] for item in found.get("Contents", [])]

    def source(self, name: str, files: Mapping[str, str]) -> str:
        """Pack scripts as the ``code`` channel has them; the URI of its prefix."""
        self.put(f"source/{name}/source.tar.gz", packed(files))
        return f"s3://{BUCKET}/source/{name}/"

    def log(self, kind: str, job: str) -> list[str]:
        """Messages of a job's log streams."""
        logs, group = self.emulator.client("logs"), f"/aws/sagemaker/{kind}Jobs"
        streams = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=f"{job}/")["logStreams"]
        found = []
        for stream in streams:
            events = logs.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"])["events"]
            found += [event["message"] for event in events]
        return found

    def actions(self) -> set[str]:
        """Actions the job role was judged for, as (action) of the trace."""
        return {call.action for call in self.emulator.trace if call.principal.arn == ROLE}


@contextmanager
def account() -> Iterator[Account]:
    """A fresh account; what still runs at the end is stopped."""
    with Emulator(PLACE) as emulator:
        found = Account(emulator)
        try:
            yield found
        finally:
            found.sagemaker.close()


def packed(files: Mapping[str, str | bytes]) -> bytes:
    """A gzipped tar archive."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, text in files.items():
            body = text.encode() if isinstance(text, str) else text
            info = tarfile.TarInfo(name)
            info.size = len(body)
            tar.addfile(info, io.BytesIO(body))
    return buffer.getvalue()


def unpacked(archive: bytes) -> dict[str, bytes]:
    """Files of a gzipped tar archive."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        files = {member.name: tar.extractfile(member) for member in tar.getmembers() if member.isfile()}
        return {name: file.read() for name, file in files.items() if file}


def channel(name: str, uri: str, **more: Any) -> dict[str, Any]:
    """One channel of a training job."""
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri}}
    return {"ChannelName": name, "DataSource": source, **more}


def training(name: str, image: str, channels: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """CreateTrainingJob with the guards of the platform."""
    return {
        "TrainingJobName": name,
        "AlgorithmSpecification": {"TrainingImage": image, "TrainingInputMode": "File"},
        "RoleArn": ROLE,
        "InputDataConfig": channels,
        "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/models/"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        "EnableNetworkIsolation": True,
        **more,
    }


def script_mode(program: str = "train.py", **hyperparameters: Any) -> dict[str, str]:
    """Hyperparameters of script mode: every value JSON-encoded."""
    own = {
        "sagemaker_program": program,
        "sagemaker_submit_directory": "/opt/ml/input/data/code/source.tar.gz",
    }
    return {name: json.dumps(value) for name, value in {**own, **hyperparameters}.items()}
