"""The policy evaluator as a session: one process for many questions."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tools.policy_evaluator import PolicyEvaluationError, Request, Session, evaluate

HERE = "111122223333"
OBJECT = "arn:aws:s3:::acme-dev-data/raw/a.csv"


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    session = Session()
    yield session
    session.close()


def asked(policy: dict[str, Any], action: str = "s3:GetObject", resource: str = OBJECT) -> Request:
    return Request(
        f"arn:aws:iam::{HERE}:role/acme/dev/job/train", action, resource, HERE, identity_policies=[policy]
    )


def reads(*resources: str) -> dict[str, Any]:
    statement = {"Sid": "Read", "Effect": "Allow", "Action": "s3:GetObject", "Resource": list(resources)}
    return {"Version": "2012-10-17", "Statement": [statement]}


def test_a_session_decides_as_a_batch_does(session: Session) -> None:
    requests = [asked(reads(OBJECT)), asked(reads(f"{OBJECT}x")), asked(reads("*"), "s3:PutObject")]
    assert session.evaluate(requests) == evaluate(requests)
    assert [decision.allowed for decision in session.evaluate(requests)] == [True, False, False]


def test_a_policy_that_changes_in_place_is_judged_as_it_is(session: Session) -> None:
    policy = reads(OBJECT)
    assert session.evaluate([asked(policy)])[0].allowed
    policy["Statement"][0]["Resource"] = ["arn:aws:s3:::acme-dev-other/*"]
    assert not session.evaluate([asked(policy)])[0].allowed


def test_a_question_that_cannot_be_judged_does_not_end_the_session(session: Session) -> None:
    with pytest.raises(PolicyEvaluationError, match="there is no such action"):
        session.evaluate([asked(reads("*"), "s3:Dream")])
    assert session.evaluate([asked(reads("*"))])[0].allowed


def test_threads_get_each_their_own_answers(session: Session) -> None:
    policies = [reads(OBJECT if number % 2 else f"{OBJECT}{number}") for number in range(40)]
    with ThreadPoolExecutor(8) as pool:
        decisions = list(pool.map(lambda policy: session.evaluate([asked(policy)])[0].allowed, policies))
    assert decisions == [bool(number % 2) for number in range(40)]


def test_a_decision_takes_a_few_milliseconds(session: Session) -> None:
    def seconds(number: int) -> float:
        begun = time.perf_counter()
        session.evaluate([asked(reads("*"), resource=f"{OBJECT}{number}")])
        return time.perf_counter() - begun

    assert min(seconds(number) for number in range(20)) < 0.01


def test_a_closed_session_answers_nothing() -> None:
    session = Session()
    session.close()
    with pytest.raises(PolicyEvaluationError, match="the evaluator is closed"):
        session.evaluate([asked(reads("*"))])
