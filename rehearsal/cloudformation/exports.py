"""Exports of all stacks of the account: who has them, who uses them."""

from collections.abc import Mapping
from dataclasses import dataclass

from rehearsal.cloudformation.intrinsics import TemplateError
from rehearsal.cloudformation.stack import Stack


@dataclass(frozen=True)
class Exports:
    """Looks at ``stacks``, by name."""

    stacks: Mapping[str, Stack]

    def value(self, name: str) -> str:
        """Of the export ``name``. Raises TemplateError."""
        for stack in self.stacks.values():
            if name in stack.exports:
                return stack.exports[name]
        raise TemplateError(f"No export named {name} found.")

    def importers(self, export: str, *, but: str = "") -> list[str]:
        """Names of the stacks that import it."""
        return [stack.name for stack in self.stacks.values() if export in stack.imports and stack.name != but]

    def check(self, stack: Stack, exports: Mapping[str, str]) -> None:
        """Whether ``stack`` may have these exports from now on. Raises TemplateError."""
        for name, value in exports.items():
            if owner := [s.name for s in self.stacks.values() if name in s.exports and s is not stack]:
                raise TemplateError(f"Export with name {name} is already exported by stack {owner[0]}.")
            if value != stack.exports.get(name, value) and (users := self.importers(name)):
                raise TemplateError(f"Cannot update export {name} as it is in use by {', '.join(users)}.")
        for name in stack.exports.keys() - exports.keys():
            if users := self.importers(name, but=stack.name):
                raise TemplateError(f"Cannot delete export {name} as it is in use by {', '.join(users)}.")
