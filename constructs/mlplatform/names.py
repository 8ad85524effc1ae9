"""Every physical name and every computed ARN of one environment, built in one place.

Names are grants: AWS managed policies grant access to whatever carries the words below, so no name
built here may contain them (docs/decisions/0003-names.md).
"""

import base64
import hashlib
import re
from dataclasses import dataclass

FORBIDDEN_WORDS = ("sagemaker", "aws-glue", "labelingfunction")
"""Substrings (case-insensitive) that AmazonSageMakerFullAccess and its siblings grant access to."""

MAX_PREFIX, MAX_ENVIRONMENT, MAX_MODEL = 6, 8, 32
"""Lengths, in characters, that keep the longest name of each kind within AWS's limits."""

LIMITS = {
    "alarm": 255,
    "alias": 256,
    "bedrock": 63,
    "bucket": 63,
    "dashboard": 255,
    "endpoint": 63,
    "function": 64,
    "hub_content": 63,
    "model": 63,
    "policy": 128,
    "repository": 256,
    "role": 64,
    "stack": 128,
    "studio": 63,
    "workflow": 80,
}
"""Longest name AWS accepts per kind, in characters (S3 naming rules; the API shapes of IAM, Lambda,
CloudFormation, CloudWatch, SageMaker, Bedrock, ECR and Step Functions)."""

REWARD_FUNCTION = "SageMaker-evaluator-"
"""What the name of a reward function must begin with: AWS's policies let customization jobs call these."""

MAX_REWARD_FUNCTION = 63
"""Characters of a reward function's name: one less than Lambda takes, as the SageMaker SDK keeps to."""

RUN_ID = 16
"""Characters that tell the runs of a workflow apart, at the end of the names of jobs and models."""


def forbidden_word(name: str) -> str | None:
    """Return the first forbidden word in ``name``, whatever its case, or None."""
    return next((word for word in FORBIDDEN_WORDS if word in name.lower()), None)


def _checked(name: str, kind: str) -> str:
    """Return ``name``, or raise ValueError if it is none for a resource of ``kind``."""
    if len(name) > LIMITS[kind]:
        raise ValueError(f"{kind} name {name!r} has {len(name)} characters, allowed: {LIMITS[kind]}")
    if word := forbidden_word(name):
        raise ValueError(f"{kind} name {name!r} contains {word!r}: AWS managed policies grant access to it")
    return name


def _plain(words: str) -> str:
    """``words`` with single hyphens between letters and digits, which every service takes."""
    return re.sub("[_-]+", "-", words)


def _shortened(words: str, room: int) -> str:
    """``words`` if it has at most ``room`` characters, or its beginning and 6 of a hash of it all."""
    if len(words) <= room:
        return words
    digest = base64.b32encode(hashlib.sha256(words.encode()).digest()).decode().lower()[:6]
    return f"{words[: room - 7].rstrip('_-')}-{digest}"


class Located:
    """Whatever lies in one partition, region and account."""

    partition: str
    region: str
    account: str

    def arn(
        self, service: str, resource: str, *, region: str | None = None, account: str | None = None
    ) -> str:
        """An ARN in this partition; ``region`` and ``account`` default to its own."""
        where = self.region if region is None else region
        who = self.account if account is None else account
        return f"arn:{self.partition}:{service}:{where}:{who}:{resource}"


