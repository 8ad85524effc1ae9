"""Bad input, end to end: what a person reads, that no job was paid for, and that nothing was registered.

Every case runs as people run it, by the command behind `make train` and its siblings with the credentials of
a data scientist, against environments deployed on this machine.
"""

import functools
import io
import json
import shutil
import tarfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml

from mlplatform.settings import Environment, read_environments
from rehearsal.api import REHEARSAL
from rehearsal.driver import POLL_SECONDS, Rehearsal, deployed
from tools import workflow as command
from tools.credentials import session_for
from tools.executions import follow
from tools.platform_app import platform_app

pytestmark = pytest.mark.thorough

FIXTURES = Path(__file__).parents[1] / "fixtures"
MODEL, LENIENT, GROUPLESS = "credit-approval", "lenient", "groupless"
"""Three models alike, but that one bears a bad row, and somebody deleted the package group of one."""

DATA = "s3://acme-dev-data-111122223333-eu-west-1"
STUDIO = "s3://acme-dev-artifacts-111122223333-eu-west-1/studio/"
VERSION = "arn:aws:sagemaker:eu-west-1:111122223333:model-package"

HEADER = b"approved,age_group,income,debt\n"
GOOD = HEADER + b"1,under_30,51063,9245\n0,over_50,45774,1392\n"
ROW = b"1,under_30,51063,9245\n"
HEADLESS = ROW.removeprefix(b"1,")

COSTLY = (
    "CreateTrainingJob",
    "CreateProcessingJob",
    "CreateHyperParameterTuningJob",
    "CreateTransformJob",
    "CreateModel",
)
TRAINED = ("CreateProcessingJob", "CreateTrainingJob")


@dataclass(frozen=True)
class Said:
    """What came of a command: exit status, everything printed, costly calls, and what is registered now."""

    status: int
    text: str
    jobs: tuple[str, ...]
    registered: tuple[str, ...]

    def failed(self, error: str, *words: str, jobs: tuple[str, ...] = ()) -> None:
        """Assert that the workflow failed with ``error``, in these words and with advice, after ``jobs``."""
        assert (self.status, self.jobs, self.registered) == (1, jobs, ()), self.text
        lines = [f"failed: {error}", *words, "(what to do: "]
        assert [line for line in lines if line not in self.text] == [], self.text

    def refused(self, *words: str) -> None:
        """Assert that nothing was started, and that one line says why, in these words."""
        assert (self.status, self.jobs, self.registered) == (2, (), ()), self.text
        assert self.text.count("\n") == 1
        assert [word for word in words if word not in self.text] == [], self.text


