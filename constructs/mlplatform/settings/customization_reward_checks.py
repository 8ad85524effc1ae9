"""Rewards of one model that would be one function, and are not the same."""

from collections.abc import Iterator

from mlplatform.settings.customization import CustomizationSettings
from mlplatform.settings.customization_rewards import RewardSettings
from mlplatform.settings.findings import Finding, finding
from mlplatform.settings.findings import Path as Keys


def rewards(section: CustomizationSettings) -> Iterator[tuple[Keys, RewardSettings]]:
    """Path in the settings of every reward that needs a function of ours, and the reward."""
    for name, technique in section.techniques.items():
        if technique.reward_function:
            yield ("customization", "techniques", name, "reward_function"), technique.reward_function
    scorer = section.evaluate.scorer if section.evaluate else None
    if scorer and scorer.reward:
        yield ("customization", "evaluate", "scorer"), scorer.reward
    if section.bedrock and section.bedrock.reward_function:
        yield ("customization", "bedrock", "reward_function"), section.bedrock.reward_function


def reward_problems(section: CustomizationSettings) -> Iterator[Finding]:
    """The same reward with other settings: what training aims at would not be what the gate measures."""
    first: dict[str, tuple[Keys, RewardSettings]] = {}
    for path, reward in rewards(section):
        known, same = first.setdefault(reward.name, (path, reward))
        if same != reward:
            what = f"is another {reward.name} than that of {'.'.join(map(str, known))}"
            yield finding(path, what, allowed="the same settings, or a .py file of the model's folder")
