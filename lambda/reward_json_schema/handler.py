"""Reward function: what an answer is worth that has to be JSON of a schema."""

import os

from rewards.batch import answer_form, respond
from rewards.json_schema_match import settings


def handler(event: object, context: object) -> object:
    """Answer the training or evaluation job that asks what its samples are worth.

    Environment: ``ANSWER_FORM`` (array, http), ``JSON_SCHEMA`` for samples that carry no ``json_schema``.
    Raises ConfigurationError if one of them is unusable; no event and no sample makes it raise.
    """
    return respond(event, settings(os.environ), answer_form(os.environ))
