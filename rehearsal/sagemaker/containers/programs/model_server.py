"""The model servers of the scikit-learn and XGBoost images: ``/ping`` and ``/invocations`` over HTTP.

Run by path as ``model_server.py <library> <port file>``; it imports nothing of the rehearsal. Sources:
SageMaker developer guide, "Use your own inference code with hosting services"; the functions and their
defaults: aws/sagemaker-scikit-learn-container ``serving.py``, aws/sagemaker-xgboost-container ``serve.py``.
"""

import importlib
import io
import json
import os
import sys
import threading
import traceback
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import numpy as np

MODEL = os.environ["SM_MODEL_DIR"]
DEFAULT_ACCEPT = os.environ.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", "application/json")
Answer = tuple[bytes, str]
Transform = Callable[[bytes, str, str], Answer]


class RefusedError(Exception):
    """A request the server cannot answer, with its HTTP status."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def decode(body: Any, content_type: str) -> Any:
    """An array from a request (toolkit: ``encoders.decode``)."""
    kind = content_type.split(";")[0].strip()
    text = body.decode() if isinstance(body, bytes) and kind != "application/x-npy" else body
    if kind == "text/csv":
        return np.genfromtxt(io.StringIO(text), delimiter=",", dtype=np.float32, ndmin=2)
    if kind == "application/json":
        return np.array(json.loads(text), dtype=np.float32)
    if kind == "application/x-npy":
        return np.load(io.BytesIO(body), allow_pickle=False)
    raise RefusedError(415, f"Content type {content_type} is not supported by this model")


def encode(prediction: Any, accept: str) -> Answer:
    """A response from a prediction (toolkit: ``encoders.encode``)."""
    kind = accept.split(";")[0].strip()
    array = np.asarray(prediction)
    if kind == "text/csv":
        stream = io.StringIO()
        np.savetxt(stream, array, delimiter=",", fmt="%s")
        return stream.getvalue().encode(), kind
    if kind in ("application/json", "*/*", ""):
        return json.dumps(array.tolist()).encode(), "application/json"
    if kind == "application/x-npy":
        buffer = io.BytesIO()
        np.save(buffer, array)
        return buffer.getvalue(), kind
    raise RefusedError(406, f"Accept type {accept} is not supported by this model")


def _bytes(answer: Any, accept: str) -> Answer:
    """What ``output_fn`` and ``transform_fn`` may return: a body, or a body and its content type."""
    body, kind = answer if isinstance(answer, tuple) else (answer, accept)
    return (body.encode() if isinstance(body, str) else bytes(body)), kind


def _no_model_fn(model_dir: str) -> Any:
    """What the serving toolkit says to a script without ``model_fn``."""
    raise RefusedError(500, "Please provide a model_fn implementation in the inference script")


def script() -> Transform:
    """The transformation defined by the functions of ``SAGEMAKER_PROGRAM``."""
    folder = os.environ.get("SAGEMAKER_SUBMIT_DIRECTORY", "/opt/ml/code")
    sys.path.insert(0, folder)
    module = importlib.import_module(Path(os.environ["SAGEMAKER_PROGRAM"]).stem)
    model = getattr(module, "model_fn", _no_model_fn)(MODEL)
    whole = getattr(module, "transform_fn", None)
    steps = [name for name in ("input_fn", "predict_fn", "output_fn") if hasattr(module, name)]
    if whole and steps:
        raise TypeError("Cannot use transform_fn implementation with input_fn, predict_fn, and/or output_fn")
    if whole:
        return lambda body, kind, accept: _bytes(whole(model, _text(body, kind), kind, accept), accept)
    return _stepwise(module, model)


def _stepwise(module: ModuleType, model: Any) -> Transform:
    read = getattr(module, "input_fn", decode)
    predict = getattr(module, "predict_fn", lambda data, loaded: loaded.predict(data))
    write = getattr(module, "output_fn", encode)

    def transform(body: bytes, kind: str, accept: str) -> Answer:
        return _bytes(write(predict(read(_text(body, kind), kind), model), accept), accept)

    return transform


def _text(body: bytes, content_type: str) -> Any:
    """The toolkit hands text types to scripts as str (``worker.Request.content``)."""
    textual = ("text/csv", "application/json", "application/jsonlines", "text/libsvm", "text/plain")
    return body.decode() if content_type.split(";")[0].strip() in textual else body


def built_in_xgboost() -> Transform:
    """The built-in algorithm's server: CSV without label, or libsvm, in; predictions out."""
    import xgboost as xgb

    files = [path for path in sorted(Path(MODEL).iterdir()) if path.is_file()]
    booster = xgb.Booster(model_file=bytearray(files[0].read_bytes()))

    def transform(body: bytes, kind: str, accept: str) -> Answer:
        predicted = booster.predict(_matrix(xgb, body, kind), validate_features=False).tolist()
        if accept.startswith("application/json"):
            found = {"predictions": [{"score": score} for score in predicted]}
            return json.dumps(found).encode(), "application/json"
        if os.environ.get("SAGEMAKER_BATCH"):
            return "".join(f"{score}\n" for score in predicted).encode(), "text/csv"
        return ",".join(map(str, predicted)).encode(), "text/csv"

    return transform


