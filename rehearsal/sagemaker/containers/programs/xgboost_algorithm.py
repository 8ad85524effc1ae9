"""SageMaker's built-in XGBoost algorithm: data, hyperparameters, log lines and model file of its contract.

Run by path inside a container's folder, so it imports nothing of the rehearsal. Sources: SageMaker
developer guide, "XGBoost algorithm"; aws/sagemaker-xgboost-container, ``algorithm_mode``.
"""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import xgboost as xgb
from sklearn import metrics as scores

INPUT, MODEL = Path(os.environ["SM_INPUT_DIR"]), Path(os.environ["SM_MODEL_DIR"])
CHECKPOINTS = Path(os.environ["SM_CHECKPOINT_DIR"])
OWN = {"num_round", "csv_weights", "early_stopping_rounds", "eval_metric", "save_model_on_termination"}
"""Hyperparameters of the container rather than of the library."""
# fmt: off
LIBRARY = {
    "aft_loss_distribution", "aft_loss_distribution_scale", "alpha", "base_score", "booster",
    "colsample_bylevel", "colsample_bynode", "colsample_bytree", "deterministic_histogram", "eta",
    "gamma", "grow_policy", "huber_slope", "interaction_constraints", "lambda", "lambda_bias", "max_bin",
    "max_cached_hist_node", "max_delta_step", "max_depth", "max_leaves", "min_child_weight",
    "monotone_constraints", "normalize_type", "nthread", "num_class", "num_parallel_tree", "objective",
    "one_drop", "process_type", "rate_drop", "refresh_leaf", "sample_type", "sampling_method",
    "scale_pos_weight", "seed", "sketch_eps", "skip_drop", "subsample", "tree_method",
    "tweedie_variance_power", "updater", "verbosity",
}
# fmt: on


class UserError(Exception):
    """What the owner of the job can mend; becomes the job's failure reason."""


def _labels(predicted: np.ndarray) -> np.ndarray:
    return np.asarray(predicted.argmax(axis=1) if predicted.ndim > 1 else np.rint(predicted))


def _classes(score: Callable[..., float], **options: Any) -> Callable[[np.ndarray, np.ndarray], float]:
    return lambda truth, predicted: float(score(truth, _labels(predicted), **options))


def _values(score: Callable[..., float]) -> Callable[[np.ndarray, np.ndarray], float]:
    return lambda truth, predicted: float(score(truth, predicted))


CONTAINER_METRICS = {
    "accuracy": _classes(scores.accuracy_score),
    "balanced_accuracy": _classes(scores.balanced_accuracy_score),
    "f1": _classes(scores.f1_score, average="macro"),
    "f1_binary": _classes(scores.f1_score, average="binary"),
    "f1_macro": _classes(scores.f1_score, average="macro"),
    "precision": _classes(scores.precision_score, average="binary", zero_division=0),
    "precision_macro": _classes(scores.precision_score, average="macro", zero_division=0),
    "precision_micro": _classes(scores.precision_score, average="micro", zero_division=0),
    "recall": _classes(scores.recall_score, average="binary", zero_division=0),
    "recall_macro": _classes(scores.recall_score, average="macro", zero_division=0),
    "recall_micro": _classes(scores.recall_score, average="micro", zero_division=0),
    "mse": _values(scores.mean_squared_error),
    "r2": _values(scores.r2_score),
}
"""Metrics that the container adds to the library's own."""


def configuration(name: str) -> Any:
    """One of SageMaker's configuration files."""
    return json.loads((INPUT / "config" / f"{name}.json").read_text())


def hyperparameters() -> dict[str, str]:
    """The job's hyperparameters; UserError for a missing, unknown or unusable one."""
    given: dict[str, str] = configuration("hyperparameters")
    if "num_round" not in given:
        raise UserError("Missing required hyperparameter: num_round")
    if not given["num_round"].isdigit() or int(given["num_round"]) < 1:
        raise UserError(
            f"Hyperparameter num_round: could not parse value {given['num_round']!r}, need 1 or more"
        )
    unknown = sorted(set(given) - OWN - LIBRARY - {"_tuning_objective_metric"})
    if unknown:
        raise UserError(f"Extraneous hyperparameter found: {', '.join(unknown)}")
    if given.get("objective", "").startswith("multi:") and "num_class" not in given:
        raise UserError("Require input for parameter 'num_class' for multi-classification")
    return given


def content_type(channel: str) -> str:
    """``csv``, ``libsvm`` or ``parquet``; libsvm is the algorithm's default."""
    stated = str(configuration("inputdataconfig")[channel].get("ContentType", "libsvm")).lower()
    for kind in ("csv", "libsvm", "parquet"):
        if kind in stated:
            return kind
    raise UserError(
        f"Content type {stated} is not supported; use text/csv, text/libsvm or application/x-parquet"
    )


def matrix(channel: str, weights: bool) -> xgb.DMatrix | None:
    """Every file of a channel as one matrix, label first. None for a channel that was not given."""
    if channel not in configuration("inputdataconfig"):
        return None
    files = [path for path in sorted((INPUT / "data" / channel).rglob("*")) if path.is_file()]
    if not files:
        raise UserError(f"No data in channel {channel}")
    kind = content_type(channel)
    if kind == "libsvm":
        return _sparse(files)
    table = np.vstack([_read(path, kind) for path in files])
    if weights:
        return xgb.DMatrix(table[:, 2:], label=table[:, 0], weight=table[:, 1])
    return xgb.DMatrix(table[:, 1:], label=table[:, 0])


