"""What CloudFormation may do for a release follows from what its template has."""

from pathlib import Path
from typing import Any

import pytest
from serving_templates import COMPONENTS, SCALED, SERVERLESS, credit, settings_in

from mlplatform.permissions.serving_access import model_consumer
from mlplatform.permissions.update_roles import first_update, update
from mlplatform.release_function import variables
from mlplatform.serving.parts import ENDPOINT_CONFIG, Served
from mlplatform.serving.template import template

OWN_DISK: dict[str, Any] = {"instance_type": "ml.g5.xlarge"}


@pytest.fixture
def subject(tmp_path: Path, request: pytest.FixtureRequest) -> Served:
    return credit(settings_in(tmp_path), **request.param)


@pytest.mark.parametrize("subject", [{}, SERVERLESS, OWN_DISK], indirect=True)
def test_whoever_makes_a_configuration_with_a_key_may_lend_that_key(subject: Served) -> None:
    named = "KmsKeyId" in template(subject)["Resources"][ENDPOINT_CONFIG]["Properties"]
    for grants in (update(subject), first_update(subject)):
        assert ("kms:CreateGrant" in {action for grant in grants for action in grant.actions}) == named


COMPONENT = "arn:aws:sagemaker:eu-west-1:111122223333:inference-component/acme-dev-credit"


@pytest.mark.parametrize("subject", [COMPONENTS], indirect=True)
def test_a_release_changes_the_models_own_component_and_deletes_it_only_until_it_has_served(
    subject: Served,
) -> None:
    every = [grant for grant in first_update(subject) if "Component" in "".join(grant.actions)]
    on = {action: set(grant.resources) for grant in every for action in grant.actions}
    endpoint = COMPONENT.replace("inference-component", "endpoint")
    assert on.pop("sagemaker:CreateInferenceComponent") == {endpoint, COMPONENT}
    assert on.pop("sagemaker:ListTags") == {COMPONENT}
    assert set(on) == {
        f"sagemaker:{verb}InferenceComponent{what}"
        for verb, what in (("Delete", ""), ("Describe", ""), ("Update", ""), ("Update", "RuntimeConfig"))
    }
    assert all(resources == {COMPONENT} for resources in on.values())
    (removal,) = (grant for grant in every if "sagemaker:DeleteInferenceComponent" in grant.actions)
    assert removal.condition == {"Null": {"aws:ResourceTag/served": "true"}}
    assert not any(
        "Delete" in action for g in update(subject) for action in g.actions if "Component" in action
    )


@pytest.mark.parametrize("subject", [COMPONENTS], indirect=True)
def test_whoever_calls_a_component_may_call_it_and_its_endpoint_alone(subject: Served) -> None:
    consumers = {"consumers": ["arn:aws:iam::777788889999:role/app"]}
    serving = subject.serving.model_copy(update=consumers)
    product = subject.product.model_copy(update={"serving": serving})
    (grant,) = model_consumer(product, subject.settings)
    assert set(grant.resources) == {COMPONENT, COMPONENT.replace("inference-component", "endpoint")}


@pytest.mark.parametrize("subject", [COMPONENTS, SERVERLESS], indirect=True)
def test_a_release_names_the_types_that_its_stack_has(subject: Served) -> None:
    kinds = {part["Type"] for part in template(subject)["Resources"].values()}
    assert kinds <= set(variables(subject)["RESOURCE_TYPES"].split(","))
    assert ("COMPONENT_ARN" in variables(subject)) == subject.has_components


@pytest.mark.parametrize("subject", [SCALED, {}, COMPONENTS], indirect=True)
def test_whoever_tracks_a_metric_may_make_the_alarms_of_that_variant_alone(subject: Served) -> None:
    changed = [
        arn
        for grant in update(subject)
        if "cloudwatch:PutMetricAlarm" in grant.actions
        for arn in grant.resources
    ]
    names = {str(arn).partition(":alarm:")[2] for arn in changed}
    scaled = "endpoint/acme-dev-credit/variant/production"
    if subject.has_components:
        scaled = "inference-component/acme-dev-credit"
    tracking = {f"TargetTracking-{scaled}-*"} if subject.scales else set()
    assert names == {"acme-dev/credit/*"} | tracking
