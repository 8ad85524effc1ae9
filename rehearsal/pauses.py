"""What a rehearsal does with an endpoint that shall cost nothing: pauses, resumes and retires its model."""

from collections.abc import Iterator
from typing import Any

from mlplatform.settings.products import ModelProduct
from rehearsal.api import REHEARSAL
from rehearsal.driver import Rehearsal
from rehearsal.moments import until
from rehearsal.releases import Show, followed
from rehearsal.serving import deployed_again, invoked, served, unrest
from rehearsal.step import Step

Listing = dict[str, set[str]]
"""What is in the account: names by kind."""

_LISTED = {
    "endpoints": ("sagemaker", "list_endpoints", "Endpoints", "EndpointName"),
    "endpoint configurations": (
        "sagemaker",
        "list_endpoint_configs",
        "EndpointConfigs",
        "EndpointConfigName",
    ),
    "models": ("sagemaker", "list_models", "Models", "ModelName"),
    "stacks": ("cloudformation", "describe_stacks", "Stacks", "StackName"),
    "roles": ("iam", "list_roles", "Roles", "RoleName"),
    "tables": ("dynamodb", "list_tables", "TableNames", ""),
    "state machines": ("stepfunctions", "list_state_machines", "stateMachines", "name"),
}
"""By kind: the service, its list and where the names are in it."""

COSTS = ("endpoints", "alarms", "scalable targets")
"""Kinds of what goes with an endpoint; everything else stays."""


def paused_and_resumed(rehearsal: Rehearsal, product: ModelProduct, show: Show) -> Iterator[Step]:
    """Pause, be refused a release and a rollback, deploy, and resume: the same version, the same answers."""
    version, answer = served(rehearsal, product), invoked(rehearsal, product)
    yield changed(rehearsal, product, "pause", "paused", show)
    for workflow in ("release", "rollback"):
        execution = rehearsal.start(product.name, workflow, persona="ml-engineer")
        yield followed(rehearsal, product, workflow, execution, "refused", show)
    rehearsal.engine.deploy(rehearsal.assembly, rehearsal.settings.name)
    gone = rehearsal.settings.names.endpoint(product.name) not in listing(rehearsal)["endpoints"]
    show(f"{product.name}: {'still no endpoint' if gone else 'an endpoint'} after a deployment")
    yield changed(rehearsal, product, "resume", "resumed", show)
    problems = unrest(rehearsal, product, version)
    same = invoked(rehearsal, product) == answer
    if problems or not same or not gone:
        raise RuntimeError(
            f"{product.name} did not come back as it was: {'; '.join(problems) or 'it answers else'}"
        )
    show(f"{product.name}: {answer}, as before")
    show(f"{product.name}: {deployed_again(rehearsal, product)}")


def resumed_meanwhile(rehearsal: Rehearsal, product: ModelProduct, show: Show) -> Iterator[Step]:
    """Somebody wants the endpoint back while it is being taken away: the one waits for the other."""
    endpoint = rehearsal.settings.names.endpoint(product.name)
    show(f"{product.name}: pause, and resume before it has ended")
    with rehearsal.emulator.clock.seat():
        pause = _begun(rehearsal, product, "pause")
        until(rehearsal, lambda: f"{endpoint} paused" in _ledger(rehearsal))
        resume = _begun(rehearsal, product, "resume")
    yield followed(rehearsal, product, "lifecycle", pause, "paused", show)
    yield followed(rehearsal, product, "lifecycle", resume, "resumed", show)


