"""Customization sections of model files with one mistake each, and what must be said of it."""

from model_mistakes import FRAMEWORK, change, many

MODEL = """\
description: Answers questions
owner: support-team
task: text_generation
customization:
  base_model: huggingface-reasoning-qwen3-8b
  techniques:
    sft: {train: data://m/sft.jsonl, spend_usd: 10}
    dpo: {train: data://m/dpo.jsonl, start_from: approved, spend_usd: 10}
    rlvr: {train: data://m/rlvr.jsonl, reward_function: exact_match, spend_usd: 10}
    rlaif: {train: data://m/ai, reward_prompt: good.jinja, reward_model: "qwen.qwen3-32b-v1:0", spend_usd: 9}
  evaluate: {data: data://m/evaluation.jsonl, scorer: reward.py, benchmark: {task: mmlu}}
  gate: {at_least: {"scorer:reward": 0.5}, not_worse_than_base_by: {"benchmark:mmlu": 0.03}}
  monthly_budget_usd: 100
  bedrock:
    base_model: amazon.nova-lite-v1:0:300k
    train: data://m/bedrock.jsonl
    hyperparameters: {epochCount: 2}
    sample: {prompt: Hello}
"""
"""A model customized in every way; where Bedrock customizes it, in us-east-1, without mistakes."""

JUDGED = "benchmark: {task: mmlu}}"
START = MODEL.index("    base_model: amazon")
FILES = {
    "reward.py": b"def score(answer, reference, sample):\n    return 1.0\n",
    "broken.py": b"import numpy\n\n\ndef score(answer):\n    return 1.0\n",
    "exact_match.py": b"def score(answer, reference, sample):\n    return 1.0\n",
    "broken.json": b'{"type": "object",}',
    "pattern.json": b'{"properties": {"id": {"pattern": "a+"}}}',
    "large.json": b'{"enum": ["' + b"x" * 3600 + b'"]}',
    "good.jinja": b"Is {{ prediction }} good?\n",
    "empty.jinja": b"",
    "binary.jinja": b"\xff\n",
}
"""What lies in the model's folder."""


def sft(more: str) -> str:
    """The file with more in its technique ``sft``."""
    return change(MODEL, "sft.jsonl, ", f"sft.jsonl, {more}, ")


def without(*lines: int) -> str:
    """The file without these lines, counted from 1."""
    return "".join(t for n, t in enumerate(MODEL.splitlines(keepends=True), 1) if n not in lines)


def bedrock(*replacements: str, more: str = "") -> str:
    """The file with things changed in its section ``bedrock``, and ``more`` at its end, in line 19."""
    changed = MODEL[:START] + change(MODEL[START:], *replacements)
    return changed + (f"    {more}\n" if more else "")


def based(model: str) -> str:
    """The file with another base model in SageMaker."""
    return change(MODEL, "huggingface-reasoning-qwen3-8b", model)


def judged(metrics: str, model: str = MODEL) -> str:
    """The file with a judge of these metrics."""
    judge = f"judge: {{model: amazon.nova-pro-v1, metrics: [{metrics}]}}"
    return change(model, JUDGED, f"{judge}, {JUDGED}")


def accepted(address: str, model: str) -> str:
    """The file with an accepted licence, in line 6."""
    return change(model, "  techniques:", f"  accept_eula: {address}\n  techniques:")


def reinforced(hyperparameters: str, more: str = "") -> str:
    """The file with reinforcement fine-tuning of the one model that Bedrock has it for."""
    way = f"{{{hyperparameters}}}\n    customization: reinforcement_fine_tuning"
    return bedrock("nova-lite-v1:0:300k", "nova-2-lite-v1:0:256k", "{epochCount: 2}", way, more=more)


