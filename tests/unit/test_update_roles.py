"""What CloudFormation may do for a release follows from what its template has."""

from pathlib import Path
from typing import Any

import pytest
from serving_templates import SCALED, SERVERLESS, credit, settings_in

from mlplatform.permissions.update_roles import first_update, update
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


@pytest.mark.parametrize("subject", [SCALED, {}], indirect=True)
def test_whoever_tracks_a_metric_may_make_the_alarms_of_that_variant_alone(subject: Served) -> None:
    changed = [
        arn
        for grant in update(subject)
        if "cloudwatch:PutMetricAlarm" in grant.actions
        for arn in grant.resources
    ]
    names = {str(arn).partition(":alarm:")[2] for arn in changed}
    tracking = {"TargetTracking-endpoint/acme-dev-credit/variant/production-*"} if subject.scales else set()
    assert names == {"acme-dev/credit/*"} | tracking
