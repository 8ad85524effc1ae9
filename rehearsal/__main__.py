"""`make rehearse [MODEL=] [ENV=]`: the platform on this machine, with real training and without AWS."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from time import monotonic

from mlplatform.settings import Environment, SettingsError, read_environments
from mlplatform.settings.products import ModelProduct
from rehearsal.api import REHEARSAL, ApiError
from rehearsal.driver import Rehearsal, deployed, obstacle, rehearsed
from rehearsal.faulty import suffered
from rehearsal.life import live
from rehearsal.report import Report, report, summary
from rehearsal.scenarios import SCENARIOS
from rehearsal.second_account import lived_elsewhere
from rehearsal.step import Step

NOT_SHOWN = (
    "Not shown here: quotas, capacity, prices, real networks, AWS's own validation (docs/rehearsal.md)."
)


def main(argv: Sequence[str] | None = None) -> int:
    """Deploy, live, and sum up. Returns 1 if anything did not go as promised, 2 if nothing could be run."""
    options = _options(argv)
    try:
        settings = _environment(options.folder, options.environment)
        products = rehearsed(settings, options.model)
        if not products:
            raise ApiError("NothingToRehearse", f"no model of {settings.name} can be trained here")
        print(f"{settings.name} on this machine, as {options.outdir} has it")
        for left_out in (product for product in settings.products if obstacle(product, settings)):
            print(f"without {left_out.name}: {obstacle(left_out, settings)}")
        good = (_suffer if options.fault else _live)(settings, products, options)
    except (SettingsError, ApiError) as error:
        print(f"rehearse: {error}", file=sys.stderr)
        return 2
    return 0 if good else 1


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make rehearse", description=__doc__)
    parser.add_argument("--environment", help="the first that trains, unless given (ENV=)")
    parser.add_argument("--model", help="only this one (MODEL=)")
    parser.add_argument("--keep", action="store_true", help="leave it up afterwards, alone (KEEP=1)")
    parser.add_argument("--fault", choices=SCENARIOS, help="what goes wrong on purpose (FAULT=)")
    parser.add_argument("--folder", type=Path, default=Path("environments"))
    parser.add_argument("--outdir", type=Path, default=Path("cdk.out"))
    return parser.parse_args(argv)


def _environment(folder: Path, wanted: str | None) -> Environment:
    every = read_environments(folder, only=wanted)
    training = [settings for settings in every if settings.training]
    if not training:
        which = f"{wanted} does not" if wanted else "no environment does"
        raise ApiError(
            "NothingToRehearse", f"only where training: true models are trained, and {which} say so"
        )
    return training[0]


def _show(line: str) -> None:
    print(line, flush=True)


def _source(settings: Environment, options: argparse.Namespace) -> Path:
    """The environment's own file."""
    found: Path = options.folder / f"{settings.name}.yaml"
    return found


def _suffer(settings: Environment, products: Sequence[ModelProduct], options: argparse.Namespace) -> bool:
    scenario = SCENARIOS[options.fault]
    print(f"{options.fault}: {scenario.promise}", flush=True)
    outcome = suffered(scenario, settings, products, options.outdir, _source(settings, options), _show)
    print(f"{'as promised' if outcome.as_promised else 'NOT as promised'}: {outcome.seen}")
    return outcome.as_promised


def _live(settings: Environment, products: Sequence[ModelProduct], options: argparse.Namespace) -> bool:
    """Live in the environment's account, then in those for what it does not offer; sum up."""
    began = monotonic()
    with deployed(settings, options.outdir) as rehearsal:
        print(f"deployed {len(rehearsal.outputs)} stacks in {monotonic() - began:.1f} s\n", flush=True)
        steps = [step for product in products for step in live(rehearsal, product, _show)]
        # Only a rehearsal of every model has needed all that the roles may do.
        reports = [report(rehearsal, settings.name, proved=options.model is None)]
        if options.keep:
            good = _sum_up(steps, reports, monotonic() - began)
            _keep(rehearsal)
            return good
    for product in products:
        source = _source(settings, options)
        more, found = lived_elsewhere(settings, product, source, _show, proved=options.model is None)
        steps += more
        reports += [found] if found else []
    return _sum_up(steps, reports, monotonic() - began)


def _sum_up(steps: Sequence[Step], reports: Sequence[Report], seconds: float) -> bool:
    """Print what came of it."""
    print("\n".join(summary(steps, reports)))
    print(f"{seconds:.0f} s in all. {NOT_SHOWN}")
    return all(step.as_promised for step in steps) and all(one.good for one in reports)


def _keep(rehearsal: Rehearsal) -> None:
    """Leave it up until Enter, or the end of the input; only keys made here are known, so print some."""
    keys = rehearsal.emulator.credentials(REHEARSAL)
    keys |= {"AWS_ENDPOINT_URL": rehearsal.emulator.endpoint, "AWS_DEFAULT_REGION": rehearsal.settings.region}
    print("\nIt stays up until Enter. For boto3, aws and make train in another shell, as its administrator:")
    print("\n".join(f"export {name}={value}" for name, value in keys.items()), flush=True)
    sys.stdin.readline()


if __name__ == "__main__":
    sys.exit(main())
