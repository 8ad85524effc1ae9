"""How a step fails: the names are what the state machines catch and what their advice is about."""


class BedrockRefused(Exception):
    """Amazon Bedrock or this function does not do what is asked for; nothing was begun."""


class BedrockQuotaExceeded(Exception):
    """The account may not have more of what is asked for."""


class BedrockJobFailed(Exception):
    """A job, an import or the taking over of a model ended without a model."""


class BedrockServingFailed(Exception):
    """A deployment or Provisioned Throughput did not come into service."""


class CommitmentDeclined(Exception):
    """Nobody confirmed that capacity is bought for a term."""


class CustomizationBudgetSpent(Exception):
    """The month's budget has no room for the run."""


class NotApproved(Exception):
    """A version of the registry that nobody approved."""


class StillBusy(Exception):
    """Something is being changed and cannot be removed yet: the step is repeated later."""
