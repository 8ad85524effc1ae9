"""Shows what a change does to the templates and fails what a reviewer must accept: ``make diff``.

Compares ``cdk.out`` with the baselines at a git ref. Needs no AWS credentials and no network.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from subprocess import PIPE, STDOUT
from tempfile import TemporaryDirectory

from tools.assembly import stacks
from tools.baselines import FOLDER, ROOT, SUFFIX, BaselineError, compare, synthesized
from tools.left_behind import removed
from tools.review_report import EnvironmentReview, StackReview, as_markdown, as_text
from tools.stateful_types import create_only, stateful_types
from tools.template_review import review
from tools.templates import Finding

DEFAULT_BASES = ("origin/main", "main", "HEAD")


# --- the base, from git ----------------------------------------------------------------------------------


def _git(root: Path, *arguments: str) -> str:
    """Return what a git command prints. Raises BaselineError if it fails."""
    done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, check=False)
    if done.returncode != 0:
        raise BaselineError(f"git {arguments[0]} failed: {done.stderr.decode().partition(chr(10))[0]}")
    return done.stdout.decode()


def resolve(root: Path, ref: str | None) -> str:
    """Return ``ref``, or the first default that exists. Raises BaselineError if it does not exist."""
    known = _git(root, "for-each-ref", "--format=%(refname:short)", "--count=12").split()
    for candidate in (ref,) if ref else DEFAULT_BASES:
        with suppress(BaselineError):
            _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{candidate}^{{commit}}")
            return candidate
    what = f"unknown git ref {ref!r}" if ref else "no commit to compare with"
    raise BaselineError(f"{what}; refs here: {', '.join(known) or 'none'}")


def baselines_at(root: Path, ref: str) -> dict[str, str]:
    """Return the baselines committed at ``ref`` by ``<environment>/<stack>``."""
    folder = f"{FOLDER.as_posix()}/"
    paths = _git(root, "ls-tree", "-r", "-z", "--name-only", ref, "--", folder).split("\0")
    names = [path.removeprefix(folder).removesuffix(SUFFIX) for path in paths if path.endswith(SUFFIX)]
    # "./": the project may be a folder of a larger repository
    return {name: _git(root, "show", f"{ref}:./{folder}{name}{SUFFIX}") for name in names}


# --- the judgement ---------------------------------------------------------------------------------------


def _findings(base: str, new: str) -> tuple[Finding, ...]:
    before, after = (json.loads(text) if text else {} for text in (base, new))
    return tuple(review(before, after, create_only=create_only, stateful=stateful_types()))


# --- the difference for people, from the CDK CLI ----------------------------------------------------------


def masked_copy(outdir: Path, target: Path) -> Path:
    """Copy a cloud assembly without its assets and with masked templates: asset hashes are no difference."""
    copy = Path(shutil.copytree(outdir, target, ignore=shutil.ignore_patterns("asset.*", ".cache")))
    for stack in stacks(copy):
        stack.path.write_text(stack.masked_text, encoding="utf-8")
    return copy


def cdk_diff(assembly: Path, stack: str, base: str, *, root: Path) -> str:
    """Return the difference of one stack as the project's CDK CLI words it; ``base`` is a template's text."""
    places = (root / "node_modules" / ".bin", root / ".venv" / "bin", Path(sys.executable).parent)
    search = os.pathsep.join([*map(str, places), os.environ.get("PATH", os.defpath)])
    cdk = shutil.which("cdk", path=search)
    if cdk is None:
        raise BaselineError("the CDK CLI is not installed here: run `make synth` first")
    # --strict: both sides are local files, so nothing in them is an accident of reading them back
    command = [cdk, "diff", "-a", str(assembly), stack, "--exclusively", "--method=template", "--strict"]
    command += ["--no-color", "--no-notices", "--no-version-reporting", "--template", "base.json"]
    environment = {**os.environ, "PATH": search, "CDK_DISABLE_CLI_TELEMETRY": "true"}
    with TemporaryDirectory() as folder:
        Path(folder, "base.json").write_text(base or "{}", encoding="utf-8")
        done = subprocess.run(command, cwd=folder, env=environment, stdout=PIPE, stderr=STDOUT, check=False)
    output = done.stdout.decode()
    if done.returncode != 0:
        raise BaselineError(f"cdk diff {stack} failed: {output.strip()}")
    return output.partition("\n✨")[0].strip()


def _removed(base: str) -> str:
    resources = json.loads(base).get("Resources", {})
    return "\n".join(f"[-] {resource['Type']} {name}" for name, resource in sorted(resources.items()))


def review_environment(
    environment: str, before: Mapping[str, str], after: Mapping[str, str], assembly: Path, *, root: Path
) -> EnvironmentReview:
    """Review one environment: ``before`` and ``after`` hold its templates by ``<environment>/<stack>``."""
    found = compare(before, after)
    kinds = {stack: kind for kind in ("new", "changed", "removed") for stack in getattr(found, kind)}

    def difference(stack: str) -> str:
        base = before.get(stack, "")
        return cdk_diff(assembly, stack, base, root=root) if stack in after else _removed(base)

    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        differences = list(pool.map(difference, kinds))
    reviews = (
        StackReview(stack, kind, shown, _findings(before.get(stack, ""), after.get(stack, "")))
        for (stack, kind), shown in zip(kinds.items(), differences, strict=True)
    )
    return EnvironmentReview(environment, tuple(reviews), len(found.unchanged))


# --- the command -----------------------------------------------------------------------------------------


def _chosen(environment: str | None, before: Collection[str], after: Collection[str], ref: str) -> list[str]:
    """The environments to review. Raises BaselineError for one that neither side has."""
    known = [{stack.partition("/")[0] for stack in side} for side in (after, before)]
    if environment is None:
        return sorted(known[0] | known[1])
    if environment not in known[0] | known[1]:
        has = [", ".join(sorted(side)) or "none" for side in known]
        raise BaselineError(f"unknown environment {environment!r}: cdk.out has {has[0]}; {ref} has {has[1]}")
    return [environment]


def _of(environment: str, templates: Mapping[str, str]) -> dict[str, str]:
    return {stack: text for stack, text in templates.items() if stack.startswith(f"{environment}/")}


def _reviews(options: argparse.Namespace, base: str, root: Path) -> list[EnvironmentReview]:
    outdir = root / options.outdir
    before, after = baselines_at(root, base), synthesized(outdir)
    with TemporaryDirectory() as folder:
        assembly = masked_copy(outdir, Path(folder, "cdk.out"))
        return [
            review_environment(
                environment, _of(environment, before), _of(environment, after), assembly, root=root
            )
            for environment in _chosen(options.environment, before, after, base)
        ]


def main(arguments: list[str] | None = None, *, root: Path = ROOT) -> int:
    """Run the command and return its exit code: 0, 1 if a reviewer must accept something, 2 if refused."""
    parser = argparse.ArgumentParser(prog="python -m tools.review", description=__doc__)
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--environment", help="the one to review")
    which.add_argument("--all", action="store_true", help="review every environment")
    parser.add_argument("--base", help=f"git ref to compare with (default: {', else '.join(DEFAULT_BASES)})")
    parser.add_argument("--outdir", type=Path, default=Path("cdk.out"), help="what `make synth` wrote")
    parser.add_argument("--markdown", action="store_true", help="print a comment for a pull request")
    options = parser.parse_args(arguments)
    try:
        base = resolve(root, options.base)
        reviews = _reviews(options, base, root)
    except BaselineError as error:
        print(f"diff: {error}", file=sys.stderr)
        return 2
    print(as_markdown(reviews, base) if options.markdown else as_text(reviews, base))
    for one in reviews:
        gone = (stack.stack for stack in one.stacks if stack.kind == "removed")
        print("".join(f"{line}\n" for line in removed(one.environment, gone)), end="")
    return int(any(environment.fails for environment in reviews))


if __name__ == "__main__":
    sys.exit(main())
