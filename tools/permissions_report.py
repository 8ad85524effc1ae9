"""Describes what every role may do, for people who review the platform: ``docs/security/permissions.md``."""

import argparse
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from mlplatform.settings import SettingsError, read_environments
from tools.effective_decisions import world_of
from tools.effective_permissions import World
from tools.effective_roles import Role
from tools.permission_sentences import Words, sentence, trust_sentence
from tools.permission_words import words_of
from tools.templates import as_list

ROOT = Path(__file__).parent.parent
Fact = tuple[str, str]
"""What a sentence is about (its Sid), and the sentence."""

PATH = ROOT / "docs" / "security" / "permissions.md"

GROUPS = {
    "People": ("persona",),
    "Studio": ("studio", "service"),
    "Model customization": ("model-customization",),
    "Jobs and workflows of models": ("job", "workflow", "trigger"),
    "Functions": ("function",),
    "Deployment": ("deployment", "bootstrap"),
}
"""Headings of the page and the kinds of roles below each; a kind that none names comes last."""

_HASH = re.compile(r"[0-9a-f]{64}")
"""The hash of scripts, of which a change says nothing about permissions."""

_HEAD = """# Permissions

What each role may do, read from the templates of the environments in `environments/` and from
`bootstrap/policies.yaml`. Written by `make baselines`; do not edit.

- **May** is an Allow and **Never** a Deny, which prevails; in brackets stands the Sid. What no sentence
  allows is refused. A sentence without resource is about all there are: the action accepts none, or its
  conditions narrow it.
- A resource such as `sagemaker app/*` is one of the environment's own account and region; others are written
  as ARNs. `<account>`, `<region>`, `<prefix>` and `<environment>` are the environment's own, names such as
  `<DataKeyArn>` what its stacks export. A sentence that is not true everywhere ends in where it is.
- What a role may do is further limited by its boundary (at the end of the page) and by the policies of keys,
  buckets and endpoints ([security](README.md)). The tables in `tests/synth/decisions/` say who may do what
  when all of them are taken together, and tests decide it.
"""


def main(arguments: list[str] | None = None, *, path: Path = PATH) -> int:
    """Run the command; its exit code is 0, 1 if ``--check`` finds a difference, 2 without a synthesis."""
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
    words = {name: words_of(world, settings) for name, settings in world.environments.items()}
    roles: dict[str, dict[str, list[Role]]] = defaultdict(lambda: defaultdict(list))
    for role in world.roles.values():
        heading = next((name for name, kinds in GROUPS.items() if role.kind in kinds), "Others")
        roles[heading][role.thing].append(role)
    parts = [_HEAD]
    for heading in [*GROUPS, "Others"]:
        if heading in roles:
            parts.append(f"\n## {heading}")
            parts += _group(roles[heading], words, len(world.environments))
    parts += ["\n## Boundaries\n", *_boundaries(world, words), "\n## Every resource, without a condition\n"]
    parts += [*_stars(world), ""]
    return _HASH.sub("<content hash>", "\n".join(parts))


def _group(
    things: Mapping[str, Sequence[Role]], words: Mapping[str, Words], everywhere: int
) -> Iterator[str]:
    """The roles of one heading; one that has all the sentences of another is described by what it adds."""
    told: dict[str, list[str]] = {}
    for thing, roles in sorted(things.items()):
        in_words = partial(_in_words, roles, words)
        lines = in_words(_permissions)
        like = next(
            (other for other in told if len(told[other]) > 3 and set(told[other]) <= set(lines)), None
        )
        told[thing] = lines
        where = ", ".join(sorted(role.environment for role in roles))
        yield f"\n### {thing}\n\n{roles[0].description}." + (
            "" if len(roles) == everywhere else f" In {where}."
        )
        yield ""
        yield from (f"- Assumed by {line}" for line in in_words(_trust))
        yield from (f"- Boundary: {line}" for line in in_words(_bounded))
        if like:
            yield f"- What {like} may and may not, and:"
        yield from (f"- {line}" for line in lines if not like or line not in told[like])


def _in_words(
    roles: Sequence[Role], words: Mapping[str, Words], tell: Callable[[Role, Words], Iterator[Fact]]
) -> list[str]:
    """What ``tell`` says of each role, each once, with where it is true unless that is everywhere."""
    places: dict[Fact, list[str]] = defaultdict(list)
    for role in sorted(roles, key=lambda role: role.environment):
        for fact in dict.fromkeys(tell(role, words[role.environment])):
            places[fact].append(role.environment)
    order = {topic: number for number, (topic, _) in reversed(list(enumerate(places)))}
    return [
        text
        + ("." if len(places[topic, text]) == len(roles) else f"; in {', '.join(places[topic, text])} only.")
        for topic, text in sorted(places, key=lambda fact: order[fact[0]])
    ]


def _permissions(role: Role, words: Words) -> Iterator[Fact]:
    own = role.identity_policies[: len(role.identity_policies) - len(role.published)]
    statements = [statement for policy in own for statement in policy["Statement"]]
    yield from _sentences([one for one in statements if one["Effect"] == "Allow"], words)
    for arn in role.published:
        yield arn, f"May whatever AWS's policy `{arn.rpartition('/')[2]}` allows"
    yield from _sentences([one for one in statements if one["Effect"] == "Deny"], words)


def _sentences(statements: Sequence[Mapping[str, Any]], words: Words) -> Iterator[Fact]:
    return ((statement.get("Sid", ""), sentence(statement, words)) for statement in statements)


def _trust(role: Role, words: Words) -> Iterator[Fact]:
    return (("", trust_sentence(statement, words)) for statement in role.trust["Statement"])


def _bounded(role: Role, _: Words) -> Iterator[Fact]:
    yield "", "the platform's" if role.boundaries else "none of the platform's"


def _boundary(role: Role, words: Words) -> Iterator[Fact]:
    return (fact for policy in role.boundaries for fact in _sentences(policy["Statement"], words))


def _boundaries(world: World, words: Mapping[str, Words]) -> Iterator[str]:
    bounded = {role.environment: role for role in world.roles.values() if role.boundaries}
    yield "What no role within the platform's boundary can exceed, whatever its policies allow.\n"
    yield from (f"- {line}" for line in _in_words(list(bounded.values()), words, _boundary))


_STARS = """\
Statements whose actions accept no resource but `*` and have no condition key that would narrow them. On `*`,
any other statement has a condition: the platform's rule STAR_RESOURCE refuses it otherwise. In the policy of
a key `*` is that key; there the account administers it (AdministrationByAccount), without using it.
"""


def _stars(world: World) -> Iterator[str]:
    """Allows on every resource that no condition narrows."""
    found = {
        f"- {role.thing}: {', '.join(f'`{action}`' for action in as_list(one['Action']))} ({one['Sid']})"
        for role in world.roles.values()
        for policy in role.identity_policies[: len(role.identity_policies) - len(role.published)]
        for one in policy["Statement"]
        if one["Effect"] == "Allow" and one.get("Resource") in ("*", ["*"]) and not one.get("Condition")
    }
    return iter([_STARS, *(sorted(found) or ["There are none."])])


if __name__ == "__main__":
    sys.exit(main())
