"""A serverless fine-tuning job: data, epochs, a model that knows its data, a version of its group.

No gradient descends here: the model is ``rehearsal.language_model``'s, which answers with the completion of
the nearest prompt it was shown. So what is trained depends on the data, and the same data gives the same.
"""

import math
from pathlib import Path
from statistics import fmean

from botocore.exceptions import ClientError

from rehearsal import language_model
from rehearsal.language_model import Artifact
from rehearsal.sagemaker import serverless_artifacts, serverless_data, serverless_rewards, serverless_timeline
from rehearsal.sagemaker.instance import Instance
from rehearsal.sagemaker.job import FailedJobError, Job
from rehearsal.sagemaker.serverless_data import Record
from rehearsal.sagemaker.serverless_metrics import normalized, overlap
from rehearsal.sagemaker.serverless_mlflow import Tracking
from rehearsal.sagemaker.serverless_timeline import Timeline
from rehearsal.sagemaker.serverless_versions import Start, register

BATCH = 8
"""Samples that a reward function is asked about before a reinforcement job begins."""

EPOCHS, GLOBAL_BATCH = 1, 64
"""Epochs and records per step of a job that says nothing; recipes have their own."""


class FineTuning:
    """One fine-tuning job on its way. ``metrics`` are what it measured."""

    def __init__(self, job: Job, instance: Instance, time: Timeline, begun: Start) -> None:
        self._job, self._instance, self._time, self._begun = job, instance, time, begun
        self._given = job.request.get("HyperParameters", {})
        self._technique = job.request["ServerlessJobConfig"]["CustomizationTechnique"]
        self.metrics: dict[str, float] = {}

    def run(self, data: dict[str, list[Record]], tracking: Tracking) -> None:
        """Train and register. Raises FailedJobError or StoppedJobError."""
        serverless_data.judged(data, self._technique)
        if self._technique in ("RLVR", "RLAIF"):
            self._rewarded(data["train"])
        self._epochs(data["train"])
        artifact = self._fitted(data["train"])
        self._validated(artifact, data.get("validation", []))
        tracking.log(
            {**self._given, "technique": self._technique, "base_model": self._begun.base}, self.metrics
        )
        self._registered(artifact)

    def _rewarded(self, records: list[Record]) -> None:
        """A reinforcement job asks how good the first answers are; it cannot go on if nobody can tell."""
        if self._technique == "RLAIF":
            return self._judge_asked()
        if "EvaluatorArn" not in self._job.request["ServerlessJobConfig"]:
            return None
        samples = [
            serverless_rewards.for_training(
                record, number, language_model.answer(self._begun.artifact, serverless_data.prompt(record))
            )
            for number, record in enumerate(records[:BATCH])
        ]
        try:
            results = serverless_rewards.ask(self._job, serverless_rewards.function_of(self._job), samples)
        except serverless_rewards.RewardError as problem:
            raise FailedJobError(f"ClientError: the reward function cannot be used: {problem}") from problem
        self.metrics["reward/mean"] = fmean(one["aggregate_reward_score"] for one in results)
        return None

    def _judge_asked(self) -> None:
        """The model that judges is asked as the job's role; nothing answers here."""
        model = self._given.get("judge_model_id", "openai.gpt-oss-120b-1:0").removeprefix("bedrock/")
        emulator = self._job.emulator
        arn = emulator.place.arn("bedrock", f"foundation-model/{model}", account="")
        emulator.judge(self._job.principal, "bedrock:InvokeModel", arn)

    def _epochs(self, records: list[Record]) -> None:
        epochs = int(self._given.get("max_epochs", EPOCHS))
        steps = math.ceil(len(records) / int(self._given.get("global_batch_size", GLOBAL_BATCH)))
        self._job.update(BillableTokenCount=serverless_data.tokens(records) * epochs)
        for epoch in range(epochs):
            progress = {"TotalStepCountPerEpoch": steps, "CurrentEpoch": epoch, "MaxEpoch": epochs}
            self._job.update(ProgressInfo={**progress, "CurrentStep": 0})
            self._time.spend(serverless_timeline.EPOCH)
            self._job.update(ProgressInfo={**progress, "CurrentEpoch": epoch + 1, "CurrentStep": steps})
            if self._job.emulator.faults.take("job_failure", self._job.name):
                raise FailedJobError("AlgorithmError: the training process was killed, exit code: 137")

    def _fitted(self, records: list[Record]) -> Artifact:
        try:
            return language_model.fit(records, self._technique, self._begun.artifact)
        except ValueError as problem:
            raise FailedJobError(f"ClientError: channel train, {problem}") from problem

    def _validated(self, artifact: Artifact, records: list[Record]) -> None:
        """How alike the answers are to the right ones, 0 to 1, before and after."""
        if not records:
            return
        for name, model in (("validation/f1", artifact), ("validation/f1_before", self._begun.artifact)):
            scores = [
                overlap(
                    normalized(language_model.answer(model, serverless_data.prompt(record))).split(),
                    normalized(serverless_rewards.truth(record)).split(),
                )
                for record in records
            ]
            self.metrics[name] = fmean(scores)

    def _registered(self, artifact: Artifact) -> None:
        self._job.secondary("Uploading", "Uploading generated training model")
        output = self._job.request["OutputDataConfig"]
        uri = f"{output['S3OutputPath'].rstrip('/')}/{self._job.name}/output/model/"
        folder = Path(self._instance.folder) / "model"
        lora = "Peft" in self._job.request["ServerlessJobConfig"]
        serverless_artifacts.write(folder, artifact, self._begun.base, lora=lora)
        self._instance.transfers.upload_folder(folder, uri, output.get("KmsKeyId"))
        self._time.spend(serverless_timeline.UPLOADING)
        self._job.update(ModelArtifacts={"S3ModelArtifacts": uri.rstrip("/")})
        try:
            self._job.update(OutputModelPackageArn=register(self._job, self._begun, uri))
        except ClientError as error:
            found = error.response["Error"]
            raise FailedJobError(f"ClientError: {found['Code']}: {found['Message']}") from error
