"""The work of a model customization job, done as the job's role.

The stand-in for the training itself is ``rehearsal.language_model``. Metrics are of that stand-in: the loss
is the share of answers it gets wrong, 0 to 1, perplexity its exponential.
"""

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from rehearsal import language_model
from rehearsal.api import Parameters
from rehearsal.bedrock.core import Core
from rehearsal.bedrock.datasets import DatasetError, Line, records
from rehearsal.bedrock.foundation import REINFORCEMENT, Foundation
from rehearsal.bedrock.grader import graded
from rehearsal.bedrock.objects import JobError
from rehearsal.bedrock.role import RoleSession
from rehearsal.bedrock.store import Record, tag_map

STEPS = "step_number,epoch_number,training_loss,perplexity\n"
VALIDATION = "step_number,epoch_number,validation_loss,perplexity\n"
"""Columns of the metrics (user guide, "Analyze the results of a model customization job")."""


SHOWN = (
    "hyperParameters",
    "trainingDataConfig",
    "validationDataConfig",
    "outputDataConfig",
    "customizationType",
    "customizationConfig",
    "jobName",
    "jobArn",
    "baseModelArn",
)
"""What a custom model tells of its job (API reference, GetCustomModel)."""


class Training:
    """One job's work: ``prepare``, ``begin``, ``finish``, each at its moment. They raise JobError."""

    def __init__(
        self, core: Core, job: Record, request: Parameters, base: Foundation, parent: Record | None
    ) -> None:
        self._core, self._job, self._request, self._base, self._parent = core, job, request, base, parent
        self._kind = str(job.description["customizationType"])
        self._role: RoleSession | None = None
        self._lines: list[Line] = []
        self._validation: list[list[Line]] = []

    @property
    def role(self) -> RoleSession:
        """The session of the job's role, once it was assumed."""
        assert self._role is not None
        return self._role

    def prepare(self, due: datetime) -> None:
        """Assume the role, join the network, use the key, read and judge the data."""
        job = self._job
        self._phase(due, "dataProcessingDetails", "InProgress")
        self._role = RoleSession(
            self._core.emulator, self._request["roleArn"], job.arn, self._request.get("vpcConfig")
        )
        self._role.join()
        if key := job.description.get("outputModelKmsKeyArn"):
            self._role.use_key(key)
        self._lines = self._training_data()
        for validator in job.description["validationDataConfig"]["validators"]:
            self._validation.append(self._read(validator["s3Uri"]))

    def begin(self, due: datetime) -> None:
        """The data is processed, training begins; a reinforcement fine-tuning asks its grader."""
        self._phase(due, "dataProcessingDetails", "Completed")
        self._phase(due, "trainingDetails", "InProgress")
        if self._core.suffers("job_failure", self._job.name):
            raise JobError("An internal error occurred while the model was being customized. Try again.")
        if self._kind == REINFORCEMENT:
            function = self._request["customizationConfig"]["rftConfig"]["graderConfig"]["lambdaGrader"]
            graded(self.role, function["lambdaArn"], self._lines, self._artifact_of_base())

    def finish(self, due: datetime) -> None:
        """Fit the model, write its metrics, keep it as a custom model."""
        made = language_model.fit(self._lines, self._kind, self._artifact_of_base())
        number = self._job.arn.rpartition("/")[2]
        out = self._request["outputDataConfig"]["s3Uri"].rstrip("/")
        folder = f"{out}/model-customization-job-{number}"
        loss = _loss(made, self._lines)
        self._write(f"{folder}/training_artifacts/step_wise_training_metrics.csv", STEPS, loss)
        losses = [_loss(made, lines) for lines in self._validation]
        for position, one in enumerate(losses):
            name = f"validation_artifacts/post_fine_tuning_validation/validation_metrics{position or ''}.csv"
            self._write(f"{folder}/{name}", VALIDATION, one)
        self._phase(due, "trainingDetails", "Completed")
        metrics: dict[str, Any] = {"trainingMetrics": {"trainingLoss": loss}}
        if losses:
            self._phase(due, "validationDetails", "Completed")
            metrics["validationMetrics"] = [{"validationLoss": one} for one in losses]
        self._job.update(due, **metrics)
        self._keep(made, due, metrics)

    def _keep(self, made: language_model.Artifact, due: datetime, metrics: dict[str, Any]) -> None:
        job, core = self._job, self._core
        arn = core.models.arn(self._base.id)
        description = {
            **{name: job.description[name] for name in SHOWN if name in job.description},
            **metrics,
            "modelArn": arn,
            "modelName": job.description["outputModelName"],
            "modelStatus": "Active",
            "creationTime": due,
            "modelKmsKeyArn": job.description.get("outputModelKmsKeyArn"),
        }
        tags = tag_map(self._request.get("customModelTags"))
        kept = {"base": self._base.id, "family": self._base.family, "customized": True}
        core.models.add(Record(description["modelName"], arn, description, tags, made, kept))
        job.update(due, outputModelArn=arn)

    def _training_data(self) -> list[Line]:
        config = self._request["trainingDataConfig"]
        if "s3Uri" in config:
            return self._read(config["s3Uri"])
        logs = config["invocationLogsConfig"]
        uri = logs["invocationLogSource"]["s3Uri"]
        raise JobError(f"{uri}: a distillation from invocation logs is not rehearsed, only from prompts.")

    def _read(self, uri: str) -> list[Line]:
        try:
            return records(self.role.read(uri), uri, self._kind, self._base.family)
        except DatasetError as error:
            raise JobError(f"Data validation failed: {error}.") from error

    def _artifact_of_base(self) -> language_model.Artifact | None:
        return self._parent.artifact if self._parent else None

    def _write(self, uri: str, header: str, loss: float) -> None:
        epochs = int(self._request.get("hyperParameters", {}).get("epochCount", 1))
        rows = "".join(f"{step},{step},{loss},{math.exp(loss)}\n" for step in range(epochs))
        self.role.write(uri, (header + rows).encode())

    def _phase(self, due: datetime, member: str, status: str) -> None:
        """API reference, StatusDetails: how each phase of the job stands."""
        details = dict(self._job.description["statusDetails"])
        begun = details.get(member, {}).get("creationTime", due)
        details[member] = {"status": status, "creationTime": begun, "lastModifiedTime": due}
        self._job.update(due, statusDetails=details)


def _loss(made: language_model.Artifact, lines: Sequence[Line]) -> float:
    """Share of the prompts with an answer whose answer the model does not give."""
    taught = [one for line in lines for one in language_model.examples(line) if one[2] >= 0]
    wrong = sum(language_model.answer(made, prompt) != said for prompt, said, _ in taught)
    return round(wrong / len(taught), 6) if taught else 0.0
