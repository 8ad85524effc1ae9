"""Bad input, end to end: what a person reads, that no job was paid for, and that nothing was registered.

Every case is run as people run it, by the commands behind `make train` and its siblings, with the credentials
of a data scientist, against an environment deployed on this machine.
"""

import functools
import io
import json
import shutil
import tarfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from mlplatform.settings import Environment, read_environments
from rehearsal.api import REHEARSAL
from rehearsal.driver import Rehearsal, deployed
from tools import workflow as command
from tools.executions import follow
from tools.platform_app import platform_app

FIXTURES = Path(__file__).parents[1] / "fixtures"
MODEL, LENIENT, GROUPLESS = "credit-approval", "lenient", "groupless"
"""Three models alike, but that one bears a bad row, and somebody deleted the package group of one."""

HEADER = b"approved,age_group,income,debt\n"
GOOD = HEADER + b"1,under_30,51063,9245\n0,over_50,45774,1392\n"
HEADLESS = b"under_30,51063,9245\n"

COSTLY = (
    "CreateTrainingJob",
    "CreateProcessingJob",
    "CreateHyperParameterTuningJob",
    "CreateTransformJob",
    "CreateModel",
)
Run = Callable[..., "Said"]


class Said:
    """What a command said: its exit status, everything it printed, and which costly calls it led to."""

    def __init__(self, status: int, text: str, jobs: list[str], versions: int) -> None:
        self.status, self.text, self.jobs, self.versions = status, text, jobs, versions

    def refused(self, error: str, *words: str, jobs: tuple[str, ...] = ()) -> None:
        """Assert that the workflow failed for ``error`` in these words, after these jobs, with advice."""
        assert self.status == 1, self.text
        assert f"failed: {error}" in self.text, self.text
        for word in words:
            assert word in self.text, f"{word!r} is not in:\n{self.text}"
        assert "(what to do: " in self.text
        assert "Traceback" not in self.text
        assert sorted(self.jobs) == sorted(jobs)
        assert self.versions == 0


