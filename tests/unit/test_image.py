"""A model's own image is built from its folder, pushed under a tag that never moves, used by its digest."""

import base64
import json
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from landscapes import MODELS, environment, landscape

from tools.image import ImageError, build_and_push, dockerfile, written

DIGEST = "sha256:" + "ab" * 32
BUILT = "sha256:" + "cd" * 32
DOCKER = """#!/bin/sh
echo "$@" >> "$DOCKER_CALLS"
case "$1" in
  login) cat > /dev/null ;;
  build) [ -z "$DOCKER_FAILS" ] || { echo "no space left" >&2; exit 1; }; echo {built} ;;
  image) echo '["{image}@{digest}"]' ;;
esac
"""
IMAGE = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/acme-dev-credit-approval"


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What a docker command, which stands in for the daemon no test machine has, was asked for."""
    program = tmp_path / "bin" / "docker"
    program.parent.mkdir()
    program.write_text(DOCKER.replace("{built}", BUILT).replace("{image}", IMAGE).replace("{digest}", DIGEST))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    monkeypatch.setenv("DOCKER_CALLS", str(tmp_path / "calls"))
    return tmp_path / "calls"


@pytest.fixture
def settings(tmp_path: Path) -> Any:
    return landscape(
        tmp_path, {"dev": environment("111122223333")}, {"credit-approval": MODELS["credit-approval"]}
    )["dev"]


def ecr(*registries: str) -> Any:
    """Amazon ECR, asked once for the sign-in tokens of ``registries``."""
    client = boto3.client("ecr", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")
    token = base64.b64encode(b"AWS:secret").decode()
    data = [
        {"authorizationToken": token, "proxyEndpoint": f"https://{r}.dkr.ecr.eu-west-1.amazonaws.com"}
        for r in registries
    ]
    stub = Stubber(client)
    stub.add_response(
        "get_authorization_token", {"authorizationData": data}, {"registryIds": sorted(registries)}
    )
    stub.activate()
    return client


def test_an_image_is_pushed_under_the_hash_of_its_content_and_known_by_its_digest(
    tmp_path: Path, settings: Any, calls: Path
) -> None:
    folder = tmp_path / "models" / "credit-approval"
    (folder / "Dockerfile").write_text(
        "FROM 763104351884.dkr.ecr.eu-west-1.amazonaws.com/pytorch-training:2\n"
    )
    client = ecr("111122223333", "763104351884")
    assert build_and_push(folder, settings.products[0], settings, client) == DIGEST
    made = calls.read_text().splitlines()
    assert [line.split()[0] for line in made] == ["login", "login", "build", "tag", "push", "image"]
    assert f"push {IMAGE}:{'cd' * 6}" in made
    assert "secret" not in calls.read_text()


def test_what_docker_complains_about_is_one_line(
    tmp_path: Path, settings: Any, calls: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_FAILS", "1")
    folder = tmp_path / "models" / "credit-approval"
    (folder / "Dockerfile").write_text("FROM scratch\n")
    with pytest.raises(ImageError, match="^docker build failed: no space left$"):
        build_and_push(folder, settings.products[0], settings, ecr("111122223333"))


def test_requirements_are_installed_on_the_image_of_the_model_s_framework(tmp_path: Path) -> None:
    sample = {
        **MODELS["credit-approval"],
        "data": {"train": "data://credit/train/"},
        "train": {"framework": {"name": "scikit-learn", "version": "1.9-0"}, "script": "train.py"},
        "evaluate": {"script": "evaluate.py"},
        "inference": {"script": "inference.py"},
    }
    folder = tmp_path / "models" / "credit-approval"
    folder.mkdir(parents=True)
    for name in ("train.py", "evaluate.py", "inference.py", "requirements.txt"):
        (folder / name).write_text("")
    (folder / "model.yaml").write_text(json.dumps(sample))
    made = landscape(tmp_path, {"dev": environment("111122223333", training=True)}, {})["dev"]
    first, copy, install = dockerfile(folder, made.products[0], made).splitlines()
    assert first.startswith("FROM ")
    assert first.endswith("/sagemaker-scikit-learn:1.9-0-cpu-py3")
    assert copy.split()[2] in install


def test_a_folder_with_nothing_to_build_is_refused(tmp_path: Path, settings: Any) -> None:
    with pytest.raises(ImageError, match="has no Dockerfile, and no requirements.txt with train.framework"):
        dockerfile(tmp_path / "models" / "credit-approval", settings.products[0], settings)


@pytest.mark.parametrize("form", ['container: {digest: "%s"}', "container:\n    digest: %s"])
def test_the_digest_is_written_where_the_file_has_one(tmp_path: Path, form: str) -> None:
    file = tmp_path / "model.yaml"
    file.write_text(f"# mine\ntrain:\n  {form % BUILT}\n")
    written(file, DIGEST)
    assert file.read_text() == f"# mine\ntrain:\n  {form % DIGEST}\n"


def test_a_file_without_a_digest_is_left_alone_and_the_line_to_add_is_said(tmp_path: Path) -> None:
    file = tmp_path / "model.yaml"
    file.write_text("description: mine\n")
    assert json.dumps(DIGEST).strip('"') in written(file, DIGEST)
    assert file.read_text() == "description: mine\n"
