"""What runs inside a function's process: loads its handler, answers one event after another.

The process knows the standard library, boto3 with what that needs, and the function's own files; nothing else
of this project. Events come as lines of JSON on standard input, answers go as lines to standard output; what
the function prints or logs goes to standard error. Failures are told as AWS Lambda tells them (Lambda
developer guide, "Lambda function errors in Python", "Using Lambda advanced logging controls with Python").
"""

import datetime
import importlib
import io
import json
import logging
import os
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any


class Context:
    """What a handler gets as its second argument."""

    client_context = identity = None
    function_version = "$LATEST"

    def __init__(self, invocation: dict[str, Any]) -> None:
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.aws_request_id: str = invocation["RequestId"]
        self.invoked_function_arn: str = invocation["FunctionArn"]
        self._deadline: float = time.monotonic() + invocation["Seconds"]

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the function is stopped."""
        return max(0, int((self._deadline - time.monotonic()) * 1000))


class JsonLines(logging.Formatter):
    """Log records as Lambda writes them with the log format JSON."""

    request_id = ""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        moment = datetime.datetime.fromtimestamp(record.created, datetime.UTC)
        line: dict[str, Any] = {
            "timestamp": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "level": record.levelname,
            "message": record.getMessage(),
            "logger": record.name,
            "requestId": self.request_id,
        }
        if record.exc_info and record.exc_info[0]:
            line |= {"errorType": record.exc_info[0].__name__, "errorMessage": str(record.exc_info[1])}
            line["stackTrace"] = traceback.format_tb(record.exc_info[2])
        usual = vars(logging.makeLogRecord({})).keys() | {"message", "asctime"}
        line |= {key: value for key, value in vars(record).items() if key not in usual}
        return json.dumps(line, default=str)


def serve(handler: Callable[[Any, Context], Any], answers: io.TextIOBase, lines: JsonLines) -> None:
    """Answer events until there are no more."""
    for line in sys.stdin:
        invocation = json.loads(line)
        lines.request_id = invocation["RequestId"]
        os.environ["_X_AMZN_TRACE_ID"] = invocation["TraceId"]
        try:
            result = handler(invocation["Event"], Context(invocation))
            told: dict[str, Any] = {"Payload": _written(result)}
        except Exception as error:
            told = {"Error": _described(error)}
        sys.stdout.flush()
        sys.stderr.flush()
        answers.write(json.dumps(told) + "\n")
        answers.flush()


def _written(result: Any) -> str:
    try:
        return json.dumps(result, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise MarshalError(f"Unable to marshal response: {error}") from error


class MarshalError(Exception):
    """A result that is not JSON; Lambda calls it Runtime.MarshalError."""


def _described(error: BaseException) -> dict[str, Any]:
    kind = "Runtime.MarshalError" if isinstance(error, MarshalError) else type(error).__name__
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename != __file__]
    told = {
        "errorMessage": str(error),
        "errorType": kind,
        "requestId": "",
        "stackTrace": traceback.format_list(own),
    }
    logging.getLogger().error("%s", told["errorMessage"], exc_info=error)
    return told


def _loaded(name: str) -> Callable[[Any, Context], Any]:
    """The handler ``name``, or one that tells why there is none."""
    module, _, function = name.replace("/", ".").rpartition(".")
    try:
        found: Callable[[Any, Context], Any] = getattr(importlib.import_module(module), function)
    except BaseException as error:
        if isinstance(error, ImportError):
            kind, text = "Runtime.ImportModuleError", f"Unable to import module '{module}': {error}"
        elif isinstance(error, AttributeError):
            kind, text = "Runtime.HandlerNotFound", f"Handler '{function}' missing on module '{module}'"
        else:
            kind, text = type(error).__name__, str(error)
        failure = type(kind, (Exception,), {})(text)

        def missing(_: Any, __: Context) -> Any:
            raise failure

        return missing
    return found


def main() -> None:
    """Serve the function whose files lie in the first argument; the second holds boto3."""
    files, libraries = sys.argv[1:]
    sys.path[:] = [files, *sys.path, libraries]
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what the function prints is log, not answer
    lines, output = JsonLines(), logging.StreamHandler(sys.stderr)
    as_json = os.environ.get("AWS_LAMBDA_LOG_FORMAT") == "JSON"
    output.setFormatter(lines if as_json else logging.Formatter("[%(levelname)s]\t%(asctime)s\t%(message)s"))
    logging.getLogger().addHandler(output)
    if level := os.environ.get("AWS_LAMBDA_LOG_LEVEL"):
        logging.getLogger().setLevel({"TRACE": "DEBUG", "FATAL": "CRITICAL"}.get(level, level))
    serve(_loaded(os.environ["_HANDLER"]), answers, lines)


if __name__ == "__main__":
    main()
