"""What one model's customization is called: its roles, jobs, functions, and where it keeps things.

A pattern here matches the names of one model and of no other: ``acme-dev-churn-*`` would match those of the
model ``churn-two`` as well, so what differs between runs is matched by its length (``?``).
"""

from mlplatform.ai_registry import hub_name
from mlplatform.customization.reward_deployments import Service, deployments
from mlplatform.names import MAX_ENVIRONMENT, MAX_MODEL, MAX_PREFIX, Names
from mlplatform.permissions.places import sagemaker_arns
from mlplatform.settings import Environment
from mlplatform.settings.customization import CustomizationSettings
from mlplatform.settings.customization_values import prompt_name
from mlplatform.settings.products import ModelProduct

KEPT = "customization/"
"""Where in the artifacts bucket each model's spending, prompts and results of base models lie."""

PROMPTS, SPENDING, BASE_RESULTS = "prompts/", "spend/", "base/"
"""Folders there: reward prompts, what jobs cost by month, and what base models showed."""

RESULTS = "evaluation/evaluation.json"
"""Where below a run's folder lies what the gate reads; the function alone writes it."""

PUBLIC_HUB = "SageMakerPublicHub"
"""AWS's hub of base models, in every region."""

LONGEST_BASE = MAX_PREFIX + 1 + MAX_ENVIRONMENT + 1 + MAX_MODEL
"""Characters of the longest ``<prefix>-<environment>-<model>``."""

MOST_NAME, SUFFIX = 63, len("-base-1")
"""Characters of a job's name (SageMaker API, TrainingJobName), and of what an evaluation's ends with."""

RUN_CHARACTERS = MOST_NAME - SUFFIX - 1 - LONGEST_BASE
"""Characters of a run's id that the names of its jobs have: as many as fit the longest name. The same for all
models: were they more where a name is short, ``?`` would match jobs of ``churn-v2`` for ``churn``."""

FUNCTION_ROLE, JOB_ROLE, REWARD_ROLE, WORKFLOW_ROLE = (
    "-customization",
    "-customize-job",
    "-reward",
    "-customize",
)
"""How the names of a model's roles for customization end; that of the function is the function's own."""


def customized(product: ModelProduct, settings: Environment) -> CustomizationSettings | None:
    """The section of a model that is customized in SageMaker here; None for any other."""
    section = product.customization
    return section if settings.training and section is not None and section.techniques else None


def rewards(product: ModelProduct, settings: Environment, service: Service | None = None) -> dict[str, str]:
    """ARN of each reward function of a model by its name, of those that ``service`` asks if one is given;
    none where nothing trains.
    """
    if not settings.training or product.customization is None:
        return {}
    names = settings.names
    return {
        one.name: names.arn("lambda", f"function:{names.reward_function(product.name, one.name)}")
        for one in deployments(product.customization)
        if service is None or service in one.services
    }


def content_names(product: ModelProduct, settings: Environment) -> dict[str, tuple[str, ...]]:
    """Names of what a model has in the AI Registry, by type: data sets and evaluators."""
    section = product.customization
    if section is None:
        return {}
    data = {
        f"{technique}-{channel}": getattr(given, channel)
        for technique, given in section.techniques.items()
        for channel in ("train", "validation")
    } | {"evaluation": section.evaluate.data if section.evaluate else None}
    prompts = (one.reward_prompt for one in section.techniques.values())
    files = [prompt for prompt in prompts if prompt and prompt.endswith(".jinja")]
    kinds = {
        "DataSet": [thing for thing, location in data.items() if location],
        "JsonDoc": [*rewards(product, settings, "sagemaker"), *map(prompt_name, files)],
    }
    return {
        kind: tuple(settings.names.hub_content(product.name, thing) for thing in things)
        for kind, things in kinds.items()
    }


def job_arns(names: Names, model: str) -> tuple[str, ...]:
    """ARN patterns of a model's jobs: the customization of a run, and evaluations of what it made and of
    the base model.
    """
    run = "?" * RUN_CHARACTERS
    start = f"training-job/{names.name(model, kind='model')}-{run}"
    return tuple(names.arn("sagemaker", f"{start}{rest}") for rest in ("", "-eval-?", "-base-?"))


def own_contents(product: ModelProduct, settings: Environment) -> tuple[str, ...]:
    """ARNs of the account's AI Registry and of what a model has there: its data sets and evaluators.

    Service Authorization Reference, "Resource types defined by Amazon SageMaker AI": content is named without
    its version there, and with it in what the API answers.
    """
    hub = hub_name(settings.region, settings.account)
    named = [f"{kind}/{name}" for kind, names in content_names(product, settings).items() for name in names]
    contents = (f"hub-content/{hub}/{content}{rest}" for content in named for rest in ("", "/*"))
    return sagemaker_arns(settings, f"hub/{hub}", *contents)


def base_model(section: CustomizationSettings, settings: Environment) -> tuple[str, ...]:
    """ARNs of AWS's hub and of the base model that is in it."""
    model = f"hub-content/{PUBLIC_HUB}/Model/{section.hub_model[0]}"
    found = (f"hub/{PUBLIC_HUB}", model, f"{model}/*")
    return tuple(settings.names.arn("sagemaker", one, account="aws") for one in found)
