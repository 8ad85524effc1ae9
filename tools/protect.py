"""`make protect ENV=`: keeps updates from deleting or replacing endpoints, and people from their stacks."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mlplatform.settings import ModelProduct, read_environments
from release import protection
from tools.credentials import session_for
from tools.deploy import NEVER_CREATED
from tools.deployed import Stack, deployed_stacks, of_environment
from tools.model_commands import FAILURES
from tools.releases import serving


def main(argv: Sequence[str] | None = None) -> int:
    """Protect every Serving stack of an environment. Returns 0, 1 if one is not deployed, 2 if refused."""
    parser = argparse.ArgumentParser(prog="make protect ENV=", description=__doc__)
    parser.add_argument("environment")
    parser.add_argument("--folder", type=Path, default=Path("environments"))
    arguments = parser.parse_args(argv)
    try:
        (settings,) = read_environments(arguments.folder, only=arguments.environment)
        cloudformation = session_for(settings).client("cloudformation")
        deployed = of_environment(settings.names, deployed_stacks(cloudformation))
        there = {s["StackName"]: s for s in deployed if s["StackStatus"] not in NEVER_CREATED}
        products = {settings.names.stack(f"Serving-{one.name}"): one for one in serving(settings)}
        for name, product in products.items():
            known = there.get(name)
            print(f"{name}: {protect(cloudformation, known, product) if known else 'not deployed yet'}")
    except FAILURES as error:
        print(f"protect: {error}", file=sys.stderr)
        return 2
    if not products:
        print(f"no model serves in {settings.name}: there is nothing to protect")
    return int(any(name not in there for name in products))


def policy(product: ModelProduct) -> dict[str, Any]:
    """The stack policy that keeps what callers call; it may name only what the template has."""
    copies = product.serving is not None and product.serving.components is not None
    return protection.policy(["Endpoint", "InferenceComponent"] if copies else ["Endpoint"])


def protect(cloudformation: Any, stack: Stack, product: ModelProduct) -> str:
    """Protect the stack that serves a model; returns what was changed, in words. Once it is protected,
    nothing is.
    """
    name, wanted, changed = stack["StackName"], policy(product), []
    body = cloudformation.get_stack_policy(StackName=name).get("StackPolicyBody")
    if not body or json.loads(body) != wanted:
        cloudformation.set_stack_policy(StackName=name, StackPolicyBody=json.dumps(wanted))
        changed.append("updates can no longer delete or replace the endpoint")
    if not stack.get("EnableTerminationProtection"):
        cloudformation.update_termination_protection(StackName=name, EnableTerminationProtection=True)
        changed.append("the stack can no longer be deleted")
    return "; ".join(changed) or "protected already"


if __name__ == "__main__":
    sys.exit(main())
