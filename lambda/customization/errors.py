"""How a customization ends badly; the names are what the state machine and its advice know."""


class CustomizationError(Exception):
    """What ends a customization; the message is for people."""


class CustomizationBudgetSpent(CustomizationError):
    """The month's budget has no room for the job: nothing was started."""


class CustomizationRefused(CustomizationError):
    """There is nothing to start from, or AWS refuses a job."""


class AssetImportFailed(CustomizationError):
    """The AI Registry could not import a data set or an evaluator."""


class CustomizationJobFailed(CustomizationError):
    """The training job failed, was stopped, or ended without a version."""


class EvaluationFailed(CustomizationError):
    """An evaluation job failed, or its results are not what was to be measured."""


class EvaluationTimedOut(CustomizationError):
    """An evaluation job did not end in time."""
