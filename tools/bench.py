"""Measures what a synthesis, the Lambda functions and a release cost.

CPU and memory are given as ratios to a floor beside them; a release is measured in the rehearsal's own time.
Of A/B tests it measures how often they are decided wrongly, on made-up traffic whose truth is known.
Run as ``python -m tools.bench``. A new benchmark is one more entry of ``BENCHMARKS``.
"""

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import yaml

from tools import bench_ab_test, bench_records, bench_release, tables
from tools.assembly import stacks
from tools.bench_functions import PROCESSES
from tools.determinism import context_of
from tools.new_model import copy_model

ROOT = Path(__file__).parents[1]
MORE_ENVIRONMENTS = 3
MORE_MODELS = 14
SERVING_MODELS = 100
_MIB = 1024 * 1024
_MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024  # bytes per unit of ru_maxrss
_LEGEND = (
    "CPU: user and system seconds with child processes, median. More, and ms per resource: beyond the empty"
    " app, or for more environments beyond all environments. Peak: the largest process."
)
_EMPTY_APP = "import aws_cdk\naws_cdk.App().synth()\n"


class BenchmarkError(Exception):
    """A benchmark that could not run."""


@dataclass(frozen=True)
class Benchmark:
    """One process to measure.

    ``command`` returns its arguments, and what it needs in its environment, for a scratch folder of its own;
    CDK's output goes to ``out`` in there. ``floor`` is the title it is a ratio to, ``limit`` the highest
    ratio wanted. ``beyond`` is the title whose resources and time are subtracted to get ms per resource.
    """

    title: str
    command: Callable[[Path], tuple[Sequence[str], Mapping[str, str]]]
    floor: str | None = None
    beyond: str | None = None
    limit: float | None = None
    limit_ms: float | None = None


@dataclass(frozen=True)
class Run:
    """One run: CPU seconds (user and system, descendants included), MiB of the largest process, resources."""

    cpu: float
    peak: float
    resources: int


@dataclass(frozen=True)
class Result:
    """Medians of a benchmark's runs.

    ``ratio`` to its floor; ``more`` seconds, and ``ms`` per resource, beyond its baseline; ``over`` has one
    line per limit exceeded.
    """

    title: str
    cpu: float
    peak: float
    resources: int
    runs: int
    ratio: float | None = None
    more: float | None = None
    ms: float | None = None
    over: tuple[str, ...] = ()


def measure(benchmark: Benchmark, scratch: Path) -> Run:
    """Run ``benchmark`` once. Raises BenchmarkError, with the end of its output, if it fails."""
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    arguments, variables = benchmark.command(scratch)
    environment = os.environ | {"CDK_OUTDIR": str(scratch / "out"), "CDK_VALIDATION": "false", **variables}
    with (scratch / "log").open("wb") as log:
        process = subprocess.Popen(arguments, cwd=ROOT, env=environment, stdout=log, stderr=log)
        # wait4 counts what the process itself waited for, and CDK's Python waits for its Node.
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        output = (scratch / "log").read_text(errors="replace").strip()[-500:]
        raise BenchmarkError(f"{benchmark.title} ended with {process.returncode}: {output}")
    resources = sum(len(stack.template.get("Resources", {})) for stack in stacks(scratch / "out"))
    return Run(usage.ru_utime + usage.ru_stime, usage.ru_maxrss * _MAXRSS_UNIT / _MIB, resources)


def measure_all(benchmarks: Sequence[Benchmark], rounds: int, scratch: Path) -> dict[str, list[Run]]:
    """Run every benchmark ``rounds`` times, interleaved, after one round that only warms caches up."""
    runs: dict[str, list[Run]] = {benchmark.title: [] for benchmark in benchmarks}
    for number in range(rounds + 1):
        for benchmark in benchmarks:
            run = measure(benchmark, scratch / "run")
            if number:
                runs[benchmark.title].append(run)
    return runs


def results(benchmarks: Sequence[Benchmark], runs: Mapping[str, Sequence[Run]]) -> Iterator[Result]:
    """Yield the medians of each benchmark, against its floor and its limits."""
    cpu = {title: statistics.median(run.cpu for run in some) for title, some in runs.items()}
    for benchmark in benchmarks:
        title, some = benchmark.title, runs[benchmark.title]
        ratio = cpu[title] / cpu[benchmark.floor] if benchmark.floor else None
        more = cpu[title] - cpu[benchmark.beyond] if benchmark.beyond else None
        count = some[0].resources - (runs[benchmark.beyond][0].resources if benchmark.beyond else 0)
        ms = 1000 * more / count if more is not None and count else None
        over = [
            f"{title}: {value:.2f} {unit}, wanted: at most {limit:g}"
            for value, limit, unit in (
                (ratio, benchmark.limit, f"x {benchmark.floor}"),
                (ms, benchmark.limit_ms, "ms per resource"),
            )
            if value is not None and limit is not None and value > limit
        ]
        peak = statistics.median(run.peak for run in some)
        yield Result(title, cpu[title], peak, some[0].resources, len(some), ratio, more, ms, tuple(over))


def report(measured: Sequence[Result]) -> str:
    """Return the table, and below it every limit that is exceeded."""

    def number(value: float | None, digits: int) -> str:
        return "" if value is None else f"{value:.{digits}f}"

    rows = [
        [
            result.title,
            number(result.cpu, 2),
            number(result.ratio, 2),
            str(result.resources or ""),
            number(result.more, 2),
            number(result.ms, 2),
            number(result.peak, 0),
        ]
        for result in measured
    ]
    header = ["process", "CPU s", "x floor", "resources", "more s", "ms/resource", "peak MiB"]
    lines = [tables.render(header, rows, right=range(1, 7)), "", _LEGEND]
    return "\n".join([*lines, *(line for result in measured for line in result.over)])