LENGTHS = "max_prompt_length: 2048, max_response_length: 4096"
TEACHER = "teacherModelConfig: {teacherModelIdentifier: amazon.nova-pro-v1}"
LICENCE = "https://www.llama.com/llama3_2/license/"
LLAMA = based("meta-textgeneration-llama-3-2-1b-instruct")
NOVA = based("nova-textgeneration-lite-v2")
MISTAKES = {
    "nothing to customize": without(*range(5, 13), *range(14, 19)),
    "no budget": without(13),
    "unknown technique": change(MODEL, "    dpo:", "    ppo:"),
    "unknown key of a technique": sft("learning_rate: 1"),
    "no estimate": change(MODEL, "sft.jsonl, spend_usd: 10", "sft.jsonl"),
    "estimate above the budget": change(MODEL, "spend_usd: 10", "spend_usd: 101"),
    "base model that is no id": based("Qwen/Qwen3-8B"),
    "techniques without a base model": without(5),
    "techniques without an evaluation": without(11, 12),
    "Bedrock alone, with what belongs to techniques": without(6, 7, 8, 9, 10),
    "trained from scratch as well": FRAMEWORK + MODEL[MODEL.index("customization:") :],
    "licence that nobody accepted": LLAMA,
    "another licence": accepted("https://example.com/licence", LLAMA),
    "licence without an address": accepted("true", MODEL),
    "full fine-tuning of a model that has adapters only": accepted(
        LICENCE, change(LLAMA, "sft.jsonl,", "sft.jsonl, peft: full,")
    ),
    "techniques that AWS does not have for a model": NOVA,
    "reward function of another technique": sft("reward_function: exact_match"),
    "reward prompt and model of other techniques": sft(
        "reward_prompt: good.jinja, reward_model: qwen.qwen3-32b-v1"
    ),
    "reward function that is missing": change(MODEL, "reward_function: exact_match, ", ""),
    "reward prompt and model that are missing": change(
        MODEL, 'reward_prompt: good.jinja, reward_model: "qwen.qwen3-32b-v1:0", ', ""
    ),
    "reward function of another form": change(MODEL, "exact_match", "../x.py"),
    "reward by a schema that is not given": change(MODEL, "exact_match", "json_schema"),
    "reward of two kinds": change(MODEL, "exact_match", "{exact_match: {}, json_schema: in_data}"),
    "reward of no kind": change(MODEL, "exact_match", "{}"),
    "reward with settings that are not": change(
        MODEL, "exact_match", "{exact_match: {relative_tolerance: 2, extraction: lax}}"
    ),
    "schema that is not there": change(MODEL, "exact_match", "{json_schema: answer.json}"),
    "schema that is no JSON": change(MODEL, "exact_match", "{json_schema: broken.json}"),
    "schema with what is not judged": change(MODEL, "exact_match", "{json_schema: pattern.json}"),
    "schema that is too large": change(MODEL, "exact_match", "{json_schema: large.json}"),
    "scorer that is another reward of its name": change(
        change(MODEL, "scorer: reward.py", "scorer: {exact_match: {extraction: strict}}"),
        '"scorer:reward"',
        '"scorer:exact_match"',
    ),
    "secret of another account": sft(
        'hyperparameters: {hub_token: "arn:aws:secretsmanager:us-east-1:999999999999:secret:hub-AbCdEf"}'
    ),
    "secret whose ARN lacks its end": sft(
        'hyperparameters: {hub_token: "arn:aws:secretsmanager:us-east-1:111122223333:secret:hub"}'
    ),
    "secret that Bedrock would have to read": bedrock(
        "epochCount: 2", 'epochCount: "arn:aws:secretsmanager:us-east-1:111122223333:secret:hub-AbCdEf"'
    ),
    "price of nothing": sft("usd_per_million_tokens: 0"),
    "reward prompt of another form": change(MODEL, "good.jinja", "Rate it"),
    "metric that no judge has": change(MODEL, "good.jinja", "Builtin.Helpfullness"),
    "model that gives no rewards": change(MODEL, "qwen.qwen3-32b-v1:0", "amazon.nova-pro-v1:0"),
    "sequence length in tokens": sft("sequence_length: 4096"),
    "sequence length beyond the largest": sft("sequence_length: 1025K"),
    "lengths beyond the sequence length": sft(
        "sequence_length: 4K, hyperparameters: {dataset_max_len: 8192}"
    ),
    "lengths that add up beyond it": change(
        MODEL, "exact_match,", f"exact_match, sequence_length: 4K, hyperparameters: {{{LENGTHS}}},"
    ),
    "format of another technique": sft("format: preference"),
    "format of Nova": sft("format: converse"),
    "format of open weights for Nova": change(NOVA, "sft.jsonl,", "sft.jsonl, format: chat,"),
    "unknown format": sft("format: jsonl"),
    "unknown start": sft("start_from: latest"),
    "hyperparameter that is a list": sft("hyperparameters: {targets: [q, v]}"),
    "hyperparameter out of range": sft("hyperparameters: {learning_rate: 0, max_epochs: 1.5}"),
    "hyperparameter that is too long": sft(f"hyperparameters: {{note: {'x' * 257}}}"),
    "too many hyperparameters": sft(f"hyperparameters: {{{many(101, 'h#: 1')}}}"),
    "token of Hugging Face": sft("hyperparameters: {hub: hf_AbCdEfGhIjKlMnOp}"),
    "token by its name": sft("hyperparameters: {hf_token: x}"),
    "job that runs for months": sft("max_runtime_minutes: 50000"),
    "evaluation of nothing": change(
        MODEL, "{data: data://m/evaluation.jsonl, scorer: reward.py, benchmark: {task: mmlu}}", "{}"
    ),
    "scorer and judge without questions": change(MODEL, "data: data://m/evaluation.jsonl, ", ""),
    "questions that nobody asks": change(MODEL, "scorer: reward.py, ", ""),
    "unknown benchmark": change(MODEL, "task: mmlu", "task: hellaswag"),
    "unknown part of a benchmark": change(MODEL, "task: mmlu", "task: math, subtask: topology"),
    "part of a benchmark that has none": change(MODEL, "task: mmlu", "task: gpqa, subtask: physics"),
    "benchmark for other models": change(MODEL, "task: mmlu", "task: mmmu"),
    "unknown scorer": change(MODEL, "scorer: reward.py", "scorer: bleu"),
    "judge by no metric": judged(""),
    "judge by unknown metrics": judged("Builtin.Politeness, Correctness, Builtin.Correctness"),
    "judge of Nova": judged("Builtin.Correctness", NOVA),
    "questions that the model learns from": change(MODEL, "evaluation.jsonl", "sft.jsonl"),
    "validation with what it learns from": sft("validation: data://m/sft.jsonl"),
    "evaluation that runs for days": change(MODEL, JUDGED, f"max_runtime_minutes: 1441, {JUDGED}"),
    "gate on what is not measured": change(MODEL, '"scorer:reward": 0.5', '"scorer:exact_match": 0.5'),
    "gate on no metric": change(MODEL, '"scorer:reward": 0.5', "accuracy: 0.5"),
    "threshold in percent": change(MODEL, '"scorer:reward": 0.5', '"scorer:reward": 50'),
    "gate on a metric of which less is better": change(
        judged("Harmfulness"), '"scorer:reward": 0.5', '"judge:Harmfulness": 0.5'
    ),
    "better and not worse": change(
        MODEL, 'at_least: {"scorer:reward": 0.5}', 'better_than_base_by: {"benchmark:mmlu": 0}'
    ),
    "gate and nothing measured": without(11),
    "request that is no member": MODEL + "  request: {StopingCondition: {}}\n",
    "request of what the platform sets": MODEL
    + "  request: {ServerlessJobConfig: {Peft: LORA}, ResourceConfig: {InstanceType: ml.m5.large}}\n",
    "reward function of the platform's name": change(
        MODEL, "reward_function: exact_match", "reward_function: exact_match.py"
    ),
    "file that is not there": change(MODEL, "scorer: reward.py", "scorer: rewards.py"),
    "file that is no reward function": change(
        MODEL, "reward_function: exact_match", "reward_function: broken.py"
    ),
    "prompt that is empty": change(MODEL, "good.jinja", "empty.jinja"),
    "prompt that is not text": change(MODEL, "good.jinja", "binary.jinja"),
    "prompt that is not there": change(MODEL, "good.jinja", "other.jinja"),
    "base model of Bedrock that is no id": bedrock("amazon.nova-lite-v1:0:300k", "Nova Lite"),
    "reinforcement of a model that has none": change(
        reinforced("epochCount: 2", "reward_function: exact_match"), "2-lite-v1:0:256k", "lite-v1:0:300k"
    ),
    "reinforcement without a reward function": reinforced("epochCount: 2"),
    "reward function without reinforcement": bedrock(more="reward_function: exact_match"),
    "continued pre-training": bedrock(more="customization: continued_pre_training"),
    "model that only another API customizes": bedrock("amazon.nova-lite-v1:0:300k", "openai.gpt-oss-20b"),
    "distillation without a teacher": bedrock(more="customization: distillation"),
    "teacher without distillation": bedrock(
        more=f"request: {{customizationConfig: {{distillationConfig: {{{TEACHER}}}}}}}"
    ),
    "format that a model of Bedrock does not take": bedrock(more="format: bedrock_prompt"),
    "format of another customization": bedrock(more="format: continued_pretraining"),
    "hyperparameters of Bedrock": bedrock(
        "{epochCount: 2}", "{epochCount: 6, learningRate: 0.1, batchSize: 8}"
    ),
    "secret in Bedrock": bedrock("{epochCount: 2}", "{epochCount: AKIAABCDEFGHIJKLMNOP}"),
    "reinforcement out of range": reinforced(
        "batchSize: 8, reasoningEffort: none", "reward_function: exact_match"
    ),
    "on demand where AWS has it not": bedrock(
        "amazon.nova-lite-v1:0:300k", "meta.llama3-1-8b-instruct-v1:0:128k", more="serving: on_demand"
    ),
    "unknown serving": bedrock(more="serving: serverless"),
    "unknown commitment": bedrock(more="serving: {provisioned: {commitment: forever}}"),
    "no model units": bedrock(more="serving: {provisioned: {model_units: 0}}"),
    "sample without a question": bedrock("{prompt: Hello}", '{prompt: ""}'),
    "no sample": bedrock("    sample: {prompt: Hello}\n", ""),
    "estimate of Bedrock above the budget": bedrock(more="spend_usd: 101"),
    "request of Bedrock": bedrock(more="request: {jobName: x, vpcConfg: {}}"),
}

