"""Serving of models in the rehearsal's Bedrock: on demand, provisioned, imported; and what is billed."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from rehearsed_account import allow
from rehearsed_bedrock import (
    BUCKET,
    KEY,
    NOVA,
    PLACE,
    ROLE,
    TURNS,
    Account,
    account,
    job_policy,
    lines,
    refused,
)

from rehearsal.api import Place, Principal
from rehearsal.emulator import RoleRecord
from rehearsal.language_model import GENERIC, fit, to_files
from rehearsal.running_costs import running_costs
from rehearsal.sagemaker import SageMaker

pytestmark = pytest.mark.thorough

ASKED, SAID = next(iter(TURNS.items()))


@pytest.fixture
def here() -> Iterator[Account]:
    with account() as found:
        yield found


def deployed(here: Account, model: str, name: str = "live") -> str:
    """A deployment that is Active; its ARN."""
    arn = here.api.create_custom_model_deployment(modelDeploymentName=name, modelArn=model)
    here.later(10)
    return str(arn["customModelDeploymentArn"])


def provisioned(here: Account, model: str, name: str = "live", **more: Any) -> str:
    """Provisioned Throughput; its ARN."""
    given = {"provisionedModelName": name, "modelId": model, "modelUnits": 1, **more}
    return str(here.api.create_provisioned_model_throughput(**given)["provisionedModelArn"])


def hugging_face(here: Account, leave_out: str = "", **files: bytes) -> str:
    """A model in Hugging Face's layout, which knows an answer; the URI of its folder."""
    made = to_files(fit([{"prompt": ASKED, "completion": SAID}], "SFT"), "Qwen3ForCausalLM") | files
    for name, body in made.items():
        if name != leave_out:
            here.put(f"models/one/{name}", body)
    return f"s3://{BUCKET}/models/one"


def imported(here: Account, uri: str, name: str = "qwen", **more: Any) -> dict[str, Any]:
    """An import job that has ended."""
    here.api.create_model_import_job(
        jobName=name,
        importedModelName=f"{name}-model",
        roleArn=ROLE,
        modelDataSource={"s3DataSource": {"s3Uri": uri}},
        **more,
    )
    here.later(15)
    return dict(here.api.get_model_import_job(jobIdentifier=name))


def costs(here: Account) -> list[str]:
    return [f"{one.kind} {one.name}: {one.billed}" for one in running_costs(here.emulator, here.bedrock)]


def test_a_deployment_becomes_active_answers_and_leaves_the_model_when_it_is_deleted(here: Account) -> None:
    SageMaker(here.emulator)
    model = here.model()
    made = here.api.create_custom_model_deployment(modelDeploymentName="live", modelArn=model)
    arn = made["customModelDeploymentArn"]
    assert refused(here.runtime.invoke_model, modelId=arn, body="{}").startswith("ModelNotReadyException")
    here.later(10)
    found = here.api.get_custom_model_deployment(customModelDeploymentIdentifier="live")
    assert (found["status"], found["customModelDeploymentArn"]) == ("Active", arn)
    assert here.ask(arn, "how can I block my card?") == SAID
    assert here.ask("amazon.nova-lite-v1:0", ASKED) == GENERIC
    told = refused(here.api.delete_custom_model, modelIdentifier=model)
    assert told.endswith("is in use by the custom model deployment live; delete that first.")
    assert costs(here) == []
    here.api.delete_custom_model_deployment(customModelDeploymentIdentifier="live")
    told = refused(here.runtime.invoke_model, modelId=arn, body="{}")
    assert told.startswith("ResourceNotFoundException: Could not find custom model deployment")
    assert here.api.get_custom_model(modelIdentifier=model)["modelStatus"] == "Active"
    here.api.delete_custom_model(modelIdentifier="one-model")
    assert refused(here.api.get_custom_model, modelIdentifier=model).startswith("ResourceNotFound")


