"""An emulated account with Amazon Bedrock, one bucket and one role for its jobs."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.exceptions import ClientError
from rehearsed_account import allow, key_policy

from rehearsal.api import Place
from rehearsal.bedrock import Bedrock
from rehearsal.buckets import make_bucket
from rehearsal.emulator import Emulator, RoleRecord

PLACE = Place("aws", "us-east-1", "111111111111")
BUCKET = "acme-dev-data"
NOVA = "amazon.nova-lite-v1:0:300k"
NOVA_2 = "amazon.nova-2-lite-v1:0:256k"
ROLE = PLACE.arn("iam", "role/acme/dev/job/support-assistant-bedrock", region="")
KEY = PLACE.arn("kms", "key/11111111-2222-3333-4444-555555555555")
DATA = f"s3://{BUCKET}/data/train.jsonl"
OUT = f"s3://{BUCKET}/out/"
GRADER = PLACE.arn("lambda", "function:SageMaker-evaluator-acme-dev-support-assistant-exact-match")
JOBS = ("model-customization-job", "model-import-job", "evaluation-job", "custom-model")
VPC = {"subnetIds": ["subnet-0aaaaaaaaaaaaaaaa"], "securityGroupIds": ["sg-0bbbbbbbbbbbbbbbb"]}
RFT = {"rftConfig": {"graderConfig": {"lambdaGrader": {"lambdaArn": GRADER}}}}
REINFORCED = {
    "baseModelIdentifier": NOVA_2,
    "customizationType": "REINFORCEMENT_FINE_TUNING",
    "hyperParameters": None,
}
TEACHER = {"distillationConfig": {"teacherModelConfig": {"teacherModelIdentifier": "amazon.nova-pro-v1:0"}}}
LOGS = {"invocationLogsConfig": {"invocationLogSource": {"s3Uri": f"s3://{BUCKET}/logs"}}}
TURNS = {"How do I block my card?": "Open Cards and tap Block.", "Where is my PIN?": "Below Card details."}


def trust(service: str = "bedrock.amazonaws.com", **condition: Any) -> dict[str, Any]:
    """Trust of a service role as Bedrock's guide has it: this account's jobs, and no other's."""
    ours = {"StringEquals": {"aws:SourceAccount": PLACE.account}}
    arns = [PLACE.arn("bedrock", f"{kind}/*") for kind in JOBS]
    conditions = condition or ours | {"ArnLike": {"aws:SourceArn": arns}}
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
        "Condition": conditions,
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def job_policy(*more: dict[str, Any]) -> dict[str, Any]:
    """What the jobs of these tests need, and nothing else."""
    bucket = f"arn:aws:s3:::{BUCKET}"
    statements = [
        allow("s3:ListBucket", resource=bucket),
        allow("s3:GetObject", resource=f"{bucket}/*"),
        allow("s3:PutObject", resource=f"{bucket}/out/*"),
        *more,
    ]
    return {"Version": "2012-10-17", "Statement": statements}


def conversation(prompt: str, said: str) -> dict[str, Any]:
    """One line of a data set for Amazon Nova."""
    return {
        "schemaVersion": "bedrock-conversation-2024",
        "system": [{"text": "You help customers of a bank."}],
        "messages": [
            {"role": "user", "content": [{"text": prompt}]},
            {"role": "assistant", "content": [{"text": said}]},
        ],
    }


def lines(*records: Any) -> str:
    """Records as JSON lines."""
    return "".join(f"{json.dumps(one)}\n" for one in records)


class Account:
    """The emulator, its Bedrock and clients of both."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator, self.bedrock = emulator, Bedrock(emulator)
        self.api, self.runtime = emulator.client("bedrock"), emulator.client("bedrock-runtime")
        self.s3 = emulator.client("s3")
        make_bucket(self.s3, BUCKET, emulator.place.region)
        emulator.resource_policies[KEY] = key_policy()
        self.give(job_policy())
        self.put("data/train.jsonl", lines(*(conversation(*turn) for turn in TURNS.items())))
        self.events: list[dict[str, Any]] = []
        emulator.subscribe(self.events.append)

    def give(self, policy: dict[str, Any], trusted: dict[str, Any] | None = None) -> None:
        """Let the jobs' role have this one policy."""
        record = RoleRecord(ROLE, trusted or trust(), {"Job": policy})
        self.emulator.identities.roles[ROLE] = record

    def put(self, key: str, content: bytes | str) -> str:
        """Put an object into the bucket; its URI."""
        body = content.encode() if isinstance(content, str) else content
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=body)
        return f"s3://{BUCKET}/{key}"

    def written(self) -> list[str]:
        """Keys of what jobs wrote."""
        found = self.s3.list_objects_v2(Bucket=BUCKET, Prefix="out/")
        return [item["Key"] for item in found.get("Contents", [])]

    def later(self, minutes: float) -> None:
        """Let time pass."""
        self.emulator.clock.drive(minutes * 60)

    def customize(self, name: str = "one", **more: Any) -> str:
        """Start a customization job; its ARN."""
        return str(self.api.create_model_customization_job(**request(name, **more))["jobArn"])

    def model(self, name: str = "one", **more: Any) -> str:
        """A custom model; its ARN."""
        job = self.customize(name, **more)
        self.later(120)
        found = self.api.get_model_customization_job(jobIdentifier=job)
        assert found["status"] == "Completed", found
        return str(found["outputModelArn"])

    def ask(self, model: str, prompt: str) -> str:
        """What a model of Amazon Nova answers."""
        body = {"messages": [{"role": "user", "content": [{"text": prompt}]}]}
        answer = self.runtime.invoke_model(modelId=model, body=json.dumps(body))
        return str(json.loads(answer["body"].read())["output"]["message"]["content"][0]["text"])


def request(name: str = "one", **more: Any) -> dict[str, Any]:
    """CreateModelCustomizationJob; a member that is None is left out."""
    given = {
        "jobName": name,
        "customModelName": f"{name}-model",
        "roleArn": ROLE,
        "baseModelIdentifier": NOVA,
        "customizationType": "FINE_TUNING",
        "trainingDataConfig": {"s3Uri": DATA},
        "outputDataConfig": {"s3Uri": OUT},
        "hyperParameters": {"epochCount": "2"},
        **more,
    }
    return {key: value for key, value in given.items() if value is not None}


def refused(call: Any, **given: Any) -> str:
    """How a call is refused: code and message."""
    with pytest.raises(ClientError) as error:
        call(**given)
    found = error.value.response["Error"]
    return f"{found['Code']}: {found['Message']}"


def failed(here: Account, job: str) -> str:
    """Why a job failed, once it has."""
    here.later(120)
    found = here.api.get_model_customization_job(jobIdentifier=job)
    assert found["status"] == "Failed", found["status"]
    return str(found["failureMessage"])


@contextmanager
def account(place: Place = PLACE) -> Iterator[Account]:
    """A fresh account."""
    with Emulator(place) as emulator:
        yield Account(emulator)
