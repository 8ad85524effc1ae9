"""`make bootstrap ENV=`: prints what prepares an account for deployments, in order; APPLY=1 runs it."""

import argparse
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from mlplatform.settings import Environment, SettingsError, read_environments
from mlplatform.settings.environment import DEFAULT_QUALIFIER
from tools.bootstrap_template import MAX_POLICIES, TEMPLATE, parameters, policy_arns
from tools.credentials import CredentialsError, session_for

Command = list[str]


def main(argv: Sequence[str] | None = None) -> int:
    """Print the commands, and run them with ``--apply``. Returns 0, 1 when one failed, 2 if none was run."""
    parser = argparse.ArgumentParser(prog="make bootstrap ENV=", description=__doc__)
    parser.add_argument("environment")
    parser.add_argument("--folder", type=Path, default=Path("environments"))
    parser.add_argument("--apply", action="store_true", help="run the commands (APPLY=1)")
    arguments = parser.parse_args(argv)
    try:
        every = read_environments(arguments.folder)
        settings = next((e for e in every if e.name == arguments.environment), None)
        if settings is None:
            return _refuse(f"no environment {arguments.environment}")
        commands = bootstrap_commands(settings, together(settings, every))
        if arguments.apply:
            session_for(settings)
    except (SettingsError, CredentialsError, ValueError) as error:
        return _refuse(str(error))
    print(_shown(settings, commands))
    if arguments.apply:
        return _run(commands)
    print(f"\nNothing was run. To run them: make bootstrap ENV={settings.name} APPLY=1")
    return 0


def together(settings: Environment, every: Iterable[Environment]) -> list[Environment]:
    """The environments CloudFormation deploys with one and the same role: of one `cdk bootstrap`."""
    return [other for other in every if _bootstrap(other) == _bootstrap(settings)]


def _bootstrap(settings: Environment) -> tuple[str, str, str]:
    return settings.account, settings.region, settings.deployment.qualifier


def bootstrap_commands(settings: Environment, sharing: Sequence[Environment]) -> list[Command]:
    """The policies of every environment ``sharing`` the bootstrap, then the bootstrap itself.

    Raises ValueError when one role would have to have more policies than IAM attaches to it.
    """
    arns = [arn for environment in sharing for arn in policy_arns(environment)]
    if len(arns) > MAX_POLICIES:
        who = ", ".join(environment.name for environment in sharing)
        what = f"{who} share one bootstrap and would need {len(arns)} policies, allowed: {MAX_POLICIES}"
        raise ValueError(f"{what}; give some of them a deployment.qualifier of their own")
    return [*map(_policies, sharing), _cdk_bootstrap(settings, arns)]


def _policies(settings: Environment) -> Command:
    values = [f"{name}={value}" for name, value in parameters(settings).items()]
    tags = [f"{key}={value}" for key, value in settings.tags.items()]
    return [
        *("aws", "cloudformation", "deploy"),
        *("--region", settings.region),
        *("--stack-name", settings.names.stack("bootstrap")),
        *("--template-file", f"bootstrap/{TEMPLATE.name}"),
        *("--capabilities", "CAPABILITY_NAMED_IAM"),
        "--no-fail-on-empty-changeset",
        *("--parameter-overrides", *values),
        *("--tags", *tags),
    ]


def _cdk_bootstrap(settings: Environment, arns: Sequence[str]) -> Command:
    qualifier = settings.deployment.qualifier
    toolkit = "CDKToolkit" if qualifier == DEFAULT_QUALIFIER else f"CDKToolkit-{qualifier}"
    return [
        *("cdk", "bootstrap", f"aws://{settings.account}/{settings.region}"),
        *("--qualifier", qualifier),
        *("--toolkit-stack-name", toolkit),
        *(word for account in settings.deployment.trusted_accounts for word in ("--trust", account)),
        *("--cloudformation-execution-policies", ",".join(arns)),
    ]


def _shown(settings: Environment, commands: Sequence[Command]) -> str:
    heads = ["What CloudFormation may do, and what roles can never exceed"] * (len(commands) - 1)
    heads.append("The bucket and the roles that CDK deploys with")
    place = f"account {settings.account}, {settings.region}"
    where = f"# As an administrator of {place}, in this folder, with .venv activated"
    shown = [
        f"# {number}. {head}\n{copyable(command)}"
        for number, (head, command) in enumerate(zip(heads, commands, strict=True), start=1)
    ]
    return "\n\n".join([where, *shown])


def copyable(command: Command) -> str:
    """A command for a POSIX shell, one option a line."""
    lines: list[str] = []
    for word in map(shlex.quote, command):
        if word.startswith("--") or not lines:
            lines.append(word)
        else:
            lines[-1] += f" {word}"
    return " \\\n  ".join(lines)


def _run(commands: Sequence[Command]) -> int:
    if missing := [command[0] for command in commands if not shutil.which(command[0])]:
        return _refuse(f"{missing[0]} is not installed, nothing was run")
    for number, command in enumerate(commands, start=1):
        print(f"\nrunning {number} of {len(commands)}", flush=True)
        if subprocess.run(command, check=False).returncode:
            print(f"bootstrap: command {number} failed, run it again when this is mended", file=sys.stderr)
            return 1
    return 0


def _refuse(why: str) -> int:
    print(f"bootstrap: {why}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
