"""CloudWatch of the rehearsal: statistics, metric math, alarms over time, what they tell, dashboards."""

import datetime
import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from rehearsed_account import PLACE, ROLE, TRUST, allow

from rehearsal.api import Principal
from rehearsal.cloudwatch import CloudWatch
from rehearsal.cloudwatch.alarms import judged
from rehearsal.cloudwatch.expressions import evaluate
from rehearsal.cloudwatch.rules import alarms_in, holds
from rehearsal.emulator import Emulator, RoleRecord
from release.aws_services import CloudWatchMetrics

NAMESPACE = "acme/dev/releases"
ONE_OF_ONE = {
    "Namespace": NAMESPACE,
    "MetricName": "StopRequested",
    "Dimensions": [{"Name": "Endpoint", "Value": "e"}],
    "Statistic": "Maximum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 0.5,
    "ComparisonOperator": "GreaterThanThreshold",
    "TreatMissingData": "notBreaching",
}


@pytest.fixture
def here() -> Iterator[Emulator]:
    with Emulator(PLACE) as emulator:
        CloudWatch(emulator)
        yield emulator


def state(here: Emulator, name: str) -> str:
    """What DescribeAlarms says of a metric alarm or a composite one."""
    kinds = ["MetricAlarm", "CompositeAlarm"]
    found = here.client("cloudwatch").describe_alarms(AlarmNames=[name], AlarmTypes=kinds)
    return str([*found["MetricAlarms"], *found["CompositeAlarms"]][0]["StateValue"])


def put(here: Emulator, value: float = 1.0, **more: Any) -> None:
    datum = {"MetricName": "StopRequested", "Dimensions": ONE_OF_ONE["Dimensions"], "Value": value, **more}
    here.client("cloudwatch").put_metric_data(Namespace=NAMESPACE, MetricData=[datum])


def test_a_new_alarm_knows_nothing_then_watches_by_the_minute(here: Emulator) -> None:
    api = here.client("cloudwatch")
    api.put_metric_alarm(AlarmName="acme-dev/m/release-r-0/stop", **ONE_OF_ONE)
    assert state(here, "acme-dev/m/release-r-0/stop") == "INSUFFICIENT_DATA"
    here.clock.drive(61)
    assert state(here, "acme-dev/m/release-r-0/stop") == "OK"
    put(here)
    here.clock.drive(61)
    assert state(here, "acme-dev/m/release-r-0/stop") == "ALARM"
    here.clock.drive(180)
    assert state(here, "acme-dev/m/release-r-0/stop") == "OK"


def test_putting_an_alarm_again_leaves_its_state(here: Emulator) -> None:
    api = here.client("cloudwatch")
    api.put_metric_alarm(AlarmName="a", **ONE_OF_ONE)
    api.set_alarm_state(AlarmName="a", StateValue="ALARM", StateReason="by hand")
    elsewhere = [{"Name": "Endpoint", "Value": "another"}]
    api.put_metric_alarm(AlarmName="a", **{**ONE_OF_ONE, "Dimensions": elsewhere})
    assert state(here, "a") == "ALARM"


def test_the_history_of_an_alarm_tells_that_it_came_and_went_and_when(here: Emulator) -> None:
    api, prefix = here.client("cloudwatch"), "acme-dev/m/release-r-0/"
    for name in (f"{prefix}stop", f"{prefix}quiet", "acme-dev/m/stop"):
        watched = [{"Name": "Endpoint", "Value": "another" if name.endswith("quiet") else "e"}]
        api.put_metric_alarm(AlarmName=name, **{**ONE_OF_ONE, "Dimensions": watched})
    here.clock.drive(61)
    before = here.clock.now().isoformat()
    put(here)
    here.clock.drive(300)
    after = here.clock.now().isoformat()
    here.clock.drive(600)
    metrics = CloudWatchMetrics(api, "e", NAMESPACE)
    assert set(metrics.alarms(prefix).values()) == {"OK"}
    assert metrics.alarm_changes(prefix, before, after) == {f"{prefix}stop": 2}
    assert metrics.alarm_changes(prefix, after, here.clock.now().isoformat()) == {}


