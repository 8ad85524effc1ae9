"""Every mistake in an environment file is reported by file, line and setting, with what is allowed."""

from pathlib import Path

import pytest

from mlplatform import regions
from mlplatform.settings import SettingsError, read_environments

GOOD = """\
owns_account: true  # a comment, and a key that stands elsewhere in the model
account: "111122223333"
region: eu-west-1
name_prefix: acme
removal: destroy
tags:
  owner: ml-platform
  cost-center: "4711"
network:
  availability_zones: [euw1-az1, euw1-az2]
"""
KEYS = (
    "account, region, name_prefix, organization_id, serves_production, training, removal, tags, "
    "owns_account, already_in_account, iam, ci, network, studio, customization, registry, release, models, "
    "data_sources, data_writers, break_glass_roles, storage, audit, log_retention_days, notifications, "
    "deployment"
)
USABLE = ", ".join(regions.regions_offering("studio"))
SIZE = "a private network from /16 to /24, such as 10.40.0.0/20"
DAYS = (
    "1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653"
)
EMPTY = "the file is empty, allowed: settings such as `account:` and `region:`"
TOP = "wrong type at the top of the file, given {}, allowed: settings as `key: value`"
ZONES = "euw1-az1, euw1-az2, euw1-az3, or zone names such as eu-west-1a"


def problems(folder: Path, **files: str | bytes) -> list[str]:
    """Messages about a folder of these environment files."""
    environments = folder / "environments"
    environments.mkdir()
    for name, content in files.items():
        data = content if isinstance(content, bytes) else content.encode()
        (environments / f"{name.replace('_', '-')}.yaml").write_bytes(data)
    with pytest.raises(SettingsError) as refused:
        read_environments(environments)
    return str(refused.value).splitlines()


def change(old: str, new: str) -> str:
    """The good file with one thing changed."""
    assert old in GOOD
    return GOOD.replace(old, new)


