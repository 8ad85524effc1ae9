"""One endpoint's world in memory: what a release meets in AWS, by AWS's own rules, over simulated time.

Every port call may be made to fail before or after it did what it does. Rules cite where they come from:
CFN is the CloudFormation User Guide and API reference, SM the SageMaker Developer Guide and API reference,
DDB the DynamoDB API reference, SFN the Step Functions API reference. Where AWS leaves it open what happens,
the world can do either (``World.silent``, ``World.way_back_fails``).
"""

from __future__ import annotations

import copy
import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from release import ports, protection
from release.identifiers import later
from release.ports import ConflictError, Package
from release.situation import denies_loss

GROUP = "arn:test:sagemaker:eu-central-1:111122223333:model-package-group/shop-prod-loans"
PACKAGE = GROUP.replace("model-package-group", "model-package")
MACHINE = "arn:test:states:eu-central-1:111122223333:execution:shop-prod-loans"
ENDPOINT = "shop-prod-loans"
START = "2026-01-05T08:00:00Z"
POLICY = json.dumps(protection.policy(["Endpoint", "InferenceComponent"]))
DEFAULTS = {
    "ProductionModelPackageArn": "none",
    "ShadowModelPackageArn": "none",
    "PreviousModelPackageArn": "none",
    "ChallengerModelPackageArn": "none",
    "ReleaseId": "none",
    "RolloutMode": "immediate",
    "ProductionAttempt": "0",
    "Paused": "false",
}
ALLOWED = [
    "ProductionModel",
    "ShadowModel",
    "ChallengerModel",
    "ChallengerScalableTarget",
    "EndpointConfig",
    "Endpoint",
    "InferenceComponent",
    "ScalableTarget",
    "ReleaseErrorsAlarm",
    "ReleaseStopAlarm",
]
SERVING: dict[str, Any] = {
    "Model": "loans",
    "Environment": "prod",
    "Endpoint": ENDPOINT,
    "Mode": "realtime",
    "PackageGroup": GROUP,
    "After": None,
    "Shadow": {
        "SamplingPercent": 100,
        "BakeMinutes": 60,
        "MinimumInvocations": 100,
        "ConfidencePercent": 95,
        "Limits": {
            "ErrorRateIncreasePercentagePoints": 0.5,
            "P50LatencyIncreasePercent": 20,
            "P99LatencyIncreasePercent": 20,
        },
    },
    "AbTest": {
        "Steps": [10, 50, 100],
        "StepMinutes": 60,
        "MinimumInvocations": 100,
        "ConfidencePercent": 95,
        "PowerPercent": 80,
        "Limits": {
            "ErrorRateIncreasePercentagePoints": 0.5,
            "P50LatencyIncreasePercent": 20,
            "P99LatencyIncreasePercent": 20,
        },
        "Metrics": [{"Name": "repaid", "Direction": "higher", "NoWorseByPoints": 1}],
        "MaximumDays": 2,
    },
    "Rollout": {
        "Strategy": "canary",
        "WaitMinutes": 10,
        "WatchMinutes": 15,
        "MaximumMinutes": 120,
        "BakingMinutes": 15,
    },
    "KeepVersions": 2,
    "AlarmPrefix": "shop-prod/loans/release-",
    "OperatingAlarms": {"Prefix": "shop-prod/loans/", "Names": ["shop-prod/loans/challenger-server-errors"]},
    "AllowedChanges": ALLOWED,
    "Links": {"Console": "", "Report": ""},
}

IMMEDIATE_SECONDS, GUARDED_SECONDS, CLEANUP_SECONDS, WAY_BACK_SECONDS = 240, 1200, 15, 120
WEIGHING_SECONDS, SCALING_SECONDS = 30, 240


class ThrottledError(Exception):
    """A service that was asked too often, or whose answer was lost."""


class DiedError(BaseException):
    """Whoever made the call is no more: the execution ended, nobody calls again. Nobody can catch that."""


@dataclass
class Fault:
    """What goes wrong at the ``at``-th port call of a step: ``before`` or after it was done."""

    at: int
    before: bool
    dies: bool
    times: int = 1


@dataclass
class Update:
    """One update of the stack under way; ``done`` is called when ``ends`` has come."""

    ends: float
    done: Callable[[], None]
    target: Resources
    parameters: dict[str, str]


