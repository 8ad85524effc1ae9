"""Model files with one mistake each, and what must be said of it."""

FRAMEWORK = """\
description: Predicts something
owner: risk-team
task: binary_classification
data:
  train: data://credit/train/
  test: data://credit/test/
  columns: {label: approved, protected: age_group}
prepare: {script: prepare.py, outputs: [train, test]}
train:
  framework: {name: scikit-learn, version: "1.4-2"}
  script: train.py
  instance_type: ml.m5.xlarge
  hyperparameters: {depth: 3}
  metric_definitions: {"validation:auc": "auc=([0-9.]+)"}
tune:
  objective: maximize validation:auc
  max_jobs: 10
  search: {depth: {integer: [2, 8]}}
evaluate: {script: evaluate.py}
gate: {at_least: {auc: 0.8}}
inference: {script: inference.py}
batch: {data: data://credit/batch/}
"""
ALGORITHM = """\
description: Predicts something
owner: risk-team
task: regression
data: {train: data://fraud/train/, validation: data://fraud/validation/, header: false}
train:
  algorithm: {name: xgboost, version: "3.2-0"}
  instance_type: ml.m5.xlarge
tune:
  objective: maximize validation:auc
  search: {eta: {continuous: [0.1, 0.3]}}
evaluate: {script: evaluate.py, framework: {name: scikit-learn, version: "1.4-2"}}
"""


def change(model: str, *replacements: str) -> str:
    """A model file with things changed: old and new, in pairs."""
    for old, new in zip(replacements[::2], replacements[1::2], strict=True):
        assert old in model
        model = model.replace(old, new, 1)
    return model


def training(lines: str) -> str:
    """The file of the framework, with more in its section ``train``."""
    return change(FRAMEWORK, "  script: train.py\n", f"  script: train.py\n  {lines}\n")


def many(count: int, entry: str) -> str:
    """So many entries of a list or map; ``#`` in ``entry`` counts them."""
    return ", ".join(entry.replace("#", str(number)) for number in range(count))


