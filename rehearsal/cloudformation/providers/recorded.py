"""Resources that are only written down: nothing of AWS stands behind them here."""

import hashlib
from dataclasses import dataclass, replace
from typing import Any

from rehearsal.cloudformation.providers.base import Account, Made, ResourceError, Wanted
from rehearsal.cloudformation.schemas import ResourceType, resource_type
from rehearsal.cloudformation.stack import Resource


@dataclass(frozen=True)
class Recorded:
    """Answers ``Ref`` and ``Fn::GetAtt`` from the type's ``primaryIdentifier`` and ``readOnlyProperties``."""

    account: Account

    def create(self, wanted: Wanted) -> Made:
        """Write it down, with ids and ARNs that look like AWS's."""
        kind = resource_type(wanted.type, self.account.place.region)
        if kind is None:
            raise ResourceError(f"Unrecognized resource types: [{wanted.type}]")
        known = {**wanted.properties, **self._attributes(kind, wanted)}
        parts = [str(known.setdefault(name, wanted.name)) for name in kind.identifier]
        return Made("|".join(parts), known)

    def update(self, wanted: Wanted, old: Resource) -> Made:
        """Write down the new properties; ids and ARNs stay."""
        made = self.create(replace(wanted, name=old.attributes.get("__name__", wanted.name)))
        kept = {name: value for name, value in old.attributes.items() if name not in old.properties}
        return Made(old.physical_id, {**made.attributes, **kept})

    def delete(self, old: Resource) -> None:
        """Nothing stands behind it."""

    def _attributes(self, kind: ResourceType, wanted: Wanted) -> dict[str, Any]:
        """A value for every attribute: names end in the property's, ARNs and ids are plausible."""
        _, service, resource = wanted.type.lower().split("::")
        unique = hashlib.sha256(wanted.name.encode()).hexdigest()[:17]
        values: dict[str, Any] = {}
        for attribute in kind.attributes:
            name = attribute.rpartition(".")[2]
            if name.lower().endswith("arn"):
                values[attribute] = self.account.place.arn(service, f"{resource}/{self._named(kind, wanted)}")
            else:
                values[attribute] = f"{resource}-{unique}"
        return values

    def _named(self, kind: ResourceType, wanted: Wanted) -> str:
        named = (wanted.properties.get(name) for name in (*kind.identifier, "Name", f"{kind.name.split('::')[2]}Name"))
        return next((str(name) for name in named if name), wanted.name)


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
