"""What one environment must know of the others: whose account it is in, and whose registry it uses."""

from dataclasses import dataclass

from mlplatform.names import Names


@dataclass(frozen=True)
class Neighbours:
    """The environments around one, by what they are called.

    ``owner`` holds what exists once in the account and region; ``account`` are all environments there, this
    one included; ``registry`` is the environment whose model registry this one uses (itself, if its own);
    ``consumers`` are the other environments that use this one's; ``adopted`` is what the account had before
    the platform; ``qualifiers`` are those of `cdk bootstrap` in the account and region.
    """

    owner: Names
    account: tuple[Names, ...]
    registry: Names
    consumers: tuple[Names, ...]
    adopted: frozenset[str]
    qualifiers: tuple[str, ...]
