"""What the roles of models may do, by the settings that decide it."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from landscapes import ROOT, environment, landscape

from mlplatform import workflows
from mlplatform.permissions import function_roles
from mlplatform.permissions.grant import Grant
from mlplatform.permissions.job_roles import model_job
from mlplatform.permissions.run_places import areas
from mlplatform.permissions.trigger_roles import model_trigger, on_new_data, schedules
from mlplatform.permissions.workflow_roles import model_workflow
from mlplatform.settings import Environment, ModelProduct

FIXTURE = ROOT / "tests" / "fixtures" / "models" / "credit-approval"
ACCOUNT = "111122223333"


def made(
    folder: Path, changes: dict[str, Any] | None = None, **settings: Any
) -> tuple[ModelProduct, Environment]:
    """The fixture's model with ``changes`` (None leaves a section out), in an environment that trains."""
    model = yaml.safe_load((FIXTURE / "model.yaml").read_text(encoding="utf-8")) | (changes or {})
    (folder / "models" / "credit-approval").mkdir(parents=True)
    for path in (*FIXTURE.glob("*.py"), FIXTURE / "sample.csv"):
        (folder / "models" / "credit-approval" / path.name).write_bytes(path.read_bytes())
    text = yaml.safe_dump({key: value for key, value in model.items() if value is not None})
    (folder / "models" / "credit-approval" / "model.yaml").write_text(text, encoding="utf-8")
    file = environment(ACCOUNT, **{"training": True, **settings})
    found = landscape(folder, {"dev": file}, {})["dev"]
    return found.products[0], found


def by_sid(grants: list[Grant]) -> dict[str, Grant]:
    """Grants by their Sid."""
    return {grant.sid: grant for grant in grants}


def workflow(product: ModelProduct, settings: Environment) -> dict[str, Grant]:
    """What the workflows of a product may do."""
    return by_sid(model_workflow(product, settings, workflows.pack(product.folder)))


def test_a_model_reads_all_below_the_first_part_of_its_locations(tmp_path: Path) -> None:
    product, settings = made(tmp_path)
    assert areas(settings, product) == ("credit-approval/*", "lake/*")


def test_a_location_of_one_part_is_that_object_or_folder_and_nothing_that_begins_alike(
    tmp_path: Path,
) -> None:
    data = {"train": "data://credit", "test": "data://credit-approval/test/", "format": "none"}
    product, settings = made(tmp_path, {"data": data, "batch": None, "schedule": None})
    assert areas(settings, product) == ("credit", "credit-approval/*", "credit/*")


def test_a_declared_source_is_read_with_its_key_and_not_as_part_of_the_data_bucket(tmp_path: Path) -> None:
    key = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
    sources = [
        {"name": "lake", "bucket": "acme-lake", "prefix": "credit/", "kms_key_arn": key},
        {"name": "unused", "bucket": "acme-unused"},
    ]
    product, settings = made(tmp_path, data_sources=sources)
    grants = by_sid(model_job(product, settings))
    assert grants["ReadSources"].resources == ("arn:aws:s3:::acme-lake/credit/*",)
    assert grants["DecryptSources"].resources == (key,)
    assert grants["ReadData"].resources == (
        "arn:aws:s3:::acme-dev-data-111122223333-eu-west-1/credit-approval/*",
    )


@pytest.mark.parametrize("production", [False, True])
def test_jobs_read_edited_scripts_unless_production_depends_on_the_environment(
    tmp_path: Path, production: bool
) -> None:
    more: dict[str, Any] = {"notifications": {"email": ["oncall@example.com"]}} if production else {}
    product, settings = made(tmp_path, serves_production=production, **more)
    read = by_sid(model_job(product, settings))["ReadWork"].resources
    assert any("/studio/" in arn for arn in read) is not production


def test_a_workflow_that_is_not_there_gives_no_permission(tmp_path: Path) -> None:
    product, settings = made(tmp_path, {"tune": None, "batch": None, "prepare": None, "schedule": None})
    grants = workflow(product, settings)
    assert not {
        "SeeTrials",
        "RunHyperParameterTuningJobs",
        "RunTransformJobs",
        "FindVersion",
        "MakeModel",
        "ClearModel",
    } & set(grants)
    assert [arn.partition("credit-approval-")[2] for arn in grants["RunProcessingJobs"].resources] == [
        "eval-???????"
    ]
    job = by_sid(model_job(product, settings))
    assert not [arn for arn in job["WriteWork"].resources if "predictions/" in arn or "prepared" in arn]
    assert {arn.rpartition("/")[2] for arn in job["WriteLogs"].resources} == {
        "ProcessingJobs*",
        "TrainingJobs*",
    }


def test_training_keeps_checkpoints_only_if_it_makes_any(tmp_path: Path) -> None:
    train = yaml.safe_load((FIXTURE / "model.yaml").read_text(encoding="utf-8"))["train"]
    product, settings = made(tmp_path, {"train": {**train, "spot": False}})
    written = by_sid(model_job(product, settings))["WriteWork"].resources
    assert not [arn for arn in written if "checkpoints" in arn]


def test_scoring_attaches_with_the_security_group_of_models_and_training_with_that_of_jobs(
    tmp_path: Path,
) -> None:
    product, settings = made(tmp_path, training=False)
    (attach,) = [grant for grant in model_job(product, settings) if grant.sid == "AttachToNetwork"]
    assert "ModelSecurityGroupId" in str(attach.resources)
    assert "JobSecurityGroupId" not in str(attach.resources)


def test_nothing_starts_by_itself_without_a_schedule(tmp_path: Path) -> None:
    product, settings = made(tmp_path, {"schedule": None})
    assert schedules(product, settings) == {}
    assert on_new_data(product, settings) is None
    assert model_trigger(product, settings) == []


def test_new_data_alone_needs_no_queue_since_rules_deliver_by_the_queues_own_policy(tmp_path: Path) -> None:
    product, settings = made(tmp_path, {"schedule": {"new_data": "tune"}})
    (start,) = model_trigger(product, settings)
    assert start.resources == (
        "arn:aws:states:eu-west-1:111122223333:stateMachine:acme-dev-credit-approval-tune",
    )


@pytest.mark.parametrize(("mlflow", "tracks"), [("app", True), ("server", False), ("none", False)])
def test_registration_records_runs_only_in_an_mlflow_app(tmp_path: Path, mlflow: str, tracks: bool) -> None:
    _, settings = made(tmp_path, studio={"mlflow": mlflow})
    grants = by_sid(function_roles.grants(function_roles.REGISTRATION, settings))
    assert ({"FindTracking", "TrackRuns"} <= set(grants)) is tracks


def test_admission_calls_nothing(tmp_path: Path) -> None:
    _, settings = made(tmp_path)
    assert function_roles.grants(function_roles.ADMISSION, settings) == []