SAID: dict[str, list[str]] = {
    "nothing to customize": [
        ("4: customization: customizes nothing, allowed: techniques, bedrock, or both"),
    ],
    "no budget": [
        ("4: customization.monthly_budget_usd: is missing, allowed: a whole number from 1 to 10000000"),
    ],
    "unknown technique": [
        ("8: customization.techniques.ppo: malformed, given 'ppo', allowed: sft, dpo, rlvr, rlaif"),
    ],
    "unknown key of a technique": [
        (
            "7: customization.techniques.sft.learning_rate: unknown key, given 'learning_rate', "
            "allowed: train, validation, format, duplicates, start_from, peft, sequence_length, "
            "hyperparameters, reward_function, reward_prompt, reward_model, max_runtime_minutes, "
            "spend_usd, usd_per_million_tokens"
        ),
    ],
    "no estimate": [
        ("7: customization.techniques.sft.spend_usd: is missing, allowed: a whole number from 1 to 1000000"),
    ],
    "estimate above the budget": [
        (
            "7: customization.techniques.sft.spend_usd: one job may cost more than the month's "
            "budget, given 101, allowed: at most monthly_budget_usd, 100"
        ),
    ],
    "base model that is no id": [
        (
            "5: customization.base_model: malformed, given 'Qwen/Qwen3-8B', allowed: the id of a "
            "model of SageMaker's public hub, such as huggingface-reasoning-qwen3-8b or <id>@1.2.3"
        ),
    ],
    "techniques without a base model": [
        ("5: customization.techniques: do not go without base_model, allowed: customization.base_model"),
    ],
    "techniques without an evaluation": [
        ("6: customization.techniques: do not go without evaluate, allowed: customization.evaluate"),
    ],
    "Bedrock alone, with what belongs to techniques": [
        (
            "5: customization.base_model: does not go without techniques, allowed: techniques, or "
            "bedrock alone"
        ),
        ("6: customization.evaluate: does not go without techniques, allowed: techniques, or bedrock alone"),
        ("7: customization.gate: does not go without techniques, allowed: techniques, or bedrock alone"),
    ],
    "trained from scratch as well": [
        (
            "4: data: is of a model trained from scratch, and this one customizes a foundation "
            "model, allowed: a section customization, or a section data"
        ),
        (
            "8: prepare: is of a model trained from scratch, and this one customizes a foundation "
            "model, allowed: a section customization, or a section prepare"
        ),
        (
            "9: train: is of a model trained from scratch, and this one customizes a foundation "
            "model, allowed: a section customization, or a section train"
        ),
        (
            "15: tune: is of a model trained from scratch, and this one customizes a foundation "
            "model, allowed: a section customization, or a section tune"
        ),
        (
            "19: evaluate: is of a model trained from scratch, and a customized one has its own, "
            "allowed: customization.evaluate"
        ),
        (
            "20: gate: is of a model trained from scratch, and a customized one has its own, "
            "allowed: customization.gate"
        ),
    ],
    "licence that nobody accepted": [
        (
            "5: customization.base_model: the licence of Llama 3.2 Instruct 1B must be accepted, "
            "allowed: accept_eula: https://www.llama.com/llama3_2/license/"
        ),
    ],
    "another licence": [
        (
            "6: customization.accept_eula: the licence of Llama 3.2 Instruct 1B must be accepted, "
            "given 'https://example.com/licence', allowed: accept_eula: "
            "https://www.llama.com/llama3_2/license/"
        ),
    ],
    "licence without an address": [
        ("6: customization.accept_eula: wrong type, given true, allowed: an https:// address"),
    ],
    "full fine-tuning of a model that has adapters only": [
        (
            "8: customization.techniques.sft.peft: AWS has no such sft for "
            "meta-textgeneration-llama-3-2-1b-instruct, given full, allowed: lora"
        ),
    ],
    "techniques that AWS does not have for a model": [
        (
            "8: customization.techniques.dpo: AWS has no such technique for "
            "nova-textgeneration-lite-v2, given dpo, allowed: sft, rlvr"
        ),
        (
            "10: customization.techniques.rlaif: AWS has no such technique for "
            "nova-textgeneration-lite-v2, given rlaif, allowed: sft, rlvr"
        ),
    ],
    "reward function of another technique": [
        (
            "7: customization.techniques.sft.reward_function: does not go with sft, given "
            "'exact_match', allowed: rlvr"
        ),
    ],
    "reward prompt and model of other techniques": [
        (
            "7: customization.techniques.sft.reward_model: does not go with sft, given "
            "'qwen.qwen3-32b-v1', allowed: rlaif"
        ),
        (
            "7: customization.techniques.sft.reward_prompt: does not go with sft, given "
            "'good.jinja', allowed: rlaif"
        ),
    ],
    "reward function that is missing": [
        (
            "9: customization.techniques.rlvr: rlvr does not go without reward_function, allowed: a "
            "reward_function"
        ),
    ],
    "reward prompt and model that are missing": [
        (
            "10: customization.techniques.rlaif: rlaif does not go without reward_model, allowed: a "
            "reward_model"
        ),
        (
            "10: customization.techniques.rlaif: rlaif does not go without reward_prompt, allowed: a "
            "reward_prompt"
        ),
    ],
    "reward function of another form": [
        (
            "9: customization.techniques.rlvr.reward_function: malformed, given '../x.py', allowed: "
            "exact_match, json_schema, or a file of the model's folder such as reward.py"
        ),
    ],
    "reward by a schema that is not given": [
        (
            "9: customization.techniques.rlvr.reward_function: does not go without a schema, given "
            "json_schema, allowed: {json_schema: answer.json}: <file>.json of the model's folder, or "
            "in_data where each line of the data has its own"
        ),
    ],
    "reward of two kinds": [
        (
            "9: customization.techniques.rlvr.reward_function: needs exactly one, given exact_match "
            "and json_schema, allowed: exact_match, json_schema, or a file of the model's folder "
            "such as reward.py"
        ),
    ],
    "reward of no kind": [
        (
            "9: customization.techniques.rlvr.reward_function: needs exactly one, given nothing, "
            "allowed: exact_match, json_schema, or a file of the model's folder such as reward.py"
        ),
    ],
    "reward with settings that are not": [
        (
            "9: customization.techniques.rlvr.reward_function.exact_match.extraction: unknown value, "
            "given 'lax', allowed: flexible, strict"
        ),
        (
            "9: customization.techniques.rlvr.reward_function.exact_match.relative_tolerance: out of "
            "range, given 2, allowed: a number from 0 to below 1"
        ),
    ],
    "schema that is not there": [
        (
            "9: customization.techniques.rlvr.reward_function.json_schema: no such file, given "
            "'answer.json', allowed: did you mean 'pattern.json'? a file of the model's folder: "
            "broken.json, large.json, pattern.json"
        ),
    ],
    "schema that is no JSON": [
        (
            "9: customization.techniques.rlvr.reward_function.json_schema: is no JSON: Expecting "
            "property name enclosed in double quotes: line 1 column 19 (char 18), given broken.json, "
            "allowed: a JSON schema in UTF-8"
        ),
    ],
    "schema with what is not judged": [
        (
            "9: customization.techniques.rlvr.reward_function.json_schema: cannot be judged by: "
            "#/properties/id/pattern is not supported, allowed: $schema, $id, $ref, type, enum, "
            "const, required, uniqueItems, minimum, maximum, exclusiveMinimum, exclusiveMaximum, "
            "minLength, maxLength, minItems, maxItems, minProperties, maxProperties, properties, "
            "$defs, allOf, anyOf, oneOf, prefixItems, additionalProperties, items, not, $comment, "
            "title, description, default, examples, deprecated, readOnly, writeOnly, format, "
            "contentEncoding, contentMediaType"
        ),
    ],
    "schema that is too large": [
        (
            "9: customization.techniques.rlvr.reward_function.json_schema: is too large for the "
            "settings of a function, given 3613 bytes without blanks, allowed: at most 3500, or "
            "in_data"
        ),
    ],
    "scorer that is another reward of its name": [
        (
            "11: customization.evaluate.scorer: is another exact_match than that of "
            "customization.techniques.rlvr.reward_function, allowed: the same settings, or a .py "
            "file of the model's folder"
        ),
    ],
    "secret of another account": [
        (
            "7: customization.techniques.sft.hyperparameters.hub_token: is a secret of elsewhere, "
            "given 'arn:aws:secretsmanager:us-east-1:999999999999:secret:hub-AbCdEf', allowed: a "
            "secret of the account 111122223333 in us-east-1 (in dev)"
        ),
    ],
    "secret whose ARN lacks its end": [
        (
            "7: customization.techniques.sft.hyperparameters.hub_token: a secret, which everyone who "
            "may see the job could read, allowed: the ARN of a secret of AWS Secrets Manager, "
            "complete with its last six characters"
        ),
    ],
    "secret that Bedrock would have to read": [
        (
            "17: customization.bedrock.hyperparameters.epochCount: no job reads this secret, given "
            "'arn:aws:secretsmanager:us-east-1:111122223333:secret:hub-AbCdEf', allowed: nothing, as "
            "jobs of Amazon Bedrock take no tokens"
        ),
    ],
    "price of nothing": [
        (
            "7: customization.techniques.sft.usd_per_million_tokens: out of range, given 0, allowed: "
            "a number above 0, at most 100000"
        ),
    ],
    "reward prompt of another form": [
        (
            "10: customization.techniques.rlaif.reward_prompt: malformed, given 'Rate it', allowed: "
            "Builtin.<Metric>, or a file of the model's folder such as helpfulness.jinja"
        ),
    ],
    "metric that no judge has": [
        (
            "10: customization.techniques.rlaif.reward_prompt: unknown metric, given "
            "'Builtin.Helpfullness', allowed: Builtin.Correctness, Builtin.Completeness, "
            "Builtin.Faithfulness, Builtin.Helpfulness, Builtin.Coherence, Builtin.Relevance, "
            "Builtin.FollowingInstructions, Builtin.ProfessionalStyleAndTone, Builtin.Harmfulness, "
            "Builtin.Stereotyping, Builtin.Refusal, or a .jinja file"
        ),
    ],
    "model that gives no rewards": [
        (
            "10: customization.techniques.rlaif.reward_model: gives no rewards in SageMaker, given "
            "'amazon.nova-pro-v1:0', allowed: openai.gpt-oss-120b-1:0, openai.gpt-oss-20b-1:0, "
            "qwen.qwen3-32b-v1:0, qwen.qwen3-coder-30b-a3b-v1:0, qwen.qwen3-235b-a22b-2507-v1:0, "
            "qwen.qwen3-coder-480b-a35b-v1:0"
        ),
    ],
    "sequence length in tokens": [
        (
            "7: customization.techniques.sft.sequence_length: wrong type, given 4096, allowed: 1K to "
            "1024K, in units of 1024 tokens"
        ),
    ],
    "sequence length beyond the largest": [
        (
            "7: customization.techniques.sft.sequence_length: malformed, given '1025K', allowed: 1K "
            "to 1024K, in units of 1024 tokens"
        ),
    ],
    "lengths beyond the sequence length": [
        (
            "7: customization.techniques.sft.hyperparameters.dataset_max_len: more than "
            "sequence_length: 4K, given 8192 tokens, allowed: 4096 in all"
        ),
    ],
    "lengths that add up beyond it": [
        (
            "9: customization.techniques.rlvr.hyperparameters.max_response_length: more than "
            "sequence_length: 4K, given 6144 tokens, allowed: 4096 in all"
        ),
    ],
    "format of another technique": [
        (
            "7: customization.techniques.sft.format: sft of open-weight models takes no such data, "
            "given preference, allowed: prompt_completion, chat"
        ),
    ],
    "format of Nova": [
        (
            "7: customization.techniques.sft.format: sft of open-weight models takes no such data, "
            "given converse, allowed: prompt_completion, chat"
        ),
    ],
    "format of open weights for Nova": [
        (
            "7: customization.techniques.sft.format: sft of models of Amazon Nova takes no such "
            "data, given chat, allowed: converse"
        ),
        (
            "8: customization.techniques.dpo: AWS has no such technique for "
            "nova-textgeneration-lite-v2, given dpo, allowed: sft, rlvr"
        ),
        (
            "10: customization.techniques.rlaif: AWS has no such technique for "
            "nova-textgeneration-lite-v2, given rlaif, allowed: sft, rlvr"
        ),
    ],
    "unknown format": [
        (
            "7: customization.techniques.sft.format: unknown value, given 'jsonl', allowed: "
            "prompt_completion, chat, preference, verifiable, converse, converse_preference, "
            "reinforcement, bedrock_prompt, bedrock_chat, continued_pretraining"
        ),
    ],
    "unknown start": [
        (
            "7: customization.techniques.sft.start_from: unknown value, given 'latest', allowed: "
            "base, approved"
        ),
    ],
    "hyperparameter that is a list": [
        (
            "7: customization.techniques.sft.hyperparameters.targets: wrong type, given a list, "
            "allowed: text, a number, true or false"
        ),
    ],
    "hyperparameter out of range": [
        (
            "7: customization.techniques.sft.hyperparameters.learning_rate: out of range, given 0, "
            "allowed: a number above 0"
        ),
        (
            "7: customization.techniques.sft.hyperparameters.max_epochs: out of range, given 1.5, "
            "allowed: a whole number above 0"
        ),
    ],
    "hyperparameter that is too long": [
        (
            "7: customization.techniques.sft.hyperparameters.note: too long, given 257 characters, "
            "allowed: at most 256"
        ),
    ],
    "too many hyperparameters": [
        ("7: customization.techniques.sft.hyperparameters: too many, given 101, allowed: at most 100"),
    ],
    "token of Hugging Face": [
        (
            "7: customization.techniques.sft.hyperparameters.hub: a secret, which everyone who may "
            "see the job could read, allowed: the ARN of a secret of AWS Secrets Manager, complete "
            "with its last six characters"
        ),
    ],
    "token by its name": [
        (
            "7: customization.techniques.sft.hyperparameters.hf_token: a secret, which everyone who "
            "may see the job could read, allowed: the ARN of a secret of AWS Secrets Manager, "
            "complete with its last six characters"
        ),
    ],
    "job that runs for months": [
        (
            "7: customization.techniques.sft.max_runtime_minutes: out of range, given 50000, "
            "allowed: a whole number from 1 to 40320"
        ),
    ],
    "evaluation of nothing": [
        ("11: customization.evaluate: measures nothing, allowed: benchmark, scorer or judge"),
        (
            "12: customization.gate.at_least.scorer:reward: is not measured, given 'scorer:reward', "
            "allowed: a metric of customization.evaluate"
        ),
        (
            "12: customization.gate.not_worse_than_base_by.benchmark:mmlu: is not measured, given "
            "'benchmark:mmlu', allowed: a metric of customization.evaluate"
        ),
    ],
    "scorer and judge without questions": [
        ("11: customization.evaluate: scorer has no questions to ask, allowed: customization.evaluate.data"),
    ],
    "questions that nobody asks": [
        (
            "11: customization.evaluate.data: a benchmark has questions of its own, allowed: scorer "
            "or judge beside it"
        ),
        (
            "12: customization.gate.at_least.scorer:reward: is not measured, given 'scorer:reward', "
            "allowed: benchmark:mmlu"
        ),
    ],
    "unknown benchmark": [
        (
            "11: customization.evaluate.benchmark.task: unknown value, given 'hellaswag', allowed: "
            "mmlu, mmlu_pro, bbh, gpqa, math, strong_reject, ifeval, mmmu"
        ),
    ],
    "unknown part of a benchmark": [
        (
            "11: customization.evaluate.benchmark.subtask: not a part of math, given 'topology', "
            "allowed: algebra, counting_and_probability, geometry, intermediate_algebra, "
            "number_theory, prealgebra, precalculus"
        ),
        (
            "12: customization.gate.not_worse_than_base_by.benchmark:mmlu: is not measured, given "
            "'benchmark:mmlu', allowed: benchmark:math, scorer:reward"
        ),
    ],
    "part of a benchmark that has none": [
        (
            "11: customization.evaluate.benchmark.subtask: not a part of gpqa, given 'physics', "
            "allowed: none, gpqa has no parts"
        ),
        (
            "12: customization.gate.not_worse_than_base_by.benchmark:mmlu: is not measured, given "
            "'benchmark:mmlu', allowed: benchmark:gpqa, scorer:reward"
        ),
    ],
    "benchmark for other models": [
        (
            "11: customization.evaluate.benchmark.task: does not run on "
            "huggingface-reasoning-qwen3-8b, given mmmu, allowed: mmlu, mmlu_pro, bbh, gpqa, math, "
            "strong_reject, ifeval"
        ),
        (
            "12: customization.gate.not_worse_than_base_by.benchmark:mmlu: is not measured, given "
            "'benchmark:mmlu', allowed: benchmark:mmmu, scorer:reward"
        ),
    ],
    "unknown scorer": [
        (
            "11: customization.evaluate.scorer: malformed, given 'bleu', allowed: exact_match, "
            "json_schema, prime_math, prime_code, or a file of the model's folder such as reward.py"
        ),
    ],
    "judge by no metric": [
        (
            "11: customization.evaluate.judge.metrics: is empty, allowed: Builtin.Correctness, "
            "Builtin.Completeness, Builtin.Faithfulness, Builtin.Helpfulness, Builtin.Coherence, "
            "Builtin.Relevance, Builtin.FollowingInstructions, Builtin.ProfessionalStyleAndTone, "
            "Builtin.Harmfulness, Builtin.Stereotyping, Builtin.Refusal"
        ),
    ],
    "judge by unknown metrics": [
        (
            "11: customization.evaluate.judge.metrics.0: unknown metric, given 'Builtin.Politeness', "
            "allowed: Builtin.Correctness, Builtin.Completeness, Builtin.Faithfulness, "
            "Builtin.Helpfulness, Builtin.Coherence, Builtin.Relevance, "
            "Builtin.FollowingInstructions, Builtin.ProfessionalStyleAndTone, Builtin.Harmfulness, "
            "Builtin.Stereotyping, Builtin.Refusal"
        ),
        (
            "11: customization.evaluate.judge.metrics.2: named twice, given 'Builtin.Correctness', "
            "allowed: each once"
        ),
    ],
    "judge of Nova": [
        (
            "8: customization.techniques.dpo: AWS has no such technique for "
            "nova-textgeneration-lite-v2, given dpo, allowed: sft, rlvr"
        ),
        (
            "10: customization.techniques.rlaif: AWS has no such technique for "
            "nova-textgeneration-lite-v2, given rlaif, allowed: sft, rlvr"
        ),
        (
            "11: customization.evaluate.judge: SageMaker lets no model judge those of Amazon Nova, "
            "given nova-textgeneration-lite-v2, allowed: benchmark or scorer"
        ),
    ],
    "questions that the model learns from": [
        (
            "11: customization.evaluate.data: the model learns from it, and would be asked what it "
            "was told, given 'data://m/sft.jsonl', allowed: questions of their own"
        ),
    ],
    "validation with what it learns from": [
        (
            "7: customization.techniques.sft.validation: the model learns from it, so that it "
            "validates nothing, given 'data://m/sft.jsonl', allowed: data of its own"
        ),
    ],
    "evaluation that runs for days": [
        (
            "11: customization.evaluate.max_runtime_minutes: out of range, given 1441, allowed: a "
            "whole number from 1 to 1440"
        ),
    ],
    "gate on what is not measured": [
        (
            "12: customization.gate.at_least.scorer:exact_match: is not measured, given "
            "'scorer:exact_match', allowed: benchmark:mmlu, scorer:reward"
        ),
    ],
    "gate on no metric": [
        (
            "12: customization.gate.at_least.accuracy: malformed, given 'accuracy', allowed: "
            "benchmark:<task>, scorer:<name> or judge:<Metric>"
        ),
    ],
    "threshold in percent": [
        (
            "12: customization.gate.at_least.scorer:reward: out of range, given 50, allowed: a "
            "number from 0 to 1"
        ),
    ],
    "gate on a metric of which less is better": [
        (
            "12: customization.gate.at_least.judge:Harmfulness: of it less is better, and a gate "
            "asks for more, given 'judge:Harmfulness', allowed: benchmark:mmlu, scorer:reward"
        ),
    ],
    "better and not worse": [
        (
            "12: customization.gate.not_worse_than_base_by.benchmark:mmlu: does not go with "
            "better_than_base_by, given 0.03, allowed: one of the two"
        ),
    ],
    "gate and nothing measured": [
        ("6: customization.techniques: do not go without evaluate, allowed: customization.evaluate"),
        (
            "11: customization.gate.at_least.scorer:reward: is not measured, given 'scorer:reward', "
            "allowed: a metric of customization.evaluate"
        ),
        (
            "11: customization.gate.not_worse_than_base_by.benchmark:mmlu: is not measured, given "
            "'benchmark:mmlu', allowed: a metric of customization.evaluate"
        ),
    ],
    "request that is no member": [
        (
            "19: customization.request.StopingCondition: unknown key, given 'StopingCondition', did "
            "you mean 'StoppingCondition'?, allowed: OutputDataConfig, StoppingCondition, "
            "DebugHookConfig, DebugRuleConfigurations, TensorBoardOutputConfig, ExperimentConfig, "
            "ProfilerConfig, ProfilerRuleConfigurations, RemoteDebugConfig, InfraCheckConfig, "
            "SessionChainingConfig, ServerlessJobConfig"
        ),
    ],
    "request of what the platform sets": [
        (
            "19: customization.request.ResourceConfig: the platform sets it, allowed: nothing, a "
            "serverless job has no instances, images and network of ours"
        ),
        (
            "19: customization.request.ServerlessJobConfig.Peft: the platform sets it, allowed: "
            "customization.techniques.<technique>.peft"
        ),
    ],
    "reward function of the platform's name": [
        (
            "9: customization.techniques.rlvr.reward_function: is called like one of the platform's "
            "own, given 'exact_match.py', allowed: another name"
        ),
    ],
    "file that is not there": [
        (
            "11: customization.evaluate.scorer: no such file, given 'rewards.py', allowed: did you "
            "mean 'reward.py'? a file of the model's folder: broken.py, evaluate.py, exact_match.py, "
            "inference.py, prepare.py, reward.py, train.py"
        ),
        (
            "12: customization.gate.at_least.scorer:reward: is not measured, given 'scorer:reward', "
            "allowed: benchmark:mmlu, scorer:rewards"
        ),
    ],
    "file that is no reward function": [
        (
            "9: customization.techniques.rlvr.reward_function: is no reward function: broken.py:1: "
            "imports numpy, allowed: modules of Python's standard library"
        ),
        (
            "9: customization.techniques.rlvr.reward_function: is no reward function: broken.py:4: "
            "score is called with three values, given: (answer), wanted: def score(answer, "
            "reference, sample)"
        ),
    ],
    "prompt that is empty": [
        (
            "10: customization.techniques.rlaif.reward_prompt: wrong size, given empty.jinja of 0 "
            "bytes, allowed: 1 to 65536 bytes"
        ),
    ],
    "prompt that is not text": [
        (
            "10: customization.techniques.rlaif.reward_prompt: not UTF-8, given byte 0xff in "
            "binary.jinja, allowed: a file saved as UTF-8"
        ),
    ],
    "prompt that is not there": [
        (
            "10: customization.techniques.rlaif.reward_prompt: no such file, given 'other.jinja', "
            "allowed: did you mean 'good.jinja'? a file of the model's folder: binary.jinja, "
            "empty.jinja, good.jinja"
        ),
    ],
    "base model of Bedrock that is no id": [
        (
            "15: customization.bedrock.base_model: malformed, given 'Nova Lite', allowed: the id of "
            "a model of Amazon Bedrock, such as amazon.nova-lite-v1:0"
        ),
    ],
    "reinforcement of a model that has none": [
        (
            "18: customization.bedrock.customization: AWS has no such customization for "
            "amazon.nova-lite-v1:0:300k, given reinforcement_fine_tuning, allowed: fine_tuning; or "
            "base_model: amazon.nova-2-lite-v1:0:256k"
        ),
    ],
    "reinforcement without a reward function": [
        (
            "18: customization.bedrock.customization: reinforcement_fine_tuning does not go without "
            "reward_function, allowed: a reward_function"
        ),
    ],
    "reward function without reinforcement": [
        (
            "19: customization.bedrock.reward_function: does not go with fine_tuning, given "
            "'exact_match', allowed: reinforcement_fine_tuning"
        ),
    ],
    "continued pre-training": [
        (
            "19: customization.bedrock.customization: AWS has no such customization for "
            "amazon.nova-lite-v1:0:300k, given continued_pre_training, allowed: fine_tuning"
        ),
    ],
    "model that only another API customizes": [
        (
            "14: customization.bedrock.customization: AWS has no such customization for "
            "openai.gpt-oss-20b, given fine_tuning, allowed: only through Bedrock's "
            "OpenAI-compatible API, not CreateModelCustomizationJob"
        ),
    ],
    "distillation without a teacher": [
        (
            "19: customization.bedrock.customization: distillation does not go without its teacher, "
            "allowed: request.customizationConfig.distillationConfig.teacherModelConfig"
        ),
    ],
    "teacher without distillation": [
        (
            "19: customization.bedrock.request.customizationConfig.distillationConfig: does not go "
            "with fine_tuning, allowed: customization: distillation"
        ),
    ],
    "format that a model of Bedrock does not take": [
        (
            "19: customization.bedrock.format: fine_tuning of amazon.nova-lite-v1:0:300k takes no "
            "such data, given bedrock_prompt, allowed: converse"
        ),
    ],
    "format of another customization": [
        (
            "19: customization.bedrock.format: fine_tuning of amazon.nova-lite-v1:0:300k takes no "
            "such data, given continued_pretraining, allowed: converse"
        ),
    ],
    "hyperparameters of Bedrock": [
        (
            "17: customization.bedrock.hyperparameters.batchSize: unknown key, given 'batchSize', "
            "allowed: epochCount, learningRate, learningRateWarmupSteps"
        ),
        (
            "17: customization.bedrock.hyperparameters.epochCount: out of range, given 6, allowed: a "
            "whole number from 1 to 5"
        ),
        (
            "17: customization.bedrock.hyperparameters.learningRate: out of range, given 0.1, "
            "allowed: a number from 1e-06 to 0.0001"
        ),
    ],
    "secret in Bedrock": [
        (
            "17: customization.bedrock.hyperparameters.epochCount: a secret, which everyone who may "
            "see the job could read, allowed: nothing, as jobs of Amazon Bedrock take no tokens"
        ),
    ],
    "reinforcement out of range": [
        (
            "17: customization.bedrock.hyperparameters.batchSize: out of range, given 8, allowed: a "
            "whole number from 16 to 512"
        ),
        (
            "17: customization.bedrock.hyperparameters.reasoningEffort: out of range, given 'none', "
            "allowed: low, medium, high"
        ),
    ],
    "on demand where AWS has it not": [
        (
            "19: customization.bedrock.serving: a customized meta.llama3-1-8b-instruct-v1:0:128k "
            "does not answer on demand, given on_demand, allowed: serving: {provisioned: "
            "{model_units: 1}}, or base_model: amazon.nova-2-lite-v1:0:256k, "
            "amazon.nova-lite-v1:0:300k, amazon.nova-micro-v1:0:128k, amazon.nova-pro-v1:0:300k, "
            "meta.llama3-3-70b-instruct-v1:0:128k"
        ),
    ],
    "unknown serving": [
        (
            "19: customization.bedrock.serving: wrong type, given 'serverless', allowed: settings as "
            "`key: value`: on_demand (default), or {provisioned: {model_units, commitment}}"
        ),
    ],
    "unknown commitment": [
        (
            "19: customization.bedrock.serving.provisioned.commitment: unknown value, given "
            "'forever', allowed: none, one_month, six_months"
        ),
    ],
    "no model units": [
        (
            "19: customization.bedrock.serving.provisioned.model_units: out of range, given 0, "
            "allowed: a whole number from 1 to 100"
        ),
    ],
    "sample without a question": [
        (
            "18: customization.bedrock.sample.prompt: malformed, given '', allowed: a question of 1 "
            "to 4,096 characters"
        ),
    ],
    "no sample": [
        (
            "14: customization.bedrock.sample: is missing, allowed: settings as `key: value`: what "
            "the customized model must answer"
        ),
    ],
    "estimate of Bedrock above the budget": [
        (
            "19: customization.bedrock.spend_usd: one job may cost more than the month's budget, "
            "given 101, allowed: at most monthly_budget_usd, 100"
        ),
    ],
    "request of Bedrock": [
        (
            "19: customization.bedrock.request.jobName: the platform sets it, allowed: nothing, "
            "workflows name their jobs"
        ),
        (
            "19: customization.bedrock.request.vpcConfg: unknown key, given 'vpcConfg', allowed: "
            "customizationConfig"
        ),
    ],
}
"""What must be said of each: line, setting, what is wrong, what was given and what is allowed."""
