"""What an environment hears of that may start a release, and what it passes on to other environments.

Events reach a queue: of approvals in the registry, of releases in the environment before, and of executions
that may have died. What happens in another environment comes over a bus of this one's own, which takes only
that (mlplatform.permissions.forwarding), so that no other account's events mix with those of AWS here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mlplatform.names import Names
from mlplatform.settings import Environment

BUS = "releases"
"""Name of the bus for what other environments say."""

QUEUE = "release-events"
"""Name of the queue of what may start a release."""

APPROVAL, RELEASE = "SageMaker Model Package State Change", "Model Release"
EXECUTION = "Step Functions Execution Status Change"
"""Detail types of what is heard (Amazon EventBridge events reference); ``RELEASE`` is the platform's own."""

SAGEMAKER = "aws.sagemaker"
DEAD = ["FAILED", "TIMED_OUT", "ABORTED"]
"""Statuses of executions that may have left something undone."""


@dataclass(frozen=True)
class Route:
    """One rule: its name and description, the events it matches, and where it takes them from.

    ``bus`` is the name of the bus, None for the account's default one; ``to`` is the environment whose bus
    the events go to, None for the queue of this one.
    """

    name: str
    description: str
    pattern: Mapping[str, Any]
    bus: str | None = None
    to: Names | None = None


def serves(settings: Environment) -> bool:
    """Whether any model has an endpoint in the environment."""
    return any(product.serving for product in settings.products)


def compares(settings: Environment) -> bool:
    """Whether any model has A/B tests in the environment."""
    return any(product.serving and product.serving.ab_test for product in settings.products)


def source(names: Names) -> str:
    """The source of events about the releases of an environment."""
    return f"{names.prefix}.{names.environment}.releases"


def served_in(names: Names) -> str:
    """The metadata that marks a version which served, verified, in an environment."""
    return f"served-in-{names.environment}"


def bus_arn(names: Names) -> str:
    """ARN of the bus of an environment."""
    return names.arn("events", f"event-bus/{names.name(BUS)}")


def queue_arn(names: Names) -> str:
    """ARN of the queue of an environment."""
    return names.arn("sqs", names.name(QUEUE))


def speaker(settings: Environment) -> tuple[Names, str, str] | None:
    """The environment that speaks on this one's bus, with source and detail type; None if none does."""
    neighbours = settings.neighbours
    if not serves(settings):
        return None
    if neighbours.before is not None:
        return neighbours.before, source(neighbours.before), RELEASE
    if settings.release.on_approval and not settings.keeps_registry:
        return neighbours.registry, SAGEMAKER, APPROVAL
    return None


def heard(settings: Environment) -> list[Route]:
    """What reaches the queue; nothing where no model serves."""
    if not serves(settings):
        return []
    names, before = settings.names, settings.neighbours.before
    bus = names.name(BUS) if speaker(settings) else None
    routes = [_deaths(settings)]
    if before is not None:
        what = f"Releases in {before.environment} that may go on here"
        routes.append(Route(names.name("served-before"), what, _released(before), bus))
    elif settings.release.on_approval:
        registry = settings.neighbours.registry
        what = f"Approvals in the registry of {registry.environment}"
        routes.append(Route(names.name("approvals"), what, _approved(registry), bus))
    return routes


def forwarded(settings: Environment) -> list[Route]:
    """What goes to the buses of other environments: approvals in this registry, releases that ended well."""
    names, neighbours = settings.names, settings.neighbours
    listeners = neighbours.listeners if settings.keeps_registry else ()
    followers = [to for to in neighbours.followers if to.environment in neighbours.serving]
    return [
        *(
            Route(
                names.name(f"approvals-to-{to.environment}"),
                f"Tells {to.environment} of approvals",
                _approved(names),
                to=to,
            )
            for to in listeners
        ),
        *(
            Route(
                names.name(f"releases-to-{to.environment}"),
                f"Tells {to.environment} what serves, verified",
                _released(names),
                to=to,
            )
            for to in (followers if serves(settings) else ())
        ),
    ]


def variables(settings: Environment) -> dict[str, str]:
    """What the function is told of the environment (release_start.logic.Here)."""
    names, registry, before = settings.names, settings.neighbours.registry, settings.neighbours.before
    return {
        "MACHINES": names.arn("states", f"stateMachine:{names.name('')}"),
        "VERSIONS": registry.arn("sagemaker", f"model-package/{registry.prefix}-{registry.environment}-"),
        "BEFORE": source(before) if before else "",
        "SERVED": served_in(names),
    }


def _approved(registry: Names) -> dict[str, Any]:
    """Approvals of any model of a registry, whose package groups are named after it."""
    return {
        "source": [SAGEMAKER],
        "detail-type": [APPROVAL],
        "account": [registry.account],
        "detail": {
            "ModelApprovalStatus": ["Approved"],
            "ModelPackageGroupName": [{"prefix": f"{registry.prefix}-{registry.environment}-"}],
        },
    }


def _released(before: Names) -> dict[str, Any]:
    return {
        "source": [source(before)],
        "detail-type": [RELEASE],
        "account": [before.account],
        "detail": {"Outcome": ["released"], "Workflow": ["release", "ab_test"]},
    }


def _deaths(settings: Environment) -> Route:
    names = settings.names
    machines = [
        {"wildcard": names.arn("states", f"stateMachine:{names.name(f'*-{workflow}', kind='workflow')}")}
        for workflow in ("release", "rollback", "lifecycle", *(("ab-test",) if compares(settings) else ()))
    ]
    pattern = {
        "source": ["aws.states"],
        "detail-type": [EXECUTION],
        "detail": {"status": DEAD, "stateMachineArn": machines},
    }
    return Route(names.name("ended-releases"), "Releases and rollbacks that may have died", pattern)
