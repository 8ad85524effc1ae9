"""What a model's section ``serving`` and an environment's section ``release`` say, and what is refused."""

import contextlib
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from model_mistakes import change
from serving_mistakes import FILES, SERVED, SERVING_MISTAKES, on_gpu, served

from mlplatform.serving.alarms import RELEASE
from mlplatform.serving.watching import MINUTE
from mlplatform.settings import (
    Environment,
    ModelProduct,
    SettingsError,
    environment_checks,
    read_environments,
)
from mlplatform.settings.rollout_checks import ALARM_MINUTES
from mlplatform.settings.serving import ServingSettings

DEV = """\
account: "111122223333"
region: eu-west-1
name_prefix: acme
owns_account: true
training: true
tags: {owner: ml, cost-center: "1"}
network: {availability_zones: [euw1-az1, euw1-az2]}
"""
PRODUCTION = "serves_production: true\nnotifications: {email: [oncall@example.com]}\n"
SCRIPTS = ("evaluate.py", "inference.py", "prepare.py", "train.py")


def consumer(name: str, account: str, *, of: str = "dev") -> str:
    """An environment in an account of its own that uses the registry of another."""
    key = "arn:aws:kms:eu-west-1:111122223333:key/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
    text = change(DEV, "training: true\n", "", "111122223333", account)
    return f"{text}registry: {{environment: {of}, artifacts_key_arn: {key!r}}}\n"


def write(folder: Path, model: str, **environments: str) -> Path:
    """The folder of environments, beside it a model with its scripts and samples."""
    (folder / "environments").mkdir()
    for name, text in environments.items():
        (folder / "environments" / f"{name}.yaml").write_text(text, encoding="utf-8")
    home = folder / "models" / "credit"
    home.mkdir(parents=True)
    (home / "model.yaml").write_text(model, encoding="utf-8")
    for script in SCRIPTS:
        (home / script).touch()
    for name, content in FILES.items():
        (home / name).write_bytes(content)
    return folder / "environments"


def read(folder: Path, model: str, **environments: str) -> dict[str, Environment]:
    """The environments by name. Raises SettingsError."""
    every = read_environments(write(folder, model, **(environments or {"dev": DEV})))
    return {environment.name: environment for environment in every}


def product(folder: Path, model: str) -> ModelProduct:
    """The one model of one environment."""
    (only,) = read(folder, model)["dev"].products
    return only


def serving(folder: Path, model: str) -> ServingSettings:
    """Its endpoint."""
    section = product(folder, model).serving
    assert section is not None
    return section


def problems(folder: Path, model: str, **environments: str) -> list[str]:
    """The messages about these files."""
    with pytest.raises(SettingsError) as refused:
        read(folder, model, **environments)
    return str(refused.value).splitlines()


@pytest.mark.parametrize(("model", "expected"), SERVING_MISTAKES.values(), ids=SERVING_MISTAKES)
def test_a_mistake_in_serving_is_reported_with_its_line_and_the_reason(
    model: str, expected: str, tmp_path: Path
) -> None:
    found = problems(tmp_path, model)
    assert [line.removeprefix("models/credit/model.yaml:") for line in found] == expected.splitlines()


def test_an_endpoint_needs_nothing_but_a_sample(tmp_path: Path) -> None:
    section = serving(tmp_path, SERVED)
    assert (section.mode, section.instance_types, section.capacity) == ("realtime", ("ml.m5.large",), (2, 2))
    assert (section.network_isolation, section.rollout.strategy) == (True, "canary")
    assert (section.shadow, section.capture, section.autoscaling, section.ab_test) == (None,) * 4
    assert (section.serverless, section.async_inference) == (None, None)


def test_the_sample_is_read_with_the_settings(tmp_path: Path) -> None:
    assert product(tmp_path, SERVED).sample == "52000,1200,own\n"


def test_the_sample_keeps_its_line_ends(tmp_path: Path) -> None:
    folder = write(tmp_path, SERVED, dev=DEV)
    (tmp_path / "models" / "credit" / "sample.csv").write_bytes("1,ü\r\n".encode())
    (environment,) = read_environments(folder)
    assert [one.sample for one in environment.products] == ["1,ü\r\n"]


def test_a_model_without_an_endpoint_has_no_sample(tmp_path: Path) -> None:
    assert product(tmp_path, change(SERVED, "serving:\n  sample: {file: sample.csv}\n", "")).sample == ""


def test_serverless_has_the_capacity_of_its_concurrency_and_goes_over_at_once(tmp_path: Path) -> None:
    section = serving(tmp_path, served("mode: serverless\n  serverless: {provisioned_concurrency: 3}"))
    assert (section.instance_types, section.capacity) == ((), (3, 20))
    assert (section.network_isolation, section.rollout.strategy) == (False, "all_at_once")


