"""Serving sections of model files with one mistake each, and what must be said of it."""

from model_mistakes import FRAMEWORK, change

SERVED = FRAMEWORK + "serving:\n  sample: {file: sample.csv}\n"
"""A model with an endpoint; its section ``serving`` begins in line 23."""

FILES = {
    "sample.csv": b"52000,1200,own\n",
    "empty.csv": b"",
    "large.csv": b"1," * 2_049,
    "binary.csv": b"1,\xff\n",
}
"""What lies in the model's folder beside its scripts."""


def served(lines: str) -> str:
    """The file with more in its section ``serving``, from line 25 on."""
    return f"{SERVED}  {lines}\n"


def scaled(schedules: str) -> str:
    """The file with scheduled limits of its autoscaling."""
    target = "target_invocations_per_minute: 600"
    return served(f"instances: {{maximum: 4}}\n  autoscaling: {{{target}, schedules: [{schedules}]}}")


def sampled(sample: str) -> str:
    """The file with another sample."""
    return change(SERVED, "{file: sample.csv}", sample)


def outcome(demand: str) -> str:
    """The file with an A/B test that looks at one outcome."""
    return served(f"ab_test: {{metrics: [{{name: conversion, direction: higher, {demand}}}]}}")


def inferentia(lines: str) -> str:
    """The file with an endpoint on AWS Inferentia of the first generation."""
    container = f"container: {{digest: 'sha256:{'0' * 64}'}}"
    inference = f"inference: {{script: inference.py, {container}, realtime_instance_types: [ml.inf1.xlarge]}}"
    model = change(served(lines), "inference: {script: inference.py}", inference)
    return change(model, "serving:\n", "serving:\n  instance_type: ml.inf1.xlarge\n")


def pipelined(lines: str) -> str:
    """The file with a container before the model's."""
    return change(served(lines), "{script: inference.py}", "{script: inference.py, preprocess: prepare.py}")


def untrained() -> str:
    """The file of a model that is only served."""
    about = "description: Predicts\nowner: risk\ntask: regression\n"
    return about + "serving:\n  sample: {file: sample.csv}\n"


def on_gpu(lines: str) -> str:
    """The file with PyTorch on GPUs."""
    model = change(served(lines), 'scikit-learn, version: "1.4-2"', 'pytorch, version: "2.6.0"')
    types = "[ml.g5.xlarge]"
    inference = (
        f"{{script: inference.py, realtime_instance_types: {types}, transform_instance_types: {types}}}"
    )
    return change(model, "{script: inference.py}", inference)


