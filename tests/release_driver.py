"""What the state machines of a release do, which is little: call a step, wait, call the next one."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from release_world import MACHINE, Account, DiedError, ThrottledError

from release import flow
from release.ports import ConflictError

RETRIES = 2
FIRST = {"release": "admit", "lifecycle": "plan_lifecycle", "ab_test": "admit_challenger", "upkeep": "upkeep"}
REMAINS = [{"What": "the history", "Where": "the ledger", "Remove": "aws dynamodb delete-item"}]
TOLD = (("lifecycle", "record_pause"), ("release", "record"))
"""Steps that are told what remains of a retired model."""
TESTING = ("shift", "observe", "weigh", "promote")
FAILURES = 3
"""Failed steps after which a workflow only explains what failed."""


@dataclass(repr=False)
class Execution:
    """One execution of ``release`` or ``rollback``. ``following`` is the step to call at ``due``."""

    account: Account
    workflow: str
    arn: str
    input: dict[str, Any]
    following: str
    started: str
    due: float
    work: dict[str, Any] = field(default_factory=dict)
    failures: int = 0
    rang: bool = False
    """Whether an alarm was in ALARM when the present step began, and the endpoint could be changed."""
    steps: int = 0
    path: list[str] = field(default_factory=list)
    confirmation_until: float | None = None
    retry_after: float = 0
    """Seconds until a failed call is repeated: a function may time out first."""

    def __repr__(self) -> str:
        return f"<{self.arn.rpartition('-')[2]}: {self.following}>"

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self.account.running[self.arn]

    @property
    def outcome(self) -> str:
        """What it ended with; empty while it runs or if it died."""
        return str(self.work.get("Outcome", "")) if self.following == "end" else ""

    def step(self, **more: Any) -> None:
        """Let the time come that it waits for, and call the next step, as often as it is retried."""
        account = self.account
        account.now = max(account.now, self.due)
        for attempt in range(RETRIES + 1):
            account.calls, account.actor = 0, self.arn
            account.settle()
            self.rang = account.rings() and not account.update and not account.change
            try:
                answer = flow.run(self._event(more), account.world())
                if self.alive:  # else somebody stopped the execution meanwhile
                    self._answered(answer)
            except DiedError:
                account.running[self.arn] = False
            except (ThrottledError, ConflictError) as error:
                if attempt == RETRIES or isinstance(error, ConflictError):
                    self._failed(type(error).__name__, str(error))
                    break
                account.now += self.retry_after
                continue
            break
        account.fault, account.interrupt, account.actor = None, None, ""

    def _event(self, more: dict[str, Any]) -> dict[str, Any]:
        given = {**self.input, **more, **({"Error": self.error} if self.following == "give_up" else {})}
        return {
            "Step": self.following,
            "Workflow": self.workflow,
            "Execution": {"Id": self.arn, "Name": self.arn.rpartition(":")[2], "StartTime": self.started},
            "Now": self.account.clock,
            "Input": given,
            "Work": self.work,
            "Serving": self.account.serving,
            **({"Remains": REMAINS} if (self.workflow, self.following) in TOLD else {}),
        }

    error: dict[str, str] = field(default_factory=dict)

    def straggle(self) -> None:
        """A call that was under way when the execution ended goes on: StopExecution ends no function."""
        self.account.actor = self.arn
        with suppress(ThrottledError, DiedError, ConflictError):
            flow.run(self._event({}), self.account.world())
        self.account.actor = ""

    def _answered(self, work: dict[str, Any]) -> None:
        self._judged(self.following, work["Next"])
        self.path.append(self.following)
        self.steps += 1
        self.work, self.following = work, work["Next"]
        self.due = self.account.now + work["Seconds"]
        if self.following == "end":
            assert work["Outcome"], work
            self.account.running[self.arn] = False
        if self.following == "confirm":
            self.confirmation_until = self.account.now + 72 * 3600

    def _judged(self, step: str, following: str) -> None:
        """A test that looked while an alarm rang has sent the requests back in that very step."""
        account = self.account
        if step == following == "observe" and not (account.change or account.update):
            weights = account.items[f"release#{self.work['ReleaseId']}"]["weights"]
            if self.alive and account.weights != weights:
                account.violations.append(f"the endpoint has {account.weights}, the ledger {weights}")
        looked = self.workflow == "ab_test" and step in TESTING and following != "end"
        if looked and self.rang and account.exposed:
            account.violations.append(f"an alarm rang in {step}, and the challenger still gets requests")
        if looked and self.rang and following in (*TESTING, "roll_out"):
            account.violations.append(f"an alarm rang in {step}, and {following} follows")

    def _failed(self, error: str, cause: str) -> None:
        self.error = {"State": self.following, "Error": error, "Cause": cause}
        self.failures += 1
        by_clock = self.workflow == "upkeep"
        if self.following == "give_up" or self.failures > FAILURES or by_clock:
            self.account.running[self.arn] = False
        else:
            self.following = "give_up"

    def answer(self, confirmed: bool, by: str = "bob") -> None:
        """What a person says, or the time when nobody says anything (``by`` is empty)."""
        if not by and self.confirmation_until is not None:
            self.due = self.confirmation_until
        self.following = "confirmed" if confirmed else "declined"
        self.step(Answer={"Confirmed": confirmed, "By": by})


@dataclass(repr=False)
class Operator:
    """Starts executions, and the recovery of those that did not end by themselves."""

    account: Account
    executions: list[Execution] = field(default_factory=list)
    recovered: set[str] = field(default_factory=set)

    def start(self, workflow: str, **given: Any) -> Execution:
        """Start a workflow; nothing is called yet."""
        account = self.account
        arn = f"{MACHINE}-{workflow}:{len(self.executions) + 1}"
        account.running[arn] = True
        first = FIRST.get(workflow, "plan")
        if given.get("action") in ("pause", "retire"):
            account.pauses.add(arn)
        begun = Execution(account, workflow, arn, given, first, account.clock, account.now)
        self.executions.append(begun)
        return begun

    def release(self, **given: Any) -> Execution:
        """Start a release and let it end."""
        return self.finish(self.start("release", **given))

    def ab_test(self, **given: Any) -> Execution:
        """Start an A/B test and let it end."""
        return self.finish(self.start("ab_test", **given), limit=3000)

    def rollback(self, **given: Any) -> Execution:
        """Start a rollback and let it end."""
        return self.finish(self.start("rollback", **given))

    def lifecycle(self, action: str, **given: Any) -> Execution:
        """Pause, resume or retire, and let it end."""
        return self.finish(self.start("lifecycle", action=action, **given))

    def upkeep(self) -> Execution:
        """Have the clock call."""
        return self.finish(self.start("upkeep"))

    def finish(self, execution: Execution, limit: int = 600) -> Execution:
        """Let one execution end by itself; a confirmation is given."""
        while execution.alive:
            execution.steps < limit or self._stuck(execution)
            execution.answer(True) if execution.following == "confirm" else execution.step()
        return execution

    def _stuck(self, execution: Execution) -> None:
        raise AssertionError(f"{execution.arn} does not end: {execution.path[-20:]} {execution.work}")

    def settle(self, limit: int = 3000) -> None:
        """Let everything end: an event starts the recovery of each execution that failed or was stopped."""
        for _ in range(limit):
            alive = [each for each in self.executions if each.alive and each.following != "confirm"]
            if alive:
                min(alive, key=lambda each: each.due).step()
                continue
            waiting = [each for each in self.executions if each.alive]
            if waiting:
                waiting[0].answer(True)
                continue
            dead = [each for each in self.executions if each.arn not in self.recovered and _ended_badly(each)]
            if not dead:
                break
            self.recovered.add(dead[0].arn)
            self.start("release", recover=dead[0].arn)
        else:
            raise AssertionError(
                [(e.arn, e.path[-6:], e.work.get("Message")) for e in self.executions if e.alive]
            )
        if self.account.update:
            self.account.now = self.account.update.ends + 2000
            self.account.settle()
            self.account.settle()


def _ended_badly(execution: Execution) -> bool:
    good = ("released", "nothing_to_do", "superseded", "declined", "paused", "resumed", "retired")
    # Of what the clock calls no event comes.
    return not execution.alive and execution.outcome not in good and execution.workflow != "upkeep"
