"""What only shows when all environments are seen together."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence

from mlplatform.settings import release_order
from mlplatform.settings.environment import Environment
from mlplatform.settings.neighbours import Neighbours
from mlplatform.settings.problems import Problem
from mlplatform.settings.source import Document

Read = Sequence[tuple[Document, Environment]]


def neighbours(
    environment: Environment, every: Sequence[Environment], serving: Collection[str] = ()
) -> Neighbours:
    """The environments around ``environment``, out of ``every`` one; ``between`` has found nothing wrong.

    ``serving`` are the names of those in which some model has an endpoint.
    """
    there = [e for e in every if _place(e) == _place(environment)]
    owner = next(e for e in there if e.owns_account)
    registry = next((e for e in every if e.name == environment.registry.environment), environment)
    consumers = [e for e in every if e.registry.environment == environment.name and e is not environment]
    return Neighbours(
        owner=owner.names,
        account=tuple(e.names for e in there),
        registry=registry.names,
        consumers=tuple(e.names for e in consumers),
        adopted=frozenset(owner.already_in_account),
        qualifiers=tuple(sorted({e.deployment.qualifier for e in there})),
        before=next((e.names for e in every if e.name == environment.release.after), None),
        followers=tuple(e.names for e in every if e.release.after == environment.name),
        sharing=tuple(
            e.names for e in every if release_order.registry(e) == release_order.registry(environment)
        ),
        listeners=tuple(e.names for e in consumers if e.release.on_approval and e.name in serving),
        serving=frozenset(serving),
    )


def between(read: Read, *, complete: bool) -> Iterator[Problem]:
    """Problems between environments; ``complete`` says whether every file could be read."""
    yield from _same_names(read)
    yield from _trails(read)
    yield from _providers(read)
    yield from _idle_pipelines(read)
    if complete:
        yield from _owners(read)
        yield from _registries(read)
        yield from release_order.problems(read)


def _place(environment: Environment) -> tuple[str, str]:
    return environment.account, environment.region


def _same_names(read: Read) -> Iterator[Problem]:
    """Policies and people know what is whose by how its name begins."""
    taken: dict[str, dict[str, str]] = defaultdict(dict)
    for document, environment in read:
        start = f"{environment.name_prefix}-{environment.name}-"
        known = taken[environment.account]
        other = next((s for s in known if s.startswith(start) or start.startswith(s)), None)
        if other is not None:
            what = f"names in account {environment.account} would start with {start[:-1]!r}"
            clash = f"and those of {known[other]} with {other[:-1]!r}, so that one holds the other's"
            same = f"as those of {known[other]}"
            given = f"given {environment.name_prefix!r}, allowed: another prefix"
            problem = f"{what} {same if other == start else clash}, {given}"
            yield document.problem(("name_prefix",), problem)
        known.setdefault(start, document.file)


def _trails(read: Read) -> Iterator[Problem]:
    trails: dict[str, str] = {}
    for document, environment in read:
        if environment.audit.cloudtrail != "all_events":
            continue
        other = trails.setdefault(environment.account, document.file)
        if other != document.file:
            what = f"account {environment.account} already has the trail of {other}"
            yield document.problem(
                ("audit", "cloudtrail"), f"{what}, given all_events, allowed: data_events, organization"
            )


def _providers(read: Read) -> Iterator[Problem]:
    """IAM is global: an OIDC provider exists once per account and issuer, whatever the region."""
    providers: dict[tuple[str, str], str] = {}
    for document, environment in read:
        if not environment.owns_account or environment.ci is None:
            continue
        if "oidc_provider" in environment.already_in_account:
            continue
        other = providers.setdefault((environment.account, environment.ci.issuer_url), document.file)
        if other != document.file:
            what = f"account {environment.account} already has the OIDC provider of {other}"
            allowed = "given nothing, allowed: already_in_account: [oidc_provider]"
            yield document.problem(("already_in_account",), f"{what}, {allowed}")


def _idle_pipelines(read: Read) -> Iterator[Problem]:
    """Only the owner of an account has deployment roles; they deploy every environment there."""
    for document, environment in read:
        if environment.ci is not None and not environment.owns_account:
            what = "does not go without owns_account: true, given settings, allowed: in the account's owner"
            yield document.problem(("ci",), what)


def _owners(read: Read) -> Iterator[Problem]:
    places = defaultdict(list)
    for document, environment in read:
        places[_place(environment)].append((document, environment))
    for (account, region), there in places.items():
        owners = [document for document, environment in there if environment.owns_account]
        where = f"account {account} in {region}"
        if not owners:
            files = " or ".join(document.file for document, _ in there)
            what = f"nobody owns {where}, given nothing, allowed: `owns_account: true` in {files}"
            yield there[0][0].problem(("owns_account",), what)
        for document in owners[1:]:
            what = f"{where} is owned by {owners[0].file}, given true, allowed: false"
            yield document.problem(("owns_account",), what)


def _registries(read: Read) -> Iterator[Problem]:
    known = {environment.name: environment for _, environment in read}
    for document, environment in read:
        wanted = environment.registry.environment
        if wanted in (None, environment.name):
            continue
        if environment.training:
            what = f"models are registered where they are trained, and here in {wanted}"
            yield document.problem(("training",), f"{what}, given true, allowed: false")
        path = ("registry", "environment")
        keepers = [e.name for e in known.values() if e.keeps_registry and e.region == environment.region]
        allowed = f"given {wanted!r}, allowed: {', '.join(keepers) or 'none, its own'}"
        if wanted not in known:
            yield document.problem(path, f"no such environment, {allowed}")
        elif not known[wanted].keeps_registry:
            yield document.problem(path, f"uses the registry of another environment itself, {allowed}")
        elif known[wanted].region != environment.region:
            what = "lies in another region, and endpoints take artifacts of their own only"
            yield document.problem(path, f"{what}, {allowed}")
        elif known[wanted].account != environment.account and environment.registry.artifacts_key_arn is None:
            what = f"is missing, allowed: the artifacts key of {wanted}, its stack's output ArtifactsKeyArn"
            yield document.problem(("registry", "artifacts_key_arn"), what)
        elif (key := environment.registry.artifacts_key_arn) and key.split(":")[4] != known[wanted].account:
            what = f"a key of another account than {wanted}, given {key!r}"
            yield document.problem(
                ("registry", "artifacts_key_arn"), f"{what}, allowed: a key of {known[wanted].account}"
            )
