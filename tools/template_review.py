"""Judges the difference of two templates: what would be lost, and which permission would be wider.

Pure: two parsed templates go in, findings come out. The rules err on the side of asking.
"""

from collections.abc import Callable, Collection, Iterator, Mapping

from tools.permission_review import widened_permissions
from tools.stateful_types import KNOWN_BY_NAME, REPLACED_BY_DESIGN, STATEFUL
from tools.templates import Finding, Json, Resource, condition_of, is_intrinsic, names_in, resources_of, text

CreateOnly = Callable[[str], Collection[str]]
"""Resource type to the JSON pointers (``/properties/A/*/B``) of the properties it cannot change in place."""


KEPT = {"Delete": 0, "Snapshot": 1, "RetainExceptOnCreate": 2, "Retain": 2}
"""How much of a resource each policy keeps; both Retain forms keep a resource that was once created."""


def review(
    base: Json, new: Json, *, create_only: CreateOnly, stateful: Mapping[str, str] = STATEFUL
) -> list[Finding]:
    """Compare two templates of one stack (``{}`` where it does not exist) and return sorted findings."""
    return sorted({*_losses(base, new, create_only, stateful), *widened_permissions(base, new)})


def _losses(base: Json, new: Json, create_only: CreateOnly, stateful: Mapping[str, str]) -> Iterator[Finding]:
    replaced = replacements(base, new, create_only)
    for logical_id, old in resources_of(base).items():
        kind, current = old["Type"], resources_of(new).get(logical_id)
        if kind in REPLACED_BY_DESIGN and (logical_id in replaced or current is None):
            yield Finding("note", logical_id, kind, "replaced or removed, as its design intends")
        why = replaced.get(logical_id)
        if kind in KNOWN_BY_NAME and (reason := _renamed(logical_id, base, new, why)):
            yield Finding("loss", logical_id, kind, f"{reason}. It {KNOWN_BY_NAME[kind][1]}")
        if kind not in stateful:
            continue
        if current is None:
            reasons = [f"deleted{_kept(old, 'DeletionPolicy')}{_moved(logical_id, kind, base, new)}"]
        else:
            reasons = [f"replaced{_kept(old, 'UpdateReplacePolicy')}: {why}"] if why else []
            reasons += _weakened(old, current)
            if "Condition" in current and condition_of(base, old) != condition_of(new, current):
                reasons.append(f"exists only under another condition: {current['Condition']}")
        for reason in reasons:
            yield Finding("loss", logical_id, kind, f"{reason}. It {stateful[kind]}")


def _renamed(logical_id: str, base: Json, new: Json, why: str | None) -> str:
    """How a resource known by its name would come to have another one, or none could be made; else empty.

    Under another logical id the same name is refused: CloudFormation creates the new resource first.
    """
    old = resources_of(base)[logical_id]
    key = KNOWN_BY_NAME[old["Type"]][0]
    name = old.get("Properties", {}).get(key)
    if name is None or logical_id in resources_of(new):
        return f"replaced: {why}" if name is not None and why else ""
    heirs = (
        n for n, r in resources_of(new).items() if r["Type"] == old["Type"] and n not in resources_of(base)
    )
    taken = [n for n in heirs if resources_of(new)[n].get("Properties", {}).get(key) == name]
    return f"moved to {taken[0]} under the same name, which is taken while this one exists" if taken else ""


def replacements(base: Json, new: Json, create_only: CreateOnly) -> dict[str, str]:
    """Logical ids that CloudFormation would (or, for conditional properties, might) replace, and why.

    A create-only property that refers to a replaced resource, or to a changed mapping or condition, changes
    although its text does not.
    """
    changed = {
        name
        for section in ("Mappings", "Conditions")
        for name, definition in base.get(section, {}).items()
        if new.get(section, {}).get(name) != definition
    }
    found: dict[str, str] = {}
    common = {name: old for name, old in resources_of(base).items() if name in resources_of(new)}
    while True:
        more = {
            name: why
            for name, old in common.items()
            if name not in found
            and (why := _replacement(old, resources_of(new)[name], create_only, changed | set(found)))
        }
        if not more:
            return found
        found |= more


def _replacement(old: Resource, new: Resource, create_only: CreateOnly, changed: Collection[str]) -> str:
    if old["Type"] != new["Type"]:
        return f"the type becomes {new['Type']}"
    for pointer in sorted(create_only(old["Type"])):
        parts = tuple(pointer.removeprefix("/properties/").split("/"))
        before, after = _at(old.get("Properties"), parts), _at(new.get("Properties"), parts)
        where = "/".join(parts)
        if before != after:
            return f"{where} cannot change in place"
        if references := sorted({*names_in(after)} & {*changed}):
            return f"{where} cannot change in place and refers to {references[0]}, which changes"
    return ""


def _at(node: Json, parts: tuple[str, ...]) -> Json:
    """The value at a path; an intrinsic function on the way stands for all that is below it."""
    if node == {"Ref": "AWS::NoValue"}:
        return None
    if not parts or is_intrinsic(node):
        return node
    if isinstance(node, list):
        rest = parts[1:] if parts[0] == "*" else parts
        return [value for item in node if (value := _at(item, rest)) is not None] or None
    if isinstance(node, dict):  # "*" of a map: all of it
        return node if parts[0] == "*" else _at(node.get(parts[0]), parts[1:])
    return None


def _kept(resource: Resource, attribute: str) -> str:
    policy = resource.get(attribute, "Delete")
    return "" if policy == "Delete" else f" ({attribute} {text(policy)}: the old one stays behind, unmanaged)"


def _moved(logical_id: str, kind: str, base: Json, new: Json) -> str:
    fresh = [n for n, r in resources_of(new).items() if r["Type"] == kind and n not in resources_of(base)]
    return f"; a new {', '.join(fresh)} of the same type is another resource, not this one" if fresh else ""


def _weakened(old: Resource, new: Resource) -> list[str]:
    """Which of the two retention attributes keep less than before; an intrinsic function may keep nothing."""
    found = []
    for attribute in ("DeletionPolicy", "UpdateReplacePolicy"):
        before, after = old.get(attribute, "Delete"), new.get(attribute, "Delete")
        if before != after and KEPT.get(text(after), 0) < KEPT.get(text(before), 2):
            found.append(f"{attribute} {text(before)} becomes {text(after)}")
    return found
