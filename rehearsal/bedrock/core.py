"""What the parts of the emulated Bedrock share: the account, its agenda, its quotas, how long things take."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rehearsal.api import ApiError, Parameters, Place
from rehearsal.bedrock.agenda import Agenda
from rehearsal.bedrock.store import Shelf, Tokens
from rehearsal.encryption import Keys
from rehearsal.faults import Kind
from rehearsal.identities import Deployed
from rehearsal.resources import UnresolvedError

if TYPE_CHECKING:
    from rehearsal.emulator import Emulator

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
COMMITMENTS = {"OneMonth": 30 * DAY, "SixMonths": 180 * DAY}
"""Seconds of a term; AWS counts months of the calendar, which a rehearsal does not need."""


@dataclass
class Durations:
    """Seconds of the world's time that things take. AWS promises none; these are ours, and can be set."""

    start: float = 2 * MINUTE
    data_processing: float = 10 * MINUTE
    training: float = HOUR
    stopping: float = 2 * MINUTE
    registration: float = 5 * MINUTE
    deployment: float = 5 * MINUTE
    provisioning: float = 15 * MINUTE
    model_import: float = 10 * MINUTE
    evaluation: float = 30 * MINUTE
    warm_up: float = 30.0


@dataclass
class Quotas:
    """What the account may have at a time; None is without a limit. Tests set them.

    User guide, "Purchase a Provisioned Throughput": two model units without commitment, none with; API
    reference, CreateProvisionedModelThroughput.modelUnits: those with commitment are asked for from support.
    """

    committed_model_units: int = 0
    uncommitted_model_units: int = 2
    customization_jobs: int | None = None
    deployments: int | None = None
    imported_models: int | None = None


@dataclass
class Core:
    """The account as all kinds of resources see it. ``jobs`` to ``evaluations`` are everything there is."""

    emulator: "Emulator"
    agenda: Agenda
    tokens: Tokens = field(default_factory=Tokens)
    quotas: Quotas = field(default_factory=Quotas)
    durations: Durations = field(default_factory=Durations)

    def __post_init__(self) -> None:
        place = self.place
        self.jobs = Shelf(place, "model-customization-job", "model customization job")
        self.models = Shelf(place, "custom-model", "custom model")
        self.deployments = Shelf(place, "custom-model-deployment", "custom model deployment")
        self.throughputs = Shelf(place, "provisioned-model", "Provisioned Throughput")
        self.imports = Shelf(place, "model-import-job", "model import job")
        self.imported = Shelf(place, "imported-model", "imported model")
        self.evaluations = Shelf(place, "evaluation-job", "evaluation job")

    @property
    def shelves(self) -> tuple[Shelf, ...]:
        """Everything that has an ARN and tags."""
        mine = (self.jobs, self.models, self.deployments, self.throughputs)
        return (*mine, self.imports, self.imported, self.evaluations)

    @property
    def place(self) -> Place:
        """Where the account is."""
        return self.emulator.place

    def now(self) -> datetime:
        """The world's time."""
        return self.emulator.clock.now()

    def suffers(self, fault: Kind, name: str) -> bool:
        """Whether a fault befalls what is called ``name``."""
        return self.emulator.faults.take(fault, name)

    def within(self, quota: int | None, count: int, what: str) -> None:
        """Refuse what exceeds a quota."""
        if quota is not None and count > quota:
            text = f"You have exceeded the quota of {what}: {quota}. Request an increase or delete some."
            raise ApiError("ServiceQuotaExceededException", text)

    def key_arn(self, key: str | None) -> dict[str, Any]:
        """The ARN of a key given by id, ARN or alias, under ``arn``; nothing for none."""
        if key is None:
            return {}
        try:
            return {"arn": Keys(self.place, Deployed()).arn(key)}
        except UnresolvedError as error:
            raise ApiError("ValidationException", f"The KMS key {key} is invalid: {error}.") from error


def picked(request: Parameters, *names: str) -> dict[str, Any]:
    """Those members of a request that are given."""
    return {name: request[name] for name in names if request.get(name) is not None}