ONE_MISTAKE = {
    "unknown persona": (
        GOOD + "studio:\n  users:\n    ana: data_scientst\n",
        "13: studio.users.ana.persona: unknown value, given 'data_scientst', "
        "allowed: data_scientist, ml_engineer, studio_admin, approver",
    ),
    "user name that no user profile can have": (
        GOOD + "studio:\n  users:\n    ana_b: approver\n",
        "13: studio.users.ana_b: malformed, given 'ana_b', "
        "allowed: 1 to 31 of a-z, 0-9 and single inner hyphens, a role is named so",
    ),
    "instance type that does not exist": (
        GOOD + "studio: {job_instance_types: [ml.m5.large, ml.m5.lrage]}\n",
        "11: studio.job_instance_types: no such instance type, given 'ml.m5.lrage', "
        "allowed: such as ml.m5.large, ml.m5.xlarge, ml.m5.4xlarge",
    ),
    "identity center missing": (
        GOOD + "studio: {auth_mode: sso}\n",
        "11: studio.identity_center_instance_arn: is missing, "
        "allowed: the ARN of the Identity Center instance, because auth_mode: sso",
    ),
    "identity center user without identity center": (
        GOOD + "studio: {users: {ana: {persona: approver, sso_user: ana@acme.com}}}\n",
        "11: studio.users: sso_user does not go with auth_mode: iam, given ana, allowed: name: persona",
    ),
    "idle timeout that SageMaker refuses": (
        GOOD + "studio: {idle_timeout_minutes: 30}\n",
        "11: studio.idle_timeout_minutes: out of range, given 30, allowed: a whole number from 60 to 525600",
    ),
    "shared space of nobody": (
        GOOD + "studio: {users: {ana: data_scientist, cy: approver}, shared_spaces: {risk: cy}}\n",
        "11: studio.shared_spaces: the owner of risk does not work in Studio, given 'cy', allowed: ana",
    ),
    "sign-in roles missing": (
        GOOD + "iam: {require_mfa: identity_provider}\n",
        "11: iam.sign_in_roles: is missing, allowed: the roles people get from the identity provider, "
        "because require_mfa: identity_provider",
    ),
    "custom image of another region": (
        GOOD
        + "studio:\n  custom_image: 111122223333.dkr.ecr.eu-central-1.amazonaws.com/studio@sha256:"
        + "0" * 64
        + "\n",
        "12: studio.custom_image: an image of another region, "
        "given '111122223333.dkr.ecr.eu-central-1.amazonaws.com/studio@sha256:" + "0" * 64 + "', "
        "allowed: an image in eu-west-1",
    ),
    "identity center of another partition": (
        GOOD + "studio:\n  auth_mode: sso\n"
        "  identity_center_instance_arn: arn:aws-cn:sso:::instance/ssoins-0a1b2c3d4e5f6a7b\n",
        "13: studio.identity_center_instance_arn: of another partition, "
        "given 'arn:aws-cn:sso:::instance/ssoins-0a1b2c3d4e5f6a7b', "
        "allowed: an ARN that starts with arn:aws:",
    ),
    "adopting without owning": (
        change("owns_account: true", "owns_account: false") + "already_in_account: [ai_registry_hub]\n",
        "11: already_in_account: does not go without owns_account: true, given ai_registry_hub",
    ),
    "tags too long for the start-up script": (
        change('"4711"', '"4711"' + "".join(f"\n  n{number}: {'x' * 256}" for number in range(4))),
        "6: tags: too long, given 1063 characters, allowed: at most 1000 of keys and values together",
    ),
    "any pipeline may deploy": (
        GOOD + 'ci: {deploy_subjects: ["*"]}\n',
        "11: ci.deploy_subjects.0: malformed, given '*', "
        "allowed: the subject of a token, such as repo:acme/ml:environment:dev, * only at its end",
    ),
    "artifacts key of another region": (
        GOOD + "registry: {environment: dev, artifacts_key_arn: "
        "'arn:aws:kms:eu-central-1:111122223333:key/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0'}\n",
        "11: registry.artifacts_key_arn: a key of another region, "
        "given 'arn:aws:kms:eu-central-1:111122223333:key/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0', "
        "allowed: a key of eu-west-1",
    ),
    "unknown key": (
        change("removal:", "removl:"),
        f"5: removl: unknown key, given 'removl', did you mean 'removal'?, allowed: {KEYS}",
    ),
    "unknown key far from any": (
        GOOD + "colour: blue\n",
        f"11: colour: unknown key, given 'colour', allowed: {KEYS}",
    ),
    "unknown nested key": (
        GOOD + "audit: {clodtrail: organization}\n",
        "11: audit.clodtrail: unknown key, given 'clodtrail', did you mean 'cloudtrail'?, "
        "allowed: cloudtrail, retention_days",
    ),
    "the name is the file's": (
        GOOD + "name: dev\n",
        "11: name: unknown key, given 'name', allowed: the file's name is the environment's name",
    ),
    "missing": (
        change("region: eu-west-1\n", ""),
        "1: region: is missing, allowed: an AWS region with SageMaker Studio",
    ),
    "unquoted account": (
        change('"111122223333"', "111122223333"),
        "2: account: wrong type, given 111122223333, allowed: 12 digits in quotes",
    ),
    "11-digit account": (
        change("111122223333", "11112222333"),
        "2: account: malformed, given '11112222333', allowed: 12 digits in quotes",
    ),
    "unknown region": (
        change("region: eu-west-1", "region: eu-wst-1"),
        f"3: region: unknown region, given 'eu-wst-1', did you mean 'eu-west-1'?, allowed: {USABLE}",
    ),
    "prefix too long": (
        change("name_prefix: acme", "name_prefix: acme-ml"),
        "4: name_prefix: malformed, given 'acme-ml', "
        "allowed: 1 to 6 of a-z, 0-9 and inner hyphens, a letter first",
    ),
    "unknown value": (
        change("destroy", "keep"),
        "5: removal: unknown value, given 'keep', allowed: retain, destroy",
    ),
    "yes is a word in YAML 1.2": (
        GOOD + "serves_production: yes\n",
        "11: serves_production: wrong type, given 'yes', allowed: true or false",
    ),
    "number for a text": (
        change('"4711"', "4711"),
        "8: tags.cost-center: wrong type, given 4711, "
        "allowed: 1 to 256 letters, digits, spaces and _ . : / = + - @, numbers in quotes",
    ),
    "text for a number": (
        GOOD + "audit: {retention_days: long}\n",
        "11: audit.retention_days: wrong type, given 'long', allowed: a whole number from 90 to 3653",
    ),
    "number out of range": (
        GOOD + "audit: {retention_days: 1}\n",
        "11: audit.retention_days: out of range, given 1, allowed: a whole number from 90 to 3653",
    ),
    "word for a list": (
        GOOD + "  interface_endpoints: kms\n",
        "11: network.interface_endpoints: wrong type, given 'kms', allowed: a list: "
        "interface endpoints beside the core ones, by AWS's short service name",
    ),
    "list for a section": (
        GOOD + "storage: [1]\n",
        "11: storage: wrong type, given a list, allowed: settings as `key: value`: how long objects are kept",
    ),
    "a required cost tag missing": (
        change('  cost-center: "4711"\n', ""),
        "6: tags: the cost tag cost-center is missing, given owner",
    ),
    "two tags that IAM takes for one": (
        change("  owner:", "  OWNER: x\n  owner:"),
        "6: tags: named twice, given 'owner', allowed: each once",
    ),
    "a network no VPC can have": (
        GOOD + "  cidr: 127.0.0.0/16\n",
        f"11: network.cidr: not a network a VPC can have, given '127.0.0.0/16', allowed: {SIZE}",
    ),
    "a data source's key of another region": (
        GOOD
        + "data_sources:\n  - bucket: lake\n    kms_key_arn: arn:aws:kms:us-east-1:111122223333:key/0f1e\n",
        "13: data_sources.0.kms_key_arn: a key of another region, "
        "given 'arn:aws:kms:us-east-1:111122223333:key/0f1e', allowed: a key of eu-west-1, as the bucket",
    ),
    "more data sources than an endpoint policy holds": (
        GOOD + "data_sources: [" + ", ".join(f"{{bucket: lake-{n}}}" for n in range(21)) + "]\n",
        "11: data_sources: too many, given 21, allowed: at most 20",
    ),
    "more networks than a security group holds": (
        GOOD + "  outbound_cidrs: [" + ", ".join(f"10.9.{n}.0/24" for n in range(51)) + "]\n",
        "11: network.outbound_cidrs: too many, given 51, allowed: at most 50",
    ),
    "a tag the platform sets": (
        change("  owner:", "  environment: x\n  owner:"),
        "6: tags: a tag key that is not yours to set, given 'environment', allowed: other keys",
    ),
    "a tag that grants access": (
        change("  owner:", "  SageMaker: 'true'\n  owner:"),
        "6: tags: a tag key that is not yours to set, given 'SageMaker', allowed: other keys",
    ),
    "zone of another region": (
        change("euw1-az1", "use1-az1"),
        f"10: network.availability_zones: not a zone of eu-west-1, given use1-az1, allowed: {ZONES}",
    ),
    "zone repeated": (
        change("euw1-az1", "euw1-az2"),
        "10: network.availability_zones: named twice, given 'euw1-az2', allowed: each once",
    ),
    "one zone": (
        change("euw1-az1, euw1-az2", "euw1-az1"),
        "10: network.availability_zones: needs 2 to 3 zones of eu-west-1, given 1",
    ),
    "no zones": (
        change("  availability_zones: [euw1-az1, euw1-az2]", "  egress: none"),
        "9: network.availability_zones: needs 2 to 3 zones of eu-west-1, given 0",
    ),
    "zone ids and names mixed": (
        change("euw1-az1", "eu-west-1a"),
        "10: network.availability_zones: zone ids and zone names mixed, given eu-west-1a, euw1-az2, "
        "allowed: one form, so that none is meant twice",
    ),
    "bad CIDR": (
        GOOD + "  cidr: 10.0.0.1/20\n",
        "11: network.cidr: not an IPv4 network (10.0.0.1/20 has host bits set), given '10.0.0.1/20', "
        f"allowed: {SIZE}",
    ),
    "CIDR too small for the zones": (
        GOOD + "  cidr: 10.0.0.0/27\n",
        f"11: network.cidr: too small for the zones, given '10.0.0.0/27', allowed: {SIZE}",
    ),
    "public CIDR": (
        GOOD + "  cidr: 8.8.0.0/20\n",
        f"11: network.cidr: not a network a VPC can have, given '8.8.0.0/20', allowed: {SIZE}",
    ),
    "NAT that leads nowhere": (
        GOOD + "  egress: nat\n",
        "9: network.outbound_cidrs: is missing, "
        "allowed: at least one network, because egress: nat pays for a way that none may use",
    ),
    "the whole internet": (
        GOOD + "  outbound_cidrs: [0.0.0.0/0]\n",
        "11: network.outbound_cidrs.0: the whole internet, given '0.0.0.0/0', "
        "allowed: the networks people and jobs really need",
    ),
    "more NAT gateways than zones": (
        GOOD + "  nat_gateways: 3\n",
        "11: network.nat_gateways: more than there are zones, given 3, allowed: 1 to 2",
    ),
    "unknown package index": (
        GOOD + "  package_index: pypi\n",
        "11: network.package_index: unknown package index, given 'pypi', "
        "allowed: none, codeartifact, or an https:// address",
    ),
    "package index out of reach": (
        GOOD + "  package_index: https://pypi.acme.example/simple\n",
        "11: network.package_index: cannot be reached, given 'https://pypi.acme.example/simple', "
        "allowed: an address in network.outbound_cidrs, given none",
    ),
    "unknown endpoint": (
        GOOD + "  interface_endpoints: [kmz]\n",
        f"11: network.interface_endpoints: unknown service, given 'kmz', "
        f"allowed: {', '.join(regions.endpoint_services())}",
    ),
    "core endpoint asked for": (
        GOOD + "  interface_endpoints: [sts]\n",
        "11: network.interface_endpoints: always there, given 'sts', allowed: services beside the core ones",
    ),
    "endpoint repeated": (
        GOOD + "  interface_endpoints: [kms, kms]\n",
        "11: network.interface_endpoints: named twice, given 'kms', allowed: each once",
    ),
    "retention CloudWatch Logs does not know": (
        GOOD + "log_retention_days: 10\n",
        f"11: log_retention_days: not a retention of CloudWatch Logs, given 10, allowed: {DAYS}",
    ),
    "role of another partition": (
        GOOD + "data_writers: [arn:aws-cn:iam::111122223333:role/x]\n",
        "11: data_writers: of another partition, given 'arn:aws-cn:iam::111122223333:role/x', "
        "allowed: an ARN that starts with arn:aws:",
    ),
    "no ARN": (
        GOOD + "data_writers: [etl]\n",
        "11: data_writers.0: malformed, given 'etl', allowed: the ARN of an IAM role",
    ),
    "prefix of a data source": (
        GOOD + "data_sources: [{bucket: lake, prefix: /credit}]\n",
        "11: data_sources.0.prefix: malformed, given '/credit', "
        "allowed: an S3 prefix that ends in /, without wildcards",
    ),
    "production that tells nobody": (
        change("removal: destroy", "serves_production: true"),
        "1: notifications: is missing, allowed: an email or https address, because serves_production: true",
    ),
    "production that may be destroyed": (
        change("removal:", "notifications: {email: [a@b.c]}\nserves_production: true\nremoval:"),
        "7: removal: does not go with serves_production: true, given destroy, allowed: retain",
    ),
    "existing network and zones": (
        GOOD + "  existing: {vpc_id: vpc-0a1b2c3d, endpoints: create, route_table_ids: [rtb-0a1b2c3d],\n"
        "    subnets: {euw1-az1: subnet-0a1b2c3d, euw1-az2: subnet-0a1b2c3e}}\n",
        "10: network.availability_zones: does not go with network.existing, given euw1-az1, euw1-az2, "
        "allowed: the zones of its subnets",
    ),
    "duplicate key": (
        GOOD + 'account: "999999999999"\n',
        "11: account: the key stands twice, given before on line 2, allowed: once",
    ),
    "an alias (so no alias bomb either)": (
        GOOD + "data_writers: &a [x]\nbreak_glass_roles: *a\n",
        "12: break_glass_roles: an alias, given *a, allowed: the value written out",
    ),
    "a Python tag": (
        GOOD + 'organization_id: !!python/object/apply:os.system ["true"]\n',
        "11: organization_id: a tag, given 'tag:yaml.org,2002:python/object/apply:os.system', "
        "allowed: plain values",
    ),
    "YAML syntax": (
        GOOD + "storage: [1\n",
        "12: not valid YAML: did not find expected ',' or ']' (while parsing a flow sequence)",
    ),
    "two documents": (
        GOOD + "---\na: b\n",
        "11: a second document, given `---`, allowed: one document per file",
    ),
    "too deep": (
        GOOD + "storage: " + "[" * 40 + "]" * 40 + "\n",
        "11: storage.0.0: nested too deep, allowed: 20 levels",
    ),
    "not UTF-8": (
        GOOD.encode() + b"# \xff\n",
        "11: not UTF-8, given byte 0xff, allowed: a file saved as UTF-8",
    ),
    "empty": ("", f"1: {EMPTY}"),
    "only comments": ("# nothing\n", f"2: {EMPTY}"),
    "a list as root": ("- a\n", f"1: {TOP.format('a list')}"),
    "a scalar as root": ("word\n", f"1: {TOP.format('a single value')}"),
    "a file that is no settings file": (
        b"a" * 300_000,
        "1: too large, given 300000 bytes, allowed: 262144",
    ),
}


