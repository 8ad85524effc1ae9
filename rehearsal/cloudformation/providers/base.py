"""What a provider of a resource type is: it makes, changes and deletes resources for CloudFormation."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from rehearsal.api import REHEARSAL, Place, Principal
from rehearsal.clock import WorldClock
from rehearsal.cloudformation.schemas import Properties
from rehearsal.cloudformation.stack import Resource, Stack
from rehearsal.emulator import Emulator


class ResourceError(Exception):
    """A resource that cannot be made, changed or deleted: the stack rolls back with this reason.

    ``left`` is what a failed creation leaves behind, such as an endpoint that is Failed: the way back deletes
    it. A failed change is undone on the way back, too, as CloudFormation does.
    """

    def __init__(self, reason: str, left: "Made | None" = None) -> None:
        super().__init__(reason)
        self.left = left


class UntouchedError(ResourceError):
    """A change that was refused before anything was touched: there is nothing to undo."""


@dataclass(frozen=True)
class Wanted:
    """A resource as the template wants it: every function resolved, every property valid.

    ``name`` is for a resource that the template does not name.
    """

    stack: Stack
    logical_id: str
    type: str
    properties: Properties
    name: str


@dataclass(frozen=True)
class Made:
    """A resource as it is: ``ref`` is what ``Ref`` yields, ``attributes`` what ``Fn::GetAtt`` does."""

    ref: str
    attributes: Mapping[str, Any] = field(default_factory=dict)
    handle: Any = None


class Provider(Protocol):
    """Makes the resources of one type. Every method may raise ResourceError, ApiError or ClientError."""

    def create(self, wanted: Wanted) -> Made:
        """Make it."""

    def update(self, wanted: Wanted, old: Resource) -> Made:
        """Change ``old`` into what is wanted; it keeps its physical id."""

    def delete(self, old: Resource) -> None:
        """Delete it."""


@dataclass(frozen=True)
class Account:
    """Where providers make resources: AWS's APIs, called as ``principal``.

    That is the rehearsal itself, which is not judged, when it deploys as the CDK's CLI does, or else the role
    that CloudFormation was given. ``passive`` is how a resource's time passes: a deployment by the
    rehearsal makes it pass, an update begun by a call of the API waits until it has.
    """

    emulator: Emulator
    principal: Principal = REHEARSAL
    passive: bool = False

    @property
    def place(self) -> Place:
        """Partition, region and account."""
        return self.emulator.place

    def api(self, service: str) -> Any:
        """The boto3 client of ``service``."""
        return self.emulator.client(service, self.principal)

    @property
    def clock(self) -> WorldClock:
        """The world's time."""
        return self.emulator.clock

    def wait(self, seconds: float) -> None:
        """Let the world's time pass, while a resource becomes what it shall be."""
        if self.passive:
            self.clock.sleep(seconds)
        else:
            self.clock.drive(seconds)


def without(properties: Properties, *names: str) -> dict[str, Any]:
    """``properties`` less those called ``names``."""
    return {key: value for key, value in properties.items() if key not in names}


def only(properties: Properties, *names: str) -> dict[str, Any]:
    """Those of ``properties`` that are called ``names``."""
    return {key: properties[key] for key in names if key in properties}


def tag_map(properties: Properties) -> dict[str, str]:
    """The property ``Tags``, a list of keys and values, as a mapping."""
    return {tag["Key"]: tag["Value"] for tag in properties.get("Tags", ())}


def lower_camel(value: Any) -> Any:
    """Keys of nested mappings as APIs write them that begin with a small letter."""
    if isinstance(value, Mapping):
        return {key[:1].lower() + key[1:]: lower_camel(item) for key, item in value.items()}
    return [lower_camel(item) for item in value] if isinstance(value, list) else value


def unchangeable(wanted: Wanted, old: Resource, *changeable: str) -> None:
    """Raise ResourceError if a property differs that the rehearsal has no way to change."""
    names = sorted({*wanted.properties, *old.properties} - {*changeable, "Tags"})
    if changed := [name for name in names if wanted.properties.get(name) != old.properties.get(name)]:
        raise UntouchedError(f"the rehearsal cannot change {', '.join(changed)} of an {wanted.type}")
