"""What customizing one model in Amazon Bedrock acts on.

Bedrock numbers jobs, models, deployments and throughput, so that no name tells whose they are: everything a
run makes carries a tag with the name of the model's state machine, and permissions go by it.
"""

from typing import Any

from mlplatform.exports import imported
from mlplatform.permissions.grant import Grant
from mlplatform.permissions.places import passed_to, via
from mlplatform.policy import Conditions, within
from mlplatform.settings import Environment
from mlplatform.settings.products import ModelProduct
from mlplatform.workflows import bedrock

NUMBERED = "Bedrock numbers what it makes; the tag says that a run of this model's workflow made it"


def uses_bedrock(settings: Environment) -> bool:
    """Whether a model of the environment is customized in Amazon Bedrock."""
    return settings.training and any(bedrock.has(product) for product in settings.products)


def customized_in_bedrock(product: ModelProduct, settings: Environment) -> bool:
    """Whether a model has the workflows of Amazon Bedrock in the environment."""
    return settings.training and bedrock.has(product)


def buys_capacity(settings: Environment) -> bool:
    """Whether a workflow asks a person before it buys capacity for a term."""
    products = (product for product in settings.products if customized_in_bedrock(product, settings))
    return any(bedrock.commitment(product) for product in products)


def imports_versions(product: ModelProduct) -> bool:
    """Whether versions of the registry can be those of a customization in SageMaker."""
    return product.customization is not None and bool(product.customization.techniques)


def numbered(settings: Environment, *kinds: str) -> tuple[str, ...]:
    """ARN patterns of kinds of resources of Bedrock in the environment's account and region."""
    return tuple(settings.names.arn("bedrock", f"{kind}/*") for kind in kinds)


def base_model(product: ModelProduct, settings: Environment) -> tuple[str, ...]:
    """ARNs of the model a job customizes and of those that come of it."""
    base, names = bedrock.settings_of(product).base_model, settings.names
    foundation = names.arn("bedrock", f"foundation-model/{base}", account="")
    return (foundation, names.arn("bedrock", f"custom-model/{base}/*"))


def mine(product: ModelProduct, settings: Environment) -> Conditions:
    """The resource was made by a run of this model's workflow."""
    return {"StringEquals": {f"aws:ResourceTag/{bedrock.OWNER_TAG}": bedrock.owner(product, settings)}}


def becomes_mine(product: ModelProduct, settings: Environment) -> Conditions:
    """The request gives what it makes the tag of this model's workflow."""
    return {"StringEquals": {f"aws:RequestTag/{bedrock.OWNER_TAG}": bedrock.owner(product, settings)}}


def tag_new(product: ModelProduct, settings: Environment, *kinds: str) -> Grant:
    """Tagging what is being made: a resource that has an owner gets no other."""
    unowned = {"Null": {f"aws:ResourceTag/{bedrock.OWNER_TAG}": "true"}}
    condition = {**becomes_mine(product, settings), **unowned}
    why = "what a run makes is tagged as the model's while it is made, which has no number yet"
    return Grant("TagNew", ("bedrock:TagResource",), numbered(settings, *kinds), why, condition)


def start_jobs(product: ModelProduct, settings: Environment) -> Grant:
    """Customizing the base model of the settings, and no other."""
    models = base_model(product, settings)
    why = "Bedrock numbers the models that come of the base model; what is not this model's is no base"
    condition = {
        **becomes_mine(product, settings),
        "StringEqualsIfExists": mine(product, settings)["StringEquals"],
    }
    return Grant("StartJobs", ("bedrock:CreateModelCustomizationJob",), models, why, condition)


def follow_jobs(product: ModelProduct, settings: Environment) -> Grant:
    """Following and stopping the model's own jobs."""
    actions = ("bedrock:GetModelCustomizationJob", "bedrock:StopModelCustomizationJob")
    jobs = numbered(settings, "model-customization-job")
    return Grant("FollowJobs", actions, jobs, NUMBERED, mine(product, settings))


def pass_role(product: ModelProduct, settings: Environment) -> Grant:
    """Handing Bedrock the role of the model's jobs."""
    why = "the model's jobs run as a role of their own"
    role = bedrock.role(product, settings)
    return Grant("PassJobRole", ("iam:PassRole",), (role,), why, passed_to("bedrock"))


def model_key(settings: Environment) -> list[Grant]:
    """The key that customized models are encrypted with, used through Bedrock alone.

    Amazon Bedrock user guide, "Encryption of custom models": whoever makes a model or calls one.
    """
    key = (imported("ArtifactsKeyArn", settings),)
    through = via(settings, "bedrock")
    lent: dict[str, Any] = {**through, "Bool": {"kms:GrantIsForAWSResource": "true"}}
    why = "customized models are encrypted"
    return [
        Grant("UseModelKey", ("kms:Decrypt", "kms:GenerateDataKey"), key, why, through),
        Grant("DescribeModelKey", ("kms:DescribeKey",), key, "Bedrock looks at the key of a model"),
        Grant("LendModelKey", ("kms:CreateGrant",), key, "Bedrock keeps and serves the model", lent),
    ]


def lists(settings: Environment) -> Grant:
    """Finding what runs made by its name."""
    kinds = ("ModelCustomizationJobs", "ModelImportJobs", "CustomModels", "ImportedModels")
    serving = ("CustomModelDeployments", "ProvisionedModelThroughputs")
    actions = tuple(f"bedrock:List{kind}" for kind in (*kinds, *serving))
    why = "lists are of no resource in particular"
    return Grant("FindByName", actions, ("*",), why, within(settings.region))
