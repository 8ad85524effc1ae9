"""How batch transform cuts an object into requests, and joins predictions with their input."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rehearsal.sagemaker.job import FailedJobError

_STEP = re.compile(r"\.(?P<name>\w+)|\['(?P<quoted>[^']+)'\]|\[(?P<index>[^\]]+)\]")


@dataclass(frozen=True)
class Records:
    """``split`` None or Line, ``strategy`` MultiRecord or SingleRecord, ``limit`` of a payload in bytes."""

    split: str
    strategy: str
    limit: int

    def batches(self, body: bytes) -> Iterator[bytes]:
        """The payloads, in order. FailedJobError for one too large or a split that is not rehearsed."""
        if self.split not in ("None", "Line"):
            raise FailedJobError(f"ClientError: SplitType {self.split} is not rehearsed; use Line or None")
        if self.split == "None":
            yield self._small(body)
            return
        lines = [self._small(line) for line in body.splitlines(keepends=True) if line.strip()]
        if self.strategy == "SingleRecord":
            yield from lines
            return
        batch: list[bytes] = []
        size = 0
        for line in lines:
            if batch and size + len(line) > self.limit:
                yield b"".join(batch)
                batch, size = [], 0
            batch.append(line)
            size += len(line)
        if batch:
            yield b"".join(batch)

    def _small(self, payload: bytes) -> bytes:
        if len(payload) > self.limit:
            raise FailedJobError(f"ClientError: a record of {len(payload)} bytes exceeds MaxPayloadInMB")
        return payload


def joined(batch: bytes, answer: bytes, content_type: str) -> bytes:
    """Input and prediction record by record (developer guide, "Associate prediction results with input").

    CSV: the prediction's columns follow the input's. JSON Lines: the prediction is ``SageMakerOutput``.
    """
    given, found = batch.splitlines(), answer.splitlines()
    if len(given) != len(found):
        raise FailedJobError(
            f"ClientError: cannot join {len(found)} predictions with {len(given)} input records; "
            "the model must answer one line per record"
        )
    if content_type.startswith("text/csv"):
        return b"".join(a.rstrip(b"\r") + b"," + b + b"\n" for a, b in zip(given, found, strict=True))
    rows = [_with_output(json.loads(a), json.loads(b)) for a, b in zip(given, found, strict=True)]
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def _with_output(record: Any, prediction: Any) -> Any:
    if isinstance(record, dict):
        return record | {"SageMakerOutput": prediction}
    return {"SageMakerInput": record, "SageMakerOutput": prediction}


def filtered(body: bytes, path: str, content_type: str) -> bytes:
    """``body`` reduced by an InputFilter or OutputFilter: JSONPath over each CSV row or JSON line."""
    if path == "$":
        return body
    ended = body.endswith(b"\n")
    if content_type.startswith("text/csv"):
        rows = [_pick(line.split(","), path) for line in body.decode().splitlines()]
        text = "\n".join(",".join(row) if isinstance(row, list) else row for row in rows)
    else:
        text = "\n".join(json.dumps(_pick(json.loads(line), path)) for line in body.decode().splitlines())
    return (text + ("\n" if ended else "")).encode()


def _pick(value: Any, path: str) -> Any:
    position = 1
    while position < len(path):
        match = _STEP.match(path, position)
        if match is None or not path.startswith("$"):
            raise FailedJobError(
                f"ClientError: the filter {path} is not rehearsed; use names, indices and slices"
            )
        value, position = _step(value, match), match.end()
    return value


def _step(value: Any, match: re.Match[str]) -> Any:
    if match["index"] is None:
        return value[match["name"] or match["quoted"]]
    index = match["index"]
    if ":" in index:
        return value[slice(*(int(part) if part.strip() else None for part in index.split(":")))]
    if "," in index:
        return [value[int(part)] for part in index.split(",")]
    return value[int(index)]
