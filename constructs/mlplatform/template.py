"""Reads a synthesized CloudFormation template: its texts, its intrinsics, its policy statements."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

Place = tuple[str, str]
"""Logical id (empty: the template itself) and dotted path below it, e.g. ``Properties.Policies.0``."""

PLACEHOLDER = re.compile(r"\$\{[^}]*\}")
"""What a substitution fills in: ``${AWS::Region}``."""

_PART_OF_TEXT = re.compile(r"Fn::(Join\.(0|1\.\d+)|Sub(\.0|\.1\.\w+)?)$")


def walk(node: Any, path: str = "") -> list[tuple[str, Any]]:
    """``node`` and everything below it, each with its dotted path; parents come before their children."""
    found = [(path, node)]
    for here, parent in found:
        if isinstance(parent, dict):
            found += [(f"{here}.{key}" if here else key, child) for key, child in parent.items()]
        elif isinstance(parent, list):
            found += [(f"{here}.{index}", child) for index, child in enumerate(parent)]
    return found


def text(value: Any) -> str:
    """Return the literal text of a string or intrinsic; what only deployment knows stands as ``${…}``."""
    match value:
        case {"Ref": str(name)} | {"Fn::GetAtt": str(name)}:
            return f"${{{name}}}"
        case {"Fn::GetAtt": [name, attribute]}:
            return f"${{{name}.{text(attribute)}}}"
        case {"Fn::Sub": [str(pattern), dict(values)]}:
            return PLACEHOLDER.sub(lambda m: text(values.get(m[0][2:-1], m[0])), pattern)
        case {"Fn::Sub": str(pattern)}:
            return pattern
        case {"Fn::Join": [str(separator), list(parts)]}:
            return separator.join(map(text, parts))
        case dict():
            return f"${{{next(iter(value), '')}}}"
        case _:
            return str(value)


def texts(value: Any) -> list[str]:
    """Return every text a property may hold: the items of a list, both branches of an ``Fn::If``."""
    match value:
        case None | {"Ref": "AWS::NoValue"}:
            return []
        case list():
            return [item for part in value for item in texts(part)]
        case {"Fn::If": [_, yes, no]}:
            return texts(yes) + texts(no)
        case _:
            return [text(value)]


@dataclass(frozen=True)
class Statement:
    """One policy statement of a template.

    ``kind`` is ``identity``, ``trust``, ``endpoint`` (a VPC endpoint's), ``own`` (a resource policy in which
    ``*`` is the resource itself, as in a KMS key's) or ``resource`` (every other resource policy).
    """

    place: Place
    kind: str
    body: Mapping[str, Any]

    @property
    def allows(self) -> bool:
        """Whether the statement is an Allow."""
        return self.body.get("Effect") == "Allow"

    @property
    def actions(self) -> list[str]:
        """The actions in lower case: IAM ignores their case."""
        return [action.lower() for action in texts(self.body.get("Action"))]

    @property
    def resources(self) -> list[str]:
        """The resources; ``NotResource`` leaves all but a few, so it reads as ``*``."""
        return ["*"] if "NotResource" in self.body else texts(self.body.get("Resource"))

    @property
    def principals(self) -> list[str]:
        """The AWS principals, named or excepted."""
        named = [self.body.get("Principal"), self.body.get("NotPrincipal")]
        return texts([who.get("AWS") if isinstance(who, dict) else who for who in named])

    @property
    def conditions(self) -> dict[str, dict[str, Any]]:
        """The condition keys by operator; what an ``Fn::If`` may leave out does not count."""
        operators = self.body.get("Condition") or {}
        return {operator: keys for operator, keys in operators.items() if isinstance(keys, dict)}

    def condition(self, key: str) -> dict[str, list[str]]:
        """Values asked of the condition key ``key`` (in lower case), by operator."""
        return {
            operator: texts(value)
            for operator, keys in self.conditions.items()
            for name, value in keys.items()
            if name.lower() == key
        }


@dataclass(frozen=True)
class Template:
    """A template and where it will be deployed: the subject of every rule."""

    body: Mapping[str, Any]
    partition: str
    dns_suffix: str
    stack_name: str

    @cached_property
    def resources(self) -> Mapping[str, Mapping[str, Any]]:
        """The resources by logical id."""
        found: Mapping[str, Mapping[str, Any]] = self.body.get("Resources", {})
        return found

    def of_type(self, *types: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Yield logical id and properties of every resource of one of the ``types``."""
        for logical_id, resource in self.resources.items():
            if resource["Type"] in types:
                yield logical_id, resource.get("Properties", {})

    @cached_property
    def nodes(self) -> list[tuple[Place, Any]]:
        """Every value of the template but the resources' metadata, which AWS never acts on."""
        rest = {section: value for section, value in self.body.items() if section != "Resources"}
        found = [(("", path), node) for path, node in walk(rest)]
        for logical_id, resource in self.resources.items():
            acted_on = {key: value for key, value in resource.items() if key != "Metadata"}
            found += [((logical_id, path), node) for path, node in walk(acted_on)]
        return found

    @cached_property
    def strings(self) -> list[tuple[Place, str]]:
        """Every text of the template; a join or substitution is one text, not its parts."""
        return [
            (place, text(node))
            for place, node in self.nodes
            if isinstance(node, str) or (isinstance(node, dict) and {"Fn::Join", "Fn::Sub"} & set(node))
            if not _PART_OF_TEXT.search(place[1])
        ]

    @cached_property
    def statements(self) -> list[Statement]:
        """Every statement of every policy document, also of those written as JSON text."""
        written = [(place, _parsed(value)) for place, value in self.strings]
        return [
            Statement((place[0], f"{place[1]}.Statement.{index}"), self._kind(place), statement)
            for place, node in self.nodes + written
            if place[0] and isinstance(node, dict) and "Statement" in node
            for index, statement in enumerate(_listed(node["Statement"]))
        ]

    def _kind(self, place: Place) -> str:
        """Return the kind of the policy document at ``place``."""
        logical_id, path = place
        if "AssumeRolePolicyDocument" in path:
            return "trust"
        kind = self.resources[logical_id]["Type"]
        return next((policy for prefix, policy in _POLICIES.items() if kind.startswith(prefix)), "resource")


_POLICIES = {
    "AWS::IAM::": "identity",
    "AWS::SSO::PermissionSet": "identity",
    "AWS::EC2::VPCEndpoint": "endpoint",
    "AWS::KMS::": "own",
    "AWS::SecretsManager::": "own",
    "AWS::CodeArtifact::": "own",
}


def _listed(value: Any) -> list[dict[str, Any]]:
    """Return the statements of a document: one, a list, or those of both branches of an ``Fn::If``."""
    match value:
        case list():
            return [statement for part in value for statement in _listed(part)]
        case {"Fn::If": [_, yes, no]}:
            return _listed(yes) + _listed(no)
        case dict():
            return [value]
        case _:
            return []


def _parsed(value: str) -> Any:
    """Return the policy document that ``value`` spells as JSON, else None."""
    if '"Statement"' not in value:
        return None
    try:
        return json.loads(value)
    except ValueError:  # it only looks like one
        return None