def _read(path: Path, kind: str) -> np.ndarray:
    if kind == "parquet":
        import pandas as pd

        return np.asarray(pd.read_parquet(path), dtype=float)
    try:
        rows = np.genfromtxt(path, delimiter=",", dtype=float, ndmin=2)
    except ValueError as error:
        raise UserError(f"Failed to load csv data {path.name}: {error}") from error
    if np.isnan(rows[:, 0]).any():
        raise UserError(
            f"{path.name}: the first column is the label and must be a number; no header is allowed"
        )
    return rows


def _sparse(files: list[Path]) -> xgb.DMatrix:
    from sklearn.datasets import load_svmlight_files

    loaded = load_svmlight_files([str(path) for path in files])
    from scipy.sparse import vstack

    return xgb.DMatrix(vstack(loaded[0::2]), label=np.concatenate(loaded[1::2]))


class Report(xgb.callback.TrainingCallback):
    """The container's line per round, which SageMaker reads its predefined metrics from; and checkpoints."""

    def __init__(self, done: int) -> None:
        self._done = done

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        """Report one round; never ends the training."""
        epoch += self._done
        parts = [
            f"{data}-{metric}:{values[-1]:.5f}"
            for data, found in evals_log.items()
            for metric, values in found.items()
        ]
        print("\t".join([f"[{epoch}]", *parts]), flush=True)
        if CHECKPOINTS.is_dir():
            self._checkpoint(model, epoch)
        return False

    def _checkpoint(self, model: Any, epoch: int) -> None:
        """The container keeps the five latest (``checkpointing.py``)."""
        draft = CHECKPOINTS / f".{epoch}"
        draft.write_bytes(model.save_raw("ubj"))
        draft.rename(CHECKPOINTS / f"xgboost-checkpoint.{epoch}")
        (CHECKPOINTS / f"xgboost-checkpoint.{epoch - 5}").unlink(missing_ok=True)


def checkpoint() -> tuple[xgb.Booster | None, int]:
    """The latest checkpoint and the number of rounds it has, or None and 0."""
    found = {int(path.suffix[1:]): path for path in CHECKPOINTS.glob("xgboost-checkpoint.*")}
    if not found:
        return None, 0
    latest = max(found)
    print(f"Checkpoint found for round {latest}; resuming", flush=True)
    return xgb.Booster(model_file=bytearray(found[latest].read_bytes())), latest + 1


def evaluation(given: dict[str, str]) -> tuple[list[str], Callable[[np.ndarray, xgb.DMatrix], Any] | None]:
    """The library's metrics to report, and the container's as one function."""
    wanted = [name.strip() for name in given.get("eval_metric", "").split(",") if name.strip()]
    if "_tuning_objective_metric" in given:
        wanted.append(given["_tuning_objective_metric"].split(":", 1)[-1])
    wanted = list(dict.fromkeys(wanted))
    own = [name for name in wanted if name in CONTAINER_METRICS]

    def score(predicted: np.ndarray, data: xgb.DMatrix) -> list[tuple[str, float]]:
        return [(name, CONTAINER_METRICS[name](data.get_label(), predicted)) for name in own]

    return [name for name in wanted if name not in own], score if own else None


def early_stopping(given: dict[str, str], names: list[str]) -> list[xgb.callback.EarlyStopping]:
    """As the container does: on the last metric asked for, and only where there is validation data."""
    rounds = given.get("early_stopping_rounds")
    if not rounds or "validation" not in configuration("inputdataconfig"):
        return []
    return [
        xgb.callback.EarlyStopping(
            rounds=int(rounds),
            data_name="validation",
            metric_name=names[-1] if names else None,
            save_best=True,
        )
    ]


def train() -> None:
    """Train as the job asks and write ``xgboost-model``."""
    given = hyperparameters()
    weights = given.get("csv_weights") == "1"
    data = {name: matrix(name, weights) for name in ("train", "validation")}
    if data["train"] is None:
        raise UserError("Missing required channel: train")
    names, score = evaluation(given)
    parameters: dict[str, Any] = {key: value for key, value in given.items() if key in LIBRARY}
    parameters |= {"eval_metric": names} if names else {}
    parameters |= {"disable_default_eval_metric": 1} if score and not names else {}
    booster, done = checkpoint()
    trained = xgb.train(
        parameters,
        data["train"],
        num_boost_round=max(int(given["num_round"]) - done, 0),
        evals=[(matrix, name) for name, matrix in data.items() if matrix is not None],
        custom_metric=score,
        xgb_model=booster,
        verbose_eval=False,
        callbacks=[Report(done), *early_stopping(given, names)],
    )
    (MODEL / "xgboost-model").write_bytes(trained.save_raw("ubj"))


def main() -> int:
    """Exit code 1 and a failure file for what the owner can mend."""
    try:
        train()
    except (UserError, ValueError, xgb.core.XGBoostError) as error:
        (MODEL.parent / "output" / "failure").write_text(f"{type(error).__name__}: {error}"[:1024])
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
