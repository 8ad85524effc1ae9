"""Describes what every role may do, for people who review the platform: ``docs/security/permissions.md``."""

import argparse
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mlplatform.ai_registry import hub_name
from mlplatform.settings import Environment, SettingsError, read_environments
from tools.effective_decisions import world_of
from tools.effective_permissions import EXPORTS, Role, World
from tools.permission_sentences import Words, sentence, trust_sentence

ROOT = Path(__file__).parent.parent
PATH = ROOT / "docs" / "security" / "permissions.md"

GROUPS = {
    "People": ("persona",),
    "Studio": ("studio", "service"),
    "Model customization": ("model-customization",),
    "Functions": ("function",),
    "Deployment": ("deployment", "bootstrap"),
}
"""Headings of the page and the kinds of roles below each; a kind that none names comes last."""

_HEAD = """# Permissions

What each role may do, read from the templates of the environments in `environments/` and from
`bootstrap/policies.yaml`. Written by `make baselines`; do not edit.

- `<account>`, `<region>`, `<partition>`, `<prefix>` and `<environment>` stand for those of the environment, names
  such as `<DataKeyArn>` for what stacks export. A sentence that is not true everywhere ends in where it is.
- **May** is an Allow and **Never** a Deny, which prevails; in brackets stands the Sid. What no sentence allows is
  refused. A sentence without resource is about all there are: the action accepts none, or the conditions narrow it.
- What a role may do is further limited by its boundary (at the end of the page) and by the policies of keys, buckets
  and endpoints ([security](README.md)). `tests/synth/decisions/` lists who may do what when all of them are taken
  together, decided by tests.
"""


