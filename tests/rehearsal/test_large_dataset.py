"""A large data set through the workflow's Distributed Map: the same report as reading it in one go."""

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from customization_cloud import Cloud, cloud

from dataset_check import logic
from dataset_check.handler import handle
from dataset_check.logic import DatasetInvalid
from tools.bench_functions import Records

KEY = "m/sft.jsonl"
BAD = (b"{}", b'{"prompt": "a", "completion": ""}', b"nonsense", b'{"prompt": "caf\xe9"}', b"[1")
"""Lines that are wrong in different ways."""


class Flawed(Records):
    """JSON lines that are made while they are read: in each thousand ten bad ones, a blank one, two alike."""

    BAD_AT = (3, 14, 159, 265, 358, 400, 401, 402, 846, 999)
    LINES = Records.BODY.splitlines()
    for at, number in enumerate(BAD_AT):
        LINES[number] = BAD[at % len(BAD)]
    LINES[500], LINES[77] = b"", LINES[610]
    BODY = b"\n".join(LINES) + b"\n"


class Large:
    """The account's S3, with one object of ``size`` bytes that nobody has to store."""

    def __init__(self, s3: Any, size: int) -> None:
        self.s3, self.size = s3, size

    def __getattr__(self, name: str) -> Any:
        """Everything else is the account's."""
        return getattr(self.s3, name)

    def get_paginator(self, name: str) -> Any:
        """Lists objects."""
        pages = self.s3.get_paginator(name)
        size = self.size

        class Pages:
            def paginate(self, **members: str) -> Iterator[dict[str, Any]]:
                if members["Prefix"] == KEY:
                    yield {"Contents": [{"Key": KEY, "Size": size, "ETag": '"1"'}]}
                else:
                    yield from pages.paginate(**members)

        return Pages()

    def get_object(self, **members: str) -> Any:
        """The object from a byte on, or one of the account's."""
        if members["Key"] != KEY:
            return self.s3.get_object(**members)
        start = int(members["Range"].removeprefix("bytes=").partition("-")[0])
        return {"Body": io.BufferedReader(Flawed(self.size, start), 2**20)}


def reported(account: Cloud, message: str) -> tuple[dict[str, Any], bytes]:
    """The report that an error names, but for where it lies, and the bytes of the list beside it."""
    (where,) = re.findall(r"s3://[^\s\"]+/report\.json", message)
    report = account.document(where)
    bucket, _, key = str(report.pop("Listed")).removeprefix("s3://").partition("/")
    return report, account.s3.get_object(Bucket=bucket, Key=key)["Body"].read()


def in_one_go(account: Cloud, large: Large, plan: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    """What the same plan comes to without a state machine, in one part that holds all of it."""
    folder = f"s3://{account.settings.names.bucket('artifacts')}/once"
    planned = handle({**plan, "Folder": folder}, s3=large)
    assert planned["Parts"] == [0]
    handle({"Action": "check", "Plan": planned["Plan"], "Part": 0}, s3=large)
    with pytest.raises(DatasetInvalid) as caught:
        handle({"Action": "report", "Plan": planned["Plan"]}, s3=large)
    return reported(account, str(caught.value))


@pytest.mark.thorough
@pytest.mark.parametrize(("megabytes", "part"), [(8, 500_000), (1000, 16_000_000)])
def test_parts_of_a_large_data_set_add_up_to_what_reading_it_in_one_go_finds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, megabytes: int, part: int
) -> None:
    with cloud(tmp_path) as account:
        size = Flawed.size_of(megabytes)
        large = Large(account.s3, size)
        asked: list[dict[str, Any]] = []

        def check(event: dict[str, Any]) -> dict[str, Any]:
            asked.append(event)
            return handle(event, s3=large)

        account.functions.answers["dataset-check"] = check
        monkeypatch.setattr(logic.parts, "__kwdefaults__", {"size": part, "objects": 1000})
        started = account.aws.client.start_execution(stateMachineArn=account.machine, input="{}")
        account.aws.machines.wait(started["executionArn"], 120)
        ended = account.aws.ended(started["executionArn"])
        assert ended.error == "DatasetInvalid"
        report, listed = reported(account, str(ended.cause))
        assert sum(event["Action"] == "check" for event in asked) > size // part

        monkeypatch.setattr(logic.parts, "__kwdefaults__", {"size": 2 * size, "objects": 1000})
        plan = next(event for event in asked if event["Action"] == "plan")
        assert (report, listed) == in_one_go(account, large, plan)

        repeated = size // len(Flawed.BODY)
        train = report["Channels"]["train"]
        assert (train["Rows"], train["BadRows"]) == (999 * repeated, len(Flawed.BAD_AT) * repeated)
        assert report["Duplicates"]["Rows"] >= repeated
        lines = [json.loads(line)["Line"] for line in listed.splitlines()]
        numbers = [1000 * n + at + 1 for n in range(repeated) for at in Flawed.BAD_AT]
        assert lines == numbers[:1000]