@pytest.fixture(scope="module")
def landscape(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Settings of two environments, one of which serves production, with three models."""
    folder = tmp_path_factory.mktemp("landscape")
    (folder / "environments").mkdir()
    small = (FIXTURES / "environments" / "small.yaml").read_text()
    production = "serves_production: true\nnotifications: {email: [ops@example.com]}"
    settings = {
        "live": small.replace("removal: destroy", production),
        "small": small.replace("owns_account: true\n", ""),
    }
    for name, text in settings.items():
        (folder / "environments" / f"{name}.yaml").write_text(text)
    for model in (MODEL, LENIENT, GROUPLESS):
        shutil.copytree(FIXTURES / "models" / MODEL, folder / "models" / model)
        file = folder / "models" / model / "model.yaml"
        text = file.read_text().replace("data://lake/validation/", "data://credit-approval/test/")
        tolerance = "\n  maximum_bad_rows: 1" if model == LENIENT else ""
        file.write_text(text.replace("age_group}", f"age_group}}{tolerance}"))
    return folder


@pytest.fixture(scope="module")
def cloud(landscape: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    """Both environments, deployed, with good data where the model expects them."""
    every = {one.name: one for one in read_environments(landscape / "environments")}
    outdir = tmp_path_factory.mktemp("assembly")
    platform_app(list(every.values()), outdir).synth()
    with deployed(every["live"], outdir) as rehearsal:
        # The second one's endpoints stand for the account's from here on: it is the one that gets far.
        small = rehearsal.engine
        small.bootstrap(every["small"])
        small.deploy(outdir, "small")
        rehearsal.settings = every["small"]
        put(rehearsal, "data", {f"credit-approval/{one}/good.csv": GOOD for one in ("train", "test")})
        put(rehearsal, "data", {"credit-approval/batch/good.csv": HEADLESS})
        group = rehearsal.settings.names.name(GROUPLESS, kind="model")
        sagemaker = rehearsal.emulator.client("sagemaker", REHEARSAL)
        sagemaker.delete_model_package_group(ModelPackageGroupName=group)
        yield rehearsal


@pytest.fixture
def run(
    cloud: Rehearsal, landscape: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Run `make <workflow>` as a data scientist."""
    keys = cloud.emulator.credentials(cloud.caller())
    nowhere = {"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}
    for name, value in {**keys, **nowhere, "AWS_ENDPOINT_URL": cloud.emulator.endpoint}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.setattr(command, "follow", functools.partial(follow, poll_seconds=0.05))

    def made(workflow: str, *more: str, model: str = MODEL, environment: str = "small", **given: Any) -> Said:
        before = len(cloud.emulator.trace)
        words = [workflow, environment, model, "--folder", str(landscape / "environments"), *more]
        status = command.main([*words, "--input", json.dumps(given)] if given else words)
        printed = capsys.readouterr()
        calls = [call.action.removeprefix("sagemaker:") for call in list(cloud.emulator.trace)[before:]]
        jobs = [call for call in calls if call in COSTLY]
        return Said(status, printed.out + printed.err, jobs, versions(cloud))

    return made


def put(cloud: Rehearsal, kind: str, objects: Mapping[str, bytes]) -> None:
    s3 = cloud.emulator.client("s3", REHEARSAL)
    for key, content in objects.items():
        s3.put_object(Bucket=cloud.settings.names.bucket(kind), Key=key, Body=content)


def versions(cloud: Rehearsal) -> int:
    """How many versions there are of any model."""
    sagemaker = cloud.emulator.client("sagemaker", REHEARSAL)
    groups = sagemaker.list_model_package_groups()["ModelPackageGroupSummaryList"]
    names = [group["ModelPackageGroupName"] for group in groups]
    found = [sagemaker.list_model_packages(ModelPackageGroupName=name) for name in names]
    return sum(len(one["ModelPackageSummaryList"]) for one in found)


# --- what is asked for does not exist -------------------------------------------------------------------

UNKNOWN = [
    (["train", "small", "credit"], "no model credit in small, there is: credit-approval, groupless, lenient"),
]


def test_x(run: Run, cloud: Rehearsal) -> None:
    for name, files, error, words in DATA:
        put(cloud, "data", {f"bad/{name}/{file}": content for file, content in files.items()})
        said = run("train", data={"train": f"data://bad/{name}/"})
        print(name, said.status, said.text, said.jobs, said.versions)
    for workflow, given in [
        ("train", {"epochs": 3}),
        ("train", {"hyperparameters": {"learning_rate": 0.2}}),
        ("train", {"hyperparameters": {"n_estimators": 5000}}),
        ("train", {"hyperparameters": {"n_estimators": 10.5}, "instance_type": 5}),
        ("train", {"hyperparameters": {"n_estimators": True}}),
        ("train", {"hyperparameters": [1]}),
        ("train", {"instance_type": "ml.p5.48xlarge"}),
        ("train", {"data": {"train": "s3://acme/x"}}),
        ("train", {"data": {"holdout": "data://x/"}}),
        ("train", {"data": {"train": "data://../x"}}),
        ("train", {"source": "s3://acme/x.tar.gz"}),
        ("register", {}),
        ("register", {"model_data": "s3://acme/x.tar.gz"}),
        ("register", {"model_data": "s3://acme-small-data-111122223333-eu-west-1/imports/credit-approval/x.zip"}),
        ("register", {"model_data": "s3://acme-small-data-111122223333-eu-west-1/imports/credit-approval/x.tar.gz"}),
        ("batch", {}),
        ("batch", {"data": "s3://x"}),
        ("batch", {"model_package_arn": "arn:aws:sagemaker:eu-west-1:111122223333:model-package/acme-small-credit-approval/7"}),
        ("batch", {"model_package_arn": "arn:aws:sagemaker:eu-west-1:111122223333:model-package/acme-small-lenient/7"}),
    ]:
        said = run(workflow, **given)
        print(workflow, given, said.status, said.text, said.jobs, said.versions)
    said = run("train", environment="live", source="s3://acme/x.tar.gz")
    print(said.text)
    said = run("batch", model=GROUPLESS)
    print(said.text)
    said = run("batch", "--name", "n")
    print(said.text)
    said = run("batch", "--name", "n")
    print(said.text)
    said = run("batch", "--name", "n", data="data://x/")
    print(said.text)
    said = run("batch", "--name", "n n")
    print(said.text)
    put(cloud, "data", {"imports/credit-approval/text.tar.gz": b"not a tar"})
    said = run("register", model_data= "s3://acme-small-data-111122223333-eu-west-1/imports/credit-approval/text.tar.gz")
    print(said.text)
    assert 0


DATA = [
    ("absent", {}, "DatasetMissing", ()),
    ("marker", {"": b"", "_SUCCESS": b""}, "DatasetMissing", ()),
    ("empty", {"a.csv": b""}, "DatasetEmpty", ()),
    ("header", {"a.csv": HEADER}, "DatasetEmpty", ()),
    ("name", {"a.csv": GOOD.replace(b"income", b"salary")}, "DatasetInvalid", ()),
    ("case", {"a.csv": GOOD.replace(b"income", b"Income")}, "DatasetInvalid", ()),
    ("bom", {"a.csv": b"\xef\xbb\xbf" + GOOD}, "DatasetInvalid", ()),
    ("twice", {"a.csv": GOOD.replace(b"age_group", b"income")}, "DatasetInvalid", ()),
    ("differs", {"a.csv": GOOD, "b.csv": GOOD.replace(b"age", b"Age")}, "DatasetInvalid", ()),
    ("ragged", {"a.csv": GOOD + b"1,over_50,7\n"}, "DatasetInvalid", ()),
    ("label", {"a.csv": GOOD + b",over_50,7,3\n"}, "DatasetInvalid", ()),
    ("latin", {"a.csv": GOOD + "1,über_50,7,3\n".encode("latin-1")}, "DatasetInvalid", ()),
    ("latinhead", {"a.csv": "ü".encode("latin-1") + GOOD}, "DatasetInvalid", ()),
    ("delimiter", {"a.csv": GOOD.replace(b",", b";")}, "DatasetInvalid", ()),
    ("gzip", {"a.csv.gz": b"\x1f\x8b1"}, "DatasetInvalid", ()),
    ("quote", {"a.csv": GOOD + b'1,"over_50,7,3\n'}, "DatasetInvalid", ()),
]
