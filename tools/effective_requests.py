"""Turns cases of the decision table into requests against the policies of one environment."""

import re
from collections.abc import Mapping

from mlplatform.policy import allow, document
from mlplatform.settings import Environment
from tools.effective_cases import Case, Keys, Situation, Where
from tools.effective_permissions import Endpoint, World
from tools.effective_places import Caller, MissingError, Places
from tools.policy_evaluator import Policy, Request

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


def applies(where: Where, settings: Environment) -> bool:
    """Whether a case is about an environment with these settings."""
    among = [
        (where.customization, settings.customization.permissions),
        (where.require_mfa, settings.iam.require_mfa),
        (where.partition, settings.names.partition),
    ]
    serves = [product.serving for product in settings.products[:1] if product.serving]
    exactly = [
        (where.bounded, settings.iam.permissions_boundary == "platform"),
        (where.own_registry, settings.keeps_registry),
        (where.trains, settings.training),
        (where.confirms, settings.release.after is not None),
        (where.captures, any(serving.capture for serving in serves)),
        (where.judges, any(serving.shadow for serving in serves)),
        (where.compares, any(serving.ab_test for serving in serves)),
        (where.has_outcomes, any(one.ab_test and one.ab_test.metrics for one in serves)),
        (where.asynchronous, any(serving.mode == "async" for serving in serves)),
        (where.own_sdk_bucket, "sdk_default_bucket" not in settings.neighbours.adopted),
    ]
    return all(wanted is None or has in wanted for wanted, has in among) and all(
        wanted is None or has == wanted for wanted, has in exactly
    )


def situations(settings: Environment) -> tuple[Situation, Situation]:
    """What may make a difference to the Sid that decides."""
    bounded = settings.iam.permissions_boundary == "platform"
    return "bounded" if bounded else "unbounded", settings.customization.permissions


def request_of(case: Case, places: Places, principals: Mapping[str, str]) -> Request:
    """The request a case stands for in one environment. Raises MissingError if it cannot be asked there."""
    world, settings = places.world, places.settings
    caller = places.caller(case.principal, principals)
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

    return {places.format(key): fill(value) for key, value in context.items()}


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