@pytest.mark.parametrize(("content", "message"), ONE_MISTAKE.values(), ids=ONE_MISTAKE.keys())
def test_a_mistake_is_reported_with_its_line_what_was_given_and_what_is_allowed(
    tmp_path: Path, content: str | bytes, message: str
) -> None:
    assert problems(tmp_path, dev=content) == [f"environments/dev.yaml:{message}"]


def test_all_mistakes_of_all_files_are_reported_at_once(tmp_path: Path) -> None:
    found = problems(
        tmp_path, dev=change("eu-west-1", "mars").replace("acme", "A"), prod=change("destroy", "x")
    )
    assert [line.split(": ")[0] + " " + line.split(": ")[1] for line in found] == [
        "environments/dev.yaml:3 region",
        "environments/dev.yaml:4 name_prefix",
        "environments/prod.yaml:5 removal",
    ]


def test_a_region_without_studio_is_refused_with_the_regions_that_have_it(tmp_path: Path) -> None:
    content = change("eu-west-1", "ca-west-1").replace("euw1", "caw1")
    assert problems(tmp_path, dev=content) == [
        f"environments/dev.yaml:3: region: has no SageMaker Studio, given 'ca-west-1', allowed: {USABLE}"
    ]


def test_an_endpoint_that_the_region_lacks_names_the_regions_and_the_line_that_turns_it_off(
    tmp_path: Path,
) -> None:
    content = change("eu-west-1", "eu-south-2").replace("euw1", "eus2") + "  package_index: codeartifact\n"
    offering = ", ".join(regions.regions_offering("codeartifact.api"))
    assert problems(tmp_path, dev=content) == [
        "environments/dev.yaml:11: network.package_index: eu-south-2 does not offer codeartifact.api, "
        f"allowed: one of {offering}; or `package_index: none`"
    ]


