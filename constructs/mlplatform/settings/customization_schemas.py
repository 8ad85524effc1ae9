"""Whether a JSON schema that answers are scored by can be used: judged by what judges by it in AWS."""

import json
from collections.abc import Iterator
from pathlib import Path

from mlplatform.settings.customization_rewards import LARGEST_SCHEMA, compact
from mlplatform.settings.findings import Finding, finding
from mlplatform.settings.findings import Path as Keys
from rewards.schema_keywords import check
from rewards.scores import ScoreError


def schema_problems(path: Keys, file: Path) -> Iterator[Finding]:
    """Problems of the schema in ``file``."""
    try:
        text = compact(file.read_text(encoding="utf-8"))
        check(json.loads(text))
    except (ValueError, RecursionError) as error:
        yield finding(path, f"is no JSON: {error}", given=file.name, allowed="a JSON schema in UTF-8")
    except ScoreError as error:
        yield finding(path, f"cannot be judged by: {error}")
    else:
        if len(text) > LARGEST_SCHEMA:
            what, given = "is too large for the settings of a function", f"{len(text)} bytes without blanks"
            allowed = f"at most {LARGEST_SCHEMA}, or in_data"
            yield finding(path, what, given=given, allowed=allowed)
