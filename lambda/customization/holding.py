"""Keeps a version from being approved before its gate has judged it.

SageMaker registers a version as soon as the job has made it, awaiting approval. Until it was measured it is
rejected: the console and `list-model-packages` show why, and nobody finds it among those that wait.
"""

from customization.call import Call

UNMEASURED = "Not measured yet: its gate has not judged it"

MOST_DESCRIPTION = 1024
"""Characters of ApprovalDescription (SageMaker API)."""


def hold(call: Call, package: str) -> None:
    """Take a version that was made, and perhaps approved, out of what can be released."""
    why = f"{UNMEASURED} (run {call.run_id}, {call.execution})"
    call.world.versions.update(package, **decided("Rejected", why))


def decided(status: str, why: str) -> dict[str, str]:
    """Members of UpdateModelPackage that say what became of a version, and why; a long reason is cut."""
    plain = " ".join(why.split())
    short = plain if len(plain) <= MOST_DESCRIPTION else f"{plain[: MOST_DESCRIPTION - 1]}…"
    return {"ModelApprovalStatus": status, "ApprovalDescription": short}
