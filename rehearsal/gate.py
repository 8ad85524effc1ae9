"""Judges every call of a deployed role by the deployed policies, and refuses what cannot be judged."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from rehearsal import contexts, endpoints, items, known_bedrock, protocols, storage
from rehearsal.actions import action_of
from rehearsal.api import REHEARSAL, ApiRequest, Place, Principal
from rehearsal.encryption import Keys
from rehearsal.iam_data import Action, UnknownActionError, action
from rehearsal.identities import Deployed
from rehearsal.owners import owner_of, policy_of
from rehearsal.resources import UnresolvedError, resources
from rehearsal.trace import Trace
from tools.policy_evaluator import Decision, PolicyEvaluationError, Request, Session


@dataclass(frozen=True)
class Need:
    """A permission that a call needs: an action, the ARN it acts on, and the condition keys sent with it."""

    action: str
    resource: str
    context: contexts.Keys = field(default_factory=dict)


@dataclass
class Gate:
    """Decides over calls with what is ``deployed``, and writes every decision into ``trace``."""

    place: Place
    deployed: Deployed
    trace: Trace
    evaluator: Session

    def authorize(self, request: ApiRequest) -> None:
        """Let a call pass, or raise the ApiError with which its service refuses it.

        A call that needs several permissions is refused for the first it lacks.
        """
        if request.principal is REHEARSAL or request.principal.arn is None:
            return
        try:
            needs = list(self._needs(request))
        except (UnknownActionError, UnresolvedError) as problem:
            self._refuse_unjudged(request, str(problem))
        else:
            self._decide(request.principal, needs, request.service)

    def judge(
        self, principal: Principal, name: str, resource: str, context: contexts.Keys | None = None
    ) -> Decision:
        """Judge one use of a permission that is no call through the server.

        Raises ApiError if it is refused, under the name the action's service gives a refusal.
        """
        if principal.arn is None:
            return Decision(True, (), "the rehearsal's own calls are not judged")
        need = Need(name, resource, context or {})
        return self._decide(principal, [need], name.partition(":")[0])[0]

    def _needs(self, request: ApiRequest) -> Iterator[Need]:
        if parts := items.parts(request):
            for part in parts:
                yield from self._needs(part)
            return
        for resolve in self.deployed.resolvers:
            request = resolve(request)
        if request.service == "s3":
            primary = list(storage.permissions(request, self.place))
        else:
            request = self._with_key(request)
            main = action(action_of(request))
            primary = [(main.name, arn) for arn in resources(request, main, self.place)]
        for name, arn in primary:
            yield self._need(request, action(name), arn)
        if _tags_on_creation(request):
            yield self._need(request, action("sagemaker:AddTags"), primary[0][1])
        for part, arn in known_bedrock.tagging(request, self.place):
            yield self._need(part, action("bedrock:TagResource"), arn)
        yield from self._passing(request, action(primary[0][0]) if primary else None)
        keys = Keys(self.place, self.deployed)
        yield from (Need(*use) for use in keys.used_by(request))

    def _need(self, request: ApiRequest, one: Action, arn: str) -> Need:
        sent = contexts.context(request, one, arn, self.place)
        return Need(one.name, arn, _tags_of(one, arn, self.deployed.tags_of(arn)) | sent)

    def _with_key(self, request: ApiRequest) -> ApiRequest:
        """KMS judges by keys: an alias stands for its key."""
        if request.service != "kms" or "KeyId" not in request.parameters:
            return request
        key = Keys(self.place, self.deployed).arn(str(request.parameters["KeyId"]))
        parameters = {**request.parameters, "KeyId": key}
        return ApiRequest(request.service, request.operation, parameters, request.principal)

    def _passing(self, request: ApiRequest, main: Action | None) -> Iterator[Need]:
        """IAM user guide, "Grant a user permissions to pass a role to an AWS service"."""
        if main is None or main.reads or request.service in ("iam", "sts"):
            return
        service = contexts.service_principal(main.name.partition(":")[0])
        for role in dict.fromkeys(contexts.passed_roles(request.parameters)):
            yield Need("iam:PassRole", role, {"iam:PassedToService": service})

    def _decide(self, principal: Principal, needs: Sequence[Need], service: str) -> list[Decision]:
        questions = [self._question(principal, need) for need in needs]
        try:
            decisions = self.evaluator.evaluate(questions)
        except PolicyEvaluationError as problem:
            decisions = [Decision(False, (), f"it cannot be judged: {problem}")] * len(needs)
        for question, decision in zip(questions, decisions, strict=True):
            self.trace.record(principal, question, decision)
        for question, decision in zip(questions, decisions, strict=True):
            if not decision.allowed:
                raise protocols.access_denied(
                    service, self._refusal(principal, question.action, question.resource, decision)
                )
        return decisions

    def _question(self, principal: Principal, need: Need) -> Request:
        arn = str(principal.arn)
        owner = owner_of(need.resource, self.place, self.deployed)
        role = self.deployed.identities.roles.get(arn)
        everywhere = contexts.everywhere(principal, self.place, ours=owner == self.place.account)
        door, policies = endpoints.passed(need.action, everywhere, self.deployed, self.place)
        return Request(
            principal=arn,
            action=need.action,
            resource=need.resource,
            resource_account=owner,
            context={**everywhere, **door, **need.context},
            identity_policies=tuple(role.policies.values()) if role else (),
            resource_policy=policy_of(need.action, need.resource, owner, self.place, self.deployed),
            # What a service calls on a caller's behalf does not pass through the caller's endpoint.
            vpc_endpoint_policies=() if need.context.get("aws:ViaAWSService") == "true" else policies,
            permission_boundaries=(role.boundary,) if role and role.boundary else (),
        )

    def _refuse_unjudged(self, request: ApiRequest, problem: str) -> None:
        decision = Decision(False, (), f"refused, because {problem}")
        name = action_of(request)
        self.trace.refused(request.principal, name, decision.explanation)
        raise protocols.access_denied(
            request.service, self._refusal(request.principal, name, "(unknown)", decision)
        )

    def _refusal(self, principal: Principal, name: str, resource: str, decision: Decision) -> str:
        who = session_arn(principal, self.place)
        return (
            f"User: {who} is not authorized to perform: {name} on resource: {resource} "
            f"({decision.explanation})"
        )

    def trusts(self, role: str, service: str, context: contexts.Keys) -> Decision:
        """Whether the role's trust policy lets an AWS service assume it. Raises ApiError if not."""
        sent = {"aws:SourceAccount": self.place.account, **context}
        return self._decide(Principal(service), [Need("sts:AssumeRole", role, sent)], "sts")[0]


def session_arn(principal: Principal, place: Place) -> str:
    """How AWS names the caller: a role by its session."""
    arn = str(principal.arn)
    if ":role/" not in arn:
        return arn
    name = arn.rpartition("/")[2]
    return place.arn("sts", f"assumed-role/{name}/{principal.session}", region="")


def _tags_on_creation(request: ApiRequest) -> bool:
    """SageMaker wants the right to tag for tags given on creation (its developer guide, "AddTags")."""
    tagged = request.service == "sagemaker" and bool(request.parameters.get("Tags"))
    return tagged and request.operation != "AddTags"


def _tags_of(one: Action, resource: str, tags: Mapping[str, str]) -> contexts.Keys:
    """Tags that the resource has already, under AWS's key and that of services with one of their own."""
    own = f"{one.name.partition(':')[0]}:ResourceTag"
    found: contexts.Keys = {
        f"{key}/{tag}": value for key in ("aws:ResourceTag", own) for tag, value in tags.items()
    }
    return {key: value for key, value in found.items() if one.sends(key, resource)}
