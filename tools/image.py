"""`make image MODEL= ENV=`: builds a model's own image, pushes it and writes its digest into model.yaml."""

import argparse
import base64
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from mlplatform.images import framework_image
from mlplatform.settings import Environment, SettingsError, read_environments
from mlplatform.settings.products import ModelProduct
from tools.credentials import CredentialsError, session_for

PLATFORM = "linux/amd64"
"""Of SageMaker's instances, whatever this machine is."""

_DIGEST = re.compile(r'(container:\s*\{?\s*digest:\s*"?)(sha256:[0-9a-f]{64})')


REQUIREMENTS = "/opt/requirements.txt"
"""Where the image keeps what was installed on top of the framework's."""


class ImageError(Exception):
    """No image was pushed; the message says why and what to do."""


def main(argv: Sequence[str] | None = None) -> int:
    """Build, push and write the digest. Returns 2 if nothing was pushed."""
    parser = argparse.ArgumentParser(prog="make image MODEL= ENV=", description=__doc__)
    parser.add_argument("environment")
    parser.add_argument("model")
    parser.add_argument("--folder", type=Path, default=Path("environments"))
    arguments = parser.parse_args(argv)
    folder = arguments.folder.parent / "models" / arguments.model
    try:
        (settings,) = read_environments(arguments.folder, only=arguments.environment)
        product = _product(settings, arguments.model)
        session = session_for(settings)
        digest = build_and_push(folder, product, settings, session.client("ecr"))
    except (SettingsError, ImageError, CredentialsError, BotoCoreError, ClientError) as error:
        print(f"image: {error}", file=sys.stderr)
        return 2
    print(written(folder / "model.yaml", digest))
    return 0


def _product(settings: Environment, model: str) -> ModelProduct:
    products = {product.name: product for product in settings.products}
    if model not in products:
        raise ImageError(f"no model {model} in {settings.name}, there is: {', '.join(products) or 'none'}")
    if not settings.keeps_registry:
        where = settings.neighbours.registry.environment
        raise ImageError(f"{settings.name} uses the registry of {where}: push there, with ENV={where}")
    return products[model]


def dockerfile(folder: Path, product: ModelProduct, settings: Environment) -> str:
    """What to build: the model's own Dockerfile, or its ``requirements.txt`` on its framework's image.

    Raises ImageError if the model has neither.
    """
    if (folder / "Dockerfile").is_file():
        return (folder / "Dockerfile").read_text(encoding="utf-8")
    train = product.train
    if not (folder / "requirements.txt").is_file() or train is None or train.framework is None:
        raise ImageError(f"{folder} has no Dockerfile, and no requirements.txt with train.framework")
    base = framework_image(train.framework, settings, use="training", instance_type=train.instance_type)
    install = f"RUN pip install --no-cache-dir --requirement {REQUIREMENTS}"
    return f"FROM {base}\nCOPY requirements.txt {REQUIREMENTS}\n{install}\n"


def build_and_push(folder: Path, product: ModelProduct, settings: Environment, ecr: Any) -> str:
    """Build for SageMaker's instances and push; returns the digest in the repository.

    Raises ImageError if Docker is missing or fails.
    """
    text = dockerfile(folder, product, settings)
    registry = f"{settings.account}.dkr.ecr.{settings.region}.{settings.place.dns_suffix}"
    image = f"{registry}/{settings.names.name(product.name, kind='repository')}"
    sign_in(
        ecr,
        {line.split()[1].partition("/")[0] for line in text.splitlines() if line.startswith("FROM ")},
        registry,
    )
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch, "Dockerfile")
        file.write_text(text, encoding="utf-8")
        built = docker("build", "--quiet", "--platform", PLATFORM, "--file", str(file), str(folder)).strip()
    tagged = f"{image}:{built.removeprefix('sha256:')[:12]}"  # tags in our repositories never move
    docker("tag", built, tagged)
    docker("push", tagged)
    pushed: list[str] = json.loads(docker("image", "inspect", "--format", "{{json .RepoDigests}}", tagged))
    digests = [name.partition("@")[2] for name in pushed if name.startswith(f"{image}@")]
    if not digests:
        raise ImageError(f"Docker knows no digest of {tagged} after pushing it")
    return digests[0]


def sign_in(ecr: Any, bases: set[str], registry: str) -> None:
    """Sign Docker in to our registry and to those of AWS that base images come from."""
    owners = {name.partition(".")[0]: name for name in {registry, *bases} if ".dkr.ecr." in name}
    for data in ecr.get_authorization_token(registryIds=sorted(owners))["authorizationData"]:
        user, _, password = base64.b64decode(data["authorizationToken"]).decode().partition(":")
        host = data["proxyEndpoint"].removeprefix("https://")
        docker("login", "--username", user, "--password-stdin", host, given=password)


def docker(*arguments: str, given: str | None = None) -> str:
    """Run Docker and return what it says. Raises ImageError with its complaint if it fails."""
    try:
        done = subprocess.run(
            ["docker", *arguments], input=given, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        raise ImageError("Docker is not installed: images are built with it") from None
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise ImageError(f"docker {arguments[0]} failed: {last}")
    return done.stdout


def written(model: Path, digest: str) -> str:
    """Write ``digest`` where ``model.yaml`` has one, and say so; or say which line to add."""
    text = model.read_text(encoding="utf-8")
    changed, count = _DIGEST.subn(rf"\g<1>{digest}", text)
    if not count:
        return f"pushed; in {model}, below train, write: container: {{digest: {digest}}}"
    model.write_text(changed, encoding="utf-8")
    return f"pushed; {model} now says {digest}"


if __name__ == "__main__":
    sys.exit(main())
