"""The judgement of a shadow, as a step: asks for the measurements, and keeps the report."""

from typing import Any

from release import records
from release.call import Call, Work
from release.follow import bake
from release.identifiers import NONE
from release.judge import Verdict, judge, queries
from release.lease import hold
from release.measurements import PERIOD_SECONDS
from release.report import html, markdown
from release.report_sections import Context
from release.route import go_on, settle
from release.situation import Situation, look
from release.updates import refusal
from release.waiting import wait

MOST_BAKES = 2
"""Times that a bake is begun anew because the endpoint got another configuration in the meantime."""


def judge_shadow(call: Call) -> Work:
    """Compare the variants; only a pass goes on. The shadow is turned off whatever the verdict."""
    now = look(call.world)
    if now.stuck:
        return go_on(call)
    if now.busy or now.moving:
        return wait(call, now, following="judge")
    hold(call, "judge")
    no = refusal(call, "roll_out")
    if no:
        return settle(call, *no)
    if (
        now.differences()
        or now.shadow == NONE
        or (now.endpoint and now.endpoint.config != call.work["Config"])
    ):
        return _spoiled(call, now)
    flapping = _flapping(call, now)
    verdict, report = _judged(call, now, flapping)
    call.work = {**call.work, "Report": report}
    window = {"start": str(call.work["BakeStart"]), "end": call.now}
    if verdict.outcome == "inconclusive" and not call.work.get("Longer"):
        return _once_more(call, now, verdict, flapping)
    return _decided(call, verdict, {**window, "report": report, "verdict": verdict.as_json()})


def _once_more(call: Call, now: Situation, verdict: Verdict, flapping: bool) -> Work:
    """Bake a second time; what was disturbed would be so in a longer window, too, and is left out."""
    if flapping:
        call.work = {**call.work, "BakeStart": call.now}
    said = f"bakes once more, nothing was shown yet: {verdict.summary}"
    return bake(call, now, said, bakes=int(call.work["Bakes"]), longer=1)


def _spoiled(call: Call, now: Situation) -> Work:
    """The fleets are not those that began to bake: they are compared at the same age, or not at all."""
    bakes = int(call.work.get("Bakes", 0)) + 1
    name = call.model(call.record()["version"])
    if bakes > MOST_BAKES:
        return settle(
            call, records.REJECTED, f"{name} could not be judged: the endpoint changed {bakes} times."
        )
    if now.differences() or now.shadow == NONE:
        call.work = {**call.work, "Bakes": bakes}
        return go_on(call)
    return bake(call, now, "the endpoint changed during the bake; it begins anew", bakes=bakes, longer=0)


def _flapping(call: Call, now: Situation) -> bool:
    """Whether an alarm of the release is in ALARM, or was at any time of the bake."""
    metrics, prefix = call.world.metrics, alarm_prefix(call, now)
    if "ALARM" in metrics.alarms(prefix).values():
        return True
    return bool(metrics.alarm_changes(prefix, str(call.work["BakeStart"]), call.now))


def _judged(call: Call, now: Situation, flapping: bool) -> tuple[Verdict, str]:
    start = str(call.work["BakeStart"])
    series = call.world.metrics.series(queries(call.serving), start, call.now, PERIOD_SECONDS)
    verdict = judge(call.serving["Shadow"], series, flapping=flapping)
    context = _context(call, now, start, series)
    number = f"{int(call.work.get('Bakes', 0))}{int(call.work.get('Longer', 0))}"
    keep, folder = call.world.reports.keep, call.release_id
    keep(f"{folder}/report-{number}.md", markdown(verdict, context), "text/markdown")
    return verdict, keep(f"{folder}/report-{number}.html", html(verdict, context), "text/html")


def _context(call: Call, now: Situation, start: str, series: dict[str, list[Any]]) -> Context:
    links = call.serving.get("Links", {})
    return {
        "Model": call.serving["Model"],
        "Environment": call.serving["Environment"],
        "Endpoint": call.serving["Endpoint"],
        "ReleaseId": call.release_id,
        "ProductionVersion": str(now.live["version"]) if now.live else "",
        "ShadowVersion": str(call.record()["version"]),
        "Start": start,
        "End": call.now,
        "Series": series,
        "Links": {name: address for name, address in links.items() if address},
    }


def alarm_prefix(call: Call, now: Situation) -> str:
    """Beginning of the names of the alarms that watch the configuration which serves."""
    parameters = now.stack.parameters
    return f"{call.serving['AlarmPrefix']}{parameters['ReleaseId']}-{parameters['ProductionAttempt']}/"


def _decided(call: Call, verdict: Verdict, judged: dict[str, Any]) -> Work:
    name = call.model(call.record()["version"])
    if verdict.outcome != "pass":
        hold(call, "judge", judged=judged)
        return settle(call, records.REJECTED, f"{name} was rejected by the judge: {verdict.summary}.")
    hold(call, "turn_off_shadow", judged=judged)
    return call.reply("turn_off_shadow", f"{name} passed: {verdict.summary}", Plan=None)
