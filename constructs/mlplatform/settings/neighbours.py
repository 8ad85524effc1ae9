"""What one environment must know of the others: whose account it is in, and whose registry it uses."""

from dataclasses import dataclass

from mlplatform.names import Names


@dataclass(frozen=True)
class Neighbours:
    """The environments around one, by what they are called.

    ``owner`` holds what exists once in the account and region; ``account`` are all environments there, this
    one included; ``registry`` is the environment whose model registry this one uses (itself, if its own);
    ``consumers`` are the other environments that use this one's; ``adopted`` is what the account had before
    the platform; ``qualifiers`` are those of `cdk bootstrap` in the account and region. ``before`` is the
    environment in which a version must have served before it is released here, ``followers`` are those for
    which that is this one. ``sharing`` are all environments that use the same registry as this one, itself
    included; ``listeners`` those of ``consumers`` where an approval starts a release; ``serving`` are the
    names of all environments with an endpoint.
    """

    owner: Names
    account: tuple[Names, ...]
    registry: Names
    consumers: tuple[Names, ...]
    adopted: frozenset[str]
    qualifiers: tuple[str, ...]
    before: Names | None = None
    followers: tuple[Names, ...] = ()
    sharing: tuple[Names, ...] = ()
    listeners: tuple[Names, ...] = ()
    serving: frozenset[str] = frozenset()
