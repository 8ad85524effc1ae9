"""What requests about hubs act on: a hub by its name or ARN, and a content of it without its version.

Service Authorization Reference, "Resource types defined by Amazon SageMaker": most operations on content need
permission for both. SageMakerPublicHub is AWS's, and has ``aws`` for an account.
"""

from collections.abc import Callable, Iterator, Mapping

from rehearsal.api import Parameters, Place

_PUBLIC = "SageMakerPublicHub"
_OPERATIONS = (
    "CreateHub",
    "DeleteHub",
    "DeleteHubContent",
    "DescribeHub",
    "DescribeHubContent",
    "ImportHubContent",
    "ListHubContentVersions",
    "ListHubContents",
    "UpdateHub",
    "UpdateHubContent",
)


def _hub(parameters: Parameters, place: Place) -> Iterator[str]:
    said = str(parameters.get("HubName", ""))
    if not said:
        return
    name = said.rpartition(":hub/")[2]
    account = said.split(":")[4] if said.startswith("arn:") else "aws" if name == _PUBLIC else None
    yield place.arn("sagemaker", f"hub/{name}", account=account)
    if "HubContentName" in parameters:
        path = f"{name}/{parameters['HubContentType']}/{parameters['HubContentName']}"
        yield place.arn("sagemaker", f"hub-content/{path}", account=account)


HUBS: Mapping[str, Callable[[Parameters, Place], Iterator[str]]] = {
    f"sagemaker:{operation}": _hub for operation in _OPERATIONS
}
"""Per action: what its request acts on."""
