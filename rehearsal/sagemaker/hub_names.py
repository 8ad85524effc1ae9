"""Names and ARNs of hubs and of what is in them, as the API's patterns and its reference give them."""

import re
from dataclasses import dataclass

from rehearsal.api import ApiError, Parameters, Place

PUBLIC_HUB = "SageMakerPublicHub"
"""The hub of AWS with the models of JumpStart; its ARNs have ``aws`` for an account."""

_ARN = re.compile(
    r"arn:[a-z0-9-.]{1,63}:sagemaker:(?P<region>[\w-]+):(?P<account>\d{12}|aws):hub-content/(?P<hub>[\w-]+)/"
    r"(?P<type>Model|Notebook|ModelReference|DataSet|JsonDoc)/(?P<name>[\w-]+)(?:/(?P<version>[\d.]+))?"
)
_VERSION = re.compile(r"\d{1,4}\.\d{1,4}\.\d{1,4}")


@dataclass(frozen=True)
class ContentName:
    """One content of a hub; ``version`` None is its newest."""

    hub: str
    type: str
    name: str
    version: str | None = None

    @property
    def path(self) -> str:
        """What follows ``hub-content/`` in its ARN."""
        return "/".join(filter(None, (self.hub, self.type, self.name, self.version)))


def arn_of(place: Place, content: ContentName) -> str:
    """ARN of a content: in AWS's own account if the hub is."""
    return place.arn("sagemaker", f"hub-content/{content.path}", account=account_of(content.hub, place))


def hub_arn(place: Place, hub: str) -> str:
    """ARN of a hub."""
    return place.arn("sagemaker", f"hub/{hub}", account=account_of(hub, place))


def account_of(hub: str, place: Place) -> str:
    """The account of a hub, or ``aws``."""
    return "aws" if hub == PUBLIC_HUB else place.account


def content_of(arn: str, place: Place) -> ContentName | None:
    """The content that an ARN names; None if it is none of this region and of an account that is known."""
    match = _ARN.fullmatch(arn)
    if match is None or match["region"] != place.region:
        return None
    if match["account"] != account_of(match["hub"], place):
        return None
    return ContentName(match["hub"], match["type"], match["name"], match["version"])


def hub_of(name_or_arn: str) -> str:
    """The name of a hub given by name or ARN."""
    return name_or_arn.rpartition(":hub/")[2]


def asked_for(request: Parameters) -> ContentName:
    """The content a request names by its members."""
    return ContentName(
        hub_of(request["HubName"]),
        request["HubContentType"],
        request["HubContentName"],
        request.get("HubContentVersion"),
    )


def checked_version(version: str) -> str:
    """``version`` if it is ``x.y.z``. The model's pattern has dots that stand for any character."""
    if not _VERSION.fullmatch(version):
        raise ApiError("ValidationException", f"HubContentVersion must be x.y.z, got {version}")
    return version


def order(version: str) -> tuple[int, ...]:
    """By what versions are sorted."""
    return tuple(int(part) for part in version.split("."))