def test_a_name_that_puts_a_forbidden_word_into_every_name_is_refused(tmp_path: Path) -> None:
    assert problems(tmp_path, glue=change("name_prefix: acme", "name_prefix: aws")) == [
        "environments/glue.yaml:4: name_prefix: every name would contain 'aws-glue', "
        "which AWS managed policies grant access to, given 'aws-glue-'"
    ]


def test_a_file_name_that_is_no_environment_name_is_refused(tmp_path: Path) -> None:
    assert problems(tmp_path, production=GOOD) == [
        "environments/production.yaml:1: name: malformed, given 'production', "
        "allowed: 1 to 8 of a-z, 0-9 and inner hyphens, a letter first"
    ]


def test_prefix_and_environment_may_not_name_two_environments_of_one_account(tmp_path: Path) -> None:
    first = change("prefix: acme", "prefix: a")
    second = change("prefix: acme", "prefix: a-b").replace("owns_account: true", "owns_account: false")
    assert problems(tmp_path, b_c=first, c=second) == [
        "environments/c.yaml:4: name_prefix: names in account 111122223333 would start with 'a-b-c' "
        "as those of environments/b-c.yaml, given 'a-b', allowed: another prefix"
    ]


def test_no_name_may_start_as_all_names_of_another_environment_of_the_account_do(tmp_path: Path) -> None:
    second = change("owns_account: true", "owns_account: false")
    assert problems(tmp_path, b=GOOD, b_c=second) == [
        "environments/b.yaml:4: name_prefix: names in account 111122223333 would start with 'acme-b' and "
        "those of environments/b-c.yaml with 'acme-b-c', so that one holds the other's, given 'acme', "
        "allowed: another prefix"
    ]


