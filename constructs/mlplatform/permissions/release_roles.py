"""What a release may do: the function that decides each step, and the workflows that call it.

The function changes the endpoint in one way only: by change sets of the stack's own template, under a role
that it hands to CloudFormation.
"""

from mlplatform.exports import imported
from mlplatform.permissions.grant import Grant
from mlplatform.permissions.places import ours, passed_to, via
from mlplatform.permissions.release_measures import challenger, judgement, observation, reports, shares
from mlplatform.permissions.release_versions import versions
from mlplatform.permissions.run_places import PREDICTIONS, machine_arn, object_arns
from mlplatform.permissions.update_roles import SERVED, answering, component_arn, endpoint_arn, serving_stack
from mlplatform.permissions.workflow_roles import notifications, observability
from mlplatform.policy import Conditions
from mlplatform.serving.parts import Served
from mlplatform.workflows import LIFECYCLE, releases

CHANGE_SETS = "rel-*"
"""What the names of a release's change sets begin with."""

DETAIL_TYPE = "Model Release"
"""Of the events by which other environments hear of a release."""


def function_thing(model: str) -> str:
    """Name, without the environment's part, of the release function of a model and of its role."""
    return f"{model}-release"


def event_source(served: Served) -> str:
    """Source of those events."""
    return f"{served.names.prefix}.{served.names.environment}.releases"


def update_roles(served: Served) -> tuple[str, str]:
    """ARNs of the roles as which CloudFormation changes the stack: every release's, and the first one's."""
    names, model = served.names, served.product.name
    return names.role_arn("release", f"{model}-update"), names.role_arn("release", f"{model}-update-first")


def model_release(served: Served) -> list[Grant]:
    """The policy of the function that decides the steps of a model's releases and rollbacks."""
    return [
        *_stack(served),
        _ledger(served),
        *_endpoint(served),
        *versions(served),
        *observation(served),
        *judgement(served),
        reports(served),
        *([challenger(served)] if served.serving.ab_test and served.scales else []),
        *_executions(served),
        *_keys(served),
        _announcements(served),
    ]


def model_releases(served: Served) -> list[Grant]:
    """The policy of the workflows of a model that call it."""
    function = served.names.name(function_thing(served.product.name), kind="function")
    arn = served.names.arn("lambda", f"function:{function}")
    return [
        Grant("CallFunction", ("lambda:InvokeFunction",), (arn,), "one function decides every step"),
        *notifications(served.settings),
        *observability(served.settings),
    ]


def _stack(served: Served) -> list[Grant]:
    """Plans and updates of one stack. ``cloudformation:RoleArn`` must be given: a stack remembers the last
    role, and without one an update would happen as CDK's.
    """
    stack, either = (serving_stack(served),), update_roles(served)
    named: Conditions = {"StringLike": {"cloudformation:ChangeSetName": CHANGE_SETS}}
    why = "CloudFormation numbers stacks; this one is the model's"
    again: Conditions = {"StringEquals": {"cloudformation:RoleArn": list(either)}}
    inline: Conditions = {"Null": {"cloudformation:StackPolicyUrl": "true"}}
    lift = "a pause lifts the stack policy for the one update that takes the endpoint away, and puts it back"
    changes = tuple(f"cloudformation:{verb}ChangeSet" for verb in ("Delete", "Describe", "Execute"))
    seen = ("DescribeStackEvents", "DescribeStacks", "GetStackPolicy")
    see = tuple(f"cloudformation:{verb}" for verb in seen)
    return [
        Grant("PlanUpdates", ("cloudformation:CreateChangeSet",), stack, why, _planned(served)),
        Grant("CarryOutPlans", changes, stack, why, named),
        Grant("SeeStack", see, stack, why),
        Grant("MendStack", ("cloudformation:ContinueUpdateRollback",), stack, why, again),
        Grant("LiftStackPolicy", ("cloudformation:SetStackPolicy",), stack, lift, inline),
        Grant(
            "PassUpdateRoles",
            ("iam:PassRole",),
            either,
            "CloudFormation changes the stack as these roles, which touch nothing but what serves",
            passed_to("cloudformation"),
        ),
    ]


def _planned(served: Served) -> Conditions:
    """A plan of the stack's own template, with resources of its types, as one of the two roles."""
    return {
        "StringEquals": {"cloudformation:RoleArn": list(update_roles(served))},
        "StringLike": {"cloudformation:ChangeSetName": CHANGE_SETS},
        "ForAllValues:StringEquals": {"cloudformation:ResourceTypes": list(served.resource_types)},
        "Null": {
            "cloudformation:ImportResourceTypes": "true",
            "cloudformation:ResourceTypes": "false",
            "cloudformation:StackPolicyUrl": "true",
            "cloudformation:TemplateUrl": "true",
        },
    }