def test_the_history_is_of_one_kind_of_alarms_in_either_order_page_by_page(here: Emulator) -> None:
    api = here.client("cloudwatch")
    api.put_metric_alarm(AlarmName="a", **ONE_OF_ONE)
    api.put_composite_alarm(AlarmName="both", AlarmRule='ALARM("a")')
    for state_now in ("ALARM", "OK"):
        api.set_alarm_state(AlarmName="a", StateValue=state_now, StateReason="by hand")
        here.clock.drive(1)

    def told(**more: Any) -> list[tuple[str, str]]:
        pages = api.get_paginator("describe_alarm_history").paginate(
            PaginationConfig={"PageSize": 1}, HistoryItemType="StateUpdate", **more
        )
        items = [item for page in pages for item in page["AlarmHistoryItems"]]
        return [(item["AlarmName"], item["HistorySummary"]) for item in items]

    came = ("a", "Alarm updated from INSUFFICIENT_DATA to ALARM")
    went = ("a", "Alarm updated from ALARM to OK")
    assert told(AlarmName="a") == told() == [went, came]
    assert told(ScanBy="TimestampAscending") == [came, went]
    assert {name for name, _ in told(AlarmTypes=["CompositeAlarm"])} == {"both"}
    with pytest.raises(ClientError, match="only changes of state"):
        api.describe_alarm_history(HistoryItemType="Action")


def test_alarms_are_found_by_prefix_name_and_kind_page_by_page(here: Emulator) -> None:
    api = here.client("cloudwatch")
    for name in ("acme-dev/m/release-1/a", "acme-dev/m/release-1/b", "acme-dev/m/error"):
        api.put_metric_alarm(AlarmName=name, **ONE_OF_ONE)
    api.put_composite_alarm(AlarmName="acme-dev/m/all", AlarmRule='ALARM("acme-dev/m/error")')
    pages = api.get_paginator("describe_alarms").paginate(
        AlarmNamePrefix="acme-dev/m/release-1/", PaginationConfig={"PageSize": 1}
    )
    found = [alarm["AlarmName"] for page in pages for alarm in page["MetricAlarms"]]
    assert found == ["acme-dev/m/release-1/a", "acme-dev/m/release-1/b"]
    everything = api.describe_alarms(AlarmTypes=["CompositeAlarm"])
    assert [one["AlarmName"] for one in everything["CompositeAlarms"]] == ["acme-dev/m/all"]
    assert api.describe_alarms()["CompositeAlarms"] == []


def test_a_deleted_alarm_begins_anew_unless_another_rests_on_it(here: Emulator) -> None:
    api = here.client("cloudwatch")
    api.put_metric_alarm(AlarmName="a", **ONE_OF_ONE)
    api.put_composite_alarm(AlarmName="all", AlarmRule="ALARM(a)")
    with pytest.raises(ClientError, match="all depends on it"):
        api.delete_alarms(AlarmNames=["a"])
    api.set_alarm_state(AlarmName="a", StateValue="ALARM", StateReason="x")
    api.delete_alarms(AlarmNames=["a", "all", "none"])
    api.put_metric_alarm(AlarmName="a", **ONE_OF_ONE)
    assert state(here, "a") == "INSUFFICIENT_DATA"


def test_a_composite_alarm_follows_those_it_rests_on(here: Emulator) -> None:
    api = here.client("cloudwatch")
    api.put_metric_alarm(AlarmName="a", **ONE_OF_ONE)
    api.put_composite_alarm(AlarmName="all", AlarmRule='ALARM("a") OR FALSE')
    here.clock.drive(61)
    assert state(here, "all") == "OK"
    put(here)
    here.clock.drive(61)
    assert state(here, "all") == "ALARM"
    with pytest.raises(ClientError, match="none in the AlarmRule does not exist"):
        api.put_composite_alarm(AlarmName="other", AlarmRule="ALARM(none)")


def test_a_change_is_told_to_topics_and_events_once_even_if_nobody_looked(here: Emulator) -> None:
    heard: list[Any] = []
    here.subscribe(heard.append)
    sns, sqs = here.client("sns"), here.client("sqs")
    topic = sns.create_topic(Name="alarms")["TopicArn"]
    queue = sqs.create_queue(QueueName="seen")["QueueUrl"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=PLACE.arn("sqs", "seen"))
    service = {"Service": "cloudwatch.amazonaws.com"}
    statement = allow("sns:Publish", resource=topic) | {"Principal": service}
    here.resource_policies[topic] = {"Version": "2012-10-17", "Statement": [statement]}
    here.client("cloudwatch").put_metric_alarm(AlarmName="a", **ONE_OF_ONE, AlarmActions=[topic])
    put(here)
    here.clock.drive(3600)
    for _ in range(2):
        assert state(here, "a") == "OK"
    messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
    told = [json.loads(json.loads(message["Body"])["Message"]) for message in messages]
    assert [(one["AlarmName"], one["NewStateValue"]) for one in told] == [("a", "ALARM")]
    here.settle()
    events = [event["detail"]["state"]["value"] for event in heard]
    assert events == ["ALARM", "OK"]


