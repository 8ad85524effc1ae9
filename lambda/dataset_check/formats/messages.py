"""Lists of messages ``{"role", "content"}`` with text as content, as OpenAI's chat form has them."""

from collections.abc import Mapping
from typing import Any

from dataset_check.problem import (
    Judged,
    Problem,
    judge_choice,
    judge_kind,
    judge_list,
    judge_text,
    kind,
)

ROLES = ("system", "user", "assistant")
TURNS = ("user", "assistant")


def judge_messages(
    value: Any, path: str, *, roles: tuple[str, ...] = ROLES, first: str = "user", last: str = "assistant"
) -> Judged:
    """A list of messages: one of the system's at most, in front, then ``first``, in turn, up to ``last``.

    ``roles`` are those that the format knows.
    """
    if problem := judge_list(value, path):
        return problem
    for number, message in enumerate(value):
        if problem := judge_role(message, f"{path}[{number}]", roles) or _judge_content(
            message, f"{path}[{number}]"
        ):
            return problem
    return judge_order([message["role"] for message in value], path, first=first, last=last)


def judge_role(message: Any, path: str, roles: tuple[str, ...]) -> Judged:
    """A message is an object whose role is one of ``roles``."""
    if problem := judge_kind(message, dict, path):
        return problem
    if "role" not in message:
        return Problem(f"{path}.role", "is missing")
    return judge_choice(message["role"], roles, f"{path}.role")


def _judge_content(message: Mapping[str, Any], path: str) -> Judged:
    if "content" not in message:
        return Problem(f"{path}.content", "is missing")
    return judge_text(message["content"], f"{path}.content")


def judge_order(roles: list[str], path: str, *, first: str, last: str) -> Judged:
    """Roles of a conversation: the system's in front, then user and assistant in turn."""
    for number, role in enumerate(roles):
        where, before = f"{path}[{number}].role", roles[number - 1] if number else None
        if role == "system":
            if number:
                return Problem(where, "is 'system': only the first message can be the system's")
        elif before in (None, "system"):
            if role != first:
                behind = " after the system's" if before else ""
                return Problem(where, f"is '{role}': the first message{behind} is of '{first}'")
        elif role == before:
            return Problem(where, f"is '{role}' after '{role}': user and assistant take turns")
    if roles[-1] != last:
        return Problem(f"{path}[{len(roles) - 1}].role", f"is '{roles[-1]}': the last message is of '{last}'")
    return None


def judge_prompt(value: Any, path: str) -> Judged:
    """A prompt: a text, or messages that end with the user's."""
    if isinstance(value, list):
        return judge_messages(value, path, last="user")
    return judge_text_or_messages(value, path)


def judge_answer(value: Any, path: str, prompt: Any) -> Judged:
    """An answer to ``prompt``: of the same kind as the prompt, a text or messages of the assistant."""
    if isinstance(prompt, list) != isinstance(value, list):
        if isinstance(prompt, list):
            return Problem(path, f"must be a list of messages as the prompt is, given {kind(value)}")
        return Problem(path, f"must be a string as the prompt is, given {kind(value)}")
    if isinstance(value, list):
        return judge_messages(value, path, roles=TURNS, first="assistant")
    return judge_text(value, path)


def judge_text_or_messages(value: Any, path: str) -> Judged:
    """A text; what is neither text nor list is told that both are allowed."""
    if not isinstance(value, str):
        return Problem(path, f"must be a string or a list of messages, given {kind(value)}")
    return judge_text(value, path)


def judge_foreign(record: Mapping[str, Any], foreign: tuple[str, ...], name: str) -> Judged:
    """A record of the format ``name`` has none of the fields by which one knows other formats."""
    found = next((field for field in foreign if field in record), None)
    return Problem(found, f"is no field of {name}: a data set holds one format") if found else None
