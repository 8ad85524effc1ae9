"""Rules on Studio: its domain, profiles, applications and images."""

from collections.abc import Iterator

from mlplatform.rules.demands import Demand, unmet
from mlplatform.rules.rule import Finding
from mlplatform.template import Template, text, texts, walk

DOMAIN = ("AWS::SageMaker::Domain",)

_DOMAIN = [
    Demand(DOMAIN, "AppNetworkAccessType", ("VpcOnly",)),
    Demand(DOMAIN, "DefaultSpaceSettings.SecurityGroups"),
    Demand(DOMAIN, "DefaultUserSettings.SecurityGroups"),
    Demand(DOMAIN, "DomainSettings.ExecutionRoleIdentityConfig", ("USER_PROFILE_NAME",)),
    Demand(DOMAIN, "SubnetIds"),
    Demand(DOMAIN, "TagPropagation", ("ENABLED",)),
    Demand(DOMAIN, "VpcId"),
]

_PROFILE = [
    Demand(("AWS::SageMaker::UserProfile",), f"UserSettings.{part}")
    for part in ("ExecutionRole", "SecurityGroups")
]

_IDLE = "AppLifecycleManagement.IdleSettings"
_SHUTDOWN = [
    Demand(DOMAIN, f"{settings}AppSettings.{_IDLE}.{part}", allowed)
    for settings in (
        "DefaultSpaceSettings.JupyterLab",
        "DefaultUserSettings.CodeEditor",
        "DefaultUserSettings.JupyterLab",
    )
    for part, allowed in (("IdleTimeoutInMinutes", ()), ("LifecycleManagement", ("ENABLED",)))
]

_TAGGED = tuple(
    f"AWS::SageMaker::{kind}"
    for kind in ("AppImageConfig", "Domain", "FeatureGroup", "Image", "InferenceExperiment")
)
_DESCRIBED = [
    Demand(_TAGGED, "Tags"),
    Demand(("AWS::SageMaker::FeatureGroup",), "Description"),
    Demand(("AWS::SageMaker::Image",), "ImageDescription"),
]

CLASSIC = ("JupyterServer", "KernelGateway")
"""Applications of Studio Classic, which no longer takes new ones."""


def domain(template: Template) -> Iterator[Finding]:
    """Domains that are not bound to our network, or whose applications carry neither person nor cost tags."""
    yield from unmet(template, _DOMAIN)


def user_profile(template: Template) -> Iterator[Finding]:
    """Profiles that fall back to the domain's role or security groups."""
    yield from unmet(template, _PROFILE)


def idle_shutdown(template: Template) -> Iterator[Finding]:
    """Domains whose idle applications go on costing money."""
    yield from unmet(template, _SHUTDOWN)


def described(template: Template) -> Iterator[Finding]:
    """What nobody could attribute: no tags, or an image or feature group without a description."""
    yield from unmet(template, _DESCRIBED)


def classic(template: Template) -> Iterator[Finding]:
    """Applications, settings and landing pages of Studio Classic."""
    for logical_id, properties in template.of_type(*_STUDIO):
        for path, node in walk(properties, "Properties"):
            key = path.rpartition(".")[2]
            if key.startswith(CLASSIC) and node != {"Ref": "AWS::NoValue"}:
                yield (logical_id, path), f"{key} belongs to Studio Classic, which takes no new applications"
            if key.endswith("AppType") and set(texts(node)) & set(CLASSIC):
                yield (logical_id, path), f"{key} {text(node)} is an application of Studio Classic"
            if key == "DefaultLandingUri" and any(uri.startswith("app:") for uri in texts(node)):
                yield (
                    (logical_id, path),
                    f"DefaultLandingUri {text(node)} is Studio Classic, allowed: studio::",
                )


_STUDIO = tuple(
    f"AWS::SageMaker::{kind}"
    for kind in ("App", "AppImageConfig", "Domain", "Space", "StudioLifecycleConfig", "UserProfile")
)
