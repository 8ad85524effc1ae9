"""What an API call acts on: the ARNs its permission is judged for.

What the platform calls most stands in a table (``rehearsal.known_resources``) where the request does not
name the resource by the words of its ARN. All else is derived from the ARN templates AWS publishes.
"""

from collections.abc import Iterator

from rehearsal.api import ApiRequest, Parameters, Place
from rehearsal.iam_data import Action, ResourceType
from rehearsal.known_resources import KNOWN


class UnresolvedError(Exception):
    """A request from which nobody can tell what it acts on."""


def resources(request: ApiRequest, action: Action, place: Place) -> tuple[str, ...]:
    """ARNs of everything ``request`` acts on; ``*`` for an action that accepts nothing else.

    Raises UnresolvedError.
    """
    if not action.resource_types:
        return ("*",)
    known = KNOWN.get(action.name) or KNOWN.get(f"{action.name.partition(':')[0]}:*")
    if known and (found := [arn for arn in known(request.parameters, place) if action.acts_on(arn)]):
        return tuple(dict.fromkeys(found))
    return _derived(request, action, place)


def _derived(request: ApiRequest, action: Action, place: Place) -> tuple[str, ...]:
    """Every resource type whose ARN can be completed: a request for several kinds at once names them all."""
    arns = [_arn(kind, request.parameters, place) for kind in action.resource_types]
    if not any(arns):
        wanted = " or ".join(kind.template for kind in action.resource_types[:3])
        given = ", ".join(request.parameters) or "nothing"
        raise UnresolvedError(
            f"what {action.name} acts on cannot be told from the request: {wanted}, given {given}"
        )
    return tuple(dict.fromkeys(arn for arn in arns if arn))


def _arn(kind: ResourceType, parameters: Parameters, place: Place) -> str | None:
    texts = {name.lower(): value for name, value in parameters.items() if isinstance(value, str) and value}
    for value in texts.values():
        if value.startswith("arn:") and kind.matches(value):
            return value
    values = {"Partition": place.partition, "Region": place.region, "Account": place.account}
    for variable in kind.variables:
        said = next((texts[word] for word in _words(kind, variable) if word in texts), "")
        if not said or said.startswith("arn:"):
            return None
        values[variable] = said
    return kind.fill(values)


def _words(kind: ResourceType, variable: str) -> Iterator[str]:
    """What a request may call a variable of an ARN, in lower case: its own word or, for the last one, what
    the whole resource is called.
    """
    word = variable.lower()
    yield word
    if variable == kind.variables[-1]:
        end = next((end for end in ("name", "id") if word.endswith(end)), None)
        if end:
            yield from (f"{kind.name.replace('-', '')}{end}", end, word.removesuffix(end))
