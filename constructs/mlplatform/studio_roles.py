"""The roles of people: what they work as in Studio, administer with, approve with and sign in with."""

from collections.abc import Mapping, Sequence
from typing import Any

from constructs import Construct

from mlplatform.managed_policy import ManagedPolicy
from mlplatform.permissions import personas
from mlplatform.permissions.customization import managed_policies
from mlplatform.permissions.grant import Grant
from mlplatform.permissions.trusts import person_trust, studio_trust
from mlplatform.role import PlatformRole
from mlplatform.settings import Environment
from mlplatform.settings.studio import STUDIO_PERSONAS, Persona

_PUBLISHED = (
    "customization.permissions: compat asks for AWS's published policies; the Denies both personas carry "
    "close what these would open beyond their work"
)


_WORKERS: Mapping[Persona, str] = {"data_scientist": "a data scientist", "ml_engineer": "an ML engineer"}


class PersonaRoles(Construct):
    """One role per persona of Studio, one per administrator and approver, and one to sign in with.

    ``arns`` holds the ARN of each Studio persona's role.
    """

    def __init__(self, scope: Construct, construct_id: str, *, settings: Environment) -> None:
        super().__init__(scope, construct_id)
        self._settings = settings
        shared = [
            ManagedPolicy(
                self, _pascal(name), settings=settings, kind="persona", thing=name, grants=grants
            ).ref
            for name, grants in personas.managed(settings).items()
        ]
        self.arns = {persona: self._worker(persona, shared) for persona in STUDIO_PERSONAS}
        for user in settings.studio.people("studio_admin"):
            self._person("studio-admin", user, personas.studio_admin(settings, user), "Administers Studio")
        for user in settings.studio.people("approver"):
            self._person("approver", user, personas.approver(settings, user), "Approves model versions")
        if settings.studio.auth_mode == "iam":
            self._role(
                "SignIn",
                "sign-in",
                person_trust(settings, None),
                "Opens Studio as oneself",
                personas.sign_in(settings),
            )

    def _worker(self, persona: Persona, shared: Sequence[str]) -> str:
        grants = {"data_scientist": personas.data_scientist, "ml_engineer": personas.ml_engineer}[persona]
        published = managed_policies(self._settings)
        role = self._role(
            _pascal(persona),
            persona.replace("_", "-"),
            studio_trust(self._settings),
            f"What {_WORKERS[persona]} works as in Studio",
            grants(self._settings),
            policies=[*shared, *published],
            accepted={f"AwsSolutions::AwsSolutions-IAM4[Policy::{arn}]": _PUBLISHED for arn in published},
        )
        return role.attr_arn

    def _person(self, persona: str, user: str, grants: Sequence[Grant], description: str) -> None:
        """A role of one person: its construct id is the user's name, so others' stay as they are."""
        thing = f"{persona}-{user}"
        trusts = person_trust(self._settings, user)
        self._role(thing, thing, trusts, f"{description}, as {user}", grants)

    def _role(
        self,
        construct_id: str,
        thing: str,
        trusts: Mapping[str, Any],
        description: str,
        grants: Sequence[Grant],
        *,
        policies: Sequence[str] = (),
        accepted: Mapping[str, str] | None = None,
    ) -> PlatformRole:
        return PlatformRole(
            self,
            construct_id,
            settings=self._settings,
            kind="persona",
            trusts=trusts,
            description=description,
            thing=thing,
            grants=grants,
            managed_policy_arns=policies,
            accepted=accepted,
        )


def _pascal(name: str) -> str:
    return "".join(part.capitalize() for part in name.replace("_", "-").split("-"))
