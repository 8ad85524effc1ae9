"""Through which VPC endpoint a call goes, and what that endpoint's policy is."""

from collections.abc import Sequence

from rehearsal.api import Place
from rehearsal.contexts import Keys
from rehearsal.identities import Deployed
from tools.policy_evaluator import Policy

SOURCE = "aws:SourceVpce"

_SERVICES = {
    "cloudwatch": "monitoring",
    "codeartifact": "codeartifact.api",
    "ecr": "ecr.api",
    "sagemaker": "sagemaker.api",
    "sagemaker-mlflow": "experiments",
}
_ACTIONS = {
    "sagemaker:BatchPutMetrics": "sagemaker.metrics",
    "sagemaker:CallMlflowAppApi": "experiments",
    "sagemaker:InvokeEndpoint": "sagemaker.runtime",
}
"""Interface endpoint of an action or of all of a service's, where its name is not the service's."""


def passed(action: str, session: Keys, deployed: Deployed, place: Place) -> tuple[Keys, Sequence[Policy]]:
    """Condition keys and policies of the endpoint that a session in our network passes for ``action``.

    Endpoints are of the account and organization of ``place``.

    Such a session carries ``aws:SourceVpce``. For a service without an endpoint the key is taken away: the
    call leaves the network by another way, if there is one.
    """
    if not session.get(SOURCE):
        return {}, ()
    prefix = action.partition(":")[0]
    service = _ACTIONS.get(action, _SERVICES.get(prefix, prefix))
    found = next((one for name, one in deployed.vpc_endpoints.items() if _is(name, service)), None)
    if found is None:
        return ({} if service == "s3" else {SOURCE: None}), ()
    identifier, policy = found
    whose: Keys = {"aws:VpceAccount": place.account}
    if place.organization:
        whose["aws:VpceOrgID"] = place.organization
    return {SOURCE: identifier, **whose}, (policy,) if policy else ()


def _is(name: str, service: str) -> bool:
    return name == service or name.endswith(f".{service}")
