"""What tests share: the platform synthesized once from the fixtures, and once from the user's own files."""

import functools
import gc
import http.server
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import botocore.session
import pytest
from local_server import answering
from moto import mock_aws

from mlplatform.settings import Environment, read_environments
from tools.assembly import stacks
from tools.platform_app import platform_app

# Templates and models of APIs are large and live long: to search them for garbage took a third of the time.
gc.set_threshold(200_000, 50, 1000)

# Every test has its own session of botocore; the files with AWS's APIs are the same for all.
botocore.session.create_loader = functools.cache(botocore.session.create_loader)

# Accounts in memory need no images of instances: 1,300 in each took longer to make than most tests.
os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"

ROOT = Path(__file__).parents[1]
FIXTURES = ROOT / "tests" / "fixtures" / "environments"

Templates = dict[tuple[str, str], dict[str, Any]]
Synthesize = Callable[[Path, Path], cdk.App]


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty AWS account in memory."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        yield


@pytest.fixture
def cloudformation() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """An address that takes answers, and the answers it took."""
    answers: list[dict[str, Any]] = []

    class Endpoint(http.server.BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            answers.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with answering(Endpoint) as address:
        yield f"{address}/", answers


@pytest.fixture(scope="session")
def build() -> Synthesize:
    """Build the app of every environment in a folder, to be synthesized into another folder."""

    def build_app(environments: Path, outdir: Path) -> cdk.App:
        return platform_app(read_environments(environments), outdir)

    return build_app


@pytest.fixture(scope="session")
def synthesized(build: Synthesize, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Cloud assembly of the user's own environments."""
    outdir = tmp_path_factory.mktemp("user")
    build(ROOT / "environments", outdir).synth()
    return outdir


@pytest.fixture(scope="session")
def templates(build: Synthesize, tmp_path_factory: pytest.TempPathFactory) -> Templates:
    """Templates of the fixture environments by (environment, stack)."""
    outdir = tmp_path_factory.mktemp("fixtures")
    build(FIXTURES, outdir).synth()
    return {(stack.environment, stack.name): stack.template for stack in stacks(outdir)}


@pytest.fixture(scope="session")
def environments() -> dict[str, Environment]:
    """Settings of the fixture environments by name."""
    return {settings.name: settings for settings in read_environments(FIXTURES)}
