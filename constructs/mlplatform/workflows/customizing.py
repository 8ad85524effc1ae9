"""What the workflow customize of a model is told: every request of its jobs, and where it keeps what.

Requests are as CreateTrainingJob takes them, but for blanks like ``<RunId>``. ``lambda/customization`` fills
them in and starts the jobs, because Step Functions' own integrations may not know the members yet.
"""

import base64
import hashlib
from typing import Any

from mlplatform.ai_registry import hub_name
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
from mlplatform.settings.customization_values import reward_name
from mlplatform.workflows import customizing_requests as requests
from mlplatform.workflows.customizing_measurements import measurements
from mlplatform.workflows.customizing_requests import customized

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
    questions = evaluate.data if evaluate else None
    return {
        "Model": product.name,
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
        "Scorer": _function(evaluate.scorer if evaluate else None, product, settings),
        "EvaluationSeconds": evaluate.max_runtime_minutes * 60 if evaluate else 0,
        "Measurements": measurements(section, product, settings),
    }


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
                "Format": _format(section.format_of(name), technique.sequence_length),
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
        "StartFrom": technique.start_from,
        "MaximumSeconds": technique.max_runtime_minutes * 60,
        "Datasets": contents,
        "Evaluator": _evaluator(technique, product, settings),
        "Request": requests.fine_tuning(name, section, product, settings),
    }


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
        "Name": settings.names.hub_content(product.name, reward_name(prompt)),
        "Reference": f"{folder}{digest}.jinja",
        "Code": digest,
        # Encoded: a template's braces and percent signs are nobody's placeholder or expression.
        "Base64": base64.b64encode(content).decode(),
    }


def _function(reward: str | None, product: ModelProduct, settings: Environment) -> Literal | None:
    """A reward function of ours; what SageMaker has itself needs none. ``Code`` changes with what it runs."""
    arn = rewards(product, settings).get(reward or "")
    if reward is None or arn is None:
        return None
    return {
        "Type": "RewardFunction",
        "Name": settings.names.hub_content(product.name, reward_name(reward)),
        "Reference": arn,
        "Code": pack(reward, product.folder).sha256,
    }
