"""What releases note on versions, and the conditions that keep it to them.

A version says in its metadata where it served, and in its life cycle where it stands. The next environment
believes it, so nobody but the release of a model may write it.
"""

from mlplatform.names import Names
from mlplatform.policy import Conditions
from mlplatform.release_routes import served_in
from mlplatform.settings import Environment

RECORDED = (
    "data-check",
    "data-rows",
    "execution",
    "gate",
    "imported-from",
    "job",
    "model",
    "overrides",
    "run",
    "source",
    "source-sha256",
)
"""Metadata that registration writes on a version (model_registration.logic), and nobody after it."""

CUSTOMIZED = ("evaluation",)
"""What a customization writes beside it (customization.card) that decides something: where the gate of later
versions reads the evaluation of the one that serves. The rest of it only tells, and a policy has an end."""

_METADATA = "sagemaker:CustomerMetadataProperties/{}"
REMOVED = "sagemaker:CustomerMetadataPropertiesToRemove"
"""Metadata that a request takes away from a version."""

STAGE = "sagemaker:ModelLifeCycle:Stage"
"""Where in its life cycle a version is said to be."""


def nothing_noted(settings: Environment) -> dict[str, str]:
    """Condition keys that are absent from a request which notes nothing of releases on a version.

    For the operator ``Null`` of an Allow: a Deny would need a statement for each.
    """
    return dict.fromkeys([STAGE, *served_keys(settings)], "true")


def served_keys(settings: Environment) -> list[str]:
    """Condition keys of the metadata that says where a version served: first here, then in the others."""
    everywhere = dict.fromkeys([settings.names, *settings.neighbours.sharing])
    return [_METADATA.format(served_in(names)) for names in everywhere]


def noting(names: Names, settings: Environment, model: str) -> Conditions:
    """The condition of an Allow: all a request changes of a version of ``model`` is that it serves in
    ``names``.

    ``settings`` are of any environment that uses the same registry.
    """
    customized = any(one.name == model and one.customization for one in settings.products)
    recorded = [*RECORDED, *(CUSTOMIZED if customized else ())]
    others = [other for other in settings.neighbours.sharing if other != names]
    untouched = [
        "sagemaker:ModelApprovalStatus",
        REMOVED,
        *(_METADATA.format(key) for key in recorded),
        *(_METADATA.format(served_in(other)) for other in others),
    ]
    return {
        "Null": dict.fromkeys(untouched, "true"),
        "StringEqualsIfExists": {STAGE: names.environment},
    }
