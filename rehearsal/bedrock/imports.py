"""Custom Model Import: open-weight models in Hugging Face's layout.

API reference of Amazon Bedrock: Create-, Get- and ListModelImportJob(s), Get-, List- and
DeleteImportedModel(s); user guide, "Import a customized model".
"""

from datetime import datetime
from typing import Any

from rehearsal.api import Parameters, Principal
from rehearsal.bedrock.core import Core, picked
from rehearsal.bedrock.objects import JobError
from rehearsal.bedrock.role import RoleSession
from rehearsal.bedrock.sources import architecture_in, artifact_in
from rehearsal.bedrock.store import Record, listing, tag_map


class Imports:
    """The import jobs of the account and the models they made."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def create(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """CreateModelImportJob."""
        core, moment = self._core, self._core.now()
        core.imports.free(request["jobName"])
        core.imported.free(request["importedModelName"])
        core.within(core.quotas.imported_models, len(list(core.imported)) + 1, "imported models")
        key = core.key_arn(request.get("importedModelKmsKeyId"))
        arn = core.imports.arn()
        members = ("jobName", "importedModelName", "roleArn", "modelDataSource", "vpcConfig")
        description = {
            **picked(request, *members),
            "jobArn": arn,
            "status": "InProgress",
            "creationTime": moment,
            **({"importedModelKmsKeyArn": key["arn"]} if key else {}),
        }
        tag_map(request.get("importedModelTags"))
        job = Record(request["jobName"], arn, description, tag_map(request.get("jobTags")))
        job.update(moment)
        core.imports.add(job)
        core.agenda.after(moment, core.durations.model_import, lambda due: self._import(job, request, due))
        return {"jobArn": arn}

    def get(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """GetModelImportJob."""
        return self._core.imports.need(request["jobIdentifier"]).description

    def summaries(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """ListModelImportJobs."""
        jobs = [job.description for job in self._core.imports]
        return listing("ListModelImportJobs", jobs, request, under="modelImportJobSummaries", name="jobName")

    def get_model(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """GetImportedModel."""
        return self._core.imported.need(request["modelIdentifier"]).description

    def list_models(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """ListImportedModels."""
        models = [model.description for model in self._core.imported]
        return listing("ListImportedModels", models, request, under="modelSummaries", name="modelName")

    def delete_model(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """DeleteImportedModel."""
        self._core.imported.remove(self._core.imported.need(request["modelIdentifier"]))
        return {}

    def _import(self, job: Record, request: Parameters, due: datetime) -> None:
        if self._core.suffers("stall", job.name):
            return
        try:
            model = self._imported(job, request, due)
        except JobError as error:
            job.update(due, status="Failed", failureMessage=str(error)[:2048], endTime=due)
            return
        self._core.imported.add(model)
        job.update(due, status="Completed", importedModelArn=model.arn, endTime=due)

    def _imported(self, job: Record, request: Parameters, due: datetime) -> Record:
        core = self._core
        if core.suffers("job_failure", job.name):
            raise JobError("An internal error occurred while the model was being imported. Try again.")
        role = RoleSession(core.emulator, request["roleArn"], job.arn, request.get("vpcConfig"))
        role.join()
        key = job.description.get("importedModelKmsKeyArn")
        if key:
            role.use_key(key)
        uri = request["modelDataSource"]["s3DataSource"]["s3Uri"]
        architecture = architecture_in(role, uri)
        arn = core.imported.arn()
        description = {
            **picked(job.description, "jobName", "jobArn", "modelDataSource"),
            "modelArn": arn,
            "modelName": request["importedModelName"],
            "creationTime": due,
            "modelArchitecture": architecture,
            "instructSupported": True,
            "modelKmsKeyArn": key,
        }
        tags = tag_map(request.get("importedModelTags"))
        family = "llama" if architecture.startswith("Llama") else "openai"
        kept = {"family": family}
        return Record(description["modelName"], arn, description, tags, artifact_in(role, uri), kept)
