"""Resolves the intrinsic functions of synthesized templates to the values a deployment could give.

Ids that only AWS knows are made up, the same ones wherever they occur: what one stack imports is exactly
what the other exports, so a policy that names a key and that key's own policy meet in one ARN.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from mlplatform.names import Names
from mlplatform.settings import Environment
from mlplatform.template import PLACEHOLDER
from tools.effective_kinds import KINDS, Kind

Templates = Mapping[tuple[str, str], Mapping[str, Any]]
"""Templates by (environment, stack), as a cloud assembly holds them."""


_SPECIAL = re.compile(r"[^A-Za-z0-9]")


@dataclass(frozen=True, eq=False)
class Deployment:
    """One stack of one environment, and what the stacks beside it export."""

    settings: Environment
    stack: str
    template: Mapping[str, Any]
    exports: Mapping[str, tuple["Deployment", Any]] = field(repr=False)
    """Value of every export of the account and region by its name, with the stack it belongs to."""
    same: Mapping[str, str] = field(repr=False, default_factory=dict)
    """ARNs that the settings give, by hand, for what another environment makes; values are made up here."""

    @property
    def names(self) -> Names:
        """Names of the environment."""
        return self.settings.names

    def of_type(self, *types: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield logical id and unresolved properties of the resources of ``types``."""
        for logical_id, resource in self.template.get("Resources", {}).items():
            if resource["Type"] in types:
                yield logical_id, resource.get("Properties", {})

    def arn(self, logical_id: str) -> str:
        """ARN of one of the stack's resources. Raises KeyError for a type this module does not know."""
        kind, properties = self._kind(logical_id)
        name = self._name(logical_id).removeprefix("https://")
        parts = {"Path": "/", **{k: v for k, v in properties.items() if isinstance(v, str)}}
        rest = kind.arn.format_map({**parts, "name": name})
        account = "" if kind.service == "s3" else None
        region = None if kind.regional and kind.service != "s3" else ""
        return self.names.arn(kind.service, rest, region=region, account=account)

    def resolve(self, value: Any) -> Any:
        """Return ``value`` without intrinsic functions.

        Raises KeyError or ValueError naming what this module cannot resolve.
        """
        match value:
            case {"Ref": str(name)}:
                return self._ref(name)
            case {"Fn::GetAtt": str(joined)}:
                return self._attribute(*joined.split(".", 1))
            case {"Fn::GetAtt": [str(logical_id), str(attribute)]}:
                return self._attribute(logical_id, attribute)
            case {"Fn::ImportValue": name}:
                exporter, exported = self.exports[self.resolve(name)]
                return exporter.resolve(exported)
            case {"Fn::Join": [str(separator), parts]}:
                return separator.join(map(str, self.resolve(parts)))
            case {"Fn::Sub": [str(pattern), dict(values)]}:
                return self._substitute(pattern, values)
            case {"Fn::Sub": str(pattern)}:
                return self._substitute(pattern, {})
            case {"Fn::Select": [index, items]}:
                return self.resolve(items)[int(index)]
            case {"Fn::Split": [str(separator), joined]}:
                return self.resolve(joined).split(separator)
            case dict() if len(value) == 1 and next(iter(value)).startswith("Fn::"):
                raise ValueError(f"{self.stack}: cannot resolve {value}")
            case dict():
                return {key: self.resolve(part) for key, part in value.items()}
            case list():
                return [self.resolve(part) for part in value]
            case str():
                return self.same.get(value, value)
            case _:
                return value

    def _substitute(self, pattern: str, values: Mapping[str, Any]) -> str:
        def put(match: re.Match[str]) -> str:
            name = match[0][2:-1]
            if name.startswith("!"):
                return "${" + name[1:] + "}"
            if name in values:
                return str(self.resolve(values[name]))
            return str(self.resolve({"Fn::GetAtt": name} if "." in name else {"Ref": name}))

        return PLACEHOLDER.sub(put, pattern)

    def _ref(self, name: str) -> str:
        place = self.settings.place
        pseudo = {
            "AWS::AccountId": self.settings.account,
            "AWS::Region": self.settings.region,
            "AWS::Partition": place.partition,
            "AWS::URLSuffix": place.dns_suffix,
            "AWS::StackName": self.names.stack(self.stack),
        }
        if name in pseudo:
            return pseudo[name]
        if parameter := self.template.get("Parameters", {}).get(name):
            return str(parameter["Default"])
        kind, _ = self._kind(name)
        return self.arn(name) if kind.ref == "arn" else self._name(name)

    def _attribute(self, logical_id: str, attribute: str) -> str:
        if attribute.endswith("Arn"):
            return self.arn(logical_id)
        if self.template["Resources"][logical_id]["Type"].startswith("Custom::"):
            return f"{attribute.lower()}-{self._made_up(logical_id + attribute)}"
        if attribute.endswith(("Id", "Name")):
            return self._name(logical_id)
        if attribute == "DefaultSecurityGroup":
            return f"sg-{self._made_up(logical_id + attribute)}"
        raise KeyError(f"{self.stack}: no sample value for {logical_id}.{attribute}")

    def _kind(self, logical_id: str) -> tuple[Kind, dict[str, Any]]:
        resource = self.template["Resources"][logical_id]
        if resource["Type"] not in KINDS:
            raise KeyError(f"{self.stack}: add {resource['Type']} to tools/effective_kinds.py")
        return KINDS[resource["Type"]], resource.get("Properties", {})

    def _name(self, logical_id: str) -> str:
        """Name, or made-up id, of a resource; CloudFormation names what has none by stack and logical id."""
        kind, properties = self._kind(logical_id)
        if kind.name and kind.name in properties:
            return str(self.resolve(properties[kind.name]))
        if kind.service == "kms":
            digits = self._made_up(logical_id, 32)
            return "-".join([digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]])
        if kind.ref == "id":
            return kind.id_prefix + self._made_up(logical_id)
        return (
            f"{self.names.stack(self.stack)}-{_SPECIAL.sub('', logical_id)}-{self._made_up(logical_id, 12)}"
        )

    def _made_up(self, what: str, length: int = 17) -> str:
        seed = f"{self.settings.account}:{self.settings.region}:{self.names.stack(self.stack)}:{what}"
        return hashlib.sha256(seed.encode()).hexdigest()[:length]


def deployments(
    templates: Templates, environments: Mapping[str, Environment]
) -> dict[tuple[str, str], Deployment]:
    """Every stack, each knowing what the others of its account and region export."""
    exports: dict[tuple[str, str], dict[str, tuple[Deployment, Any]]] = {}
    same: dict[str, str] = {}
    found = {}
    for (environment, stack), template in templates.items():
        settings = environments[environment]
        there = exports.setdefault((settings.account, settings.region), {})
        deployment = Deployment(settings, stack, template, there, same)
        found[environment, stack] = deployment
        for output in template.get("Outputs", {}).values():
            if "Export" in output:
                there[deployment.resolve(output["Export"]["Name"])] = deployment, output["Value"]
    for settings in environments.values():
        given, keeper = settings.registry.artifacts_key_arn, settings.registry.environment
        for deployment in (d for d in found.values() if given and d.settings.name == keeper):
            name = deployment.names.export("Foundation", "ArtifactsKeyArn")
            if name in deployment.exports:
                same[str(given)] = deployment.resolve({"Fn::ImportValue": name})
    return found
