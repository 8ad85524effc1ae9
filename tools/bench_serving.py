"""A synthesis of nothing but Serving stacks: what `tools.bench` measures of them.

Run as ``python -m tools.bench_serving <models> <outdir>``. The environments and models are the user's own.
"""

import gc
import sys
from collections.abc import Sequence
from pathlib import Path

import aws_cdk as cdk

from mlplatform.retention import keep_state, tag_costs
from mlplatform.settings import Environment, read_environments
from stacks.serving import ServingStack
from tools.platform_app import ROOT, empty_app


def main(argv: Sequence[str]) -> int:
    """Synthesize so many copies of the first model that serves. Returns 1 if none does."""
    gc.disable()  # as in app.py (docs/decisions/0009-no-garbage-collection.md)
    count, outdir = int(argv[0]), Path(argv[1])
    found = [(s, p) for s in read_environments(ROOT / "environments") for p in s.products if p.serving]
    if not found:
        print("no model serves in any environment", file=sys.stderr)
        return 1
    settings, product = found[0]
    app = empty_app(outdir)
    stage = _stage(app, settings)
    for number in range(count):
        copy = product.model_copy(update={"name": f"bench{number}"})
        ServingStack(stage, f"Serving-{copy.name}", settings=settings, product=copy)
    keep_state(stage, settings)
    tag_costs(stage, settings)
    app.synth()
    return 0


def _stage(app: cdk.App, settings: Environment) -> cdk.Stage:
    place = cdk.Environment(account=settings.account, region=settings.region)
    return cdk.Stage(app, settings.name, env=place)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
