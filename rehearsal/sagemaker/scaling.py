"""Application Auto Scaling for endpoint variants, by the emulated world's time.

Developer guide, "Automatic scaling of Amazon SageMaker AI models"; Application Auto Scaling API reference.
Scaling itself is done by the service-linked role, so nobody's permissions are asked for it.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING
from uuid import uuid4

from rehearsal.api import ApiError, ApiRequest, Parameters
from rehearsal.cloudwatch.alarms import ALARM
from rehearsal.cloudwatch.queries import moment_of
from rehearsal.known_monitoring import scalable_target
from rehearsal.sagemaker.components import Components
from rehearsal.sagemaker.endpoints import Endpoints, weighed
from rehearsal.sagemaker.tracking import Target, copies_wanted, suspended, wanted

if TYPE_CHECKING:
    from rehearsal.emulator import Emulator

_COMPONENT = "inference-component/"
_RESOURCE = re.compile(r"endpoint/(?P<endpoint>[^/]+)/variant/(?P<variant>[^/]+)")


class Scaling:
    """The scalable targets of the account. Registers itself as ``application-autoscaling``."""

    def __init__(self, emulator: "Emulator", endpoints: Endpoints, components: Components) -> None:
        self._emulator, self._endpoints, self._components = emulator, endpoints, components
        self.targets: dict[tuple[str, str], Target] = {}
        self._operations: dict[str, Callable[[Parameters], Parameters]] = {
            "DeleteScalingPolicy": self._delete_policy,
            "DeleteScheduledAction": self._delete_action,
            "DeregisterScalableTarget": self._deregister,
            "DescribeScalableTargets": self._targets,
            "DescribeScalingPolicies": self._policies,
            "DescribeScheduledActions": self._actions,
            "ListTagsForResource": self._tags,
            "PutScalingPolicy": self._put_policy,
            "PutScheduledAction": self._put_action,
            "RegisterScalableTarget": self._register,
            "TagResource": self._tag,
            "UntagResource": self._untag,
        }
        endpoints.scaled = self._variants
        endpoints.gone.append(self._forget)
        components.gone.append(lambda name: self._forget(f"{_COMPONENT}{name}"))
        endpoints.watch.before.append(self._settle)
        emulator.resource_tags.append(self._tags_of)
        emulator.register("application-autoscaling", self.handle)

    def handle(self, call: ApiRequest) -> Parameters:
        """Answer one call. Raises ApiError as the service does, and for what is not rehearsed."""
        operation = self._operations.get(call.operation)
        if operation is None:
            raise ApiError("UnknownOperationException", f"the rehearsal has no {call.operation}", 404)
        return operation(call.parameters)

    def _register(self, request: Parameters) -> Parameters:
        """RegisterScalableTarget: of a variant in service, or anew with other limits."""
        endpoint, variant = self._scalable(request)
        key = (request["ResourceId"], request["ScalableDimension"])
        old = self.targets.get(key)
        merged = {**(old.request if old else {}), **request}
        if not {"MinCapacity", "MaxCapacity"} <= merged.keys() or not _ordered(merged):
            raise ApiError("ValidationException", "MinCapacity must not be larger than MaxCapacity.")
        tags = merged.pop("Tags", {})
        if old is not None:
            old.request = merged
            return {"ScalableTargetARN": old.arn}
        arn = scalable_target(request, self._emulator.place)
        now = self._endpoints.watch.now()
        self.targets[key] = Target(merged, endpoint, variant, arn, now, dict(tags))
        return {"ScalableTargetARN": arn}

    def _scalable(self, request: Parameters) -> tuple[str, str]:
        """Endpoint and variant that are to be scaled; of a component its resource id and nothing."""
        resource = request["ResourceId"]
        if resource.startswith(_COMPONENT):
            self._components.need(resource.removeprefix(_COMPONENT))
            return resource, ""
        found = _RESOURCE.fullmatch(resource)
        if found is None or request["ServiceNamespace"] != "sagemaker":
            raise ApiError("ValidationException", f"{resource} is not rehearsed.")
        with self._endpoints.at(found["endpoint"]) as endpoint:
            if endpoint.blue is None or found["variant"] not in endpoint.blue.variants:
                raise ApiError("ValidationException", f"Variant {found['variant']} does not exist.")
        return found["endpoint"], found["variant"]

    def _deregister(self, request: Parameters) -> Parameters:
        """DeregisterScalableTarget: policies and schedules go with it."""
        self._need(request)
        del self.targets[request["ResourceId"], request["ScalableDimension"]]
        return {}

    def _targets(self, request: Parameters) -> Parameters:
        chosen = request.get("ResourceIds")
        found = [
            {**one.request, "ScalableTargetARN": one.arn, "CreationTime": moment_of(one.created)}
            | {"RoleARN": _service_role(self._emulator)}
            for one in self.targets.values()
            if chosen is None or one.request["ResourceId"] in chosen
        ]
        return {"ScalableTargets": found}

    def _put_policy(self, request: Parameters) -> Parameters:
        target = self._need(request)
        path = f"scalingPolicy:{uuid4()}:resource/sagemaker/{request['ResourceId']}"
        arn = self._emulator.place.arn("autoscaling", f"{path}:policyName/{request['PolicyName']}")
        old = target.policies.get(request["PolicyName"])
        kept = {**request, "PolicyARN": old["PolicyARN"] if old else arn}
        target.policies[request["PolicyName"]] = kept
        return {"PolicyARN": kept["PolicyARN"], "Alarms": []}

    def _delete_policy(self, request: Parameters) -> Parameters:
        target = self._need(request)
        if target.policies.pop(request["PolicyName"], None) is None:
            raise ApiError("ObjectNotFoundException", f"No scaling policy found for {request['PolicyName']}")
        return {}

    def _policies(self, request: Parameters) -> Parameters:
        now = moment_of(self._endpoints.watch.now())
        every = [p | {"CreationTime": now} for one in self.targets.values() for p in one.policies.values()]
        return {
            "ScalingPolicies": [one for one in every if _asked(one, request, "PolicyNames", "PolicyName")]
        }

    def _put_action(self, request: Parameters) -> Parameters:
        self._need(request).actions[request["ScheduledActionName"]] = dict(request)
        return {}

    def _delete_action(self, request: Parameters) -> Parameters:
        self._need(request).actions.pop(request["ScheduledActionName"], None)
        return {}

    def _actions(self, request: Parameters) -> Parameters:
        now = moment_of(self._endpoints.watch.now())
        every = [
            action | {"ScheduledActionARN": f"{one.arn}:{name}", "CreationTime": now}
            for one in self.targets.values()
            for name, action in one.actions.items()
        ]
        names = ("ScheduledActionNames", "ScheduledActionName")
        return {"ScheduledActions": [one for one in every if _asked(one, request, *names)]}

    def act(self, action: str) -> None:
        """Do what a scheduled action says, as if its time had come: other limits. KeyError for none."""
        for target in self.targets.values():
            if action in target.actions:
                target.request |= target.actions[action].get("ScalableTargetAction", {})
                return
        raise KeyError(action)

    def _tags(self, request: Parameters) -> Parameters:
        return {"Tags": dict(self._tagged(request).tags)}

    def _tag(self, request: Parameters) -> Parameters:
        self._tagged(request).tags |= request["Tags"]
        return {}

    def _untag(self, request: Parameters) -> Parameters:
        target = self._tagged(request)
        target.tags = {key: value for key, value in target.tags.items() if key not in request["TagKeys"]}
        return {}

    def _tags_of(self, arn: str) -> Mapping[str, str] | None:
        """Tags of the target with this ARN, if it is one's."""
        return next((one.tags for one in self.targets.values() if one.arn == arn), None)

    def _tagged(self, request: Parameters) -> Target:
        for target in self.targets.values():
            if target.arn == request["ResourceARN"]:
                return target
        raise ApiError("ResourceNotFoundException", f"{request['ResourceARN']} does not exist.")

    def _need(self, request: Parameters) -> Target:
        found = self.targets.get((request["ResourceId"], request["ScalableDimension"]))
        if found is None:
            told = json.dumps({name: request[name] for name in ("ResourceId", "ScalableDimension")})
            raise ApiError("ObjectNotFoundException", f"No scalable target registered for {told}")
        return found

    def _variants(self, endpoint: str) -> Mapping[str, Target]:
        return {one.variant: one for one in self.targets.values() if one.endpoint == endpoint}

    def _forget(self, endpoint: str) -> None:
        """Deleting an endpoint deregisters its targets."""
        for key in [key for key, one in self.targets.items() if one.endpoint == endpoint]:
            del self.targets[key]

    def _settle(self, now: float) -> None:
        """Change the count of variants: into the limits at once, to the target when it was missed for long.

        Scaling is blocked while an endpoint is updated (developer guide, "Update endpoints that use automatic
        scaling").
        """
        for target in self.targets.values():
            self._settle_component(target, now)
            endpoint = self._endpoints.found.get(target.endpoint)
            if endpoint is None or endpoint.status != "InService" or endpoint.blue is None:
                continue
            if suspended(target) or target.variant not in endpoint.blue.variants:
                continue
            count = wanted(target, endpoint, now)
            if count != endpoint.blue.variants[target.variant].desired:
                change = {"VariantName": target.variant, "DesiredInstanceCount": count}
                endpoint.begin("Updating", weighed(endpoint, [change]), {})

    def _settle_component(self, target: Target, now: float) -> None:
        """The first copy when an alarm asks for it, then as many as the requests need; none without any."""
        component = self._components.found.get(target.endpoint.removeprefix(_COMPONENT))
        if component is None or component.status != "InService" or suspended(target):
            return
        ringing = [one for one in target.policies.values() if self._rings(one["PolicyARN"], now)]
        count = copies_wanted(target, component, ringing, now)
        if count != component.copies:
            self._components.scaled(component, count)

    def _rings(self, policy: str, now: float) -> bool:
        """Whether an alarm that carries out a policy is in ALARM."""
        watch = self._endpoints.watch
        named = [n for n, one in watch.alarms.items() if policy in one.request.get("AlarmActions", ())]
        return any(watch.state(name, now) == ALARM for name in named)


def _ordered(request: Parameters) -> bool:
    return bool(0 <= request["MinCapacity"] <= request["MaxCapacity"])


def _asked(one: Parameters, request: Parameters, names: str, name: str) -> bool:
    return (names not in request or one[name] in request[names]) and request.get("ResourceId") in (
        None,
        one["ResourceId"],
    )


def _service_role(emulator: "Emulator") -> str:
    name = "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
    path = f"aws-service-role/sagemaker.application-autoscaling.amazonaws.com/{name}"
    return emulator.place.arn("iam", f"role/{path}", region="")