def test_only_one_environment_of_an_account_records_all_events(tmp_path: Path) -> None:
    trail = GOOD + "audit: {cloudtrail: all_events}\n"
    assert problems(tmp_path, dev=trail, test=trail.replace("owns_account: true", "owns_account: false")) == [
        "environments/test.yaml:11: audit.cloudtrail: account 111122223333 already has the trail of "
        "environments/dev.yaml, given all_events, allowed: data_events, organization"
    ]


def test_an_account_needs_exactly_one_environment_that_owns_it(tmp_path: Path) -> None:
    second = change("owns_account: true", "owns_account: false").replace("prefix: acme", "prefix: b")
    nobody = change("owns_account: true", "owns_account: false")
    elsewhere = change("eu-west-1", "eu-central-1").replace("euw1", "euc1")
    (tmp_path / "one").mkdir()
    assert problems(tmp_path / "one", dev=nobody, test=second) == [
        "environments/dev.yaml:1: owns_account: nobody owns account 111122223333 in eu-west-1, "
        "given nothing, allowed: `owns_account: true` in environments/dev.yaml or environments/test.yaml"
    ]
    (tmp_path / "two").mkdir()
    assert problems(tmp_path / "two", dev=GOOD, test=GOOD, west=elsewhere) == [
        "environments/test.yaml:1: owns_account: account 111122223333 in eu-west-1 is owned by "
        "environments/dev.yaml, given true, allowed: false"
    ]


