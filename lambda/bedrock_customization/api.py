"""Amazon Bedrock's control plane as the steps use it; the client comes from the caller."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from bedrock_customization.errors import BedrockQuotaExceeded, BedrockRefused
from service_faults import ServiceFault, passes

QUOTAS = frozenset({"ServiceQuotaExceededException", "TooManyTagsException"})
BUSY, MISSING = "ConflictException", "ResourceNotFoundException"


class Kind(NamedTuple):
    """How resources of one kind are listed, and removed: method, member of its answer, names of members."""

    listed: str
    under: str
    name: str
    arn: str
    removed: str
    identifier: str


KINDS = {
    "job": Kind(
        "list_model_customization_jobs",
        "modelCustomizationJobSummaries",
        "jobName",
        "jobArn",
        "stop_model_customization_job",
        "jobIdentifier",
    ),
    "import": Kind("list_model_import_jobs", "modelImportJobSummaries", "jobName", "jobArn", "", ""),
    "deployment": Kind(
        "list_custom_model_deployments",
        "modelDeploymentSummaries",
        "customModelDeploymentName",
        "customModelDeploymentArn",
        "delete_custom_model_deployment",
        "customModelDeploymentIdentifier",
    ),
    "throughput": Kind(
        "list_provisioned_model_throughputs",
        "provisionedModelSummaries",
        "provisionedModelName",
        "provisionedModelArn",
        "delete_provisioned_model_throughput",
        "provisionedModelId",
    ),
    "model": Kind(
        "list_custom_models",
        "modelSummaries",
        "modelName",
        "modelArn",
        "delete_custom_model",
        "modelIdentifier",
    ),
    "imported": Kind(
        "list_imported_models",
        "modelSummaries",
        "modelName",
        "modelArn",
        "delete_imported_model",
        "modelIdentifier",
    ),
}
"""Kinds of resources. A name that does not exist could not be told from one that is not ours by describing
it, since permissions go by tags: so they are found in lists."""


class Found(NamedTuple):
    """A resource of the model: its name, its ARN and the summary a list has of it."""

    name: str
    arn: str
    summary: Mapping[str, Any]


class Api:
    """Calls of one boto3 client of ``bedrock``, whose errors become those of the state machine."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def call(self, method: str, **given: Any) -> Mapping[str, Any]:
        """Make one call. Raises ServiceFault, BedrockQuotaExceeded or BedrockRefused."""
        try:
            answer: Mapping[str, Any] = getattr(self._client, method)(**given)
        except self._client.exceptions.ClientError as problem:
            error = problem.response["Error"]
            text = f"{error['Code']}: {error['Message']}"
            if passes(problem):
                raise ServiceFault(text) from problem
            raise (BedrockQuotaExceeded if error["Code"] in QUOTAS else BedrockRefused)(text) from problem
        return answer

    def beginning(self, kind: str, name: str) -> Iterator[Mapping[str, Any]]:
        """Summaries of everything of a kind whose name begins with ``name``, oldest first."""
        how = KINDS[kind]
        token: dict[str, str] = {}
        while True:
            page = self.call(how.listed, nameContains=name, sortOrder="Ascending", **token)
            yield from (one for one in page[how.under] if one[how.name].startswith(name))
            if not page.get("nextToken"):
                return
            token = {"nextToken": page["nextToken"]}

    def of(self, prefix: str, kind: str) -> Iterator[Found]:
        """Everything of a kind that runs of the model made, oldest first.

        It is called by the prefix, a hyphen and a run's id; after a model whose name begins alike, more
        stands between the two.
        """
        how, pattern = KINDS[kind], re.compile(rf"{re.escape(prefix)}-[a-z2-7]{{16}}")
        for one in self.beginning(kind, f"{prefix}-"):
            if pattern.fullmatch(one[how.name]):
                yield Found(one[how.name], one[how.arn], one)

    def named(self, kind: str, name: str) -> Mapping[str, Any] | None:
        """The summary of the resource of that very name, if there is one."""
        found = (one for one in self.beginning(kind, name) if one[KINDS[kind].name] == name)
        return next(found, None)

    def remove(self, kind: str, arn: str) -> bool:
        """Delete a resource, or stop a job. False if it cannot be at this moment; what is gone is removed."""
        how = KINDS[kind]
        try:
            self.call(how.removed, **{how.identifier: arn})
        except BedrockRefused as refused:
            if str(refused).startswith(MISSING):
                return True
            if str(refused).startswith(BUSY):
                return False
            raise
        return True
