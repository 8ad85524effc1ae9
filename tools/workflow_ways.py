"""The ways through the workflows whose next state a function decides, as the pictures show them.

In those, every task leads to the state "What is next?" and comes from it: drawn as it stands, such a state
machine is a star that tells nothing. Here is what the function decides (lambda/release), in its order. A
number after a state's name is another picture of the same state, in another place.
"""

from collections.abc import Mapping, Sequence

Way = tuple[str, str, str]
"""A state, one that may follow it, and when it does."""

HUB = "What is next?"
"""The state that leads to whichever comes next."""

UNDRAWN = ("Wait", "Has it failed before?", "Give up", "Explain failure", "Notify of failure", "Failed")
"""States that stand between any two, or where any task leads that failed."""

_ADMISSION: Sequence[Way] = (
    ("Admit", "Take lease", ""),
    ("Admit", "Ask for confirmation", "with release.start after"),
    ("Admit", "Tell how it ended", "refused, superseded"),
    ("Ask for confirmation", "Was it confirmed?", ""),
    ("Was it confirmed?", "Note confirmation", "yes"),
    ("Was it confirmed?", "Note refusal", "no, or no answer in time"),
    ("Note confirmation", "Take lease", ""),
    ("Note refusal", "Tell how it ended", ""),
)
"""How a release and an A/B test begin."""

_WATCH: Sequence[Way] = (
    ("Watch", "Record", "all is well"),
    ("Watch", "Revert", "alarm, or approval withdrawn"),
    ("Revert", "Follow update 4", ""),
    ("Follow update 4", "Record", ""),
)
"""What both do once the version serves."""


def _end(otherwise: str) -> Sequence[Way]:
    """From the record on; ``otherwise`` is how it ends that does not end well."""
    return (
        ("Record", "Tell how it ended", ""),
        ("Tell how it ended", "Did it end well?", ""),
        ("Did it end well?", "Done", "yes"),
        ("Did it end well?", otherwise, "otherwise"),
    )


RELEASE: Sequence[Way] = (
    *_ADMISSION,
    ("Take lease", "Turn on shadow", ""),
    ("Take lease", "Roll out", "no shadow, or the first version"),
    ("Turn on shadow", "Follow update", ""),
    ("Follow update", "Judge", "after the bake"),
    ("Judge", "Judge", "inconclusive, once"),
    ("Judge", "Turn off shadow", ""),
    ("Turn off shadow", "Follow update 2", ""),
    ("Follow update 2", "Roll out", "passed"),
    ("Follow update 2", "Record", "rejected"),
    ("Roll out", "Follow update 3", ""),
    ("Follow update 3", "Watch", "it serves"),
    ("Follow update 3", "Record", "SageMaker went back"),
    ("Follow update 3", "Revert", "the stack did not, or the sample fails"),
    *_WATCH,
    *_end("Not released"),
)

AB_TEST: Sequence[Way] = (
    *_ADMISSION,
    ("Take lease", "Turn on challenger", ""),
    ("Turn on challenger", "Follow update", ""),
    ("Follow update", "Shift", "it answers the sample"),
    ("Shift", "Observe", "the weights are there"),
    ("Observe", "Observe", "every minute, later every five"),
    ("Observe", "Weigh", "at the end of a step"),
    ("Weigh", "Shift", "to the next step"),
    ("Weigh", "Observe", "too few requests, once"),
    ("Weigh", "Turn off challenger", "worse, or nothing shown"),
    ("Observe", "Turn off challenger", "alarm, or approval withdrawn"),
    ("Observe", "Promote", "after the step of all requests"),
    ("Promote", "Roll out", "production has the instances"),
    ("Turn off challenger", "Follow update 2", ""),
    ("Follow update 2", "Record", ""),
    ("Roll out", "Follow update 3", ""),
    ("Follow update 3", "Watch", "it serves"),
    ("Follow update 3", "Turn off challenger", "it could not be updated"),
    *_WATCH,
    *_end("Not promoted"),
)

