"""Addresses of the AWS console that notifications link to."""

from mlplatform.settings import Environment

CONSOLES = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}
"""Host of the console by partition (AWS General Reference; AWS GovCloud and China user guides)."""


def console(settings: Environment) -> str:
    """Address of the console in the environment's region."""
    place = settings.place
    return f"https://{settings.region}.{CONSOLES.get(place.partition, f'console.{place.dns_suffix}')}"


def execution_link(settings: Environment) -> str:
    """Address of an execution of a state machine, to which its ARN is added."""
    return f"{console(settings)}/states/home?region={settings.region}#/v2/executions/details/"
