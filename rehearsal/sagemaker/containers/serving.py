"""Model servers of a model's containers, called in sequence: batch transform and endpoints use them."""

import http.client
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rehearsal.sagemaker.containers.images import library
from rehearsal.sagemaker.containers.process import Process
from rehearsal.sagemaker.containers.root import Root, unpack

_SERVER = Path(__file__).parent / "programs" / "model_server.py"
START_SECONDS = 60.0
"""SageMaker waits longer (``ContainerStartupHealthCheckTimeoutInSeconds``); here nothing is downloaded."""


class ServingError(Exception):
    """A model server that did not start; the text has its last lines."""


@dataclass(frozen=True)
class ServedContainer:
    """One container of a model: its image, its model archive on this disk, its environment variables."""

    image: str
    archive: Path | None
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Response:
    """What a model answered."""

    status: int
    body: bytes
    content_type: str


def serve(
    containers: Sequence[ServedContainer],
    *,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
    on_line: Callable[[str], None] = lambda line: None,
) -> "Fleet":
    """Start a model server per container and wait until all answer.

    ``environment`` is added to each container's own. Raises ServingError, or ImageError for an image whose
    library is not available here. Close the result, or use it as a context manager.
    """
    place = folder or Path(tempfile.mkdtemp(prefix="rehearsal-model-"))
    own = place if folder is None else None
    servers: list[_Server] = []
    try:
        for number, container in enumerate(containers, 1):
            root = Root(place / f"container-{number}")
            servers.append(_Server(container, root, environment or {}, on_line))
        for server in servers:
            server.ready()
    except BaseException:
        Fleet(servers, own).close()
        raise
    return Fleet(servers, own)


class _Server:
    def __init__(
        self,
        container: ServedContainer,
        root: Root,
        environment: Mapping[str, str],
        on_line: Callable[[str], None],
    ) -> None:
        model = root.make("/opt/ml/model")
        if container.archive is not None:
            unpack(container.archive, model)
        self._port_file = root.path("/opt/ml/port")
        given = {"SM_MODEL_DIR": "/opt/ml/model", **environment, **container.environment}
        if library(container.image) == "xgboost" and "SAGEMAKER_PROGRAM" not in given:
            given.setdefault("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", "text/csv")
        command = [sys.executable, "-P", str(_SERVER), library(container.image), str(self._port_file)]
        variables = root.environment() | {key: root.rewrite(value) for key, value in given.items()}
        self._process = Process(command, environment=variables, folder=root.path("/opt/ml"), on_line=on_line)

    def ready(self) -> None:
        limit = time.monotonic() + START_SECONDS
        while not self._port_file.exists():
            if not self._process.alive or time.monotonic() > limit:
                raise ServingError("\n".join(self._process.close()) or "the model server did not start")
            time.sleep(0.02)
        self._connection = http.client.HTTPConnection(
            "127.0.0.1", int(self._port_file.read_text()), timeout=600
        )

    def ask(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Response:
        self._connection.request(method, path, body, dict(headers))
        answer = self._connection.getresponse()
        return Response(answer.status, answer.read(), answer.headers.get("Content-Type", ""))

    def close(self) -> None:
        if hasattr(self, "_connection"):
            self._connection.close()
        self._process.close()


class Fleet:
    """Running model servers of one model. Thread-safe; requests are answered one after the other."""

    def __init__(self, servers: Sequence[_Server], folder: Path | None = None) -> None:
        self._servers, self._folder, self._lock = servers, folder, threading.Lock()

    def ping(self) -> bool:
        """Whether every container answers its health check."""
        with self._lock:
            return all(server.ask("GET", "/ping", b"", {}).status == 200 for server in self._servers)

    def invoke(self, body: bytes, content_type: str, accept: str = "*/*") -> Response:
        """Send a request through the containers in order; the first that refuses ends it.

        Developer guide, "Inference pipelines": each response is the next container's request, with the
        content type of that response; ``accept`` is the last container's.
        """
        with self._lock:
            answer = Response(200, body, content_type)
            for number, server in enumerate(self._servers, 1):
                wanted = accept if number == len(self._servers) else "*/*"
                headers = {"Content-Type": answer.content_type, "Accept": wanted}
                answer = server.ask("POST", "/invocations", answer.body, headers)
                if answer.status >= 300:
                    break
            return answer

    def close(self) -> None:
        """End the servers; their folder goes with them if ``serve`` made it."""
        for server in self._servers:
            server.close()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> "Fleet":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
