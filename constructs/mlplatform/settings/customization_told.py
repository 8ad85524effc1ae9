"""What AWS does not take in the hyperparameters of model customization, and what must not stand there."""

import re
from collections.abc import Iterator, Mapping

from mlplatform.customization.entries import Range
from mlplatform.settings.customization_values import SECRET_ARN, hyperparameter_text
from mlplatform.settings.findings import Finding, Path, finding
from mlplatform.settings.training_checks import MAX_HYPERPARAMETER_CHARACTERS, MAX_HYPERPARAMETERS
from mlplatform.settings.values import Scalar, shown

_SECRET_NAME = re.compile(
    r"(^|[_.:/-])(api_?key|credentials?|passwd|password|secret|token)($|[_.:/-])", re.IGNORECASE
)
"""``token`` and not ``tokens``: of these one gives a number, as in ``max_new_tokens``."""

_SECRET_VALUE = re.compile(r"hf_[A-Za-z0-9]{8,}|(AKIA|ASIA)[A-Z0-9]{16}|sk-[A-Za-z0-9_-]{16,}")
"""Tokens of Hugging Face, access keys of AWS, and keys of OpenAI's form."""

_NO_SECRETS = "nothing, as jobs of Amazon Bedrock take no tokens"


def told(
    values: Mapping[str, Scalar], known: Mapping[str, Range], path: Path, *, secrets: bool = True
) -> Iterator[Finding]:
    """Problems of hyperparameters at ``path``; of those not ``known`` only what every one must keep to.

    ``secrets``: whether the role that the job runs as may read those of AWS Secrets Manager that are named.
    """
    if len(values) > MAX_HYPERPARAMETERS:
        yield finding(path, "too many", given=len(values), allowed=f"at most {MAX_HYPERPARAMETERS}")
    for name, value in values.items():
        here = (*path, name)
        if _secret(name, value):
            what = "a secret, which everyone who may see the job could read"
            allowed = "the ARN of a secret of AWS Secrets Manager, complete with its last six characters"
            yield finding(here, what, allowed=allowed if secrets else _NO_SECRETS)
        elif not secrets and SECRET_ARN.fullmatch(str(value)):
            yield finding(here, "no job reads this secret", given=shown(value), allowed=_NO_SECRETS)
        elif len(hyperparameter_text(value)) > MAX_HYPERPARAMETER_CHARACTERS:
            given = f"{len(hyperparameter_text(value))} characters"
            yield finding(here, "too long", given=given, allowed=f"at most {MAX_HYPERPARAMETER_CHARACTERS}")
        elif name in known and not known[name].holds(value):
            yield finding(here, "out of range", given=shown(value), allowed=known[name].allowed)


def only(values: Mapping[str, Scalar], known: Mapping[str, Range], path: Path) -> Iterator[Finding]:
    """Hyperparameters that are not ``known``, if any is."""
    for name in values:
        if known and name not in known:
            yield finding((*path, name), "unknown key", given=repr(name), allowed=", ".join(known))


def _secret(name: str, value: Scalar) -> bool:
    if isinstance(value, str) and SECRET_ARN.fullmatch(value):
        return False
    return bool(_SECRET_NAME.search(name) or _SECRET_VALUE.search(str(value)))