def test_serverless_without_a_section_has_one_all_the_same(tmp_path: Path) -> None:
    section = serving(tmp_path, served("mode: serverless\n  serverless: null"))
    assert section.serverless is not None
    assert section.serverless.memory_mb == 2048


def test_async_scales_to_zero(tmp_path: Path) -> None:
    lines = (
        "mode: async\n  instances: {minimum: 0, maximum: 3}\n  rollout: {strategy: all_at_once}\n"
        "  autoscaling: {target_backlog_per_instance: 5}"
    )
    section = serving(tmp_path, served(lines))
    assert section.capacity == (0, 3)
    assert section.async_inference is not None
    assert section.async_inference.concurrent_requests_per_instance == 4
    assert section.autoscaling is not None
    assert section.autoscaling.targets == {"target_backlog_per_instance": 5}


GOES = {
    "GPUs with what falls back to them": (
        "pytorch",
        "instance_type: ml.g5.xlarge\n  fallback_instance_types: [ml.g5.2xlarge]\n"
        "  objectives: {gpu_percent: 90, gpu_memory_percent: 95}",
    ),
    "a shadow and an A/B test, one after the other": (
        "scikit-learn",
        "shadow: {sampling_percent: 50}\n  ab_test: {}",
    ),
    "provisioned concurrency that follows its use": (
        "scikit-learn",
        "mode: serverless\n  serverless: {provisioned_concurrency: 2}\n"
        "  autoscaling: {target_utilization_percent: 70, schedules: "
        "[{name: day, schedule: 'cron(0 8 ? * MON-FRI *)', timezone: Europe/Berlin, minimum: 10}]}",
    ),
    "one instance that goes over at once": (
        "scikit-learn",
        "instances: {minimum: 1}\n  rollout: {strategy: all_at_once}",
    ),
    "eight hours of small steps": (
        "scikit-learn",
        "rollout: {strategy: linear, step_percent: 10, wait_minutes: 47, maximum_minutes: 480}",
    ),
    "what only a request can ask for": (
        "scikit-learn",
        "request: {ProductionVariants: [{VariantInstanceProvisionTimeoutInSeconds: 900}], "
        "MetricsConfig: {EnableDetailedObservability: true}}",
    ),
    "content types with what belongs to them": (
        "scikit-learn",
        "capture: {content: input}\n  request: {DataCaptureConfig: "
        "{CaptureContentTypeHeader: {CsvContentTypes: [text/csv]}}}",
    ),
}


@pytest.mark.parametrize(("framework", "lines"), GOES.values(), ids=GOES)
def test_what_goes_together_is_read(framework: str, lines: str, tmp_path: Path) -> None:
    model = on_gpu(lines) if framework == "pytorch" else served(lines)
    assert serving(tmp_path, model).mode in ("realtime", "serverless")


BAKES = {
    "rollout: {wait_minutes: 10}": (2, 15, 25),
    "rollout: {strategy: linear, step_percent: 30, wait_minutes: 5, termination_wait_minutes: 0}": (
        4,
        15,
        20,
    ),
    "rollout: {strategy: rolling, batch_percent: 25, wait_minutes: 3}": (4, 9, 12),
    "rollout: {strategy: all_at_once, wait_minutes: 8}": (1, 5, 13),
}


@pytest.mark.parametrize(("lines", "expected"), BAKES.items())
def test_a_guarded_update_takes_its_waits_with_or_without_the_one_after_the_last_step(
    lines: str, expected: tuple[int, int, int], tmp_path: Path
) -> None:
    rollout = serving(tmp_path, served(lines)).rollout
    assert (rollout.steps, rollout.least_minutes, rollout.baking_minutes) == expected


def test_production_keeps_two_instances_at_every_time(tmp_path: Path) -> None:
    schedules = "schedules: [{name: night, schedule: rate(1 day), minimum: 1}]"
    model = served(
        "instances: {minimum: 1, maximum: 4}\n  rollout: {strategy: all_at_once}\n"
        f"  autoscaling: {{target_concurrent_requests: 5, {schedules}}}"
    )
    why = "production survives the loss of an instance or a zone, because serves_production: true"
    told = f"{why}, given 1, allowed: 2 or more (in dev)"
    assert problems(tmp_path, model, dev=DEV + PRODUCTION) == [
        f"models/credit/model.yaml:25: serving.instances.minimum: {told}",
        f"models/credit/model.yaml:27: serving.autoscaling.schedules.0.minimum: {told}",
    ]


