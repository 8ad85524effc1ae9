"""`make rehearse [MODEL=] [ENV=]`: the platform on this machine, with real training and without AWS."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from time import monotonic

from mlplatform.settings import Environment, SettingsError, read_environments
from rehearsal.api import REHEARSAL, ApiError
from rehearsal.coverage import unneeded
from rehearsal.driver import Rehearsal, deployed, obstacle, rehearsed
from rehearsal.life import live
from rehearsal.scenarios import SCENARIOS
from rehearsal.step import Step
from tools import tables

NOT_SHOWN = (
    "Not shown here: quotas, capacity, prices, real networks, AWS's own validation (docs/rehearsal.md)."
)


def main(argv: Sequence[str] | None = None) -> int:
    """Deploy, live, and sum up. Returns 1 if anything did not go as promised, 2 if nothing could be run."""
    options = _options(argv)
    began = monotonic()
    try:
        settings = _environment(options.folder, options.environment)
        products = rehearsed(settings, options.model)
        if not products:
            raise ApiError("NothingToRehearse", f"no model of {settings.name} can be trained here")
        print(f"{settings.name} on this machine, as {options.outdir} has it")
        for left_out in (product for product in settings.products if obstacle(product, settings)):
            print(f"without {left_out.name}: {obstacle(left_out, settings)}")
        with deployed(settings, options.outdir) as rehearsal:
            print(f"deployed {len(rehearsal.outputs)} stacks in {monotonic() - began:.1f} s\n", flush=True)
            if options.fault:
                return _suffer(rehearsal, options.fault, products[0].name)
            steps = [step for product in products for step in live(rehearsal, product, _show)]
            good = _sum_up(rehearsal, steps, monotonic() - began, proved=options.model is None)
            if options.keep:
                _keep(rehearsal)
    except (SettingsError, ApiError) as error:
        print(f"rehearse: {error}", file=sys.stderr)
        return 2
    return 0 if good else 1


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make rehearse", description=__doc__)
    parser.add_argument("--environment", help="the first that trains, unless given (ENV=)")
    parser.add_argument("--model", help="only this one (MODEL=)")
    parser.add_argument("--keep", action="store_true", help="leave it up afterwards (KEEP=1)")
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


def _suffer(rehearsal: Rehearsal, fault: str, model: str) -> int:
    product, scenario = rehearsal.product(model), SCENARIOS[fault]
    rehearsal.upload(product)
    print(f"{fault}: {scenario.promise}")
    outcome = scenario.rehearse(rehearsal, product)
    print(f"{'as promised' if outcome.as_promised else 'NOT as promised'}: {outcome.seen}")
    return 0 if outcome.as_promised else 1


def _sum_up(rehearsal: Rehearsal, steps: Sequence[Step], seconds: float, *, proved: bool) -> bool:
    """Print what came of it. Only a rehearsal of every model has needed all that the roles may do."""
    rows = [(step.model, step.workflow, f"{step.seconds:.1f}", step.result) for step in steps]
    print("\n" + tables.render(("model", "workflow", "seconds", "result"), rows, right={2}))
    for step in steps:
        if not step.as_promised:
            cause = step.ended.cause or step.result
            print(f"\n{step.model} {step.workflow} did not end as promised:\n{cause}")
    calls = rehearsal.emulator.trace
    denied = [call for call in calls if not call.allowed]
    roles = {call.principal.arn for call in calls}
    idle = unneeded(rehearsal.emulator) if proved else []
    print(
        f"\n{len(calls)} calls of {len(roles)} roles judged by their deployed policies, {len(denied)} denied"
    )
    for call in denied:
        print(f"denied: {call}")
    for statement in idle:
        print(f"never needed: {statement}")
    print(f"{seconds:.0f} s in all. {NOT_SHOWN}")
    return all(step.as_promised for step in steps) and not denied and not idle


def _keep(rehearsal: Rehearsal) -> None:
    """Leave it up until Enter, or the end of the input; only keys made here are known, so print some."""
    keys = rehearsal.emulator.credentials(REHEARSAL)
    keys |= {"AWS_ENDPOINT_URL": rehearsal.emulator.endpoint, "AWS_DEFAULT_REGION": rehearsal.settings.region}
    print("\nIt stays up until Enter. For boto3, aws and make train in another shell, as its administrator:")
    print("\n".join(f"export {name}={value}" for name, value in keys.items()), flush=True)
    sys.stdin.readline()


if __name__ == "__main__":
    sys.exit(main())
