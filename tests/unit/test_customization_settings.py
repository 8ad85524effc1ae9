"""Every mistake in a model's customization is reported by file, line and setting, with what is allowed."""

from pathlib import Path

import pytest
from customization_mistakes import FILES, MISTAKES, MODEL, SAID, based, bedrock, change, sft, without
from one_model import OneModel

from mlplatform.settings import read_environments
from mlplatform.settings.customization import CustomizationSettings

ENVIRONMENT = """\
account: "111122223333"
region: us-east-1
name_prefix: acme
owns_account: true
training: true
tags: {owner: ml, cost-center: "1"}
network: {availability_zones: [use1-az1, use1-az2]}
"""


HERE = OneModel("m", ENVIRONMENT, FILES)
read, problems = HERE.read, HERE.problems


def customization(folder: Path, model: str) -> CustomizationSettings:
    """What a model file without mistakes says."""
    section = read(folder, model)[1].customization
    assert section is not None
    return section


def elsewhere(region: str, zones: str) -> str:
    """The environment, in another region."""
    return ENVIRONMENT.replace("us-east-1", region).replace("use1", zones)


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_reported_with_line_setting_and_what_is_allowed(mistake: str, tmp_path: Path) -> None:
    found = problems(tmp_path, MISTAKES[mistake])
    assert [line.removeprefix("models/m/model.yaml:") for line in found] == SAID[mistake]


def test_a_model_without_mistakes_says_what_workflows_need(tmp_path: Path) -> None:
    section = customization(tmp_path, MODEL)
    assert (section.target, section.default_technique) == ("sagemaker", "sft")
    assert section.hub_model == ("huggingface-reasoning-qwen3-8b", None)
    assert [section.format_of(name) for name in section.techniques] == [
        "prompt_completion",
        "preference",
        "verifiable",
        "verifiable",
    ]
    assert [reward.text for reward in section.sagemaker_rewards] == ["exact_match", "reward.py"]
    assert section.locations == tuple(
        f"data://m/{name}"
        for name in ("ai", "bedrock.jsonl", "dpo.jsonl", "evaluation.jsonl", "rlvr.jsonl", "sft.jsonl")
    )
    assert section.evaluate is not None
    assert section.evaluate.metrics == ("benchmark:mmlu", "scorer:reward")
    assert section.bedrock is not None
    assert (section.bedrock.data_format, section.bedrock.serving.provisioned) == ("converse", None)


def test_bedrock_alone_is_the_target_without_techniques(tmp_path: Path) -> None:
    section = customization(tmp_path, without(*range(5, 13)))
    assert (section.target, section.default_technique, section.sagemaker_rewards) == ("bedrock", None, ())


def test_the_first_technique_is_the_default_as_the_file_orders_them(tmp_path: Path) -> None:
    lines = MODEL.splitlines(keepends=True)
    lines[6], lines[8] = lines[8], lines[6]
    assert customization(tmp_path, "".join(lines)).default_technique == "rlvr"


def test_hyperparameters_are_written_as_the_api_takes_them(tmp_path: Path) -> None:
    told = "learning_rate: 0.0002, max_epochs: 3, packing: true, optimizer: adamw, warmup: 1.0e-5"
    technique = customization(tmp_path, sft(f"hyperparameters: {{{told}}}")).techniques["sft"]
    assert technique.hyperparameter_texts == {
        "learning_rate": "0.0002",
        "max_epochs": "3",
        "packing": "true",
        "optimizer": "adamw",
        "warmup": "1e-05",
    }


@pytest.mark.parametrize(
    "told",
    [
        'hf_token: "arn:aws:secretsmanager:us-east-1:111122223333:secret:hub/token-AbCdEf"',
        "max_new_tokens: 4096",
        "tokenizer: fast",
    ],
)
def test_what_only_sounds_like_a_secret_or_names_one_is_taken(told: str, tmp_path: Path) -> None:
    assert len(customization(tmp_path, sft(f"hyperparameters: {{{told}}}")).techniques["sft"].hyperparameters)


def test_a_version_of_the_base_model_is_told_apart(tmp_path: Path) -> None:
    section = customization(tmp_path, based("huggingface-reasoning-qwen3-8b@1.2.3"))
    assert section.hub_model == ("huggingface-reasoning-qwen3-8b", "1.2.3")


def test_a_model_that_is_not_listed_is_judged_by_its_form_and_region_alone(tmp_path: Path) -> None:
    model = change(based("huggingface-llm-newer-9-4b"), "sft.jsonl,", "sft.jsonl, peft: full,")
    assert customization(tmp_path, model).techniques["sft"].peft == "full"


def test_a_model_of_bedrock_that_is_not_listed_is_not_judged(tmp_path: Path) -> None:
    model = bedrock("amazon.nova-lite-v1:0:300k", "amazon.nova-9-lite-v1:0:1000k", "epochCount: 2", "x: 1")
    section = customization(tmp_path, model).bedrock
    assert section is not None
    assert section.hyperparameter_texts == {"x": "1"}


def test_nova_takes_its_own_forms_of_data(tmp_path: Path) -> None:
    model = change(based("nova-textgeneration-lite-v2"), "scorer: reward.py", "scorer: prime_math")
    lines = change(model, '"scorer:reward"', '"scorer:prime_math"').splitlines(keepends=True)
    section = customization(tmp_path, "".join(lines[:7] + lines[8:9] + lines[10:]))
    assert [section.format_of(name) for name in section.techniques] == ["converse", "reinforcement"]
    assert [reward.text for reward in section.sagemaker_rewards] == ["exact_match"]


