"""The benchmark's arithmetic, and that it counts what it says, on processes of a few lines."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tools.bench import Benchmark, BenchmarkError, Run, measure, measure_all, report, results

BURN = "import time\nwhile time.process_time() < 0.2: pass"
BURN_IN_A_CHILD = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {BURN!r}], check=True)"


def python(code: str) -> tuple[Sequence[str], Mapping[str, str]]:
    return [sys.executable, "-c", code], {}


def process(title: str, code: str) -> Benchmark:
    return Benchmark(title, lambda scratch: python(code))


def test_cpu_seconds_of_child_processes_count(tmp_path: Path) -> None:
    idle = measure(process("idle", "import time; time.sleep(0.2)"), tmp_path)
    busy = measure(process("busy", BURN_IN_A_CHILD), tmp_path)
    assert idle.cpu < 0.2 <= busy.cpu


def test_the_peak_is_in_mebibytes(tmp_path: Path) -> None:
    # A child starts with the size of the process it was forked from; another unit is off by a thousand.
    assert 300 < measure(process("large", "b'x' * 300 * 1024 * 1024"), tmp_path).peak < 10_000


def test_a_process_that_fails_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match=r"(?s)sad ended with 3: .*no such luck"):
        measure(process("sad", "import sys; print('no such luck'); sys.exit(3)"), tmp_path)


def test_benchmarks_are_interleaved_and_the_first_round_is_not_counted(tmp_path: Path) -> None:
    order = tmp_path / "order"
    both = [process(title, f"open({str(order)!r}, 'a').write({title!r})") for title in ("a", "b")]
    runs = measure_all(both, 2, tmp_path / "scratch")
    assert order.read_text() == "ababab"
    assert {title: len(some) for title, some in runs.items()} == {"a": 2, "b": 2}


def test_results_are_medians_against_the_floor_and_per_resource() -> None:
    benchmarks = [
        process("floor", ""),
        Benchmark("app", lambda scratch: python(""), floor="floor", beyond="floor", limit=2),
        Benchmark("more", lambda scratch: python(""), floor="floor", beyond="app", limit_ms=5),
    ]
    runs = {
        "floor": [Run(1.0, 100, 0), Run(0.9, 100, 0), Run(9.0, 100, 0)],
        "app": [Run(3.0, 150, 200), Run(2.9, 160, 200), Run(3.1, 170, 200)],
        "more": [Run(4.0, 180, 400), Run(4.0, 180, 400), Run(4.0, 180, 400)],
    }
    floor, app, more = results(benchmarks, runs)
    assert (floor.cpu, floor.ratio, floor.ms) == (1.0, None, None)
    assert (app.cpu, app.peak, app.ratio, app.more, app.ms) == (3.0, 160, 3.0, 2.0, 10.0)
    assert (more.ratio, more.more, more.ms) == (4.0, 1.0, 5.0)
    assert app.over == ("app: 3.00 x floor, wanted: at most 2",)
    assert more.over == ()
    lines = report([floor, app, more]).splitlines()
    assert lines[3].split() == ["app", "3.00", "3.00", "200", "2.00", "10.00", "160"]
    assert lines[-1] == "app: 3.00 x floor, wanted: at most 2"
