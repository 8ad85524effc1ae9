"""The example of a client calls the endpoint as the consumer role, in the endpoint's account."""

import importlib.util
from pathlib import Path
from types import ModuleType

import boto3
import pytest
from moto.backends import get_backend

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "call_endpoint.py"
SERVING, REGION = "333344445555", "eu-west-1"
NAME = "acme-prod-credit-approval-consumer"
ROLE = f"arn:aws:iam::{SERVING}:role/acme/prod/consumer/{NAME}"


@pytest.fixture
def example(aws: None, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The example as a module."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)  # a caller has a region, whatever this machine has
    spec = importlib.util.spec_from_file_location("call_endpoint", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_session_is_that_of_the_consumer_role_and_leaves_the_callers_own_alone(
    example: ModuleType,
) -> None:
    caller = example.consumer_session(ROLE, REGION).client("sts").get_caller_identity()
    assert caller["Account"] == SERVING
    assert NAME in caller["Arn"]
    assert boto3.client("sts", region_name=REGION).get_caller_identity()["Account"] != SERVING


def test_the_endpoint_of_the_other_account_answers(example: ModuleType) -> None:
    there = get_backend("sagemaker-runtime")[SERVING][REGION]
    there.results_queue.append(("0.93\n", "text/csv", "production", ""))
    session = example.consumer_session(ROLE, REGION)
    assert example.predict(session, "acme-prod-credit-approval", b"34,1200\n") == b"0.93\n"
    assert not there.results_queue
