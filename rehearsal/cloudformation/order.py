"""In which order CloudFormation creates the resources of a template."""

import graphlib
from collections.abc import Iterable, Mapping
from typing import Any

from rehearsal.cloudformation.intrinsics import TemplateError
from tools.templates import as_list, names_in


def creation_order(resources: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Logical ids, each after every resource it refers to or depends on.

    Resources that nothing orders stay as the template has them. Raises TemplateError on a circle, and on a
    DependsOn that names nothing.
    """
    graph = {logical_id: _needed(resource) & resources.keys() for logical_id, resource in resources.items()}
    for logical_id, resource in resources.items():
        if lost := set(as_list(resource.get("DependsOn"))) - resources.keys():
            raise TemplateError(
                f"{logical_id}: DependsOn names {', '.join(sorted(lost))}, which is not there"
            )
    try:
        return list(graphlib.TopologicalSorter(graph).static_order())
    except graphlib.CycleError as error:
        circle: Iterable[str] = error.args[1]
        raise TemplateError(f"Circular dependency between resources: {' -> '.join(circle)}") from error


def _needed(resource: Mapping[str, Any]) -> set[str]:
    said = {key: resource.get(key) for key in ("Properties", "UpdatePolicy", "CreationPolicy")}
    return {*names_in(said), *as_list(resource.get("DependsOn"))}
