"""Names and ARNs of one environment as parameters of the bootstrap template."""

from mlplatform.names import Names

PLACEHOLDERS = Names(
    "${Prefix}", "${Environment}", "${AWS::Partition}", "${AWS::Region}", "${AWS::AccountId}", "${IamPath}"
)
"""Names as parameters of the template."""

NO_VALUE = {"Ref": "AWS::NoValue"}


def arn(scope: str) -> str:
    """The ARN pattern of ``service:resource``, where the resource may hold placeholders as `filled` takes."""
    service, _, resource = scope.partition(":")
    place = {"region": "", "account": ""} if service in ("route53", "s3") else {}
    return PLACEHOLDERS.arn(service, filled(resource), **place)


def filled(text: str) -> str:
    """``text`` with parameters for {start}, {prefix}, {environment}, {account}, {region}, {qualifier}."""
    start = f"{PLACEHOLDERS.prefix}-{PLACEHOLDERS.environment}-"
    values = {"start": start, "account": PLACEHOLDERS.account, "region": PLACEHOLDERS.region}
    values |= {"prefix": PLACEHOLDERS.prefix, "environment": PLACEHOLDERS.environment}
    return text.format(**values, qualifier="${Qualifier}")