def test_a_model_can_only_be_deployed_once_under_a_name_within_the_quota_and_without_faults(
    here: Account,
) -> None:
    model = here.model()
    here.emulator.faults.inject("deployment_failure", "live")
    deployed(here, model)
    found = here.api.get_custom_model_deployment(customModelDeploymentIdentifier="live")
    assert (found["status"], found["failureMessage"][:17]) == ("Failed", "An internal error")
    create = here.api.create_custom_model_deployment
    told = refused(create, modelDeploymentName="live", modelArn=model)
    assert told == "ValidationException: A custom model deployment with the name live already exists."
    here.bedrock.core.quotas.deployments = 1
    told = refused(create, modelDeploymentName="two", modelArn=model)
    assert told.startswith("ServiceQuotaExceededException: You have exceeded the quota of custom model depl")


def test_on_demand_inference_is_only_of_the_models_and_regions_aws_names() -> None:
    llama = "meta.llama3-1-8b-instruct-v1:0:128k"
    oregon = Place("aws", "us-west-2", "111111111111")
    with account(oregon) as here:
        turn = {"prompt": ASKED, "completion": SAID}
        here.put("data/train.jsonl", lines(turn))
        arns = [oregon.arn("bedrock", "model-customization-job/*")]
        trusted = {"ArnLike": {"aws:SourceArn": arns}}
        record = here.emulator.identities.roles[ROLE]
        record.trust["Statement"][0]["Condition"] = trusted
        model = here.model(baseModelIdentifier=llama)
        told = refused(here.api.create_custom_model_deployment, modelDeploymentName="live", modelArn=model)
        assert told == f"ValidationException: On-demand inference is not supported for {llama} in us-west-2."
        arn = provisioned(here, model)
        here.later(20)
        template = f"<|start_header_id|>user<|end_header_id|>{ASKED}<|eot_id|>"
        answer = here.runtime.invoke_model(modelId=arn, body=json.dumps({"prompt": template}))
        body = json.loads(answer["body"].read())
        assert (body["generation"], body["stop_reason"]) == (SAID, "stop")


def test_throughput_without_commitment_is_billed_from_its_creation_to_its_deletion(here: Account) -> None:
    SageMaker(here.emulator)
    here.model()
    arn = provisioned(here, "one-model")
    assert costs(here) == ["Provisioned Throughput live: 1 model units by the hour, commitment none"]
    assert here.api.get_provisioned_model_throughput(provisionedModelId="live")["status"] == "Creating"
    here.later(20)
    assert here.api.get_provisioned_model_throughput(provisionedModelId=arn)["status"] == "InService"
    assert here.ask(arn, ASKED) == SAID
    told = refused(here.runtime.invoke_model, modelId="one-model", body="{}")
    assert "with on-demand throughput isn't supported" in told
    assert len(here.api.list_provisioned_model_throughputs()["provisionedModelSummaries"]) == 1
    here.api.delete_provisioned_model_throughput(provisionedModelId="live")
    assert costs(here) == []
    told = refused(here.api.get_provisioned_model_throughput, provisionedModelId=arn)
    assert told.startswith("ResourceNotFoundException: Could not find Provisioned Throughput")


def test_a_commitment_needs_a_quota_and_cannot_be_deleted_before_its_term(here: Account) -> None:
    model = here.model()
    given = {"provisionedModelName": "live", "modelId": model, "modelUnits": 1}
    told = refused(here.api.create_provisioned_model_throughput, **given, commitmentDuration="OneMonth")
    assert told.startswith(
        "ServiceQuotaExceededException: You have exceeded the quota of model units of Provisioned Throughput"
        " with commitment: 0."
    )
    told = refused(here.api.create_provisioned_model_throughput, **{**given, "modelUnits": 3})
    assert "model units of Provisioned Throughput without commitment: 2" in told
    here.bedrock.core.quotas.committed_model_units = 1
    provisioned(here, model, commitmentDuration="OneMonth")
    here.later(29 * 24 * 60)
    told = refused(here.api.delete_provisioned_model_throughput, provisionedModelId="live")
    assert told.startswith("ConflictException: The Provisioned Throughput live has a commitment of OneMonth")
    here.later(2 * 24 * 60)
    here.api.delete_provisioned_model_throughput(provisionedModelId="live")


