"""Puts names of one environment in words that are the same in all of them."""

import re
from collections.abc import Mapping

from mlplatform.ai_registry import hub_name
from mlplatform.settings import Environment
from tools.effective_permissions import EXPORTS, World
from tools.permission_sentences import Words


def words_of(world: World, settings: Environment) -> Words:
    """Turns names of one environment into words for all."""
    names = settings.names
    known = {
        value: f"<{export}>"
        for export in sorted(EXPORTS)
        if (value := world.exported(export, settings.name)) is not None
    }
    registry = settings.neighbours.registry
    if registry.environment in world.environments and registry != names:
        key = world.exported("ArtifactsKeyArn", registry.environment)
        known |= {key: f"<ArtifactsKeyArn> of {registry.environment}"} if key else {}
    if group := world.default_security_group(settings.name):
        known[group] = "<default security group of the VPC>"
    made_up = _replacing(known)
    general = {
        hub_name(settings.region, settings.account): "<AI Registry>",
        f"{names.prefix}-{names.environment}-": "<prefix>-<environment>-",
        f"/{names.prefix}/{names.environment}/": "/<prefix>/<environment>/",
        f"{names.prefix}/{names.environment}": "<prefix>/<environment>",
        f"arn:{names.partition}:": "arn:<partition>:",
        settings.account: "<account>",
        settings.region: "<region>",
    }
    written = _replacing(general)
    own = re.compile(rf"^arn:{names.partition}:(\w[\w-]*):({names.region})?:({names.account})?:(?!:)")

    def words(text: str) -> str:
        return written(own.sub(_short, made_up(text)))

    return words


def _replacing(known: Mapping[str, str]) -> Words:
    """Replaces every text of ``known``, the longest first."""
    pattern = re.compile("|".join(re.escape(text) for text in sorted(known, key=len, reverse=True)))
    return lambda text: pattern.sub(lambda match: known[match[0]], text)


def _short(match: re.Match[str]) -> str:
    """The service alone, in place of an ARN's beginning, for what is the environment's own."""
    service, region, account = match.groups()
    place = (bool(region), bool(account))
    ours = {"s3": (False, False), "iam": (False, True)}.get(service, (True, True))
    return f"{service} " if place == ours else match[0]