def _matrix(xgb: ModuleType, body: bytes, kind: str) -> Any:
    try:
        if kind.startswith("text/csv"):
            return xgb.DMatrix(np.genfromtxt(io.BytesIO(body), delimiter=",", dtype=float, ndmin=2))
        if kind.startswith(("text/libsvm", "text/x-libsvm")):
            from sklearn.datasets import load_svmlight_file

            labelled = b"".join(b"0 " + line + b"\n" for line in body.splitlines())
            return xgb.DMatrix(load_svmlight_file(io.BytesIO(labelled))[0])
    except ValueError as error:
        raise RefusedError(415, f"Loading {kind} data failed: {error}") from error
    raise RefusedError(415, f"Content type {kind} is not supported; use text/csv or text/libsvm")


def loaded(library: str) -> Transform:
    """The transformation of the image's library and the container's environment."""
    if os.environ.get("SAGEMAKER_PROGRAM"):
        return script()
    if library == "xgboost":
        return built_in_xgboost()
    raise RuntimeError("SAGEMAKER_PROGRAM is not set: the scikit-learn image needs an inference script")


class Handler(BaseHTTPRequestHandler):
    """The HTTP side; one request at a time, as the libraries' predictors are not thread-safe."""

    protocol_version = "HTTP/1.1"
    lock = threading.Lock()
    transform: ClassVar[Transform]

    def do_GET(self) -> None:
        """The health check."""
        self._answer(200 if self.path == "/ping" else 404, b"", "text/plain")

    def do_POST(self) -> None:
        """A prediction."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        kind = self.headers.get("Content-Type", "application/json")
        accept = self.headers.get("Accept", "*/*")
        try:
            with self.lock:
                answer = type(self).transform(body, kind, DEFAULT_ACCEPT if accept == "*/*" else accept)
            self._answer(200, *answer)
        except RefusedError as error:
            self._answer(error.status, str(error).encode(), "text/plain")
        except Exception as error:
            traceback.print_exc()
            self._answer(500, f"{type(error).__name__}: {error}".encode(), "text/plain")

    def log_message(self, format: str, *arguments: Any) -> None:
        """Requests are not logged; prints and errors of the script are."""

    def _answer(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    """Load the model, then listen on a free port and write its number where the caller looks."""
    library, port_file = sys.argv[1], Path(sys.argv[2])
    Handler.transform = staticmethod(loaded(library))
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    draft = port_file.with_suffix(".draft")
    draft.write_text(str(server.server_address[1]))
    draft.rename(port_file)
    server.serve_forever()


if __name__ == "__main__":
    main()