def test_throughput_can_get_another_model_of_the_same_base_only(here: Account) -> None:
    one, two = here.model("one"), here.model("two")
    other = here.model("three", baseModelIdentifier="amazon.nova-micro-v1:0:128k")
    provisioned(here, one)
    update = here.api.update_provisioned_model_throughput
    told = refused(update, provisionedModelId="live", desiredModelId=two)
    assert told == "ValidationException: The Provisioned Throughput live is Creating; it must be InService."
    here.later(20)
    told = refused(update, provisionedModelId="live", desiredModelId=other)
    assert told.startswith("ValidationException: desiredModelId must be customized from arn:aws:bedrock:")
    update(provisionedModelId="live", desiredModelId=two, desiredProvisionedModelName="newer")
    found = here.api.get_provisioned_model_throughput(provisionedModelId="newer")
    assert (found["status"], found["modelArn"], found["desiredModelArn"]) == ("Updating", one, two)
    here.later(20)
    found = here.api.get_provisioned_model_throughput(provisionedModelId="newer")
    assert (found["status"], found["modelArn"]) == ("InService", two)
    provisioned(here, NOVA, "base")
    here.later(20)
    told = refused(update, provisionedModelId="base", desiredModelId=two)
    assert told.endswith("desiredModelId is not supported for the Provisioned Throughput of a base model.")


def test_an_imported_model_answers_after_a_copy_has_started_and_scales_to_none(here: Account) -> None:
    SageMaker(here.emulator)
    job = imported(here, hugging_face(here), importedModelTags=[{"key": "team", "value": "cards"}])
    assert job["status"] == "Completed", job
    model = here.api.get_imported_model(modelIdentifier="qwen-model")
    assert (model["modelArn"], model["modelArchitecture"]) == (job["importedModelArn"], "Qwen3ForCausalLM")
    chat = {"messages": [{"role": "user", "content": ASKED}]}
    ask = {"modelId": model["modelArn"], "body": json.dumps(chat)}
    for seconds in (0, 10):
        here.later(seconds / 60)
        assert refused(here.runtime.invoke_model, **ask).startswith("ModelNotReadyException")
    here.later(1)
    answer = json.loads(here.runtime.invoke_model(**ask)["body"].read())
    assert answer["choices"][0]["message"] == {"role": "assistant", "content": SAID}
    completion = here.runtime.invoke_model(**{**ask, "body": json.dumps({"prompt": ASKED})})
    assert json.loads(completion["body"].read())["choices"][0]["text"] == SAID
    assert costs(here) == ["imported model qwen-model: its copy by windows of five minutes"]
    here.later(6)
    assert costs(here) == []
    assert refused(here.runtime.invoke_model, **ask).startswith("ModelNotReadyException")
    assert [one["modelName"] for one in here.api.list_imported_models()["modelSummaries"]] == ["qwen-model"]
    here.api.delete_imported_model(modelIdentifier="qwen-model")
    assert here.api.list_imported_models()["modelSummaries"] == []


@pytest.mark.parametrize(
    ("files", "leave_out", "told"),
    [
        ({}, "model.safetensors", "has no weights: no file *.safetensors."),
        ({}, "config.json", "misses config.json."),
        ({"config.json": b"{}"}, "", "names no architecture (architectures)."),
        ({"config.json": b"x"}, "", "config.json is not JSON"),
    ],
)
def test_an_import_without_all_files_fails_with_what_is_missing(
    here: Account, files: dict[str, bytes], leave_out: str, told: str
) -> None:
    job = imported(here, hugging_face(here, leave_out, **files), importedModelKmsKeyId=KEY[-36:])
    assert job["status"] == "Failed"
    assert "kms:DescribeKey" in job["failureMessage"]
    here.give(job_policy(allow("kms:*", resource=KEY)))
    job = imported(here, f"s3://{BUCKET}/models/one", "again", importedModelKmsKeyId=KEY[-36:])
    assert told in job["failureMessage"]