def main(arguments: list[str] | None = None, *, path: Path = PATH) -> int:
    """Run the command; its exit code is 0, 1 if ``--check`` finds a difference, 2 if nothing is synthesized."""
    parser = argparse.ArgumentParser(prog="python -m tools.permissions_report", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if anything would change")
    parser.add_argument("--outdir", type=Path, default=Path("cdk.out"), help="what `make synth` wrote")
    options = parser.parse_args(arguments)
    if not options.outdir.is_dir():
        print(f"{options.outdir}: not there; run `make synth` first", file=sys.stderr)
        return 2
    try:
        text = render(world_of(options.outdir, read_environments(ROOT / "environments")))
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    if not options.check:
        path.write_text(text, encoding="utf-8")
    elif not path.exists() or path.read_text(encoding="utf-8") != text:
        print(f"{path.name} is not what the templates permit. To accept: make baselines", file=sys.stderr)
        return 1
    return 0


def render(world: World) -> str:
    """Return the page."""
    words = {name: _words(world, settings) for name, settings in world.environments.items()}
    roles: dict[str, dict[str, list[Role]]] = defaultdict(lambda: defaultdict(list))
    for role in world.roles.values():
        heading = next((name for name, kinds in GROUPS.items() if role.kind in kinds), "Others")
        roles[heading][role.thing].append(role)
    parts = [_HEAD]
    for heading in [*GROUPS, "Others"]:
        if heading in roles:
            parts.append(f"\n## {heading}\n")
            parts += _group(roles[heading], words, len(world.environments))
    parts += ["\n## Boundaries\n", *_boundaries(world, words), "\n## Every resource, without a condition\n"]
    parts += [*_stars(world), ""]
    return "\n".join(parts)


def _group(
    things: Mapping[str, Sequence[Role]], words: Mapping[str, Words], everywhere: int
) -> Iterator[str]:
    """The roles of one heading; a role that has all of another's sentences is described by the difference."""
    told: dict[str, set[str]] = {}
    for thing, roles in sorted(things.items()):
        facts = _facts(roles, lambda role: _permissions(role, words[role.environment]))
        lines = list(_lines(facts, len(roles)))
        like = max(
            (t for t in told if len(told[t]) > 3 and told[t] <= set(lines)),
            key=lambda t: len(told[t]),
            default=None,
        )
        told[thing] = set(lines)
        where = ", ".join(sorted(role.environment for role in roles))
        yield f"\n### {thing}\n\n{roles[0].description}." + (
            "" if len(roles) == everywhere else f" In {where}."
        )
        trust = _facts(roles, lambda role: _trust(role, words[role.environment]))
        yield "\n".join(["", *(f"- Assumed by {line}" for line in _lines(trust, len(roles)))])
        bounded = _facts(
            roles, lambda role: ["the platform's" if role.boundaries else "none of the platform's"]
        )
        yield "\n".join(f"- Boundary: {line}" for line in _lines(bounded, len(roles)))
        if like:
            yield f"- What {like} may and may not, and:"
        yield "\n".join(f"- {line}" for line in lines if not like or line not in told[like])


def _facts(roles: Sequence[Role], tell: Any) -> dict[str, list[str]]:
    """What is told of each role, in order, with the environments of which it is true."""
    facts: dict[str, list[str]] = defaultdict(list)
    for role in sorted(roles, key=lambda role: role.environment):
        for fact in dict.fromkeys(tell(role)):
            facts[fact].append(role.environment)
    return facts


def _lines(facts: Mapping[str, Sequence[str]], everywhere: int) -> Iterator[str]:
    for fact, where in facts.items():
        yield fact + ("." if len(where) == everywhere else f"; in {', '.join(where)} only.")


def _permissions(role: Role, words: Words) -> Iterator[str]:
    own = role.identity_policies[: len(role.identity_policies) - len(role.published)]
    statements = [statement for policy in own for statement in policy["Statement"]]
    yield from (sentence(one, words) for one in statements if one["Effect"] == "Allow")
    yield from (f"May whatever AWS's policy `{arn.rpartition('/')[2]}` allows" for arn in role.published)
    yield from (sentence(one, words) for one in statements if one["Effect"] == "Deny")


def _trust(role: Role, words: Words) -> Iterator[str]:
    yield from (trust_sentence(statement, words) for statement in role.trust["Statement"])


def _boundaries(world: World, words: Mapping[str, Words]) -> Iterator[str]:
    bounded: dict[str, Role] = {}
    for role in world.roles.values():
        if role.boundaries:
            bounded.setdefault(role.environment, role)
    yield "What no role with the platform's boundary can exceed, whatever its own policies allow. It grants nothing.\n"

    def tell(role: Role) -> Iterator[str]:
        for policy in role.boundaries:
            yield from (sentence(statement, words[role.environment]) for statement in policy["Statement"])

    yield "\n".join(f"- {line}" for line in _lines(_facts(list(bounded.values()), tell), len(bounded)))


def _stars(world: World) -> Iterator[str]:
    """Allows on every resource that no condition narrows; the platform's rule STAR_RESOURCE admits no others."""
    yield (
        "Statements that allow actions which accept no resource but `*`, and for which no condition key is of use. A\n"
        "statement on `*` of any other action has a condition, or the platform's rule STAR_RESOURCE refuses it.\n"
    )
    found = sorted(
        {
            f"- {role.thing}: {', '.join(f'`{action}`' for action in _listed(statement['Action']))} ({statement['Sid']})"
            for role in world.roles.values()
            for policy in role.identity_policies
            for statement in policy["Statement"]
            if statement["Effect"] == "Allow"
            and statement.get("Resource") in ("*", ["*"])
            and not statement.get("Condition")
        }
    )
    yield "\n".join(found or ["There are none."])


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else value


def _words(world: World, settings: Environment) -> Words:
    """Turns names of one environment into words for all."""
    names = settings.names
    known = {
        value: f"<{export}>"
        for export in sorted(EXPORTS)
        if (value := world.exported(export, settings.name)) is not None
    }
    known |= {
        hub_name(settings.region, settings.account): "<AI Registry>",
        f"{names.prefix}-{names.environment}-": "<prefix>-<environment>-",
        f"/{names.prefix}/{names.environment}/": "/<prefix>/<environment>/",
        f"{names.prefix}/{names.environment}": "<prefix>/<environment>",
        f"arn:{names.partition}:": "arn:<partition>:",
        settings.account: "<account>",
        settings.region: "<region>",
    }
    pattern = re.compile("|".join(re.escape(text) for text in sorted(known, key=len, reverse=True)))
    return lambda text: pattern.sub(lambda match: known[match[0]], text)


if __name__ == "__main__":
    sys.exit(main())