def test_no_endpoint_is_asked_for_where_cloudformation_has_none(tmp_path: Path) -> None:
    (dev,) = read_environments(write(tmp_path, SERVED, dev=DEV))
    there = dev.model_copy(update={"region": "me-central-1", "training": False})
    (found,) = environment_checks.problems(dev.products[0], there)
    missing = "CloudFormation has no AWS::SageMaker::Endpoint in me-central-1"
    assert found == (("serving",), f"{missing}, allowed: null there, or a region that has it")


def test_a_step_is_long_enough_for_the_alarms_of_a_release() -> None:
    assert RELEASE.of * RELEASE.period == ALARM_MINUTES * MINUTE


def test_what_an_environment_changes_is_checked_with_all_its_rules(tmp_path: Path) -> None:
    below = "  credit:\n    serving:\n"
    dev = f"{DEV}models:\n{below}      mode: serverless\n      sample: {{file: other.csv}}\n"
    assert problems(tmp_path, served("shadow: {bake_minutes: 5}"), dev=dev) == [
        "environments/dev.yaml:10: models.credit.serving.shadow: does not go with mode: serverless, "
        "which takes one variant, allowed: mode: realtime",
        "environments/dev.yaml:12: models.credit.serving.sample.file: no such file, given 'other.csv', "
        "allowed: a file of the model's folder",
    ]


def test_an_environment_takes_back_what_the_model_s_file_says(tmp_path: Path) -> None:
    model = served(
        "instances: {minimum: 3, maximum: 6}\n  autoscaling: {target_invocations_per_minute: 600}\n"
        "  rollout: {strategy: linear, step_percent: 25}"
    )
    over = "mode: serverless, instances: null, autoscaling: null, rollout: null"
    dev = f"{DEV}models: {{credit: {{serving: {{{over}}}}}}}\n"
    (only,) = read(tmp_path, model, dev=dev)["dev"].products
    assert only.serving is not None
    assert (only.serving.capacity, only.serving.rollout.strategy) == ((0, 20), "all_at_once")


def test_an_environment_takes_back_the_share_of_another_strategy(tmp_path: Path) -> None:
    over = "rollout: {strategy: canary, step_percent: null}"
    dev = f"{DEV}models: {{credit: {{serving: {{{over}}}}}}}\n"
    model = served("rollout: {strategy: linear, step_percent: 25}")
    (only,) = read(tmp_path, model, dev=dev)["dev"].products
    assert only.serving is not None
    assert (only.serving.rollout.strategy, only.serving.rollout.step_percent) == ("canary", 20)


def test_an_environment_may_do_without_the_endpoint(tmp_path: Path) -> None:
    every = read(tmp_path, SERVED, dev=f"{DEV}models: {{credit: {{serving: null}}}}\n")
    assert [(one.serving, one.sample) for one in every["dev"].products] == [(None, "")]


WHOLE = served(
    "mode: realtime\n  instances: {minimum: 2, maximum: 4}\n  shadow: {limits: {}}\n  rollout: {}\n"
    "  capture: {}\n  autoscaling: {target_concurrent_requests: 4, "
    "schedules: [{name: a, schedule: rate(1 day), minimum: 3}]}\n"
    "  objectives: {p99_latency_ms: 5}\n  metrics: {}\n  ab_test: {}\n  consumers: []\n"
    "  request: {ProductionVariants: [{InferenceAmiVersion: al2-ami-sagemaker-inference-gpu-2}]}"
)
KEYS = tuple(ServingSettings.model_fields)
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-1, 3)
    | st.floats()
    | st.sampled_from(["", "x", "ml.g5.large", "async", "serverless", "rolling"]),
    lambda part: (
        st.lists(part, max_size=2)
        | st.dictionaries(
            st.sampled_from(["minimum", "strategy", "schedules", "steps", "ProductionVariants", "file"]),
            part,
            max_size=2,
        )
    ),
    max_leaves=5,
)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(KEYS), st.sampled_from([None, *KEYS]), ANYTHING, ANYTHING)
def test_whatever_stands_in_serving_is_read_or_refused(
    first: str, second: str | None, one: Any, other: Any
) -> None:
    model = yaml.safe_load(WHOLE)
    model["serving"] |= {first: one} | ({second: other} if second else {})
    with TemporaryDirectory() as folder, contextlib.suppress(SettingsError):
        (only,) = read(Path(folder), yaml.safe_dump(model))["dev"].products
        assert isinstance(only.serving, ServingSettings)


