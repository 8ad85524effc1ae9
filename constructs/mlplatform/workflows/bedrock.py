"""What the workflows of Amazon Bedrock are told: the request of a job, and how its model serves.

The request stands in the API's own words. Step Functions' optimized integration writes the same members with
a capital letter, and documents none for reinforcement fine-tuning and distillation (Step Functions guide,
"Invoke and customize Amazon Bedrock models"): the model's function starts those.
"""

from typing import Any

from mlplatform.permissions.customization_places import rewards
from mlplatform.settings import Environment, ModelProduct
from mlplatform.settings.customization_bedrock import BedrockSettings
from mlplatform.workflows.places import RUN, jsonata
from mlplatform.workflows.requests import Request, merged, tags, vpc

CUSTOMIZE, RETIRE = WORKFLOWS = ("customize-bedrock", "retire-bedrock")

DOCUMENTED, COMMITMENT = "documented", "commitment"
"""What states are marked with that only some models have: the optimized integration, the question to a
person."""

RECORDS = "customization/"
"""Where in the artifacts bucket the records and the spend of customizations lie, below the model's name."""

OWNER_TAG = "workflow"
"""Tag of everything that a run makes in Bedrock, which numbers its resources: permissions go by it. Its
value, the name of the model's state machine, is unique in an account and region."""

COMMITMENTS = {"none": None, "one_month": "OneMonth", "six_months": "SixMonths"}
TERMS = {"none": "no term", "one_month": "one month", "six_months": "six months"}

_MAPS = frozenset({"hyperParameters"})
"""Members whose keys are the caller's own."""


def has(product: ModelProduct) -> bool:
    """Whether Bedrock customizes the product."""
    return product.customization is not None and product.customization.bedrock is not None


def present(product: ModelProduct) -> frozenset[str]:
    """The marks of states that the product has."""
    marks = {DOCUMENTED: documented(product), COMMITMENT: bool(commitment(product))}
    return frozenset(mark for mark, needed in marks.items() if needed)


def settings_of(product: ModelProduct) -> BedrockSettings:
    """The product's section. Raises ValueError for a product that Bedrock does not customize."""
    if product.customization is None or product.customization.bedrock is None:
        raise ValueError(f"{product.name} is not customized in Bedrock: model.yaml has no such section")
    return product.customization.bedrock


def channels(product: ModelProduct) -> dict[str, str]:
    """Locations of the data of a job: ``train`` and, if there is one, ``validation``."""
    bedrock = settings_of(product)
    return {"train": bedrock.train, **({"validation": bedrock.validation} if bedrock.validation else {})}


def documented(product: ModelProduct) -> bool:
    """Whether Step Functions documents every member of the product's request."""
    bedrock = settings_of(product)
    return "customizationConfig" not in bedrock.request and bedrock.reward_function is None


def owner(product: ModelProduct, settings: Environment) -> str:
    """The value of the tag that everything of the model in Bedrock has."""
    return settings.names.name(f"{product.name}-{CUSTOMIZE}", kind="workflow")


def role(product: ModelProduct, settings: Environment) -> str:
    """ARN of the role that Bedrock's jobs for the model run as."""
    return settings.names.role_arn("job", f"{product.name}-bedrock")


def grader(product: ModelProduct, settings: Environment) -> str | None:
    """ARN of the function that scores answers during a reinforcement fine-tuning, if there is one."""
    return next(iter(rewards(product, settings, "bedrock").values()), None)


def function_thing(product: ModelProduct) -> str:
    """What the model's function and its role are named after; another word than the role of jobs."""
    return f"{product.name}-bedrock-steps"


def function_arn(product: ModelProduct, settings: Environment) -> str:
    """ARN of the model's function."""
    name = settings.names.name(function_thing(product), kind="function")
    return settings.names.arn("lambda", f"function:{name}")


def folder(product: ModelProduct, settings: Environment, what: str) -> str:
    """Address of a folder of the model's customization, ``bedrock`` or ``spend``."""
    return f"s3://{settings.names.bucket('artifacts')}/{RECORDS}{product.name}/{what}"


