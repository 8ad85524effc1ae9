"""Rules on how an endpoint is updated, watched and scaled: deployment guardrails, alarms, autoscaling."""

import fnmatch
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from mlplatform.rules.demands import at
from mlplatform.rules.jobs import ENDPOINT_CONFIG
from mlplatform.rules.rule import Finding
from mlplatform.rules.serving import COMPONENT, ENDPOINT, refs
from mlplatform.template import Template, text

ALARM = "AWS::CloudWatch::Alarm"
TARGET = "AWS::ApplicationAutoScaling::ScalableTarget"
POLICY = "AWS::ApplicationAutoScaling::ScalingPolicy"

MAX_ALARMS = 10
"""Alarms of one deployment (SageMaker API, AutoRollbackConfig)."""

_SIZES = {
    "BlueGreenUpdatePolicy.TrafficRoutingConfiguration.CanarySize": (1, 50),
    "BlueGreenUpdatePolicy.TrafficRoutingConfiguration.LinearStepSize": (10, 50),
    "RollingUpdatePolicy.MaximumBatchSize": (5, 50),
}
"""Percent of the capacity that may move at a time (SageMaker API reference: TrafficRoutingConfig,
RollingUpdatePolicy)."""

_POLICIES = ("BlueGreenUpdatePolicy", "RollingUpdatePolicy")


def guardrails(template: Template) -> Iterator[Finding]:
    """Updates of endpoints, and of what is attached to them, that nothing watches or SageMaker refuses."""
    for logical_id, properties in template.of_type(ENDPOINT, COMPONENT):
        for deployment in at(properties, "DeploymentConfig"):
            if isinstance(deployment, dict):
                for message in (
                    *_policy(deployment),
                    *_alarms(deployment),
                    *_fleet(template, properties, deployment),
                ):
                    yield (logical_id, "Properties.DeploymentConfig"), message


def _policy(deployment: Mapping[str, Any]) -> Iterator[str]:
    there = [policy for policy in _POLICIES if deployment.get(policy)]
    if len(there) != 1:
        yield f"{' and '.join(there) or 'no policy'}, allowed: one of {' and '.join(_POLICIES)}"
    for path, (least, most) in _SIZES.items():
        for size in at(deployment, path.replace(".", "?.") + "?"):
            value = size.get("Value") if isinstance(size, dict) else None
            percent = isinstance(size, dict) and size.get("Type") == "CAPACITY_PERCENT"
            if not (percent and isinstance(value, int) and least <= value <= most):
                yield f"{path.rpartition('.')[2]} is {text(size)}, allowed: {least} to {most} percent"
    for policy in there:
        yield from _waits(deployment[policy])