Run = Callable[..., Said]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Settings of two environments, one of which serves production, with three models."""
    folder = tmp_path_factory.mktemp("settings")
    (folder / "environments").mkdir()
    smallest = (FIXTURES / "environments" / "small.yaml").read_text()
    production = "serves_production: true\nnotifications: {email: [ops@example.com]}"
    texts = {
        "live": smallest.replace("removal: destroy", production),
        "dev": smallest.replace("owns_account: true\n", ""),
    }
    for name, text in texts.items():
        (folder / "environments" / f"{name}.yaml").write_text(text)
    model = yaml.safe_load((FIXTURES / "models" / MODEL / "model.yaml").read_text())
    del model["prepare"], model["schedule"], model["data"]["validation"], model["tune"], model["serving"]
    for name in (MODEL, LENIENT, GROUPLESS):
        shutil.copytree(FIXTURES / "models" / MODEL, folder / "models" / name)
        model["data"]["maximum_bad_rows"] = 1 if name == LENIENT else 0
        (folder / "models" / name / "model.yaml").write_text(yaml.safe_dump(model))
    return folder


@pytest.fixture(scope="module")
def every(folder: Path) -> dict[str, Environment]:
    """Settings of both environments by name."""
    return {one.name: one for one in read_environments(folder / "environments")}


@pytest.fixture(scope="module")
def cloud(every: dict[str, Environment], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    """Both environments, deployed, with good data where the models expect them."""
    outdir = tmp_path_factory.mktemp("assembly")
    platform_app(list(every.values()), outdir).synth()
    with deployed(every["live"], outdir) as rehearsal:
        # The endpoints of the second one stand for the account's from here on: it is the one that gets far.
        rehearsal.engine.bootstrap(every["dev"])
        rehearsal.engine.deploy(outdir, "dev")
        rehearsal.settings = every["dev"]
        put(rehearsal, f"{DATA}/credit-approval/train/good.csv", GOOD)
        put(rehearsal, f"{DATA}/credit-approval/test/good.csv", GOOD)
        put(rehearsal, f"{DATA}/credit-approval/batch/good.csv", HEADLESS)
        group = rehearsal.settings.names.name(GROUPLESS, kind="model")
        sagemaker = rehearsal.emulator.client("sagemaker", REHEARSAL)
        sagemaker.delete_model_package_group(ModelPackageGroupName=group)
        yield rehearsal


@pytest.fixture(scope="module")
def sessions(cloud: Rehearsal, every: dict[str, Environment]) -> dict[str, boto3.Session]:
    """A data scientist's session in each environment, as the command finds it."""
    nowhere = {"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}
    made = {}
    for name, settings in every.items():
        role = settings.names.role_arn("persona", "data-scientist")
        person = cloud.emulator.assume(role, "sagemaker.amazonaws.com", session="ana")
        keys = {**cloud.emulator.credentials(person), "AWS_ENDPOINT_URL": cloud.emulator.endpoint}
        with pytest.MonkeyPatch.context() as patch:
            patch.delenv("AWS_PROFILE", raising=False)
            for variable, value in {**keys, **nowhere}.items():
                patch.setenv(variable, value)
            made[name] = session_for(settings)
            made[name].client("stepfunctions")
    return made


@pytest.fixture
def run(
    cloud: Rehearsal,
    folder: Path,
    sessions: dict[str, boto3.Session],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Run `make <workflow>` as a data scientist of the environment."""
    # Time is all that this changes: one session serves every case, and jobs are over in an instant here.
    monkeypatch.setattr(command, "session_for", lambda settings: sessions[settings.name])
    monkeypatch.setenv("AWS_ENDPOINT_URL", cloud.emulator.endpoint)
    monkeypatch.setattr(command, "follow", functools.partial(follow, poll_seconds=POLL_SECONDS))

    def ran(workflow: str, *more: str, model: str = MODEL, environment: str = "dev", **given: Any) -> Said:
        before = len(cloud.emulator.trace)
        words = [workflow, environment, model, "--folder", str(folder / "environments"), *more]
        status = command.main([*words, "--input", json.dumps(given)] if given else words)
        calls = [call.action.removeprefix("sagemaker:") for call in list(cloud.emulator.trace)[before:]]
        printed = capsys.readouterr()
        jobs = tuple(sorted(call for call in calls if call in COSTLY))
        return Said(status, printed.out + printed.err, jobs, registered(cloud))

    return ran


def put(cloud: Rehearsal, uri: str, content: bytes) -> str:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    cloud.emulator.client("s3", REHEARSAL).put_object(Bucket=bucket, Key=key, Body=content)
    return uri


def registered(cloud: Rehearsal) -> tuple[str, ...]:
    """Versions of any model, and records of them: what a registration leaves, also when it fails half-way."""
    sagemaker, s3 = (cloud.emulator.client(name, REHEARSAL) for name in ("sagemaker", "s3"))
    groups = sagemaker.list_model_package_groups()["ModelPackageGroupSummaryList"]
    names = [group["ModelPackageGroupName"] for group in groups]
    found = [sagemaker.list_model_packages(ModelPackageGroupName=name) for name in names]
    versions = [one["ModelPackageArn"] for each in found for one in each["ModelPackageSummaryList"]]
    listed = s3.list_objects_v2(Bucket=cloud.settings.names.bucket("artifacts"), Prefix="models/")
    records = [one["Key"] for one in listed.get("Contents", ()) if one["Key"].endswith("/package.json")]
    return (*versions, *records)


def some(cases: Iterable[str]) -> list[Any]:
    """Every sixth case; `make verify` runs the others as well."""
    return [
        case if number % 6 == 0 else pytest.param(case, marks=pytest.mark.thorough)
        for number, case in enumerate(cases)
    ]


def test_a_registration_would_be_seen(cloud: Rehearsal) -> None:
    sagemaker = cloud.emulator.client("sagemaker", REHEARSAL)
    group = cloud.settings.names.name(MODEL, kind="model")
    version = sagemaker.create_model_package(ModelPackageGroupName=group)["ModelPackageArn"]
    assert registered(cloud) == (version,)
    sagemaker.delete_model_package(ModelPackageName=version)
    assert registered(cloud) == ()


# --- Nothing is started for what does not exist

NOT_STARTED = {
    "an unknown model": (
        ["train", "dev", "credit"],
        "train: no model credit in dev, there is: credit-approval, groupless, lenient",
    ),
    "an unknown workflow": (
        ["tune", "dev", MODEL],
        "tune: credit-approval has no workflow tune in dev, there is: train, register, batch",
    ),
    "an unknown environment": (
        ["train", "test", MODEL],
        "train: environments:1: no such environment, given 'test', allowed: dev, live",
    ),
    "an input that is no JSON": (
        ["train", "dev", MODEL, "--input", "{n: 3}"],
        "train: INPUT is no JSON: Expecting property name",
    ),
    "an input with what only Python reads": (
        ["train", "dev", MODEL, "--input", '{"hyperparameters": {"n_estimators": NaN}}'],
        "train: INPUT is no JSON: NaN is no JSON value",
    ),
    "an input that is no object": (
        ["train", "dev", MODEL, "--input", "[3]"],
        "train: INPUT must be a JSON object, given '[3]'",
    ),
    "a name no execution can have": (
        ["train", "dev", MODEL, "--name", "first try"],
        "Invalid Name: 'first try' (what to do: choose a NAME of 1 to 80 letters, digits, - and _)",
    ),
}


@pytest.mark.parametrize("case", NOT_STARTED)
def test_nothing_is_started_for_what_does_not_exist(run: Run, case: str) -> None:
    (workflow, environment, model, *more), said = NOT_STARTED[case]
    run(workflow, *more, environment=environment, model=model).refused(said)


def test_a_name_is_used_once(run: Run) -> None:
    run("batch", "--name", "nightly").failed("NotApproved")
    for given in ({}, {"data": "data://credit-approval/batch/"}):
        said = run("batch", "--name", "nightly", **given)
        said.refused(
            "ExecutionAlreadyExists", "batch:nightly", "(what to do: choose another NAME, or leave it"
        )


# --- What an input may not say is refused before anything happens

INPUTS = {
    "an unknown override": (
        {"epochs": 3},
        "Admit: epochs: not known here; allowed: hyperparameters, instance_type, data, source",
    ),
    "a hyperparameter that may not be overridden": (
        {"hyperparameters": {"learning_rate": 0.2}},
        "hyperparameters.learning_rate: given 0.2; allowed: only n_estimators",
    ),
    "a hyperparameter out of its range": (
        {"hyperparameters": {"n_estimators": 5000}},
        "hyperparameters.n_estimators: given 5000; allowed: 10 to 500",
    ),
    "a hyperparameter of the wrong type": (
        {"hyperparameters": {"n_estimators": "many"}},
        'hyperparameters.n_estimators: given "many"; allowed: 10 to 500',
    ),
    "a section of the wrong type, and another mistake": (
        {"hyperparameters": ["n_estimators"], "instance_type": 5},
        'hyperparameters: given ["n_estimators"]; allowed: an object of names and values\n'
        "instance_type: given 5; allowed: ml.m5.xlarge, ml.m5.2xlarge",
    ),
    "an instance type that is not allowed": (
        {"instance_type": "ml.p5.48xlarge"},
        'instance_type: given "ml.p5.48xlarge"; allowed: ml.m5.xlarge, ml.m5.2xlarge',
    ),
    "data outside the data bucket": (
        {"data": {"train": "s3://elsewhere/train/"}},
        'data.train: given "s3://elsewhere/train/"; allowed: data://<path>, of letters',
    ),
    "data of others": (
        {"data": {"train": "data://payroll/2026/"}},
        "without //, below credit-approval",
    ),
    "data of a channel the model lacks": (
        {"data": {"holdout": "data://credit-approval/holdout/"}},
        'data.holdout: given "data://credit-approval/holdout/"; allowed: the channels train, test',
    ),
    "scripts outside Studio's folder": (
        {"source": f"{DATA}/studio/scripts.tar.gz"},
        f'source: given "{DATA}/studio/scripts.tar.gz"; allowed: s3://….tar.gz below {STUDIO}',
    ),
}


@pytest.mark.parametrize("case", some(INPUTS))
def test_an_input_the_model_does_not_allow_is_refused_by_its_field(run: Run, case: str) -> None:
    given, said = INPUTS[case]
    run("train", **given).failed("InvalidInput", said, "Start the workflow again with an input it allows")


def test_edited_scripts_are_refused_where_production_is_served(run: Run) -> None:
    said = run("train", environment="live", source=f"{STUDIO}scripts.tar.gz".replace("-dev-", "-live-"))
    said.failed("InvalidInput", "allowed: none: this environment runs the model's own scripts")


OTHERS = {
    "register: no artifact": (
        ("register", MODEL, {}),
        (
            "InvalidInput",
            f"model_data: missing; allowed: s3://….tar.gz below {DATA}/imports/credit-approval/",
        ),
    ),
    "register: an artifact that is no tar.gz": (
        ("register", MODEL, {"model_data": f"{DATA}/imports/credit-approval/model.zip"}),
        (
            "InvalidInput",
            f'model_data: given "{DATA}/imports/credit-approval/model.zip"; allowed: s3://….tar.gz',
        ),
    ),
    "register: another model's artifact": (
        ("register", MODEL, {"model_data": f"{DATA}/imports/lenient/model.tar.gz"}),
        (
            "InvalidInput",
            f'model_data: given "{DATA}/imports/lenient/model.tar.gz"; allowed: s3://….tar.gz below',
        ),
    ),
    "register: an artifact that is not there": (
        ("register", MODEL, {"model_data": f"{DATA}/imports/credit-approval/model.tar.gz"}),
        ("S3.NoSuchKeyException", "Import artifact: The specified key does not exist", "correct model_data"),
    ),
    "batch: nothing is approved": (
        ("batch", MODEL, {}),
        ("NotApproved", "no version of credit-approval is approved", "Approve a version of the model"),
    ),
    "batch: a version that is not there": (
        ("batch", MODEL, {"model_package_arn": f"{VERSION}/acme-dev-credit-approval/7"}),
        ("SageMaker.SageMakerException", "acme-dev-credit-approval/7 does not exist", "name one that does"),
    ),
    "batch: a version of another model": (
        ("batch", MODEL, {"model_package_arn": f"{VERSION}/acme-dev-lenient/1"}),
        ("InvalidInput", 'acme-dev-lenient/1"; allowed: arn:aws:sagemaker:'),
    ),
    "batch: data outside the data bucket": (
        ("batch", MODEL, {"data": "s3://elsewhere/"}),
        ("InvalidInput", 'data: given "s3://elsewhere/"; allowed: data://<path>, of letters'),
    ),
    "batch: the package group is missing": (
        ("batch", GROUPLESS, {}),
        ("SageMaker.SageMakerException", "acme-dev-groupless does not exist", "deploy the model's stack"),
    ),
}


@pytest.mark.parametrize("case", some(OTHERS))
def test_registering_and_scoring_refuse_what_they_cannot_use(run: Run, case: str) -> None:
    (workflow, model, given), (error, *words) = OTHERS[case]
    run(workflow, model=model, **given).failed(error, *words)


# --- Data that cannot be used is refused before a job is paid for

HERE = "credit-approval/bad"
LATIN = "1,\u00fcber_50,45774,1392\n".encode("latin-1")
TABLES: dict[str, tuple[dict[str, bytes], tuple[str, ...]]] = {
    "no objects": (
        {},
        ("DatasetMissing", f"Plan data check: train: there is nothing below {DATA}/{HERE}/no-objects/"),
    ),
    "markers alone": (
        {"": b"", "_SUCCESS": b""},
        ("DatasetMissing", f"train: there is nothing below {DATA}/{HERE}/markers-alone/ but 2 markers"),
    ),
    "an empty object": (
        {"a.csv": b""},
        ("DatasetEmpty", "Plan data check: train/a.csv has no bytes; remove it, or write it again"),
    ),
    "only a header": (
        {"a.csv": HEADER},
        ("DatasetEmpty", "Report on data: train has no rows; objects there: 1", "Write rows to the objects"),
    ),
    "a header with another name": (
        {"a.csv": GOOD.replace(b"income", b"salary")},
        (
            "DatasetInvalid",
            "train/a.csv:1: missing columns: income; found: approved, age_group, salary, debt",
        ),
    ),
    "a header in another case": (
        {"a.csv": GOOD.replace(b"income", b"Income")},
        (
            "DatasetInvalid",
            "train/a.csv:1: missing columns: income (there is 'Income'; case and spaces count)",
        ),
    ),
    "a header with a byte order mark": (
        {"a.csv": b"\xef\xbb\xbf" + GOOD},
        ("DatasetInvalid", "train/a.csv starts with a byte order mark: save it as UTF-8 without one"),
    ),
    "a header that is no UTF-8": (
        {"a.csv": LATIN + GOOD},
        ("DatasetInvalid", "train/a.csv:1: not UTF-8 (byte 3 of the line)"),
    ),
    "objects with other headers": (
        {"a.csv": GOOD, "b.csv": GOOD.replace(b"age_group", b"group")},
        ("DatasetInvalid", "train/b.csv:1: the columns differ from those of the channel's first object"),
    ),
    "a row too short": (
        {"a.csv": GOOD + b"1,over_50,7\n" + ROW},
        (
            "DatasetInvalid",
            "1 of 6 rows are bad, allowed: 0: train/a.csv:4: 3 fields, expected 4",
            "report.json",
        ),
    ),
    "a row without a label": (
        {"a.csv": GOOD + b",over_50,45774,1392\n"},
        ("DatasetInvalid", "train/a.csv:4: label 'approved' is empty", "or raise"),
    ),
    "a row that is no UTF-8": (
        {"a.csv": GOOD + ROW + LATIN},
        ("DatasetInvalid", "1 of 6 rows are bad, allowed: 0: train/a.csv:5: not UTF-8 (byte 3 of the line)"),
    ),
    "a compressed object": (
        {"a.csv.gz": b"\x1f\x8b"},
        ("DatasetInvalid", "train/a.csv.gz: compressed and binary files are not read; store plain text"),
    ),
}


@pytest.mark.parametrize("case", some(TABLES))
def test_data_that_cannot_be_used_is_refused_with_file_and_line(
    cloud: Rehearsal, run: Run, case: str
) -> None:
    objects, (error, *words) = TABLES[case]
    below = f"{HERE}/{case.replace(' ', '-')}"
    for name, content in objects.items():
        put(cloud, f"{DATA}/{below}/{name}", content)
    run("train", data={"train": f"data://{below}/"}).failed(error, *words)


@pytest.fixture(scope="module")
def million(cloud: Rehearsal) -> str:
    """A million rows, of which one is too long; the data's location."""
    rows = [ROW] * 1_000_000
    rows[765_430] = b"1,over_50,45774,1392,7\n"
    put(cloud, f"{DATA}/credit-approval/million/a.csv", HEADER + b"".join(rows))
    return "data://credit-approval/million/"


@pytest.mark.thorough
def test_one_bad_row_in_a_million_is_found(run: Run, million: str) -> None:
    said = run("train", data={"train": million})
    bad = "1 of 1000002 rows are bad, allowed: 0: train/a.csv:765432: 5 fields, expected 4"
    said.failed("DatasetInvalid", bad, "or raise")


# --- What scripts get wrong is told; edited scripts are tried, and never registered

TRAIN = "import os, pathlib\npathlib.Path(os.environ['SM_MODEL_DIR'], 'model').touch()\n"
EVALUATE = "import pathlib, sys\nfolder = pathlib.Path(sys.argv[sys.argv.index('--output') + 1])\n"


def edited(cloud: Rehearsal, evaluation: str | None) -> str:
    """Scripts that train nothing and evaluate to ``evaluation``, where people in Studio put theirs."""
    written = "" if evaluation is None else f"(folder / 'evaluation.json').write_text({evaluation!r})\n"
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, text in (("train.py", TRAIN), ("evaluate.py", EVALUATE + written)):
            member = tarfile.TarInfo(name)
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    return put(cloud, f"{STUDIO}ana/scripts.tar.gz", packed.getvalue())


EVALUATIONS: Mapping[str, tuple[str | None, str]] = {
    "absent": (None, "evaluation.json cannot be read (NoSuchKey); the evaluation script has to write it"),
    "of the wrong shape": ('[{"roc_auc": 0.9}]', 'evaluation.json has no object "metrics"'),
    "without the metric": ('{"metrics": {"auc": 0.9}}', "evaluation.json has no roc_auc in metrics"),
    "not a number": ('{"metrics": {"roc_auc": NaN}}', "metrics.roc_auc is not a finite number"),
    "infinite": ('{"metrics": {"roc_auc": Infinity}}', "metrics.roc_auc is not a finite number"),
}


@pytest.mark.thorough
@pytest.mark.parametrize("case", some(EVALUATIONS))
def test_an_evaluation_that_cannot_be_judged_does_not_pass(cloud: Rehearsal, run: Run, case: str) -> None:
    evaluation, said = EVALUATIONS[case]
    ended = run("train", source=edited(cloud, evaluation))
    ended.failed("GateNotPassed", "Judge: failed 1 of 1 checks: ", "not evaluable", said, jobs=TRAINED)


PASSING = '{"metrics": {"roc_auc": 0.9}}'


@pytest.mark.thorough
def test_edited_scripts_pass_on_bearable_data_and_are_not_registered(
    cloud: Rehearsal, run: Run, million: str
) -> None:
    said = run("train", model=LENIENT, source=edited(cloud, PASSING), data={"train": million})
    assert (said.status, said.jobs, said.registered) == (0, TRAINED, ()), said.text
    assert "Not registered" in said.text
    assert "Registered: False" in said.text


@pytest.mark.thorough
def test_a_missing_package_group_is_named(cloud: Rehearsal, run: Run) -> None:
    said = run("train", model=GROUPLESS, source=edited(cloud, PASSING))
    said.failed("PackageGroupMissing", "acme-dev-groupless", "Deploy the model's stack", jobs=TRAINED)


@pytest.mark.thorough
def test_an_artifact_that_is_no_archive_fails_where_it_is_opened(cloud: Rehearsal, run: Run) -> None:
    artifact = put(cloud, f"{DATA}/imports/credit-approval/text.tar.gz", b"not an archive")
    said = run("register", model_data=artifact)
    said.failed("States.TaskFailed", "Evaluate: ", "not a gzip file", jobs=("CreateProcessingJob",))


SCRIPTS: Mapping[str, tuple[bytes | None, str]] = {
    "that are not there": (None, f'No S3 objects found under S3 URL "{STUDIO}ana/that-are-not-there.tar.gz"'),
    "that are no archive": (b"print('hello')", "not a gzip file"),
}


@pytest.mark.thorough
@pytest.mark.parametrize("case", some(SCRIPTS))
def test_edited_scripts_that_cannot_be_unpacked_are_named(cloud: Rehearsal, run: Run, case: str) -> None:
    content, said = SCRIPTS[case]
    uri = f"{STUDIO}ana/{case.replace(' ', '-')}.tar.gz"
    if content is not None:
        put(cloud, uri, content)
    run("train", source=uri).failed("States.TaskFailed", "Train: ", said, jobs=("CreateTrainingJob",))
