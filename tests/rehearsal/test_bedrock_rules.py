"""Requests, roles and data that Bedrock refuses, each with its message."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from rehearsed_bedrock import (
    DATA,
    LOGS,
    NOVA,
    PLACE,
    REINFORCED,
    RFT,
    TEACHER,
    VPC,
    Account,
    account,
    conversation,
    failed,
    job_policy,
    lines,
    refused,
    request,
    trust,
)

from rehearsal.api import ApiError, ApiRequest, Principal
from rehearsal.bedrock.datasets import DatasetError, records
from rehearsal.emulator import RoleRecord


@pytest.fixture(scope="module")
def shared() -> Iterator[Account]:
    """An account for requests that are refused and leave nothing behind."""
    with account() as found:
        yield found


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a name that is too long": (
        {"jobName": "n" * 64},
        "at 'jobName' failed to satisfy constraint: Member must have length less than or equal to 63",
    ),
    "a name with a space": ({"customModelName": "my model"}, "Member must satisfy regular expression"),
    "an unknown type": ({"customizationType": "TUNING"}, "Member must satisfy enum value set: [FINE_TUNING,"),
    "a type that only lists know": (
        {"customizationType": "IMPORTED"},
        "customizationType IMPORTED cannot be requested.",
    ),
    "seventeen subnets": (
        {"vpcConfig": {**VPC, "subnetIds": [f"subnet-{n}" for n in range(17)]}},
        "Member must have length less than or equal to 16",
    ),
    "eleven validators": (
        {"validationDataConfig": {"validators": [{"s3Uri": DATA}] * 11}},
        "Member must have length less than or equal to 10",
    ),
    "a bucket that is no URI": ({"outputDataConfig": {"s3Uri": "acme/out"}}, "regular expression pattern"),
    "an unknown model": (
        {"baseModelIdentifier": "acme.nova-lite-v1:0"},
        "The provided model identifier acme.nova-lite-v1:0 is invalid in us-east-1.",
    ),
    "a model of another region": (
        {"baseModelIdentifier": "meta.llama3-3-70b-instruct-v1:0:128k"},
        "is invalid in us-east-1. It is customized in us-west-2.",
    ),
    "a type the model does not have": (
        {"customizationType": "CONTINUED_PRE_TRAINING"},
        f"{NOVA} does not support CONTINUED_PRE_TRAINING; it supports FINE_TUNING, DISTILLATION.",
    ),
    "no training data": (
        {"trainingDataConfig": {}},
        "trainingDataConfig needs exactly one of s3Uri and invocationLogsConfig.",
    ),
    "two kinds of training data": (
        {"trainingDataConfig": {"s3Uri": DATA, **LOGS}},
        "trainingDataConfig needs exactly one of s3Uri and invocationLogsConfig.",
    ),
    "invocation logs for fine-tuning": (
        {"trainingDataConfig": LOGS},
        "invocationLogsConfig is only for customizationType DISTILLATION, got FINE_TUNING.",
    ),
    "a teacher for fine-tuning": (
        {"customizationConfig": TEACHER},
        "customizationType FINE_TUNING does not take customizationConfig.distillationConfig.",
    ),
    "two configurations": ({"customizationConfig": {**TEACHER, **RFT}}, "Invalid number of parameters set"),
    "a distillation without a teacher": (
        {"customizationType": "DISTILLATION"},
        "customizationType DISTILLATION needs customizationConfig.distillationConfig.",
    ),
    "reinforcement without a configuration": (
        REINFORCED,
        "customizationType REINFORCEMENT_FINE_TUNING needs customizationConfig.rftConfig.",
    ),
    "reinforcement without a grader": (
        {**REINFORCED, "customizationConfig": {"rftConfig": {}}},
        "customizationConfig.rftConfig.graderConfig.lambdaGrader is required.",
    ),
    "reinforcement with the other hyperparameters": (
        {**REINFORCED, "customizationConfig": RFT, "hyperParameters": {"epochCount": "2"}},
        "use customizationConfig.rftConfig.hyperParameters.",
    ),
    "too few samples for a prompt": (
        {
            **REINFORCED,
            "customizationConfig": {
                "rftConfig": {**RFT["rftConfig"], "hyperParameters": {"trainingSamplePerPrompt": 1}}
            },
        },
        "valid min value: 2",
    ),
    "too large a batch": (
        {
            **REINFORCED,
            "customizationConfig": {"rftConfig": {**RFT["rftConfig"], "hyperParameters": {"batchSize": 513}}},
        },
        "Member must have value less than or equal to 512",
    ),
    "an unknown hyperparameter": (
        {"hyperParameters": {"epochs": "2"}},
        "Hyperparameter epochs is not supported; allowed: epochCount, learningRate, learningRateWarmupSteps.",
    ),
    "a hyperparameter out of range": (
        {"hyperParameters": {"epochCount": "6"}},
        "Hyperparameter epochCount must be integer from 1 to 5, got 6.",
    ),
    "a hyperparameter that is no number": (
        {"hyperParameters": {"learningRate": "nan"}},
        "Hyperparameter learningRate must be float from 1e-06 to 0.0001, got nan.",
    ),
    "a tag that stands twice": (
        {"jobTags": [{"key": "a", "value": "1"}, {"key": "a", "value": "2"}]},
        "Tag keys must be unique.",
    ),
    "a key without an alias": (
        {"customModelKmsKeyId": "alias/none"},
        "The KMS key alias/none is invalid: there is no key with the alias alias/none.",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_request_that_breaks_a_rule_is_refused_with_the_rule(shared: Account, case: str) -> None:
    given, told = REFUSED[case]
    call = shared.emulator.client("bedrock").create_model_customization_job
    try:
        problem = refused(call, **request(**given))
    except Exception as early:  # botocore itself enforces required members, unions and minima
        problem = f"ValidationException: {early}"
    assert problem.startswith("ValidationException: ")
    assert told in problem
    assert not list(shared.bedrock.core.jobs)


ROLES = {
    "no such role": (None, "Could not assume provided IAM role."),
    "another service": (trust("sagemaker.amazonaws.com"), "Could not assume provided IAM role."),
    "another account": (
        trust(StringEquals={"aws:SourceAccount": "222222222222"}),
        "Could not assume provided IAM role.",
    ),
    "another source": (
        trust(ArnLike={"aws:SourceArn": PLACE.arn("bedrock", "model-import-job/*")}),
        "Could not assume provided IAM role.",
    ),
}


@pytest.mark.thorough
@pytest.mark.parametrize("case", ROLES)
def test_a_role_that_does_not_trust_the_job_fails_it(shared: Account, case: str) -> None:
    trusted, told = ROLES[case]
    name = PLACE.arn("iam", f"role/acme/dev/job/{case.replace(' ', '-')}", region="")
    if trusted:
        shared.emulator.identities.roles[name] = RoleRecord(name, trusted, {"Job": job_policy()})
    job = shared.customize(f"role-{case.replace(' ', '-')}", roleArn=name)
    assert failed(shared, job).startswith(told)
    shared.bedrock.core.jobs.remove(shared.bedrock.core.jobs.need(job))


BAD_LINES = {
    "not JSON": ("{", "line 1: not JSON:"),
    "not UTF-8": (b"\xff\n", "line 1: not UTF-8 at byte 1"),
    "no object": ("[]\n", "line 1: a record is a JSON object, got list"),
    "an empty line": (f"{json.dumps(conversation('a', 'b'))}\n\n{{}}\n", "line 2: not JSON:"),
    "nothing": ("", "line 1: not JSON:"),
    "another schema": ('{"schemaVersion": "1"}', "schemaVersion must be bedrock-conversation-2024, got 1"),
    "the assistant first": (
        lines({**conversation("a", "b"), "messages": conversation("a", "b")["messages"][::-1]}),
        "line 1: messages[0].role must be user, got assistant",
    ),
    "no answer": (
        lines({**conversation("a", "b"), "messages": conversation("a", "b")["messages"][:1]}),
        "line 1: messages must be a list of at least 2",
    ),
    "an answer of spaces": (
        lines(conversation("a", "b"), conversation("a", " ")),
        "line 2: messages[1].content[0].text must be a text that is not empty",
    ),
    "plain text": (
        lines({**conversation("a", "b"), "messages": [{"role": "user", "content": "a"}] * 2}),
        "messages[0].content must be a list of content blocks that is not empty",
    ),
    "prompt and completion": (lines({"prompt": "a", "completion": "b"}), "schemaVersion must be"),
}


@pytest.mark.thorough
@pytest.mark.parametrize("case", BAD_LINES)
def test_a_line_of_another_form_fails_the_job_with_its_number_and_field(shared: Account, case: str) -> None:
    content, told = BAD_LINES[case]
    uri = shared.put("data/bad.jsonl", content)
    job = shared.customize(f"bad-{case.replace(' ', '-')}", trainingDataConfig={"s3Uri": uri})
    said = failed(shared, job)
    assert said.startswith(f"Data validation failed: {uri}, line ")
    assert told in said
    shared.bedrock.core.jobs.remove(shared.bedrock.core.jobs.need(job))


CHAT = {
    "system": "You help.",
    "messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}],
}
QUESTION = {"messages": [{"role": "user", "content": "2+2?"}], "reference_answer": {"number": 4}}
UNANSWERED = {**conversation("a", "b"), "messages": conversation("a", "b")["messages"][:1]}


@pytest.mark.parametrize(
    ("customization", "family", "record", "told"),
    [
        ("FINE_TUNING", "titan", {"prompt": "a", "completion": "b"}, ""),
        ("FINE_TUNING", "titan", {"prompt": "a", "completion": ""}, "completion must be a text that is not"),
        ("FINE_TUNING", "titan", {"prompt": "a", "completion": "b", "id": 1}, "id is not a field of this"),
        ("FINE_TUNING", "llama", {"prompt": "a", "completion": "b"}, ""),
        ("FINE_TUNING", "llama", conversation("a", "b"), ""),
        ("FINE_TUNING", "claude", CHAT, ""),
        ("FINE_TUNING", "claude", {**CHAT, "system": ["x"]}, "system must be a text"),
        ("CONTINUED_PRE_TRAINING", "titan", {"input": "a"}, ""),
        ("CONTINUED_PRE_TRAINING", "titan", {"prompt": "a"}, "input must be a text that is not empty"),
        ("DISTILLATION", "nova", UNANSWERED, ""),
        ("FINE_TUNING", "nova", UNANSWERED, "messages must be a list of at least 2"),
        ("REINFORCEMENT_FINE_TUNING", "nova", QUESTION, ""),
        ("REINFORCEMENT_FINE_TUNING", "nova", {"messages": []}, "messages must be a list that is not empty"),
        ("REINFORCEMENT_FINE_TUNING", "nova", CHAT, "messages must end with the user's turn"),
    ],
)
def test_each_customization_and_family_takes_its_own_form(
    customization: str, family: str, record: dict[str, Any], told: str
) -> None:
    body = lines(record, record)
    if not told:
        assert records(body.encode(), "s3://b/k", customization, family) == [record, record]
        return
    with pytest.raises(DatasetError, match=f"^s3://b/k, line 1: .*{told}"):
        records(body.encode(), "s3://b/k", customization, family)


def test_a_distillation_takes_at_most_fifteen_thousand_prompts() -> None:
    body = lines(UNANSWERED).encode() * 15_001
    with pytest.raises(DatasetError, match="s3://b/k has 15001 prompts, allowed: at most 15000"):
        records(body, "s3://b/k", "DISTILLATION", "nova")


def test_what_is_not_rehearsed_is_refused_by_name(shared: Account) -> None:
    told = refused(shared.api.list_guardrails)
    assert told == "UnknownOperationException: the rehearsal has no bedrock:ListGuardrails"
    with pytest.raises(ApiError):
        shared.bedrock.handle(ApiRequest("bedrock", "CreateGuardrail", {}, Principal(None)))
