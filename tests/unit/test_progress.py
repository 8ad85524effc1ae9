"""What people see of an execution: its steps, and rounds of polling as one line."""

import io
from collections.abc import Iterator

import pytest
from state_machines import Account, account

from tools.executions import follow
from tools.progress import SILENCE_SECONDS, Progress, Screen, duration


class Terminal(io.StringIO):
    """A stream that a person looks at."""

    def isatty(self) -> bool:
        return True


def told(*states: tuple[str, str, float, float]) -> tuple[list[str], list[str]]:
    """Lines that stay, and those that pass, for states by kind, name, beginning and end."""
    stay: list[str] = []
    passing: list[str] = []
    progress = Progress(stay.append, passing.append)
    for state in states:
        progress.state(*state)
    progress.close()
    return stay, passing


def rounds(count: int, step: str, start: float = 0) -> Iterator[tuple[str, str, float, float]]:
    """Waits of a minute and a look of a second after each."""
    for number in range(count):
        begun = start + 61 * number
        yield ("Wait", "Wait", begun, begun + 60)
        yield ("Task", step, begun + 60, begun + 61)
        yield ("Choice", "What is next?", begun + 61, begun + 61)


def test_rounds_of_polling_are_one_line_with_how_often_and_how_long() -> None:
    stay, passing = told(("Task", "Start", 0, 0.1), *rounds(30, "Follow", 1), ("Task", "Judge", 1831, 1833))
    assert stay == [
        "  0:00  Start                            0.1 s",
        " 30:31  Wait -> Follow                  30 min  ×30",
        " 30:33  Judge                            2.0 s",
    ]
    assert passing[1] == f"  2:03  {'Wait -> Follow':<28}     2 min  ×2"
    assert len(passing) == 30


def test_another_step_after_the_wait_begins_another_line() -> None:
    stay, _ = told(*rounds(2, "Follow"), *rounds(1, "Follow evaluations", 122))
    assert stay == [
        "  2:02  Wait -> Follow                   2 min  ×2",
        "  3:03  Wait -> Follow evaluations      61.0 s",
    ]


def test_a_wait_that_nothing_comes_after_is_told_all_the_same() -> None:
    stay, _ = told(("Wait", "Wait", 0, 60), ("Wait", "Later", 60, 90))
    assert [line.split()[1] for line in stay] == ["Wait", "Later"]


def test_a_failed_attempt_stands_between_what_came_before_and_after() -> None:
    stay: list[str] = []
    progress = Progress(stay.append)
    for state in rounds(2, "Follow"):
        progress.state(*state)
    progress.note("  2:02  attempt failed: ServiceFault")
    progress.state("Task", "Stop", 122, 123)
    assert [line.split("  ")[-1].strip() for line in stay] == ["×2", "attempt failed: ServiceFault", "1.0 s"]


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.04, "0.0 s"), (119.94, "119.9 s"), (120, "2 min"), (7199, "2 h 0 min"), (9000, "2 h 30 min")],
)
def test_a_duration_is_told_as_people_say_it(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown


def test_a_terminal_writes_over_what_still_goes_on() -> None:
    stream = Terminal()
    screen = Screen(stream)
    screen.passing("one")
    screen.passing("two")
    screen("three")
    assert stream.getvalue() == "\r\x1b[2Kone\r\x1b[2Ktwo\r\x1b[2Kthree\n"


def test_a_log_hears_of_what_goes_on_before_it_was_silent_for_too_long() -> None:
    clock, stream = [0.0], io.StringIO()
    screen = Screen(stream, lambda: clock[0])
    for number in range(1, 5):
        clock[0] += SILENCE_SECONDS / 2
        screen.passing(str(number))
    assert stream.getvalue() == "2\n4\n"


@pytest.fixture(scope="module")
def here() -> Iterator[Account]:
    with account() as made:
        yield made


def test_an_execution_that_polls_is_followed_in_few_lines(here: Account) -> None:
    states = {
        "Begin": {"Type": "Pass", "Assign": {"left": 3}, "Next": "Wait"},
        "Wait": {"Type": "Wait", "Seconds": 60, "Next": "Look"},
        "Look": {"Type": "Pass", "Assign": {"left": "{% $left - 1 %}"}, "Next": "Is it over?"},
        "Is it over?": {
            "Type": "Choice",
            "Choices": [{"Condition": "{% $left > 0 %}", "Next": "Wait"}],
            "Default": "Done",
        },
        "Done": {"Type": "Succeed"},
    }
    machine = here.create(states, role=here.everything)
    execution = here.client.start_execution(stateMachineArn=machine)["executionArn"]
    lines: list[str] = []
    ended = follow(here.client, execution, lines.append, poll_seconds=0.05)
    assert ended.succeeded
    assert [line[8:36].rstrip() for line in lines] == ["Begin", "Wait -> Look", "Done"]
    assert lines[1].endswith("3 min  ×3")
