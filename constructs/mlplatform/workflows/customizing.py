"""What the workflow customize of a model is told: every request of its jobs, and where it keeps what.

Requests are as CreateTrainingJob takes them, but for blanks like ``<RunId>``. ``lambda/customization`` fills
them in and starts the jobs, because Step Functions' own integrations may not know the members yet.
"""

import base64
import hashlib
import json
from typing import Any

from mlplatform.ai_registry import hub_name
from mlplatform.customization import catalog
from mlplatform.customization.reward_deployments import deployments
from mlplatform.customization.reward_package import pack
from mlplatform.permissions.customization_places import (
    BASE_RESULTS,
    FUNCTION_ROLE,
    KEPT,
    PROMPTS,
    RUN_CHARACTERS,
    SPENDING,
    rewards,
)
from mlplatform.permissions.run_places import KEPT as VERSIONS
from mlplatform.settings import Environment, ModelProduct
from mlplatform.settings.customization import CustomizationSettings, TechniqueSettings
from mlplatform.settings.customization_evaluation import CustomizationGateSettings
from mlplatform.settings.customization_rewards import RewardSettings
from mlplatform.settings.customization_values import prompt_name
from mlplatform.workflows import customizing_requests as requests
from mlplatform.workflows.customizing_measurements import measurements
from mlplatform.workflows.customizing_requests import customized
from mlplatform.workflows.serving_specification import MERGED, serving_specification

Literal = dict[str, Any]


def function_arn(product: ModelProduct, settings: Environment) -> str:
    """ARN of the function that decides each step."""
    name = settings.names.name(f"{product.name}{FUNCTION_ROLE}", kind="function")
    return settings.names.arn("lambda", f"function:{name}")


def customization_literal(product: ModelProduct, settings: Environment) -> Literal:
    """``Customization`` of every call of the function."""
    section, names = customized(product), settings.names
    name, version = section.hub_model
    evaluate = section.evaluate
    questions, scorer = (evaluate.data, evaluate.scorer) if evaluate else (None, None)
    return {
        "Model": product.name,
        "Environment": settings.name,
        "Card": {"Description": product.description, "Owner": product.owner},
        "Hub": hub_name(settings.region, settings.account),
        "PackageGroup": settings.neighbours.registry.package_group_arn(product.name),
        "BaseModel": {"Name": name, "Version": version},
        "MlflowApp": names.name("mlflow", kind="studio") if settings.studio.mlflow == "app" else None,
        "BudgetUsd": section.monthly_budget_usd,
        "RunCharacters": RUN_CHARACTERS,
        "Places": _places(product, settings),
        "Techniques": {one: _technique(one, section, product, settings) for one in section.techniques},
        "EvaluationDataset": names.hub_content(product.name, "evaluation") if questions else None,
        "Scorer": _function(scorer.reward if scorer else None, product, settings),
        "EvaluationSeconds": evaluate.max_runtime_minutes * 60 if evaluate else 0,
        "Measurements": measurements(section, product, settings),
        **_serving(product, settings),
    }


def _serving(product: ModelProduct, settings: Environment) -> Literal:
    """How a version is served, and where the whole model lies; nothing for a model that is not."""
    specification = serving_specification(product, settings)
    return {"Serving": {"Folder": MERGED, "Specification": specification}} if specification else {}


def checks(product: ModelProduct, settings: Environment) -> dict[str, list[Literal]]:
    """Data checks of each technique: the channels, and what their lines must look like."""
    section = customized(product)
    questions = section.evaluate is not None and section.evaluate.data is not None
    asked = {"Name": "evaluation", "Channels": ["evaluation"], "Format": _format("evaluation", None)}
    return {
        name: [
            {
                "Name": "training",
                "Channels": list(requests.channels(technique)),
                "Format": _format(section.format_of(name), technique.sequence_length)
                | _numbers(name, section),
            },
            *([asked] if questions else []),
        ]
        for name, technique in section.techniques.items()
    }


def gate(given: CustomizationGateSettings | None) -> Literal:
    """The gate as ``lambda/quality_gate`` takes it."""
    asked = given or CustomizationGateSettings()
    return {
        "AtLeast": dict(asked.at_least),
        "BetterThanBaseBy": dict(asked.better_than_base_by),
        "NotWorseThanBaseBy": dict(asked.not_worse_than_base_by),
        "NotWorseThanLiveBy": dict(asked.not_worse_than_live_by),
    }


