"""Rules of composite alarms (Amazon CloudWatch user guide, "Create a composite alarm")."""

import re
from collections.abc import Callable, Iterator

from rehearsal.api import ApiError

_TOKEN = re.compile(
    r"""\s*(?:(?P<word>AND|OR|NOT|TRUE|FALSE|\(|\))(?![\w-])"""
    r"""|(?P<state>ALARM|OK|INSUFFICIENT_DATA)\(\s*(?P<quote>["']?)(?P<alarm>.+?)(?P=quote)\s*\))""",
    re.IGNORECASE,
)


def alarms_in(rule: str) -> list[str]:
    """Names of the alarms a rule speaks of; ARNs stand for the names at their end."""
    return [token[1] for token in _tokens(rule) if isinstance(token, tuple)]


def holds(rule: str, state_of: Callable[[str], str]) -> bool:
    """Whether a rule holds with the states that alarms have. ApiError ValidationError for what is none."""
    tokens = list(_tokens(rule))
    found = _either(tokens, state_of)
    if tokens:
        raise ApiError("ValidationError", f"AlarmRule must be a valid expression: {rule}")
    return found


Token = str | tuple[str, str]


def _tokens(rule: str) -> Iterator[Token]:
    place = 0
    text = rule.rstrip()
    while place < len(text):
        found = _TOKEN.match(text, place) or re.compile(r"\s*(?P<word>[()])").match(text, place)
        if found is None:
            raise ApiError("ValidationError", f"AlarmRule must be a valid expression: {rule}")
        place = found.end()
        groups = found.groupdict()
        if groups.get("state"):
            yield groups["state"].upper(), str(groups["alarm"]).rpartition(":alarm:")[2]
        else:
            yield str(groups["word"]).upper()


def _either(tokens: list[Token], state_of: Callable[[str], str]) -> bool:
    found = _both(tokens, state_of)
    while tokens and tokens[0] == "OR":
        tokens.pop(0)
        other = _both(tokens, state_of)
        found = found or other
    return found


def _both(tokens: list[Token], state_of: Callable[[str], str]) -> bool:
    found = _one(tokens, state_of)
    while tokens and tokens[0] == "AND":
        tokens.pop(0)
        other = _one(tokens, state_of)
        found = found and other
    return found


def _one(tokens: list[Token], state_of: Callable[[str], str]) -> bool:
    if not tokens:
        raise ApiError("ValidationError", "AlarmRule must be a valid expression: it ends too early")
    token = tokens.pop(0)
    if isinstance(token, tuple):
        return state_of(token[1]) == token[0]
    if token == "NOT":
        return not _one(tokens, state_of)
    if token == "(":
        found = _either(tokens, state_of)
        if not tokens or tokens.pop(0) != ")":
            raise ApiError("ValidationError", "AlarmRule must be a valid expression: a bracket stays open")
        return found
    if token in ("TRUE", "FALSE"):
        return token == "TRUE"
    raise ApiError("ValidationError", f"AlarmRule must be a valid expression: unexpected {token}")
