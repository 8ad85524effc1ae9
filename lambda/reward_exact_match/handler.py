"""Reward function: 1.0 for an answer that is the reference, as text or as a number, else 0.0."""

import os

from rewards.batch import answer_form, respond
from rewards.exact_match import settings


def handler(event: object, context: object) -> object:
    """Answer the training or evaluation job that asks what its samples are worth.

    Environment: ``ANSWER_FORM`` (array, http), ``RELATIVE_TOLERANCE``, ``EXTRACTION`` (flexible, strict).
    Raises ConfigurationError if one of them is none of these; no event and no sample makes it raise.
    """
    return respond(event, settings(os.environ), answer_form(os.environ))
