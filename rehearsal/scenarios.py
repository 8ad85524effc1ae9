"""What goes wrong on purpose: each fault, and how the workflow promises to end."""

from collections.abc import Callable

from botocore.exceptions import ClientError

from mlplatform.settings.products import ModelProduct
from rehearsal.customization_scenarios import CUSTOMIZATION_SCENARIOS
from rehearsal.driver import Rehearsal
from rehearsal.faults import Kind
from rehearsal.outcomes import Outcome, Scenario
from rehearsal.release_scenarios import RELEASE_SCENARIOS
from tools.executions import Ended


def _train(rehearsal: Rehearsal, product: ModelProduct) -> Ended:
    return rehearsal.run(product.name, "train")


def _survives(kind: Kind, subject: str, times: int = 1) -> Callable[[Rehearsal, ModelProduct], Outcome]:
    """The workflow ends well although ``kind`` happens ``times`` to ``subject``."""

    def rehearse(rehearsal: Rehearsal, product: ModelProduct) -> Outcome:
        rehearsal.emulator.faults.inject(kind, subject, times)
        ended = _train(rehearsal, product)
        happened = not rehearsal.emulator.faults.take(kind, subject.replace("*", "x"))
        return Outcome(ended.succeeded and happened, f"{ended.status} {ended.error} {ended.cause}".strip())

    return rehearse


def _fails(kind: Kind, subject: str, state: str) -> Callable[[Rehearsal, ModelProduct], Outcome]:
    """The workflow fails, and says in which ``state``."""

    def rehearse(rehearsal: Rehearsal, product: ModelProduct) -> Outcome:
        rehearsal.emulator.faults.inject(kind, subject)
        ended = _train(rehearsal, product)
        return Outcome(ended.status == "FAILED" and ended.cause.startswith(f"{state}: "), ended.cause)

    return rehearse


def _duplicate_start(rehearsal: Rehearsal, product: ModelProduct) -> Outcome:
    """Started twice under one name it runs once; the name is refused for another input."""
    first = rehearsal.start(product.name, "train", name="duplicate")
    second = rehearsal.start(product.name, "train", name="duplicate")
    try:
        rehearsal.start(product.name, "train", {"instance_type": "ml.m5.2xlarge"}, name="duplicate")
        refused = "not refused"
    except ClientError as error:
        refused = error.response["Error"]["Code"]
    ended = rehearsal.follow(first)
    once = first == second and ended.succeeded and refused == "ExecutionAlreadyExists"
    return Outcome(once, f"one execution {ended.status}; another input: {refused}")


def _missing_permission(rehearsal: Rehearsal, product: ModelProduct) -> Outcome:
    """Without the right to read its data, the job fails and the cause names the action."""
    role = rehearsal.emulator.identities.roles[
        rehearsal.settings.names.role_arn("job", f"{product.name}-job")
    ]
    before = dict(role.policies)
    for name, policy in before.items():
        kept = [one for one in policy["Statement"] if "s3:GetObject" not in one["Action"]]
        role.policies[name] = {**policy, "Statement": kept}
    try:
        ended = _train(rehearsal, product)
    finally:
        role.policies.update(before)
    return Outcome(ended.status == "FAILED" and "s3:GetObject" in ended.cause, ended.cause)


SCENARIOS = {
    "spot_interruption": Scenario(
        "the training job goes on from its checkpoint, and the workflow ends well",
        _survives("spot_interruption", "*-train-*"),
    ),
    "throttling": Scenario(
        "the call is tried again after a pause, and the workflow ends well",
        _survives("throttling", "sagemaker:CreateTrainingJob", times=2),
    ),
    "failing_job": Scenario(
        "the workflow fails, and says which job failed and why",
        _fails("job_failure", "*-train-*", "Train"),
    ),
    "function_timeout": Scenario(
        "the workflow fails, and says which state ran out of time",
        _fails("function_timeout", "*-dataset-check", "Plan data check"),
    ),
    "duplicate_start": Scenario("one name runs once, and is refused for another input", _duplicate_start),
    "missing_permission": Scenario(
        "the workflow fails, and names the permission that is missing", _missing_permission
    ),
    **RELEASE_SCENARIOS,
    **CUSTOMIZATION_SCENARIOS,
}