LIFECYCLE: Sequence[Way] = (
    ("Plan", "Tell what will happen", ""),
    ("Tell what will happen", "Take lease", ""),
    ("Tell what will happen", "Tell how it ended", "refused"),
    ("Take lease", "Take lease", "while a release has the endpoint"),
    ("Take lease", "Pause", "pause, retire"),
    ("Take lease", "Resume", "resume"),
    ("Take lease", "Record pause", "retire, of a paused model"),
    ("Pause", "Follow update", ""),
    ("Resume", "Follow update 2", ""),
    ("Follow update", "Record pause", "the endpoint is gone"),
    ("Follow update", "Record", "it could not be paused"),
    ("Follow update 2", "Record", "it serves"),
    ("Follow update 2", "Record pause", "it could not be resumed"),
    ("Record pause", "Tell how it ended", ""),
    *_end("Not done"),
)

ROLLBACK: Sequence[Way] = (
    ("Plan", "Tell what will happen", ""),
    ("Tell what will happen", "Take over", ""),
    ("Tell what will happen", "Tell how it ended", "refused"),
    ("Take over", "Mend stack", "UPDATE_ROLLBACK_FAILED"),
    ("Take over", "Follow update", "an update is under way"),
    ("Take over", "Revert", ""),
    ("Take over", "Record", "the version serves already"),
    ("Mend stack", "Follow update", ""),
    ("Follow update", "Revert", ""),
    ("Follow update", "Record", "the version serves already"),
    ("Revert", "Follow update 2", ""),
    ("Follow update 2", "Record", ""),
    *_end("Not rolled back"),
)

CUSTOMIZE: Sequence[Way] = (
    ("Admit", "Is all data checked?", ""),
    ("Is all data checked?", "Plan data check", "no"),
    ("Plan data check", "Check data", ""),
    ("Check data", "Is every part readable?", ""),
    ("Is every part readable?", "Report on data", ""),
    ("Report on data", "Is all data checked?", ""),
    ("Is all data checked?", "Reserve", "yes"),
    ("Reserve", "Register assets", ""),
    ("Register assets", "Start", "all are available"),
    ("Start", "Follow", ""),
    ("Follow", "Evaluate", "there is a version"),
    ("Evaluate", "Follow evaluations", ""),
    ("Evaluate", "Measure", "nothing is to be measured"),
    ("Follow evaluations", "Measure", "all have ended"),
    ("Measure", "Judge", ""),
    ("Judge", "Finish", ""),
    ("Finish", "Notify", "passed"),
    ("Notify", "Done", ""),
    ("Start", "Stop", "any of them failed"),
    ("Follow", "Stop", ""),
    ("Follow evaluations", "Stop", ""),
)
"""Of lambda/customization. What did not pass, and what was stopped, is explained like any failure."""

CUSTOMIZE_BEDROCK: Sequence[Way] = (
    ("Admit", "Is a version imported?", ""),
    ("Is a version imported?", "Plan data check", "no"),
    ("Is a version imported?", "Begin", "yes"),
    ("Plan data check", "Check data", ""),
    ("Check data", "Is every part readable?", ""),
    ("Is every part readable?", "Report on data", "yes"),
    ("Report on data", "Begin", ""),
    ("Begin", "Customize", "within the budget"),
    ("Begin", "Start", "a version, or what Step Functions does not document"),
    ("Customize", "Follow", ""),
    ("Start", "Follow", ""),
    ("Follow", "Ask for confirmation", "capacity for a term"),
    ("Follow", "Serve", "there is a model"),
    ("Ask for confirmation", "Serve", "which refuses without a yes"),
    ("Serve", "Follow serving", ""),
    ("Serve", "Ask", "an imported model"),
    ("Follow serving", "Ask", "it serves"),
    ("Ask", "Did it answer?", ""),
    ("Did it answer?", "Record", "yes"),
    ("Did it answer?", "Clean up", "no, as after any failure"),
    ("Record", "Notify", ""),
    ("Notify", "Done", ""),
)
"""Of lambda/bedrock_customization."""

WAYS: Mapping[str, Sequence[Way]] = {
    "ab-test": AB_TEST,
    "customize": CUSTOMIZE,
    "customize-bedrock": CUSTOMIZE_BEDROCK,
    "lifecycle": LIFECYCLE,
    "release": RELEASE,
    "rollback": ROLLBACK,
}
"""By workflow. What a workflow without an entry does, its states say themselves."""


def state_of(place: str) -> str:
    """The name of the state that stands at a place of a picture."""
    return place.rstrip("0123456789 ")
