"""What environments of other accounts may do with this one's model registry, and how they get there.

A consumer needs four Allows on the registry's side: of the package group, the artifacts bucket, its key and
the image repository. All four are made here, from the same list of consumers. They name the consumer's
account and narrow it to the path of its roles: a policy that names a role is refused while the role is
missing. What a consumer's role may do is then up to its own policies.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mlplatform.names import Names
from mlplatform.policy import (
    PULL_IMAGES,
    READ_OBJECTS,
    Conditions,
    Statement,
    allow,
    deny,
    document,
    one_or_many,
)
from mlplatform.settings import Environment
from mlplatform.version_notes import nothing_noted, noting

MODELS = "models/"
"""Where in the artifacts bucket models and their evaluation reports lie; consumers read nothing else."""

FROM_ANYWHERE = ("persona", "workflow", "function")
"""Kinds of consumers' roles that run outside their VPC, as in the table of the registry's own roles.

So does what runs serverless endpoints: the roles of those models are free as well."""

READ_GROUPS = ("sagemaker:DescribeModelPackageGroup",)
READ_PACKAGES = ("sagemaker:DescribeModelPackage", "sagemaker:ListModelPackages")
USE_PACKAGES = (*READ_PACKAGES, "sagemaker:CreateModel")
UPDATE = ("sagemaker:UpdateModelPackage",)


def outside_network(settings: Environment) -> Conditions:
    """The request came through no VPC endpoint of the caller's account (of the organization, if declared).

    For a Deny where no endpoint's id is known: only another account or a later deployment knows it.
    ``aws:VpceAccount`` and ``aws:VpceOrgID`` were announced for the ``aws`` partition; elsewhere any endpoint
    will do.
    """
    if settings.place.partition != "aws":
        return {"Null": {"aws:SourceVpce": "true"}}
    if settings.organization_id:
        return {"StringNotEqualsIfExists": {"aws:VpceOrgID": settings.organization_id}}
    return {"StringNotEqualsIfExists": {"aws:VpceAccount": "${aws:PrincipalAccount}"}}


@dataclass(frozen=True)
class RegistryAccess:
    """The registry's side: what its policies say about ``consumers``; nothing if there are none."""

    settings: Environment

    @property
    def consumers(self) -> tuple[Names, ...]:
        """The environments that use this one's registry."""
        return self.settings.neighbours.consumers

    @property
    def roles(self) -> list[str]:
        """ARN patterns of every role of every consumer."""
        return self._roles("*")

    def group_policy(self, product: str) -> dict[str, Any] | None:
        """Policy of a product's package group: read and deploy its versions; approvers also decide on them,
        and the function that releases the product notes on them where they serve.

        Nobody of another account registers, deletes or shares versions.
        """
        if not self.consumers:
            return None
        names = self.settings.names
        packages = [names.package_arns(product)]
        decided: Conditions = {
            "StringEquals": {"sagemaker:ModelApprovalStatus": ["Approved", "Rejected"]},
            "Null": nothing_noted(self.settings),
        }
        groups = [names.package_group_arn(product)]
        return document(
            self._allow("ConsumersReadGroup", READ_GROUPS, groups, self.roles),
            self._allow("ConsumersUseVersions", USE_PACKAGES, packages, self.roles),
            self._allow("ConsumersApprove", UPDATE, packages, self._approvers, decided),
            *(
                self._allow(
                    f"ConsumersNote{number if number > 1 else ''}",
                    UPDATE,
                    packages,
                    [consumer.role_arn("function", f"{product}-release")],
                    noting(consumer, self.settings, product),
                )
                for number, consumer in enumerate(self.consumers, 1)
            ),
        )

    def repository_policy(self) -> dict[str, Any] | None:
        """Policy of an image repository: consumers pull. SageMaker pulls with the role of the model or job.

        Without ``Resource``: a repository's policy is about that repository.
        """
        if not self.consumers:
            return None
        pull = self._allow("ConsumersPull", PULL_IMAGES, ["*"], self.roles)
        del pull["Resource"]
        return document(pull)

    def bucket_statements(self) -> list[Statement]:
        """Statements of the artifacts bucket: consumers read ``models/``, most of them from their VPC only.

        They replace ``DenyOutsideNetwork``, from which consumers are exempt: our endpoint is not theirs.
        """
        if not self.consumers:
            return []
        bucket = self.settings.names.bucket_arn("artifacts")
        listed = {"StringLike": {"s3:prefix": f"{MODELS}*"}}
        return [
            self._allow("ConsumersRead", READ_OBJECTS, [f"{bucket}/{MODELS}*"], self.roles),
            self._allow("ConsumersList", ["s3:ListBucket"], [bucket], self.roles, listed),
            self._deny_outside_their_network(bucket),
            self._deny_changes(bucket),
        ]

    def key_statements(self) -> list[Statement]:
        """Statements of the artifacts key: consumers decrypt objects of the artifacts bucket through S3.

        With a bucket key the encryption context is the bucket, without one the object.
        """
        if not self.consumers:
            return []
        place, bucket = self.settings.place, self.settings.names.bucket_arn("artifacts")
        through_s3: dict[str, dict[str, Any]] = {
            "StringEquals": {"kms:ViaService": f"s3.{self.settings.region}.{place.dns_suffix}"},
            "StringLike": {"kms:EncryptionContext:aws:s3:arn": [bucket, f"{bucket}/{MODELS}*"]},
        }
        return [self._allow("ConsumersDecrypt", ["kms:Decrypt"], ["*"], self.roles, through_s3)]

    @property
    def _approvers(self) -> list[str]:
        return [consumer.role_arn("persona", "approver-*") for consumer in self.consumers]

    def _roles(self, kind: str) -> list[str]:
        return [consumer.role_arns(kind) for consumer in self.consumers]

    def _allow(
        self,
        sid: str,
        actions: Sequence[str],
        resources: Sequence[str],
        roles: Sequence[str],
        condition: Conditions | None = None,
    ) -> Statement:
        accounts = sorted({consumer.account for consumer in self.consumers})
        roots = [self.settings.names.arn("iam", "root", region="", account=account) for account in accounts]
        callers = {"ArnLike": {"aws:PrincipalArn": one_or_many(roles)}}
        principal = {"AWS": one_or_many(roots)}
        return allow(sid, actions, resources, principal=principal, condition=_both(callers, condition or {}))

    def _deny_outside_their_network(self, bucket: str) -> Statement:
        free = [pattern for kind in FROM_ANYWHERE for pattern in self._roles(kind)]
        free += [
            consumer.role_arn("endpoint", f"{product.name}-endpoint")
            for consumer in self.consumers
            for product in self.settings.products
            if product.serving and product.serving.mode == "serverless"
        ]
        condition = {
            "ArnLike": {"aws:PrincipalArn": one_or_many(self.roles)},
            "ArnNotLike": {"aws:PrincipalArn": free},
            "BoolIfExists": {"aws:ViaAWSService": "false"},
            **outside_network(self.settings),
        }
        both = [bucket, f"{bucket}/*"]
        return deny("DenyConsumersOutsideNetwork", ["s3:*"], both, principal="*", condition=condition)

    def _deny_changes(self, bucket: str) -> Statement:
        """Consumers only ever read here, whatever else may be allowed to them."""
        return {
            "Sid": "DenyConsumersAllButReading",
            "Effect": "Deny",
            "Principal": "*",
            "NotAction": [*READ_OBJECTS, "s3:ListBucket"],
            "Resource": [bucket, f"{bucket}/*"],
            "Condition": {"ArnLike": {"aws:PrincipalArn": one_or_many(self.roles)}},
        }