def packaged(here: Account) -> str:
    """A version in SageMaker's registry that knows an answer; its ARN."""
    api = here.emulator.client("sagemaker")
    api.create_model_package_group(ModelPackageGroupName="support")
    hugging_face(here)
    source = {"S3Uri": f"s3://{BUCKET}/models/one/", "S3DataType": "S3Prefix", "CompressionType": "None"}
    container: dict[str, Any] = {"Image": "111111111111.dkr.ecr.us-east-1.amazonaws.com/x:1"}
    container |= {"ModelDataSource": {"S3DataSource": source}}
    given = {
        "Containers": [container],
        "SupportedContentTypes": ["application/json"],
        "SupportedResponseMIMETypes": ["application/json"],
    }
    made = api.create_model_package(ModelPackageGroupName="support", InferenceSpecification=given)
    return str(made["ModelPackageArn"])


def test_a_version_of_sagemakers_registry_becomes_a_custom_model(here: Account) -> None:
    SageMaker(here.emulator)
    sources = {"modelPackageArnDataSource": {"modelPackageArn": packaged(here)}}
    model = here.api.create_custom_model(modelName="nova", customModelDataSource=sources)["modelArn"]
    assert here.api.get_custom_model(modelIdentifier="nova")["modelStatus"] == "Creating"
    told = refused(here.api.create_custom_model_deployment, modelDeploymentName="live", modelArn=model)
    assert told.endswith("The custom model nova is Creating; it must be Active to be deployed.")
    here.later(10)
    found = here.api.get_custom_model(modelIdentifier=model)
    assert (found["modelStatus"], found["customizationType"]) == ("Active", "IMPORTED")
    assert here.ask(deployed(here, model), ASKED) == SAID


def test_a_custom_model_needs_one_source_and_a_role_for_s3_and_fails_without_artifacts(
    here: Account,
) -> None:
    SageMaker(here.emulator)
    gone = {"modelPackageArnDataSource": {"modelPackageArn": f"{packaged(here)}0"}}
    create = here.api.create_custom_model
    s3 = {"s3DataSource": {"s3Uri": f"s3://{BUCKET}/models/one"}}
    told = refused(create, modelName="b", modelSourceConfig=s3, customModelDataSource=gone)
    assert told.endswith("Specify exactly one of modelSourceConfig and customModelDataSource.")
    told = refused(create, modelName="b", modelSourceConfig=s3)
    assert told == "ValidationException: roleArn is required with modelSourceConfig."
    create(modelName="gone", customModelDataSource=gone)
    create(modelName="from-s3", modelSourceConfig=s3, roleArn=ROLE)
    here.later(10)
    found = here.api.get_custom_model(modelIdentifier="gone")
    assert (found["modelStatus"], "cannot be read" in found["failureMessage"]) == ("Failed", True)
    assert here.api.get_custom_model(modelIdentifier="from-s3")["modelStatus"] == "Active"


def test_bodies_are_of_the_models_family_and_others_are_refused(here: Account) -> None:
    def ask(model: str, **body: Any) -> Any:
        answer = here.runtime.invoke_model(modelId=model, body=json.dumps(body))
        return json.loads(answer["body"].read())

    turn = [{"role": "user", "content": ASKED}]
    claude = ask(
        "anthropic.claude-3-haiku-20240307-v1:0",
        anthropic_version="bedrock-2023-05-31",
        max_tokens=9,
        messages=turn,
    )
    assert claude["content"] == [{"type": "text", "text": GENERIC}]
    titan = ask("amazon.titan-text-express-v1", inputText=ASKED)
    assert titan["results"][0]["outputText"] == GENERIC
    for body, told in (
        ({"prompt": ASKED}, "Malformed input request: extraneous key [prompt] is not permitted"),
        ({"messages": turn}, "expected type: JSONArray, found: String at messages.content"),
        ({"messages": []}, "required key [messages] not found"),
    ):
        problem = refused(here.runtime.invoke_model, modelId=NOVA[:-5], body=json.dumps(body))
        assert problem.startswith("ValidationException")
        assert told in problem
    said = here.runtime.converse(
        modelId="eu.amazon.nova-lite-v1:0", messages=[{"role": "user", "content": [{"text": ASKED}]}]
    )
    assert said["output"]["message"]["content"] == [{"text": GENERIC}]
    assert said["usage"]["totalTokens"] == said["usage"]["inputTokens"] + said["usage"]["outputTokens"]
    told = refused(here.runtime.invoke_model, modelId="acme.none-v1:0", body="{}")
    assert told == "ValidationException: The provided model identifier is invalid."


