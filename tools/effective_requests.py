"""Turns cases of the decision table into requests against the policies of one environment."""

import re
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from mlplatform.ai_registry import hub_name
from mlplatform.bucket_policies import execution_role_arn
from mlplatform.policy import allow, document
from mlplatform.settings import Environment
from tools.effective_cases import Case, Keys, Situation, Where
from tools.effective_permissions import Endpoint, Role, World
from tools.policy_evaluator import Policy, Request

STRANGER = "999999999999"
"""An account of nobody we know."""

EVERYTHING = document(allow("Everything", ["*"], ["*"]))
"""The identity policy of callers whose own account or administrator decides what they may do: the most that
can be. So only our side of the decision refuses them.
"""

_ARN_SERVICE = {"sts": "iam", "sagemaker-mlflow": "sagemaker"}
"""Service in the ARN of what an action acts on, where it is not the action's own."""

_ENDPOINT = {
    "cloudwatch": "monitoring",
    "codeartifact": "codeartifact.api",
    "ecr": "ecr.api",
    "sagemaker": "sagemaker.api",
    "sagemaker-mlflow": "experiments",
}
"""Interface endpoint of an action's service, where it has another name."""


_AWS_OWNED = "000000000000"
"""Stands for the account of what AWS itself owns."""


class MissingError(Exception):
    """The environment lacks what a case is about."""


@dataclass(frozen=True)
class Caller:
    """Who calls, under which policies; ``organization`` is that of the account, if it has one."""

    arn: str
    identity_policies: Sequence[Policy] = ()
    boundaries: Sequence[Policy] = ()
    organization: str | None = None


