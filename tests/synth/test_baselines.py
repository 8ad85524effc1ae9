"""Every template of every environment is what somebody reviewed and accepted."""

from pathlib import Path

import pytest

from tools import baselines


def test_every_template_is_byte_for_byte_its_accepted_baseline(synthesized: Path) -> None:
    accepted = baselines.read(baselines.ROOT / baselines.FOLDER)
    if message := baselines.explain(accepted, baselines.synthesized(synthesized)):
        pytest.fail(message, pytrace=False)
