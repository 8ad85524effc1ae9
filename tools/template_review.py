"""Judges the difference of two templates: what would be lost, and which permission would be wider.

Pure: two parsed templates go in, findings come out. The rules err on the side of asking.
"""

from collections.abc import Callable, Collection, Iterator, Mapping

from tools.permission_review import widened_permissions
from tools.templates import Finding, Json, Resource, condition_of, is_intrinsic, names_in, resources_of, text

CreateOnly = Callable[[str], Collection[str]]
"""Resource type to the JSON pointers (``/properties/A/*/B``) of the properties it cannot change in place."""


STATEFUL: Mapping[str, str] = {
    "AWS::CloudTrail::Trail": "records who did what; a gap in it stays a gap",
    "AWS::CodeArtifact::Domain": "holds every package of its repositories",
    "AWS::CodeArtifact::Repository": "holds the packages that builds and notebooks install",
    "AWS::Cognito::UserPool": "holds the accounts of people, who would have to register again",
    "AWS::DynamoDB::GlobalTable": "holds items, such as the ledger of releases",
    "AWS::DynamoDB::Table": "holds items, such as the ledger of releases",
    "AWS::EC2::Subnet": "is where jobs and models run; while its id is in use, the stack would not deploy",
    "AWS::EC2::VPC": "is where everything runs; while its id is in use, the stack would not deploy",
    "AWS::ECR::Repository": "holds the images that approved versions run",
    "AWS::EFS::FileSystem": "holds people's home directories",
    "AWS::KMS::Key": "opens everything encrypted with it; without it that data is unreadable",
    "AWS::Logs::LogGroup": "holds logs that an audit asks for",
    "AWS::S3::Bucket": "holds objects, such as training data and model artifacts",
    "AWS::SNS::Topic": "has subscriptions that people confirmed by hand",
    "AWS::SageMaker::Domain": "owns the file system and profiles of everyone in Studio",
    "AWS::SageMaker::Endpoint": "answers requests; while it is replaced nobody is served",
    "AWS::SageMaker::FeatureGroup": "holds the features of models, online and offline",
    "AWS::SageMaker::Hub": "holds registered datasets, evaluators and models",
    "AWS::SageMaker::MlflowApp": "holds the record of experiments",
    "AWS::SageMaker::MlflowTrackingServer": "holds the record of experiments",
    "AWS::SageMaker::ModelPackageGroup": "holds every registered version of a model and its approval",
    "AWS::SageMaker::Space": "holds the files a person works on",
    "AWS::SageMaker::UserProfile": "owns a person's spaces and home directory",
    "AWS::SecretsManager::Secret": "holds a value that exists nowhere else",
}
"""Resource types whose replacement or deletion loses what cannot be made again, and what that is."""


REPLACED_BY_DESIGN = ("AWS::SageMaker::Model", "AWS::SageMaker::EndpointConfig")
"""Immutable types: every release replaces them, and the old ones are retained."""


KEPT = {"Delete": 0, "Snapshot": 1, "RetainExceptOnCreate": 2, "Retain": 2}
"""How much of a resource each policy keeps; both Retain forms keep a resource that was once created."""


def review(
    base: Json, new: Json, *, create_only: CreateOnly, stateful: Mapping[str, str] = STATEFUL
) -> list[Finding]:
    """Compare two templates of one stack (``{}`` where it does not exist) and return sorted findings."""
    return sorted({*_losses(base, new, create_only, stateful), *widened_permissions(base, new)})


def _losses(base: Json, new: Json, create_only: CreateOnly, stateful: Mapping[str, str]) -> Iterator[Finding]:
    replaced = replacements(base, new, create_only)
    for logical_id, old in resources_of(base).items():
        kind, current = old["Type"], resources_of(new).get(logical_id)
        if kind in REPLACED_BY_DESIGN and (logical_id in replaced or current is None):
            yield Finding("note", logical_id, kind, "replaced or removed, as its design intends")
        if kind not in stateful:
            continue
        if current is None:
            reasons = [f"deleted{_kept(old, 'DeletionPolicy')}{_moved(logical_id, kind, base, new)}"]
        else:
            why = replaced.get(logical_id)
            reasons = [f"replaced{_kept(old, 'UpdateReplacePolicy')}: {why}"] if why else []
            reasons += _weakened(old, current)
            if "Condition" in current and condition_of(base, old) != condition_of(new, current):
                reasons.append(f"exists only under another condition: {current['Condition']}")
        for reason in reasons:
            yield Finding("loss", logical_id, kind, f"{reason}. It {stateful[kind]}")


def replacements(base: Json, new: Json, create_only: CreateOnly) -> dict[str, str]:
    """Logical ids that CloudFormation would (or, for conditional properties, might) replace, and why.

    A create-only property that refers to a replaced resource, or to a changed mapping or condition, changes
    although its text does not.
    """
    changed = {
        name
        for section in ("Mappings", "Conditions")
        for name, definition in base.get(section, {}).items()
        if new.get(section, {}).get(name) != definition
    }
    found: dict[str, str] = {}
    common = {name: old for name, old in resources_of(base).items() if name in resources_of(new)}
    while True:
        more = {
            name: why
            for name, old in common.items()
            if name not in found
            and (why := _replacement(old, resources_of(new)[name], create_only, changed | set(found)))
        }
        if not more:
            return found
        found |= more


def _replacement(old: Resource, new: Resource, create_only: CreateOnly, changed: Collection[str]) -> str:
    if old["Type"] != new["Type"]:
        return f"the type becomes {new['Type']}"
    for pointer in sorted(create_only(old["Type"])):
        parts = tuple(pointer.removeprefix("/properties/").split("/"))
        before, after = _at(old.get("Properties"), parts), _at(new.get("Properties"), parts)
        where = "/".join(parts)
        if before != after:
            return f"{where} cannot change in place"
        if references := sorted({*names_in(after)} & {*changed}):
            return f"{where} cannot change in place and refers to {references[0]}, which changes"
    return ""


def _at(node: Json, parts: tuple[str, ...]) -> Json:
    """The value at a path; an intrinsic function on the way stands for all that is below it."""
    if node == {"Ref": "AWS::NoValue"}:
        return None
    if not parts or is_intrinsic(node):
        return node
    if isinstance(node, list):
        rest = parts[1:] if parts[0] == "*" else parts
        return [value for item in node if (value := _at(item, rest)) is not None] or None
    if isinstance(node, dict):  # "*" of a map: all of it
        return node if parts[0] == "*" else _at(node.get(parts[0]), parts[1:])
    return None


def _kept(resource: Resource, attribute: str) -> str:
    policy = resource.get(attribute, "Delete")
    return "" if policy == "Delete" else f" ({attribute} {text(policy)}: the old one stays behind, unmanaged)"


def _moved(logical_id: str, kind: str, base: Json, new: Json) -> str:
    fresh = [n for n, r in resources_of(new).items() if r["Type"] == kind and n not in resources_of(base)]
    return f"; a new {', '.join(fresh)} of the same type is another resource, not this one" if fresh else ""


def _weakened(old: Resource, new: Resource) -> list[str]:
    """Which of the two retention attributes keep less than before; an intrinsic function may keep nothing."""
    found = []
    for attribute in ("DeletionPolicy", "UpdateReplacePolicy"):
        before, after = old.get(attribute, "Delete"), new.get(attribute, "Delete")
        if before != after and KEPT.get(text(after), 0) < KEPT.get(text(before), 2):
            found.append(f"{attribute} {text(before)} becomes {text(after)}")
    return found
