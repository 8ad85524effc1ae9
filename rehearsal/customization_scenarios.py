"""What goes wrong on purpose while a foundation model is customized: each ends clearly, and costs no more."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from mlplatform.data_locations import resolve
from mlplatform.settings.products import ModelProduct
from mlplatform.workflows import bedrock
from rehearsal.api import REHEARSAL
from rehearsal.customization_life import WORKFLOW, upload_lines
from rehearsal.driver import Rehearsal
from rehearsal.elsewhere import PROVISIONED
from rehearsal.faults import Kind
from rehearsal.outcomes import Outcome, Scenario
from rehearsal.report import SERVES
from rehearsal.running_costs import running_costs
from tools.executions import Ended

Rehearse = Callable[[Rehearsal, ModelProduct], Outcome]

ANSWERS = ("completion", "output", "chosen")
"""Members of a line of data that hold the answer to learn (``dataset_check.formats``)."""


def _verdict(
    rehearsal: Rehearsal, product: ModelProduct, ended: Ended, error: str, known: set[str], *more: str
) -> Outcome:
    """As promised: ``error`` and what to do about it, nothing billed, no new version that could serve."""
    problems = [*more, *(f"still to happen: {fault}" for fault in rehearsal.emulator.faults.left())]
    if ended.error != error:
        problems.append(f"ended in {ended.status} {ended.error}".strip())
    if error and "(what to do: " not in ended.cause:
        problems.append("no advice")
    costs = running_costs(rehearsal.emulator, rehearsal.bedrock)
    problems += [f"still billed: {one}" for one in costs if one.kind not in SERVES]
    if error:
        problems += [f"waits for approval: {one}" for one in _waiting(rehearsal, product) - known]
    words = ended.cause or f"{ended.status}: {ended.output.get('ModelPackageArn', '')}"
    return Outcome(not problems, "; ".join([*problems, words]))


def _waiting(rehearsal: Rehearsal, product: ModelProduct) -> set[str]:
    """ARNs of the versions that nobody has rejected."""
    client = rehearsal.emulator.client("sagemaker", REHEARSAL)
    group = rehearsal.settings.names.name(product.name, kind="model")
    found = client.list_model_packages(ModelPackageGroupName=group)["ModelPackageSummaryList"]
    return {one["ModelPackageArn"] for one in found if one["ModelApprovalStatus"] != "Rejected"}


def _customized(rehearsal: Rehearsal, product: ModelProduct, error: str) -> Outcome:
    """Customize by the default technique, which ends in ``error``; empty: well."""
    known = _waiting(rehearsal, product)
    ended = rehearsal.run(product.name, WORKFLOW)
    return _verdict(rehearsal, product, ended, error, known)


def _suffers(kind: Kind, subject: str, error: str, times: int = 1) -> Rehearse:
    """``kind`` happens ``times`` to ``subject``, in which ``{model}`` is the model's name."""

    def rehearse(rehearsal: Rehearsal, product: ModelProduct) -> Outcome:
        upload_lines(rehearsal, product)
        rehearsal.emulator.faults.inject(kind, subject.format(model=product.name), times)
        return _customized(rehearsal, product, error)

    return rehearse


@contextmanager
def _taught(
    rehearsal: Rehearsal, product: ModelProduct, change: Callable[[list[Any]], list[Any]]
) -> Iterator[None]:
    """Within, the default technique learns from other lines."""
    section = product.customization
    assert section is not None
    assert section.default_technique is not None
    location = section.techniques[section.default_technique].train
    bucket, _, key = resolve(location, rehearsal.settings).removeprefix("s3://").partition("/")
    s3 = rehearsal.emulator.client("s3", REHEARSAL)
    upload_lines(rehearsal, product)
    sound = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    changed = change([json.loads(line) for line in sound.splitlines()])
    text = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in changed)
    s3.put_object(Bucket=bucket, Key=key, Body=text.encode())
    try:
        yield
    finally:
        s3.put_object(Bucket=bucket, Key=key, Body=sound)


