"""Lists every accepted finding for people who review the platform: ``docs/security/acknowledged.md``."""

import argparse
import json
import re
import sys
from collections import defaultdict
from pathlib import Path

from mlplatform.regions import partition_of
from tools import findings
from tools.findings import Acknowledged

PATH = Path(__file__).parent.parent / "docs" / "security" / "acknowledged.md"

_HEAD = """# Accepted findings

Every finding of cdk-nag and of the platform's own rules (`Platform::…`) is fixed, or accepted beside its
resource in the code with the reason below. Written by `make baselines`; do not edit.

| environments | resource | finding | reason |
|---|---|---|---|
"""


def main(arguments: list[str] | None = None, *, path: Path = PATH) -> int:
    """Run the command; its exit code is 0, 1 if ``--check`` finds a difference, 2 if no checks ran."""
    parser = argparse.ArgumentParser(prog="python -m tools.acknowledged", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if anything would change")
    parser.add_argument("--outdir", type=Path, default=Path("cdk.out"), help="what `make synth` wrote")
    options = parser.parse_args(arguments)
    try:
        text = render(options.outdir)
    except FileNotFoundError as error:
        print(f"{error.filename}: not there; run `make synth` first", file=sys.stderr)
        return 2
    if not options.check:
        _write(text, path)
    elif not path.exists() or path.read_text(encoding="utf-8") != text:
        print(f"{path.name} is not what the checks report. To accept: make baselines", file=sys.stderr)
        return 1
    return 0


def write(outdir: Path, path: Path) -> None:
    """Write the accepted findings of the synthesis in ``outdir`` to ``path``.

    Raises FileNotFoundError if no checks ran there.
    """
    _write(render(outdir), path)


def _write(text: str, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def render(outdir: Path) -> str:
    """Return the page: one row for what is accepted alike in several environments, in a stable order."""
    places = _places(outdir)
    environments = defaultdict(set)
    for one in findings.read(outdir).acknowledgements:
        environment = one.path.partition("/")[0]
        environments[_row(one, environment, *places[environment])].add(environment)
    lines = [_line(", ".join(sorted(environments[row])), *row) for row in sorted(environments)]
    return _HEAD + "".join(lines)


def _places(outdir: Path) -> dict[str, tuple[str, str]]:
    """Account and region of every environment below ``outdir``."""
    places = {}
    for path in outdir.glob("assembly-*/manifest.json"):
        for artifact in json.loads(path.read_text(encoding="utf-8"))["artifacts"].values():
            if artifact["type"] == "aws:cloudformation:stack":
                account, region = artifact["environment"].removeprefix("aws://").split("/")
                places[artifact["displayName"].partition("/")[0]] = account, region
    return places


def _row(one: Acknowledged, environment: str, account: str, region: str) -> tuple[str, str, str]:
    """Resource, finding and reason in words that are the same in every environment."""
    partition, _ = partition_of(region)
    word = re.compile(rf"(?<![A-Za-z0-9]){re.escape(environment)}(?![A-Za-z0-9])")

    def everywhere(text: str) -> str:
        text = text.replace(account, "{account}").replace(region, "{region}")
        return word.sub("{environment}", text.replace(f"arn:{partition}:", "arn:{partition}:"))

    return one.at.partition("/")[2] or "every resource", everywhere(one.finding), everywhere(one.reason)


def _line(environments: str, resource: str, finding: str, reason: str) -> str:
    cells = (environments, resource, f"`{finding}`", " ".join(reason.split()))
    escaped = [cell.replace("|", "\\|") for cell in cells]
    return f"| {' | '.join(escaped)} |\n"


if __name__ == "__main__":
    sys.exit(main())
