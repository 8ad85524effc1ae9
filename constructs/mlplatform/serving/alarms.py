"""The alarms of an endpoint, in two families.

Release alarms watch the new fleet of a guarded update and nothing else: they have the configuration as a
dimension, which only metrics of that fleet carry (SageMaker developer guide, "Auto-Rollback Configuration and
Monitoring"), and the release in their name. A name is create-only, so every attempt has alarms of its own; an
alarm that is pointed at another fleet keeps its state, and the one that demands a way back would forbid it.
They are there in every mode of update: guardrails read them while one is guarded, the release while a shadow
runs and while it watches.

Operating alarms watch the variant whatever it runs on, tell people, and add up to one composite alarm.
"""

from collections.abc import Iterable

from mlplatform.serving import parts
from mlplatform.serving.measures import INVOCATIONS, errors, measures, overhead, requests
from mlplatform.serving.parts import (
    ALARM_TYPE,
    ATTEMPT,
    COMPOSITE_ALARM,
    HAS_PRODUCTION,
    RELEASE_ID,
    STOP_ALARM,
    Part,
    Served,
    attribute,
    ref,
    resource,
    when,
)
from mlplatform.serving.watching import HOUR, Window, alarm, metric, of_endpoint, of_variant, watch

MAX_RELEASE_ALARMS = 10
"""Alarms an update may be guarded by (SageMaker API, AutoRollbackConfig)."""

RELEASE = Window(2, of=3)
"""Two bad minutes of three: well within a step of a canary, and one bad minute is no verdict."""

ANSWERS = Window(3, of=5)
"""Three bad minutes of five: worth waking somebody, and a flapping metric rings once."""

CAPACITY = Window(10, of=15)
"""Ten minutes of fifteen: autoscaling takes some minutes to add an instance."""

BACKLOG = Window(10, of=10)
"""Ten minutes on end: a backlog that is worked off is what a queue is for."""

MISSING = Window(1, of=1, period=HOUR)
"""One hour, the unit of the objective."""

AT_ONCE = Window(1, of=1)
"""The first minute: somebody asked for it."""

_OF_RELEASE = f"release-${{{RELEASE_ID}}}-${{{ATTEMPT}}}"
"""What the names of a release's alarms have in common, for ``Fn::Sub``."""

_OF_NEW_FLEET = {
    "Name": "EndpointConfigName",
    "Value": attribute(parts.ENDPOINT_CONFIG, "EndpointConfigName"),
}


def release_alarms(served: Served) -> dict[str, Part]:
    """The alarms that undo a release, by logical id: at most 10, the request to stop among them.

    The stop alarm is always there, so that the stack has a resource also while nothing serves.
    """
    found = {STOP_ALARM: _stop_alarm(served)}
    for measure in measures(served):
        name = served.names.alarm(served.product.name, f"{_OF_RELEASE}/{measure.name}")
        where = "since it began" if served.has_components else "on the new instances"
        says = f"Release of {served.product.name}: {measure.says} {where}"
        watched = watch(served, measure, _of_new(served), RELEASE)
        body = alarm({"Fn::Sub": name}, says, RELEASE, watched)
        found[f"Release{measure.pascal}Alarm"] = resource(ALARM_TYPE, body, condition=HAS_PRODUCTION)
    return found


def _of_new(served: Served) -> list[Part]:
    """The new fleet. Copies that are replaced one after the other have no metrics of their own: all of them
    are watched, by alarms that are new with the release.
    """
    return of_variant(served) if served.has_components else [*of_variant(served), _OF_NEW_FLEET]


def _stop_alarm(served: Served) -> Part:
    """Rings when somebody asks a release to stop: SageMaker then goes back by itself."""
    name = served.names.alarm(served.product.name, f"{_OF_RELEASE}/stop-requested")
    of_release: list[Part] = [
        {"Name": "Endpoint", "Value": served.endpoint},
        {"Name": "ReleaseId", "Value": ref(RELEASE_ID)},
    ]
    namespace = parts.release_metrics(served)
    watched = metric(namespace, parts.STOP_METRIC, "Sum", of_release, 0, AT_ONCE)
    says = f"A release of {served.product.name} was asked to stop"
    return resource(ALARM_TYPE, alarm({"Fn::Sub": name}, says, AT_ONCE, watched))


