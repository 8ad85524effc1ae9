"""What things are called in one environment, and who calls: the placeholders and principals of cases."""

import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from mlplatform import workflows
from mlplatform.ai_registry import hub_name
from mlplatform.bucket_policies import execution_role_arn
from mlplatform.permissions.bedrock_places import customized_in_bedrock
from mlplatform.permissions.customization_places import customized
from mlplatform.permissions.run_places import areas
from mlplatform.permissions.trusts import IDENTITY_CENTER
from mlplatform.policy import allow, document
from mlplatform.release_routes import QUEUE, serves, source
from mlplatform.settings import Environment, ModelProduct
from tools.effective_permissions import World
from tools.effective_roles import Role
from tools.policy_evaluator import Policy

OF_A_MODEL = (
    "model-consumer",
    "model-endpoint",
    "model-update-first",
    "model-job",
    "model-release",
    "model-trigger",
    "model-update",
    "model-upkeep",
    "model-workflow",
)
"""How what cases call the roles of the first model that has workflows begins."""

OF_A_CUSTOMIZED_MODEL = ("model-customiz", "model-reward")
"""How what they call those of the first model that is customized begins."""

OF_COPIES = "copies-"
"""How what they call those of the first model begins that answers as inference components."""

OF_A_BEDROCK_MODEL = (
    "model-bedrock",
    "model-bedrock-steps",
    "model-customize-bedrock",
    "model-retire-bedrock",
)
"""What they call those of the first model that Amazon Bedrock customizes."""

STRANGER = "999999999999"
"""An account of nobody we know."""

EVERYTHING = document(allow("Everything", ["*"], ["*"]))
"""The identity policy of callers whose own account or administrator decides what they may do: the most that
can be. So only our side of the decision refuses them.
"""


class MissingError(Exception):
    """The environment lacks what a case is about."""


@dataclass(frozen=True)
class Caller:
    """Who calls, under which policies; ``organization`` is that of the account, if it has one."""

    arn: str
    identity_policies: Sequence[Policy] = ()
    boundaries: Sequence[Policy] = ()
    organization: str | None = None