def test_an_account_has_one_oidc_provider_whatever_the_region(tmp_path: Path) -> None:
    ci = "ci: {deploy_subjects: ['repo:acme/ml:environment:dev']}\n"
    elsewhere = change("eu-west-1", "eu-central-1").replace("euw1", "euc1")
    assert problems(tmp_path, dev=GOOD + ci, west=elsewhere + ci) == [
        "environments/west.yaml:1: already_in_account: account 111122223333 already has the OIDC provider of "
        "environments/dev.yaml, given nothing, allowed: already_in_account: [oidc_provider]"
    ]


def test_a_pipeline_s_settings_stand_with_the_owner_of_the_account(tmp_path: Path) -> None:
    second = change("owns_account: true", "owns_account: false").replace("prefix: acme", "prefix: b")
    ci = "ci: {deploy_subjects: ['repo:acme/ml:environment:dev']}\n"
    assert problems(tmp_path, dev=GOOD, test=second + ci) == [
        "environments/test.yaml:11: ci: does not go without owns_account: true, given settings, "
        "allowed: in the account's owner"
    ]


def test_a_region_without_package_groups_is_refused_with_the_line_that_leaves_the_model_out(
    tmp_path: Path,
) -> None:
    model(tmp_path, "credit", MODEL)
    china = change("eu-west-1", "cn-north-1").replace("euw1", "cnn1") + "studio: {mlflow: none}\n"
    assert problems(tmp_path, china=china) == [
        "environments/china.yaml:1: models.credit: CloudFormation has no AWS::SageMaker::ModelPackageGroup "
        "in cn-north-1, given credit, allowed: `models: {credit: {enabled: false}}`, or a region that has it"
    ]


