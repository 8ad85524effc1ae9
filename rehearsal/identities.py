"""What decides over calls in the emulated account: roles, resource policies, keys, endpoints as deployed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from rehearsal.api import ApiRequest
from tools.policy_evaluator import Policy


@dataclass(frozen=True)
class RoleRecord:
    """One role as IAM keeps it: ``policies`` are its inline and attached policies by name."""

    arn: str
    trust: Policy
    policies: dict[str, Policy]
    boundary: Policy | None = None

    @property
    def kind(self) -> str:
        """What the role is for: the last segment of its path (``job``, ``workflow``, ...), or nothing."""
        segments = self.arn.split("/")
        return segments[-2] if len(segments) > 2 else ""


@dataclass
class Identities:
    """The roles of the account, by ARN."""

    roles: dict[str, RoleRecord] = field(default_factory=dict)


@dataclass
class Deployed:
    """Everything the gate judges with.

    ``resource_policies`` are the policies of buckets, keys, topics, queues, functions and repositories, by
    ARN; ``bucket_keys`` the ARN of each bucket's default key, by the bucket's name; ``bucket_accounts`` who
    owns a bucket of another account; ``vpc_endpoints`` the id and the policy of each endpoint by its service
    (``com.amazonaws.<region>.s3``, or ``s3``); ``tags`` are asked in turn for the tags of an ARN;
    ``resolvers`` put ARNs where a request has names.
    """

    identities: Identities = field(default_factory=Identities)
    resource_policies: dict[str, Policy] = field(default_factory=dict)
    bucket_keys: dict[str, str] = field(default_factory=dict)
    bucket_accounts: dict[str, str] = field(default_factory=dict)
    vpc_endpoints: dict[str, tuple[str, Policy | None]] = field(default_factory=dict)
    tags: list[Callable[[str], Mapping[str, str] | None]] = field(default_factory=list)
    resolvers: list[Callable[[ApiRequest], ApiRequest]] = field(default_factory=list)

    def tags_of(self, arn: str) -> Mapping[str, str]:
        """Tags of the resource ``arn``; none if nobody knows it."""
        return next((found for look in self.tags if (found := look(arn)) is not None), {})
