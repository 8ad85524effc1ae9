"""Names stay within AWS's limits and grant nothing, whatever the settings say."""

import pytest

from mlplatform import regions
from mlplatform.names import FORBIDDEN_WORDS, MAX_ENVIRONMENT, MAX_MODEL, MAX_PREFIX, Names, forbidden_word

LONGEST_REGION = max(regions.region_names(), key=len)
LONGEST = Names("p" * MAX_PREFIX, "e" * MAX_ENVIRONMENT, "aws-us-gov", LONGEST_REGION, "1" * 12)
BUCKETS = ("data", "artifacts", "capture", "logs", "audit")


@pytest.mark.parametrize("bucket", BUCKETS)
def test_the_longest_bucket_name_is_one_s3_accepts(bucket: str) -> None:
    name = LONGEST.bucket(bucket)
    assert len(name) <= 63
    assert name.endswith(f"-{'1' * 12}-{LONGEST_REGION}")


def test_the_longest_model_leaves_room_for_its_stack_and_role_names() -> None:
    assert len(LONGEST.stack(f"Serving-{'m' * MAX_MODEL}")) <= 128
    assert len(LONGEST.name(f"{'m' * MAX_MODEL}-endpoint")) <= 64


def test_a_name_that_is_too_long_is_refused_with_its_length() -> None:
    with pytest.raises(ValueError, match="has 76 characters, allowed: 64"):
        LONGEST.name("x" * 60)


@pytest.mark.parametrize("word", FORBIDDEN_WORDS)
@pytest.mark.parametrize("case", [str.lower, str.upper, str.title])
def test_a_name_with_a_word_that_managed_policies_grant_on_is_refused(word: str, case: type[str]) -> None:
    assert forbidden_word(f"my-{case(word)}-thing") == word
    with pytest.raises(ValueError, match=word):
        Names("acme", "dev", "aws", "eu-west-1", "1" * 12).name(f"my-{case(word)}")


def test_everything_of_an_environment_starts_with_prefix_and_environment() -> None:
    names = Names("acme", "dev", "aws-cn", "cn-north-1", "111122223333")
    assert names.stack("Network") == "acme-dev-network"
    assert names.bucket("data") == "acme-dev-data-111122223333-cn-north-1"
    assert names.bucket_arn("data") == "arn:aws-cn:s3:::acme-dev-data-111122223333-cn-north-1"
    assert names.export("Network", "VpcId") == "acme-dev-network:VpcId"
    assert names.log_group("function/x") == "/acme/dev/function/x"
    assert names.role_path("job") == "/acme/dev/job/"
    assert names.role_arns("job") == "arn:aws-cn:iam::111122223333:role/acme/dev/job/*"
    assert names.role_arns("*") == "arn:aws-cn:iam::111122223333:role/acme/dev/*"