class Places(string.Formatter):
    """What things are called in one environment, to fill in the ``{…}`` of a case.

    ``{DataKeyArn}`` is an export, ``{studio-job}`` the ARN of a role; ``things`` lists the rest.
    ``{neighbour.…}`` is the same in another environment of the account, ``{consumer.…}`` in one of another
    account that uses this registry, ``{elsewhere.…}`` in any of another account.
    """

    def __init__(self, world: World, settings: Environment) -> None:
        self.world, self.settings = world, settings

    def get_field(self, field_name: str, args: Any, kwargs: Any) -> tuple[str, str]:
        """Value of a placeholder. Raises MissingError for what the environment lacks."""
        where, _, thing = field_name.rpartition(".")
        return self._beside(where)._value(thing), field_name

    def caller(self, principal: str, others: Mapping[str, str]) -> Caller:
        """The principal of a case: a role, a service, or one of ``others``, whose ARNs may hold ``{…}``."""
        if principal in others or principal.endswith(".amazonaws.com"):
            return self._outside(others.get(principal, principal))
        where, _, thing = principal.rpartition(".")
        there = self._beside(where)
        role = there._role(thing)
        if role is None:
            raise MissingError(f"{there.settings.name} has no {thing}")
        return Caller(role.arn, role.identity_policies, role.boundaries, there.settings.organization_id)

    def _outside(self, pattern: str) -> Caller:
        arn = self.format(pattern)
        if not arn.startswith("arn:"):
            return Caller(arn)
        member = f":{STRANGER}:" not in arn
        return Caller(arn, [EVERYTHING], (), self.settings.organization_id if member else "o-strangers1")

    def _beside(self, where: str) -> "Places":
        if not where:
            return self
        here = self.settings
        fits = {
            "neighbour": lambda e: e.account == here.account and e is not here,
            "consumer": lambda e: e.account != here.account and e.registry.environment == here.name,
            "elsewhere": lambda e: e.account != here.account,
        }[where]
        found = next(filter(fits, self.world.environments.values()), None)
        if found is None:
            raise MissingError(f"{here.name} has no {where}")
        return Places(self.world, found)

    def _role(self, thing: str) -> Role | None:
        person = self._people.get(thing)
        return self.world.role(self.settings.name, f"{thing}-{person}" if person else thing)

    def _value(self, name: str) -> str:
        found = self._things.get(name) or self.world.exported(name, self.settings.name)
        if found is None and (role := self._role(name)):
            found = role.arn
        if found is None:
            raise MissingError(f"{self.settings.name} has no {name}")
        return found

    def _bucket(self, name: str) -> str | None:
        return (
            name
            if self.settings.names.arn("s3", name, region="", account="") in self.world.resource_policies
            else None
        )

    def _made(self, kind: str) -> str | None:
        """ARN of the only resource of a type that the environment has, or None."""
        stacks = [d for (owner, _), d in self.world.deployments.items() if owner == self.settings.name]
        return next((stack.arn(name) for stack in stacks for name, _ in stack.of_type(kind)), None)

    def _image(self) -> str | None:
        """ARN of the repository of the custom image."""
        image = self.settings.studio.custom_image
        if image is None:
            return None
        host, _, name = image.partition("@")[0].partition("/")
        return self.settings.names.arn("ecr", f"repository/{name}", account=host.partition(".")[0])

    @cached_property
    def _people(self) -> dict[str, str | None]:
        studio = self.settings.studio
        return {
            "studio-admin": next(iter(studio.people("studio_admin")), None),
            "approver": next(iter(studio.people("approver")), None),
        }

    @cached_property
    def _things(self) -> dict[str, str | None]:
        settings, names = self.settings, self.settings.names
        registry, studio = settings.neighbours.registry, settings.studio
        model = settings.products[0].name if settings.products else None
        buckets = ("data", "artifacts", "capture", "logs", "audit")
        return {
            "partition": names.partition,
            "region": names.region,
            "account": names.account,
            "ours": f"{names.prefix}-{names.environment}",
            "slashed": f"{names.prefix}/{names.environment}",
            "boundary": settings.boundary_arn,
            "deploy_subject": settings.ci and settings.ci.deploy_subjects[0],
            "default_group": self.world.default_security_group(self.settings.name),
            "path": names.role_path("x").removesuffix("x/"),
            "dns": settings.place.dns_suffix,
            "organization": settings.organization_id,
            "stranger": STRANGER,
            **{f"{thing}_bucket": self._bucket(names.bucket(thing)) for thing in buckets},
            "trail": self._made("AWS::CloudTrail::Trail"),
            "image": self._image(),
            "registry_bucket": registry.bucket("artifacts"),
            "registry_account": registry.account,
            "group": model and registry.name(model, kind="model"),
            "sdk_bucket": f"sagemaker-{names.region}-{names.account}",
            "hub": hub_name(names.region, names.account),
            "job_type": studio.job_instance_types[0],
            "app_type": studio.instance_types[0],
            "person": next(iter(studio.people("data_scientist", "ml_engineer")), None),
            "approver_name": self._people["approver"],
            "admin_name": self._people["studio-admin"],
            "sign_in_role": next(iter(settings.iam.sign_in_roles), None),
            "execution_role": execution_role_arn(settings),
            "registry_host": settings.place.image_registries[0],
        }


def applies(where: Where, settings: Environment) -> bool:
    """Whether a case is about an environment with these settings."""
    among = [
        (where.customization, settings.customization.permissions),
        (where.require_mfa, settings.iam.require_mfa),
        (where.partition, settings.names.partition),
    ]
    exactly = [
        (where.bounded, settings.iam.permissions_boundary == "platform"),
        (where.own_registry, settings.keeps_registry),
        (where.own_sdk_bucket, "sdk_default_bucket" not in settings.neighbours.adopted),
    ]
    return all(wanted is None or has in wanted for wanted, has in among) and all(
        wanted is None or has == wanted for wanted, has in exactly
    )


def situations(settings: Environment) -> tuple[Situation, Situation]:
    """What may make a difference to the Sid that decides."""
    bounded = settings.iam.permissions_boundary == "platform"
    return "bounded" if bounded else "unbounded", settings.customization.permissions


