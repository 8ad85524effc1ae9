"""What CloudFormation may do with one model's Serving stack when a release changes it.

CloudFormation names models and configurations itself, so that their names say nothing; their tags do.
"""

from typing import Any

from mlplatform.exports import imported
from mlplatform.permissions.grant import Grant
from mlplatform.permissions.places import passed_to, sagemaker_arns
from mlplatform.policy import Conditions, document, within
from mlplatform.serving.endpoint_config import has_key
from mlplatform.serving.parts import CHALLENGER, PRODUCTION, Served

SERVED = "served"
"""Tag of an endpoint that has served: no role of a release deletes it while it has that, and only a pause
takes it away (lambda/release)."""


def serving_stack(served: Served) -> str:
    """ARN pattern of the model's Serving stack, whose id CloudFormation makes up."""
    name = served.names.stack(f"Serving-{served.product.name}")
    return served.names.arn("cloudformation", f"stack/{name}/*")


def endpoint_arn(served: Served) -> str:
    """ARN of the model's endpoint."""
    return served.names.arn("sagemaker", f"endpoint/{served.endpoint}")


def component_arn(served: Served) -> str:
    """ARN of the model's inference component, of an endpoint that has one."""
    return served.names.arn("sagemaker", f"inference-component/{served.component}")


def answering(served: Served) -> tuple[str, ...]:
    """ARNs of what requests are sent to."""
    endpoint = endpoint_arn(served)
    return (endpoint, component_arn(served)) if served.has_components else (endpoint,)


