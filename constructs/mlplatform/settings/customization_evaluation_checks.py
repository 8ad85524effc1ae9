"""What AWS does not measure, and what a gate cannot ask for."""

from collections.abc import Iterator

from mlplatform.customization import catalog
from mlplatform.settings.customization import CustomizationSettings
from mlplatform.settings.customization_evaluation import (
    BenchmarkSettings,
    CustomizationEvaluateSettings,
    CustomizationGateSettings,
    JudgeSettings,
)
from mlplatform.settings.findings import Finding, finding

_EVALUATE = "customization.evaluate"
_COMPARED = ("better_than_base_by", "not_worse_than_base_by")


def evaluation_problems(
    section: CustomizationSettings, evaluate: CustomizationEvaluateSettings
) -> Iterator[Finding]:
    """Problems of the evaluation."""
    if not evaluate.metrics:
        yield finding(_EVALUATE, "measures nothing", allowed="benchmark, scorer or judge")
    asking = [key for key in ("scorer", "judge") if getattr(evaluate, key)]
    if asking and evaluate.data is None:
        what = f"{' and '.join(asking)} {'has' if len(asking) == 1 else 'have'} no questions to ask"
        yield finding(_EVALUATE, what, allowed="customization.evaluate.data")
    if evaluate.data and not asking:
        what = "a benchmark has questions of its own"
        yield finding(f"{_EVALUATE}.data", what, allowed="scorer or judge beside it")
    if evaluate.data and evaluate.data in [technique.train for technique in section.techniques.values()]:
        what = "the model learns from it, and would be asked what it was told"
        given, allowed = repr(evaluate.data), "questions of their own"
        yield finding(f"{_EVALUATE}.data", what, given=given, allowed=allowed)
    if evaluate.benchmark:
        yield from _benchmark(section, evaluate.benchmark)
    if evaluate.judge:
        yield from _judge(section, evaluate.judge)


def _benchmark(section: CustomizationSettings, benchmark: BenchmarkSettings) -> Iterator[Finding]:
    known = catalog.benchmarks()[benchmark.task]
    model = section.hub_model[0]
    if model and catalog.kind_of(model) not in known.kinds:
        fitting = [b.task for b in catalog.benchmarks().values() if catalog.kind_of(model) in b.kinds]
        what = f"does not run on {model}"
        path = f"{_EVALUATE}.benchmark.task"
        yield finding(path, what, given=benchmark.task, allowed=", ".join(fitting))
    if benchmark.subtask is not None and benchmark.subtask not in known.subtasks:
        allowed = ", ".join(known.subtasks) or f"none, {benchmark.task} has no parts"
        path, given = f"{_EVALUATE}.benchmark.subtask", repr(benchmark.subtask)
        yield finding(path, f"not a part of {benchmark.task}", given=given, allowed=allowed)


def _judge(section: CustomizationSettings, judge: JudgeSettings) -> Iterator[Finding]:
    model = section.hub_model[0]
    if model and catalog.kind_of(model) == "nova":
        what = "SageMaker lets no model judge those of Amazon Nova"
        yield finding(f"{_EVALUATE}.judge", what, given=model, allowed="benchmark or scorer")
    if not judge.metrics:
        allowed = ", ".join(f"{catalog.BUILT_IN}{name}" for name in catalog.judge_metrics())
        yield finding(f"{_EVALUATE}.judge.metrics", "is empty", allowed=allowed)
    names = [metric.removeprefix(catalog.BUILT_IN) for metric in judge.metrics]
    for position, name in enumerate(names):
        path = ("customization", "evaluate", "judge", "metrics", position)
        if name not in catalog.judge_metrics():
            allowed = ", ".join(f"{catalog.BUILT_IN}{known}" for known in catalog.judge_metrics())
            yield finding(path, "unknown metric", given=repr(judge.metrics[position]), allowed=allowed)
        elif name in names[:position]:
            yield finding(path, "named twice", given=repr(judge.metrics[position]), allowed="each once")


def gate_problems(section: CustomizationSettings, gate: CustomizationGateSettings) -> Iterator[Finding]:
    """Conditions on metrics that the evaluation does not measure, and on those of which less is better."""
    measured = section.evaluate.metrics if section.evaluate else ()
    less = {f"judge:{name}" for name in catalog.judge_metrics(better="less")}
    usable = [metric for metric in measured if metric not in less]
    for key in type(gate).model_fields:
        for metric in getattr(gate, key):
            path = ("customization", "gate", key, metric)
            if metric not in measured:
                allowed = ", ".join(usable) or "a metric of customization.evaluate"
                yield finding(path, "is not measured", given=repr(metric), allowed=allowed)
            elif metric in less:
                what = "of it less is better, and a gate asks for more"
                yield finding(path, what, given=repr(metric), allowed=", ".join(usable) or "other metrics")
    better, worse = (getattr(gate, key) for key in _COMPARED)
    for metric in sorted(set(better) & set(worse)):
        path, what = ("customization", "gate", _COMPARED[1], metric), f"does not go with {_COMPARED[0]}"
        yield finding(path, what, given=worse[metric], allowed="one of the two")
