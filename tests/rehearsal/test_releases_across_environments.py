"""A version goes from one environment to the next: two environments that share an emulated account."""

import json
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
import yaml
from landscapes import ROOT, environment
from sample_account import needs

from mlplatform.settings import read_environments
from rehearsal import releases
from rehearsal.api import REHEARSAL, Principal
from rehearsal.driver import Rehearsal, deployed
from rehearsal.serving import protected, unrest
from tools import confirm
from tools.platform_app import platform_app
from tools.policy_evaluator import Policy

MODEL, ACCOUNT = "fraud-detector", "111122223333"
FILES = {
    "dev": environment(ACCOUNT, training=True, removal="destroy"),
    "prod": environment(
        ACCOUNT,
        owns_account=False,
        removal="destroy",
        registry={"environment": "dev"},
        release={"start": {"after": "dev"}},
        studio={"users": {"cy": "approver"}},
    ),
}

DOORS: dict[str, dict[str, tuple[str, Policy | None]]] = {}
"""VPC endpoints by environment: the emulated account has those of one network at a time."""

pytestmark = [pytest.mark.thorough, needs(MODEL)]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Rehearsal, Rehearsal]]:
    """The first environment with a version, and the one that follows it."""
    folder = tmp_path_factory.mktemp("landscape")
    (folder / "environments").mkdir()
    for name, settings in FILES.items():
        (folder / "environments" / f"{name}.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    shutil.copytree(ROOT / "models" / MODEL, folder / "models" / MODEL)
    dev, prod = read_environments(folder / "environments")
    platform_app([dev, prod], folder / "cdk.out").synth()
    with deployed(dev, folder / "cdk.out") as here:
        here.models = folder / "models"
        here.upload(here.product(MODEL))
        assert here.run(MODEL, "train").succeeded
        endpoints = dict(here.emulator.vpc_endpoints)
        here.engine.bootstrap(prod)
        here.engine.deploy(folder / "cdk.out", "prod")
        DOORS["prod"], DOORS["dev"] = dict(here.emulator.vpc_endpoints), endpoints
        yield here, replace(here, settings=prod)


def test_a_version_that_served_is_offered_to_the_next_environment_and_waits_for_a_person(
    both: tuple[Rehearsal, Rehearsal],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    here, there = both
    product, told = there.product(MODEL), list[str]()
    for one in both:
        protected(one, one.product(MODEL))
    version = f"{here.settings.names.package_group_arn(MODEL).replace('-group/', '/')}/1"
    assert releases.executions(there, product, "release") == set()

    here.emulator.vpc_endpoints.update(DOORS["dev"])
    first = releases.approved(here, here.product(MODEL), version, "released", told.append)
    assert denied(here) == []
    assert first.as_promised, first.ended.cause
    offered = releases.started(there, product, set())
    wait_for_question(there, offered)
    with pytest.raises(LookupError, match="no endpoint"):
        serving(there)

    folder = here.models.parent / "environments"
    approver = Principal(there.settings.names.role_arn("persona", "approver-cy"), "cy")
    for name, value in there.emulator.credentials(approver).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", there.emulator.endpoint)
    monkeypatch.setenv("AWS_DEFAULT_REGION", there.settings.region)
    here.emulator.vpc_endpoints.update(DOORS["prod"])
    code = confirm.main(["prod", MODEL, "--folder", str(folder)])
    printed = capsys.readouterr()
    assert code == 0, printed.err

    second = releases.followed(there, product, "release", offered, "released", told.append)
    assert denied(here) == []
    assert second.as_promised, second.ended.cause
    assert unrest(there, product, version) == []
    assert unrest(here, here.product(MODEL), version) == []
    assert denied(here) == []
    assert here.events.failures == []


def denied(here: Rehearsal) -> list[str]:
    """Calls that were refused."""
    return [str(call) for call in here.emulator.trace if not call.allowed]


def wait_for_question(there: Rehearsal, execution: str) -> None:
    """Return when the execution asks; it must not have ended."""
    client, limit = there.emulator.client("stepfunctions", REHEARSAL), time.monotonic() + 60
    while not confirm.waiting(client, execution.replace(":execution:", ":stateMachine:").rpartition(":")[0]):
        described = client.describe_execution(executionArn=execution)
        assert described["status"] == "RUNNING", json.dumps(described, default=str)
        assert time.monotonic() < limit, "nobody was asked"
        time.sleep(0.1)


def serving(there: Rehearsal) -> str:
    """The endpoint's status. Raises LookupError if there is none."""
    name = there.settings.names.endpoint(MODEL)
    found = there.sagemaker.endpoints.found.get(name)
    if found is None:
        raise LookupError(f"no endpoint {name}")
    return str(found.status)
