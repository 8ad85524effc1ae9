"""An emulated account in which foundation models are customized: a hub, data, reward functions, a group."""

import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rehearsed_account import BUCKET, PLACE, ROLE, Account, allow, job_policy

from rehearsal.emulator import Emulator, RoleRecord
from rehearsal.functions import FunctionService

HUB = "registry"
GROUP = "acme-dev-support"
BASE = "huggingface-reasoning-qwen3-8b"
GATED = "meta-textgeneration-llama-3-2-1b-instruct"
SCORER = "SageMaker-evaluator-acme-dev-support-exact"
FUNCTION_ROLE = PLACE.arn("iam", "role/acme/dev/function/reward", region="")
OUTPUT = f"s3://{BUCKET}/customized"

SFT = [
    {"prompt": "How do I lock my card?", "completion": "Open the app, choose Card, then Lock."},
    {"prompt": "Where is my new bicycle?", "completion": "Your order page shows where it is."},
]
DPO = [
    {"prompt": "How do I lock my card?", "chosen": "In the app: Card, Lock.", "rejected": "No idea."},
    {"prompt": "Where is my new bicycle?", "chosen": "See your order page.", "rejected": "Lost."},
]
VERIFIABLE = [
    {"prompt": "What is 2 plus 2?", "reward_model": {"style": "rule", "ground_truth": "4"}},
    {"prompt": [{"role": "user", "content": "What is 3 plus 3?"}], "reference_answer": "6"},
]
EVALUATION = [
    {"query": "How do I lock my card?", "response": "Open the app, choose Card, then Lock."},
    {"query": "Where is my new bicycle?", "response": "Your order page shows where it is."},
]

REWARD = """
import json

def handler(event, context):
    results = []
    for sample in event:
        said = sample.get("model_response") or sample.get("completion") or sample["messages"][-1]["content"]
        if said == "crash":
            raise ValueError("a sample crashed the function")
        reference = sample.get("reference_answer")
        wanted = reference["text"] if isinstance(reference, dict) else reference
        score = float(said == wanted)
        metric = {"name": "exact", "value": score, "type": "Metric"}
        results.append({"id": sample["id"], "aggregate_reward_score": score, "metrics_list": [metric]})
    return {"statusCode": 200, "body": json.dumps(results)}
"""


def lines(records: list[dict[str, Any]]) -> str:
    """JSON lines."""
    return "".join(json.dumps(record) + "\n" for record in records)


def customization_policy() -> dict[str, Any]:
    """What customization jobs of these tests need besides, and nothing else."""
    policy = job_policy()
    public = PLACE.arn("sagemaker", "hub-content/SageMakerPublicHub/*", account="aws")
    hubs = [PLACE.arn("sagemaker", f"hub/{HUB}"), PLACE.arn("sagemaker", f"hub-content/{HUB}/*")]
    hubs += [public, PLACE.arn("sagemaker", "hub/SageMakerPublicHub", account="aws")]
    versions = [PLACE.arn("sagemaker", f"model-package/{GROUP}/*")]
    models = PLACE.arn("bedrock", "foundation-model/*", account="")
    policy["Statement"] += [
        allow("sagemaker:DescribeHubContent", resource=hubs),
        allow(
            "sagemaker:CreateModelPackage",
            "sagemaker:DescribeModelPackage",
            "sagemaker:AccessModelPackage",
            resource=versions,
        ),
        allow("lambda:InvokeFunction", resource=PLACE.arn("lambda", "function:SageMaker-evaluator-*")),
        allow("bedrock:CreateEvaluationJob", "bedrock:InvokeModel", resource=models),
        allow("sagemaker:CallMlflowAppApi", resource=PLACE.arn("sagemaker", "mlflow-app/*")),
    ]
    return policy