def test_a_topic_that_does_not_let_alarms_publish_is_noted(here: Emulator) -> None:
    topic = here.client("sns").create_topic(Name="closed")["TopicArn"]
    here.resource_policies[topic] = {"Version": "2012-10-17", "Statement": []}
    here.client("cloudwatch").put_metric_alarm(AlarmName="a", **ONE_OF_ONE, OKActions=[topic])
    here.clock.drive(61)
    assert state(here, "a") == "OK"
    assert any("a could not tell" in note for note in here.notes)


REQUEST = {
    "EvaluationPeriods": 3,
    "DatapointsToAlarm": 3,
    "ComparisonOperator": "GreaterThanThreshold",
    "Threshold": 1.0,
}


@pytest.mark.parametrize(
    ("points", "breaching", "not_breaching", "ignore", "missing"),
    [
        ("0-X-X", "OK", "OK", "OK", "OK"),
        ("0X-XX", "ALARM", "ALARM", "ALARM", "ALARM"),
        ("----0", "OK", "OK", "OK", "OK"),
        ("-----", "ALARM", "OK", "kept", "INSUFFICIENT_DATA"),
        ("--X--", "ALARM", "OK", "kept", "ALARM"),
    ],
)
def test_missing_data_is_treated_as_the_alarm_says(
    points: str, breaching: str, not_breaching: str, ignore: str, missing: str
) -> None:
    values = [{"0": 0.0, "X": 5.0, "-": None}[letter] for letter in points]
    wanted = {"breaching": breaching, "notBreaching": not_breaching, "ignore": ignore, "missing": missing}
    found = {how: judged({**REQUEST, "TreatMissingData": how}, values, "kept")[0] for how in wanted}
    assert found == wanted


def test_m_of_n_needs_m_breaching_points_of_the_newest_n() -> None:
    request = {**REQUEST, "EvaluationPeriods": 5, "DatapointsToAlarm": 2}
    assert judged(request, [5.0, 5.0, 0.0, 0.0, 0.0, 0.0, 5.0], "OK")[0] == "OK"
    assert judged(request, [0.0, 0.0, 5.0, 0.0, 0.0, 0.0, 5.0], "OK")[0] == "ALARM"


def test_metric_math_divides_only_where_both_have_data() -> None:
    known = {"errors": {0.0: 1.0, 60.0: 3.0, 120.0: 0.0}, "all": {0.0: 10.0, 60.0: 0.0}}
    periods = [0.0, 60.0, 120.0, 180.0]
    assert evaluate("100 * errors / all", known, periods) == {0.0: 10.0}
    assert evaluate("IF(FILL(all, 0) >= 10, errors / all, 0)", known, periods) == {
        0.0: 0.1,
        60.0: 0.0,
        120.0: 0.0,
        180.0: 0.0,
    }
    assert evaluate("SUM(METRICS())", known, periods) == {0.0: 11.0, 60.0: 3.0, 120.0: 0.0}
    assert evaluate("FILL(all, REPEAT) - 1", known, periods)[180.0] == -1.0
    assert evaluate("errors > 0 && all > 5", known, periods) == {0.0: 1.0, 60.0: 0.0}


@pytest.mark.parametrize("expression", ["errors /", "SEARCH('x', 'Sum')", "[1, 2]", "unknown + 1"])
def test_metric_math_that_is_not_rehearsed_is_refused(expression: str) -> None:
    with pytest.raises(Exception, match="Error in expression"):
        evaluate(expression, {"errors": {}}, [0.0])


def test_rules_of_composite_alarms_have_brackets_and_precedence() -> None:
    states = {"a": "ALARM", "b/c d": "OK", "e": "INSUFFICIENT_DATA"}
    rule = '(ALARM("b/c d") OR ALARM(a)) AND NOT OK("e")'
    assert alarms_in(rule) == ["b/c d", "a", "e"]
    assert holds(rule, states.__getitem__)
    assert not holds('ALARM("b/c d") AND ALARM(a) OR OK("e")', states.__getitem__)
    for broken in ("ALARM(a", "ALARM(a) ALARM(a)", "AND ALARM(a)", "(TRUE", ""):
        with pytest.raises(Exception, match="AlarmRule"):
            holds(broken, states.__getitem__)


def test_statistics_of_what_was_put(here: Emulator) -> None:
    api, now = here.client("cloudwatch"), here.clock.now()
    for value in range(1, 101):
        put(here, float(value), Timestamp=now)
    stats = ["Sum", "Average", "Minimum", "Maximum", "SampleCount", "p50", "p99", "p90.5"]
    queries = [
        {"Id": f"q{number}", "MetricStat": {"Metric": metric(), "Stat": stat, "Period": 60}}
        for number, stat in enumerate(stats)
    ]
    found = api.get_metric_data(
        MetricDataQueries=queries,
        StartTime=now - datetime.timedelta(minutes=5),
        EndTime=now + datetime.timedelta(minutes=5),
    )["MetricDataResults"]
    assert [one["Values"] for one in found] == [[5050], [50.5], [1], [100], [100], [50], [99], [91]]


