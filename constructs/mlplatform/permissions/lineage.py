"""Recording the lineage of versions: what they were made of, and what became of them."""

from mlplatform.permissions.grant import Grant
from mlplatform.permissions.places import sagemaker_arns
from mlplatform.policy import within
from mlplatform.settings import Environment


def record_lineage(settings: Environment, *, actions: str, why: str) -> list[Grant]:
    """Connecting things with ``actions``, a name pattern, and finding what is connected.

    It is looked up before it is made, so that it is made once.
    """
    verbs = ("AddAssociation", "CreateAction", "CreateArtifact", "DescribeAction")
    return [
        Grant(
            "RecordLineage",
            tuple(f"sagemaker:{verb}" for verb in verbs),
            sagemaker_arns(settings, f"action/{actions}", "artifact/*"),
            why,
        ),
        Grant(
            "FindLineage",
            ("sagemaker:ListArtifacts", "sagemaker:ListAssociations"),
            ("*",),
            "lists are of no resource in particular",
            within(settings.region),
        ),
    ]
