"""Where data lies is said once, for the environment's bucket and for declared sources alike."""

from pathlib import Path
from typing import Any

import pytest
from landscapes import environment, landscape

from mlplatform import data_locations
from mlplatform.settings import Environment, ModelProduct

SOURCES = [
    {"name": "lake", "bucket": "acme-lake", "prefix": "credit/"},
    {"name": "lake-2", "bucket": "acme-lake-2"},
    {"bucket": "acme-nameless"},
]
RESOLVED = {
    "data://credit/train/": "s3://acme-dev-data-111122223333-eu-west-1/credit/train/",
    "data://credit/train.csv": "s3://acme-dev-data-111122223333-eu-west-1/credit/train.csv",
    "data://lake/2026/train/": "s3://acme-lake/credit/2026/train/",
    "data://lake/": "s3://acme-lake/credit/",
    "data://lake": "s3://acme-lake/credit/",
    "data://lake-2/x": "s3://acme-lake-2/x",
    "data://lakes/x": "s3://acme-dev-data-111122223333-eu-west-1/lakes/x",
    "data://acme-nameless/x": "s3://acme-dev-data-111122223333-eu-west-1/acme-nameless/x",
}


@pytest.fixture
def settings(tmp_path: Path) -> Environment:
    """An environment with two named sources and one without a name."""
    return landscape(tmp_path, {"dev": environment("111122223333", data_sources=SOURCES)}, {})["dev"]


def product(**sections: Any) -> ModelProduct:
    """A product with these sections."""
    values = {"name": "credit", "description": "Predicts", "owner": "risk", "task": "regression"}
    return ModelProduct.model_validate(values | sections)


@pytest.mark.parametrize(("location", "uri"), RESOLVED.items())
def test_a_location_is_in_the_data_bucket_or_in_the_source_it_begins_with(
    location: str, uri: str, settings: Environment
) -> None:
    assert data_locations.resolve(location, settings) == uri


def test_a_location_of_another_scheme_is_refused(settings: Environment) -> None:
    with pytest.raises(ValueError, match="not a data location, given 's3://x/y', allowed: data://<path>"):
        data_locations.resolve("s3://x/y", settings)


def test_a_product_uses_the_sources_of_its_channels_and_of_what_it_scores(settings: Environment) -> None:
    data = {"train": "data://credit/train/", "test": "data://lake/test/"}
    used = product(data=data, batch={"data": "data://lake-2/batch/"})
    assert data_locations.locations(used) == (
        "data://credit/train/",
        "data://lake-2/batch/",
        "data://lake/test/",
    )
    assert [source.name for source in data_locations.sources(used, settings)] == ["lake", "lake-2"]


def test_a_product_without_data_uses_no_source(settings: Environment) -> None:
    assert data_locations.locations(product()) == ()
    assert data_locations.sources(product(), settings) == ()
