"""What the input of an execution may change: each function notes a problem and keeps the default."""

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

_DATA = "data://"
_PATH = re.compile(r"([\w!.()-][\w!.()=-]*/)*[\w!.()-][\w!.()=-]*/?", re.ASCII)
"""What the settings allow as the path of a data location."""
_OBJECT = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/[\w!.*'()=/-]+\.tar\.gz", re.ASCII)
_IMAGE = re.compile(r"[\w./-]+(:[\w.-]+)?(@sha256:[0-9a-f]{64})?", re.ASCII)
UNBOUNDED = 1e300
"""What stands for an open end of a range, since JSON has no infinity."""
_PLAIN = re.compile(r"[\w-]{1,60}", re.ASCII)
_VERSION = re.compile(r"[1-9][0-9]{0,9}")


class Overrides:
    """The input, what it may be, and what has been found: ``problems`` as lines, ``used`` as dotted names."""

    def __init__(self, given: Any, defaults: Mapping[str, Any], allowed: Mapping[str, Any]) -> None:
        self.problems: list[str] = []
        self.used: list[str] = []
        self.defaults, self.allowed = defaults, allowed
        self._given: Mapping[str, Any] = {}
        if isinstance(given, dict):
            self._given = given
        elif given is not None:
            self.refuse("input", given, "an object, which may be empty")

    def only(self, accepted: Sequence[str]) -> None:
        """Refuse every other key by name."""
        for key in sorted(self._given.keys() - set(accepted)):
            self.problems.append(f"{shown(key)}: not known here; allowed: {', '.join(accepted)}")

    def get(self, key: str) -> Any:
        """The value given for ``key``, or None; null counts as not given."""
        return self._given.get(key)

    def section(self, key: str, what: str) -> Mapping[str, Any]:
        """The object given for ``key``, or an empty one."""
        given = self.get(key)
        if given is None or isinstance(given, dict):
            return given or {}
        self.refuse(key, given, what)
        return {}

    def refuse(self, key: str, given: Any, allowed: str) -> None:
        """Note one problem."""
        self.problems.append(f"{key}: given {json.dumps(given)[:200]}; allowed: {allowed}")


def shown(name: str) -> str:
    """A name somebody gave, safe to stand in a message: people read it in a notification of ours."""
    return name if _PLAIN.fullmatch(name) else json.dumps(name[:60])


def hyperparameters(given: Overrides) -> dict[str, str]:
    """The model's hyperparameters with those given in their place, as the training API takes them."""
    values: dict[str, str] = dict(given.defaults.get("Hyperparameters") or {})
    allowed = given.allowed.get("Hyperparameters") or {}
    for name, value in given.section("hyperparameters", "an object of names and values").items():
        field = f"hyperparameters.{shown(name)}"
        if name not in allowed:
            given.refuse(field, value, f"only {', '.join(sorted(allowed)) or 'none'}")
            continue
        encoded = _in_range(value, allowed[name], given.allowed.get("Encoding") == "json")
        if encoded is None:
            given.refuse(field, value, _range(allowed[name]))
            continue
        values[name] = encoded
        given.used.append(field)
    return values


def _range(allowed: Mapping[str, Any]) -> str:
    if "Values" in allowed:
        return ", ".join(str(value) for value in allowed["Values"])
    least, most = allowed["Minimum"], allowed["Maximum"]
    return _ends(least, most) + (", whole numbers" if allowed.get("Integer") else "")


def _ends(least: float, most: float) -> str:
    if abs(least) < UNBOUNDED and abs(most) < UNBOUNDED:
        return f"{least} to {most}"
    ends = [f"at least {least}"] * (least > -UNBOUNDED) + [f"at most {most}"] * (most < UNBOUNDED)
    return "".join(ends) or "any finite number"


def _in_range(value: Any, allowed: Mapping[str, Any], is_json: bool) -> str | None:
    """``value`` as the training API takes it if it is allowed, else None."""
    if "Values" in allowed:
        fitting = (one for one in allowed["Values"] if _forms(value) & _forms(one))
        one = next(fitting, None)
        return one if one is None or (isinstance(one, str) and not is_json) else json.dumps(one)
    number = _number(value)
    if number is None or not float(allowed["Minimum"]) <= number <= float(allowed["Maximum"]):
        return None
    if allowed.get("Integer") and not re.fullmatch(r"[+-]?[0-9]+", str(value).strip()):
        return None
    return value.strip() if isinstance(value, str) else json.dumps(value)


def _number(value: Any) -> float | None:
    """A finite number, also when it is given as text, as hyperparameters are; True is no number."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    # Python also reads 1_000 and digits of other scripts, which no algorithm does.
    plain = not isinstance(value, str) or (value.isascii() and "_" not in value)
    return number if math.isfinite(number) and plain else None


def _forms(value: Any) -> set[str]:
    """How a value may be spelled: as itself and as JSON."""
    if not isinstance(value, str | int | float | bool):
        return set()
    return {value, json.dumps(value)} if isinstance(value, str) else {json.dumps(value)}


def instance_type(given: Overrides) -> str | None:
    """The instance type to train on."""
    allowed = given.allowed.get("InstanceTypes") or ()
    return _one_of(given, "instance_type", allowed, given.defaults.get("InstanceType"))


def technique(given: Overrides) -> str | None:
    """How to customize; its own hyperparameters and data are the defaults from here on. None: not at all."""
    known = given.defaults.get("Techniques") or {}
    if not known:
        return None
    chosen = str(_one_of(given, "technique", tuple(known), next(iter(known))))
    given.defaults = {**given.defaults, **known[chosen]}
    given.allowed = {**given.allowed, **(given.allowed.get("Techniques") or {}).get(chosen, {})}
    return chosen


def _one_of(given: Overrides, key: str, allowed: Sequence[str], default: str | None) -> str | None:
    value = given.get(key)
    if value is None:
        return default
    if value not in allowed:
        given.refuse(key, value, ", ".join(allowed) or "none")
        return default
    given.used.append(key)
    return str(value)


def data(given: Overrides, *, single: bool) -> dict[str, str]:
    """Address by channel. With ``single``, the input gives one location for the only channel."""
    channels: dict[str, str] = dict(given.defaults.get("Data") or {})
    if single:
        channel = next(iter(channels), "batch")
        wanted = {} if given.get("data") is None else {channel: given.get("data")}
    else:
        wanted = dict(given.section("data", "an object of channels and data:// locations"))
    for channel, location in wanted.items():
        field = "data" if single else f"data.{shown(channel)}"
        if channel not in channels and not single:
            given.refuse(field, location, f"the channels {', '.join(channels) or '(none)'}")
        elif address := _address(location, given.allowed):
            channels[channel] = address
            given.used.append(field)
        else:
            given.refuse(field, location, _places(given.allowed))
    return channels


def _places(allowed: Mapping[str, Any]) -> str:
    known = sorted({*(allowed.get("DataSources") or {}), *(allowed.get("DataAreas") or ())})
    return f"data://<path>, of letters, digits and !.()=-_, without //, below {', '.join(known) or 'nothing'}"


def _address(location: Any, allowed: Mapping[str, Any]) -> str | None:
    """The S3 address of a location in the model's areas of the data bucket, or in a declared source of it."""
    if not isinstance(location, str) or not location.startswith(_DATA):
        return None
    path = location.removeprefix(_DATA)
    if not _PATH.fullmatch(path) or ".." in path.split("/"):
        return None
    first, _, rest = path.partition("/")
    if source := (allowed.get("DataSources") or {}).get(first):
        return f"{source}{'' if '/' in source.removeprefix('s3://') else '/'}{rest}"
    return f"s3://{allowed['DataBucket']}/{path}" if first in (allowed.get("DataAreas") or ()) else None


def source(given: Overrides) -> str | None:
    """The packed scripts to run instead of the model's own, where the environment allows that."""
    if given.get("source") is None:
        return None
    if not given.allowed.get("Source"):
        given.refuse("source", given.get("source"), "none: this environment runs the model's own scripts")
        return None
    return _below(given, "source", [given.allowed["SourcePrefix"]])


def model_data(given: Overrides, *, required: bool) -> str | None:
    """The artifact to register."""
    prefixes = given.allowed.get("ModelDataPrefixes") or ()
    if given.get("model_data") is None:
        if required:
            given.problems.append(f"model_data: missing; allowed: s3://….tar.gz below {', '.join(prefixes)}")
        return None
    return _below(given, "model_data", prefixes, overrides=False)


def _below(given: Overrides, key: str, prefixes: Sequence[str], *, overrides: bool = True) -> str | None:
    value = given.get(key)
    fits = isinstance(value, str) and _OBJECT.fullmatch(value) and ".." not in value.split("/")
    if not fits or not value.startswith(tuple(prefixes)):
        given.refuse(key, value, f"s3://….tar.gz below {', '.join(prefixes) or 'no prefix'}")
        return None
    if overrides:
        given.used.append(key)
    return str(value)


def image(given: Overrides) -> str | None:
    """The image that serves the artifact."""
    value, default = given.get("image"), given.defaults.get("Image")
    if value is None:
        return default
    allowed = given.allowed.get("ImagePrefixes") or ()
    # What does not end in a colon is a whole image: another tag or digest of its repository is another image.
    prefixes = tuple(one for one in allowed if one.endswith(":"))
    fits = isinstance(value, str) and _IMAGE.fullmatch(value)
    if not fits or not (value in allowed or value.startswith(prefixes)):
        given.refuse("image", value, f"images of {', '.join(allowed) or 'no registry'}")
        return default
    given.used.append("image")
    return str(value)


def imported(given: Overrides, execution: str) -> str | None:
    """The version that Amazon Bedrock takes over, by its ARN; None: it customizes a model of its own."""
    found = model_package(given, execution, "import")
    trained = sorted({name.partition(".")[0] for name in given.used} & {"data", "hyperparameters"})
    if found and trained:
        given.problems.append(f"{', '.join(trained)}: nothing is trained where a version is imported")
    return found


def delete_models(given: Overrides) -> bool:
    """Whether models are deleted as well as what serves them."""
    value = given.get("delete_models")
    if value is not None and not isinstance(value, bool):
        given.refuse("delete_models", value, "true, false")
        return False
    if value:
        given.used.append("delete_models")
    return bool(value)


def model_package(given: Overrides, execution: str, key: str = "model_package_arn") -> str | None:
    """The version to use, by its ARN; None is the newest approved one.

    A group without an ARN lies where the execution, named by its ARN, runs: groups of other accounts may be
    called the same.
    """
    value, group = given.get(key), given.allowed.get("PackageGroup") or ""
    if value is None:
        return None
    _, partition, _, region, account, *_ = execution.split(":")
    here = f"arn:{partition}:sagemaker:{region}:{account}:model-package-group/"
    versions = (group if group.startswith("arn:") else here + group).replace("-group/", "/", 1) + "/"
    fits = group and isinstance(value, str) and value.startswith(versions)
    if not fits or not _VERSION.fullmatch(value.removeprefix(versions)):
        given.refuse(key, value, f"{versions}<version>" if group else "none")
        return None
    given.used.append(key)
    return str(value)
