"""Judges requests in one process for all tests of a run: to start it takes longer than most answers."""

import atexit
from functools import cache

from tools.policy_evaluator import Session


@cache
def evaluator() -> Session:
    """The evaluator, until the run of tests ends."""
    session = Session()
    atexit.register(session.close)
    return session
