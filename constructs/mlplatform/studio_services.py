"""The roles that AWS services take on for people in Studio: jobs, reward functions, imports."""

from constructs import Construct

from mlplatform.managed_policy import ManagedPolicy
from mlplatform.permissions import studio_jobs
from mlplatform.policy import trust
from mlplatform.role import PlatformRole, ServiceRole
from mlplatform.settings import Environment


class StudioServiceRoles(Construct):
    """What jobs started from Studio run as and, for model customization, reward functions and imports."""

    def __init__(self, scope: Construct, construct_id: str, *, settings: Environment) -> None:
        super().__init__(scope, construct_id)
        self._jobs(settings)
        if settings.customization.permissions != "off":
            self._customization(settings)

    def _jobs(self, settings: Environment) -> None:
        """Sessions of Studio are named after the user profile, and hand that name on to what they start.

        SageMaker developer guide, "Monitoring user resource access with sourceIdentity": the role of a job
        started from such a session has to trust SageMaker to name its session likewise.
        """
        policies = [
            ManagedPolicy(
                self, _pascal(name), settings=settings, kind="studio", thing=name, grants=grants
            ).ref
            for name, grants in studio_jobs.managed(settings).items()
        ]
        ours = {"StringEquals": {"aws:SourceAccount": settings.account}}
        named = ("sts:AssumeRole", "sts:SetSourceIdentity")
        PlatformRole(
            self,
            "StudioJob",
            settings=settings,
            kind="studio",
            thing="studio-job",
            trusts=trust("sagemaker.amazonaws.com", condition=ours, actions=named),
            description="What jobs started from Studio run as",
            grants=studio_jobs.studio_job(settings),
            managed_policy_arns=policies,
        )

    def _customization(self, settings: Environment) -> None:
        ServiceRole(
            self,
            "RewardFunction",
            settings=settings,
            kind="model-customization",
            thing="reward-function",
            service="lambda.amazonaws.com",
            description="What reward functions of model customization run as",
            grants=studio_jobs.reward_function(settings),
        )
        imports = settings.names.arn("bedrock", "model-import-job/*")
        ServiceRole(
            self,
            "BedrockImport",
            settings=settings,
            kind="model-customization",
            thing="bedrock-import",
            service="bedrock.amazonaws.com",
            description="What Amazon Bedrock reads customized models as, to import them",
            grants=studio_jobs.bedrock_import(settings),
            source={
                "StringEquals": {"aws:SourceAccount": settings.account},
                "ArnLike": {"aws:SourceArn": imports},
            },
        )


def _pascal(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("-"))