RELEASE_MISTAKES = {
    "unknown start": (
        "release: {start: on_merge}",
        "8: release.start: unknown value, given 'on_merge', allowed: on_approval, manual, or "
        "{after: <environment>}",
    ),
    "start with more than an environment": (
        "release: {start: {after: dev, and: more}}",
        "8: release.start: unknown value, given settings as `key: value`, allowed: on_approval, manual, or "
        "{after: <environment>}",
    ),
    "environment that is a number": (
        "release: {start: {after: 5}}",
        "8: release.start: unknown value, given settings as `key: value`, allowed: on_approval, manual, or "
        "{after: <environment>}",
    ),
    "time that nobody has": (
        "release: {start: {after: staging}, confirm_within_hours: 0}",
        "8: release.confirm_within_hours: out of range, given 0, allowed: a whole number from 1 to 168",
    ),
    "time for what nobody confirms": (
        "release: {start: manual, confirm_within_hours: 24}",
        "8: release.confirm_within_hours: does not go with start: manual, which nobody confirms, given 24, "
        "allowed: start: {after: <environment>}",
    ),
    "unknown key": (
        "release: {starts: manual}",
        "8: release.starts: unknown key, given 'starts', did you mean 'start'?, allowed: start, "
        "confirm_within_hours",
    ),
    "after nobody": (
        "release: {start: {after: staging}}",
        "8: release.start.after: no such environment, given 'staging', allowed: none, release.start: "
        "on_approval or manual",
    ),
    "after itself": (
        "release:\n  start:\n    after: dev",
        "10: release.start.after: an environment cannot wait for itself, given 'dev', allowed: none, "
        "release.start: on_approval or manual",
    ),
    "release of anybody": (
        "ci: {deploy_subjects: ['repo:acme/ml:*'], release_subjects: ['*']}",
        "8: ci.release_subjects.0: malformed, given '*', allowed: the subject of a token, such as "
        "repo:acme/ml:environment:dev, * only at its end",
    ),
}


@pytest.mark.parametrize(("lines", "expected"), RELEASE_MISTAKES.values(), ids=RELEASE_MISTAKES)
def test_a_mistake_in_release_is_reported_with_its_line_and_what_is_allowed(
    lines: str, expected: str, tmp_path: Path
) -> None:
    assert problems(tmp_path, SERVED, dev=f"{DEV}{lines}\n") == [f"environments/dev.yaml:{expected}"]


def test_an_approval_starts_a_release_unless_told_otherwise(tmp_path: Path) -> None:
    release = read(tmp_path, SERVED)["dev"].release
    assert (release.start, release.after, release.on_approval) == ("on_approval", None, True)


def test_environments_know_whom_they_follow_and_who_follows_them(tmp_path: Path) -> None:
    after = "release: {start: {after: dev}, confirm_within_hours: 48}\n"
    prod = consumer("prod", "333344445555") + after
    every = read(tmp_path, SERVED, dev=DEV, prod=prod, test=consumer("test", "222233334444"))
    assert every["prod"].neighbours.before == every["dev"].names
    assert every["dev"].neighbours.followers == (every["prod"].names,)
    assert (every["dev"].neighbours.before, every["test"].neighbours.followers) == (None, ())
    assert (every["prod"].release.after, every["prod"].release.on_approval) == ("dev", False)


def test_an_environment_follows_only_one_with_the_same_registry(tmp_path: Path) -> None:
    other = change(DEV, "111122223333", "444455556666")
    prod = consumer("prod", "333344445555") + "release: {start: {after: other}}\n"
    assert problems(tmp_path, SERVED, dev=DEV, other=other, prod=prod) == [
        "environments/prod.yaml:8: release.start.after: uses another registry, whose versions are not those "
        "of prod, given 'other', allowed: dev"
    ]


def test_environments_may_not_wait_for_each_other(tmp_path: Path) -> None:
    dev = DEV + "release: {start: {after: prod}}\n"
    prod = consumer("prod", "333344445555") + "release: {start: {after: test}}\n"
    test = consumer("test", "222233334444") + "release: {start: {after: dev}}\n"
    found = problems(tmp_path, SERVED, dev=dev, prod=prod, test=test)
    assert [line.split(", given")[0] for line in found] == [
        "environments/dev.yaml:8: release.start.after: each would wait for the other: "
        "dev after prod after test after dev",
        "environments/prod.yaml:8: release.start.after: each would wait for the other: "
        "prod after test after dev after prod",
        "environments/test.yaml:8: release.start.after: each would wait for the other: "
        "test after dev after prod after test",
    ]


def test_what_is_served_here_must_be_served_where_it_comes_from(tmp_path: Path) -> None:
    dev = f"{DEV}models: {{credit: {{serving: null}}}}\n"
    prod = consumer("prod", "333344445555") + "release: {start: {after: dev}}\n"
    assert problems(tmp_path, SERVED, dev=dev, prod=prod) == [
        "environments/prod.yaml:8: release.start.after: credit is served here and not in dev, so that none "
        "of its versions is ever offered, given 'dev', allowed: a section serving for it in dev, or "
        "`models: {credit: {serving: null}}`"
    ]
