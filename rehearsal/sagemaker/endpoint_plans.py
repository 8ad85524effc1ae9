"""What an endpoint's next fleet would be, and what SageMaker checks before it begins to make it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rehearsal.api import ApiError, Parameters, Principal
from rehearsal.cloudwatch.watch import Watch
from rehearsal.sagemaker import endpoint_rules
from rehearsal.sagemaker.endpoint import Endpoint
from rehearsal.sagemaker.endpoint_configs import EndpointConfigs, variants
from rehearsal.sagemaker.fleets import Fleet, Variant
from rehearsal.sagemaker.hosts import Host
from rehearsal.sagemaker.models import Models

if TYPE_CHECKING:
    from rehearsal.emulator import Emulator


@dataclass(frozen=True)
class Plans:
    """Fleets to be, of configurations and models that exist."""

    emulator: "Emulator"
    models: Models
    configs: EndpointConfigs
    watch: Watch

    def host(self, endpoint: str, model: str, variant: str) -> Host:
        """The machine of a variant."""
        return Host(self.emulator, self.models.find(model), endpoint, variant)

    def fleet(self, config: str) -> Fleet:
        """What would run ``config``. ApiError if it, or a model of it, does not exist."""
        description = self.configs.need(config).description
        shadows = {one["VariantName"] for one in description.get("ShadowProductionVariants", ())}
        made = {
            one["VariantName"]: self._variant(one, shadow=one["VariantName"] in shadows)
            for one in variants(description)
        }
        return Fleet(description["EndpointConfigName"], description, made)

    def _variant(self, config: Parameters, *, shadow: bool) -> Variant:
        subject, images = config.get("ModelName", ""), list[str]()
        if subject:
            model = self.models.shelf.need(subject).description
            first = (model.get("Containers") or [model["PrimaryContainer"]])[0]
            images = [container["Image"] for container in self.models.find(subject).containers]
            subject = first.get("ModelPackageName", subject)
        count, weight = config.get("InitialInstanceCount", 0), config.get("InitialVariantWeight", 1.0)
        return Variant(config["VariantName"], config, subject, shadow, count, count, weight, weight, images)

    def alarms(self, policy: Parameters, endpoint: Endpoint) -> list[str]:
        """Names of the alarms that send a deployment back, as the models' execution role sees them.

        Developer guide, "Auto-Rollback Configuration and Monitoring": the execution role must be allowed
        cloudwatch:DescribeAlarms on them. That an alarm must exist is an assumption.
        """
        given = policy.get("AutoRollbackConfiguration", {}).get("Alarms", ())
        names = [str(one["AlarmName"]) for one in given]
        for name in names:
            if name not in self.watch.alarms:
                raise ApiError("ValidationException", f"CloudWatch alarm {name} does not exist.")
            arn = self.emulator.place.arn("cloudwatch", f"alarm:{name}")
            for host in endpoint.hosts.values():
                self.emulator.judge(host.machine.principal, "cloudwatch:DescribeAlarms", arn)
        return names

    def refuse(self, name: str, fleet: Fleet, caller: Principal) -> None:
        """Refuse what is beyond a quota (a fault), and a caller who may not use the volumes' key.

        Developer guide, "Amazon SageMaker AI API Permissions": the caller needs kms:CreateGrant if the
        endpoint configuration has a KmsKeyId.
        """
        if key := fleet.description.get("KmsKeyId"):
            arn = key if key.startswith("arn:") else self.emulator.place.arn("kms", f"key/{key}")
            self.emulator.judge(caller, "kms:CreateGrant", arn, {"kms:GrantIsForAWSResource": "true"})
        if self.emulator.faults.take("endpoint_quota", name):
            kinds = [kind for one in fleet.variants.values() for kind in endpoint_rules.types_of(one.config)]
            count = sum(one.count for one in fleet.variants.values())
            raise ApiError(
                "ResourceLimitExceeded",
                f"The account-level service limit '{[*kinds, 'instances'][0]} for endpoint usage' is "
                f"{count} Instances, with current utilization of {count} Instances and a request delta of "
                f"{count} Instances. Please use AWS Service Quotas to request an increase for this quota.",
            )

    def refuse_scaled(self, scaled: Iterable[str], old: Fleet, new: Fleet) -> None:
        """Refuse another instance type for a variant that is a scalable target, and its end.

        Developer guide, "Update endpoints that use automatic scaling": deregister first.
        """
        for variant in scaled:
            before, after = old.variants.get(variant), new.variants.get(variant)
            kinds = [endpoint_rules.types_of(one.config) for one in (before, after) if one is not None]
            if after is None or kinds[0] != kinds[-1]:
                raise ApiError(
                    "ValidationException",
                    f'The variant(s) "[{variant}]" must be deregistered as scalable targets with AWS Auto '
                    "Scaling before they can be removed or have their instance type updated.",
                )
