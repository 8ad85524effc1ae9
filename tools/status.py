"""`make status ENV=`: what serves, since when, approved by whom, and what is under way."""

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3

from mlplatform import workflows
from mlplatform.permissions.run_places import machine_arn
from mlplatform.settings import Environment, read_environments
from mlplatform.settings.products import ModelProduct
from release.aws_endpoint import model_of
from release.aws_ledger import DynamoDbLedger
from release.ports import Record
from tools.credentials import session_for
from tools.deployed import Stack, deployed_stack
from tools.model_commands import FAILURES
from tools.releases import history, question, running, serving, works
from tools.tables import render

HEADER = ("model", "mode", "serves", "since", "approved by", "before", "under way")
NONE = "-"


@dataclass(frozen=True)
class Running:
    """A release or rollback under way; ``asks`` if it waits for a person."""

    workflow: str
    execution: str
    step: str = ""
    message: str = ""
    asks: bool = False


@dataclass(frozen=True)
class Found:
    """What is known of one model's endpoint. ``stack`` and ``endpoint`` are None if there is none."""

    model: str
    mode: str
    live: Record
    stack: Stack | None
    endpoint: Mapping[str, Any] | None
    under_way: Sequence[Running] = field(default=())
    paused: Record = field(default_factory=dict)
    """What the ledger says of a model without an endpoint; empty of one that serves."""
    upkeep: Record = field(default_factory=dict)
    """What was found when the endpoint was last looked at, every hour; empty if it never was."""
    component: Mapping[str, Any] | None = None
    """What is attached to the endpoint, where copies of the model answer."""


def main(argv: Sequence[str] | None = None) -> int:
    """Print a line per model, then what needs attention. Returns 1 if what serves is not what is declared."""
    parser = argparse.ArgumentParser(prog="make status ENV=", description=__doc__)
    parser.add_argument("environment")
    parser.add_argument("--folder", type=Path, default=Path("environments"))
    arguments = parser.parse_args(argv)
    try:
        (settings,) = read_environments(arguments.folder, only=arguments.environment)
        found = list(look(settings, session_for(settings)))
    except FAILURES as error:
        print(f"status: {error}", file=sys.stderr)
        return 2
    print(report(settings.name, found))
    return int(any(drift(each) for each in found))


def look(settings: Environment, session: boto3.Session) -> Iterator[Found]:
    """Everything about each model that serves in the environment."""
    for product in serving(settings):
        names, sagemaker = settings.names, session.client("sagemaker")
        endpoint, mode = names.endpoint(product.name), product.serving.mode if product.serving else ""
        ledger = DynamoDbLedger(session.client("dynamodb"), names.name("release-ledger"), endpoint)
        describe = sagemaker.describe_inference_component
        copies = mode == "inference_components"
        yield Found(
            product.name,
            mode,
            ledger.read("live") or {},
            deployed_stack(session.client("cloudformation"), names.stack(f"Serving-{product.name}")),
            _described(sagemaker, sagemaker.describe_endpoint, EndpointName=endpoint),
            tuple(_under_way(settings, product, session.client("stepfunctions"))),
            ledger.read("paused") or {},
            ledger.read("upkeep") or {},
            _described(sagemaker, describe, InferenceComponentName=endpoint) if copies else None,
        )


def _described(sagemaker: Any, describe: Callable[..., Any], **asked: str) -> Mapping[str, Any] | None:
    """What SageMaker describes. It has no exception of its own for what does not exist."""
    try:
        described: Mapping[str, Any] = describe(**asked)
    except sagemaker.exceptions.ClientError as error:
        if "Could not find" in error.response["Error"]["Message"]:
            return None
        raise
    return described


def _under_way(settings: Environment, product: ModelProduct, stepfunctions: Any) -> Iterator[Running]:
    for workflow in workflows.releases(product, settings):
        for arn in running(stepfunctions, machine_arn(settings.names, product.name, workflow)):
            events = history(stepfunctions, arn)
            said = list(works(events))
            state, work = said[-1] if said else ("", {})
            asks = question(arn, events) is not None
            yield Running(workflow, arn, state, str(work.get("Message", "")), asks)


def report(environment: str, found: Sequence[Found]) -> str:
    """A table, and below it a line for everything that needs somebody."""
    if not found:
        return f"no model serves in {environment}"
    table = render(HEADER, [_row(each) for each in found])
    return "\n".join([table, *(line for each in found for line in _notes(environment, each))])


