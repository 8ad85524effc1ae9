"""The rules refuse a Serving stack in which a release could not go back, or that SageMaker refuses."""

import copy
from typing import Any

import pytest
from serving_templates import credit, settings_in
from template_mistakes import MISTAKES, SECTION_IS_THE_MISTAKE, Template

from mlplatform.rules import check
from mlplatform.serving.template import template
from mlplatform.settings import Environment


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment."""
    return settings_in(tmp_path_factory.mktemp("serving"))


def broken(body: Template) -> set[str]:
    """Ids of the rules that the template breaks."""
    return {violation.rule for violation in check(body, partition="aws", dns_suffix="amazonaws.com")}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_template_with_one_mistake_breaks_the_rule_that_is_for_it(
    settings: Environment, mistake: str
) -> None:
    section, spoil, rule = MISTAKES[mistake]
    body = copy.deepcopy(template(credit(settings, **section)))
    spoil(body)
    assert rule in broken(body)


def test_without_the_mistake_the_same_template_keeps_that_rule(settings: Environment) -> None:
    for mistake, (section, _, rule) in MISTAKES.items():
        if mistake != SECTION_IS_THE_MISTAKE:
            assert rule not in broken(template(credit(settings, **section))), mistake


def role(name: str, *statements: dict[str, Any]) -> Template:
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    policies = [{"PolicyName": "Permissions", "PolicyDocument": document}]
    body = {"RoleName": name, "Policies": policies}
    return {"Resources": {"Role": {"Type": "AWS::IAM::Role", "Properties": body}}}


def may(action: str, endpoint: str = "acme-dev-credit", **rest: Any) -> dict[str, Any]:
    resource = f"arn:aws:sagemaker:eu-west-1:111122223333:endpoint/{endpoint}"
    return {"Effect": "Allow", "Action": action, "Resource": resource, **rest}


NEVER_SERVED = {"Condition": {"Null": {"aws:ResourceTag/served": "true"}}}


@pytest.mark.parametrize(
    ("body", "refused"),
    [
        (role("acme-dev-credit-update", may("sagemaker:DeleteEndpoint")), True),
        (role("acme-dev-credit-update", may("sagemaker:DeleteEndpoint", **NEVER_SERVED)), True),
        (role("acme-dev-credit-update-first", may("sagemaker:DeleteEndpoint")), True),
        (role("acme-dev-credit-update-first", may("sagemaker:DeleteEndpoint", **NEVER_SERVED)), False),
        (role("acme-dev-ml-engineer", may("sagemaker:DeleteEndpoint", "acme-dev-try-*")), False),
        (role("acme-dev-ml-engineer", may("sagemaker:Delete*", "*")), True),
        (role("acme-dev-credit-update", may("sagemaker:DeleteEndpointConfig")), False),
        (role("acme-dev-credit-update", may("sagemaker:DeleteEndpoint") | {"Effect": "Deny"}), False),
    ],
)
def test_only_the_first_release_may_delete_an_endpoint_and_only_until_it_serves(
    body: Template, refused: bool
) -> None:
    assert ("ENDPOINT_DELETION" in broken(body)) is refused