def test_a_distillation_names_its_teacher_in_the_words_of_the_api(tmp_path: Path) -> None:
    teacher = "{teacherModelConfig: {teacherModelIdentifier: amazon.nova-pro-v1}}"
    request = f"request: {{customizationConfig: {{distillationConfig: {teacher}}}}}"
    section = customization(tmp_path, bedrock(more=f"customization: distillation\n    {request}")).bedrock
    assert section is not None
    assert section.data_format == "converse"


def test_a_request_may_say_what_no_setting_says(tmp_path: Path) -> None:
    waiting = "  request: {StoppingCondition: {MaxPendingTimeInSeconds: 7200}}\n"
    assert len(customization(tmp_path, MODEL + waiting).request) == 1


SAGEMAKER = (
    "models/m/model.yaml:5: customization.base_model: SageMaker does not customize "
    "huggingface-reasoning-qwen3-8b in eu-central-1, allowed: an environment in ap-northeast-1, eu-west-1, "
    "us-east-1, us-west-2; or `models: {m: {enabled: false}}` (in dev)"
)
BEDROCK = (
    "models/m/model.yaml:15: customization.bedrock.base_model: Bedrock does not customize "
    "amazon.nova-lite-v1:0:300k in eu-west-1, allowed: an environment in us-east-1; or "
    "`models: {m: {customization: {bedrock: null}}}` (in dev)"
)


@pytest.mark.parametrize(
    ("region", "zones", "expected"),
    [("eu-central-1", "euc1", SAGEMAKER), ("eu-west-1", "euw1", BEDROCK)],
)
def test_a_region_without_the_service_is_told_with_the_line_that_helps(
    region: str, zones: str, expected: str, tmp_path: Path
) -> None:
    assert problems(tmp_path, MODEL, elsewhere(region, zones)) == [expected]


@pytest.mark.parametrize(
    ("region", "zones", "line", "customized"),
    [
        ("eu-central-1", "euc1", "models: {m: {enabled: false}}\n", None),
        ("eu-west-1", "euw1", "models: {m: {customization: {bedrock: null}}}\n", "sagemaker"),
    ],
)
def test_the_line_that_the_message_names_helps(
    region: str, zones: str, line: str, customized: str | None, tmp_path: Path
) -> None:
    (tmp_path / "environments").mkdir()
    text = elsewhere(region, zones) + line
    (tmp_path / "environments" / "dev.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "models" / "m").mkdir(parents=True)
    (tmp_path / "models" / "m" / "model.yaml").write_text(MODEL, encoding="utf-8")
    for name, data in FILES.items():
        (tmp_path / "models" / "m" / name).write_bytes(data)
    (environment,) = read_environments(tmp_path / "environments")
    sections = [product.customization for product in environment.products]
    assert [section.target for section in sections if section] == ([customized] if customized else [])


def test_where_nothing_is_trained_the_region_does_not_matter(tmp_path: Path) -> None:
    environment = elsewhere("eu-central-1", "euc1").replace("training: true", "training: false")
    assert read(tmp_path, MODEL, environment)[1].customization is not None


def test_bedrock_alone_in_a_region_without_it_is_left_out_as_a_whole(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, without(*range(5, 13)), elsewhere("eu-west-1", "euw1"))
    assert found.endswith("an environment in us-east-1; or `models: {m: {enabled: false}}` (in dev)")


def test_a_model_that_gives_rewards_in_other_regions_only_is_refused(tmp_path: Path) -> None:
    model = change(MODEL, "qwen.qwen3-32b-v1:0", "qwen.qwen3-235b-a22b-2507-v1:0")
    assert problems(tmp_path, model) == [
        "models/m/model.yaml:10: customization.techniques.rlaif.reward_model: gives no rewards in us-east-1, "
        "given 'qwen.qwen3-235b-a22b-2507-v1:0', allowed: openai.gpt-oss-120b-1:0, openai.gpt-oss-20b-1:0, "
        "qwen.qwen3-32b-v1:0, qwen.qwen3-coder-30b-a3b-v1:0; or an environment in ap-northeast-1, us-west-2 "
        "(in dev)"
    ]


def test_a_commitment_does_not_go_with_an_environment_that_leaves_nothing(tmp_path: Path) -> None:
    model = bedrock(more="serving: {provisioned: {model_units: 1, commitment: one_month}}")
    assert problems(tmp_path, model, ENVIRONMENT + "removal: destroy\n") == [
        "models/m/model.yaml:19: customization.bedrock.serving.provisioned.commitment: cannot be deleted "
        "before its term ends, and removal: destroy leaves nothing, given one_month, allowed: none, or "
        "removal: retain (in dev)"
    ]


def test_a_commitment_goes_with_an_environment_that_retains(tmp_path: Path) -> None:
    model = bedrock(more="serving: {provisioned: {model_units: 2, commitment: six_months}}")
    section = customization(tmp_path, model).bedrock
    assert section is not None
    assert section.serving.provisioned is not None
    assert (section.serving.provisioned.model_units, section.serving.provisioned.commitment) == (
        2,
        "six_months",
    )
