"""One CDK Stage per environment file, and the checks every template must pass."""

import gc
import sys
from pathlib import Path

# A synthesis lives for seconds and keeps what it builds (docs/decisions/0009-no-garbage-collection.md).
gc.disable()

import aws_cdk as cdk

from mlplatform.acknowledgements import accept_everywhere
from mlplatform.checks import install_checks
from mlplatform.regions import partition_of
from mlplatform.settings import SettingsError, read_environments
from stacks.platform import MlPlatform


def main() -> None:
    """Synthesize every environment; ``-c env=dev`` narrows to one. Exit code 2 if settings are unusable."""
    app = cdk.App()
    wanted = app.node.try_get_context("env")
    folder = Path(app.node.try_get_context("environments") or "environments")
    try:
        for settings in read_environments(folder, only=wanted):
            MlPlatform(app, settings=settings)
    except SettingsError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    install_checks(app, partition_of)
    accept_everywhere(
        app,
        "NIST.800.53.R5::NIST.800.53.R5-IAMNoInlinePolicy",
        because="An inline policy lives and dies with its one role and cannot be attached to another; "
        "every role of the platform has its own (docs/decisions/0004-inline-policies.md)",
    )
    app.synth()


if __name__ == "__main__":
    main()
