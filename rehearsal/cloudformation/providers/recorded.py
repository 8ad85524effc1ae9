"""Resources that are only written down: nothing of AWS stands behind them here."""

import hashlib
import re
from dataclasses import dataclass, replace
from typing import Any

from rehearsal.cloudformation.providers.base import Account, Made, ResourceError, Wanted
from rehearsal.cloudformation.schemas import ResourceType, resource_type
from rehearsal.cloudformation.stack import Resource

_PREFIXES = {"AWS::SageMaker::Domain.DomainId": "d", "AWS::SageMaker::Domain.HomeEfsFileSystemId": "fs"}
"""How ids begin that other resources' properties must match."""


@dataclass(frozen=True)
class Recorded:
    """Answers ``Ref`` and ``Fn::GetAtt`` from the type's ``primaryIdentifier`` and ``readOnlyProperties``."""

    account: Account

    def create(self, wanted: Wanted) -> Made:
        """Write it down, with ids and ARNs that look like AWS's."""
        kind = resource_type(wanted.type, self.account.place.region)
        if kind is None:
            raise ResourceError(f"Unrecognized resource types: [{wanted.type}]")
        attributes = self._attributes(kind, wanted)
        known = {**attributes, **wanted.properties}
        parts = [str(known.get(name, wanted.name)) for name in kind.identifier]
        return Made("|".join(parts), attributes, handle=wanted.name)

    def update(self, wanted: Wanted, old: Resource) -> Made:
        """Write down the new properties; ids and ARNs stay."""
        return replace(self.create(replace(wanted, name=old.handle)), ref=old.physical_id)

    def delete(self, old: Resource) -> None:
        """Nothing stands behind it."""

    def _attributes(self, kind: ResourceType, wanted: Wanted) -> dict[str, Any]:
        """A value for every attribute: an ARN with the resource's name, or an id."""
        _, service, written = wanted.type.split("::")
        resource = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", written).lower()
        unique = hashlib.sha256(wanted.name.encode()).hexdigest()[:17]
        values: dict[str, Any] = {}
        for attribute in kind.attributes:
            name = attribute.rpartition(".")[2]
            if name.lower().endswith("arn"):
                values[attribute] = self.account.place.arn(
                    service.lower(), f"{resource}/{self._named(kind, wanted)}"
                )
            else:
                prefix = _PREFIXES.get(f"{wanted.type}.{attribute}", resource)
                values[attribute] = f"{prefix}-{unique}"
        return values

    def _named(self, kind: ResourceType, wanted: Wanted) -> str:
        names = (*kind.identifier, "Name", f"{kind.name.split('::')[2]}Name")
        said = (wanted.properties.get(name) for name in names)
        return next((str(name) for name in said if name), wanted.name)


@dataclass(frozen=True)
class Nothing:
    """What CDK writes into a template for its own statistics."""

    def create(self, wanted: Wanted) -> Made:
        """Nothing."""
        return Made(wanted.name)

    def update(self, wanted: Wanted, old: Resource) -> Made:
        """Nothing."""
        return Made(old.physical_id)

    def delete(self, old: Resource) -> None:
        """Nothing."""
