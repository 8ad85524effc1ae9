"""The time of the rehearsed world: waits jump, and nobody's time passes within another's work."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from rehearsal.api import Place
from rehearsal.clock import Seat, WorldClock
from rehearsal.cloudformation import Engine
from rehearsal.emulator import Emulator

HOUR = 3600.0


@pytest.fixture
def clock() -> Iterator[WorldClock]:
    made = WorldClock()
    yield made
    made.stop()


def started(clock: WorldClock, *works: Callable[[], None]) -> list[threading.Thread]:
    """Workers that have their seats before any of them begins."""

    def working(seat: Seat, work: Callable[[], None]) -> None:
        with seat:
            work()

    seated = [(clock.seat(), work) for work in works]
    threads = [threading.Thread(target=working, args=each, daemon=True) for each in seated]
    for thread in threads:
        thread.start()
    return threads


def test_eight_hours_that_everybody_waits_for_take_an_instant(clock: WorldClock) -> None:
    begun, real = clock.now(), time.monotonic()
    clock.drive(8 * HOUR)
    assert clock.now() - begun >= timedelta(hours=8)
    assert time.monotonic() - real < 5


def test_time_passes_by_itself_while_nobody_waits(clock: WorldClock) -> None:
    before = clock.now()
    time.sleep(0.01)
    assert timedelta(seconds=0.01) <= clock.now() - before < timedelta(seconds=5)


def test_a_moment_that_has_passed_is_not_waited_for(clock: WorldClock) -> None:
    clock.advance_to(clock.now() - timedelta(hours=1))
    clock.drive(0)


def test_sleepers_wake_in_the_order_of_their_moments_and_before_the_one_who_drives(clock: WorldClock) -> None:
    woken: list[tuple[str, int]] = []
    begun = clock.now()

    def sleeper(name: str, *naps: float) -> Callable[[], None]:
        def work() -> None:
            for nap in naps:
                clock.sleep(nap)
                woken.append((name, round((clock.now() - begun).total_seconds() / 60)))

        return work

    threads = started(clock, sleeper("long", 50 * 60), sleeper("short", 600, 600, 600))
    clock.drive(HOUR)
    assert woken == [("short", 10), ("short", 20), ("short", 30), ("long", 50)]
    for thread in threads:
        thread.join(5)


def test_who_sleeps_makes_no_time_pass(clock: WorldClock) -> None:
    awake = threading.Event()
    started(clock, lambda: awake.set() if clock.sleep(HOUR) else None)
    assert not awake.wait(0.3)
    clock.drive(HOUR)
    assert awake.wait(5)


def test_no_hour_passes_within_the_work_of_another(clock: WorldClock) -> None:
    working, finished = threading.Event(), threading.Event()
    took: list[float] = []

    def work() -> None:
        before = clock.now()
        working.set()
        time.sleep(0.3)
        took.append((clock.now() - before).total_seconds())
        finished.set()

    started(clock, work)
    working.wait(5)
    clock.drive(HOUR)
    assert finished.is_set()
    assert took[0] < 60


def test_who_waits_for_others_lets_time_pass(clock: WorldClock) -> None:
    release = threading.Event()

    def work() -> None:
        with clock.idle():
            release.wait(10)

    (thread,) = started(clock, work)
    real = time.monotonic()
    clock.drive(HOUR)
    assert time.monotonic() - real < 5
    release.set()
    thread.join(5)


def test_two_who_drive_share_the_time(clock: WorldClock) -> None:
    begun = clock.now()
    ended: dict[str, float] = {}

    def worker(name: str, seconds: float) -> Callable[[], None]:
        def work() -> None:
            clock.drive(seconds)
            ended[name] = (clock.now() - begun).total_seconds()

        return work

    for thread in started(clock, worker("a", HOUR), worker("b", 2 * HOUR)):
        thread.join(10)
    assert HOUR <= ended["a"] < HOUR + 60
    assert 2 * HOUR <= ended["b"] < 2 * HOUR + 60


def test_an_update_under_way_ends_with_the_account() -> None:
    delay = {"Type": "AWS::SQS::Queue", "Properties": {"DelaySeconds": {"Ref": "Delay"}}}
    parameters = {"Delay": {"Type": "String", "Default": "1"}}
    with Emulator(Place("aws", "eu-west-1", "111122223333")) as emulator:
        engine, api = Engine(emulator), emulator.client("cloudformation")
        engine.apply("ending", {"Parameters": parameters, "Resources": {"Queue": delay}})
        given = [{"ParameterKey": "Delay", "ParameterValue": "2"}]
        api.update_stack(StackName="ending", UsePreviousTemplate=True, Parameters=given)
        (update,) = [thread for thread in threading.enumerate() if thread.name == "stack ending"]
    update.join(10)
    assert not update.is_alive()


def test_a_flag_and_the_end_of_the_account_wake_a_sleeper(clock: WorldClock) -> None:
    flag = threading.Event()
    threading.Timer(0.05, flag.set).start()
    assert not clock.sleep(HOUR, flag)
    threading.Timer(0.05, clock.stop).start()
    assert not clock.sleep(HOUR)
    clock.drive(HOUR)  # nobody is left to wait for