def _import_fails(rehearsal: Rehearsal, product: ModelProduct) -> Outcome:
    """Other lines, or a data set that is known already would not be imported."""
    with _taught(rehearsal, product, lambda records: records[::-1]):
        rehearsal.emulator.faults.inject("hub_import_failure", "*")
        return _customized(rehearsal, product, "AssetImportFailed")


def _exchanged(records: list[Any]) -> list[Any]:
    """Every question with the answer to another one."""
    half = len(records) // 2
    others = records[half:] + records[:half]
    return [
        {**one, **{name: other[name] for name in ANSWERS if name in one}}
        for one, other in zip(records, others, strict=True)
    ]


def _worse(rehearsal: Rehearsal, product: ModelProduct) -> Outcome:
    with _taught(rehearsal, product, _exchanged):
        return _customized(rehearsal, product, "GateNotPassed")


def _budget_spent(rehearsal: Rehearsal, product: ModelProduct) -> Outcome:
    """The month's ledger says that others took all of it; no job may have been created."""
    assert product.customization is not None
    upload_lines(rehearsal, product)
    names, month = rehearsal.settings.names, f"{rehearsal.emulator.clock.now():%Y-%m}"
    place = {
        "Bucket": names.bucket("artifacts"),
        "Key": f"{bedrock.RECORDS}{product.name}/spend/{month}.json",
    }
    spent = {"Runs": {"earlier": {"Usd": product.customization.monthly_budget_usd, "State": "spent"}}}
    s3 = rehearsal.emulator.client("s3", REHEARSAL)
    s3.put_object(**place, Body=json.dumps(spent).encode())
    jobs = _jobs(rehearsal)
    outcome = _customized(rehearsal, product, "CustomizationBudgetSpent")
    s3.delete_object(**place)
    started = _jobs(rehearsal) - jobs
    return Outcome(outcome.as_promised and not started, "; ".join([*sorted(started), outcome.seen]))


def _jobs(rehearsal: Rehearsal) -> set[str]:
    pages = rehearsal.emulator.client("sagemaker", REHEARSAL).get_paginator("list_training_jobs").paginate()
    return {job["TrainingJobName"] for page in pages for job in page["TrainingJobSummaries"]}


def _no_throughput(rehearsal: Rehearsal, product: ModelProduct) -> Outcome:
    """The model was made and cannot serve; retiring it deletes that too."""
    upload_lines(rehearsal, product)
    quotas = rehearsal.bedrock.core.quotas
    before, quotas.uncommitted_model_units = quotas.uncommitted_model_units, 0
    ended = rehearsal.run(product.name, bedrock.CUSTOMIZE)
    quotas.uncommitted_model_units = before
    outcome = _verdict(rehearsal, product, ended, "BedrockQuotaExceeded", set())
    retired = rehearsal.run(product.name, bedrock.RETIRE, {"delete_models": True})
    kept = retired.output.get("Models", [retired.cause])
    return Outcome(outcome.as_promised and not kept, "; ".join([*kept, outcome.seen]))


def _scenario(promise: str, rehearse: Rehearse) -> Scenario:
    return Scenario(promise, rehearse, WORKFLOW)


CUSTOMIZATION_SCENARIOS = {
    "budget_spent": _scenario(
        "the workflow ends before anything costs, and says what is spent", _budget_spent
    ),
    "hub_import_failure": _scenario("the workflow ends before a job is started", _import_fails),
    "failing_customization": _scenario(
        "the workflow fails with the job's reason, and nothing runs on",
        _suffers("job_failure", "*-{model}-*", "CustomizationJobFailed"),
    ),
    "throttled_customization": _scenario(
        "calls are tried again after a pause, and the workflow ends well",
        _suffers("throttling", "sagemaker:CreateTrainingJob", "", times=6),
    ),
    "evaluation_hang": _scenario(
        "the evaluation is stopped after its time, and the version rejected",
        _suffers("evaluation_hang", "*-eval-1", "EvaluationTimedOut"),
    ),
    "worse_than_base": _scenario("the version is rejected, and says by which line of its gate", _worse),
    "throughput_quota": Scenario(
        "the workflow says which quota, and nothing is billed", _no_throughput, bedrock.CUSTOMIZE, PROVISIONED
    ),
}