SERVING_MISTAKES = {
    "no sample": (
        change(SERVED, "  sample: {file: sample.csv}\n", "  mode: realtime\n"),
        ("23: serving.sample: is missing, allowed: settings as `key: value`: a request that must succeed"),
    ),
    "unknown key of serving": (
        served("instance_typ: ml.m5.large"),
        (
            "25: serving.instance_typ: unknown key, given 'instance_typ', did you mean "
            "'instance_type'?, allowed: mode, instance_type, fallback_instance_types, components, "
            "instances, routing, volume_size_gib, startup_timeout_seconds, download_timeout_seconds, "
            "network_isolation, serverless, async_inference, capture, autoscaling, metrics, "
            "objectives, sample, shadow, rollout, ab_test, keep_versions, consumers, request"
        ),
    ),
    "unknown mode": (
        served("mode: batch"),
        "25: serving.mode: unknown value, given 'batch', allowed: realtime, serverless, async, "
        "inference_components",
    ),
    "serverless with an instance type": (
        served("mode: serverless\n  instance_type: ml.m5.large"),
        (
            "26: serving.instance_type: does not go with mode: serverless, which has no "
            "instances, given 'ml.m5.large', allowed: mode: realtime or mode: async"
        ),
    ),
    "serverless with fallbacks": (
        served("mode: serverless\n  fallback_instance_types: [ml.m5.large]"),
        (
            "26: serving.fallback_instance_types: does not go with mode: serverless, which has no "
            "instances, allowed: mode: realtime or mode: async"
        ),
    ),
    "serverless with instances": (
        served("mode: serverless\n  instances: {minimum: 2}"),
        (
            "26: serving.instances: does not go with mode: serverless, which has no instances, "
            "allowed: mode: realtime or mode: async"
        ),
    ),
    "serverless with routing": (
        served("mode: serverless\n  routing: random"),
        (
            "26: serving.routing: does not go with mode: serverless, which has no instances, "
            "given 'random', allowed: mode: realtime or mode: async"
        ),
    ),
    "serverless with a volume": (
        served("mode: serverless\n  volume_size_gib: 50"),
        (
            "26: serving.volume_size_gib: does not go with mode: serverless, which has no "
            "instances, given 50, allowed: mode: realtime or mode: async"
        ),
    ),
    "serverless with time for an instance": (
        served("mode: serverless\n  startup_timeout_seconds: 60\n  download_timeout_seconds: 60"),
        (
            "26: serving.startup_timeout_seconds: does not go with mode: serverless, which has no "
            "instances, given 60, allowed: mode: realtime or mode: async"
            "\n"
            "27: serving.download_timeout_seconds: does not go with mode: serverless, which has "
            "no instances, given 60, allowed: mode: realtime or mode: async"
        ),
    ),
    "serverless with metrics of instances": (
        served("mode: serverless\n  metrics: {enhanced: true}"),
        (
            "26: serving.metrics: does not go with mode: serverless, which has no instances, "
            "allowed: mode: realtime or mode: async"
        ),
    ),
    "serverless with capture": (
        served("mode: serverless\n  capture: {sampling_percent: 10}"),
        (
            "26: serving.capture: does not go with mode: serverless, whose requests SageMaker "
            "does not capture, allowed: mode: realtime or mode: async"
        ),
    ),
    "serverless with a shadow": (
        served("mode: serverless\n  shadow: {bake_minutes: 60}"),
        (
            "26: serving.shadow: does not go with mode: serverless, which takes one variant, "
            "allowed: mode: realtime"
        ),
    ),
    "serverless with a challenger": (
        served("mode: serverless\n  ab_test: {steps: [10]}"),
        (
            "26: serving.ab_test: does not go with mode: serverless, which takes one variant, "
            "allowed: mode: realtime"
        ),
    ),
    "serverless with isolation": (
        served("mode: serverless\n  network_isolation: true"),
        (
            "26: serving.network_isolation: does not go with mode: serverless, which SageMaker "
            "does not isolate, given true, allowed: false"
        ),
    ),
    "serverless with requests in S3": (
        served("mode: serverless\n  async_inference: {notify: false}"),
        (
            "26: serving.async_inference: does not go with mode: serverless, which answers at "
            "once, allowed: mode: async"
        ),
    ),
    "serverless under guardrails": (
        served("mode: serverless\n  rollout: {strategy: linear}"),
        (
            "26: serving.rollout.strategy: does not go with mode: serverless, which SageMaker's "
            "deployment guardrails leave out, given linear, allowed: all_at_once"
        ),
    ),
    "async with a shadow": (
        served("mode: async\n  shadow: {bake_minutes: 60}"),
        (
            "26: serving.shadow: does not go with mode: async, whose requests SageMaker does not "
            "mirror, allowed: mode: realtime"
        ),
    ),
    "async without instances": (
        served("mode: async\n  serverless: {memory_mb: 1024}"),
        (
            "26: serving.serverless: does not go with mode: async, which has instances, allowed: "
            "mode: serverless"
        ),
    ),
    "real time without instances": (
        served("serverless: {memory_mb: 1024}"),
        (
            "25: serving.serverless: does not go with mode: realtime, which has instances, "
            "allowed: mode: serverless"
        ),
    ),
    "real time with requests in S3": (
        served("async_inference: {notify: false}"),
        (
            "25: serving.async_inference: does not go with mode: realtime, which answers at once, "
            "allowed: mode: async"
        ),
    ),
    "memory that serverless does not have": (
        served("mode: serverless\n  serverless: {memory_mb: 1000}"),
        (
            "26: serving.serverless.memory_mb: unknown value, given 1000, allowed: 1024, 2048, "
            "3072, 4096, 5120, 6144"
        ),
    ),
    "more provisioned than at most": (
        served("mode: serverless\n  serverless: {maximum_concurrency: 5, provisioned_concurrency: 6}"),
        (
            "26: serving.serverless.provisioned_concurrency: is more than maximum_concurrency: 5, "
            "given 6, allowed: 0 to 5"
        ),
    ),
    "too much concurrency": (
        served("mode: serverless\n  serverless: {maximum_concurrency: 201}"),
        (
            "26: serving.serverless.maximum_concurrency: out of range, given 201, allowed: a "
            "whole number from 1 to 200"
        ),
    ),
    "instance type that hosts nothing": (
        served("instance_type: ml.m5.lrage"),
        (
            "25: serving.instance_type: no such instance type for hosting, given 'ml.m5.lrage', "
            "allowed: such as ml.m5.large, ml.m5d.large, ml.m5.xlarge"
        ),
    ),
    "fallback that hosts nothing": (
        served("fallback_instance_types: [ml.m5.xlarge, ml.z9.large]"),
        (
            "25: serving.fallback_instance_types.1: no such instance type for hosting, given "
            "'ml.z9.large', allowed: such as ml.t2.large, ml.r5.large, ml.m5.large"
        ),
    ),
    "fallback that is the instance type": (
        served("fallback_instance_types: [ml.m5.large]"),
        ("25: serving.fallback_instance_types.0: named twice, given 'ml.m5.large', allowed: each once"),
    ),
    "five fallbacks": (
        served(
            "fallback_instance_types: [ml.m5.xlarge, ml.m5.2xlarge, ml.m5.4xlarge, ml.c5.large, ml.c5.xlarge]"
        ),
        ("25: serving.fallback_instance_types: too many, given 5, allowed: at most 4"),
    ),
    "fallback with storage of its own": (
        served("fallback_instance_types: [ml.m5d.large]"),
        (
            "25: serving.fallback_instance_types.0: one request cannot be for it and for "
            "ml.m5.large, of which one takes no key for its volume, given 'ml.m5d.large', "
            "allowed: instance types with volumes of their own"
        ),
    ),
    "instance type with another processor": (
        served("instance_type: ml.c7g.large\n  fallback_instance_types: [ml.g6.xlarge]"),
        (
            "25: serving.instance_type: the image that answers is for cpu, as "
            "inference.realtime_instance_types says, given 'ml.c7g.large', allowed: instance "
            "types with cpu"
            "\n"
            "26: serving.fallback_instance_types.0: one request cannot be for it and for "
            "ml.c7g.large, of which one takes no key for its volume, given 'ml.g6.xlarge', "
            "allowed: instance types with volumes of their own"
            "\n"
            "26: serving.fallback_instance_types.0: the image that answers is for cpu, as "
            "inference.realtime_instance_types says, given 'ml.g6.xlarge', allowed: instance "
            "types with cpu"
        ),
    ),
    "volume of local storage": (
        served("instance_type: ml.m5d.large\n  volume_size_gib: 100"),
        (
            "26: serving.volume_size_gib: does not go with ml.m5d.large, whose storage has its "
            "size, given 100, allowed: none"
        ),
    ),
    "volume that is too large": (
        served("volume_size_gib: 513"),
        ("25: serving.volume_size_gib: out of range, given 513, allowed: a whole number from 1 to 512"),
    ),
    "container that gets too little time": (
        served("startup_timeout_seconds: 59"),
        (
            "25: serving.startup_timeout_seconds: out of range, given 59, allowed: a whole number "
            "from 60 to 3600"
        ),
    ),
    "no instance that answers": (
        served("instances: {minimum: 0}\n  rollout: {strategy: all_at_once}"),
        (
            "25: serving.instances.minimum: does not go with mode: realtime, which needs an "
            "instance to answer, given 0, allowed: 1 or more, or mode: async"
        ),
    ),
    "async without what starts an instance": (
        served("mode: async\n  instances: {minimum: 0}\n  rollout: {strategy: all_at_once}"),
        (
            "26: serving.instances.minimum: does not go without autoscaling, which alone starts "
            "the first instance, given 0, allowed: 1 or more, or a section serving.autoscaling"
        ),
    ),
    "async with scaling that is paused": (
        served(
            "mode: async\n  instances: {minimum: 0, maximum: 4}\n  rollout: {strategy: "
            "all_at_once}\n  autoscaling: {target_backlog_per_instance: 5, paused: true}"
        ),
        (
            "26: serving.instances.minimum: does not go without autoscaling, which alone starts "
            "the first instance, given 0, allowed: 1 or more, or a section serving.autoscaling"
        ),
    ),
    "fewer at most than at least": (
        served("instances: {minimum: 4, maximum: 3}"),
        ("25: serving.instances.maximum: is less than minimum: 4, given 3, allowed: 4 to 100"),
    ),
    "more at most without autoscaling": (
        served("instances: {minimum: 2, maximum: 3}"),
        (
            "25: serving.instances.maximum: does not go without autoscaling, nothing else changes "
            "the number, given 3, allowed: 2, or a section serving.autoscaling"
        ),
    ),
    "autoscaling of nothing": (
        served("instances: {minimum: 2}\n  autoscaling: {target_invocations_per_minute: 600}"),
        (
            "26: serving.autoscaling: leaves nothing to scale, minimum and maximum are 2, "
            "allowed: instances.maximum above 2"
        ),
    ),
    "no target": (
        served("instances: {maximum: 4}\n  autoscaling: {scale_in: false}"),
        (
            "26: serving.autoscaling: needs exactly one target, given none, allowed: one of "
            "target_invocations_per_minute or target_concurrent_requests"
        ),
    ),
    "two targets": (
        served(
            "instances: {maximum: 4}\n  autoscaling: {target_invocations_per_minute: 600, "
            "target_concurrent_requests: 5}"
        ),
        (
            "26: serving.autoscaling: needs exactly one target, given "
            "target_invocations_per_minute and target_concurrent_requests, allowed: one of "
            "target_invocations_per_minute or target_concurrent_requests"
        ),
    ),
    "target of serverless": (
        served("instances: {maximum: 4}\n  autoscaling: {target_utilization_percent: 70}"),
        (
            "26: serving.autoscaling.target_utilization_percent: does not go with mode: realtime, "
            "of which there is no such metric, given 70, allowed: target_invocations_per_minute "
            "or target_concurrent_requests"
        ),
    ),
    "target of async": (
        served("instances: {maximum: 4}\n  autoscaling: {target_backlog_per_instance: 4}"),
        (
            "26: serving.autoscaling.target_backlog_per_instance: does not go with mode: "
            "realtime, of which there is no such metric, given 4, allowed: "
            "target_invocations_per_minute or target_concurrent_requests"
        ),
    ),
    "async that follows invocations": (
        served("mode: async\n  instances: {maximum: 4}\n  autoscaling: {target_invocations_per_minute: 600}"),
        (
            "27: serving.autoscaling.target_invocations_per_minute: does not go with mode: async, "
            "of which there is no such metric, given 600, allowed: target_backlog_per_instance"
        ),
    ),
    "serverless that scales nothing": (
        served("mode: serverless\n  autoscaling: {target_utilization_percent: 70}"),
        (
            "23: serving.serverless.provisioned_concurrency: does not go with autoscaling, which "
            "changes the provisioned concurrency, given 0, allowed: 1 to 20"
        ),
    ),
    "serverless that is all provisioned": (
        served(
            "mode: serverless\n  serverless: {provisioned_concurrency: 20}\n  autoscaling: "
            "{target_utilization_percent: 70}"
        ),
        (
            "27: serving.autoscaling: leaves nothing to scale, provisioned and maximum "
            "concurrency are 20, allowed: provisioned_concurrency below 20"
        ),
    ),
    "autoscaling of burstable instances": (
        served(
            "instance_type: ml.t2.medium\n  instances: {maximum: 4}\n  autoscaling: "
            "{target_invocations_per_minute: 600}"
        ),
        (
            "27: serving.autoscaling: does not go with ml.t2.medium, whose processors have "
            "credits, allowed: instance types other than ml.t…"
        ),
    ),
    "cooldown of more than an hour": (
        served(
            "instances: {maximum: 4}\n  autoscaling: {target_invocations_per_minute: 600, "
            "scale_in_cooldown_seconds: 3601}"
        ),
        (
            "26: serving.autoscaling.scale_in_cooldown_seconds: out of range, given 3601, "
            "allowed: a whole number from 0 to 3600"
        ),
    ),
    "schedule that is none": (
        scaled('{name: night, schedule: "every night", minimum: 3}'),
        (
            "26: serving.autoscaling.schedules.0.schedule: malformed, given 'every night', "
            "allowed: cron(minutes hours day-of-month month day-of-week year) or rate(number "
            "minutes, hours or days)"
        ),
    ),
    "schedule without effect": (
        scaled('{name: night, schedule: "cron(0 20 * * ? *)"}'),
        (
            "26: serving.autoscaling.schedules.0: changes nothing, given 'night', allowed: with "
            "minimum or maximum"
        ),
    ),
    "schedule named twice": (
        scaled(
            "{name: night, schedule: rate(1 day), minimum: 3}, {name: night, schedule: rate(1 "
            "day), minimum: 4}"
        ),
        ("26: serving.autoscaling.schedules.1.name: named twice, given 'night', allowed: each once"),
    ),
    "schedule with more at least than at most": (
        scaled("{name: night, schedule: rate(1 day), minimum: 5}"),
        (
            "26: serving.autoscaling.schedules.0.minimum: from then on the least would be 5 and "
            "the most 4, given 5, allowed: a maximum not below it"
        ),
    ),
    "schedule without instances": (
        scaled("{name: night, schedule: rate(1 day), minimum: 0}"),
        (
            "26: serving.autoscaling.schedules.0.minimum: does not go with mode: realtime, which "
            "keeps 1 or more, given 0, allowed: 1 or more"
        ),
    ),
    "schedule with one instance": (
        scaled("{name: night, schedule: rate(1 day), minimum: 1}"),
        (
            "26: serving.autoscaling.schedules.0.minimum: does not go with rollout.strategy: "
            "canary, which needs 2 instances, given 1, allowed: 2 or more"
        ),
    ),
    "schedule beyond serverless": (
        served(
            "mode: serverless\n  serverless: {provisioned_concurrency: 5}\n  autoscaling: "
            "{target_utilization_percent: 70, schedules: [{name: day, schedule: rate(1 day), "
            "maximum: 40}]}"
        ),
        ("27: serving.autoscaling.schedules.0.maximum: out of range, given 40, allowed: at most 20"),
    ),
    "schedule in a time zone that is none": (
        scaled('{name: night, schedule: rate(1 day), minimum: 3, timezone: "+02:00"}'),
        (
            "26: serving.autoscaling.schedules.0.timezone: malformed, given '+02:00', allowed: a "
            "time zone of the IANA database such as Europe/Berlin"
        ),
    ),
    "capture of nothing": (
        served("capture: {sampling_percent: 0}"),
        (
            "25: serving.capture.sampling_percent: out of range, given 0, allowed: a whole number "
            "from 1 to 100"
        ),
    ),
    "capture of something else": (
        served("capture: {content: headers}"),
        (
            "25: serving.capture.content: unknown value, given 'headers', allowed: input, output, "
            "input_and_output"
        ),
    ),
    "metrics at another interval": (
        served("metrics: {interval_seconds: 20}"),
        (
            "25: serving.metrics.interval_seconds: unknown value, given 20, allowed: 10, 30, 60, "
            "120, 180, 240, 300"
        ),
    ),
    "median above the 99th percentile": (
        served("objectives: {p50_latency_ms: 300, p99_latency_ms: 200}"),
        (
            "25: serving.objectives.p50_latency_ms: is more than p99_latency_ms: 200, given 300, "
            "allowed: at most 200"
        ),
    ),
    "errors of more than all": (
        served("objectives: {error_percent: 101}"),
        (
            "25: serving.objectives.error_percent: out of range, given 101, allowed: a number "
            "above 0, up to 100"
        ),
    ),
    "latency of nothing": (
        served("objectives: {p99_latency_ms: 0}"),
        (
            "25: serving.objectives.p99_latency_ms: out of range, given 0, allowed: a number "
            "above 0, up to 3600000"
        ),
    ),
    "GPU of an instance without": (
        served("objectives: {gpu_percent: 90, gpu_memory_percent: 90}"),
        (
            "25: serving.objectives.gpu_memory_percent: does not go with ml.m5.large, which has "
            "no GPU, given 90, allowed: none"
            "\n"
            "25: serving.objectives.gpu_percent: does not go with ml.m5.large, which has no GPU, "
            "given 90, allowed: none"
        ),
    ),
    "backlog in real time": (
        served("objectives: {backlog_per_instance: 5, oldest_request_seconds: 60}"),
        (
            "25: serving.objectives.backlog_per_instance: does not go with mode: realtime, where "
            "no request waits, given 5, allowed: none"
            "\n"
            "25: serving.objectives.oldest_request_seconds: does not go with mode: realtime, "
            "where no request waits, given 60, allowed: none"
        ),
    ),
    "processors of serverless": (
        served(
            "mode: serverless\n  objectives: {cpu_percent: 90, memory_percent: 90, gpu_percent: "
            "90, gpu_memory_percent: 90, disk_percent: 80}"
        ),
        (
            "26: serving.objectives.cpu_percent: does not go with mode: serverless, which has no "
            "instances, given 90, allowed: none"
            "\n"
            "26: serving.objectives.disk_percent: does not go with mode: serverless, which has no "
            "instances, given 80, allowed: none"
            "\n"
            "26: serving.objectives.gpu_memory_percent: does not go with mode: serverless, which "
            "has no instances, given 90, allowed: none"
            "\n"
            "26: serving.objectives.gpu_percent: does not go with mode: serverless, which has no "
            "instances, given 90, allowed: none"
            "\n"
            "26: serving.objectives.memory_percent: does not go with mode: serverless, which has "
            "no instances, given 90, allowed: none"
        ),
    ),
    "metrics that async lacks": (
        served("mode: async\n  objectives: {overhead_p99_ms: 10, minimum_invocations_per_hour: 5}"),
        (
            "26: serving.objectives.minimum_invocations_per_hour: does not go with mode: async, "
            "of which SageMaker has no such metric, given 5, allowed: none"
            "\n"
            "26: serving.objectives.overhead_p99_ms: does not go with mode: async, of which "
            "SageMaker has no such metric, given 10, allowed: none"
        ),
    ),
    "backlog of serverless": (
        served("mode: serverless\n  objectives: {backlog_per_instance: 5, oldest_request_seconds: 9}"),
        (
            "26: serving.objectives.backlog_per_instance: does not go with mode: serverless, "
            "where no request waits, given 5, allowed: none"
            "\n"
            "26: serving.objectives.oldest_request_seconds: does not go with mode: serverless, "
            "where no request waits, given 9, allowed: none"
        ),
    ),
    "sample outside the folder": (
        sampled("{file: ../sample.csv}"),
        (
            "24: serving.sample.file: malformed, given '../sample.csv', allowed: a file of the "
            "model's folder such as sample.csv"
        ),
    ),
    "sample that is not there": (
        sampled("{file: smaple.csv}"),
        ("24: serving.sample.file: no such file, given 'smaple.csv', allowed: a file of the model's folder"),
    ),
    "sample that is empty": (
        sampled("{file: empty.csv}"),
        ("24: serving.sample.file: wrong size, given empty.csv of 0 bytes, allowed: 1 to 4096 bytes"),
    ),
    "sample that is too large": (
        sampled("{file: large.csv}"),
        ("24: serving.sample.file: wrong size, given large.csv of 4098 bytes, allowed: 1 to 4096 bytes"),
    ),
    "sample that is no text": (
        sampled("{file: binary.csv}"),
        ("24: serving.sample.file: not UTF-8, given byte 0xff in binary.csv, allowed: a file saved as UTF-8"),
    ),
    "sample of another type": (
        sampled("{file: sample.csv, content_type: application/json, accept: image/png}"),
        (
            "24: serving.sample.accept: is not among inference.response_types, given 'image/png', "
            "allowed: text/csv"
            "\n"
            "24: serving.sample.content_type: is not among inference.content_types, given "
            "'application/json', allowed: text/csv"
        ),
    ),
    "shadow of everything and more": (
        served("shadow: {sampling_percent: 101}"),
        (
            "25: serving.shadow.sampling_percent: out of range, given 101, allowed: a whole "
            "number from 1 to 100"
        ),
    ),
    "shadow that bakes no time": (
        served("shadow: {bake_minutes: 1}"),
        ("25: serving.shadow.bake_minutes: out of range, given 1, allowed: a whole number from 5 to 10080"),
    ),
    "judgement that is never sure": (
        served("shadow: {confidence_percent: 100}"),
        (
            "25: serving.shadow.confidence_percent: out of range, given 100, allowed: a whole "
            "number from 80 to 99"
        ),
    ),
    "shadow that must be better": (
        served("shadow: {limits: {p99_latency_increase_percent: -5}}"),
        (
            "25: serving.shadow.limits.p99_latency_increase_percent: out of range, given -5, "
            "allowed: a number from 0"
        ),
    ),
    "shadow of first generation Inferentia": (
        inferentia("shadow: {bake_minutes: 60}\n  rollout: {strategy: all_at_once}"),
        (
            "26: serving.shadow: does not go with ml.inf1.xlarge, which SageMaker mirrors nothing "
            "to, allowed: none, or another instance type"
        ),
    ),
    "guardrails of first generation Inferentia": (
        inferentia("rollout: {strategy: canary}"),
        (
            "26: serving.rollout.strategy: does not go with ml.inf1.xlarge, which SageMaker's "
            "deployment guardrails leave out, given canary, allowed: all_at_once"
        ),
    ),
    "unknown strategy": (
        served("rollout: {strategy: blue_green}"),
        (
            "25: serving.rollout.strategy: unknown value, given 'blue_green', allowed: canary, "
            "linear, rolling, all_at_once"
        ),
    ),
    "canary of one instance": (
        served("instances: {minimum: 1}\n  rollout: {strategy: canary}"),
        (
            "26: serving.rollout.strategy: needs 2 instances, it begins with half of them at "
            "most, given canary, allowed: instances.minimum of 2 or more, or all_at_once"
        ),
    ),
    "batches of one instance": (
        served("instances: {minimum: 1}\n  rollout: {strategy: rolling}"),
        (
            "26: serving.rollout.strategy: needs 2 instances, it begins with half of them at "
            "most, given rolling, allowed: instances.minimum of 2 or more, or all_at_once"
        ),
    ),
    "canary of more than half": (
        served("rollout: {canary_percent: 60}"),
        ("25: serving.rollout.canary_percent: out of range, given 60, allowed: a whole number from 1 to 50"),
    ),
    "steps that are too small": (
        served("rollout: {strategy: linear, step_percent: 5}"),
        ("25: serving.rollout.step_percent: out of range, given 5, allowed: a whole number from 10 to 50"),
    ),
    "share of another strategy": (
        served("rollout: {strategy: linear, canary_percent: 10}"),
        (
            "25: serving.rollout.canary_percent: does not go with strategy: linear, given 10, "
            "allowed: strategy: canary"
        ),
    ),
    "shares of one step": (
        served("rollout: {strategy: all_at_once, step_percent: 10, batch_percent: 10}"),
        (
            "25: serving.rollout.batch_percent: does not go with strategy: all_at_once, given 10, "
            "allowed: strategy: rolling"
            "\n"
            "25: serving.rollout.step_percent: does not go with strategy: all_at_once, given 10, "
            "allowed: strategy: linear"
        ),
    ),
    "old instances of a rolling update": (
        served("rollout: {strategy: rolling, termination_wait_minutes: 5}"),
        (
            "25: serving.rollout.termination_wait_minutes: does not go with strategy: rolling, "
            "which leaves no old instances, given 5, allowed: canary, linear, all_at_once"
        ),
    ),
    "rolling update of two variants": (
        served("rollout: {strategy: rolling}\n  ab_test: {steps: [10, 50]}"),
        (
            "25: serving.rollout.strategy: does not go with ab_test, rolling updates take one "
            "variant, given rolling, allowed: canary, linear, all_at_once"
        ),
    ),
    "step that no alarm can stop": (
        served("rollout: {wait_minutes: 2}"),
        (
            "25: serving.rollout.wait_minutes: a step is over before an alarm can ring, which takes "
            "two bad minutes of three, given 2, allowed: 3 or more, or strategy: all_at_once"
        ),
    ),
    "strategy of routing that is no setting": (
        served("request: {ProductionVariants: [{RoutingConfig: {RoutingStrategy: KV_AWARE}}]}"),
        (
            "25: serving.request.ProductionVariants.0.RoutingConfig: the platform sets it, "
            "allowed: serving.routing"
        ),
    ),
    "traffic to another region": (
        served("request: {CrossRegionTrafficConfig: {}}"),
        (
            "25: serving.request.CrossRegionTrafficConfig: the platform sets it, "
            "allowed: nothing, CloudFormation has no such property"
        ),
    ),
    "parts of an accelerator": (
        served("request: {ProductionVariants: [{AcceleratorPartitionLayouts: []}]}"),
        (
            "25: serving.request.ProductionVariants.0.AcceleratorPartitionLayouts: the platform sets it, "
            "allowed: nothing, CloudFormation has no such property"
        ),
    ),
    "less time than the waits take": (
        served("rollout: {wait_minutes: 30, maximum_minutes: 60}"),
        (
            "25: serving.rollout.maximum_minutes: is too short for the waits, which take 65 "
            "minutes, given 60, allowed: 66 to 480"
        ),
    ),
    "waits that no update has time for": (
        served("rollout: {strategy: linear, step_percent: 10, wait_minutes: 60}"),
        (
            "25: serving.rollout.wait_minutes: 10 waits take 605 minutes, and SageMaker's longest "
            "update 480, given 60, allowed: at most 47, or fewer steps"
        ),
    ),
    "update of more than eight hours": (
        served("rollout: {maximum_minutes: 481}"),
        (
            "25: serving.rollout.maximum_minutes: out of range, given 481, allowed: a whole "
            "number from 10 to 480"
        ),
    ),
    "steps that fall": (
        served("ab_test: {steps: [50, 10]}"),
        ("25: serving.ab_test.steps: malformed, given 50, 10, allowed: rising whole numbers from 1 to 100"),
    ),
    "steps beyond all": (
        served("ab_test: {steps: [10, 110]}"),
        ("25: serving.ab_test.steps: malformed, given 10, 110, allowed: rising whole numbers from 1 to 100"),
    ),
    "test that compares nothing": (
        served("ab_test: {steps: [100]}"),
        "25: serving.ab_test.steps: compares nothing, given 100, allowed: a step below 100 first",
    ),
    "test that takes longer than its days": (
        served("ab_test: {step_minutes: 10080, maximum_days: 10}"),
        (
            "25: serving.ab_test.step_minutes: 4 steps take 40320 minutes, and maximum_days 14400, "
            "given 10080, allowed: at most 3600, or fewer steps"
        ),
    ),
    "more steps than hours in its days": (
        served(f"ab_test: {{steps: {list(range(1, 31))}, step_minutes: 60, maximum_days: 1}}"),
        (
            "25: serving.ab_test.step_minutes: 30 steps take 1800 minutes, and maximum_days 1440, given 60, "
            "allowed: fewer steps"
        ),
    ),
    "test that outlasts what CloudWatch keeps": (
        served("ab_test: {maximum_days: 30}"),
        ("25: serving.ab_test.maximum_days: out of range, given 30, allowed: a whole number from 1 to 14"),
    ),
    "step too short for an alarm and a comparison": (
        served("ab_test: {step_minutes: 5}"),
        ("25: serving.ab_test.step_minutes: out of range, given 5, allowed: a whole number from 60 to 10080"),
    ),
    "power that is a coin": (
        served("ab_test: {power_percent: 40}"),
        ("25: serving.ab_test.power_percent: out of range, given 40, allowed: a whole number from 50 to 99"),
    ),
    "outcome that demands nothing": (
        served("ab_test: {metrics: [{name: conversion, direction: higher}]}"),
        (
            "25: serving.ab_test.metrics.0: demands one thing, given neither, allowed: either "
            "better_by_points or no_worse_by_points"
        ),
    ),
    "outcome that demands two things": (
        outcome("better_by_points: 0, no_worse_by_points: 1"),
        (
            "25: serving.ab_test.metrics.0: demands one thing, given better_by_points and "
            "no_worse_by_points, allowed: either better_by_points or no_worse_by_points"
        ),
    ),
    "outcome that may be worse by nothing": (
        outcome("no_worse_by_points: 0"),
        (
            "25: serving.ab_test.metrics.0: nothing is ever shown to be no worse by not even the least, "
            "given no_worse_by_points: 0, allowed: a number above 0, or better_by_points"
        ),
    ),
    "outcome that must be worse": (
        outcome("better_by_points: -1"),
        (
            "25: serving.ab_test.metrics.0.better_by_points: out of range, given -1, allowed: a number "
            "from 0, below 100"
        ),
    ),
    "outcome of no direction": (
        served("ab_test: {metrics: [{name: conversion, direction: up, better_by_points: 0}]}"),
        ("25: serving.ab_test.metrics.0.direction: unknown value, given 'up', allowed: higher, lower"),
    ),
    "outcome whose name is no metric's": (
        served("ab_test: {metrics: [{name: my-rate, direction: lower, better_by_points: 0}]}"),
        (
            "25: serving.ab_test.metrics.0.name: malformed, given 'my-rate', allowed: 1 to 64 letters, "
            "digits and _, a letter first"
        ),
    ),
    "outcome named twice": (
        served(
            "ab_test:\n    metrics:\n"
            "      - {name: repaid, direction: higher, better_by_points: 0}\n"
            "      - {name: repaid, direction: higher, no_worse_by_points: 1}"
        ),
        "26: serving.ab_test.metrics: named twice, given 'repaid', allowed: each once",
    ),
    "asynchronous with a challenger": (
        served("mode: async\n  ab_test: {steps: [10]}"),
        (
            "26: serving.ab_test: does not go with mode: async, whose requests name no variant, nor do "
            "their answers, allowed: mode: realtime"
        ),
    ),
    "consumer that is no role": (
        served("consumers: [loan-app]"),
        ("25: serving.consumers.0: malformed, given 'loan-app', allowed: the ARN of an IAM role"),
    ),
    "consumer of another partition": (
        served('consumers: ["arn:aws-cn:iam::777788889999:role/loan-app"]'),
        (
            "25: serving.consumers.0: of another partition, given "
            "'arn:aws-cn:iam::777788889999:role/loan-app', allowed: an ARN that starts with "
            "arn:aws: (in dev)"
        ),
    ),
    "consumer named twice": (
        served('consumers: ["arn:aws:iam::777788889999:role/a", "arn:aws:iam::777788889999:role/a"]'),
        ("25: serving.consumers: named twice, given 'arn:aws:iam::777788889999:role/a', allowed: each once"),
    ),
    "request of what a setting says": (
        served(
            "request: {DataCaptureConfig: {DestinationS3Uri: s3://mine/}}\n  capture: {sampling_percent: 5}"
        ),
        (
            "25: serving.request.DataCaptureConfig.DestinationS3Uri: the platform sets it, "
            "allowed: nothing, it is the environment's capture bucket"
        ),
    ),
    "variant of what a setting says": (
        served("request: {ProductionVariants: [{InstanceType: ml.m5.large, EnableSSMAccess: true}]}"),
        (
            "25: serving.request.ProductionVariants.0.EnableSSMAccess: the platform sets it, "
            "allowed: nothing, nobody may look into a container"
            "\n"
            "25: serving.request.ProductionVariants.0.InstanceType: the platform sets it, "
            "allowed: serving.instance_type"
        ),
    ),
    "request with two variants": (
        served(
            "request: {ProductionVariants: [{InferenceAmiVersion: "
            "al2-ami-sagemaker-inference-gpu-2}, {VariantInstanceProvisionTimeoutInSeconds: 300}]}"
        ),
        (
            "25: serving.request.ProductionVariants: what one entry says holds for every variant, "
            "given 2 entries, allowed: one"
        ),
    ),
    "request that is no part of the API": (
        served("request: {Explainer: {}}"),
        (
            "25: serving.request.Explainer: unknown key, given 'Explainer', did you mean "
            "'ExplainerConfig'?, allowed: ProductionVariants, DataCaptureConfig, "
            "AsyncInferenceConfig, ExplainerConfig, MetricsConfig"
        ),
    ),
    "request of an async endpoint in real time": (
        served(
            "request: {AsyncInferenceConfig: {OutputConfig: {NotificationConfig: {SuccessTopic: "
            "'arn:aws:sns:eu-west-1:111122223333:a'}}}}"
        ),
        ("25: serving.request.AsyncInferenceConfig: does not go without mode: async, allowed: mode: async"),
    ),
    "request of a capture that is off": (
        served("request: {DataCaptureConfig: {CaptureContentTypeHeader: {CsvContentTypes: [text/csv]}}}"),
        (
            "25: serving.request.DataCaptureConfig: does not go without a section "
            "serving.capture, allowed: a section serving.capture"
        ),
    ),
    "shadow of two containers": (
        pipelined("shadow: {bake_minutes: 60}"),
        (
            "25: serving.shadow: does not go with inference.preprocess: SageMaker mirrors to one "
            "container only, allowed: none"
        ),
    ),
    "serverless with two containers": (
        pipelined("mode: serverless"),
        (
            "25: serving.mode: does not go with inference.preprocess: serverless runs one "
            "container, given serverless, allowed: realtime, async"
        ),
    ),
    "serverless on GPUs": (
        on_gpu("mode: serverless"),
        (
            "25: serving.mode: the image that answers is for gpu, and serverless has cpu only, "
            "given serverless, allowed: realtime, async"
        ),
    ),
    "GPU that one instance type lacks": (
        on_gpu(
            "instance_type: ml.g5.xlarge\n  fallback_instance_types: [ml.m5d.large]\n  objectives: "
            "{gpu_percent: 90}"
        ),
        (
            "26: serving.fallback_instance_types.0: the image that answers is for gpu, as "
            "inference.realtime_instance_types says, given 'ml.m5d.large', allowed: instance "
            "types with gpu"
            "\n"
            "27: serving.objectives.gpu_percent: does not go with ml.m5d.large, which has no GPU, "
            "given 90, allowed: none"
        ),
    ),
    "endpoint of a model that nobody trains": (
        untrained(),
        ("4: serving: does not go without train, allowed: a section train"),
    ),
    "minimum of the schedule beyond serverless": (
        served(
            "mode: serverless\n  serverless: {provisioned_concurrency: 5}\n  autoscaling: "
            "{target_utilization_percent: 70, schedules: [{name: day, schedule: rate(1 day), "
            "minimum: 21}]}"
        ),
        ("27: serving.autoscaling.schedules.0.minimum: out of range, given 21, allowed: at most 20"),
    ),
    "least of a schedule above its most": (
        scaled("{name: night, schedule: rate(1 day), minimum: 3, maximum: 2}"),
        (
            "26: serving.autoscaling.schedules.0.maximum: from then on the least would be 3 and "
            "the most 2, given 2, allowed: a maximum not below it"
        ),
    ),
}
"""Name: the model file, and its problems without the file's name, in the order of their lines."""