def request_of(case: Case, world: World, settings: Environment, others: Mapping[str, str]) -> Request:
    """The request a case stands for in one environment. Raises MissingError if it cannot be asked there."""
    places = Places(world, settings)
    caller = places.caller(case.principal, others)
    resource = _resource(case, places)
    account = _account(resource, settings)
    context = {**_usual(case, caller, account, world, settings), **_filled(case.context, places)}
    endpoint = _endpoint(case, places) if case.through_endpoint else None
    if endpoint:
        context["aws:SourceVpce"] = endpoint.id
    return Request(
        principal=caller.arn,
        action=case.action,
        resource=resource,
        resource_account=account,
        context=context,
        identity_policies=caller.identity_policies,
        permission_boundaries=caller.boundaries,
        resource_policy=_resource_policy(case, resource, account, world),
        vpc_endpoint_policies=[endpoint.policy] if endpoint and endpoint.policy else [],
    )


def _resource(case: Case, places: Places) -> str:
    filled = places.format(case.resource)
    if filled == "*" or filled.startswith("arn:"):
        return filled
    service = _ARN_SERVICE.get(case.action.partition(":")[0], case.action.partition(":")[0])
    region = "" if service in ("iam", "s3") else None
    return places.settings.names.arn(service, filled, region=region, account="" if service == "s3" else None)


def _account(resource: str, settings: Environment) -> str:
    """The account of a resource; a bucket that does not end in the name of one is the environment's own."""
    if resource == "*":
        return settings.account
    named = re.search(r":(\d{12}):|-(\d{12})(-[a-z0-9-]+)?(/|$)", resource)
    if named:
        return named[1] or named[2]
    return settings.account if resource.split(":")[2] == "s3" else _AWS_OWNED


def _usual(
    case: Case, caller: Caller, account: str, world: World, settings: Environment
) -> dict[str, str | None]:
    """The condition keys AWS sends with every request, beyond those the evaluator adds itself."""
    owner = next((e for e in world.environments.values() if e.account == account), None)
    usual = {"aws:RequestedRegion": settings.region}
    if caller.organization:
        usual["aws:PrincipalOrgID"] = caller.organization
    if owner and owner.organization_id:
        usual["aws:ResourceOrgID"] = owner.organization_id
    if case.action.startswith("s3:"):
        usual["s3:TlsVersion"] = "1.3"
    return dict(usual)


def _filled(context: Keys, places: Places) -> dict[str, str | list[str] | None]:
    def fill(value: str | list[str] | None) -> str | list[str] | None:
        if isinstance(value, list):
            return [places.format(one) for one in value]
        return value if value is None else places.format(value)

    return {key: fill(value) for key, value in context.items()}


def _endpoint(case: Case, places: Places) -> Endpoint:
    prefix, settings = case.action.partition(":")[0], places.settings
    short = _ENDPOINT.get(prefix, prefix)
    service = settings.place.endpoints.get(short, f"com.amazonaws.{settings.region}.{short}")
    if prefix in ("s3", "dynamodb"):
        service = f"com.amazonaws.{settings.region}.{prefix}"
    found = places.world.endpoints.get((settings.name, service))
    if found is None and prefix == "s3":
        return Endpoint(places.format("{S3EndpointId}"), None)
    if found is None:
        raise MissingError(f"{settings.name} has no endpoint for {prefix}")
    return found


def _resource_policy(case: Case, resource: str, account: str, world: World) -> Policy | None:
    """The resource's policy; what belongs to none of our accounts opens itself to everybody, and a role of
    `cdk bootstrap` trusts its account.
    """
    if policy := world.policy_of(resource):
        return policy
    open_to = "*" if account not in {e.account for e in world.environments.values()} else None
    if ":role/cdk-" in resource and case.action == "sts:AssumeRole":
        open_to = account
    if open_to is None or resource == "*":
        return None
    principal = "*" if open_to == "*" else {"AWS": open_to}
    statement = allow("Theirs", ["*"], ["*"], principal=principal)
    if case.action.startswith("sts:"):
        del statement["Resource"]
    return document(statement)
