"""What people read of a release afterwards: who approved what serves, and which versions were compared."""

from dataclasses import replace

from release_driver import Operator
from release_world import Account


def test_a_version_that_is_brought_back_was_approved_by_whom_it_was_first() -> None:
    account = Account()
    operator = Operator(account)
    for version in (1, 2):
        assert operator.release(model_package_arn=account.approve(version)).outcome == "released"
    # The registry names who changed a version last, and that is the release which noted where it serves.
    account.packages = {
        version: replace(package, approved_by="") for version, package in account.packages.items()
    }
    assert operator.rollback().outcome == "released"
    live = account.items["live"]
    assert (live["version"], live["approved_by"]) == (1, "ann")


def test_a_report_says_which_versions_it_compared() -> None:
    account = Account()
    operator = Operator(account)
    for version in (1, 2):
        assert operator.release(model_package_arn=account.approve(version)).outcome == "released"
    (text,) = (body for name, body in account.reports.items() if name.endswith(".md"))
    assert "- Version in production: 1" in text
    assert "- Version in the shadow: 2" in text
