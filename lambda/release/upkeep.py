"""What upkeep decides: what nobody needs any more, and whether what serves is what the stack declares.

Models and configurations outlive the updates that replace them, because SageMaker may have gone back to one
that the stack no longer has. So they add up, and only what is needed by nothing may ever be deleted.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from release.identifiers import NONE, seconds_between
from release.ports import Made, Record
from release.situation import PRODUCTION, Situation, denies_loss

LEAST_AGE_SECONDS = 7 * 24 * 3600
"""What is younger may belong to an update that is just going on: none takes longer than 970 minutes (registry
schema of AWS::SageMaker::Endpoint), and people look into what failed for some days."""

MOST_DELETED = 50
"""In one sweep: far more than a day leaves behind, and done long before the function's time is up."""

CONFIG_OUTPUT, MODEL_OUTPUT = "LiveEndpointConfigName", "LiveModelName"


@dataclass(frozen=True)
class Needs:
    """What must stay: ``names`` of models and configurations, as ``named`` has them, and whatever was made of
    the ``packages``."""

    names: frozenset[str]
    packages: frozenset[str]


def named(identifier: str) -> str:
    """A name to compare by, of a name or an ARN: SageMaker writes names in small letters in its ARNs."""
    return identifier.rpartition("/")[2].lower()


def needs(now: Situation, resources: Iterable[str], good: Sequence[Record]) -> Needs:
    """What the stack, the endpoint and the ledger need. ``resources`` are the physical ids of the stack's
    resources, ``good`` the versions that a rollback may go back to soon, as the ledger has them."""
    records = [record for record in (*good, now.live, now.paused) if record]
    endpoint, outputs = now.endpoint, now.stack.outputs
    used = [*resources, outputs.get(CONFIG_OUTPUT, ""), outputs.get(MODEL_OUTPUT, "")]
    used += [str(record.get("config", "")) for record in records]
    used += [endpoint.config, endpoint.model] if endpoint else []
    serving = endpoint.packages.values() if endpoint else ()
    packages = [*serving, now.production, *(str(record["package"]) for record in records)]
    parameters = (value for key, value in now.stack.parameters.items() if key.endswith("PackageArn"))
    return Needs(
        frozenset(named(name) for name in used if name),
        frozenset(arn for arn in (*packages, *parameters) if arn not in ("", NONE)),
    )


def superfluous(
    configurations: Sequence[Made], models: Sequence[Made], needed: Needs, now: str
) -> tuple[list[str], list[str]]:
    """Names of the configurations that may go, and of the models after them; 50 at most, oldest first.

    A configuration is of a version that is needed if all of its variants are: one that had a rejected version
    as a shadow is of no more use. A model that a remaining configuration names stays.
    """
    made_of = {named(model.name): model.package for model in models}

    def free(made: Made) -> bool:
        packages = {made_of.get(named(model), "") for model in made.models or (made.name,)}
        old = seconds_between(made.created, now) > LEAST_AGE_SECONDS
        return old and named(made.name) not in needed.names and not packages <= needed.packages

    gone = [each for each in _oldest_first(configurations) if free(each)][:MOST_DELETED]
    kept = [each for each in configurations if each not in gone]
    in_use = {named(model) for each in kept for model in each.models}
    left = [each for each in _oldest_first(models) if free(each) and named(each.name) not in in_use]
    return [each.name for each in gone], [each.name for each in left[: MOST_DELETED - len(gone)]]


def _oldest_first(made: Sequence[Made]) -> list[Made]:
    return sorted(made, key=lambda each: (each.created, each.name))


def problems(now: Situation) -> list[str]:
    """What is not as it is to be while nobody changes the endpoint, in words; nothing if all is well.

    Before anything was released there is nothing to protect, and nothing that could differ.
    """
    if now.live is None and now.endpoint is None:
        return []
    return list(dict.fromkeys([*_of_stack(now), *_of_ledger(now), *now.differences()]))


def _of_stack(now: Situation) -> Iterator[str]:
    if now.stuck:
        yield f"the stack is in {now.stack.status}"
    if not now.stack.protected:
        yield "the stack has no termination protection"
    if not denies_loss(now.stack.policy):
        yield "the stack policy lets an update delete or replace the endpoint"


def _of_ledger(now: Situation) -> Iterator[str]:
    if now.paused is not None and not now.off:
        yield "the model is to be paused, and the stack does not declare it"
    if now.paused is None and now.off:
        yield "the stack declares the model to be paused, which nobody asked for"
    if now.paused is None and not now.off and now.production != now.served:
        yield f"the stack declares {now.production}, and the ledger says that {now.served} serves"
    if not now.alone:
        yield "the stack declares a version beside production that no release or test asks for"
    weights = now.endpoint.weights if now.endpoint else {}
    if weights and not weights.get(PRODUCTION):
        yield "production gets no requests"
