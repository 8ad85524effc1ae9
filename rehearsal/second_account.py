"""Amazon Bedrock's part of a model in a second account: deployed, lived in each way to serve, looked at."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from mlplatform.settings import Environment, SettingsError, read_environments
from mlplatform.settings.products import ModelProduct
from rehearsal.api import ApiError
from rehearsal.bedrock_life import bedrock_life
from rehearsal.driver import Rehearsal, deployed
from rehearsal.elsewhere import SERVING, Elsewhere, elsewhere
from rehearsal.elsewhere_files import write
from rehearsal.report import Report, report
from rehearsal.step import Step

Show = Callable[[str], None]

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Synthesized:
    """One way to serve: the settings, and the folder that has them and their cloud assembly."""

    way: str
    settings: Environment
    folder: Path

    @property
    def assembly(self) -> Path:
        """The cloud assembly."""
        return self.folder / "cdk.out"


def lived_elsewhere(
    settings: Environment,
    product: ModelProduct,
    source: Path,
    show: Show = lambda _: None,
    *,
    proved: bool = False,
) -> tuple[list[Step], Report | None]:
    """Rehearse in a second account what the environment of the file ``source`` does not; no report: nothing.

    It takes the place of the account that this process emulated before. With ``proved``, the report names
    permissions that were not needed, if the model was served in every way.
    """
    place = elsewhere(settings, product)
    if place is None:
        return [], None
    show(f"\n{place.why}")
    with second_account(settings, product, place, source) as (rehearsal, made):
        steps = list(_lived(rehearsal, made, show))
        where = f"{settings.name} in {place.region}"
        found = report(rehearsal, where, proved=proved and len(place.ways) == len(SERVING))
    return [replace(step, model=f"{step.model} ({place.region})") for step in steps], found


@contextmanager
def second_account(
    settings: Environment, product: ModelProduct, place: Elsewhere, source: Path
) -> Iterator[tuple[Rehearsal, list[Synthesized]]]:
    """The second account, deployed in the first way to serve; and what it takes for each way."""
    with TemporaryDirectory() as scratch:
        with ThreadPoolExecutor() as pool:
            begun = [
                pool.submit(synthesized, Path(scratch) / str(number), settings, product, place, way, source)
                for number, way in enumerate(place.ways)
            ]
            made = [one.result() for one in begun]
        first = made[0]
        with deployed(first.settings, first.assembly, first.folder / "models") as rehearsal:
            yield rehearsal, made


def synthesized(
    folder: Path, settings: Environment, product: ModelProduct, place: Elsewhere, way: str, source: Path
) -> Synthesized:
    """Write the settings and synthesize them, in a process of its own: CDK runs in one of Node's.

    Raises ApiError if the settings do not go there, or CDK does not take them.
    """
    write(folder, settings, product, place, way, source)
    try:
        (found,) = read_environments(folder / "environments")
    except SettingsError as error:
        raise ApiError("NotElsewhere", f"{settings.name} as it would be in {place.region}: {error}") from None
    made = Synthesized(way, found, folder)
    command = [sys.executable, "-m", "tools.platform_app", str(folder / "environments"), str(made.assembly)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if ran.returncode:
        raise ApiError("SynthesisFailed", ran.stderr[-2000:])
    return made


def _lived(rehearsal: Rehearsal, made: list[Synthesized], show: Show) -> Iterator[Step]:
    """One way after the other: the next is deployed over it, as a person would change the setting."""
    for number, one in enumerate(made):
        if number:
            rehearsal.settings, rehearsal.assembly = one.settings, one.assembly
            rehearsal.engine.deploy(one.assembly, one.settings.name)
        (product,) = one.settings.products
        show(f"{product.name}: to be served {one.way}")
        last = one is made[-1]
        for step in bedrock_life(rehearsal, product, show, delete_models=last):
            yield step
            if not step.as_promised:
                return