def _format(name: str, sequence_length: str | None) -> Literal:
    """As ``lambda/dataset_check`` takes it: no line may be wrong."""
    length = {"SequenceLength": sequence_length} if sequence_length else {}
    return {"Format": name, "Header": False, "MaximumBadRows": 0, **length}


def _numbers(name: str, section: CustomizationSettings) -> Literal:
    """How many records a technique takes, as far as AWS says so, and what becomes of equal ones."""
    fewest, most = catalog.rows(catalog.kind_of(section.hub_model[0]), name)
    limits = {"MinimumRows": fewest, "MaximumRows": most}
    given = {key: value for key, value in limits.items() if value is not None}
    return {"Duplicates": section.techniques[name].duplicates, **given}


def _places(product: ModelProduct, settings: Environment) -> dict[str, str]:
    """Where things are kept, with the blank of the run in some."""
    bucket = f"s3://{settings.names.bucket('artifacts')}"
    kept, run = f"{bucket}/{KEPT}{product.name}/", f"{bucket}/{VERSIONS}{product.name}/<RunId>/"
    return {
        "Spend": f"{kept}{SPENDING}",
        "Base": f"{kept}{BASE_RESULTS}",
        "Evaluation": f"{run}evaluation/evaluation.json",
        "Gate": f"{run}gate.json",
    }


def _technique(
    name: str, section: CustomizationSettings, product: ModelProduct, settings: Environment
) -> Literal:
    technique = section.techniques[name]
    contents = {
        channel: settings.names.hub_content(product.name, f"{name}-{channel}")
        for channel in requests.channels(technique)
    }
    return {
        "SpendUsd": technique.spend_usd,
        "UsdPerMillionTokens": _prices(technique, section),
        "StartFrom": technique.start_from,
        "MaximumSeconds": technique.max_runtime_minutes * 60,
        "Datasets": contents,
        "Evaluator": _evaluator(technique, product, settings),
        "Request": requests.fine_tuning(name, section, product, settings),
    }


def _prices(technique: TechniqueSettings, section: CustomizationSettings) -> Literal | None:
    """AWS's prices, where they tell all that a run costs: models of Amazon Bedrock bill for themselves."""
    evaluate = section.evaluate
    training, evaluation = technique.usd_per_million_tokens, evaluate and evaluate.usd_per_million_tokens
    if not training or not evaluation or technique.reward_model or (evaluate and evaluate.judge):
        return None
    return {"Training": training, "Evaluation": evaluation}


def _evaluator(technique: TechniqueSettings, product: ModelProduct, settings: Environment) -> Literal | None:
    """What rewards answers: a function, a prompt of the model's folder, or nothing of ours."""
    prompt = technique.reward_prompt
    if prompt is None or not prompt.endswith(".jinja"):
        return _function(technique.reward_function, product, settings)
    content = (product.folder / prompt).read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    folder = f"s3://{settings.names.bucket('artifacts')}/{KEPT}{product.name}/{PROMPTS}"
    return {
        "Type": "RewardPrompt",
        "Name": settings.names.hub_content(product.name, prompt_name(prompt)),
        "Reference": f"{folder}{digest}.jinja",
        "Code": digest,
        # Encoded: a template's braces and percent signs are nobody's placeholder or expression.
        "Base64": base64.b64encode(content).decode(),
    }


def _function(reward: RewardSettings | None, product: ModelProduct, settings: Environment) -> Literal | None:
    """A reward function of ours; what SageMaker has itself needs none. ``Code`` changes with what it runs,
    and with what the settings tell it.
    """
    known = {one.name: one for one in deployments(requests.customized(product))}
    arns = rewards(product, settings, "sagemaker")
    if reward is None or reward.name not in arns:
        return None
    told = known[reward.name].variables(product.folder)
    given = [pack(reward, product.folder).sha256, sorted(told.items())]
    return {
        "Type": "RewardFunction",
        "Name": settings.names.hub_content(product.name, reward.name),
        "Reference": arns[reward.name],
        "Code": hashlib.sha256(json.dumps(given).encode()).hexdigest(),
    }