def _ledger(served: Served) -> Grant:
    table = served.names.arn("dynamodb", f"table/{served.names.name('release-ledger')}")
    mine: Conditions = {
        "ForAllValues:StringEquals": {"dynamodb:LeadingKeys": [served.endpoint]},
        "Null": {"dynamodb:LeadingKeys": "false"},
    }
    actions = tuple(f"dynamodb:{verb}" for verb in ("DeleteItem", "GetItem", "PutItem", "Query"))
    return Grant("KeepLedger", actions, (table,), "the endpoint's own items", mine)


def _endpoint(served: Served) -> list[Grant]:
    settings, endpoint, answers = served.settings, (endpoint_arn(served),), answering(served)
    parts = ("endpoint-config/*", "model/*")
    made = tuple(served.names.arn("sagemaker", part) for part in parts)
    mark: Conditions = {
        "StringEquals": {f"aws:RequestTag/{SERVED}": "true"},
        "ForAllValues:StringEquals": {"aws:TagKeys": [SERVED]},
    }
    unmark: Conditions = {
        "ForAllValues:StringEquals": {"aws:TagKeys": [SERVED]},
        "Null": {"aws:TagKeys": "false"},
    }
    is_async = served.serving.mode == "async"
    invoke = "sagemaker:InvokeEndpointAsync" if is_async else "sagemaker:InvokeEndpoint"
    sample = object_arns(settings, f"{PREDICTIONS}{served.product.name}/async/sample")
    put = Grant("PutSample", ("s3:PutObject",), sample, "where the endpoint reads it", ours(settings))
    return [
        shares(endpoint) if served.serving.ab_test else _seen(endpoint),
        Grant(
            "SeeConfiguration",
            ("sagemaker:DescribeEndpointConfig", "sagemaker:DescribeModel"),
            made,
            "CloudFormation names models and configurations; what an endpoint serves is read from them",
        ),
        *(_component(served) if served.has_components else []),
        Grant("SendSample", (invoke,), answers, "a version serves when the sample request succeeds"),
        *([put] if is_async else []),
        Grant("MarkServed", ("sagemaker:AddTags",), answers, "from then on nothing deletes it", mark),
        Grant(
            "UnmarkServed",
            ("sagemaker:DeleteTags",),
            answers,
            "a pause lets CloudFormation delete it, as the role of the first release",
            unmark,
        ),
    ]


def _seen(endpoint: tuple[str]) -> Grant:
    return Grant("SeeEndpoint", ("sagemaker:DescribeEndpoint",), endpoint, "what serves is verified")


def _component(served: Served) -> list[Grant]:
    component = (component_arn(served),)
    return [Grant("SeeComponent", ("sagemaker:DescribeInferenceComponent",), component, "it is what serves")]


def _executions(served: Served) -> list[Grant]:
    machines = {
        workflow: machine_arn(served.names, served.product.name, workflow)
        for workflow in releases(served.product, served.settings)
    }
    runs = {name: f"{arn.replace(':stateMachine:', ':execution:')}:*" for name, arn in machines.items()}
    pauses = (runs.pop(LIFECYCLE),)
    see, why = ("states:DescribeExecution",), "a lease is taken from an execution only when that has ended"
    end, ends = (*see, "states:StopExecution"), f"{why}; a rollback ends a release"
    return [
        Grant("EndExecutions", end, tuple(runs.values()), ends),
        Grant("SeePauses", see, pauses, why),
    ]


def _keys(served: Served) -> list[Grant]:
    """The ledger's key, which is that of reports and of samples for asynchronous endpoints as well."""
    settings, key = served.settings, (imported("ArtifactsKeyArn", served.settings),)
    ledger = via(settings, "dynamodb")
    use = Grant("UseKey", ("kms:GenerateDataKey",), key, "what it puts is encrypted", via(settings, "s3"))
    return [
        Grant("DecryptLedger", ("kms:Decrypt",), key, "the ledger is encrypted", ledger),
        use,
    ]


def _announcements(served: Served) -> Grant:
    bus = (served.names.arn("events", "event-bus/default"),)
    # A request may put several events, so the keys have several values.
    told: Conditions = {
        "ForAllValues:StringEquals": {
            "events:source": event_source(served),
            "events:detail-type": DETAIL_TYPE,
        },
        "Null": {"events:source": "false", "events:detail-type": "false"},
    }
    return Grant("Announce", ("events:PutEvents",), bus, "other environments hear of releases", told)
