"""Training job: fits gradient boosting to the prepared applications.

Follows SageMaker's contract for script mode: hyperparameters are command-line arguments, the data lies in
SM_CHANNEL_TRAIN and SM_CHANNEL_TEST, the model goes to SM_MODEL_DIR with the code that serves it in code/.
"""

import argparse
import os
import shutil
from pathlib import Path

import joblib
import pandas as pd
from features import CATEGORICAL, LABEL, NUMERIC
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OrdinalEncoder

SERVING = ("inference.py", "features.py")


def model_of(arguments: argparse.Namespace) -> Pipeline:
    """The untrained model; missing numbers are left to gradient boosting, which handles them."""
    unknown = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    columns = ColumnTransformer([("numeric", "passthrough", NUMERIC), ("categorical", unknown, CATEGORICAL)])
    boosting = HistGradientBoostingClassifier(
        max_iter=arguments.n_estimators,
        learning_rate=arguments.learning_rate,
        max_leaf_nodes=arguments.max_leaf_nodes,
        l2_regularization=arguments.l2_regularization,
        random_state=arguments.seed,
    )
    return make_pipeline(columns, boosting)


def main() -> None:
    """Train, print the metrics that the training job reports, and save."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--n_estimators", type=int, default=100)
    parser.add_argument("--learning_rate", type=float, default=0.1)
    parser.add_argument("--max_leaf_nodes", type=int, default=15)
    parser.add_argument("--l2_regularization", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=7)
    model = model_of(parser.parse_args())
    train = pd.read_csv(Path(os.environ["SM_CHANNEL_TRAIN"], "train.csv"))
    test = pd.read_csv(Path(os.environ["SM_CHANNEL_TEST"], "test.csv"))
    model.fit(train[NUMERIC + CATEGORICAL], train[LABEL])
    for name, data in (("train", train), ("test", test)):
        probability = model.predict_proba(data[NUMERIC + CATEGORICAL])[:, 1]
        print(f"{name}:roc_auc={roc_auc_score(data[LABEL], probability):.6f};")
    folder = Path(os.environ["SM_MODEL_DIR"])
    joblib.dump(model, folder / "model.joblib")
    (folder / "code").mkdir(exist_ok=True)
    for script in SERVING:
        shutil.copy(Path(__file__).with_name(script), folder / "code" / script)


if __name__ == "__main__":
    main()
