"""The emulator's address: an HTTP server that takes every AWS API call, and moto behind it."""

import gzip
import secrets
from collections.abc import Callable, Iterable
from io import BytesIO
from threading import Thread
from traceback import format_exception
from typing import Any

from moto.core.request import Request
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import BaseWSGIServer, make_server
from werkzeug.wrappers import Response

from rehearsal import protocols
from rehearsal.actions import action_of
from rehearsal.api import ApiError, ApiRequest, Handler, Place, Principal
from rehearsal.faults import Faults

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
Served = Callable[[ApiRequest, Response], None]

_GLOBAL = ("cloudfront", "iam", "organizations", "route53")
"""Services that are called in one region whatever the caller's."""

_MOTOS_OWN = ("/moto-api", "/latest/")
"""Paths under which moto answers for itself, and not for a service."""

PRINCIPAL = "rehearsal.principal"
"""Name in a WSGI environment under which a routed application finds who calls, if the call is signed."""


class _Quiet(MotoRequestHandler):
    """The handler of one connection, which prints no access log."""

    disable_nagle_algorithm = True

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Print nothing."""


class Front:
    """The WSGI application: who calls and what, may they, does a fault strike, then the answer.

    Handlers of our own services answer; every other service is moto's. A call that no model knows is refused.
    """

    def __init__(
        self,
        place: Place,
        *,
        caller_of: Callable[[str], Principal | None],
        authorize: Callable[[ApiRequest], None],
        faults: Faults,
        served: Served,
        note: Callable[[str], None],
    ) -> None:
        self.place = place
        self.handlers: dict[str, Handler] = {}
        self.routes: dict[str, WsgiApp] = {}
        self._caller_of = caller_of
        self._authorize = authorize
        self._faults = faults
        self._served = served
        self._note = note
        self._moto: Any = DomainDispatcherApplication(create_backend_app)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one HTTP request."""
        request = _buffered(environ)
        if application := self._routed(request):
            return application(environ, start_response)
        number = secrets.token_hex(16)
        service = None
        try:
            caller, service = self._identify(request)
            operation, parameters = protocols.parse(service, request)
            response = self._answer(ApiRequest(service, operation, parameters, caller), request, number)
        except ApiError as error:
            response = protocols.failure(service, error, number)
        except Exception as error:  # a fault of the emulator must not look like one of the network
            self._note("".join(format_exception(error)))
            broken = ApiError("InternalFailure", f"the emulator failed: {type(error).__name__}: {error}", 500)
            response = protocols.failure(service, broken, number)
        return response(environ, start_response)

    def _routed(self, request: Request) -> WsgiApp | None:
        """The application of a routed path; the body is still to be read."""
        for prefix, application in self.routes.items():
            if request.path == prefix or request.path.startswith(f"{prefix}/"):
                signed = protocols.credential(request)
                request.environ[PRINCIPAL] = self._caller_of(signed[0]) if signed else None
                return application
        return None

    def _identify(self, request: Request) -> tuple[Principal, str]:
        """Who calls which service. Signatures are not verified: the access key tells the caller."""
        signed = protocols.credential(request)
        if signed is None:
            raise ApiError("MissingAuthenticationToken", "Request is missing Authentication Token", 403)
        key, region, service = signed
        caller = self._caller_of(key)
        if caller is None:
            raise ApiError(
                "UnrecognizedClientException", f"The security token is invalid: no access key {key}", 403
            )
        if region != self.place.region and service not in _GLOBAL:
            raise ApiError("InvalidRegion", f"only {self.place.region} is emulated, got {region}")
        return caller, service

    def _answer(self, call: ApiRequest, request: Request, number: str) -> Response:
        self._authorize(call)
        judged = call.principal.arn is not None
        if judged and self._faults.take("throttling", action_of(call)):
            raise protocols.throttled(call.service)
        handler = self.handlers.get(call.service)
        if handler:
            return protocols.answer(call.service, call.operation, handler(call), request, number)
        response = self._from_moto(call, request)
        if response.status_code < 300:
            self._served(call, response)
        return response

    def _from_moto(self, call: ApiRequest, request: Request) -> Response:
        # moto takes the account from here, whatever the credentials are.
        request.environ["HTTP_X_MOTO_ACCOUNT_ID"] = self.place.account
        request.environ["wsgi.input"].seek(0)
        if request.path.startswith(_MOTOS_OWN):
            raise ApiError("InvalidBucketName", f"the rehearsal has no bucket for {request.path}")
        try:
            application = self._moto.get_application(request.environ)
        except (AttributeError, ImportError, KeyError, ValueError):
            raise ApiError("NotImplemented", f"the rehearsal has no {call.service}", 501) from None
        return Response.from_app(application, request.environ, buffered=True)


def _buffered(environ: dict[str, Any]) -> Request:
    """The request, with a body that can be read by us and once more by whoever answers."""
    body = Request(environ).get_data(cache=False)
    if (environ["REQUEST_METHOD"], environ.get("HTTP_CONTENT_ENCODING")) == ("POST", "gzip"):
        # How SDKs send much at once, such as metrics (AWS SDKs reference guide, "Compression").
        body = gzip.decompress(body)
        del environ["HTTP_CONTENT_ENCODING"]
    environ.pop("HTTP_TRANSFER_ENCODING", None)
    environ.pop("wsgi.input_terminated", None)
    environ |= {"wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))}
    return Request(environ)


class Server:
    """Serves a WSGI application on a free port of this machine, one thread per request."""

    def __init__(self, application: WsgiApp) -> None:
        self._server: BaseWSGIServer = make_server(
            "127.0.0.1", 0, application, threaded=True, request_handler=_Quiet
        )
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    @property
    def endpoint(self) -> str:
        """Where clients find the server."""
        return f"http://localhost:{self._server.server_port}"

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def stop(self) -> None:
        """Serve no more; requests being answered end with the process."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
