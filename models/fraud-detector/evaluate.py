"""Processing job: measures what built-in XGBoost has trained, and writes evaluation.json for the gate."""

import argparse
import json
import tarfile
from pathlib import Path

import pandas as pd
import xgboost
from sklearn.metrics import average_precision_score, confusion_matrix, f1_score, roc_auc_score

THRESHOLD = 0.5


def read(folder: Path) -> pd.DataFrame:
    """Every CSV file of a channel; the first column is the label."""
    return pd.concat([pd.read_csv(path, header=None) for path in sorted(folder.rglob("*.csv"))])


def metrics(actual: pd.Series, probability: pd.Series, amount: pd.Series) -> dict[str, float]:
    """How good the probabilities are; ``amount`` says how much money passes through undetected."""
    found = probability >= THRESHOLD
    missed = amount[(actual == 1) & ~found].sum()
    return {
        "roc_auc": float(roc_auc_score(actual, probability)),
        "average_precision": float(average_precision_score(actual, probability)),
        "f1": float(f1_score(actual, found)),
        "missed_amount_share": float(missed / amount[actual == 1].sum()),
    }


def main() -> None:
    """Compare test with training data: a large gap between them is over-fitting."""
    parser = argparse.ArgumentParser()
    for name in ("model", "test", "train", "output"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    arguments = parser.parse_args()
    booster = xgboost.Booster()
    with tarfile.open(arguments.model / "model.tar.gz") as artifact:
        saved = next(member for member in artifact if Path(member.name).name == "xgboost-model")
        booster.load_model(bytearray(artifact.extractfile(saved).read()))
    report: dict[str, object] = {}
    for key, channel in (("metrics", arguments.test), ("training_metrics", arguments.train)):
        data = read(channel).reset_index(drop=True)
        probability = pd.Series(booster.predict(xgboost.DMatrix(data.iloc[:, 1:].to_numpy())))
        report[key] = metrics(data[0], probability, data[1])
        if key == "metrics":
            counts = confusion_matrix(data[0], probability >= THRESHOLD).tolist()
            report["confusion_matrix"] = {"labels": ["genuine", "fraud"], "counts": counts}
    arguments.output.mkdir(parents=True, exist_ok=True)
    (arguments.output / "evaluation.json").write_text(json.dumps(report, indent=2), encoding="utf-8")
    print(json.dumps(report["metrics"]))


if __name__ == "__main__":
    main()
