"""What a retired model leaves behind, and how each of it is removed: told when it is retired."""

from release.call import Call


def remaining(call: Call) -> str:
    """One line for each thing that remains: what it is, where, and the command that removes it.

    What there is, in which order it can go, was compiled into the workflow (mlplatform.workflows.remaining).
    """
    listed = call.event.get("Remains") or ()
    lines = [f"- {one['What']} ({one['Where']}): {one['Remove']}" for one in listed]
    return "\n".join(["What remains, in the order in which it can be removed:", *lines]) if lines else ""