def metric() -> dict[str, Any]:
    names = ("Namespace", "MetricName", "Dimensions")
    return {name: ONE_OF_ONE[name] for name in names}


def test_there_is_no_value_where_there_is_no_data_and_newest_come_first(here: Emulator) -> None:
    api, now = here.client("cloudwatch"), here.clock.now()
    for minutes in (10, 5):
        put(here, minutes, Timestamp=now - datetime.timedelta(minutes=minutes))
    query = {"Id": "q", "MetricStat": {"Metric": metric(), "Stat": "Sum", "Period": 60}}
    window = {"StartTime": now - datetime.timedelta(minutes=20), "EndTime": now}
    found = api.get_metric_data(MetricDataQueries=[query], **window)["MetricDataResults"][0]
    assert found["Values"] == [5, 10]
    found = api.get_metric_data(MetricDataQueries=[query], ScanBy="TimestampAscending", **window)
    assert found["MetricDataResults"][0]["Values"] == [10, 5]
    points = api.get_metric_statistics(**metric(), **window, Period=3600, Statistics=["Sum"])["Datapoints"]
    assert sum(point["Sum"] for point in points) == 15


def test_a_statistic_set_has_no_percentiles(here: Emulator) -> None:
    values = {"SampleCount": 10, "Sum": 100, "Minimum": 1, "Maximum": 30}
    datum = {"MetricName": "StopRequested", "Dimensions": ONE_OF_ONE["Dimensions"], "StatisticValues": values}
    here.client("cloudwatch").put_metric_data(Namespace=NAMESPACE, MetricData=[datum])
    now = here.clock.now()
    window = {
        "StartTime": now - datetime.timedelta(minutes=5),
        "EndTime": now + datetime.timedelta(minutes=1),
    }
    found = here.client("cloudwatch").get_metric_statistics(
        **metric(), **window, Period=600, Statistics=["Sum", "Average"], ExtendedStatistics=["p99"]
    )["Datapoints"][0]
    assert (found["Sum"], found["Average"]) == (100, 10)
    assert "ExtendedStatistics" not in found


def test_a_dashboard_keeps_what_is_valid(here: Emulator) -> None:
    api = here.client("cloudwatch")
    body = json.dumps({"widgets": []})
    api.put_dashboard(DashboardName="d", DashboardBody=body)
    assert api.get_dashboard(DashboardName="d")["DashboardBody"] == body
    assert [one["DashboardName"] for one in api.list_dashboards()["DashboardEntries"]] == ["d"]
    for broken in ("{", "[]", "{}"):
        with pytest.raises(ClientError, match="no list of widgets"):
            api.put_dashboard(DashboardName="d", DashboardBody=broken)


@pytest.mark.parametrize(
    ("statement", "allowed"),
    [
        (allow("cloudwatch:PutMetricAlarm", resource=PLACE.arn("cloudwatch", "alarm:acme-dev/m/*")), True),
        (allow("cloudwatch:PutMetricAlarm", resource=PLACE.arn("cloudwatch", "alarm:acme-dev/o/*")), False),
        (allow("cloudwatch:PutMetricData"), False),
    ],
)
def test_alarms_are_judged_by_their_name(here: Emulator, statement: dict[str, Any], allowed: bool) -> None:
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    here.identities.roles[ROLE] = RoleRecord(ROLE, TRUST, {"All": policy})
    api = here.client("cloudwatch", Principal(ROLE))
    if allowed:
        api.put_metric_alarm(AlarmName="acme-dev/m/a", **ONE_OF_ONE)
        assert state(here, "acme-dev/m/a") == "INSUFFICIENT_DATA"
    else:
        with pytest.raises(ClientError, match="not authorized to perform: cloudwatch:PutMetricAlarm"):
            api.put_metric_alarm(AlarmName="acme-dev/m/a", **ONE_OF_ONE)


def test_eight_hours_of_alarms_are_evaluated_within_a_second(here: Emulator) -> None:
    api = here.client("cloudwatch")
    for number in range(10):
        api.put_metric_alarm(AlarmName=f"a{number}", **ONE_OF_ONE)
    here.clock.drive(8 * 3600)
    begun = datetime.datetime.now(datetime.UTC)
    assert len(api.describe_alarms()["MetricAlarms"]) == 10
    assert (datetime.datetime.now(datetime.UTC) - begun).total_seconds() < 1
