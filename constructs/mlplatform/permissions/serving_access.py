"""Who may send requests to a model's endpoint: a role that the consumers the model names take on.

An endpoint has no policy of its own (SageMaker guide, "How Amazon SageMaker AI works with IAM"), so callers
of another account come by a role of this one, and those of this account by the same.
"""

from typing import Any

from mlplatform.bucket_policies import account_principals
from mlplatform.permissions.grant import Grant
from mlplatform.permissions.update_roles import answering
from mlplatform.policy import document
from mlplatform.serving.parts import Served, outcome_metrics, served
from mlplatform.settings import Environment
from mlplatform.settings.products import ModelProduct

KIND = "consumer"
"""Kind of the roles that only send requests."""

_INVOKE = {
    "realtime": ("sagemaker:InvokeEndpoint", "sagemaker:InvokeEndpointWithResponseStream"),
    "serverless": ("sagemaker:InvokeEndpoint",),
    "async": ("sagemaker:InvokeEndpointAsync",),
    "inference_components": ("sagemaker:InvokeEndpoint", "sagemaker:InvokeEndpointWithResponseStream"),
}
"""What an endpoint of each mode answers to (SageMaker Runtime API reference)."""


def consumer_role(product: ModelProduct) -> str:
    """The end of the name of the role with which a model's consumers call it."""
    return f"{product.name}-consumer"


def model_consumer(product: ModelProduct, settings: Environment) -> list[Grant]:
    """The policy of that role: requests to this endpoint, and with an A/B test what became of the answers;
    empty without consumers."""
    serving = product.serving
    if serving is None or not serving.consumers:
        return []
    what = served(product, settings)
    invoke = Grant("Invoke", _INVOKE[serving.mode], answering(what), f"consumers of {product.name} call it")
    compared = serving.ab_test is not None and serving.ab_test.metrics
    return [invoke, *([_outcomes(what)] if compared else [])]


def _outcomes(what: Served) -> Grant:
    """What became of the answers, by variant: an A/B test decides by it."""
    return Grant(
        "PutOutcomes",
        ("cloudwatch:PutMetricData",),
        ("*",),
        f"consumers of {what.product.name} say what became of its answers; metrics are of no resource in "
        "particular, the condition names whose",
        {"StringEquals": {"cloudwatch:namespace": outcome_metrics(what)}},
    )


def consumer_trust(product: ModelProduct, settings: Environment) -> dict[str, Any]:
    """Trust policy of that role: exactly the roles the model names.

    The principal is their account, as a policy that names a role breaks when that is recreated. An external
    id would add nothing: it tells apart the customers of one who acts for many, and these act for themselves.
    """
    assert product.serving is not None
    arns = product.serving.consumers
    return document(
        {
            "Sid": "Consumers",
            "Effect": "Allow",
            "Principal": account_principals(arns, settings),
            "Action": "sts:AssumeRole",
            "Condition": {"ArnEquals": {"aws:PrincipalArn": arns}},
        }
    )
