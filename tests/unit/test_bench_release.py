"""The arithmetic of what a release takes for itself."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tools.bench_release import Figure, own_seconds, report, update_spans

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def event(seconds: float, status: str, resource: str = "Endpoint") -> dict[str, Any]:
    return {"Timestamp": at(seconds), "LogicalResourceId": resource, "ResourceStatus": status}


def test_updates_and_configured_waits_are_not_the_releases_own_time() -> None:
    updates = [(at(100), at(160)), (at(10), at(40))]
    assert own_seconds((at(0), at(200)), updates, configured_seconds=60) == 200 - 90 - 60


def test_what_overlaps_or_lies_outside_counts_once_or_not_at_all() -> None:
    updates = [(at(-50), at(-10)), (at(-5), at(20)), (at(10), at(30)), (at(12), at(15)), (at(190), at(400))]
    assert own_seconds((at(0), at(200)), updates, configured_seconds=0) == 200 - 30 - 10


def test_an_update_lasts_from_its_first_event_to_the_end_of_the_endpoints() -> None:
    events = [
        event(90, "UPDATE_COMPLETE"),
        event(60, "UPDATE_IN_PROGRESS"),
        event(50, "UPDATE_IN_PROGRESS", "EndpointConfig"),
        event(30, "CREATE_COMPLETE"),
        event(10, "CREATE_IN_PROGRESS"),
        event(12, "CREATE_IN_PROGRESS"),
        event(99, "UPDATE_IN_PROGRESS"),
    ]
    assert list(update_spans(events)) == [(at(10), at(30)), (at(60), at(90))]


def test_only_a_figure_beyond_its_limit_is_printed_below_the_table() -> None:
    lines = report([Figure("seconds", 91.2, 90), Figure("transitions", 400, 400)]).splitlines()
    assert lines[-2].split() == ["transitions", "400", "400"]
    assert lines[-1] == "seconds: 91, wanted: at most 90"


def test_without_a_model_to_release_the_report_says_so() -> None:
    assert report([]) == "release: no model that trains serves with a shadow"