def test_asking_a_model_needs_the_permission_on_what_is_asked(here: Account) -> None:
    arn = deployed(here, here.model())
    who = PLACE.arn("iam", "role/acme/dev/smoke-test", region="")
    policy = {"Version": "2012-10-17", "Statement": [allow("bedrock:InvokeModel", resource=arn)]}
    here.emulator.identities.roles[who] = RoleRecord(who, {}, {"p": policy})
    runtime = here.emulator.client("bedrock-runtime", Principal(who))
    turn = {"messages": [{"role": "user", "content": [{"text": ASKED}]}]}
    assert runtime.invoke_model(modelId=arn, body=json.dumps(turn))["contentType"] == "application/json"
    assert runtime.converse(modelId=arn, **turn)["stopReason"] == "end_turn"
    told = refused(runtime.converse, modelId="amazon.nova-lite-v1:0", **turn)
    assert "bedrock:InvokeModel on resource: arn:aws:bedrock:us-east-1::foundation-model/amazon.nova" in told


def evaluation(here: Account, name: str, model: str) -> dict[str, Any]:
    """CreateEvaluationJob of a model by a judge."""
    uri = here.put("data/eval.jsonl", lines({"prompt": ASKED, "referenceResponse": SAID}))
    dataset = {"name": "support", "datasetLocation": {"s3Uri": uri}}
    metrics = {"taskType": "Custom", "dataset": dataset, "metricNames": ["Builtin.Correctness"]}
    judges = [{"modelIdentifier": "amazon.nova-pro-v1:0"}]
    config = {
        "datasetMetricConfigs": [metrics],
        "evaluatorModelConfig": {"bedrockEvaluatorModels": judges},
    }
    return {
        "jobName": name,
        "roleArn": ROLE,
        "evaluationConfig": {"automated": config},
        "inferenceConfig": {"models": [{"bedrockModel": {"modelIdentifier": model}}]},
        "outputDataConfig": {"s3Uri": f"s3://{BUCKET}/out"},
    }


def test_an_evaluation_scores_answers_as_its_role_and_writes_them_where_it_was_told(here: Account) -> None:
    arn = provisioned(here, here.model())
    here.later(20)
    job = here.api.create_evaluation_job(**evaluation(here, "denied", arn))["jobArn"]
    here.later(60)
    found = here.api.get_evaluation_job(jobIdentifier=job)
    assert (found["status"], "bedrock:InvokeModel" in found["failureMessages"][0]) == ("Failed", True)
    here.give(job_policy(allow("bedrock:InvokeModel")))
    job = here.api.create_evaluation_job(**evaluation(here, "judged", arn))["jobArn"]
    here.later(60)
    assert here.api.get_evaluation_job(jobIdentifier=job)["status"] == "Completed"
    key = next(one for one in here.written() if "/judged/" in one)
    result = json.loads(here.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())
    scores = result["automatedEvaluationResult"]["scores"]
    assert scores == [{"metricName": "Builtin.Correctness", "result": 1.0}]
    job = here.api.create_evaluation_job(**evaluation(here, "stopped", arn))["jobArn"]
    here.api.stop_evaluation_job(jobIdentifier=job)
    here.later(60)
    assert here.api.get_evaluation_job(jobIdentifier=job)["status"] == "Stopped"
