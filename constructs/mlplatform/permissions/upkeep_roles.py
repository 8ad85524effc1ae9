"""What upkeep of an endpoint may do: the clock that calls the function, and what the function deletes."""

from typing import Any

from mlplatform.permissions.grant import Grant
from mlplatform.permissions.places import sagemaker_arns
from mlplatform.permissions.trigger_roles import scheduled, undelivered
from mlplatform.permissions.update_roles import serving_stack
from mlplatform.policy import Conditions, document, within
from mlplatform.serving.parts import Served

THING = "upkeep"
"""What the names of the role and of the schedule end with."""


def model_upkeep(served: Served, function_arn: str) -> list[Grant]:
    """The policy of the schedule's role: it calls the one function, and keeps what it could not deliver."""
    why = "the clock calls the function that looks after the endpoint"
    call = Grant("CallFunction", ("lambda:InvokeFunction",), (function_arn,), why)
    return [call, *undelivered(served.settings)]


def upkeep_trust(served: Served) -> dict[str, Any]:
    """Trust policy of that role: EventBridge Scheduler, for the account's own schedules."""
    return document(scheduled(served.settings))


def sweeping(served: Served) -> list[Grant]:
    """What the release function may do besides, to delete what nobody needs any more.

    It may delete what the update roles may: what carries the tags of this model, never an endpoint.
    """
    models, configs = (sagemaker_arns(served.settings, part) for part in ("model/*", "endpoint-config/*"))
    mine: Conditions = {
        "StringEquals": {
            "aws:ResourceTag/model": served.product.name,
            "aws:ResourceTag/environment": served.settings.name,
        }
    }
    why = "CloudFormation names models and configurations; the tags say that they are this model's"
    listed = "SageMaker lists no models and configurations in particular"
    delete = ("sagemaker:DeleteEndpointConfig", "sagemaker:DeleteModel")
    find = ("sagemaker:ListEndpointConfigs", "sagemaker:ListModels")
    resources = ("cloudformation:ListStackResources",)
    stack = (serving_stack(served),)
    return [
        Grant("SeeResources", resources, stack, "what the stack has now is never deleted"),
        Grant("FindRetained", find, ("*",), listed, within(served.settings.region)),
        Grant("SeeTags", ("sagemaker:ListTags",), (*configs, *models), why),
        Grant("DeleteRetained", delete, (*configs, *models), why, mine),
        *undelivered(served.settings),
    ]