def test_the_registry_of_another_environment_must_exist_in_the_same_region_with_its_key(
    tmp_path: Path,
) -> None:
    def staging(registry: str, region: str = "eu-west-1") -> str:
        other = change("111122223333", "222233334444").replace("eu-west-1", region)
        return other.replace("euw1", "euc1" if region == "eu-central-1" else "euw1") + registry

    messages = {
        staging("registry: {environment: tset}\n"): "environment: no such environment, given 'tset', "
        "allowed: dev",
        staging("registry: {environment: dev}\n", "eu-central-1"): "environment: lies in another region, and "
        "endpoints take artifacts of their own only, given 'dev', allowed: none, its own",
        staging(
            "registry: {environment: dev, artifacts_key_arn: 'arn:aws:kms:eu-west-1:999933334444:key/0f1e'}\n"
        ): "artifacts_key_arn: a key of another account than dev, "
        "given 'arn:aws:kms:eu-west-1:999933334444:key/0f1e', allowed: a key of 111122223333",
        staging("registry: {environment: dev}\n"): "artifacts_key_arn: is missing, "
        "allowed: the artifacts key of dev, its stack's output ArtifactsKeyArn",
    }
    for number, (content, message) in enumerate(messages.items()):
        (tmp_path / str(number)).mkdir()
        found = problems(tmp_path / str(number), dev=GOOD, staging=content)
        assert found == [f"environments/staging.yaml:11: registry.{message}"]


def test_a_model_is_known_to_every_environment_as_that_environment_changes_it(tmp_path: Path) -> None:
    model(tmp_path, "credit", MODEL)
    other = change("111122223333", "222233334444")
    with_models(tmp_path, dev=GOOD + "models: {credit: {owner: dev-team}}\n")
    with_models(tmp_path, test=other + "models: {credit: {enabled: false}}\n")
    dev, test = read_environments(tmp_path / "environments")
    assert [(product.name, product.owner) for product in dev.products] == [("credit", "dev-team")]
    assert test.products == ()


MODEL = "description: Predicts something\nowner: risk\ntask: regression\n"


def model(folder: Path, name: str, content: str) -> None:
    """Write one model."""
    (folder / "models" / name).mkdir(parents=True)
    (folder / "models" / name / "model.yaml").write_text(content)


def with_models(folder: Path, **files: str) -> None:
    """Write environment files beside the models."""
    (folder / "environments").mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / "environments" / f"{name}.yaml").write_text(content)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            MODEL.replace("owner: risk\n", ""),
            "1: owner: is missing, allowed: the team that answers for the "
            "model, 1 to 256 characters of a tag value",
        ),
        (
            MODEL.replace("regression", "regresion"),
            "3: task: unknown value, given 'regresion', "
            "allowed: binary_classification, forecasting, multiclass_classification, ranking, regression, "
            "text_classification, text_generation",
        ),
        (
            MODEL + "taks: 1\n",
            "4: taks: unknown key, given 'taks', did you mean 'task'?, allowed: description, owner, task, "
            "data, prepare, train, tune, evaluate, gate, customization, inference, batch, serving, schedule",
        ),
        (
            "name: x\n" + MODEL,
            "1: name: unknown key, given 'name', allowed: the folder's name is the model's name",
        ),
    ],
)
def test_a_mistake_in_a_model_is_reported_like_one_in_an_environment(
    tmp_path: Path, content: str, message: str
) -> None:
    model(tmp_path, "credit", content)
    assert problems(tmp_path, dev=GOOD) == [f"models/credit/model.yaml:{message}"]


