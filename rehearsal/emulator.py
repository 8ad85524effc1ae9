"""One AWS account on this machine: an address to call, who may call what, and a record of it all."""

import os
import secrets
from collections.abc import Callable, Mapping
from functools import cache
from threading import Lock
from typing import Any, Self

import boto3
from botocore.config import Config
from botocore.loaders import Loader, create_loader
from botocore.session import Session as BotocoreSession
from moto.core.base_backend import BackendDict
from moto.core.model_instances import reset_model_data

from rehearsal import announcements
from rehearsal.api import REHEARSAL, Handler, Place, Principal
from rehearsal.bus import Bus, Subscriber
from rehearsal.clock import WorldClock
from rehearsal.faults import Faults
from rehearsal.gate import Gate
from rehearsal.identities import Deployed, RoleRecord
from rehearsal.server import Front, Server, WsgiApp
from rehearsal.sts import Sts
from rehearsal.trace import Call, Trace
from tools.policy_evaluator import Decision, Session

__all__ = ["Call", "Emulator", "RoleRecord"]

Key = tuple[str | None, str, tuple[tuple[str, str], ...]]


class Emulator:
    """The emulated account, between ``start`` and ``stop``.

    Calls made with the credentials of a principal are judged by what is deployed: ``identities``,
    ``resource_policies``, ``vpc_endpoints``, ... (``rehearsal.identities``). ``clock`` is its time. One
    process holds one emulator at a time: the services that moto stands for keep their state in the process.
    """

    def __init__(self, place: Place) -> None:
        self.place = place
        self.clock = WorldClock()
        self.faults, self.trace, self.notes = Faults(), Trace(), list[str]()
        self._deployed = Deployed()
        self.identities = self._deployed.identities
        self.resource_policies = self._deployed.resource_policies
        self.bucket_keys = self._deployed.bucket_keys
        self.bucket_accounts = self._deployed.bucket_accounts
        self.vpc_endpoints = self._deployed.vpc_endpoints
        self.resource_tags = self._deployed.tags
        self.resolvers = self._deployed.resolvers
        self._lock = Lock()
        self._callers: dict[str, Principal] = {}
        self._credentials: dict[Key, dict[str, str]] = {}
        self._clients: dict[tuple[str, str], Any] = {}
        self._bus = Bus(self.note)
        self._evaluator = Session()
        self._gate = Gate(place, self._deployed, self.trace, self._evaluator)
        self._front = self._made_front()
        self._server = Server(self._front)
        self._boto = boto3.Session(botocore_session=_isolated_session())
        self.register("sts", Sts(place, self.credentials))

    def _made_front(self) -> Front:
        return Front(
            self.place,
            caller_of=self._callers.get,
            authorize=self._gate.authorize,
            faults=self.faults,
            served=lambda call, response: announcements.announce(call, response, self.place, self.publish),
            note=self.note,
        )

    @property
    def endpoint(self) -> str:
        """The address of every service, such as ``http://localhost:4566``."""
        return self._server.endpoint

    def start(self) -> None:
        """Begin to answer."""
        BackendDict.reset()
        reset_model_data()
        self._bus.start()
        self._server.start()

    def stop(self) -> None:
        """Answer no more, and forget everything."""
        self.clock.stop()
        self._server.stop()
        self._bus.stop()
        self._evaluator.close()
        for client in self._clients.values():
            client.close()
        BackendDict.reset()
        reset_model_data()

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.stop()

    def register(self, service: str, handler: Handler) -> None:
        """Let ``handler`` answer the calls of ``service``, by botocore's name; the rest goes to moto."""
        self._front.handlers[service] = handler

    def route(self, prefix: str, application: WsgiApp) -> None:
        """Let a WSGI application answer everything below the path ``prefix``.

        It finds the caller of a signed request under ``rehearsal.server.PRINCIPAL`` in its environment.
        """
        self._front.routes[prefix.rstrip("/")] = application

    def credentials(self, principal: Principal) -> dict[str, str]:
        """The environment variables that make an SDK call as ``principal``; always the same for the same."""
        key = (principal.arn, principal.session, tuple(sorted(principal.context.items())))
        with self._lock:
            if key not in self._credentials:
                made = _credentials("AKIA" if principal.arn is None else "ASIA")
                self._callers[made["AWS_ACCESS_KEY_ID"]] = principal
                self._credentials[key] = made
            return dict(self._credentials[key])

    def client(self, service: str, principal: Principal = REHEARSAL) -> Any:
        """A boto3 client that calls this account as ``principal``."""
        keys = self.credentials(principal)
        name = (service, keys["AWS_ACCESS_KEY_ID"])
        with self._lock:
            if name not in self._clients:
                create: Callable[..., Any] = self._boto.client
                self._clients[name] = create(
                    service,
                    region_name=self.place.region,
                    endpoint_url=self.endpoint,
                    aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
                    aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
                    aws_session_token=keys.get("AWS_SESSION_TOKEN"),
                    config=Config(retries={"total_max_attempts": 1}, max_pool_connections=50),
                )
            return self._clients[name]

    def assume(
        self,
        role_arn: str,
        service: str,
        *,
        source_arn: str | None = None,
        session: str = "session",
        context: Mapping[str, str] | None = None,
    ) -> Principal:
        """A session of a role for an AWS service (``states.amazonaws.com``) that acts for ``source_arn``.

        ``context`` are condition keys that all calls of the session carry. Raises ApiError (AccessDenied) if
        the role's trust policy does not let the service assume it, or there is no such role.
        """
        self._gate.trusts(role_arn, service, {"aws:SourceArn": source_arn} if source_arn else {})
        return Principal(role_arn, session, dict(context or {}))

    def judge(
        self, principal: Principal, action: str, resource: str, context: Mapping[str, Any] | None = None
    ) -> Decision:
        """Judge and record a call that nobody makes here, like an image pull. Raises ApiError if refused."""
        return self._gate.judge(principal, action, resource, dict(context or {}))

    def publish(self, event: Mapping[str, Any]) -> None:
        """Deliver an EventBridge event to all subscribers, soon."""
        self._bus.publish(event)

    def subscribe(self, subscriber: Subscriber) -> None:
        """Deliver every event to ``subscriber``, in a thread that events are waiting for."""
        self._bus.subscribe(subscriber)

    def settle(self) -> None:
        """Return when every event published so far has been delivered."""
        self._bus.settle()

    def note(self, text: str) -> None:
        """Keep a line for people in ``notes``."""
        self.notes.append(text)


def _credentials(kind: str) -> dict[str, str]:
    keys = {
        "AWS_ACCESS_KEY_ID": f"{kind}{secrets.token_hex(8).upper()}",
        "AWS_SECRET_ACCESS_KEY": secrets.token_urlsafe(30),
    }
    return keys if kind == "AKIA" else keys | {"AWS_SESSION_TOKEN": secrets.token_urlsafe(60)}


def _isolated_session() -> BotocoreSession:
    """A session that reads nobody's profile or configuration files, and no API's model a second time."""
    session = BotocoreSession(
        session_vars={
            "profile": (None, None, None, None),
            "config_file": (None, None, os.devnull, None),
            "credentials_file": (None, None, os.devnull, None),
        }
    )
    session.register_component("data_loader", _models())
    return session


@cache
def _models() -> Loader:
    """The models of all APIs, read once in this process: they are large, and emulators come and go."""
    return create_loader()
