"""What is running and billed in the emulated account at a moment: what a test must not find afterwards.

Amazon Bedrock and Amazon SageMaker pricing: jobs are billed while they run, endpoints and Provisioned
Throughput while they exist, imported models while a copy is active. Custom models are stored for a fee too;
they are what a workflow is for, so they are not listed. A deployment for on-demand inference costs nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from rehearsal.api import REHEARSAL
from rehearsal.bedrock.runtime import IDLE

if TYPE_CHECKING:
    from rehearsal.bedrock import Bedrock
    from rehearsal.emulator import Emulator

_JOBS = (
    ("training job", "list_training_jobs", "TrainingJob"),
    ("processing job", "list_processing_jobs", "ProcessingJob"),
    ("transform job", "list_transform_jobs", "TransformJob"),
)
"""What it is, the client's method, the noun of its members."""


@dataclass(frozen=True)
class Running:
    """One thing that costs money: what it is, its name, since when, and what is billed."""

    kind: str
    name: str
    since: datetime
    billed: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name} since {self.since:%Y-%m-%d %H:%M}: {self.billed}"


def running_costs(emulator: "Emulator", bedrock: "Bedrock | None" = None) -> list[Running]:
    """Everything that is running and billed now, oldest first."""
    found = [*_sagemaker(emulator), *(_bedrock(bedrock) if bedrock else ())]
    return sorted(found, key=lambda one: one.since)


def _sagemaker(emulator: "Emulator") -> Iterator[Running]:
    client = emulator.client("sagemaker", REHEARSAL)
    for kind, method, noun in _JOBS:
        for status in ("InProgress", "Stopping"):
            for job in getattr(client, method)(StatusEquals=status)[f"{noun}Summaries"]:
                yield Running(kind, job[f"{noun}Name"], job["CreationTime"], "seconds or tokens of the job")
    for endpoint in client.list_endpoints()["Endpoints"]:
        yield Running(
            "endpoint", endpoint["EndpointName"], endpoint["CreationTime"], "its instances by the second"
        )


def _bedrock(bedrock: "Bedrock") -> Iterator[Running]:
    core = bedrock.core
    core.agenda.settle()
    for shelf in (core.jobs, core.imports, core.evaluations):
        for job in shelf:
            if job.status in ("InProgress", "Stopping"):
                yield Running(shelf.words, job.name, job.description["creationTime"], "tokens of the job")
    for one in core.throughputs:
        if one.status != "Failed":
            units, term = one.description["modelUnits"], one.description.get("commitmentDuration", "none")
            billed = f"{units} model units by the hour, commitment {term}"
            yield Running("Provisioned Throughput", one.name, one.description["creationTime"], billed)
    for model in core.imported:
        ready = model.kept.get("ready")
        if ready and core.now() <= model.kept["used"] + timedelta(seconds=IDLE):
            yield Running("imported model", model.name, ready, "its copy by windows of five minutes")