def test_a_model_may_not_be_called_as_what_ml_engineers_try_out(tmp_path: Path) -> None:
    model(tmp_path, "try-credit", MODEL)
    assert problems(tmp_path, dev=GOOD) == [
        "models/try-credit/model.yaml:1: name: what people try out is called so, given 'try-credit', "
        "allowed: a name that does not begin with try-"
    ]


def test_overrides_of_models_that_do_not_exist_or_are_wrong_are_reported_where_they_stand(
    tmp_path: Path,
) -> None:
    model(tmp_path, "credit", MODEL)
    content = GOOD + "models:\n  credti: {enabled: false}\n  credit:\n    task: clustering\n"
    assert problems(tmp_path, dev=content) == [
        "environments/dev.yaml:12: models.credti: no such model, given 'credti', allowed: credit",
        "environments/dev.yaml:14: models.credit.task: unknown value, given 'clustering', allowed: "
        "binary_classification, forecasting, multiclass_classification, ranking, regression, "
        "text_classification, text_generation",
    ]


def test_endpoints_of_an_existing_network_need_their_ids(tmp_path: Path) -> None:
    existing = (
        "  existing:\n    vpc_id: vpc-0a1b2c3d\n    endpoints: provided\n"
        "    subnets: {euw1-az1: subnet-0a1b2c3d, euw1-az2: subnet-0a1b2c3e}\n"
    )
    found = problems(tmp_path, dev=change("  availability_zones: [euw1-az1, euw1-az2]\n", existing))
    allowed = "is missing, allowed: the id of what exists, because endpoints: provided"
    assert found == [
        f"environments/dev.yaml:10: network.existing.endpoint_security_group_id: {allowed}",
        f"environments/dev.yaml:10: network.existing.s3_endpoint_id: {allowed}",
    ]


def test_a_folder_without_environments_and_a_wrong_file_ending_are_refused(tmp_path: Path) -> None:
    (tmp_path / "environments").mkdir()
    with pytest.raises(SettingsError, match="no environment files, allowed: one <name>.yaml per environment"):
        read_environments(tmp_path / "environments")
    (tmp_path / "environments" / "dev.yml").write_text(GOOD)
    with pytest.raises(SettingsError, match="1: wrong file name, given 'dev.yml', allowed: dev.yaml"):
        read_environments(tmp_path / "environments")


def test_on_and_off_are_words_and_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "dev.yaml").write_text("\ufeff" + change("ml-platform", "off"), encoding="utf-8")
    (settings,) = read_environments(tmp_path)
    assert settings.tags["owner"] == "off"


def test_one_environment_can_be_asked_for_and_an_unknown_one_names_those_that_exist(tmp_path: Path) -> None:
    (tmp_path / "dev.yaml").write_text(GOOD)
    (tmp_path / "prod.yaml").write_text(change("111122223333", "222233334444"))
    assert [e.name for e in read_environments(tmp_path, only="prod")] == ["prod"]
    with pytest.raises(SettingsError, match="no such environment, given 'x', allowed: dev, prod"):
        read_environments(tmp_path, only="x")


def test_settings_cannot_be_changed_once_read(tmp_path: Path) -> None:
    (tmp_path / "dev.yaml").write_text(GOOD)
    (settings,) = read_environments(tmp_path)
    with pytest.raises(ValueError, match="frozen"):
        settings.region = "eu-central-1"
