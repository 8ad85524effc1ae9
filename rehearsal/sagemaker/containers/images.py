"""Which library an image holds, by the repository's name; only two can be run without their image."""

import re

_LIBRARIES = {"sagemaker-scikit-learn": "scikit-learn", "sagemaker-xgboost": "xgboost"}
_URI = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.(?:[a-z0-9.-]+)/"
    r"(?P<repository>[^:@]+)(?:[:@](?P<version>.+))?"
)


class ImageError(Exception):
    """An image that cannot be used here; the text is for people."""


def repository(image: str) -> tuple[str, str, str]:
    """Account, region and repository name of an image in ECR."""
    match = _URI.fullmatch(image)
    if match is None:
        raise ImageError(f"{image} is not an image in Amazon ECR")
    return match["account"], match["region"], match["repository"]


def library(image: str) -> str:
    """``scikit-learn`` or ``xgboost``; ImageError for every other image."""
    name = repository(image)[2]
    if name not in _LIBRARIES:
        offered = " and ".join(_LIBRARIES)
        raise ImageError(f"the rehearsal has no container runtime: it runs {offered} only, not {image}")
    return _LIBRARIES[name]
