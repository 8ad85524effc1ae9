"""How a message says what is wrong."""


def sentence(what: str, *, given: object = None, allowed: object = None) -> str:
    """What is wrong, what was given and what is allowed, in one line."""
    parts = [what]
    if given is not None:
        parts.append(f"given {given}")
    if allowed is not None:
        parts.append(f"allowed: {allowed}")
    return ", ".join(parts)
