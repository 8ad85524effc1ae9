"""Writes docs/security/customization-permissions.md: what each mode of model customization allows.

A policy evaluator judges every case against all the policies an ML engineer carries. The cases are the paths
by which the published permissions take over an account, and the calls the SageMaker Python SDK makes.
"""

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from mlplatform.permissions.customization import managed_policies
from mlplatform.permissions.grant import statements
from mlplatform.permissions.personas import managed, ml_engineer
from mlplatform.policy import document
from mlplatform.settings import Environment, read_environments
from tools.customization_cases import Case, cases
from tools.effective_roles import managed_by_aws
from tools.policy_evaluator import Decision, Policy, Request, evaluate
from tools.sample_values import with_imports

PAGE = Path(__file__).parents[1] / "docs" / "security" / "customization-permissions.md"
MODES = ("tight", "compat", "off")

_SAMPLE = """\
account: "111122223333"
region: us-east-1
name_prefix: acme
owns_account: true
tags: {{owner: ml-platform, cost-center: "4711"}}
network: {{availability_zones: [use1-az1, use1-az2]}}
customization: {{permissions: {mode}}}
"""


def sample(mode: str) -> Environment:
    """Settings of an environment called ``dev`` that differs from the defaults in the mode only."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "environments" / "dev.yaml"
        path.parent.mkdir()
        path.write_text(_SAMPLE.format(mode=mode), encoding="utf-8")
        return read_environments(path.parent)[0]


def policies(settings: Environment) -> list[Policy]:
    """Every policy an ML engineer carries, with sample values for what other stacks export."""
    own = [ml_engineer(settings), *managed(settings).values()]
    aws = [managed_by_aws(arn) for arn in managed_policies(settings)]
    return [*(with_imports(document(*statements(grants))) for grants in own), *aws]


def judge(cases: Sequence[Case], settings: Environment) -> list[Decision]:
    """What AWS would answer an ML engineer called ana, case by case."""
    carried = policies(settings)
    return evaluate([request(case, settings, carried) for case in cases])


def request(case: Case, settings: Environment, carried: Sequence[Policy]) -> Request:
    """The call of a case, from Studio in the environment's region unless the case says otherwise."""
    here = {"aws:RequestedRegion": settings.region, "aws:SourceIdentity": "ana"}
    return Request(
        principal=settings.names.role_arn("persona", "ml-engineer"),
        action=case.action,
        resource=case.resource,
        resource_account=settings.account,
        context={**here, **case.context},
        identity_policies=carried,
    )


_HEAD = """\
# Customization permissions

What `customization.permissions` of an [environment](../environments.md) allows people in Studio, mode by
mode; [decision 0011](../decisions/0011-customization-permissions.md) says why there are three.

- `tight`, the default: what the SageMaker SDK's trainers, evaluators, AI Registry and import call, on the
  names it computes.
- `compat`: AWS's managed policies and the inline policy the SDK's documentation asks for; besides, to read
  AWS's recipes and to pass the role of imports.
- `off`: nothing beyond what people in Studio may do anyway.

Both Studio personas carry the same Denies in every mode: how jobs run (`permissions/guards.py`) and what is
closed (`permissions/denials.py`). The published statements keep their published actions; partition, region
and account in their ARNs and a condition on the region are added, which changes nothing inside the account.

A policy evaluator judged each call below against all policies an ML engineer carries, AWS's managed policies
included, as the installed test library knows them. **A** is allowed, **d** is not granted, **D** is denied,
by the statement named: whatever else is granted, it stays so. What the evaluator cannot know is which
condition keys AWS sends with a request; the first deployment shows that.

Names that start with the environment's prefix and `try-` are what people in Studio create to try it;
nothing the platform serves is named so.

## What no statement closes

- **Reward functions run outside the platform's network**, as functions do that name no VPC, and their code
  is whatever their author wrote. The role they run as can only log, but a call carries whatever the caller
  puts into it: whoever may create and call a reward function can carry the data they read out of the
  network. Where that must not be, set `customization.permissions: off`: nobody in Studio may then create or
  call one.
- **An evaluation that people start runs as the role of Studio's jobs**, which carries none of the Denies of
  people. It may start serverless jobs only, none under the platform's names and none without a key for the
  results: pass `kms_key_id=` to evaluators. Where a language model judges, the role may start Bedrock's
  evaluation jobs with foundation models of the region. It trusts SageMaker alone, and nobody may pass it to
  Bedrock.

## Not supported

Recipes of subscriptions, which the SDK reads by an S3 access point of AWS's in an account documented
nowhere: no mode allows it. Recipes of the public hub lie in the bucket `jumpstart-cache-prod-<region>`,
which `tight` and `compat` allow to read.

`python -m tools.customization_report` writes this page.
"""


def page() -> str:
    """The page, judged anew."""
    columns = {mode: sample(mode) for mode in MODES}
    rows = cases(columns[MODES[0]])
    answers = [judge(cases(settings), settings) for settings in columns.values()]
    lines = list(zip(rows, zip(*answers, strict=True), strict=True))
    parts = [_HEAD]
    for title, legitimate in (("What must not be", False), ("What customizing models takes", True)):
        table = [(case, given) for case, given in lines if case.legitimate is legitimate]
        parts.append(
            f"\n## {title}\n\n| Call | Action | {' | '.join(MODES)} |\n|---|---|{'---|' * len(MODES)}\n"
        )
        parts += [
            f"| {case.what} | `{case.action}` | {' | '.join(map(cell, given))} |\n" for case, given in table
        ]
    return "".join(parts)


def cell(decision: Decision) -> str:
    """A decision as the page shows it."""
    if decision.allowed:
        return "A"
    return f"D {', '.join(decision.deciding_sids)}" if decision.deciding_sids else "d"


def main() -> int:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")
    print(f"wrote {PAGE.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