@dataclass(frozen=True)
class Resources:
    """Physical names by logical id, with what they were made of."""

    model: tuple[str, tuple[str, ...]] | None = None
    shadow: tuple[str, tuple[str, ...]] | None = None
    challenger: tuple[str, tuple[str, ...]] | None = None
    config: tuple[str, tuple[str, ...]] | None = None
    alarm: str | None = None
    endpoint: str | None = None
    component: str | None = None
    """Name of the model that copies answer with, where those are attached to the endpoint."""

    @property
    def answers(self) -> tuple[str | None, str | None]:
        """What callers reach."""
        return self.endpoint, self.component


@dataclass(repr=False)
class Account:
    """Everything there is. ``now`` is in seconds since START."""

    serving: dict[str, Any] = field(default_factory=lambda: copy.deepcopy(SERVING))
    now: float = 0.0
    fault: Fault | None = None
    interrupt: tuple[int, Callable[[], None]] | None = None
    """What others do just before that port call of a step."""
    calls: int = 0
    actor: str = ""
    items: dict[str, dict[str, Any]] = field(default_factory=dict)
    packages: dict[int, Package] = field(default_factory=dict)
    running: dict[str, bool] = field(default_factory=dict)
    stopped: list[str] = field(default_factory=list)
    retain: bool = True
    silent: bool = False
    way_back_fails: int = 0
    capacity_fails: int = 0
    static_alarms: bool = False
    flapping: bool = False
    """Whether an alarm of what serves is in ALARM from now on."""
    alarm_changes: list[tuple[str, str]] = field(default_factory=list)
    """Alarms that went into ALARM or out of it, and when."""
    qualities: dict[int, str] = field(default_factory=dict)
    """By version: good, slow (the judge sees it), unclear (it does not), weak (fails under full traffic),
    late (fails while it is watched), dumb (does not answer the sample), asleep (has no copy at first)."""
    vain: int = 0
    """How often somebody asked a version that was asleep."""
    drowsy: bool = False
    """Whether no copy is left from now on, until somebody has asked often enough."""
    reports: dict[str, str] = field(default_factory=dict)
    announced: list[Mapping[str, Any]] = field(default_factory=list)
    shown: list[tuple[int, str]] = field(default_factory=list)
    """What the dashboard's graph of releases is told: version and time."""
    notes: dict[str, str] = field(default_factory=dict)
    lineage: set[tuple[str, str]] = field(default_factory=set)
    marked: bool = False
    pauses: set[str] = field(default_factory=set)
    """Executions that people started to pause or to retire."""
    violations: list[str] = field(default_factory=list)
    terminal: dict[str, int] = field(default_factory=dict)
    served: list[str] = field(default_factory=list)
    rolled_back: set[str] = field(default_factory=set)
    taken_back: set[int] = field(default_factory=set)
    immediate_seconds: float = IMMEDIATE_SECONDS

    # The stack
    parameters: dict[str, str] = field(default_factory=lambda: dict(DEFAULTS))
    shows_old: bool = False
    """What DescribeStacks shows of parameters during an update is documented nowhere: these, or the new."""
    before: dict[str, str] = field(default_factory=dict)
    status: str = "CREATE_COMPLETE"
    reason: str = ""
    protected: bool = True
    policy: str | None = POLICY
    revision: int = 1
    generation: int = 0
    resources: Resources = field(default_factory=Resources)
    change_sets: dict[str, dict[str, Any]] = field(default_factory=dict)
    update: Update | None = None
    numbers: int = 0

    # SageMaker
    models: dict[str, str] = field(default_factory=dict)
    configs: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    challengers: dict[str, str] = field(default_factory=dict)
    """Model of the challenger, by the configuration that has one."""
    created: dict[str, float] = field(default_factory=dict)
    """When each model and configuration was made."""
    told: list[bool] = field(default_factory=list)
    """Whether upkeep found something, each time it looked."""
    swept: list[str] = field(default_factory=list)
    weights: dict[str, float] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    shares: list[tuple[str, float]] = field(default_factory=list)
    """Share of the requests that the challenger got, from when on."""
    scaled: bool = False
    """Whether the challenger is a scalable target."""
    change: tuple[float, dict[str, float], dict[str, int]] | None = None
    """Weights and counts on their way, and when they will be there."""
    endpoint_config: str | None = None
    component: str | None = None
    """Name of the model that copies answer with."""
    endpoint_status: str = "InService"
    endpoint_reason: str = ""
    stops: set[str] = field(default_factory=set)
    raised: set[str] = field(default_factory=set)

    def __repr__(self) -> str:
        return f"<account at {self.clock}>"

    def gate(self, *, before: bool) -> None:
        """Fail if it was asked for here."""
        if before:
            self.calls += 1
            self.settle()
        interrupt = self.interrupt
        if interrupt and before and self.calls == interrupt[0]:
            self.interrupt, state = None, (self.calls, self.actor, self.fault)
            self.fault = None
            interrupt[1]()
            self.calls, self.actor, self.fault = state
        fault = self.fault
        if fault and fault.before == before and self.calls == fault.at:
            fault.times -= 1
            self.calls = 0
            if fault.times <= 0:
                self.fault = None
            raise DiedError if fault.dies else ThrottledError

    def world(self) -> ports.World:
        """The account through the ports."""
        from release_services import world  # which builds on this module

        return world(self)

    @property
    def copies(self) -> bool:
        """Whether copies of a model answer that are attached to the endpoint: it has no model of its own."""
        return bool(self.serving["Mode"] == "inference_components")

    @property
    def clock(self) -> str:
        return later(START, self.now)

    # What CloudFormation does, lazily: whatever ended before now has ended.

    def settle(self) -> None:
        """Let everything end that has ended by now."""
        if self.change and self.change[0] <= self.now:
            (_, weights, counts), self.change = self.change, None
            self.weights |= weights
            self.counts |= counts
            self.endpoint_status = "InService"
            self.shares.append((self.clock, self.exposed))
        while self.update and self.update.ends <= self.now:
            update, self.update = self.update, None
            moment, self.now = self.now, update.ends
            update.done()
            self.now = moment

    def desired(self, parameters: Mapping[str, str]) -> Resources:
        """What the template makes of the parameters.

        Every property of a Model and an EndpointConfig is create-only: a change makes a new one (CFN,
        AWS::SageMaker::Model and ::EndpointConfig, "Update requires: Replacement").
        """
        production = parameters["ProductionModelPackageArn"]
        if production == "none" or parameters["Paused"] == "true":
            return Resources()
        made = (production, parameters["ProductionAttempt"])
        model = self._kept(self.resources.model, made, "ProductionModel")
        shadow = None
        if parameters["ShadowModelPackageArn"] != "none":
            shadow = self._kept(self.resources.shadow, (parameters["ShadowModelPackageArn"],), "ShadowModel")
        challenger = None
        if parameters["ChallengerModelPackageArn"] != "none":
            of_challenger = (parameters["ChallengerModelPackageArn"], parameters["ProductionAttempt"])
            challenger = self._kept(self.resources.challenger, of_challenger, "ChallengerModel")
        beside = [each[0] if each else "" for each in (shadow, challenger)]
        content = ("" if self.copies else model[0], *beside, str(self.revision))
        config = self._kept(self.resources.config, content, "EndpointConfig")
        static = (
            "static" if self.static_alarms else f"{parameters['ReleaseId']}-{parameters['ProductionAttempt']}"
        )
        alarm = f"{self.serving['AlarmPrefix']}{static}"
        component = model[0] if self.copies else None
        return Resources(model, shadow, challenger, config, alarm, config[0], component)

    def _kept(
        self, old: tuple[str, tuple[str, ...]] | None, content: tuple[str, ...], logical: str
    ) -> tuple[str, tuple[str, ...]]:
        if old and old[1] == content:
            return old
        # Names follow from the content, so that a plan and its execution agree.
        return f"{logical}-{zlib.crc32(repr((content, self.numbers)).encode())}", content

    def begin(self, parameters: dict[str, str], *, first: bool) -> None:
        """An update of the stack: new models, new configuration, then UpdateEndpoint, then clean-up."""
        before, old = self.resources, self.parameters
        self.numbers += 1
        after = self.desired(parameters)
        self.generation += 1
        self.change_sets.clear()  # executing a change set deletes all the others (CFN, ExecuteChangeSet)
        self.before, self.parameters = old, parameters
        self.status = "UPDATE_IN_PROGRESS"
        self.reason = ""
        if after.endpoint is None:
            self._take_away(before, old, first)
            return
        self._create(after)
        if parameters["RolloutMode"] == "guarded" and _variants(before) != _variants(after):
            # Guardrails need the same variants before and after (SM, deployment guardrails, exclusions).
            self.violations.append("a guarded update adds or removes a variant")
        if after.shadow and after.challenger:
            # One production variant beside a shadow (SM, CreateEndpointConfig, ShadowProductionVariants).
            self.violations.append("an update would make both a shadow and a challenger")
        if (
            self.copies
            and parameters["RolloutMode"] == "guarded"
            and self.serving["Rollout"]["Strategy"] != "rolling"
        ):
            self.violations.append("an update counts as guarded, and no alarm is watched")
        if after.endpoint != before.endpoint and (refused := self._refused(after)):
            self._end(self.now + 5, lambda: self._way_back(before, old, refused, first), before)
            return
        if after.answers == before.answers:
            self._end(self.now + 20, lambda: self._complete(before, after), after)
            return
        guarded = parameters["RolloutMode"] == "guarded" and before.endpoint is not None
        seconds = GUARDED_SECONDS if guarded else self.immediate_seconds
        if before.endpoint is None:
            self.endpoint_config, self.endpoint_status = after.endpoint, "Creating"
            self.marked = False
            self.component = after.component
        else:
            self.endpoint_status = "Updating"
        self._end(self.now + seconds, lambda: self._updated(before, after, old, guarded, first), after)

    def _take_away(self, before: Resources, old: dict[str, str], first: bool) -> None:
        """What is gone from the template is deleted at the end (CFN, UPDATE_COMPLETE_CLEANUP_IN_PROGRESS):
        what cannot be deleted then is left behind, and the update counts as a success."""
        if before.endpoint is not None and denies_loss(self.policy):
            # For every caller (CFN, stack policies).
            self._end(
                self.now + 5, lambda: self._way_back(before, old, "denied by stack policy", first), before
            )
            return

        def cleaned() -> None:
            self.status = "UPDATE_COMPLETE"
            if first and not self.marked:
                self.endpoint_config = None

        def done() -> None:
            self.resources, self.status = Resources(), "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"
            self._end(self.now + 200, cleaned, Resources())

        self._end(self.now + 20, done, Resources())

    def _end(self, ends: float, done: Callable[[], None], target: Resources) -> None:
        self.update = Update(ends, done, target, self.parameters)

    def _refused(self, after: Resources) -> str:
        """Why SageMaker refuses UpdateEndpoint at once; empty if it does not."""
        if self.change:
            return "Cannot update in-progress endpoint"
        if self.scaled and not after.challenger:
            # SM, "Update endpoints that use automatic scaling"; CFN deletes the target only afterwards.
            return "the variant challenger must be deregistered as scalable target"
        return ""

    def _create(self, after: Resources) -> None:
        for made in (after.model, after.shadow, after.challenger):
            if made:
                self.models[made[0]] = made[1][0]
        if after.config and after.model:
            serves = "" if self.copies else after.model[0]
            self.configs[after.config[0]] = (serves, after.shadow[0] if after.shadow else None)
            if after.challenger:
                self.challengers[after.config[0]] = after.challenger[0]
        for name in (*self.models, *self.configs):
            self.created.setdefault(name, self.now)

    def _updated(
        self, before: Resources, after: Resources, old: dict[str, str], guarded: bool, first: bool
    ) -> None:
        """SageMaker has ended its part: the new fleet serves, or all traffic is on the old one again."""
        problem = self._trouble(after, guarded)
        if problem and guarded:
            self.rolled_back.add(self.parameters["ReleaseId"])
        if problem is None:
            self.endpoint_config, self.component = after.answers
            self.endpoint_status, self.endpoint_reason = "InService", ""
            self.served.append(self.packages_served()["production"])
            self._weighed(after)
            self._complete(before, after)
            return
        if before.endpoint is None:
            # A failed endpoint can only be deleted (SM, DescribeEndpoint, EndpointStatus Failed).
            self.endpoint_status, self.endpoint_reason = "Failed", problem
            self._way_back(before, old, problem, first)
            return
        self.endpoint_status, self.endpoint_reason = "InService", ""  # FailureReason may be empty
        if self.silent:
            # Whether the handler tells CloudFormation is unknown: it may take it for a success.
            self._complete(before, after)
        else:
            self._way_back(before, old, problem, first)

    def _weighed(self, after: Resources) -> None:
        """Weights and counts stay those of variants of the same name; without a challenger the weight is the
        configuration's (SM, UpdateEndpoint, Retain- and ExcludeRetainedVariantProperties)."""
        count = self.counts.get("production", 2)
        if after.challenger is None:
            self.weights, self.counts = {"production": 1.0}, {"production": count}
        else:
            self.weights = {"production": 1.0, "challenger": 0.0} | self.weights
            self.counts = {"production": count, "challenger": 2} | self.counts
        self.scaled = after.challenger is not None
        self.shares.append((self.clock, self.exposed))

    def shift(self, weights: dict[str, float], counts: dict[str, int]) -> None:
        """UpdateEndpointWeightsAndCapacities: refused while the endpoint changes, and for no such variant."""
        if self.endpoint_status != "InService" or self.change:
            raise ConflictError("Cannot update in-progress endpoint")
        if set(weights) | set(counts) > set(self.weights):
            raise ThrottledError("variant challenger does not exist")
        self.endpoint_status = "Updating"
        self.change = (self.now + (SCALING_SECONDS if counts else WEIGHING_SECONDS), weights, counts)

    @property
    def exposed(self) -> float:
        """Share of the requests that the challenger gets, or is about to, in percent."""
        weights = self.weights | (self.change[1] if self.change else {})
        whole = sum(weights.values())
        return 100 * weights.get("challenger", 0.0) / whole if whole else 0.0

    def rings(self) -> bool:
        """Whether an alarm of the endpoint is in ALARM, that of a challenger which fails under load too."""
        name = self.resources.alarm
        return self.flapping or (name is not None and name in self.raised) or self.challenger_fails

    @property
    def challenger_fails(self) -> bool:
        """Whether the challenger's own alarm is in ALARM."""
        model = self.challengers.get(str(self.endpoint_config))
        quality = self.qualities.get(self.version_of(self.models.get(str(model), "/0")))
        return quality == "weak" and self.weights.get("challenger", 0.0) > 90

    def _trouble(self, after: Resources, guarded: bool) -> str | None:
        if self.capacity_fails:
            self.capacity_fails -= 1
            return "InsufficientInstanceCapacity"
        if not guarded:
            return None
        version = self.version_of(self.models[str(after.model and after.model[0])])
        name = str(after.alarm)
        if self.parameters["ReleaseId"] in self.stops or name in self.raised:
            return f"alarm {name}"
        if self.qualities.get(version) == "weak":
            self.raised.add(name)
            return f"alarm {name}"
        return None

    def _complete(self, before: Resources, after: Resources) -> None:
        self.resources = after
        self.status = "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"
        version = self.qualities.get(
            self.version_of(self.models.get(str(after.model and after.model[0]), "/0"))
        )
        guarded = self.parameters["RolloutMode"] == "guarded"
        promoted = guarded or bool(before.challenger and not after.challenger)
        # Copies that all went at once are watched by the release alone.
        late = promoted if version == "late" else version == "weak" and self.copies and not guarded
        if late and after.alarm and before.model:
            self.raised.add(after.alarm)

        def cleaned() -> None:
            self.status = "UPDATE_COMPLETE"
            if not self.retain:
                pairs = (before.model, after.model), (before.shadow, after.shadow)
                for old, new in (*pairs, (before.challenger, after.challenger)):
                    if old and old != new:
                        self.models.pop(old[0], None)
                if before.config and before.config != after.config:
                    self.configs.pop(before.config[0], None)

        self._end(self.now + CLEANUP_SECONDS, cleaned, after)

    def _way_back(self, before: Resources, old: dict[str, str], problem: str, first: bool) -> None:
        """The previous properties once more (CFN, update rollback); a resource that was created is deleted,
        which for an endpoint only the role of the first release may do."""
        self.status, self.reason = "UPDATE_ROLLBACK_IN_PROGRESS", problem

        def back() -> None:
            deletes = before.endpoint is None and self.endpoint_config is not None
            if self.way_back_fails or (deletes and not first):
                self.way_back_fails = max(0, self.way_back_fails - 1)
                self.status = "UPDATE_ROLLBACK_FAILED"
                self.generation += 1
                self._stuck = (before, old, problem, first)
                self.parameters = old
                return
            if deletes:
                self.endpoint_config = self.component = None
            self.status, self.parameters, self.resources = "UPDATE_ROLLBACK_COMPLETE", old, before
            self.generation += 1

        self._end(self.now + WAY_BACK_SECONDS, back, before)

    _stuck: tuple[Resources, dict[str, str], str, bool] | None = None

    def age(self) -> None:
        """All that was ever made was made long ago."""
        self.created = dict.fromkeys(self.created, self.now - 8 * 24 * 3600)

    def named_by(self, config: str | None) -> set[str]:
        """Models that a configuration names."""
        if config not in self.configs:
            return set()
        return {one for one in (*self.configs[config], self.challengers.get(config)) if one}

    def needed(self) -> set[str]:
        """Models and configurations that must be there now, whatever else there is."""
        ways = [self.resources, *([self.update.target] if self.update else [])]
        configs = {self.endpoint_config, *(way.config[0] for way in ways if way.config)}
        made = {each[0] for way in ways for each in (way.model, way.shadow, way.challenger) if each}
        names = {one for one in (*configs, self.component) if one} | made
        return names.union(*(self.named_by(config) for config in configs))

    def continue_rollback(self) -> None:
        """ContinueUpdateRollback: legal in UPDATE_ROLLBACK_FAILED only (CFN)."""
        if self.status != "UPDATE_ROLLBACK_FAILED" or self._stuck is None:
            raise ConflictError(self.status)
        self._way_back(*self._stuck)

    def deploy(self, *, changed: bool) -> bool:
        """``cdk deploy``: the previous parameter values are kept (``UsePreviousValue``). False if refused."""
        self.settle()
        if self.update or self.status == "UPDATE_ROLLBACK_FAILED":
            return False  # ValidationError: ... state and can not be updated
        if changed:
            self.revision += 1
            self.begin(dict(self.parameters), first=False)
        return True

    # The registry

    def approve(self, version: int, quality: str = "good", *, served_before: bool = True) -> str:
        """Register a version, if need be, and approve it."""
        arn = f"{PACKAGE}/{version}"
        self.qualities.setdefault(version, quality)
        known = self.packages.get(version)
        before = self.serving["After"]
        metadata = dict(known.metadata) if known else {}
        if before and served_before:
            metadata[f"served-in-{before}"] = "abc 2026-01-01"
        self.packages[version] = Package(arn, version, "Approved", GROUP, metadata, "ann")
        return arn

    def flicker(self) -> None:
        """An alarm of what serves comes, and goes before anybody looks."""
        if self.resources.alarm:
            self.alarm_changes += [(self.resources.alarm, self.clock)] * 2

    def set_approval(self, version: int, approval: str) -> None:
        """Withdraw an approval, or give it back."""
        old = self.packages[version]
        self.packages[version] = Package(arn=old.arn, version=version, approval=approval, group=GROUP,
                                         metadata=old.metadata, approved_by="ann")  # fmt: skip

    def take_back_before(self, version: int) -> None:
        """The earlier environment goes back from a version, and says so on it."""
        old = self.packages[version]
        metadata = {**old.metadata, f"served-in-{self.serving['After']}": "rolled-back abc"}
        self.packages[version] = Package(old.arn, version, old.approval, GROUP, metadata, "ann")

    @staticmethod
    def version_of(arn: str) -> int:
        return int(arn.rpartition("/")[2] or 0)

    def packages_served(self) -> dict[str, str]:
        """Variant to package of the endpoint's configuration."""
        model, shadow = self.configs.get(str(self.endpoint_config), ("", None))
        model = str(self.component) if self.copies else model
        found = {"production": self.models.get(model, "")}
        found |= {"shadow": self.models.get(shadow, "")} if shadow else {}
        challenger = self.challengers.get(str(self.endpoint_config))
        return found | ({"challenger": self.models.get(challenger, "")} if challenger else {})


def _variants(resources: Resources) -> tuple[bool, bool]:
    """What there is beside production."""
    return resources.shadow is not None, resources.challenger is not None
