"""One endpoint's world in memory, for tests of releases: the account, and its services through the ports."""

from release_account import (
    ALLOWED,
    DEFAULTS,
    ENDPOINT,
    GROUP,
    MACHINE,
    PACKAGE,
    POLICY,
    SERVING,
    START,
    Account,
    DiedError,
    Fault,
    ThrottledError,
)
from release_services import Endpoint, Ledger, Stack

__all__ = [
    "ALLOWED",
    "DEFAULTS",
    "ENDPOINT",
    "GROUP",
    "MACHINE",
    "PACKAGE",
    "POLICY",
    "SERVING",
    "START",
    "Account",
    "DiedError",
    "Endpoint",
    "Fault",
    "Ledger",
    "Stack",
    "ThrottledError",
]