def _waits(policy: Mapping[str, Any]) -> Iterator[str]:
    """SageMaker gives up before it is through if an update may take less than its waits."""
    routing = policy.get("TrafficRoutingConfiguration", policy)
    waits = [routing.get("WaitIntervalInSeconds", 0), policy.get("TerminationWaitInSeconds", 0)]
    size = next((routing[key] for key in ("LinearStepSize", "MaximumBatchSize") if key in routing), None)
    steps = -(-100 // size["Value"]) if size else 2 if routing.get("Type") == "CANARY" else 1
    least, most = waits[0] * steps + waits[1], policy.get("MaximumExecutionTimeoutInSeconds")
    if most is None or most <= least:
        yield f"MaximumExecutionTimeoutInSeconds is {most}, allowed: more than the {least} seconds it waits"


def _alarms(deployment: Mapping[str, Any]) -> Iterator[str]:
    count = len([name for name in at(deployment, "AutoRollbackConfiguration.Alarms.AlarmName") if name])
    if not 1 <= count <= MAX_ALARMS:
        yield f"{count} alarms in AutoRollbackConfiguration, allowed: 1 to {MAX_ALARMS}"


def _fleet(template: Template, properties: Mapping[str, Any], deployment: Mapping[str, Any]) -> Iterator[str]:
    """What the configuration of the endpoint excludes."""
    configs = dict(template.of_type(ENDPOINT_CONFIG))
    named = refs(properties.get("EndpointConfigName"))
    config = next((configs[name] for name in named if name in configs), {})
    variants = [variant for variant in at(config, "ProductionVariants") if isinstance(variant, dict)]
    if any("ServerlessConfig" in variant for variant in variants):
        yield "a serverless endpoint has guardrails, allowed: without DeploymentConfig"
    if deployment.get("RollingUpdatePolicy") and len(variants) > 1:
        yield "a rolling update of several production variants, allowed: of one"
    kinds = at(deployment, "BlueGreenUpdatePolicy.TrafficRoutingConfiguration.Type")
    counts = [count for variant in variants for count in at(variant, "InitialInstanceCount?")]
    if {"CANARY", "LINEAR"} & {text(kind) for kind in kinds} and any(text(count) == "1" for count in counts):
        yield "one instance goes over step by step, allowed: 2 or more"


def release_alarms(template: Template) -> Iterator[Finding]:
    """Alarms of a deployment that also watch what it replaces, or that a later one finds as they are."""
    alarms = dict(template.of_type(ALARM))
    for endpoint, properties in template.of_type(ENDPOINT, COMPONENT):
        for name in at(properties, "DeploymentConfig?.AutoRollbackConfiguration?.Alarms.AlarmName"):
            logical_id = name.get("Ref", "") if isinstance(name, dict) else ""
            if logical_id not in alarms:
                place = (endpoint, "Properties.DeploymentConfig.AutoRollbackConfiguration")
                yield place, f"alarm {text(name)!r} is not of this template, allowed: one that is made anew"
                continue
            for message in _stale(template, alarms[logical_id]):
                yield (logical_id, "Properties"), message


def _stale(template: Template, alarm: Mapping[str, Any]) -> Iterator[str]:
    """Why an alarm cannot judge a new fleet alone."""
    parameters = set(template.body.get("Parameters", {}))
    name = alarm.get("AlarmName")
    if not {"ReleaseId", "ProductionAttempt"} <= refs(name) & parameters:
        yield f"AlarmName {text(name)!r} stays, allowed: one with the release and its attempt in it"
    # Copies that are replaced one after the other have no metrics of their own: all of them are watched.
    what = "InferenceComponentName" if list(template.of_type(COMPONENT)) else "EndpointConfigName"
    stats = [query for query in at(alarm, "Metrics?.MetricStat?.Metric") if isinstance(query, dict)]
    for metric in stats or [dict(alarm)]:
        dimensions = {text(one.get("Name")) for one in at(metric, "Dimensions") if isinstance(one, dict)}
        if not {"ReleaseId", what} & dimensions:
            given = ", ".join(sorted(dimensions)) or "none"
            yield f"the dimensions are {given}, allowed: with {what}, of what is new only"
    if alarm.get("TreatMissingData") != "notBreaching":
        yield "TreatMissingData is not notBreaching: new instances have no data before their first requests"


def alarm_actions(template: Template) -> Iterator[Finding]:
    """Alarms of an endpoint that ring and nobody hears.

    cdk-nag asks the same of every alarm; in the stack of an endpoint it is answered by this rule.
    """
    if not list(template.of_type(ENDPOINT)):
        return
    read = {
        name["Ref"]
        for _, properties in template.of_type(ENDPOINT, COMPONENT)
        for name in at(properties, "DeploymentConfig?.AutoRollbackConfiguration?.Alarms.AlarmName")
        if isinstance(name, dict) and "Ref" in name
    }
    for logical_id, properties in template.of_type(ALARM):
        acts = any(value is not None for value in at(properties, "AlarmActions"))
        if not acts and logical_id not in read and not _released(template):
            yield (
                (logical_id, "Properties.AlarmActions"),
                "the alarm has no action, and no deployment reads it",
            )


def _released(template: Template) -> bool:
    """Whether the alarms of releases are read by a workflow: serverless endpoints have no guardrails, nor has
    a component that is updated at once.
    """
    if list(template.of_type(COMPONENT)):
        return True
    variants = [
        variant
        for _, properties in template.of_type(ENDPOINT_CONFIG)
        for variant in at(properties, "ProductionVariants")
    ]
    return any(isinstance(variant, dict) and "ServerlessConfig" in variant for variant in variants)


def scaling(template: Template) -> Iterator[Finding]:
    """Two targets for one thing, or two policies that track something each their own way."""
    targets = Counter(
        (text(properties.get("ResourceId")), text(properties.get("ScalableDimension")))
        for _, properties in template.of_type(TARGET)
    )
    for logical_id, properties in template.of_type(TARGET):
        key = (text(properties.get("ResourceId")), text(properties.get("ScalableDimension")))
        if targets[key] > 1:
            yield (logical_id, "Properties.ResourceId"), f"{key[0]} is scaled by two targets, allowed: one"
    tracked = Counter(_tracked(properties) for _, properties in template.of_type(POLICY))
    for logical_id, properties in template.of_type(POLICY):
        target = _tracked(properties)
        if target and tracked[target] > 1:
            yield (logical_id, "Properties.PolicyType"), f"{target} is tracked by two policies, allowed: one"


def _tracked(properties: Mapping[str, Any]) -> str:
    """The target that a policy tracks something of; empty for one that does not."""
    if properties.get("PolicyType") != "TargetTrackingScaling":
        return ""
    return text(properties.get("ScalingTargetId") or properties.get("ResourceId"))


def deletions(template: Template) -> Iterator[Finding]:
    """Permissions to delete an endpoint: only the first release's role has one, until something serves."""
    for statement in template.statements:
        if not statement.allows or statement.kind != "identity":
            continue
        if not any(fnmatch.fnmatchcase("sagemaker:deleteendpoint", action) for action in statement.actions):
            continue
        endpoints = [name for name in statement.resources if ":endpoint/" in name or name.endswith("*:*")]
        tried = bool(endpoints) and all("-try-" in name for name in endpoints)
        role = text(template.resources[statement.place[0]].get("Properties", {}).get("RoleName"))
        first = role.endswith("-update-first") and "true" in str(statement.conditions.get("Null", {}))
        if not (tried or first):
            yield (
                statement.place,
                "allows sagemaker:DeleteEndpoint, allowed: to the role of the first release",
            )