@dataclass(frozen=True)
class RegistryUse:
    """The consumer's side: what its VPC endpoints let through to a registry in another environment.

    ``callers`` are the conditions on who calls; everything here is empty where the registry is one's own.
    """

    settings: Environment
    callers: Conditions

    @property
    def elsewhere(self) -> bool:
        """Whether the registry is another environment's."""
        return not self.settings.keeps_registry

    def objects(self) -> list[Statement]:
        """Statements of the S3 endpoint: reading the registry's models."""
        bucket = self._registry.bucket_arn("artifacts")
        listed = {"StringLike": {"s3:prefix": f"{MODELS}*"}}
        return self._statements(
            ("ReadRegistryModels", READ_OBJECTS, [f"{bucket}/{MODELS}*"], {}),
            ("ListRegistryModels", ["s3:ListBucket"], [bucket], listed),
        )

    def packages(self) -> list[Statement]:
        """Statements of the SageMaker API's endpoint: reading, deploying and deciding on versions."""
        return self._statements(
            ("ReadRegistryGroups", READ_GROUPS, [self._registry.package_group_arn("*")], {}),
            ("UseRegistryVersions", [*USE_PACKAGES, *UPDATE], [self._registry.package_arns("*")], {}),
        )

    def images(self) -> list[Statement]:
        """Statements of the endpoints of Amazon ECR: pulling the registry's images."""
        return self._statements(
            ("PullRegistryImages", PULL_IMAGES, [self._registry.repository_arn("*")], {}),
        )

    @property
    def _registry(self) -> Names:
        return self.settings.neighbours.registry

    def _statements(self, *wanted: tuple[str, Sequence[str], Sequence[str], Conditions]) -> list[Statement]:
        if not self.elsewhere:
            return []
        owner = {"StringEquals": {"aws:ResourceAccount": self._registry.account}}
        callers = _both(self.callers, owner)
        return [
            allow(sid, actions, arns, principal="*", condition=_both(callers, condition))
            for sid, actions, arns, condition in wanted
        ]


def _both(one: Conditions, other: Conditions) -> dict[str, Mapping[str, Any]]:
    """Both conditions at once; where they share an operator, their keys stand side by side."""
    return {operator: {**one.get(operator, {}), **other.get(operator, {})} for operator in {**one, **other}}