def _row(found: Found) -> tuple[str, ...]:
    live = found.live
    previous = live.get("previous")
    said = ", ".join(f"{each.workflow}: {_phase(each)}" for each in found.under_way)
    return (
        found.model,
        found.mode,
        f"version {live['version']}{_paused(found)}" if live else _nothing(found),
        str(live.get("since", NONE)),
        str(live.get("approved_by") or NONE),
        f"version {previous.rpartition('/')[2]}" if isinstance(previous, str) and "/" in previous else NONE,
        said or NONE,
    )


def _paused(found: Found) -> str:
    """That a version would serve, and does not."""
    what = "retired" if found.paused.get("retired") else "paused"
    return f", {what} since {found.paused['since']}" if found.paused else ""


def _nothing(found: Found) -> str:
    return "nothing yet" if found.stack else "not deployed"


def _phase(running: Running) -> str:
    return "waits for an answer" if running.asks else running.step or "has begun"


def _notes(environment: str, found: Found) -> Iterator[str]:
    where = f"ENV={environment} MODEL={found.model}"
    for each in found.under_way:
        yield f"{found.model}: {each.workflow} {each.execution}"
        if each.message:
            yield f"  {each.message}"
        if each.asks:
            yield f"  to answer: make confirm {where}, or with ANSWER=decline"
    if found.paused:
        why = found.paused.get("reason") or "no reason given"
        by = found.paused.get("by") or "somebody"
        yield f"{found.model}: has no endpoint ({by}: {why}); to bring it back: make resume {where}"
    if found.component and found.component["RuntimeConfig"]["CurrentCopyCount"] == 0:
        yield f"{found.model}: no copy is running; the first requests fail for some minutes and start one"
    for line in drift(found):
        yield f"{found.model}: {line}"
    for problem in found.upkeep.get("problems", ()):
        yield f"{found.model}: at {found.upkeep['checked']}, the last time that anybody looked, {problem}"


def drift(found: Found) -> list[str]:
    """How what serves differs from what stack and ledger say; nothing while something is under way."""
    if found.under_way or found.stack is None:
        return []
    outputs = {o["OutputKey"]: o["OutputValue"] for o in found.stack.get("Outputs", [])}
    declared, serves = outputs.get("LiveEndpointConfigName"), found.endpoint
    lines = []
    if found.paused:
        return _while_paused(found, outputs)
    if found.live and serves is None:
        lines.append(f"the ledger says version {found.live['version']} serves, and there is no endpoint")
    if serves is not None and serves["EndpointConfigName"] != declared:
        lines.append(
            f"the endpoint's configuration is {serves['EndpointConfigName']}, the stack says {declared}"
        )
    if serves is not None and serves["EndpointStatus"] != "InService":
        lines.append(
            f"the endpoint is {serves['EndpointStatus']}: {serves.get('FailureReason', 'no reason given')}"
        )
    variants = serves.get("ProductionVariants", ()) if serves is not None else ()
    if any(one["VariantName"] == "challenger" for one in variants):
        lines.append("a challenger answers beside production, and no A/B test runs")
    lines += _of_component(found.component, outputs.get("LiveModelName")) if found.component else []
    package = outputs.get("ProductionModelPackageArn", "none")
    if found.live and package != found.live["package"]:
        lines.append(f"the stack declares {package}, the ledger {found.live['package']}")
    if "ROLLBACK_FAILED" in found.stack["StackStatus"]:
        lines.append(f"the stack is in {found.stack['StackStatus']}: make rollback tries the way back once")
    return lines


def _while_paused(found: Found, outputs: Mapping[str, str]) -> list[str]:
    """A model without an endpoint costs nothing by the hour, and its stack says so."""
    lines = []
    if found.endpoint is not None:
        name = found.endpoint["EndpointName"]
        delete = f"aws sagemaker delete-endpoint --endpoint-name {name}"
        lines.append(f"it is paused, and its endpoint was left behind and costs; delete it: {delete}")
    if outputs.get("Paused") != "true":
        lines.append("the ledger says that it is paused, the stack does not: make resume, then make pause")
    return lines


def _of_component(component: Mapping[str, Any], declared: str | None) -> Iterator[str]:
    status, why = component["InferenceComponentStatus"], component.get("FailureReason", "no reason given")
    model = model_of(component)
    if model != declared:
        yield f"the inference component's model is {model}, the stack says {declared}"
    if status != "InService":
        yield f"the inference component is {status}: {why}"


if __name__ == "__main__":
    sys.exit(main())
