"""Admits a run of a workflow: refuses what the model does not allow, and names the run and its jobs."""

from typing import Any

from run_admission.logic import admit


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer the first state of a workflow. Raises InvalidInput; calls nothing."""
    return admit(event)
