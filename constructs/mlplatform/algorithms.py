"""What SageMaker's built-in algorithms can and cannot do.

Sources, all of the SageMaker developer guide: "Parameters for Built-in Algorithms" (input modes, several
instances), "Managed Spot Training" (checkpoints), "Stop Training Jobs Early" (metrics per epoch).
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Algorithm:
    """One algorithm: whether it streams, runs on several instances, checkpoints, reports every epoch.

    ``epoch_metric`` is the end of the only metric that it reports every epoch. ``csv`` says that it reads
    CSV without a header, the label first; ``processors`` are those it trains on.
    """

    pipe: bool = True
    several_instances: bool = True
    checkpoints: bool = False
    epochs: bool = False
    epoch_metric: str = ""
    csv: bool = False
    processors: tuple[str, ...] = ("cpu", "gpu")


ALGORITHMS = {
    "blazingtext": Algorithm(several_instances=False),
    "factorization-machines": Algorithm(),
    "forecasting-deepar": Algorithm(pipe=False),
    "image-classification": Algorithm(checkpoints=True, epochs=True, processors=("gpu",)),
    "ipinsights": Algorithm(pipe=False, epochs=True, csv=True),
    "kmeans": Algorithm(csv=True),
    "knn": Algorithm(csv=True),
    "lda": Algorithm(several_instances=False, csv=True, processors=("cpu",)),
    "linear-learner": Algorithm(epochs=True, epoch_metric="objective_loss", csv=True),
    "ntm": Algorithm(csv=True),
    "object-detection": Algorithm(checkpoints=True, epochs=True, processors=("gpu",)),
    "object2vec": Algorithm(pipe=False, several_instances=False),
    "pca": Algorithm(csv=True),
    "randomcutforest": Algorithm(csv=True, processors=("cpu",)),
    "semantic-segmentation": Algorithm(several_instances=False, checkpoints=True, processors=("gpu",)),
    "seq2seq": Algorithm(pipe=False, several_instances=False, epochs=True, processors=("gpu",)),
    "xgboost": Algorithm(checkpoints=True, epochs=True, csv=True),
}
"""By the name of the image's repository."""

JUMPSTART_ONLY = ("autogluon-tabular", "catboost", "lightgbm", "tabtransformer")
"""Algorithms without an image of their own: JumpStart gives an image, a script and a model to start from."""

MAX_WAIT_WITHOUT_CHECKPOINTS = 60
"""Minutes that a spot job of an algorithm without checkpoints may take and wait ("Managed Spot Training")."""