def retired(rehearsal: Rehearsal, product: ModelProduct, show: Show) -> Iterator[Step]:
    """Retire: the endpoint and what watches and scales it go, everything else is still there."""
    before = listing(rehearsal)
    yield changed(rehearsal, product, "retire", "retired", show)
    after = listing(rehearsal)
    lost = {kind: sorted(names - after[kind]) for kind, names in before.items() if names - after[kind]}
    if wrong := set(lost) - set(COSTS):
        raise RuntimeError(f"to retire {product.name} took away {', '.join(sorted(wrong))}: {lost}")
    if rehearsal.settings.names.endpoint(product.name) not in lost.get("endpoints", ()):
        raise RuntimeError(f"{product.name} is retired and has an endpoint")
    show(f"{product.name}: gone are {', '.join(f'{len(names)} {kind}' for kind, names in lost.items())}")


def changed(rehearsal: Rehearsal, product: ModelProduct, action: str, wanted: str, show: Show) -> Step:
    """Start the workflow as people do, and follow it."""
    show(f"{product.name}: {action}")
    return followed(rehearsal, product, "lifecycle", _begun(rehearsal, product, action), wanted, show)


def _begun(rehearsal: Rehearsal, product: ModelProduct, action: str) -> str:
    given = {"action": action, "reason": "rehearsed", "by": "ml-engineer"}
    return rehearsal.start(product.name, "lifecycle", given, persona="ml-engineer")


def listing(rehearsal: Rehearsal) -> Listing:
    """What the account holds, of every kind that a model has something of."""
    found = {kind: _names(rehearsal, *where) for kind, where in _LISTED.items()}
    return {
        **found,
        "alarms": _alarms(rehearsal),
        "scalable targets": _targets(rehearsal),
        "versions": _versions(rehearsal),
        "objects": _objects(rehearsal),
        "ledger": _ledger(rehearsal),
    }


def _names(rehearsal: Rehearsal, service: str, operation: str, key: str, name: str) -> set[str]:
    client: Any = rehearsal.emulator.client(service, REHEARSAL)
    pages = client.get_paginator(operation).paginate()
    return {str(one[name] if name else one) for page in pages for one in page.get(key, ())}


def _alarms(rehearsal: Rehearsal) -> set[str]:
    """Composite ones as well, which are listed only if asked for."""
    client = rehearsal.emulator.client("cloudwatch", REHEARSAL)
    pages = client.get_paginator("describe_alarms").paginate(AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    return {
        str(one["AlarmName"])
        for page in pages
        for one in [*page.get("MetricAlarms", ()), *page.get("CompositeAlarms", ())]
    }


def _targets(rehearsal: Rehearsal) -> set[str]:
    client = rehearsal.emulator.client("application-autoscaling", REHEARSAL)
    pages = client.get_paginator("describe_scalable_targets").paginate(ServiceNamespace="sagemaker")
    return {str(one["ResourceId"]) for page in pages for one in page["ScalableTargets"]}


def _versions(rehearsal: Rehearsal) -> set[str]:
    client = rehearsal.emulator.client("sagemaker", REHEARSAL)
    groups = client.list_model_package_groups()["ModelPackageGroupSummaryList"]
    return {
        str(version["ModelPackageArn"])
        for group in groups
        for version in client.list_model_packages(ModelPackageGroupName=group["ModelPackageGroupName"])[
            "ModelPackageSummaryList"
        ]
    }


def _objects(rehearsal: Rehearsal) -> set[str]:
    """Keys by bucket, of the buckets that hold something of a model."""
    client = rehearsal.emulator.client("s3", REHEARSAL)
    found: set[str] = set()
    for bucket in (rehearsal.settings.names.bucket(name) for name in ("artifacts", "data", "capture")):
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        found |= {f"{bucket}/{one['Key']}" for page in pages for one in page.get("Contents", ())}
    return found


def _ledger(rehearsal: Rehearsal) -> set[str]:
    """Records of the ledger, but for those that say what is under way."""
    client = rehearsal.emulator.client("dynamodb", REHEARSAL)
    table = rehearsal.settings.names.name("release-ledger")
    items = client.get_paginator("scan").paginate(TableName=table).build_full_result()["Items"]
    records = {f"{item['endpoint']['S']} {item['record']['S']}" for item in items}
    return {record for record in records if " open#" not in record}