def update_trust(served: Served) -> dict[str, Any]:
    """Trust policy of the update roles: CloudFormation, for this stack.

    Its user guide, "CloudFormation service role", does not say that it names the stack when it takes on the
    role: where it does, it must be this one.
    """
    condition: Conditions = {
        "ArnLikeIfExists": {"aws:SourceArn": serving_stack(served)},
        "StringEqualsIfExists": {"aws:SourceAccount": served.settings.account},
    }
    statement = {
        "Sid": "UpdateServing",
        "Effect": "Allow",
        "Principal": {"Service": "cloudformation.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": dict(condition),
    }
    return document(statement)


def first_update(served: Served) -> list[Grant]:
    """The policy of the role of the first release and of a pause, which may take away an endpoint without the
    tag of one that serves.
    """
    never_served: Conditions = {"Null": {f"aws:ResourceTag/{SERVED}": "true"}}
    why = "CloudFormation removes an endpoint that failed at first, or is paused; one that serves has the tag"
    removed = Grant("RemoveFailed", ("sagemaker:DeleteEndpoint",), (endpoint_arn(served),), why, never_served)
    component = (component_arn(served),) if served.has_components else ()
    why = "and such a component, before the endpoint it is attached to"
    detached = Grant("DetachFailed", ("sagemaker:DeleteInferenceComponent",), component, why, never_served)
    return [*update(served), removed, *([detached] if component else [])]


def update(served: Served) -> list[Grant]:
    """The policy of the role of every other release: it can delete no endpoint, and touches no IAM."""
    return [
        *_models(served),
        *_configurations(served),
        *_endpoint(served),
        *(_component(served) if served.has_components else []),
        _pass_role(served),
        *_keys(served),
        *_alarms(served),
        *(_scaling(served) if served.serving.autoscaling else []),
    ]


def _asked(served: Served) -> Conditions:
    """What is made carries the tags of this model."""
    return {"StringEquals": {f"aws:RequestTag/{key}": value for key, value in _tags(served).items()}}


def _mine(served: Served) -> Conditions:
    """What is used carries them."""
    return {"StringEquals": {f"aws:ResourceTag/{key}": value for key, value in _tags(served).items()}}


def _tags(served: Served) -> dict[str, str]:
    return {"model": served.product.name, "environment": served.settings.name}


def _models(served: Served) -> list[Grant]:
    """Models of any version; another account's version asks for the right to make a model of it."""
    registry, arns = served.settings.neighbours.registry, sagemaker_arns(served.settings, "model/*")
    versions = registry.package_arns(served.product.name)
    theirs = (versions,) if registry.account != served.settings.account else ()
    why = "CloudFormation names models; the tags say that they are this model's"
    return [
        Grant("MakeModels", ("sagemaker:CreateModel",), (*arns, *theirs), why, _asked(served)),
        Grant("ReadVersions", ("sagemaker:DescribeModelPackage",), (versions,), "versions are numbered"),
        Grant("ClearModels", ("sagemaker:DeleteModel",), arns, why, _mine(served)),
        Grant("SeeModels", ("sagemaker:DescribeModel", "sagemaker:ListTags"), arns, why),
    ]


def _configurations(served: Served) -> list[Grant]:
    arns = sagemaker_arns(served.settings, "endpoint-config/*")
    why = "CloudFormation names configurations; the tags say that they are this model's"
    see = ("sagemaker:DescribeEndpointConfig", "sagemaker:ListTags")
    return [
        Grant("MakeConfigurations", ("sagemaker:CreateEndpointConfig",), arns, why, _asked(served)),
        Grant("ClearConfigurations", ("sagemaker:DeleteEndpointConfig",), arns, why, _mine(served)),
        Grant("SeeConfigurations", see, arns, why),
        Grant(
            "TagNew",
            ("sagemaker:AddTags",),
            (*arns, *sagemaker_arns(served.settings, "model/*"), *answering(served)),
            "what a release makes is tagged when it is made",
            {**_asked(served), "StringLike": {"sagemaker:TaggingAction": "Create*"}},
        ),
    ]


def _endpoint(served: Served) -> list[Grant]:
    endpoint, configs = endpoint_arn(served), sagemaker_arns(served.settings, "endpoint-config/*")
    change = ("sagemaker:CreateEndpoint", "sagemaker:UpdateEndpoint")
    see = ("sagemaker:DescribeEndpoint", "sagemaker:ListTags")
    why = "an endpoint goes over to a configuration of this model, whose name CloudFormation made"
    return [
        Grant("ChangeEndpoint", change, (endpoint,), "the model's own endpoint"),
        Grant("UseConfigurations", change, configs, why, _mine(served)),
        Grant("SeeEndpoint", see, (endpoint,), "the model's own endpoint"),
    ]


def _component(served: Served) -> list[Grant]:
    """Copies of another version, on the endpoint that is there (CloudFormation registry,
    AWS::SageMaker::InferenceComponent, handlers).
    """
    component, why = (component_arn(served),), "the model's own component, attached to its own endpoint"
    change = ("UpdateInferenceComponent", "UpdateInferenceComponentRuntimeConfig")
    see = ("sagemaker:DescribeInferenceComponent", "sagemaker:ListTags")
    return [
        Grant("AttachComponent", ("sagemaker:CreateInferenceComponent",), answering(served), why),
        Grant("ChangeComponent", tuple(f"sagemaker:{verb}" for verb in change), component, why),
        Grant("SeeComponent", see, component, why),
    ]


def _pass_role(served: Served) -> Grant:
    role = served.names.role_arn("endpoint", f"{served.product.name}-endpoint")
    why = "the model's containers run as its endpoint role"
    return Grant("PassEndpointRole", ("iam:PassRole",), (role,), why, passed_to("sagemaker"))


def _keys(served: Served) -> list[Grant]:
    """SageMaker API, CreateEndpointConfig, KmsKeyId: whoever makes the endpoint lends it the key of volumes,
    or of the image's copy where it is serverless.
    """
    if not has_key(served):
        return []
    key = (imported("DataKeyArn", served.settings),)
    lent = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
    return [
        Grant("DescribeVolumeKey", ("kms:DescribeKey",), key, "SageMaker looks at the key of volumes"),
        Grant("LendVolumeKey", ("kms:CreateGrant",), key, "SageMaker encrypts the instances' volumes", lent),
    ]


def _alarms(served: Served) -> list[Grant]:
    own = served.names.arn("cloudwatch", f"alarm:{served.names.alarm(served.product.name, '*')}")
    change = ("DeleteAlarms", "ListTagsForResource", "PutCompositeAlarm", "PutMetricAlarm", "TagResource")
    why = "alarms are named after the model, and those of a release after the release as well"
    return [
        Grant("ChangeAlarms", tuple(f"cloudwatch:{verb}" for verb in change), (own,), why),
        Grant(
            "SeeAlarms",
            ("cloudwatch:DescribeAlarms",),
            ("*",),
            "CloudFormation looks at the alarms it made, and CloudWatch shows a composite alarm only to "
            "whoever may describe all",
            within(served.settings.region),
        ),
    ]


def _scaling(served: Served) -> list[Grant]:
    """Application Auto Scaling user guide, "Identity-based policies": what targets of SageMaker take, and the
    alarms that it makes for whoever has it track a metric.
    """
    scaled = f"endpoint/{served.endpoint}/variant/{PRODUCTION}"
    capacity: tuple[str, ...] = ("sagemaker:UpdateEndpointWeightsAndCapacities",)
    if served.has_components:
        scaled = f"inference-component/{served.component}"
        verbs = ("DescribeInferenceComponent", "UpdateInferenceComponentRuntimeConfig")
        capacity = tuple(f"sagemaker:{verb}" for verb in verbs)
    what = component_arn(served) if served.has_components else endpoint_arn(served)
    of_targets = [
        scaled,
        *([f"endpoint/{served.endpoint}/variant/{CHALLENGER}"] if served.serving.ab_test else []),
    ]
    tracking = tuple(served.names.arn("cloudwatch", f"alarm:TargetTracking-{one}-*") for one in of_targets)
    targets = served.names.arn("application-autoscaling", "scalable-target/*")
    mine: Conditions = {"StringEquals": {"application-autoscaling:service-namespace": "sagemaker"}}
    change = (
        "DeleteScalingPolicy",
        "DeleteScheduledAction",
        "DeregisterScalableTarget",
        "PutScalingPolicy",
        "PutScheduledAction",
        "RegisterScalableTarget",
    )
    see = ("ScalableTargets", "ScalingPolicies", "ScheduledActions")
    tags = tuple(f"application-autoscaling:{verb}" for verb in ("ListTagsForResource", "TagResource"))
    why = "Application Auto Scaling numbers its targets; the condition keeps to those of SageMaker"
    return [
        Grant("Scale", tuple(f"application-autoscaling:{verb}" for verb in change), (targets,), why, mine),
        Grant(
            "TrackMetric",
            ("cloudwatch:DeleteAlarms", "cloudwatch:PutMetricAlarm"),
            tracking,
            "Application Auto Scaling names the alarms of a target after the variant",
        ),
        Grant("TagTargets", tags, (targets,), "Application Auto Scaling numbers its targets"),
        Grant(
            "SeeScaling",
            tuple(f"application-autoscaling:Describe{what}" for what in see),
            ("*",),
            "Application Auto Scaling describes no resource in particular",
            within(served.settings.region),
        ),
        Grant(
            "SetCapacity",
            capacity,
            (what,),
            "who registers a target must be able to scale it",
        ),
    ]
