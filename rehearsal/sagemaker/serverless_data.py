"""The data of serverless jobs: where a channel's data set lies, and its records, read as the job's role.

Sources: SageMaker developer guide, "Open weight model customization", data formats of each technique, and
"Supported Dataset Formats for Bring-Your-Own-Dataset (BYOD) Tasks".
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from rehearsal import language_model
from rehearsal.api import Parameters
from rehearsal.sagemaker.hub_documents import dataset
from rehearsal.sagemaker.hub_names import content_of
from rehearsal.sagemaker.instance import Instance
from rehearsal.sagemaker.job import FailedJobError, Job
from rehearsal.sagemaker.transfer import location

BYTES_PER_TOKEN = 4
"""A usual estimate for English text; SageMaker counts with the model's own tokenizer."""

Record = dict[str, Any]


def channels(job: Job, instance: Instance) -> dict[str, list[Record]]:
    """The records of every channel. Raises FailedJobError that names the first line that cannot be used."""
    found: dict[str, list[Record]] = {}
    for channel in job.request.get("InputDataConfig", []):
        uri = _uri(job, channel["DataSource"])
        folder = instance.folder / channel["ChannelName"]
        found[channel["ChannelName"]] = list(_records(uri, folder, instance))
    return found


def judged(records: Mapping[str, list[Record]], technique: str) -> None:
    """Refuse records that teach nothing by ``technique``. Raises FailedJobError."""
    usable = {"SFT": _shows, "DPO": _prefers}.get(technique, _asks)
    for name, lines in records.items():
        if not lines:
            raise FailedJobError(f"ClientError: channel {name} has no records")
        for number, record in enumerate(lines, 1):
            try:
                problem = usable(record)
            except ValueError as error:
                problem = str(error)
            if problem:
                raise FailedJobError(f"ClientError: channel {name}, record {number}: {problem}")


def tokens(records: Iterable[Mapping[str, Any]]) -> int:
    """How many tokens the texts of ``records`` have, about."""
    texts = (json.dumps(record, ensure_ascii=False) for record in records)
    return -(-sum(len(text.encode()) for text in texts) // BYTES_PER_TOKEN)


def lines(uri: str, folder: Path, instance: Instance) -> list[Record]:
    """Every record below an S3 URI."""
    return list(_records(uri, folder, instance))


def _uri(job: Job, source: Parameters) -> str:
    """A data set's own URI is in its document, which the role must be allowed to see."""
    if "S3DataSource" in source:
        return str(source["S3DataSource"]["S3Uri"])
    content = content_of(source["DatasetSource"]["DatasetArn"], job.emulator.place)
    if content is None:
        raise FailedJobError(f"ClientError: {source['DatasetSource']['DatasetArn']} is no data set of a hub")
    version = {"HubContentVersion": content.version} if content.version else {}
    found = job.emulator.client("sagemaker", job.principal).describe_hub_content(
        HubName=content.hub, HubContentType=content.type, HubContentName=content.name, **version
    )
    bucket, prefix = dataset(found["HubContentDocument"])
    return f"s3://{bucket}/{prefix}"


def _records(uri: str, folder: Path, instance: Instance) -> Iterator[Record]:
    bucket = location(uri)[0]
    for name, key in instance.transfers.keys(uri).items():
        path = instance.transfers.fetch(bucket, key, folder / (name or "data"))
        where = f"s3://{bucket}/{key}"
        if not key.endswith((".jsonl", ".json")):
            raise FailedJobError(f"ClientError: {where}: only JSON lines are rehearsed")
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield _parsed(line, f"{where}, line {number}")


def _parsed(line: bytes, where: str) -> Record:
    try:
        record = json.loads(line)
    except ValueError as error:
        raise FailedJobError(f"ClientError: {where}: not JSON: {error}") from error
    if not isinstance(record, dict):
        raise FailedJobError(f"ClientError: {where}: a record is an object, got {type(record).__name__}")
    return record


def _shows(record: Record) -> str | None:
    """SFT: a prompt with its completion."""
    found = [said for _, said, _ in language_model.examples(record)]
    return None if found and all(found) else "SFT needs a prompt and a completion that are not empty"


def _prefers(record: Record) -> str | None:
    """DPO: of two answers, which is better."""
    found = list(language_model.examples(record))
    good = {said for _, said, score in found if score > 0}
    bad = {said for _, said, score in found if score < 0}
    if not good or not bad or not all(good | bad):
        return "DPO needs a prompt with a chosen and a rejected answer that are not empty"
    return "DPO: chosen and rejected are the same" if good & bad else None


def _asks(record: Record) -> str | None:
    """RLVR and RLAIF: a prompt; all else goes to the reward function."""
    return None if prompt(record) else "a prompt that is not empty is needed"


def prompt(record: Mapping[str, Any]) -> str:
    """What a record asks: its prompt, or its last message that is not an answer."""
    for name in ("prompt", "input", "query"):
        if record.get(name):
            return language_model.text(_asked(record[name]))
    messages = record.get("messages")
    return language_model.text(_asked(messages)) if isinstance(messages, list) and messages else ""


def _asked(value: Any) -> Any:
    """Messages up to the last of the user."""
    if not isinstance(value, list):
        return value
    places = [n for n, one in enumerate(value) if isinstance(one, Mapping) and one.get("role") == "user"]
    return value[: places[-1] + 1] if places else value