class Places(string.Formatter):
    """What things are called in one environment, to fill in the ``{…}`` of a case.

    ``{DataKeyArn}`` is an export, ``{studio-job}`` the ARN of a role; ``things`` lists the rest.
    ``{neighbour.…}`` is the same in another environment of the account, ``{consumer.…}`` in one of another
    account that uses this registry, ``{follower.…}`` in one that releases what served here first,
    ``{listener.…}`` in one that releases what is approved in this registry.
    """

    def __init__(self, world: World, settings: Environment) -> None:
        self.world, self.settings = world, settings
        self._near: dict[str, Places] = {}

    def get_field(self, field_name: str, args: Any, kwargs: Any) -> tuple[str, str]:
        """Value of a placeholder. Raises MissingError for what the environment lacks."""
        where, _, thing = field_name.rpartition(".")
        return self._beside(where)._value(thing), field_name

    def caller(self, principal: str, others: Mapping[str, str]) -> Caller:
        """The principal of a case: a role, a service, or one of ``others``, whose ARNs may hold ``{…}``."""
        if principal in others or principal.endswith(".amazonaws.com"):
            return self._outside(others.get(principal, principal))
        where, _, thing = principal.rpartition(".")
        there = self._beside(where)
        role = there._role(thing)
        if role is None:
            raise MissingError(f"{there.settings.name} has no {thing}")
        return Caller(role.arn, role.identity_policies, role.boundaries, there.settings.organization_id)

    def _outside(self, pattern: str) -> Caller:
        arn = self.format(pattern)
        if not arn.startswith("arn:"):
            return Caller(arn)
        member = f":{STRANGER}:" not in arn
        return Caller(arn, [EVERYTHING], (), self.settings.organization_id if member else "o-strangers1")

    def _beside(self, where: str) -> "Places":
        if not where:
            return self
        if where not in self._near:
            self._near[where] = self._found(where)
        return self._near[where]

    def _found(self, where: str) -> "Places":
        here = self.settings
        fits = {
            "neighbour": lambda e: e.account == here.account and e is not here,
            "consumer": lambda e: e.account != here.account and e.registry.environment == here.name,
            "follower": lambda e: e.release.after == here.name,
            "listener": lambda e: e.release.on_approval and e.registry.environment == here.name,
        }[where]
        found = next(filter(fits, self.world.environments.values()), None)
        if found is None:
            raise MissingError(f"{here.name} has no {where}")
        return Places(self.world, found)

    def _role(self, thing: str) -> Role | None:
        if thing.startswith((*OF_A_MODEL, *OF_A_CUSTOMIZED_MODEL, *OF_A_BEDROCK_MODEL)):
            run = self._customized_model if thing.startswith(OF_A_CUSTOMIZED_MODEL) else self._run_model
            run = self._bedrock_model if thing in OF_A_BEDROCK_MODEL else run
            named = thing.replace("model", run.name, 1) if run else ""
            return self.world.role(self.settings.name, named)
        if thing.startswith(OF_COPIES):
            named = f"{_name(self._component_model)}-{thing.removeprefix(OF_COPIES)}"
            return self.world.role(self.settings.name, named)
        person = self._people.get(thing)
        return self.world.role(self.settings.name, f"{thing}-{person}" if person else thing)

    def _value(self, name: str) -> str:
        found = self._things.get(name) or self.world.exported(name, self.settings.name)
        if found is None and (role := self._role(name)):
            found = role.arn
        if found is None:
            raise MissingError(f"{self.settings.name} has no {name}")
        return found

    def _bucket(self, name: str) -> str | None:
        arn = self.settings.names.arn("s3", name, region="", account="")
        return name if arn in self.world.resource_policies else None

    def _made(self, kind: str) -> str | None:
        """ARN of the only resource of a type that the environment has, or None."""
        stacks = [d for (owner, _), d in self.world.deployments.items() if owner == self.settings.name]
        return next((stack.arn(name) for stack in stacks for name, _ in stack.of_type(kind)), None)

    def _image(self) -> str | None:
        """ARN of the repository of the custom image."""
        image = self.settings.studio.custom_image
        if image is None:
            return None
        host, _, name = image.partition("@")[0].partition("/")
        return self.settings.names.arn("ecr", f"repository/{name}", account=host.partition(".")[0])

    @cached_property
    def _run_model(self) -> ModelProduct | None:
        """The first model with workflows, or None."""
        return next((p for p in self.settings.products if workflows.of(p, self.settings)), None)

    @cached_property
    def _customized_model(self) -> ModelProduct | None:
        """The first model that is customized in SageMaker, or None."""
        return next((p for p in self.settings.products if customized(p, self.settings)), None)

    def _asked_by_customization(self) -> dict[str, str | None]:
        """What the jobs of that model ask besides: the model that rewards answers in training, the one that
        judges them in evaluations, and the secret that a hyperparameter names."""
        model = self._customized_model
        section = model.customization if model else None
        techniques = section.techniques.values() if section else ()
        judge = section.evaluate.judge if section and section.evaluate else None
        return {
            "rewarding_model": next((one.reward_model for one in techniques if one.reward_model), None),
            "judging_model": judge.model if judge else None,
            "token": next((arn for arn in section.secrets), None) if section else None,
        }

    @cached_property
    def _component_model(self) -> ModelProduct | None:
        """The first model that answers as inference components, or None."""
        serve = (product for product in self.settings.products if product.serving)
        return next((p for p in serve if p.serving and p.serving.components), None)

    @cached_property
    def _bedrock_model(self) -> ModelProduct | None:
        """The first model that is customized in Amazon Bedrock, or None."""
        return next((p for p in self.settings.products if customized_in_bedrock(p, self.settings)), None)

    def _of_model(self, product: ModelProduct) -> dict[str, str | None]:
        """What a model with workflows is called, where its packed scripts are deployed, one of its data."""
        patterns = areas(self.settings, product)
        data = (
            f"{self.settings.names.bucket('data')}/{patterns[0].replace('*', '1.csv')}" if patterns else None
        )
        staged = "/".join(workflows.staged(workflows.pack(product.folder), self.settings))
        return {"model": product.name, "staged": staged, "data_area": data}

    @cached_property
    def _people(self) -> dict[str, str | None]:
        studio = self.settings.studio
        return {
            "studio-admin": next(iter(studio.people("studio_admin")), None),
            "approver": next(iter(studio.people("approver")), None),
        }

    @cached_property
    def _things(self) -> dict[str, str | None]:
        settings, names = self.settings, self.settings.names
        registry, studio = settings.neighbours.registry, settings.studio
        model = settings.products[0].name if settings.products else None
        run = self._run_model
        consumers = run.serving.consumers if run and run.serving else []
        buckets = ("data", "artifacts", "capture", "logs", "audit")
        return {
            "partition": names.partition,
            "region": names.region,
            "account": names.account,
            "environment": names.environment,
            "ours": f"{names.prefix}-{names.environment}",
            "slashed": f"{names.prefix}/{names.environment}",
            "announcer": f"{names.prefix}.{names.environment}.releases",
            "boundary": settings.boundary_arn,
            "deploy_subject": settings.ci.deploy_subjects[0] if settings.ci else None,
            "default_group": self.world.default_security_group(self.settings.name),
            "path": names.role_path("x").removesuffix("x/"),
            "dns": settings.place.dns_suffix,
            "organization": settings.organization_id,
            "stranger": STRANGER,
            **{f"{thing}_bucket": self._bucket(names.bucket(thing)) for thing in buckets},
            "trail": self._made("AWS::CloudTrail::Trail"),
            "image": self._image(),
            "registry_bucket": registry.bucket("artifacts"),
            "registry_account": registry.account,
            "registry_environment": registry.environment,
            "consumer_role": next(iter(consumers), None),
            "served": run.name if run and run.serving else None,
            "bus": self._made("AWS::Events::EventBus"),
            "source": source(names),
            "events_queue": names.name(QUEUE) if serves(settings) else None,
            "group": model and registry.name(model, kind="model"),
            **(self._of_model(run) if run else {}),
            "customized": _name(self._customized_model),
            **self._asked_by_customization(),
            "copied": _name(self._component_model),
            "in_bedrock": _name(self._bedrock_model),
            "sdk_bucket": names.sdk_bucket,
            "hub": hub_name(names.region, names.account),
            "job_type": studio.job_instance_types[0],
            "app_type": studio.instance_types[0],
            "person": next(iter(studio.people("data_scientist", "ml_engineer")), None),
            "approver_name": self._people["approver"],
            "admin_name": self._people["studio-admin"],
            "sign_in_role": next((r for r in settings.iam.sign_in_roles if IDENTITY_CENTER not in r), None),
            "center_role": next((r for r in settings.iam.sign_in_roles if IDENTITY_CENTER in r), None),
            "execution_role": execution_role_arn(settings),
            "registry_host": settings.place.image_registries[0],
        }


def _name(product: ModelProduct | None) -> str | None:
    return product.name if product else None
