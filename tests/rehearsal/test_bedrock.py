"""Model customization in the rehearsal's Bedrock: requests, roles, data, time, events, faults."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from rehearsed_account import allow
from rehearsed_bedrock import (
    BUCKET,
    DATA,
    GRADER,
    KEY,
    NOVA,
    OUT,
    PLACE,
    REINFORCED,
    RFT,
    ROLE,
    TURNS,
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

from rehearsal.api import ApiRequest, Parameters, Principal
from rehearsal.emulator import RoleRecord


@pytest.fixture
def here() -> Iterator[Account]:
    with account() as found:
        yield found


def test_a_job_goes_through_its_states_by_the_worlds_clock_and_learns_from_its_data(here: Account) -> None:
    validation = {"validators": [{"s3Uri": DATA}]}
    job = here.customize(validationDataConfig=validation, customModelTags=[{"key": "team", "value": "cards"}])
    seen = []
    for minutes in (0, 5, 30):
        here.later(minutes)
        found = here.api.get_model_customization_job(jobIdentifier="one")
        seen.append((found["status"], {k: v["status"] for k, v in found["statusDetails"].items()}))
    assert seen == [
        ("InProgress", {}),
        ("InProgress", {"dataProcessingDetails": "InProgress"}),
        ("InProgress", {"dataProcessingDetails": "Completed", "trainingDetails": "InProgress"}),
    ]
    here.later(60)
    found = here.api.get_model_customization_job(jobIdentifier=job)
    assert found["status"] == "Completed"
    assert (found["endTime"] - found["creationTime"]).total_seconds() == pytest.approx(72 * 60, abs=5)
    assert found["validationMetrics"] == [{"validationLoss": 0.0}]
    model = here.api.get_custom_model(modelIdentifier=found["outputModelArn"])
    assert (model["modelStatus"], model["jobArn"], model["customizationType"]) == (
        "Active",
        job,
        "FINE_TUNING",
    )
    tags = here.api.list_tags_for_resource(resourceARN=model["modelArn"])["tags"]
    assert tags == [{"key": "team", "value": "cards"}]
    folder = f"out/model-customization-job-{job.rpartition('/')[2]}"
    assert sorted(here.written()) == [
        f"{folder}/training_artifacts/step_wise_training_metrics.csv",
        f"{folder}/validation_artifacts/post_fine_tuning_validation/validation_metrics.csv",
    ]
    written = here.s3.get_object(Bucket=BUCKET, Key=sorted(here.written())[0])["Body"].read().decode()
    assert written == "step_number,epoch_number,training_loss,perplexity\n0,0,0.0,1.0\n1,1,0.0,1.0\n"


@pytest.mark.thorough
def test_eventbridge_hears_of_each_state_as_the_guide_shows(here: Account) -> None:
    job = here.customize()
    here.later(120)
    here.emulator.settle()
    events = [one for one in here.events if one["source"] == "aws.bedrock"]
    assert [one["detail"]["jobStatus"] for one in events] == ["InProgress", "Completed"]
    last = events[-1]
    assert (last["detail-type"], last["resources"]) == ("Model Customization Job State Change", [job])
    known = {"version", "jobName", "jobArn", "outputModelName", "outputModelArn", "roleArn", "jobStatus"}
    known |= {"creationTime", "lastModifiedTime", "endTime", "baseModelArn", "hyperParameters"}
    assert set(last["detail"]) == known | {"trainingDataConfig", "validationDataConfig", "outputDataConfig"}
    json.dumps(last)


@pytest.mark.thorough
def test_a_job_that_is_stopped_ends_stopped_and_makes_no_model(here: Account) -> None:
    job = here.customize()
    here.later(30)
    here.api.stop_model_customization_job(jobIdentifier="one")
    assert here.api.get_model_customization_job(jobIdentifier=job)["status"] == "Stopping"
    here.later(120)
    assert here.api.get_model_customization_job(jobIdentifier=job)["status"] == "Stopped"
    assert here.api.list_custom_models()["modelSummaries"] == []
    told = refused(here.api.stop_model_customization_job, jobIdentifier=job)
    assert told == "ConflictException: The job one is Stopped; only a job in progress can be stopped."


@pytest.mark.thorough
def test_a_request_that_is_repeated_is_done_once(here: Account) -> None:
    first = here.customize(clientRequestToken="t1")
    assert here.customize(clientRequestToken="t1") == first
    assert len(here.api.list_model_customization_jobs()["modelCustomizationJobSummaries"]) == 1
    told = refused(here.api.create_model_customization_job, **request("other", clientRequestToken="t1"))
    assert told == "ValidationException: clientRequestToken t1 was used with other parameters."
    told = refused(here.api.create_model_customization_job, **request())
    assert told == "ConflictException: A model customization job with the name one already exists."


@pytest.mark.thorough
def test_a_custom_model_can_be_customized_further(here: Account) -> None:
    first = here.model()
    here.put("data/more.jsonl", lines(conversation("What is a standing order?", "A regular payment.")))
    more = {"trainingDataConfig": {"s3Uri": f"s3://{BUCKET}/data/more.jsonl"}}
    second = here.model("two", baseModelIdentifier=first, **more)
    made = here.bedrock.core.models.need(second).artifact
    assert made is not None
    assert {one["answer"] for one in made["examples"]} == {*TURNS.values(), "A regular payment."}


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("statements", "told"),
    [
        ([], f"Could not read {DATA} with {ROLE}: AccessDenied"),
        ([allow("s3:GetObject", resource=f"arn:aws:s3:::{BUCKET}/data/*")], "Could not write s3://"),
    ],
)
def test_a_role_that_may_not_read_or_write_fails_the_job(
    here: Account, statements: list[Any], told: str
) -> None:
    here.give({"Version": "2012-10-17", "Statement": statements or [allow("s3:ListBucket")]})
    assert failed(here, here.customize()).startswith(told)
    assert here.api.list_custom_models()["modelSummaries"] == []


@pytest.mark.thorough
def test_a_network_and_a_key_are_used_as_the_role_with_the_tags_of_the_job(here: Account) -> None:
    job = here.customize(vpcConfig=VPC, customModelKmsKeyId=KEY)
    assert "ec2:DescribeDhcpOptions" in failed(here, job)
    arns = PLACE.arn("bedrock", "model-customization-job/*")
    tag = "BedrockModelCustomizationJobArn"
    interfaces = PLACE.arn("ec2", "network-interface/*")
    asked = {
        "StringEquals": {"aws:RequestTag/BedrockManaged": "true"},
        "ArnLike": {f"aws:RequestTag/{tag}": arns},
    }
    has = {"ArnLike": {f"ec2:ResourceTag/{tag}": arns}}
    creates = {"StringEquals": {"ec2:CreateAction": "CreateNetworkInterface"}}
    places = [PLACE.arn("ec2", "subnet/subnet-0aaaaaaaaaaaaaaaa"), PLACE.arn("ec2", "security-group/*")]
    network = [
        allow(*(f"ec2:Describe{one}" for one in ("DhcpOptions", "NetworkInterfaces", "SecurityGroups"))),
        allow("ec2:DescribeSubnets", "ec2:DescribeVpcs"),
        {**allow("ec2:CreateNetworkInterface", resource=interfaces), "Condition": asked},
        allow("ec2:CreateNetworkInterface", resource=places),
        {**allow("ec2:CreateTags", resource=interfaces), "Condition": creates},
        {
            **allow(
                "ec2:CreateNetworkInterfacePermission", "ec2:DeleteNetworkInterface", resource=interfaces
            ),
            "Condition": has,
        },
    ]
    here.give(job_policy(*network))
    assert "kms:DescribeKey" in failed(here, here.customize("two", vpcConfig=VPC, customModelKmsKeyId=KEY))
    via = {"StringEquals": {"kms:ViaService": "bedrock.us-east-1.amazonaws.com"}}
    uses = allow("kms:DescribeKey", "kms:CreateGrant", "kms:GenerateDataKey", "kms:Decrypt", resource=KEY)
    here.give(job_policy(*network, {**uses, "Condition": via}))
    model = here.model("three", vpcConfig=VPC, customModelKmsKeyId=KEY)
    assert here.api.get_custom_model(modelIdentifier=model)["modelKmsKeyArn"] == KEY


class Grader:
    """Answers ``lambda``: a reward function that says what the test wants."""

    def __init__(self, say: Any = None) -> None:
        self.asked: list[Any] = []
        self.say = say

    def __call__(self, call: ApiRequest) -> Parameters:
        samples = json.loads(call.parameters["Payload"])
        self.asked.append(samples)
        scores = [{"id": one["id"], "aggregate_reward_score": 0.5} for one in samples]
        return {"StatusCode": 200, "Payload": json.dumps(scores if self.say is None else self.say).encode()}


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("say", "told"),
    [
        (None, ""),
        ({"statusCode": 200}, "must answer a list of 1 scores, got dict"),
        ([], "must answer a list of 1 scores, got 0"),
        ([{"id": "x", "aggregate_reward_score": 1}], "must answer the sample 7, got the id x"),
        ([{"id": "7", "aggregate_reward_score": "1"}], "aggregate_reward_score of 7 must be a number, got 1"),
    ],
)
def test_a_reinforcement_fine_tuning_asks_its_grader_as_its_role(here: Account, say: Any, told: str) -> None:
    grader = Grader(say)
    here.emulator.register("lambda", grader)
    sample = {"id": "7", "messages": [{"role": "user", "content": "2+2?"}], "reference_answer": "4"}
    uri = here.put("data/rft.jsonl", lines(sample))
    given = {**REINFORCED, "customizationConfig": RFT, "trainingDataConfig": {"s3Uri": uri}}
    assert f"lambda:InvokeFunction on resource: {GRADER}" in failed(here, here.customize("denied", **given))
    here.give(job_policy(allow("lambda:InvokeFunction", resource=GRADER)))
    if told:
        assert told in failed(here, here.customize(**given))
        return
    model = here.model(**given)
    assert here.api.get_custom_model(modelIdentifier=model)["customizationType"] == given["customizationType"]
    said = grader.asked[0][0]
    assert (said["id"], said["reference_answer"], said["messages"][-1]["role"]) == ("7", "4", "assistant")


@pytest.mark.thorough
def test_faults_fail_a_job_leave_it_as_it_is_and_throttle(here: Account) -> None:
    faults = here.emulator.faults
    faults.inject("job_failure", "one")
    assert failed(here, here.customize()).startswith("An internal error occurred")
    faults.inject("stall", "two")
    here.customize("two")
    here.later(24 * 60)
    assert here.api.get_model_customization_job(jobIdentifier="two")["status"] == "InProgress"
    here.bedrock.core.quotas.customization_jobs = 1
    told = refused(here.api.create_model_customization_job, **request("three"))
    assert told.startswith("ServiceQuotaExceededException: You have exceeded the quota of customization jobs")
    faults.inject("throttling", "bedrock:GetModelCustomizationJob")
    as_role = here.emulator.client("bedrock", person(here, allow("bedrock:*")))
    told = refused(as_role.get_model_customization_job, jobIdentifier="two")
    assert told == "ThrottlingException: Rate exceeded"


def person(here: Account, *statements: dict[str, Any]) -> Principal:
    """Somebody with these permissions."""
    arn = PLACE.arn("iam", "role/acme/dev/persona/data-scientist", region="")
    policy = {"Version": "2012-10-17", "Statement": list(statements)}
    here.emulator.identities.roles[arn] = RoleRecord(arn, trust("sagemaker.amazonaws.com"), {"p": policy})
    return Principal(arn)


@pytest.mark.thorough
def test_who_starts_a_job_needs_the_action_on_base_and_custom_model_the_role_and_the_tags(
    here: Account,
) -> None:
    base = PLACE.arn("bedrock", f"foundation-model/{NOVA}", account="")
    custom = PLACE.arn("bedrock", f"custom-model/{NOVA}/*")
    jobs = PLACE.arn("bedrock", f"model-customization-job/{NOVA}/*")
    tags = {"jobTags": [{"key": "team", "value": "cards"}]}
    tagged = {"StringEquals": {"aws:RequestTag/team": "cards"}}
    passed = {"StringEquals": {"iam:PassedToService": "bedrock.amazonaws.com"}}
    given: list[dict[str, Any]] = []
    for more, missing in (
        (None, f"bedrock:CreateModelCustomizationJob on resource: {base}"),
        (allow("bedrock:CreateModelCustomizationJob", resource=base), "CreateModelCustomizationJob on res"),
        (allow("bedrock:CreateModelCustomizationJob", resource=custom), "bedrock:TagResource on resource"),
        ({**allow("bedrock:TagResource", resource=jobs), "Condition": tagged}, "iam:PassRole on resource"),
        ({**allow("iam:PassRole", resource=ROLE), "Condition": passed}, ""),
    ):
        given += [more] if more else [allow("s3:ListAllMyBuckets")]
        client = here.emulator.client("bedrock", person(here, *given))
        if missing:
            told = refused(client.create_model_customization_job, **request(**tags))
            assert told.startswith("AccessDeniedException")
            assert missing in told
    job = client.create_model_customization_job(**request(**tags))["jobArn"]
    told = refused(client.get_model_customization_job, jobIdentifier="one")
    assert f"bedrock:GetModelCustomizationJob on resource: {job}" in told
    ours = allow("bedrock:GetModelCustomizationJob")
    owned = {**ours, "Condition": {"StringEquals": {"aws:ResourceTag/team": "cards"}}}
    client = here.emulator.client("bedrock", person(here, owned))
    assert client.get_model_customization_job(jobIdentifier="one")["jobArn"] == job


@pytest.mark.thorough
def test_tags_are_added_listed_and_taken_away(here: Account) -> None:
    job = here.customize(jobTags=[{"key": "a", "value": "1"}])
    here.api.tag_resource(resourceARN=job, tags=[{"key": "b", "value": "2"}])
    here.api.untag_resource(resourceARN=job, tagKeys=["a"])
    assert here.api.list_tags_for_resource(resourceARN=job)["tags"] == [{"key": "b", "value": "2"}]
    many = [{"key": f"k{n}", "value": "v"} for n in range(50)]
    assert refused(here.api.tag_resource, resourceARN=job, tags=many).startswith("TooManyTagsException")
    told = refused(here.api.list_tags_for_resource, resourceARN=f"{job[:-4]}none")
    assert told.startswith("ResourceNotFoundException: Could not find arn:aws:bedrock:")


@pytest.mark.thorough
def test_jobs_and_models_are_listed_by_page_name_and_state(here: Account) -> None:
    here.model()
    here.customize("two", outputDataConfig={"s3Uri": OUT})
    jobs = here.api.list_model_customization_jobs
    first = jobs(maxResults=1)
    assert [one["jobName"] for one in first["modelCustomizationJobSummaries"]] == ["two"]
    second = jobs(maxResults=1, nextToken=first["nextToken"])
    assert [one["customModelName"] for one in second["modelCustomizationJobSummaries"]] == ["one-model"]
    assert "nextToken" not in second
    assert len(jobs(statusEquals="InProgress")["modelCustomizationJobSummaries"]) == 1
    assert here.api.list_custom_models(nameContains="other")["modelSummaries"] == []
    found = here.api.list_foundation_models(byCustomizationType="DISTILLATION")["modelSummaries"]
    assert NOVA in {one["modelId"] for one in found}
    assert here.api.get_foundation_model(modelIdentifier=NOVA)["modelDetails"]["providerName"] == "Amazon"
