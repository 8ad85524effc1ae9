"""Serving: applications in, decisions out, by the functions SageMaker's scikit-learn container calls."""

import io
import json
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
from features import CATEGORICAL, NUMERIC, REQUEST, THRESHOLD, engineered


def model_fn(model_dir: str) -> Any:
    """Load what train.py saved."""
    return joblib.load(Path(model_dir, "model.joblib"))


def input_fn(body: str | bytes, content_type: str) -> pd.DataFrame:
    """Applications as CSV (columns of ``features.REQUEST``, no header line) or as JSON objects.

    Raises ValueError, which the caller of the endpoint sees, for another format or missing columns.
    """
    text = body.decode() if isinstance(body, bytes) else body
    if content_type == "text/csv":
        applications = pd.read_csv(io.StringIO(text), header=None)
        if len(applications.columns) != len(REQUEST):
            raise ValueError(
                f"{len(applications.columns)} columns, expected {len(REQUEST)}: {', '.join(REQUEST)}"
            )
        applications.columns = pd.Index(REQUEST)
    elif content_type == "application/json":
        applications = pd.DataFrame(json.loads(text)["instances"])
        if missing := [name for name in REQUEST if name not in applications]:
            raise ValueError(f"instances lack {', '.join(missing)}")
    else:
        raise ValueError(f"content type {content_type}, expected text/csv or application/json")
    return engineered(applications)


def predict_fn(applications: pd.DataFrame, model: Any) -> np.ndarray:
    """Probability that each applicant repays, 0 to 1."""
    return np.asarray(model.predict_proba(applications[NUMERIC + CATEGORICAL])[:, 1])


def output_fn(probabilities: np.ndarray, accept: str) -> tuple[str, str]:
    """One line ``probability,decision`` per application, or the same as JSON."""
    decisions = ["approve" if probability >= THRESHOLD else "refuse" for probability in probabilities]
    pairs = list(zip(probabilities.round(4).tolist(), decisions, strict=True))
    if accept == "application/json":
        predictions = [{"probability": probability, "decision": decision} for probability, decision in pairs]
        return json.dumps({"predictions": predictions}), accept
    return "".join(f"{probability},{decision}\n" for probability, decision in pairs), "text/csv"
