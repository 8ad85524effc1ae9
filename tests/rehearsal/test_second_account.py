"""What an environment's region does not offer is lived in a second account, and nothing of it is left."""

from pathlib import Path

import pytest
from moved_sample import AMERICA, WITHOUT_BEDROCK, moved_sample, needs_sample

from mlplatform.settings import Environment
from rehearsal.elsewhere import PROVISIONED, SERVING, elsewhere
from rehearsal.report import Report, summary
from rehearsal.second_account import lived_elsewhere
from rehearsal.step import Step

pytestmark = [pytest.mark.thorough, needs_sample]


def lived(folder: Path, settings: Environment) -> tuple[list[Step], Report, list[str]]:
    """The life of the sample elsewhere, how the account was left, and what was shown."""
    (product,) = settings.products
    shown: list[str] = []
    source = folder / "environments" / "dev.yaml"
    steps, found = lived_elsewhere(settings, product, source, shown.append, proved=True)
    assert found is not None
    return steps, found, shown


def test_a_sample_is_served_in_every_way_where_bedrock_has_its_model_and_retired(tmp_path: Path) -> None:
    settings = moved_sample(tmp_path, **WITHOUT_BEDROCK)
    steps, found, shown = lived(tmp_path, settings)
    assert [(one.model, one.workflow, one.result) for one in steps] == [
        ("support-assistant (us-east-1)", "customize-bedrock", "answers on demand"),
        ("support-assistant (us-east-1)", "retire-bedrock", "removed deployment, kept custom model"),
        ("support-assistant (us-east-1)", "customize-bedrock", "answers by Provisioned Throughput"),
        (
            "support-assistant (us-east-1)",
            "retire-bedrock",
            "removed Provisioned Throughput, custom model ×2",
        ),
    ]
    assert (found.denied, found.idle, found.billed) == ([], [], [])
    assert found.good
    assert "dev in us-east-1: nothing is left that is billed by time" in list(summary(steps, [found]))
    assert "Amazon Bedrock does not customize amazon.nova-lite-v1:0:300k in eu-west-1" in shown[0]
    assert sum("the model answers Open the app" in line for line in shown) == len(SERVING)


def test_where_bedrock_has_its_model_only_the_other_way_of_serving_is_added(tmp_path: Path) -> None:
    settings = moved_sample(tmp_path, **AMERICA)
    place = elsewhere(settings, settings.products[0])
    assert place is not None
    assert place.ways == (PROVISIONED,)
    steps, found, _ = lived(tmp_path, settings)
    assert steps[0].result == "answers by Provisioned Throughput"
    assert [one.as_promised for one in steps] == [True, True]
    assert (found.denied, found.billed) == ([], [])