@dataclass(frozen=True)
class Names(Located):
    """Names and ARNs of one environment in one account and region, with the IAM path its own ones lie below.

    ``prefix`` is 1 to 6 and ``environment`` 1 to 8 characters of ``a-z0-9-``; ``partition`` is ``aws``,
    ``aws-cn``, ``aws-us-gov``, ...
    """

    prefix: str
    environment: str
    partition: str
    region: str
    account: str
    iam_path: str = "/"

    def name(self, thing: str, *, kind: str = "role") -> str:
        """Return ``<prefix>-<environment>-<thing>``.

        Raises ValueError for a name longer than AWS allows for ``kind`` or one with a forbidden word.
        """
        suffix = f"-{self.account}-{self.region}" if kind == "bucket" else ""
        return _checked(f"{self.prefix}-{self.environment}-{thing}{suffix}", kind)

    def stack(self, thing: str) -> str:
        """Name of a CloudFormation stack, e.g. ``acme-dev-network``."""
        return self.name(thing.lower(), kind="stack")

    def bucket(self, thing: str) -> str:
        """Globally unique bucket name: it ends in account and region."""
        return self.name(thing, kind="bucket")

    def endpoint(self, model: str) -> str:
        """Name of the endpoint of ``model``, e.g. ``acme-dev-credit-approval``."""
        return self.name(model, kind="endpoint")

    def alarm(self, model: str, thing: str) -> str:
        """Name of an alarm of ``model``, e.g. ``acme-dev/credit-approval/p99-latency``.

        ``thing`` may have parts separated by ``/`` and, for use in ``Fn::Sub``, placeholders.
        """
        return _checked(f"{self.prefix}-{self.environment}/{model}/{thing}", "alarm")

    def tuning(self, model: str) -> str:
        """What the names of a model's tuning jobs begin with, e.g. ``acme-dev-mz3q5a``.

        A tuning job's name has 32 characters at most, so 6 of a hash of the model's stand for it.
        """
        digest = hashlib.sha256(model.encode()).digest()
        return self.name(base64.b32encode(digest).decode().lower()[:6], kind="model")

    def bedrock(self, model: str) -> str:
        """What the names of a model's jobs, models and deployments in Bedrock begin with.

        It leaves room for a hyphen and ``RUN_ID`` characters; the longest names end in 6 of a hash.
        """
        start = _plain(f"{self.prefix}-{self.environment}-{model}")
        return _checked(_shortened(start, LIMITS["bedrock"] - RUN_ID - 1), "bedrock")

    def hub_content(self, model: str, thing: str) -> str:
        """Name of a data set or an evaluator in the AI Registry, e.g. ``acme-dev-churn-sft-train``.

        The longest names end in 6 characters of a hash.
        """
        words = _plain(f"{self.prefix}-{self.environment}-{model}-{thing}")
        return _checked(_shortened(words, LIMITS["hub_content"]), "hub_content")

    def reward_function(self, model: str, name: str) -> str:
        """Name of a reward function, e.g. ``SageMaker-evaluator-acme-dev-churn-exact_match``.

        AWS dictates how it begins, so it is a name with a forbidden word; the longest end in 6 of a hash.
        """
        words = f"{self.prefix}-{self.environment}-{model}-{name}"
        return f"{REWARD_FUNCTION}{_shortened(words, MAX_REWARD_FUNCTION - len(REWARD_FUNCTION))}"

    @property
    def sdk_bucket(self) -> str:
        """The bucket the SageMaker SDK uses unless told otherwise, one per account and region.

        The SDK computes it, so it is the one name with a forbidden word.
        """
        return f"sagemaker-{self.region}-{self.account}"

    @property
    def sdk_bucket_arn(self) -> str:
        """ARN of ``sdk_bucket``."""
        return self.arn("s3", self.sdk_bucket, region="", account="")

    def package_group_arn(self, model: str) -> str:
        """ARN of the package group of ``model``; ``*`` for those of every model."""
        return self.arn("sagemaker", f"model-package-group/{self.name(model, kind='model')}")

    def package_arns(self, model: str) -> str:
        """ARN pattern of the versions in that group."""
        return self.arn("sagemaker", f"model-package/{self.name(model, kind='model')}/*")

    def repository_arn(self, model: str) -> str:
        """ARN of the image repository of ``model``; ``*`` for those of every model."""
        return self.arn("ecr", f"repository/{self.name(model, kind='repository')}")

    def export(self, stack: str, thing: str) -> str:
        """Name of a CloudFormation export, e.g. ``acme-dev-network:VpcId``; unique per account and region."""
        return f"{self.stack(stack)}:{thing}"

    def log_group(self, thing: str) -> str:
        """Name of a log group, e.g. ``/acme/dev/network/flow-logs``."""
        return f"/{self.prefix}/{self.environment}/{thing}"

    def endpoint_logs(self, model: str) -> str:
        """Name of the log group of the endpoint of ``model``, which SageMaker dictates; ``*`` for all."""
        return f"/aws/sagemaker/Endpoints/{self.endpoint(model)}"

    def component_logs(self, model: str) -> str:
        """Name of the log group of the inference component of ``model``, which SageMaker dictates."""
        return f"/aws/sagemaker/InferenceComponents/{self.endpoint(model)}"

    def role_path(self, kind: str) -> str:
        """IAM path of a kind of role (``job``, ``workflow``, ``function``, ``persona``, ...)."""
        return f"{self.iam_path}{self.prefix}/{self.environment}/{kind}/"

    def role_arn(self, kind: str, thing: str) -> str:
        """ARN of the role ``name(thing)`` on the path of ``kind``."""
        return self.arn("iam", f"role{self.role_path(kind)}{self.name(thing)}", region="")

    def role_arns(self, kind: str) -> str:
        """ARN pattern of every role of one kind; ``*`` for all roles of the platform."""
        path = f"{self.iam_path}{self.prefix}/{self.environment}/" if kind == "*" else self.role_path(kind)
        return self.arn("iam", f"role{path}*", region="")

    def bucket_arn(self, thing: str) -> str:
        """ARN of the bucket ``bucket(thing)``."""
        return self.arn("s3", self.bucket(thing), region="", account="")
