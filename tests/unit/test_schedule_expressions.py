"""Schedules that EventBridge Scheduler would refuse are refused at once."""

import pytest

from mlplatform.schedule_expressions import problem

TAKEN = (
    "rate(1 minute)",
    "rate(5 hours)",
    "rate(30 days)",
    "cron(0 3 1 * ? *)",
    "cron(15 10 ? * MON-FRI *)",
    "cron(0/15 8-17 ? * 2,4,6 2026-2030)",
    "cron(0 10 ? * 6L 2026)",
    "cron(0 10 ? * FRI#3 *)",
    "cron(0 10 LW * ? *)",
    "cron(0 10 L-2 JAN,jul ? *)",
    "cron(*/5 10 15W 1-6/2 ? *)",
)
REFUSED = {
    "": "malformed",
    "0 3 * * *": "malformed",
    "at(2026-11-20T13:00:00)": "malformed",
    "rate(0 days)": "a rate of 0",
    "rate(1 days)": "a rate of 1 days",
    "rate(2 day)": "a rate of 2 day",
    "rate(1 week)": "malformed",
    "cron(0 3 * * ?)": "5 fields",
    "cron(0 3  * * ? *)": "7 fields",
    "cron(0 3 * * * *)": "day of month and day of week cannot both be given, one of them is `?`",
    "cron(0 3 ? * ? *)": "day of month and day of week cannot both be given, one of them is `?`",
    "cron(60 3 * * ? *)": "'60' is no minutes",
    "cron(0 -1 * * ? *)": "'-1' is no hours",
    "cron(0 3 32 * ? *)": "'32' is no day of month",
    "cron(0 3 L-40 * ? *)": "'L-40' is no day of month",
    "cron(0 3 * 13 ? *)": "'13' is no month",
    "cron(0 3 * JANUARY ? *)": "'JANUARY' is no month",
    "cron(0 3 ? * 8 *)": "'8' is no day of week",
    "cron(0 3 ? * FRI#6 *)": "'FRI#6' is no day of week",
    "cron(0 3 ? * 1-2-3 *)": "'1-2-3' is no day of week",
    "cron(0 3 * * ? 1969)": "'1969' is no year",
    "cron(0/0 3 * * ? *)": "'0/0' is no minutes",
    "cron(0, 3 * * ? *)": "'0,' is no minutes",
    "cron(? 3 * * ? *)": "'?' is no minutes",
}


@pytest.mark.parametrize("expression", TAKEN)
def test_an_expression_of_the_user_guide_is_taken(expression: str) -> None:
    assert problem(expression) is None


@pytest.mark.parametrize(("expression", "why"), REFUSED.items())
def test_an_expression_that_means_nothing_is_refused(expression: str, why: str) -> None:
    assert problem(expression) == why