class Customized(Account):
    """The account, and short words for what tests do in it."""

    def prepare(self) -> None:
        """A hub, a group and the role's policy."""
        self.give(customization_policy())
        self.api.create_hub(HubName=HUB, HubDescription="Data sets and evaluators")
        self.group = self.api.create_model_package_group(ModelPackageGroupName=GROUP)["ModelPackageGroupArn"]

    def later(self, seconds: float) -> None:
        """Let the world's time pass."""
        self.emulator.clock.drive(seconds)

    def imported(self, kind: str, name: str, document: dict[str, Any], version: str = "1.0.0") -> str:
        """Import a content, and wait for it; its ARN."""
        arn = self.api.import_hub_content(
            HubName=HUB,
            HubContentType=kind,
            HubContentName=name,
            HubContentVersion=version,
            DocumentSchemaVersion="2.0.0",
            HubContentDocument=json.dumps(document),
        )["HubContentArn"]
        self.later(10)
        return str(arn)

    def dataset(self, name: str, records: list[dict[str, Any]]) -> str:
        """A data set of the hub; its ARN."""
        self.put(f"data/{name}.jsonl", lines(records))
        return self.imported("DataSet", name, dataset_document(f"data/{name}.jsonl"))

    def reward(self, service: FunctionService, source: str = REWARD, name: str = SCORER) -> str:
        """A reward function and its evaluator; the evaluator's ARN."""
        logs = allow("logs:CreateLogStream", "logs:PutLogEvents")
        trusts = {"Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **trusts}]}
        policy = {"Version": "2012-10-17", "Statement": [logs]}
        self.emulator.identities.roles[FUNCTION_ROLE] = RoleRecord(FUNCTION_ROLE, trust, {"Logs": policy})
        self.emulator.client("logs").create_log_group(logGroupName=f"/aws/lambda/{name}")
        made = self.emulator.client("lambda").create_function(
            FunctionName=name,
            Runtime="python3.14",
            Handler="reward.handler",
            Role=FUNCTION_ROLE,
            Timeout=20,
            Code={"ZipFile": zipped(source)},
        )
        return self.evaluator(made["FunctionArn"])

    def evaluator(self, reference: str, kind: str = "RewardFunction", name: str = "exact") -> str:
        """An evaluator of the hub; its ARN."""
        return self.imported("JsonDoc", name, evaluator_document(reference, kind))

    def run(self, request: dict[str, Any], seconds: float = 7200) -> dict[str, Any]:
        """Create a job and let it end; its description."""
        self.api.create_training_job(**request)
        self.later(seconds)
        return dict(self.api.describe_training_job(TrainingJobName=request["TrainingJobName"]))

    def document(self, uri: str) -> dict[str, Any]:
        """A JSON object in S3."""
        return dict(json.loads(self.get(uri)))


def dataset_document(prefix: str) -> dict[str, Any]:
    """The document of a data set, as the SDK writes it."""
    return {
        "DatasetType": "CUSTOMER_PROVIDED",
        "DatasetS3Bucket": BUCKET,
        "DatasetS3Prefix": prefix,
        "ConversationId": "default-conversation",
        "ConversationCheckpointId": "default-checkpoint",
        "Dependencies": [],
    }


def evaluator_document(reference: str, kind: str = "RewardFunction") -> dict[str, Any]:
    """The document of an evaluator, as the SDK writes it."""
    content = json.dumps({"Reference": reference, "EvaluatorType": kind})
    return {"SubType": "AWS/Evaluator", "JsonContent": content}


def base_arn(name: str = BASE) -> str:
    """ARN of a base model."""
    return PLACE.arn("sagemaker", f"hub-content/SageMakerPublicHub/Model/{name}", account="aws")


def fine_tuning(name: str, data: str, group: str, technique: str = "SFT", **more: Any) -> dict[str, Any]:
    """CreateTrainingJob of a fine-tuning by LoRA; ``serverless`` adds to its configuration."""
    serverless = {"BaseModelArn": base_arn(), "JobType": "FineTuning", "CustomizationTechnique": technique}
    added = more.pop("serverless", {})
    return {
        "TrainingJobName": name,
        "RoleArn": ROLE,
        "ServerlessJobConfig": {**serverless, "Peft": "LORA", **added},
        "InputDataConfig": [channel("train", data)],
        "OutputDataConfig": {"S3OutputPath": OUTPUT},
        "ModelPackageConfig": {"ModelPackageGroupArn": group},
        **more,
    }


def evaluation(name: str, kind: str, data: str | None, **more: Any) -> dict[str, Any]:
    """CreateTrainingJob of an evaluation of the base model."""
    added = more.pop("serverless", {})
    serverless = {"BaseModelArn": base_arn(), "JobType": "Evaluation", "EvaluationType": kind, **added}
    channels = {"InputDataConfig": [channel("train", data)]} if data else {}
    return {
        "TrainingJobName": name,
        "RoleArn": ROLE,
        "ServerlessJobConfig": serverless,
        "OutputDataConfig": {"S3OutputPath": OUTPUT, "CompressionType": "NONE"},
        **channels,
        **more,
    }


SCORING = {"task": "gen_qa", "strategy": "gen_qa", "evaluation_metric": "all", "postprocessing": "True"}


def channel(name: str, data: str) -> dict[str, Any]:
    """A channel of a data set, by ARN or URI."""
    if data.startswith("arn:"):
        return {"ChannelName": name, "DataSource": {"DatasetSource": {"DatasetArn": data}}}
    source = {"S3DataType": "S3Prefix", "S3Uri": data}
    return {"ChannelName": name, "DataSource": {"S3DataSource": source}}


def zipped(source: str) -> bytes:
    """A function's package with one module, ``reward``."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("reward.py", source)
    return buffer.getvalue()


@contextmanager
def customized() -> Iterator[Customized]:
    """A fresh account that is ready for customization."""
    with Emulator(PLACE) as emulator:
        found = Customized(emulator)
        found.prepare()
        try:
            yield found
        finally:
            found.sagemaker.close()
