"""Roles and their policies: what the emulator judges calls by."""

from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.cloudformation.providers.base import Account, Made, ResourceError, Wanted
from rehearsal.cloudformation.stack import Resource
from rehearsal.identities import RoleRecord


@dataclass(frozen=True)
class Roles:
    """``AWS::IAM::Role``; ``managed`` holds the documents of managed policies by ARN."""

    account: Account
    managed: dict[str, Any] = field(default_factory=dict)

    def create(self, wanted: Wanted) -> Made:
        """Create the role with its policies, all of which must exist."""
        name = wanted.properties.get("RoleName", wanted.name)
        if any(arn.rpartition("/")[2] == name for arn in self.account.emulator.identities.roles):
            raise ResourceError(f"Role with name {name} already exists.")
        return self._put(name, wanted, {})

    def update(self, wanted: Wanted, old: Resource) -> Made:
        """Replace its trust, boundary and policies; those that other resources added stay."""
        record = self.account.emulator.identities.roles[old.attributes["Arn"]]
        own = {policy["PolicyName"] for policy in old.properties.get("Policies", ())}
        own.update(old.properties.get("ManagedPolicyArns", ()))
        added = {name: document for name, document in record.policies.items() if name not in own}
        return self._put(old.physical_id, wanted, added)

    def delete(self, old: Resource) -> None:
        """Delete the role."""
        del self.account.emulator.identities.roles[old.attributes["Arn"]]

    def document(self, arn: str) -> Any:
        """The document of a managed policy, ours or AWS's. Raises ResourceError if there is none."""
        if arn in self.managed:
            return self.managed[arn]
        if ":iam::aws:policy/" not in arn:
            raise ResourceError(f"Policy {arn} does not exist or is not attachable.")
        iam = self.account.api("iam")
        try:
            version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        except ClientError as error:
            raise ResourceError(f"Policy {arn} does not exist or is not attachable.") from error
        return iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]

    def _put(self, name: str, wanted: Wanted, added: dict[str, Any]) -> Made:
        said = wanted.properties
        arn = self.account.place.arn("iam", f"role{said.get('Path', '/')}{name}", region="")
        inline = {policy["PolicyName"]: policy["PolicyDocument"] for policy in said.get("Policies", ())}
        attached = {policy: self.document(policy) for policy in said.get("ManagedPolicyArns", ())}
        boundary = said.get("PermissionsBoundary")
        self.account.emulator.identities.roles[arn] = RoleRecord(
            arn=arn,
            trust=said["AssumeRolePolicyDocument"],
            policies={**added, **inline, **attached},
            boundary=self.document(boundary) if boundary else None,
        )
        return Made(name, {"Arn": arn, "RoleId": f"AROA{sha256(arn.encode()).hexdigest()[:17].upper()}"})


@dataclass(frozen=True)
class ManagedPolicies:
    """``AWS::IAM::ManagedPolicy``."""

    roles: Roles

    def create(self, wanted: Wanted) -> Made:
        """Create the policy and attach it to the roles it names."""
        name = wanted.properties.get("ManagedPolicyName", wanted.name)
        path = wanted.properties.get("Path", "/")
        arn = self.roles.account.place.arn("iam", f"policy{path}{name}", region="")
        if arn in self.roles.managed:
            raise ResourceError(f"A policy called {name} already exists. Duplicate names are not allowed.")
        return self._put(arn, wanted)

    def update(self, wanted: Wanted, old: Resource) -> Made:
        """Make a new default version, in every role that has the policy."""
        detach(self.roles, old.physical_id, old.properties.get("Roles", ()))
        made = self._put(old.physical_id, wanted)
        records = self.roles.account.emulator.identities.roles
        for arn, record in list(records.items()):
            if old.physical_id in record.policies:
                policies = {**record.policies, old.physical_id: wanted.properties["PolicyDocument"]}
                records[arn] = replace(record, policies=policies)
        return made

    def delete(self, old: Resource) -> None:
        """Delete the policy, which no role may have any more."""
        detach(self.roles, old.physical_id, old.properties.get("Roles", ()))
        records = self.roles.account.emulator.identities.roles.values()
        if users := [record.arn for record in records if old.physical_id in record.policies]:
            raise ResourceError(f"Cannot delete a policy attached to entities: {', '.join(users)}")
        del self.roles.managed[old.physical_id]

    def _put(self, arn: str, wanted: Wanted) -> Made:
        self.roles.managed[arn] = wanted.properties["PolicyDocument"]
        attach(self.roles, arn, wanted)
        return Made(arn, {"PolicyArn": arn})


@dataclass(frozen=True)
class InlinePolicies:
    """``AWS::IAM::Policy``: an inline policy of the roles it names."""

    roles: Roles

    def create(self, wanted: Wanted) -> Made:
        """Put the policy into each role."""
        attach(self.roles, wanted.properties["PolicyName"], wanted)
        return Made(wanted.properties["PolicyName"], {"Id": wanted.properties["PolicyName"]})

    def update(self, wanted: Wanted, old: Resource) -> Made:
        """Put the new policy into each role, take the old one from the others."""
        self.delete(old)
        return self.create(wanted)

    def delete(self, old: Resource) -> None:
        """Take the policy from each role."""
        detach(self.roles, old.properties["PolicyName"], old.properties.get("Roles", ()))


def attach(roles: Roles, name: str, wanted: Wanted) -> None:
    """Give a policy to the roles a resource names. Raises ResourceError if one does not exist."""
    records = roles.account.emulator.identities.roles
    by_name = {arn.rpartition("/")[2]: arn for arn in records}
    for role in wanted.properties.get("Roles", ()):
        if role not in by_name:
            raise ResourceError(f"The role with name {role} cannot be found.")
        record = records[by_name[role]]
        policies = {**record.policies, name: wanted.properties["PolicyDocument"]}
        records[by_name[role]] = replace(record, policies=policies)


def detach(roles: Roles, name: str, role_names: Any) -> None:
    """Take a policy from roles; one that is gone has it no more."""
    records = roles.account.emulator.identities.roles
    for arn, record in list(records.items()):
        if arn.rpartition("/")[2] in role_names:
            policies = {key: document for key, document in record.policies.items() if key != name}
            records[arn] = replace(record, policies=policies)
