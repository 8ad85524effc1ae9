"""Decides what is released, and whether it may be: an event is only a hint, the registry is asked again."""

from typing import Any

from release import records
from release.call import AB_TEST, CONFIRM, RELEASE, Call, Work, ended, opened
from release.fitness import Ending, objection, unprepared
from release.identifiers import package_arn
from release.lease import alive, finish, holder, lent, sweep
from release.pausing import refused_while_paused
from release.ports import ConflictError, Package, Record, Write
from release.situation import WAY_BACK_FAILED

ACCEPTED = {
    "release": ("model_package_arn", "version", "recover"),
    "rollback": ("to", "reason"),
    "ab_test": ("version",),
    "lifecycle": ("action", "reason", "by"),
}
"""What the input of an execution may hold, by workflow; workflows add ``Answer`` and ``Error``."""

BRINGS = {RELEASE: "releasing", AB_TEST: "testing"}
"""Workflows that bring a new version to serve, and what they are doing meanwhile."""

MOST_RECOVERIES = 3
"""Executions in a row that take up one release; what they cannot bring to rest is for people."""


def admit(call: Call) -> Work:
    """Accept the release of a version, or say why not. Nothing but the ledger is touched."""
    problem = misread(call)
    if problem:
        return rejected(call, None, records.REFUSED, problem)
    sweep(call)
    if call.input.get("recover"):
        return _recovery(call)
    package = offered(call)
    if not isinstance(package, Package):
        return rejected(call, None, *package)
    insisted = call.input.get("version") is not None
    no = (
        refused_while_paused(call)
        or unprepared(call)
        or already(call, package)
        or objection(call, package, insisted=insisted)
    )
    return rejected(call, package, *no) if no else accepted(call, package, insisted)


def misread(call: Call) -> str:
    """What is wrong with the input of the execution, in words; empty if nothing is."""
    accepted = ACCEPTED[call.workflow]
    unknown = sorted(set(call.input) - {*accepted, "Error", "Answer"})
    if unknown:
        return f"the input has {', '.join(unknown)}; it may have {', '.join(accepted)}"
    version = call.input.get("version")
    if version is not None and (isinstance(version, bool) or not isinstance(version, int) or version < 1):
        return f"the input's version is {version!r}, it must be a whole number from 1"
    if version is not None and call.input.get("model_package_arn") is not None:
        return "the input has both version and model_package_arn; one of them is enough"
    return ""


def already(call: Call, package: Package) -> Ending | None:
    """Whether another execution that lives releases the same version: a duplicate event came."""
    for item in call.world.ledger.history(records.OPEN):
        other = item["execution"] != call.execution and item.get("package") == package.arn
        if other and item["workflow"] in BRINGS and call.world.executions.running(str(item["execution"])):
            return records.NOTHING, f"release {item['release_id']} is {BRINGS[item['workflow']]} it already"
    return None


def offered(call: Call) -> Package | Ending:
    """The version that is asked for, or why there is none."""
    arn = _wanted_version(call)
    if arn is None:
        return records.NOTHING, "no version of the model is approved"
    return call.world.registry.package(arn) or (records.REFUSED, f"{arn} does not exist")


def _wanted_version(call: Call) -> str | None:
    if call.input.get("version") is not None:
        return package_arn(call.serving["PackageGroup"], int(call.input["version"]))
    given = call.input.get("model_package_arn")
    return str(given) if given else call.world.registry.newest_approved()


def accepted(call: Call, package: Package, insisted: bool, **noted: Any) -> Work:
    """Write the intent down, with what is ``noted``; what serves in an earlier environment is confirmed."""
    before = call.serving.get("After")
    accept(call, opened(call, package.arn, package.version, insisted=insisted, **noted))
    known: dict[str, Any] = {
        "Version": package.version,
        "Package": package.arn,
        "ApprovedBy": package.approved_by,
    }
    name = call.model(package.version)
    if before:
        what = "Release it" if call.workflow == RELEASE else "Test it with part of the requests"
        said = f"{name}, approved by {package.approved_by}, served verified in {before}. {what}?"
        return call.reply(CONFIRM, said, **known)
    return call.reply("take_lease", f"{name} is approved and will be released", **known)


def accept(call: Call, intent: Record) -> None:
    """Write down a new intent. From here on it owes a terminal record."""
    index = {key: intent[key] for key in ("release_id", "execution", "package", "workflow")}
    release = call.release_id
    try:
        call.world.ledger.write(
            [
                Write(records.intent(release), intent, absent=True),
                Write(records.still_open(release), index, absent=True),
            ]
        )
    except ConflictError:
        # A write whose answer was lost: the intent is there.
        intent = call.world.ledger.read(records.intent(release)) or intent
    call.intent = intent


def rejected(call: Call, package: Package | None, outcome: str, message: str) -> Work:
    """The answer to what was not accepted: it owes no record, and changes none."""
    known = {"version": package.version, "package": package.arn} if package else {}
    return ended(call, {"outcome": outcome, "message": message, **known})


def _recovery(call: Call) -> Work:
    """Take up what an execution left that is gone."""
    lease = call.world.ledger.read(records.LEASE)
    who = holder(lease)
    if lease is None or not who or lent(lease) or who == call.execution or alive(call, lease):
        return rejected(call, None, records.NOTHING, "nothing was left behind")
    left = call.world.ledger.read(records.intent(str(lease["release_id"]))) or {}
    depth = int(left.get("depth", 0)) + 1
    if depth > MOST_RECOVERIES or _for_people(call, left):
        return rejected(call, None, records.NOTHING, f"release {lease['release_id']} is left to people")
    kept = ("target", "stopped", "replaced", "insisted", "action", "paused_before", "reason")
    more = {key: left[key] for key in kept if key in left}
    dead = {"release_id": lease["release_id"], **{k: left.get(k) for k in ("ending", "outcome", "workflow")}}
    package, version = str(left.get("package", "")), left.get("version")
    accept(call, opened(call, package, version, recovers=dead, depth=depth, **more))
    known: dict[str, Any] = {"Version": version, "Package": package}
    return call.reply("take_lease", f"takes up release {lease['release_id']}, which broke off", **known)


def _for_people(call: Call, left: Record) -> bool:
    """Whether people were told already that the stack needs them."""
    stack = call.world.stack.describe()
    return bool(left.get("outcome")) and stack is not None and stack.status == WAY_BACK_FAILED


def confirmed(call: Call) -> Work:
    """Note who confirmed; who answered no has declined."""
    answer = call.input.get("Answer") or {}
    if answer.get("Confirmed") is not True:
        return declined(call)
    by = str(answer.get("By", "unknown"))
    return call.reply(
        "take_lease", f"{call.model(call.work['Version'])} was confirmed by {by}", ConfirmedBy=by
    )


def declined(call: Call) -> Work:
    """End a release that nobody wanted in time, or somebody did not want."""
    answer = call.input.get("Answer") or {}
    by = answer.get("By")
    why = f"was declined by {by}" if by else "was not confirmed in time"
    how = "ab-test" if call.workflow == AB_TEST else "release"
    hint = call.command(how, VERSION=call.record()["version"])
    return finish(
        call, records.DECLINED, f"{call.model(call.record()['version'])} {why}; to offer it again: {hint}"
    )
