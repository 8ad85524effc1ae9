"""An emulated account in which the compiled workflow customize runs with its real functions."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from customized_account import EVALUATION, SFT, VERIFIABLE, lines
from rehearsed_account import TRUST, key_policy
from state_machines import Account, Ended, allowing

import customization.handler
import dataset_check.handler
import quality_gate.handler
import reward_exact_match.handler
import run_admission.handler
from mlplatform import workflows
from mlplatform.ai_registry import hub_name
from mlplatform.permissions.customization_places import FUNCTION_ROLE, JOB_ROLE
from mlplatform.settings import Environment, ModelProduct, read_environments
from mlplatform.settings.products import merged
from rehearsal.api import ApiRequest, Parameters, Place, Principal
from rehearsal.emulator import Emulator, RoleRecord
from rehearsal.sagemaker import SageMaker

ENVIRONMENT: dict[str, Any] = {
    "account": "111111111111",
    "region": "us-east-1",
    "name_prefix": "acme",
    "owns_account": True,
    "training": True,
    "tags": {"owner": "ml", "cost-center": "1"},
    "network": {"availability_zones": ["use1-az1", "use1-az2"]},
}
MODEL: dict[str, Any] = {
    "description": "Answers questions",
    "owner": "support",
    "task": "text_generation",
    "customization": {
        "base_model": "huggingface-reasoning-qwen3-8b",
        "techniques": {
            "sft": {
                "train": "data://m/sft.jsonl",
                "validation": "data://m/validation.jsonl",
                "sequence_length": "4K",
                "hyperparameters": {"learning_rate": 0.0002, "max_epochs": 2},
                "max_runtime_minutes": 240,
                "spend_usd": 60,
            },
            "dpo": {"train": "data://m/dpo.jsonl", "start_from": "approved", "spend_usd": 60},
            "rlvr": {"train": "data://m/rlvr.jsonl", "reward_function": "exact_match", "spend_usd": 60},
            "rlaif": {
                "train": "data://m/rlvr.jsonl",
                "reward_prompt": "helpful.jinja",
                "reward_model": "openai.gpt-oss-120b-1:0",
                "peft": "full",
                "spend_usd": 60,
            },
        },
        "evaluate": {
            "data": "data://m/evaluation.jsonl",
            "benchmark": {"task": "mmlu"},
            "scorer": "exact_match",
            "judge": {"model": "amazon.nova-pro-v1:0", "metrics": ["Builtin.Correctness"]},
            "max_runtime_minutes": 60,
        },
        "gate": {
            "at_least": {"scorer:exact_match": 0.5},
            "better_than_base_by": {"scorer:exact_match": 0.1},
            "not_worse_than_base_by": {"benchmark:mmlu": 0.1},
            "not_worse_than_live_by": {"scorer:exact_match": 0.5},
        },
        "monthly_budget_usd": 500,
    },
}
PROMPT = "{% if x %}Is this helpful? {{ answer }} ${Region} {% endif %}"
DATA = {
    "sft": SFT,
    "validation": SFT,
    "dpo": [
        {"prompt": one["query"], "chosen": one["response"], "rejected": "No idea."} for one in EVALUATION
    ],
    "rlvr": VERIFIABLE[:1],
    "evaluation": EVALUATION,
}


def product(folder: Path, *changes: dict[str, Any], **settings: Any) -> tuple[ModelProduct, Environment]:
    """MODEL with ``changes`` laid over it, None taking away, in an environment with further ``settings``."""
    model = MODEL
    for change in changes:
        model = merged(model, change)
    (folder / "environments").mkdir(parents=True)
    (folder / "models" / "m").mkdir(parents=True)
    (folder / "environments" / "dev.yaml").write_text(
        yaml.safe_dump({**ENVIRONMENT, **settings}), encoding="utf-8"
    )
    text = yaml.safe_dump(_given(model), sort_keys=False)
    (folder / "models" / "m" / "model.yaml").write_text(text, encoding="utf-8")
    (folder / "models" / "m" / "helpful.jinja").write_text(PROMPT, encoding="utf-8")
    (found,) = read_environments(folder / "environments")
    return found.products[0], found


def _given(value: Any) -> Any:
    """Without what a change took away by saying None."""
    if isinstance(value, dict):
        return {key: _given(item) for key, item in value.items() if item is not None}
    return value


class Functions:
    """Answers ``lambda`` with what the functions give when they run."""

    def __init__(self, emulator: Emulator) -> None:
        role = emulator.place.arn("iam", "role/acme/dev/function/everything", region="")
        emulator.identities.roles[role] = RoleRecord(role, TRUST, {"Function": allowing("*")})
        services = ("s3", "sagemaker", "dynamodb")
        s3, sagemaker, dynamodb = (emulator.client(name, Principal(role)) for name in services)
        self.asked: list[dict[str, Any]] = []
        self.answers: dict[str, Callable[[Any], Any]] = {
            "run-admission": lambda event: run_admission.handler.handler(event, None),
            "dataset-check": lambda event: dataset_check.handler.handle(event, s3=s3),
            "quality-gate": lambda event: quality_gate.handler.handle(
                event, s3=s3, sagemaker=sagemaker, dynamodb=dynamodb
            ),
            f"m{FUNCTION_ROLE}": lambda event: customization.handler.handle(
                event, s3=s3, sagemaker=sagemaker
            ),
            "exact_match": lambda event: reward_exact_match.handler.handler(event, None),
        }

    def __call__(self, request: ApiRequest) -> Parameters:
        name = str(request.parameters["FunctionName"]).rsplit(":", 1)[1]
        if request.operation == "GetFunction":
            return {"Configuration": {"FunctionName": name}}
        event = json.loads(request.parameters["Payload"])
        answer = next(made for end, made in self.answers.items() if name.endswith(end))
        if name.endswith(f"m{FUNCTION_ROLE}"):
            self.asked.append(event)
        try:
            result = answer(event)
        except Exception as error:
            raised = {"errorType": type(error).__name__, "errorMessage": str(error)}
            return {"StatusCode": 200, "FunctionError": "Unhandled", "Payload": json.dumps(raised).encode()}
        return {"StatusCode": 200, "Payload": json.dumps(result).encode()}


@dataclass
class Cloud:
    """The account, its SageMaker, and the workflow in it."""

    emulator: Emulator
    settings: Environment
    product: ModelProduct

    def __post_init__(self) -> None:
        """Everything is deployed, and the data lies where the settings say."""
        self.sagemaker = SageMaker(self.emulator)
        self.aws = Account(self.emulator)
        self.functions = Functions(self.emulator)
        self.emulator.register("lambda", self.functions)
        self.api, self.s3 = self.emulator.client("sagemaker"), self.emulator.client("s3")
        names = self.settings.names
        for kind in ("artifacts", "data"):
            self.s3.create_bucket(Bucket=names.bucket(kind))
        for name, records in DATA.items():
            self.data(name, lines(records))
        self.topic()
        self.api.create_hub(
            HubName=hub_name(self.settings.region, self.settings.account), HubDescription="AI Registry Hub"
        )
        group = names.name("m", kind="model")
        self.api.create_model_package_group(ModelPackageGroupName=group)
        role = names.role_arn("job", f"m{JOB_ROLE}")
        self.emulator.identities.roles[role] = RoleRecord(role, TRUST, {"Job": allowing("*")})
        self.key = self.emulator.place.arn("kms", "key/11111111-2222-3333-4444-555555555555")
        self.emulator.resource_policies[self.key] = key_policy()
        self.machine = self.created()

    def topic(self) -> None:
        """People hear of what happens by way of a queue."""
        sns, sqs = self.emulator.client("sns"), self.emulator.client("sqs")
        topic = sns.create_topic(Name=self.settings.names.name("notifications"))["TopicArn"]
        self.queue = sqs.create_queue(QueueName="mail")["QueueUrl"]
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=self.emulator.place.arn("sqs", "mail"))

    def created(self) -> str:
        """The state machine; its ARN."""
        source = workflows.pack(self.product.folder)
        text = workflows.written("customize", self.product, self.settings, source)
        made = self.aws.client.create_state_machine(
            name="acme-dev-m-customize",
            definition=text.replace("${ArtifactsKeyArn}", self.key),
            roleArn=self.aws.everything,
        )
        return str(made["stateMachineArn"])

    def data(self, name: str, text: str) -> None:
        """Put a data set where model.yaml says."""
        bucket = self.settings.names.bucket("data")
        self.s3.put_object(Bucket=bucket, Key=f"m/{name}.jsonl", Body=text.encode())

    def run(self, **given: Any) -> Ended:
        """Run the workflow to its end."""
        return self.aws.execute(self.machine, given)

    def document(self, uri: str) -> Any:
        """A JSON object of S3."""
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        return json.loads(self.s3.get_object(Bucket=bucket, Key=key)["Body"].read())

    def kept(self, folder: str) -> dict[str, Any]:
        """JSON objects below ``customization/m/`` by their names."""
        bucket, prefix = self.settings.names.bucket("artifacts"), f"customization/m/{folder}/"
        found = self.s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
        return {
            item["Key"].removeprefix(prefix): self.document(f"s3://{bucket}/{item['Key']}") for item in found
        }

    def jobs(self) -> dict[str, str]:
        """Status of every training job, by name."""
        found = self.api.get_paginator("list_training_jobs").paginate()
        return {
            job["TrainingJobName"]: job["TrainingJobStatus"]
            for page in found
            for job in page["TrainingJobSummaries"]
        }

    def versions(self) -> dict[int, str]:
        """Approval of every version, by number."""
        group = self.settings.names.name("m", kind="model")
        found = self.api.list_model_packages(ModelPackageGroupName=group)["ModelPackageSummaryList"]
        return {int(one["ModelPackageArn"].rpartition("/")[2]): one["ModelApprovalStatus"] for one in found}

    def approve(self, number: int) -> None:
        """Somebody approves a version."""
        group = self.settings.names.name("m", kind="model")
        arn = self.emulator.place.arn("sagemaker", f"model-package/{group}/{number}")
        self.api.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")

    def mail(self) -> list[dict[str, str]]:
        """What people were told since the last look."""
        sqs = self.emulator.client("sqs")
        found: list[dict[str, str]] = []
        while messages := sqs.receive_message(QueueUrl=self.queue).get("Messages", ()):
            for message in messages:
                found.append(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
        return found


@contextmanager
def cloud(folder: Path, *changes: dict[str, Any]) -> Iterator[Cloud]:
    """An account that ends with the block."""
    model, settings = product(folder, *changes)
    with Emulator(Place("aws", settings.region, settings.account)) as emulator:
        made = Cloud(emulator, settings, model)
        try:
            yield made
        finally:
            made.sagemaker.close()
