"""What `cdk bootstrap` leaves in an account that deployments need: the staging bucket and a version."""

from rehearsal.buckets import make_bucket
from rehearsal.cloudformation.providers.base import Account

VERSION = "30"
"""Of the CDK's own bootstrap template; our stacks want 6 or more."""


def prepare(account: Account, qualifier: str) -> None:
    """Create both unless they are there: several environments may share them."""
    stored = f"/cdk-bootstrap/{qualifier}/version"
    account.api("ssm").put_parameter(Name=stored, Value=VERSION, Type="String", Overwrite=True)
    place, s3 = account.place, account.api("s3")
    bucket = f"cdk-{qualifier}-assets-{place.account}-{place.region}"
    if bucket not in {found["Name"] for found in s3.list_buckets()["Buckets"]}:
        make_bucket(s3, bucket, place.region)
