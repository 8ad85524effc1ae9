"""Which instance types exist is read from the SageMaker API, not remembered."""

import json
from pathlib import Path

import pytest

from mlplatform.instance_types import instance_types
from tools.refresh_instance_types import TARGET, rendered


def test_the_file_holds_what_the_installed_api_lists() -> None:
    fresh, held = json.loads(rendered()), json.loads(Path(TARGET).read_text(encoding="utf-8"))
    assert {**fresh, "_source": ""} == {**held, "_source": ""}, "run `make refresh-regions`"


def test_types_of_several_uses_are_listed_once() -> None:
    both = instance_types("training", "processing")
    assert set(both) == set(instance_types("training")) | set(instance_types("processing"))
    assert len(set(both)) == len(both)
    assert "ml.m5.large" in both


def test_an_unknown_use_is_an_error() -> None:
    with pytest.raises(KeyError):
        instance_types("gaming")