MISTAKES = {
    "location that is not one": (
        change(FRAMEWORK, "data://credit/train/", "s3://credit/train/"),
        (
            "5: data.train: malformed, given 's3://credit/train/', allowed: data://<path>, in the "
            "environment's data bucket or in one of its data_sources"
        ),
    ),
    "location with dots": (
        change(FRAMEWORK, "data://credit/train/", "data://credit/../x/"),
        (
            "5: data.train: malformed, given 'data://credit/../x/', allowed: data://<path>, in the "
            "environment's data bucket or in one of its data_sources"
        ),
    ),
    "unknown format": (
        change(
            FRAMEWORK, "  train: data://credit/train/\n", "  train: data://credit/train/\n  format: parquet\n"
        ),
        ("6: data.format: unknown value, given 'parquet', allowed: csv, jsonl, none"),
    ),
    "header of JSON lines": (
        change(
            FRAMEWORK,
            "  test: data://credit/test/\n",
            "  test: data://credit/test/\n  format: jsonl\n  header: true\n",
        ),
        ("8: data.header: does not go with format: jsonl, allowed: format: csv"),
    ),
    "columns that nobody checks": (
        change(FRAMEWORK, "  test: data://credit/test/\n", "  test: data://credit/test/\n  format: none\n"),
        ("8: data.columns: does not go with format: none, allowed: format: csv or jsonl"),
    ),
    "delimiter of two characters": (
        change(
            FRAMEWORK, "  test: data://credit/test/\n", "  test: data://credit/test/\n  delimiter: '||'\n"
        ),
        ("7: data.delimiter: malformed, given '||', allowed: one character"),
    ),
    "names of columns without a header": (
        change(FRAMEWORK, "  test: data://credit/test/\n", "  test: data://credit/test/\n  header: false\n"),
        (
            "8: data.columns.label: does not go with header: false, allowed: columns.count, or "
            "header: true"
            "\n"
            "8: data.columns.protected: does not go with header: false, allowed: columns.count, or "
            "header: true"
        ),
    ),
    "number of columns beside names": (
        change(FRAMEWORK, "protected: age_group}", "protected: age_group, count: 7}"),
        (
            "7: data.columns.count: does not go with named columns, allowed: columns.label and "
            "required, which the data names itself"
        ),
    ),
    "column required twice": (
        change(FRAMEWORK, "protected: age_group}", "protected: age_group, required: [debt, approved]}"),
        ("7: data.columns.required.1: named twice, given 'approved', allowed: each column once"),
    ),
    "negative bad rows": (
        change(
            FRAMEWORK,
            "  test: data://credit/test/\n",
            "  test: data://credit/test/\n  maximum_bad_rows: -1\n",
        ),
        (
            "7: data.maximum_bad_rows: out of range, given -1, allowed: a whole number: rows that "
            "may be unreadable before a workflow stops"
        ),
    ),
    "channel that does not exist": (
        change(FRAMEWORK, "outputs: [train, test]", "outputs: [train, holdout]"),
        ("8: prepare.outputs.1: unknown value, given 'holdout', allowed: train, validation, test"),
    ),
    "channel written twice": (
        change(FRAMEWORK, "outputs: [train, test]", "outputs: [train, train]"),
        ("8: prepare.outputs.1: named twice, given train, allowed: each once"),
    ),
    "nothing prepared": (
        change(FRAMEWORK, "outputs: [train, test]", "outputs: []"),
        ("8: prepare.outputs: is empty, allowed: one or more of train, validation, test"),
    ),
    "script outside the folder": (
        change(FRAMEWORK, "script: prepare.py", "script: ../prepare.py"),
        (
            "8: prepare.script: malformed, given '../prepare.py', allowed: a Python file of the "
            "model's folder such as train.py"
        ),
    ),
    "script that is not there": (
        change(FRAMEWORK, "script: prepare.py", "script: prepar.py"),
        (
            "8: prepare.script: no such file, given 'prepar.py', allowed: did you mean 'prepare.py'? "
            "a file of the model's folder: evaluate.py, inference.py, prepare.py, train.py"
        ),
    ),
    "instance type for processing": (
        change(FRAMEWORK, "{script: evaluate.py}", "{script: evaluate.py, instance_type: ml.m5.lrage}"),
        (
            "19: evaluate.instance_type: no such instance type for processing, given 'ml.m5.lrage', "
            "allowed: such as ml.m5.large, ml.m5.xlarge, ml.m5.4xlarge"
        ),
    ),
    "processing job of ten days": (
        change(FRAMEWORK, "{script: evaluate.py}", "{script: evaluate.py, max_runtime_minutes: 14400}"),
        (
            "19: evaluate.max_runtime_minutes: out of range, given 14400, allowed: a whole number "
            "from 1 to 12960"
        ),
    ),
    "two images of one job": (
        change(
            FRAMEWORK,
            "{script: evaluate.py}",
            "{script: evaluate.py, framework: {name: scikit-learn, version: '1.4-2'}, "
            "container: {digest: 'sha256:" + "0" * 64 + "'}}",
        ),
        ("19: evaluate.container: does not go with framework, allowed: one of the two"),
    ),
    "environment variable that is no name": (
        change(FRAMEWORK, "{script: evaluate.py}", "{script: evaluate.py, environment: {9A: x}}"),
        (
            "19: evaluate.environment.9A: malformed, given '9A', allowed: 1 to 256 letters, digits "
            "and _, no digit first"
        ),
    ),
    "environment variable that a workflow would evaluate": (
        change(FRAMEWORK, "{script: evaluate.py}", "{script: evaluate.py, environment: {A: '{% 1 %}'}}"),
        (
            "19: evaluate.environment.A: a workflow would evaluate '{%', given '{% 1 %}', allowed: "
            "text without it"
        ),
    ),
    "too many environment variables": (
        change(
            FRAMEWORK,
            "{script: evaluate.py}",
            "{script: evaluate.py, environment: {" + many(99, "A#: x") + "}}",
        ),
        ("19: evaluate.environment: too many variables, given 99, allowed: at most 98"),
    ),
    "too many arguments": (
        change(
            FRAMEWORK, "{script: evaluate.py}", "{script: evaluate.py, arguments: [" + many(88, "x") + "]}"
        ),
        ("19: evaluate.arguments: too many, given 88, allowed: at most 87"),
    ),
    "argument that CloudFormation would substitute": (
        change(FRAMEWORK, "{script: evaluate.py}", "{script: evaluate.py, arguments: ['${Key}']}"),
        (
            "19: evaluate.arguments.0: a workflow would evaluate '${', given '${Key}', allowed: text "
            "without it"
        ),
    ),
    "training without data": (
        change(
            ALGORITHM,
            "data: {train: data://fraud/train/, validation: data://fraud/validation/, header: false}\n",
            "",
        ),
        (
            "4: train: does not go without data, allowed: a section data"
            "\n"
            "8: tune.objective: is measured on the channel validation, which there is not, given "
            "'validation:auc', allowed: data.validation, or prepare.outputs with validation"
        ),
    ),
    "training without evaluation": (
        change(
            ALGORITHM,
            'evaluate: {script: evaluate.py, framework: {name: scikit-learn, version: "1.4-2"}}\n',
            "",
        ),
        ("5: train: does not go without evaluate, allowed: a section evaluate"),
    ),
    "gate without evaluation": (
        change(
            ALGORITHM,
            "tune:\n",
            "gate: {at_least: {auc: 0.8}}\ntune:\n",
            'evaluate: {script: evaluate.py, framework: {name: scikit-learn, version: "1.4-2"}}\n',
            "",
        ),
        (
            "5: train: does not go without evaluate, allowed: a section evaluate"
            "\n"
            "8: gate: does not go without evaluate, allowed: a section evaluate"
        ),
    ),
    "search without training": (
        change(
            ALGORITHM,
            'train:\n  algorithm: {name: xgboost, version: "3.2-0"}\n  instance_type: ml.m5.xlarge\n',
            "",
            'evaluate: {script: evaluate.py, framework: {name: scikit-learn, version: "1.4-2"}}\n',
            "",
        ),
        ("5: tune: does not go without train, allowed: a section train"),
    ),
    "no image": (
        change(FRAMEWORK, '  framework: {name: scikit-learn, version: "1.4-2"}\n', ""),
        (
            "9: train: needs exactly one image, given none, allowed: one of framework, algorithm, "
            "container, jumpstart"
        ),
    ),
    "two images": (
        change(FRAMEWORK, "  script: train.py\n", "  script: train.py\n  algorithm: {name: xgboost}\n"),
        (
            "9: train: needs exactly one image, given framework and algorithm, allowed: one of "
            "framework, algorithm, container, jumpstart"
        ),
    ),
    "framework without a script": (
        change(FRAMEWORK, "  script: train.py\n", ""),
        ("9: train.script: is missing, allowed: the script that the framework's container runs"),
    ),
    "algorithm with a script": (
        change(
            ALGORITHM,
            "  instance_type: ml.m5.xlarge\n",
            "  instance_type: ml.m5.xlarge\n  script: evaluate.py\n",
        ),
        ("8: train.script: does not go with algorithm, given 'evaluate.py', allowed: with framework only"),
    ),
    "unknown framework": (
        change(FRAMEWORK, "name: scikit-learn", "name: sklearn"),
        (
            "10: train.framework.name: unknown value, given 'sklearn', allowed: djl-lmi, huggingface, "
            "pytorch, scikit-learn, tensorflow, vllm, xgboost"
        ),
    ),
    "unknown version": (
        change(FRAMEWORK, "1.4-2", "1.4"),
        (
            "10: train.framework.version: no image of scikit-learn for training, given '1.4', "
            "allowed: did you mean '1.4-2'? 0.20.0, 0.23-1, 1.0-1, 1.2-1, 1.4-2, 1.4-2-py312, 1.9-0"
        ),
    ),
    "unknown algorithm": (
        change(ALGORITHM, "name: xgboost", "name: xgbost"),
        (
            "6: train.algorithm.name: no such algorithm, given 'xgbost', allowed: did you mean "
            "'xgboost'? blazingtext, factorization-machines, forecasting-deepar, "
            "image-classification, ipinsights, kmeans, knn, lda, linear-learner, ntm, "
            "object-detection, object2vec, pca, randomcutforest, semantic-segmentation, seq2seq, "
            "xgboost"
        ),
    ),
    "algorithm of JumpStart": (
        change(ALGORITHM, "name: xgboost", "name: lightgbm"),
        (
            "6: train.algorithm.name: has no image of its own, JumpStart says which image, script "
            "and model it takes, given 'lightgbm', allowed: train.jumpstart"
        ),
    ),
    "unknown version of an algorithm": (
        change(ALGORITHM, "3.2-0", "3.2"),
        (
            "6: train.algorithm.version: no image of xgboost, given '3.2', allowed: did you mean "
            "'3.2-0'? 0.90-1, 0.90-2, 1, 1.0-1, 1.2-1, 1.2-2, 1.3-1, 1.5-1, 1.7-1, 3.0-5, 3.2-0"
        ),
    ),
    "version for training only": (
        change(FRAMEWORK, 'name: scikit-learn, version: "1.4-2"', 'name: pytorch, version: "2.10.0"'),
        (
            "10: train.framework.version: no image of pytorch for inference, given '2.10.0', "
            "allowed: did you mean '2.1.0'? …, 1.7.1, 1.8.0, 1.8.1, 1.9.0, 1.9.1, 1.10.0, 1.10.2, "
            "1.11.0, 1.12.0, 1.12.1, 1.13.1, 2.0.0, 2.0.1, 2.1.0, 2.2.0, 2.2.1, 2.3.0, 2.4.0, 2.5.1, "
            "2.6.0; or inference.framework with another version"
        ),
    ),
    "processor that the image is not built for": (
        change(FRAMEWORK, "ml.m5.xlarge", "ml.g5.xlarge"),
        (
            "12: train.instance_type: the training image of scikit-learn 1.4-2 does not run on gpu "
            "instances, given 'ml.g5.xlarge', allowed: an instance type with cpu"
        ),
    ),
    "processor that the algorithm does not train on": (
        change(ALGORITHM, 'name: xgboost, version: "3.2-0"', "name: object-detection"),
        (
            "7: train.instance_type: object-detection does not train on it, given 'ml.m5.xlarge', "
            "allowed: an instance type with gpu"
        ),
    ),
    "evaluation in an image that runs no scripts": (
        change(
            ALGORITHM,
            'name: xgboost, version: "3.2-0"}',
            "name: linear-learner}\n  instance_count: 1",
            ', framework: {name: scikit-learn, version: "1.4-2"}',
            "",
        ),
        (
            "12: evaluate.framework: is missing, what trains the model cannot run scripts, allowed: "
            "evaluate.framework, such as {name: scikit-learn, version: …}, or container"
        ),
    ),
    "digest that is none": (
        change(
            FRAMEWORK,
            '  framework: {name: scikit-learn, version: "1.4-2"}\n  script: train.py\n',
            "  container: {digest: latest}\n",
        ),
        (
            "10: train.container.digest: malformed, given 'latest', allowed: the digest of an image, "
            "sha256: and 64 of 0-9 and a-f"
        ),
    ),
    "unknown instance type": (
        change(FRAMEWORK, "ml.m5.xlarge", "ml.m5.xlrage"),
        (
            "12: train.instance_type: no such instance type for training, given 'ml.m5.xlrage', "
            "allowed: such as ml.m5.xlarge, ml.m5.4xlarge, ml.m5.2xlarge"
        ),
    ),
    "instance type to choose that does not exist": (
        training("instance_types: [ml.m5.xlarge, ml.m5.huge]"),
        (
            "12: train.instance_types.1: no such instance type for training, given 'ml.m5.huge', "
            "allowed: such as ml.m5.large, ml.m5.xlarge, ml.m5.4xlarge"
        ),
    ),
    "instance types of two kinds of storage": (
        training("instance_types: [ml.m5.xlarge, ml.r5d.xlarge]"),
        (
            "12: train.instance_types.1: one request cannot be for it and for ml.m5.xlarge, of which "
            "one takes no key for its volume, given 'ml.r5d.xlarge', allowed: instance types with "
            "volumes of their own"
        ),
    ),
    "instance type of another processor to choose": (
        training("instance_types: [ml.p3.2xlarge]"),
        (
            "12: train.instance_types.0: the image for ml.m5.xlarge does not run on it, given "
            "'ml.p3.2xlarge', allowed: instance types with cpu"
        ),
    ),
    "volume of a fixed size": (
        change(FRAMEWORK, "ml.m5.xlarge\n", "ml.r5d.xlarge\n  volume_size_gib: 50\n"),
        (
            "13: train.volume_size_gib: does not go with ml.r5d.xlarge, whose storage has its size, "
            "given 50, allowed: none"
        ),
    ),
    "training job of a month and more": (
        training("max_runtime_minutes: 40321"),
        ("12: train.max_runtime_minutes: out of range, given 40321, allowed: a whole number from 1 to 40320"),
    ),
    "warm pool of spot instances": (
        training("spot: true\n  warm_pool_minutes: 10"),
        ("13: train.warm_pool_minutes: does not go with spot: true, given 10, allowed: 0"),
    ),
    "warm pool of seven hours": (
        training("warm_pool_minutes: 420"),
        ("12: train.warm_pool_minutes: out of range, given 420, allowed: a whole number from 0 to 360"),
    ),
    "wait without spot": (
        training("max_wait_minutes: 90"),
        ("12: train.max_wait_minutes: does not go without spot: true, given 90"),
    ),
    "wait shorter than the run": (
        training("spot: true\n  max_runtime_minutes: 60\n  max_wait_minutes: 30"),
        (
            "14: train.max_wait_minutes: shorter than the job may run, given 30, allowed: at least "
            "max_runtime_minutes, 60"
        ),
    ),
    "long spot job without checkpoints": (
        change(ALGORITHM, 'name: xgboost, version: "3.2-0"}\n', "name: knn}\n  spot: true\n"),
        (
            "7: train.spot: knn keeps no checkpoints, so that AWS takes at most an hour of waiting "
            "and running, given 120 minutes, allowed: max_wait_minutes: 60, or spot: false"
        ),
    ),
    "checkpoints of an algorithm without any": (
        change(ALGORITHM, 'name: xgboost, version: "3.2-0"}\n', "name: knn}\n  checkpoints: true\n"),
        ("7: train.checkpoints: knn keeps no checkpoints, given true, allowed: false"),
    ),
    "attempts beyond AWS's": (
        training("max_attempts: 31"),
        ("12: train.max_attempts: out of range, given 31, allowed: a whole number from 1 to 30"),
    ),
    "several instances without a launcher": (
        training("instance_count: 2"),
        ("12: train.instance_count: scikit-learn needs a launcher, given 2, allowed: 1"),
    ),
    "launcher that a framework has not": (
        training("launcher: torchrun"),
        (
            "12: train.launcher: the container of scikit-learn has no such launcher, given torchrun, "
            "allowed: none"
        ),
    ),
    "launcher of an algorithm": (
        change(
            ALGORITHM,
            "  instance_type: ml.m5.xlarge\n",
            "  instance_type: ml.m5.xlarge\n  launcher: mpirun\n",
        ),
        ("8: train.launcher: does not go with algorithm or jumpstart, given mpirun, allowed: none"),
    ),
    "algorithm on several instances": (
        change(ALGORITHM, 'name: xgboost, version: "3.2-0"}\n', "name: blazingtext}\n  instance_count: 2\n"),
        ("7: train.instance_count: blazingtext runs on one instance, given 2, allowed: 1"),
    ),
    "stream for an algorithm that reads files": (
        change(ALGORITHM, 'name: xgboost, version: "3.2-0"}\n', "name: ipinsights}\n  input_mode: Pipe\n"),
        ("7: train.input_mode: ipinsights reads files, given Pipe, allowed: File"),
    ),
    "hyperparameter that is a list": (
        change(FRAMEWORK, "{depth: 3}", "{depth: [3]}"),
        ("13: train.hyperparameters.depth: wrong type, given a list, allowed: text, a number, true or false"),
    ),
    "hyperparameter of the toolkit": (
        change(FRAMEWORK, "{depth: 3}", "{sagemaker_program: x}"),
        (
            "13: train.hyperparameters.sagemaker_program: malformed, given 'sagemaker_program', "
            "allowed: 1 to 256 letters, digits and _ . : / -, not beginning with sagemaker_"
        ),
    ),
    "hyperparameter too long": (
        change(FRAMEWORK, "{depth: 3}", "{depth: " + "x" * 257 + "}"),
        ("13: train.hyperparameters.depth: too long, given 257 characters, allowed: at most 256"),
    ),
    "too many hyperparameters": (
        change(FRAMEWORK, "{depth: 3}", "{" + many(91, "h#: 1") + "}"),
        ("13: train.hyperparameters: too many, given 91, allowed: at most 90"),
    ),
    "hyperparameter outside of its own range": (
        training("hyperparameter_ranges: {depth: {minimum: 4}}"),
        (
            "14: train.hyperparameters.depth: not what hyperparameter_ranges allows an execution to "
            "set, given 3, allowed: a number, at least 4"
        ),
    ),
    "range without an end": (
        training("hyperparameter_ranges: {depth: {}}"),
        (
            "12: train.hyperparameter_ranges.depth: needs minimum or maximum, or else values, "
            "allowed: one of the two kinds"
        ),
    ),
    "range with values as well": (
        training("hyperparameter_ranges: {depth: {minimum: 1, values: [3]}}"),
        (
            "12: train.hyperparameter_ranges.depth: needs minimum or maximum, or else values, "
            "allowed: one of the two kinds"
        ),
    ),
    "range the wrong way round": (
        training("hyperparameter_ranges: {depth: {minimum: 9, maximum: 4}}"),
        ("12: train.hyperparameter_ranges.depth.minimum: above the maximum, given 9, allowed: at most 4"),
    ),
    "metrics of an algorithm": (
        change(
            ALGORITHM,
            "  instance_type: ml.m5.xlarge\n",
            "  instance_type: ml.m5.xlarge\n  metric_definitions: {a: b}\n",
        ),
        ("8: train.metric_definitions: a built-in algorithm has its own, given a"),
    ),
    "header for an algorithm": (
        change(ALGORITHM, "header: false", "header: true"),
        (
            "4: data.header: xgboost reads CSV without a header, and train and validation as it is, "
            "given true, allowed: header: false, or prepare.outputs with these channels"
        ),
    ),
    "objective without a direction": (
        change(FRAMEWORK, "maximize validation:auc", "validation:auc"),
        (
            "16: tune.objective: malformed, given 'validation:auc', allowed: maximize or minimize, a "
            "space, and the name of a metric"
        ),
    ),
    "objective that nobody reports": (
        change(FRAMEWORK, "maximize validation:auc", "maximize auc"),
        (
            "16: tune.objective: is not a metric that training reports, given 'auc', allowed: one of "
            "train.metric_definitions: validation:auc"
        ),
    ),
    "objective on a channel that there is not": (
        change(ALGORITHM, "validation: data://fraud/validation/, ", ""),
        (
            "9: tune.objective: is measured on the channel validation, which there is not, given "
            "'validation:auc', allowed: data.validation, or prepare.outputs with validation"
        ),
    ),
    "strategy that does not exist": (
        change(FRAMEWORK, "  max_jobs: 10\n", "  max_jobs: 10\n  strategy: genetic\n"),
        ("18: tune.strategy: unknown value, given 'genetic', allowed: bayesian, random, hyperband, grid"),
    ),
    "hyperband that stops early twice": (
        change(
            FRAMEWORK,
            "  max_jobs: 10\n",
            "  strategy: hyperband\n  early_stopping: true\n"
            "  hyperband: {minimum_resource: 1, maximum_resource: 9}\n",
        ),
        (
            "18: tune.early_stopping: does not go with strategy: hyperband, which stops jobs itself, "
            "given true, allowed: false"
        ),
    ),
    "hyperband without resources": (
        change(FRAMEWORK, "  max_jobs: 10\n", "  strategy: hyperband\n"),
        (
            "15: tune.hyperband: is missing, allowed: minimum_resource and maximum_resource, or a "
            "hyperparameter epochs, n-epochs, n_epochs, num_epochs, numepochs"
        ),
    ),
    "hyperband of another strategy": (
        change(FRAMEWORK, "  max_jobs: 10\n", "  hyperband: {minimum_resource: 1, maximum_resource: 9}\n"),
        ("17: tune.hyperband: does not go with strategy: bayesian, allowed: strategy: hyperband"),
    ),
    "hyperband the wrong way round": (
        change(
            FRAMEWORK,
            "  max_jobs: 10\n",
            "  strategy: hyperband\n  hyperband: {minimum_resource: 9, maximum_resource: 1}\n",
        ),
        ("18: tune.hyperband.minimum_resource: above maximum_resource, given 9, allowed: at most 1"),
    ),
    "early stopping without metrics of epochs": (
        change(
            ALGORITHM,
            'name: xgboost, version: "3.2-0"}',
            "name: kmeans}\n  instance_count: 1",
            "tune:\n",
            "tune:\n  early_stopping: true\n",
        ),
        (
            "10: tune.early_stopping: kmeans does not report validation:auc every epoch, given true, "
            "allowed: false"
        ),
    ),
    "early stopping by a metric that is not reported every epoch": (
        change(
            ALGORITHM,
            'name: xgboost, version: "3.2-0"',
            "name: linear-learner",
            "tune:\n",
            "tune:\n  early_stopping: true\n",
        ),
        (
            "9: tune.early_stopping: linear-learner does not report validation:auc every epoch, given true, "
            "allowed: false, or a metric that ends in objective_loss"
        ),
    ),
    "grid of numbers": (
        change(FRAMEWORK, "  max_jobs: 10\n", "  strategy: grid\n"),
        ("18: tune.search.depth: strategy: grid tries categorical values only, allowed: categorical: [...]"),
    ),
    "grid with another number of jobs": (
        change(
            FRAMEWORK,
            "  max_jobs: 10\n  search: {depth: {integer: [2, 8]}}",
            "  max_jobs: 10\n  strategy: grid\n  search: {depth: {categorical: [2, 4, 8]}}",
        ),
        ("17: tune.max_jobs: strategy: grid tries every combination, given 10, allowed: 3, or nothing"),
    ),
    "more jobs than AWS takes": (
        change(FRAMEWORK, "max_jobs: 10", "max_jobs: 751"),
        ("17: tune.max_jobs: more than AWS takes with strategy: bayesian, given 751, allowed: at most 750"),
    ),
    "more jobs at a time than in all": (
        change(FRAMEWORK, "max_jobs: 10", "max_jobs: 1"),
        ("15: tune.max_parallel_jobs: more than there are jobs, given 2, allowed: at most max_jobs, 1"),
    ),
    "nothing to search": (
        change(FRAMEWORK, "search: {depth: {integer: [2, 8]}}", "search: {}"),
        ("18: tune.search: too many or none, given 0, allowed: 1 to 30 hyperparameters"),
    ),
    "two kinds of search": (
        change(FRAMEWORK, "{integer: [2, 8]}", "{integer: [2, 8], categorical: [1]}"),
        (
            "18: tune.search.depth: needs exactly one kind, given integer and categorical, allowed: "
            "one of integer, continuous, categorical"
        ),
    ),
    "search the wrong way round": (
        change(FRAMEWORK, "{integer: [2, 8]}", "{integer: [8, 2]}"),
        (
            "18: tune.search.depth.integer: malformed, given [8, 2], allowed: the least and the "
            "largest value, [1, 10]"
        ),
    ),
    "logarithm of nothing": (
        change(FRAMEWORK, "{integer: [2, 8]}", "{integer: [0, 8], scale: logarithmic}"),
        (
            "18: tune.search.depth.integer: does not go with scale: logarithmic, given [0, 8], "
            "allowed: a least value above 0"
        ),
    ),
    "reverse logarithm of whole numbers": (
        change(FRAMEWORK, "{integer: [2, 8]}", "{integer: [2, 8], scale: reverse_logarithmic}"),
        (
            "18: tune.search.depth.integer: does not go with scale: reverse_logarithmic, given [2, "
            "8], allowed: continuous, from 0 to below 1"
        ),
    ),
    "scale of words": (
        change(FRAMEWORK, "{integer: [2, 8]}", "{categorical: [a, b], scale: linear}"),
        ("18: tune.search.depth.scale: does not go with categorical, given linear, allowed: none"),
    ),
    "word to search twice": (
        change(FRAMEWORK, "{integer: [2, 8]}", "{categorical: [a, a]}"),
        (
            "18: tune.search.depth.categorical: too many, none or one twice, given 2, allowed: 1 to "
            "30 different values"
        ),
    ),
    "too many parents": (
        change(FRAMEWORK, "max_jobs: 10", "max_jobs: 10\n  warm_start: {parents: [a, b, c, d, e, f]}"),
        ("18: tune.warm_start.parents: too many or none, given 6, allowed: 1 to 5 tuning jobs"),
    ),
    "parent that is no tuning job": (
        change(FRAMEWORK, "max_jobs: 10", "max_jobs: 10\n  warm_start: {parents: [a_b]}"),
        (
            "18: tune.warm_start.parents.0: malformed, given 'a_b', allowed: the name of a tuning "
            "job, 1 to 32 letters, digits and hyphens"
        ),
    ),
    "variables of a tuning job": (
        training("environment: {" + many(47, "A#: x") + "}"),
        ("12: train.environment: too many variables for a tuning job, given 47, allowed: at most 46"),
    ),
    "limit that is no number": (
        change(FRAMEWORK, "auc: 0.8", "auc: high"),
        ("20: gate.at_least.auc: wrong type, given 'high', allowed: a number"),
    ),
    "fairness of an undeclared attribute": (
        change(
            FRAMEWORK,
            "gate: {",
            "gate: {fairness: {attribute: sex, metric: selection_rate, minimum_ratio: 0.8}, ",
        ),
        ("20: gate.fairness.attribute: is not the protected attribute, given 'sex', allowed: age_group"),
    ),
    "fairness above one": (
        change(
            FRAMEWORK,
            "gate: {",
            "gate: {fairness: {attribute: age_group, metric: selection_rate, minimum_ratio: 1.5}, ",
        ),
        ("20: gate.fairness.minimum_ratio: out of range, given 1.5, allowed: a number from 0 to 1"),
    ),
    "content type that is none": (
        change(FRAMEWORK, "{script: inference.py}", "{script: inference.py, content_types: [csv]}"),
        ("21: inference.content_types.0: malformed, given 'csv', allowed: a content type such as text/csv"),
    ),
    "instance type of endpoints": (
        change(
            FRAMEWORK,
            "{script: inference.py}",
            "{script: inference.py, realtime_instance_types: [ml.m5.mini]}",
        ),
        (
            "21: inference.realtime_instance_types.0: no such instance type for hosting, given "
            "'ml.m5.mini', allowed: such as ml.m8g.medium, ml.m5.large, ml.t2.medium"
        ),
    ),
    "instance types of endpoints with two kinds of processors": (
        change(
            FRAMEWORK,
            "{script: inference.py}",
            "{script: inference.py, realtime_instance_types: [ml.m5.large, ml.c7g.large]}",
        ),
        (
            "21: inference.realtime_instance_types.1: the image for ml.m5.large does not run on it, "
            "given 'ml.c7g.large', allowed: instance types with cpu"
        ),
    ),
    "variable that the platform sets": (
        change(FRAMEWORK, "{script: evaluate.py}", "{script: evaluate.py, environment: {MODEL_NAME: x}}"),
        ("19: evaluate.environment.MODEL_NAME: the platform sets it, given 'x', allowed: another name"),
    ),
    "variable that says which script answers": (
        change(
            FRAMEWORK,
            "{script: inference.py}",
            "{script: inference.py, environment: {SAGEMAKER_PROGRAM: x.py}}",
        ),
        (
            "21: inference.environment.SAGEMAKER_PROGRAM: the platform sets it, given 'x.py', "
            "allowed: another name"
        ),
    ),
    "scikit-learn that cannot answer": (
        change(FRAMEWORK, "inference: {script: inference.py}\n", ""),
        (
            "1: inference.script: is missing, scikit-learn answers with a script only, "
            "allowed: a script with model_fn"
        ),
    ),
    "script of an algorithm that runs none": (
        change(
            ALGORITHM,
            'name: xgboost, version: "3.2-0"',
            "name: linear-learner",
            "evaluate: {",
            "inference: {preprocess: inference.py}\nevaluate: {",
        ),
        (
            "11: inference.framework: is missing, what trains the model cannot run scripts, "
            "allowed: inference.framework or container"
        ),
    ),
    "no instance type for transform jobs": (
        change(FRAMEWORK, "{script: inference.py}", "{script: inference.py, transform_instance_types: []}"),
        ("21: inference.transform_instance_types: is empty, allowed: at least one"),
    ),
    "pre-processing without a model": (
        change(FRAMEWORK, "{script: inference.py}", "{preprocess: inference.py}"),
        (
            "21: inference.preprocess: does not go without script, the model's own, given "
            "'inference.py', allowed: script"
        ),
    ),
    "payloads beyond AWS's": (
        change(FRAMEWORK, "batch/}", "batch/, max_payload_mb: 20, max_concurrent_transforms: 6}"),
        (
            "22: batch.max_concurrent_transforms: max_payload_mb times max_concurrent_transforms is "
            "more than 100, given 6, allowed: at most 5 with max_payload_mb: 20"
        ),
    ),
    "payload of any size for an algorithm": (
        change(
            ALGORITHM, "evaluate: {", "batch: {data: data://fraud/batch/, max_payload_mb: 0}\nevaluate: {"
        ),
        (
            "11: batch.max_payload_mb: a built-in algorithm takes no requests of any size, given 0, "
            "allowed: 1 to 100"
        ),
    ),
    "strategy without records": (
        change(FRAMEWORK, "batch/}", "batch/, split: none, strategy: single_record}"),
        (
            "22: batch.strategy: does not go with split: none, given single_record, allowed: split: "
            "line, record_io or tf_record"
        ),
    ),
    "join of whole objects": (
        change(FRAMEWORK, "batch/}", "batch/, split: none, join: input}"),
        ("22: batch.join: does not go with split: none, given input, allowed: split: line"),
    ),
    "join of two formats": (
        change(FRAMEWORK, "batch/}", "batch/, join: input, accept: application/json}"),
        (
            "22: batch.join: does not go with content_type: text/csv and accept: application/json, "
            "given input, allowed: both one of application/json, application/jsonlines, text/csv"
        ),
    ),
    "instance type of transform jobs": (
        change(FRAMEWORK, "batch/}", "batch/, instance_type: ml.m5.mini}"),
        (
            "22: batch.instance_type: no such instance type for transform, given 'ml.m5.mini', "
            "allowed: such as ml.m5.large, ml.m5.xlarge, ml.m5.4xlarge"
        ),
    ),
    "cron of five fields": (
        change(FRAMEWORK, "batch: {", "schedule: {train: 'cron(0 3 1 * *)'}\nbatch: {"),
        (
            "22: schedule.train: 5 fields, given 'cron(0 3 1 * *)', allowed: cron(minutes hours "
            "day-of-month month day-of-week year) or rate(number minutes, hours or days)"
        ),
    ),
    "cron with two days": (
        change(FRAMEWORK, "batch: {", "schedule: {train: 'cron(0 3 1 * 2 *)'}\nbatch: {"),
        (
            "22: schedule.train: day of month and day of week cannot both be given, one of them is "
            "`?`, given 'cron(0 3 1 * 2 *)', allowed: cron(minutes hours day-of-month month "
            "day-of-week year) or rate(number minutes, hours or days)"
        ),
    ),
    "hour 24": (
        change(FRAMEWORK, "batch: {", "schedule: {train: 'cron(0 24 * * ? *)'}\nbatch: {"),
        (
            "22: schedule.train: '24' is no hours, given 'cron(0 24 * * ? *)', allowed: cron(minutes "
            "hours day-of-month month day-of-week year) or rate(number minutes, hours or days)"
        ),
    ),
    "rate in weeks": (
        change(FRAMEWORK, "batch: {", "schedule: {batch: rate(2 weeks)}\nbatch: {"),
        (
            "22: schedule.batch: malformed, given 'rate(2 weeks)', allowed: cron(minutes hours "
            "day-of-month month day-of-week year) or rate(number minutes, hours or days)"
        ),
    ),
    "rate that is not a plural": (
        change(FRAMEWORK, "batch: {", "schedule: {batch: rate(2 hour)}\nbatch: {"),
        (
            "22: schedule.batch: a rate of 2 hour, given 'rate(2 hour)', allowed: cron(minutes hours "
            "day-of-month month day-of-week year) or rate(number minutes, hours or days)"
        ),
    ),
    "schedule of a workflow that there is not": (
        change(ALGORITHM, "evaluate: {", "schedule: {batch: rate(1 day)}\nevaluate: {"),
        ("11: schedule.batch: does not go without batch, allowed: a section batch"),
    ),
    "time zone that is none": (
        change(FRAMEWORK, "batch: {", "schedule: {timezone: Mars!}\nbatch: {"),
        (
            "22: schedule.timezone: malformed, given 'Mars!', allowed: a time zone of the IANA "
            "database such as Europe/Berlin"
        ),
    ),
    "new data for a workflow that there is not": (
        change(ALGORITHM, "evaluate: {", "schedule: {new_data: batch}\nevaluate: {"),
        ("11: schedule.new_data: does not go without batch, given batch, allowed: a section batch"),
    ),
    "marker among the data of a built-in algorithm": (
        change(ALGORITHM, "evaluate: {", "schedule: {new_data: train}\nevaluate: {"),
        (
            "11: schedule.new_data: the marker lies among the training data, which a built-in algorithm "
            "would read, given train, allowed: with a section prepare"
        ),
    ),
    "new data that nobody announces": (
        change(
            FRAMEWORK,
            "train: data://credit/train/",
            "train: data://credit/train.csv",
            "batch: {",
            "schedule: {new_data: train}\nbatch: {",
        ),
        (
            "5: data.train: new data is announced by a marker, which needs a folder, given "
            "'data://credit/train.csv', allowed: a location that ends in /"
        ),
    ),
    "unknown member": (
        training("request: {ResourceConfig: {InstanceGroup: []}}"),
        (
            "12: train.request.ResourceConfig.InstanceGroup: unknown key, given 'InstanceGroup', did "
            "you mean 'InstanceGroups'?, allowed: InstanceGroups, TrainingPlanArn, "
            "InstancePlacementConfig, InstancePreferences"
        ),
    ),
    "member of the wrong type": (
        training("request: {StoppingCondition: {MaxPendingTimeInSeconds: long}}"),
        (
            "12: train.request.StoppingCondition.MaxPendingTimeInSeconds: wrong type, given 'long', "
            "allowed: a whole number"
        ),
    ),
    "member out of range": (
        training("request: {StoppingCondition: {MaxPendingTimeInSeconds: 60}}"),
        (
            "12: train.request.StoppingCondition.MaxPendingTimeInSeconds: out of range, given 60, "
            "allowed: 1800 to 2419200"
        ),
    ),
    "unknown word of the API": (
        training(
            "request: {InfraCheckConfig: {EnableInfraCheck: true}, "
            "SessionChainingConfig: {EnableSessionTagChaining: 1}}"
        ),
        (
            "12: train.request.SessionChainingConfig.EnableSessionTagChaining: wrong type, given 1, "
            "allowed: true or false"
        ),
    ),
    "member that the platform sets": (
        training("request: {VpcConfig: {Subnets: [subnet-1]}}"),
        (
            "12: train.request.VpcConfig: the platform sets it, allowed: nothing, every job runs "
            "isolated in the environment's network"
        ),
    ),
    "member that a setting sets": (
        training("request: {EnableManagedSpotTraining: true}"),
        ("12: train.request.EnableManagedSpotTraining: the platform sets it, allowed: train.spot"),
    ),
    "member missing": (
        training(
            "request:\n    ResourceConfig:\n      InstanceGroups:\n"
            "        - {InstanceGroupName: a, InstanceCount: 2}"
        ),
        (
            "15: train.request.ResourceConfig.InstanceGroups.0: InstanceType is missing, allowed: "
            "with InstanceType, InstanceCount, InstanceGroupName"
        ),
    ),
    "malformed member": (
        training("request: {InputDataConfig: [{ChannelName: a b, DataSource: {}}]}"),
        (
            "12: train.request.InputDataConfig.0.ChannelName: malformed, given 'a b', allowed: what "
            "matches [A-Za-z0-9\\.\\-_]+"
        ),
    ),
    "channel of the platform": (
        training("request: {InputDataConfig: [{ChannelName: code, DataSource: {}}]}"),
        (
            "12: train.request.InputDataConfig.0.ChannelName: the platform gives it, given 'code', "
            "allowed: another name"
        ),
    ),
    "fallbacks of spot instances": (
        training(
            "spot: true\n  request: {ResourceConfig: {InstancePreferences: [{InstanceType: ml.m5.xlarge}]}}"
        ),
        (
            "13: train.request.ResourceConfig.InstancePreferences: does not go with spot: true, "
            "allowed: spot: false"
        ),
    ),
    "groups of a warm pool": (
        training(
            "warm_pool_minutes: 5\n  request: {ResourceConfig: {InstanceGroups: "
            "[{InstanceType: ml.m5.xlarge, InstanceCount: 1, InstanceGroupName: a}]}}"
        ),
        (
            "13: train.request.ResourceConfig.InstanceGroups: does not go with warm_pool_minutes, "
            "allowed: warm_pool_minutes: 0"
        ),
    ),
    "request of a processing job": (
        change(FRAMEWORK, "{script: evaluate.py}", "{script: evaluate.py, request: {NetworkConfig: {}}}"),
        (
            "19: evaluate.request.NetworkConfig: the platform sets it, allowed: nothing, every job "
            "runs isolated in the environment's network"
        ),
    ),
    "request of a tuning job": (
        change(FRAMEWORK, "max_jobs: 10", "max_jobs: 10\n  request: {Autotune: {Mode: On}}"),
        ("18: tune.request.Autotune.Mode: unknown value, given 'On', allowed: Enabled"),
    ),
    "request of a transform job": (
        change(FRAMEWORK, "batch/}", "batch/, request: {DataProcessing: {InputFilter: '" + "$" * 64 + "'}}}"),
        (
            "22: batch.request.DataProcessing.InputFilter: out of range, given 64 characters, "
            "allowed: 0 to 63 characters"
        ),
    ),
    "request that a workflow would evaluate": (
        training("request: {ExperimentConfig: {ExperimentName: '{% $x %}'}}"),
        (
            "12: train.request.ExperimentConfig.ExperimentName: a workflow would evaluate '{%', "
            "given '{% $x %}', allowed: text without it"
        ),
    ),
}
"""Name: the model file, and its problems without the file's name, in the order of their lines."""
