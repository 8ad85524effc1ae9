"""Decisions about home directories: which file systems are those of a domain of ours."""

from collections.abc import Iterable, Mapping
from typing import Any

MARK = "studio-homes-of"
"""Tag key that says of which environment a file system holds the home directories."""

MANAGED_BY = "ManagedByAmazonSageMakerResource"
"""Tag key with which SageMaker says for which domain it created a file system; the value is the ARN."""


def marked(file_systems: Iterable[Mapping[str, Any]], mark: str) -> dict[str, str]:
    """Return the domain id by file system id, for what carries ``mark`` and was created for a domain.

    ``file_systems`` are the ``FileSystems`` of EFS's DescribeFileSystems.
    """
    found = {}
    for item in file_systems:
        tags = {tag["Key"]: tag["Value"] for tag in item.get("Tags", [])}
        kind, _, domain_id = tags.get(MANAGED_BY, "").rpartition(":")[2].partition("/")
        if tags.get(MARK) == mark and kind == "domain" and domain_id:
            found[item["FileSystemId"]] = domain_id
    return found


def group_names(domain_id: str) -> list[str]:
    """Names of the security groups SageMaker creates for the home directories of a domain."""
    return [f"security-group-for-{direction}-nfs-{domain_id}" for direction in ("inbound", "outbound")]
