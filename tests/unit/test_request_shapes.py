"""What a request may hold is read from the SageMaker API, and what the platform sets is a part of it."""

import json
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator
from hypothesis import given, settings
from hypothesis import strategies as st

from mlplatform.settings import owned
from mlplatform.settings.requests import problems
from tools.refresh_request_shapes import TARGET, rendered

DATA: dict[str, Any] = json.loads(Path(TARGET).read_text(encoding="utf-8"))
OWNED = {
    "CreateEndpointConfig": owned.ENDPOINT_CONFIG,
    "CreateHyperParameterTuningJob": owned.TUNING,
    "CreateProcessingJob": owned.PROCESSING,
    "CreateTrainingJob": owned.TRAINING,
    "CreateTransformJob": owned.TRANSFORM,
}
SCALARS = st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["", "x", "ml.m5.large"])


def test_the_file_holds_what_the_installed_api_says() -> None:
    assert {**json.loads(rendered()), "_source": ""} == {**DATA, "_source": ""}, "run `make refresh-images`"


@pytest.mark.parametrize(
    ("operation", "path"), [(operation, path) for operation, paths in OWNED.items() for path in paths]
)
def test_what_the_platform_sets_is_a_member_of_the_request(operation: str, path: str) -> None:
    shape = DATA["operations"][operation]
    for member in path.replace("*", "member").split("."):
        assert member in DATA["shapes"][shape]["members"]
        shape = DATA["shapes"][shape]["members"][member]


@pytest.mark.parametrize(("operation", "paths"), OWNED.items())
def test_what_the_platform_sets_cannot_be_asked_for(operation: str, paths: dict[str, str]) -> None:
    for path, instead in paths.items():
        request: Any = "anything"
        for member in reversed(path.split(".")):
            request = [request] if member == "*" else {member: request}
        found = [f for f in problems(operation, request, owned=paths) if "the platform sets it" in f.message]
        assert [(".".join(map(str, f.path)), f.message) for f in found] == [
            (f"request.{path.replace('*', '0')}", f"the platform sets it, allowed: {instead}")
        ]


def drawn(shape: str, depth: int = 4) -> st.SearchStrategy[Any]:
    """Values of a shape of the API, some of them wrong."""
    facts = DATA["shapes"][shape]
    if depth == 0:
        return SCALARS
    if facts["type"] == "structure":
        members = {name: drawn(part, depth - 1) | SCALARS for name, part in facts["members"].items()}
        return st.fixed_dictionaries({}, optional=dict(list(members.items())[:6]))
    if facts["type"] == "list":
        return st.lists(drawn(facts["members"]["member"], depth - 1), max_size=2)
    if facts["type"] == "map":
        return st.dictionaries(st.text(max_size=2), drawn(facts["members"]["value"], depth - 1), max_size=2)
    return st.sampled_from(facts["enum"]) | SCALARS if facts.get("enum") else SCALARS


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_what_the_client_of_aws_refuses_is_refused(data: st.DataObject) -> None:
    operation = data.draw(st.sampled_from(sorted(OWNED)))
    request = data.draw(drawn(DATA["operations"][operation]))
    service = botocore.session.get_session().get_service_model("sagemaker")
    report = ParamValidator().validate(request, service.operation_model(operation).input_shape)
    if report.has_errors():
        assert list(problems(operation, request, owned={}))