def _app(folder: str | None = None, **context: str) -> tuple[Sequence[str], Mapping[str, str]]:
    if folder:
        context["environments"] = folder
    return [sys.executable, "-O", "app.py"], {"CDK_CONTEXT_JSON": context_of(ROOT, **context)}


def _empty_app(scratch: Path) -> tuple[Sequence[str], Mapping[str, str]]:
    (scratch / "app.py").write_text(_EMPTY_APP, encoding="utf-8")
    return [sys.executable, str(scratch / "app.py")], {"CDK_CONTEXT_JSON": context_of(ROOT)}


def _one_environment(scratch: Path) -> tuple[Sequence[str], Mapping[str, str]]:
    return _app(env=_files(ROOT / "environments")[0].stem)


def _all_environments(scratch: Path) -> tuple[Sequence[str], Mapping[str, str]]:
    return _app()


def _more_environments(scratch: Path) -> tuple[Sequence[str], Mapping[str, str]]:
    folder = scratch / "environments"
    shutil.copytree(ROOT / "environments", folder)
    shutil.copytree(ROOT / "models", scratch / "models")
    original = _files(folder)[0].read_text(encoding="utf-8")
    for number in range(1, MORE_ENVIRONMENTS + 1):
        # Each in an account of its own: some things may exist once per account.
        text = re.sub(r'(?m)^account: *"?\d+"?', f'account: "{number:012}"', original)
        (folder / f"bench{number}.yaml").write_text(text, encoding="utf-8")
    return _app(folder=str(folder))


def _more_models(scratch: Path) -> tuple[Sequence[str], Mapping[str, str]]:
    """Copies of the models that train, in the environments as they are."""
    shutil.copytree(ROOT / "environments", scratch / "environments")
    shutil.copytree(ROOT / "models", scratch / "models")
    trained = [path.parent.name for path in _trained(ROOT / "models")]
    for number in range(MORE_MODELS):
        copy_model(scratch / "models", trained[number % len(trained)], f"bench{number}")
    return _app(folder=str(scratch / "environments"))


def _serving_models(scratch: Path) -> tuple[Sequence[str], Mapping[str, str]]:
    """Only the Serving stacks of models: copies of one that serves, in the first environment."""
    return [sys.executable, "-O", "-m", "tools.bench_serving", str(SERVING_MODELS), str(scratch / "out")], {}


def _one_serving_model(scratch: Path) -> tuple[Sequence[str], Mapping[str, str]]:
    """The first of them, which loads what all of them need."""
    return [sys.executable, "-O", "-m", "tools.bench_serving", "1", str(scratch / "out")], {}


def _trained(models: Path) -> list[Path]:
    files = sorted(models.glob("*/model.yaml"))
    return [path for path in files if "train" in yaml.safe_load(path.read_text(encoding="utf-8"))]


def _function(arguments: Sequence[str]) -> Callable[[Path], tuple[Sequence[str], Mapping[str, str]]]:
    return lambda _: ([sys.executable, "-m", "tools.bench_functions", *arguments], {})


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.yaml"))


BENCHMARKS = (
    Benchmark("empty app", _empty_app),
    Benchmark("app, one environment", _one_environment, floor="empty app", beyond="empty app"),
    Benchmark("app, all environments", _all_environments, floor="empty app", beyond="empty app", limit=5),
    Benchmark(
        f"app, {MORE_ENVIRONMENTS} environments more",
        _more_environments,
        floor="empty app",
        beyond="app, all environments",
        limit_ms=3,
    ),
    Benchmark(
        f"app, {MORE_MODELS} models more",
        _more_models,
        floor="empty app",
        beyond="app, all environments",
        limit_ms=1.5,
    ),
    Benchmark("Serving stack of one model", _one_serving_model, floor="empty app"),
    Benchmark(
        f"Serving stacks of {SERVING_MODELS} models",
        _serving_models,
        floor="empty app",
        beyond="Serving stack of one model",
        limit_ms=1.5,
    ),
    *(Benchmark(each.title, _function(each.arguments), each.floor, limit=each.limit) for each in PROCESSES),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print the table and write ``bench.json``; 1 if a benchmark fails, or with --check a limit."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--check", action="store_true", help="exit with 1 when a limit is exceeded")
    arguments = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as scratch:
        try:
            runs = measure_all(BENCHMARKS, arguments.rounds, Path(scratch))
            released = bench_release.figures(Path(scratch) / "release")
            tested = bench_ab_test.figures()
            records = bench_records.figures()
        except (BenchmarkError, bench_release.ReleaseError, subprocess.CalledProcessError) as error:
            print(error, file=sys.stderr)
            return 1
    measured = list(results(BENCHMARKS, runs))
    print(f"{report(measured)}\n\n{bench_release.report(released)}\n\n{bench_ab_test.report(tested)}")
    print(f"\n{bench_records.report(records)}")
    every: list[Result | bench_release.Figure | bench_ab_test.Rate | bench_records.Speed] = [
        *measured,
        *released,
        *tested,
        *records,
    ]
    text = json.dumps([asdict(each) for each in every], indent=2)
    (ROOT / "bench.json").write_text(text + "\n", encoding="utf-8")
    return 1 if arguments.check and any(each.over for each in every) else 0


if __name__ == "__main__":
    sys.exit(main())