def literal(product: ModelProduct, settings: Environment) -> dict[str, Any]:
    """``Bedrock`` of every call of the model's function."""
    bedrock, customization = settings_of(product), product.customization
    return {
        "Model": product.name,
        "Prefix": settings.names.bedrock(product.name),
        "Role": role(product, settings),
        "Key": "${ArtifactsKeyArn}",
        "Vpc": _lower(vpc_config()),
        "Tags": _lower(_tags(product, settings)),
        "Documented": documented(product),
        "Request": _request(product, settings),
        "Serving": _serving(bedrock),
        "MaximumMinutes": bedrock.max_runtime_minutes,
        "SpendUsd": bedrock.spend_usd,
        "MonthlyBudgetUsd": customization.monthly_budget_usd if customization else 0,
        "Spend": folder(product, settings, "spend"),
        "Records": folder(product, settings, "bedrock"),
    }


def job_request(product: ModelProduct, settings: Environment) -> Request:
    """The request of the state Customize, as the optimized integration spells it."""
    bedrock, name = settings_of(product), jsonata(f"'{settings.names.bedrock(product.name)}-' & {RUN}")
    records = folder(product, settings, "bedrock")
    request: Request = {
        "JobName": name,
        "CustomModelName": name,
        "ClientRequestToken": jsonata(RUN),
        "TrainingDataConfig": {"S3Uri": jsonata("$run.Data.train")},
        "OutputDataConfig": {"S3Uri": jsonata(f"'{records}/' & {RUN} & '/'")},
        "HyperParameters": jsonata("$run.Hyperparameters"),
        **_upper(_request(product, settings)),
    }
    if bedrock.validation:
        request["ValidationDataConfig"] = {"Validators": [{"S3Uri": jsonata("$run.Data.validation")}]}
    return request


def vpc_config() -> Request:
    """The network of a job, in the spelling of Step Functions."""
    network = vpc()
    return {"SubnetIds": network["Subnets"], "SecurityGroupIds": network["SecurityGroupIds"]}


def commitment(product: ModelProduct) -> str:
    """What somebody confirms who has capacity bought for a term: how much, for how long, what follows."""
    provisioned = settings_of(product).serving.provisioned
    if provisioned is None or provisioned.commitment == "none":
        return ""
    units, term = provisioned.model_units, TERMS[provisioned.commitment]
    return (
        f"{units} model unit{'s' if units > 1 else ''} of Provisioned Throughput would be bought for {term}. "
        "They are billed by the hour for the whole term, used or not. AWS does not let anybody delete them "
        "before the term ends: neither retire-bedrock, nor deleting the model or the stack ends the bill."
    )


def _request(product: ModelProduct, settings: Environment) -> Request:
    """The members of CreateModelCustomizationJob that every run has, in the API's own words."""
    bedrock = settings_of(product)
    request: Request = {
        "roleArn": role(product, settings),
        "baseModelIdentifier": bedrock.base_model,
        "customizationType": bedrock.customization.upper(),
        "customModelKmsKeyId": "${ArtifactsKeyArn}",
        "vpcConfig": _lower(vpc_config()),
        "jobTags": _lower(_tags(product, settings)),
        "customModelTags": _lower(_tags(product, settings)),
    }
    if function := grader(product, settings):
        scored = {"graderConfig": {"lambdaGrader": {"lambdaArn": function}}}
        request["customizationConfig"] = {"rftConfig": scored}
    return merged(request, bedrock.request)


def _tags(product: ModelProduct, settings: Environment) -> list[Request]:
    others = [tag for tag in tags(product, settings) if tag["Key"] != OWNER_TAG]
    return [*others, {"Key": OWNER_TAG, "Value": owner(product, settings)}]


def _serving(bedrock: BedrockSettings) -> dict[str, Any]:
    provisioned = bedrock.serving.provisioned
    if provisioned is None:
        return {"Kind": "on_demand", "ModelUnits": 0, "Commitment": None}
    term = COMMITMENTS[provisioned.commitment]
    return {"Kind": "provisioned", "ModelUnits": provisioned.model_units, "Commitment": term}


def _lower(value: Any) -> Any:
    return _spelled(value, str.lower)


def _upper(value: Any) -> Any:
    return _spelled(value, str.upper)


def _spelled(value: Any, spell: Any) -> Any:
    """Members with another first letter, whatever lies within."""
    if isinstance(value, dict):
        return {
            spell(key[:1]) + key[1:]: item if key in _MAPS else _spelled(item, spell)
            for key, item in value.items()
        }
    return [_spelled(item, spell) for item in value] if isinstance(value, list) else value
