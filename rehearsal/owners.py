"""Whose a resource is, and which policy it carries."""

import re

from rehearsal.api import Place
from rehearsal.identities import Deployed
from tools.policy_evaluator import Policy

_AWS_OWNED = "000000000000"
"""Stands for the account of what AWS itself owns."""

_AWS_BUCKETS = re.compile(r"arn:[\w-]+:s3:::(jumpstart-cache-prod-|prod-[\w-]+-starport-layer-bucket)")


def owner_of(resource: str, place: Place, deployed: Deployed) -> str:
    """Account of a resource, 12 digits; a bucket is ours unless it is known to be another's."""
    if resource == "*":
        return place.account
    if resource.split(":")[2] == "s3":
        if _AWS_BUCKETS.match(resource):
            return _AWS_OWNED
        return deployed.bucket_accounts.get(_bucket(resource), place.account)
    account = resource.split(":")[4]
    return account if account.isdigit() else _AWS_OWNED


def policy_of(action: str, resource: str, owner: str, place: Place, deployed: Deployed) -> Policy | None:
    """The policy of a resource, a role's being its trust policy, which is about assuming it only.

    What belongs to another account opens itself to everybody: what its owners
    allow is not deployed here, and this account's own policies decide alone.
    """
    if resource in deployed.identities.roles:
        return deployed.identities.roles[resource].trust if action.startswith("sts:") else None
    carrier = resource.partition("/")[0] if ":s3:::" in resource else resource
    if found := deployed.resource_policies.get(carrier):
        return found
    if owner == place.account:
        return None
    statement = {"Sid": "Theirs", "Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def _bucket(resource: str) -> str:
    return resource.partition(":::")[2].partition("/")[0]
