"""Processing job: measures a trained model on data it has not seen; writes evaluation.json for the gate."""

import argparse
import json
import tarfile
from pathlib import Path

import joblib
import pandas as pd
from features import CATEGORICAL, LABEL, NUMERIC, PROTECTED, THRESHOLD
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, roc_auc_score

COST_OF_DEFAULT = 5.0
COST_OF_REFUSAL = 1.0
"""What a wrong decision costs, in hundreds of euros: credit that is not repaid, a good customer sent away."""


def metrics(actual: pd.Series, probability: pd.Series) -> dict[str, float]:
    """How good the probabilities are, and the decisions made by them."""
    decided = (probability >= THRESHOLD).astype(int)
    defaults = int(((decided == 1) & (actual == 0)).sum())
    refusals = int(((decided == 0) & (actual == 1)).sum())
    cost = COST_OF_DEFAULT * defaults + COST_OF_REFUSAL * refusals
    return {
        "roc_auc": float(roc_auc_score(actual, probability)),
        "accuracy": float(accuracy_score(actual, decided)),
        "f1": float(f1_score(actual, decided)),
        "cost_per_application": cost / len(actual),
    }


def groups(data: pd.DataFrame, probability: pd.Series) -> dict[str, dict[str, float]]:
    """Share of approved applications in each age group."""
    decided = probability >= THRESHOLD
    return {
        str(name): {"selection_rate": float(decided[rows.index].mean()), "count": len(rows)}
        for name, rows in data.groupby(PROTECTED)
    }


def main() -> None:
    """Compare test with training data: a large gap between them is over-fitting."""
    parser = argparse.ArgumentParser()
    for name in ("model", "test", "train", "output"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    arguments = parser.parse_args()
    with tarfile.open(arguments.model / "model.tar.gz") as artifact:
        saved = next(member for member in artifact if Path(member.name).name == "model.joblib")
        model = joblib.load(artifact.extractfile(saved))
    data = {name: pd.read_csv(getattr(arguments, name) / f"{name}.csv") for name in ("test", "train")}
    scored = {
        name: pd.Series(model.predict_proba(rows[NUMERIC + CATEGORICAL])[:, 1], index=rows.index)
        for name, rows in data.items()
    }
    test = data["test"]
    decided = (scored["test"] >= THRESHOLD).astype(int)
    report = {
        "metrics": metrics(test[LABEL], scored["test"]),
        "training_metrics": metrics(data["train"][LABEL], scored["train"]),
        "confusion_matrix": {
            "labels": ["refused", "approved"],
            "counts": confusion_matrix(test[LABEL], decided).tolist(),
        },
        "groups": {PROTECTED: groups(test, scored["test"])},
    }
    arguments.output.mkdir(parents=True, exist_ok=True)
    (arguments.output / "evaluation.json").write_text(json.dumps(report, indent=2), encoding="utf-8")
    print(json.dumps(report["metrics"]))


if __name__ == "__main__":
    main()