def operating_alarms(served: Served) -> dict[str, Part]:
    """The alarms that tell people, by logical id, and the composite alarm over them."""
    alarms = _by_id([*_of_objectives(served), *_of_backlog(served), *_of_missing(served)])
    challenger = _by_id(_of_challenger(served))
    rule = _any_of(alarms)
    if challenger:
        meanwhile = [one for one, body in alarms.items() if body["Condition"] != parts.SERVES_ALONE]
        rule = when(parts.HAS_CHALLENGER, _any_of([*meanwhile, *challenger]), rule)
    composite = {
        "AlarmName": served.names.alarm(served.product.name, "operating"),
        "AlarmDescription": f"{served.product.name} does not keep to its objectives",
        "AlarmRule": rule,
    }
    whole = resource(parts.COMPOSITE_TYPE, composite, condition=HAS_PRODUCTION)
    return {**alarms, **challenger, COMPOSITE_ALARM: whole}


def _by_id(alarms: Iterable[tuple[str, Part]]) -> dict[str, Part]:
    return {
        f"Operating{''.join(part.capitalize() for part in name.split('-'))}Alarm": body
        for name, body in alarms
    }


def _any_of(logical_ids: Iterable[str]) -> Part:
    """The rule of a composite alarm that rings while any of these does."""
    return {"Fn::Sub": " OR ".join(f'ALARM("${{{logical_id}}}")' for logical_id in logical_ids)}


def _of_challenger(served: Served) -> list[tuple[str, Part]]:
    """Errors of the version beside production, which answers people too; its latency is the test's matter."""
    if not served.serving.ab_test:
        return []
    found = []
    for measure in errors(served):
        name, says = f"challenger-{measure.name}", f"of the challenger, {measure.says}"
        watched = watch(served, measure, of_variant(served, parts.CHALLENGER), ANSWERS)
        found.append(_operating(served, name, says, ANSWERS, watched, condition=parts.HAS_CHALLENGER))
    return found


def _of_objectives(served: Served) -> list[tuple[str, Part]]:
    found = []
    for measure in [*measures(served), *overhead(served)]:
        window = ANSWERS if measure.namespace == INVOCATIONS else CAPACITY
        watched = watch(served, measure, of_variant(served), window)
        found.append(_operating(served, measure.name, measure.says, window, watched))
    return found


def _of_backlog(served: Served) -> list[tuple[str, Part]]:
    """Requests that wait."""
    limits = served.serving.objectives
    waiting, oldest = limits.backlog_per_instance, limits.oldest_request_seconds
    found: list[tuple[str, Part]] = []
    if served.serving.mode == "async" and waiting is not None:
        says = f"more than {waiting} requests wait for an instance"
        watched = _waiting(served, "ApproximateBacklogSizePerInstance", waiting)
        found.append(_operating(served, "backlog-per-instance", says, BACKLOG, watched))
    if served.serving.mode == "async" and oldest is not None:
        says = f"a request waits for more than {oldest} seconds"
        watched = _waiting(served, "ApproximateAgeOfOldestRequest", oldest)
        found.append(_operating(served, "oldest-request", says, BACKLOG, watched))
    return found


def _waiting(served: Served, name: str, limit: int) -> Part:
    """What says that a metric of the queue, which is the endpoint's and no variant's, exceeds its limit."""
    return metric(INVOCATIONS, name, "Maximum", [of_endpoint(served)], limit, BACKLOG)


def _of_missing(served: Served) -> list[tuple[str, Part]]:
    """Fewer requests than there always are.

    No data is no request: the alarm then has insufficient data, and tells people when it comes to that. It
    begins so, and therefore does not ring at a first release, before anybody knows the endpoint. While a
    challenger gets part of the requests, those of production say nothing: there is no such alarm then.
    """
    least = served.serving.objectives.minimum_invocations_per_hour
    if least is None:
        return []
    watched = metric(INVOCATIONS, *requests(served), of_variant(served), least, MISSING)
    watched |= {
        "ComparisonOperator": "LessThanThreshold",
        "TreatMissingData": "missing",
        "InsufficientDataActions": [_topic(served)],
    }
    says = f"fewer than {least} requests in an hour"
    condition = parts.SERVES_ALONE if served.serving.ab_test else HAS_PRODUCTION
    return [_operating(served, "invocations-missing", says, MISSING, watched, condition=condition)]


def _topic(served: Served) -> str:
    return served.names.arn("sns", served.names.name("notifications"))


def _operating(
    served: Served, name: str, says: str, window: Window, watched: Part, condition: str = HAS_PRODUCTION
) -> tuple[str, Part]:
    """An alarm that tells people, also when it is over; there is none while nothing serves."""
    topic = _topic(served)
    full_name = served.names.alarm(served.product.name, name)
    body = alarm(
        full_name, f"{served.product.name}: {says}", window, watched, AlarmActions=[topic], OKActions=[topic]
    )
    return name, resource(ALARM_TYPE, body, condition=condition)
