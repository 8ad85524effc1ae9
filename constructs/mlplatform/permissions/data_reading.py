"""Reading the data that models name in their settings, and no other."""

from mlplatform.exports import imported
from mlplatform.permissions.grant import Grant
from mlplatform.permissions.places import ours, owned_by, via
from mlplatform.permissions.run_places import areas, source_arns
from mlplatform.policy import READ_OBJECTS
from mlplatform.settings import Environment
from mlplatform.settings.products import ModelProduct


def read_data(settings: Environment, *products: ModelProduct, who: str) -> list[Grant]:
    """Reading what ``products`` have in the environment's data bucket; empty if that is nothing."""
    if not (keys := areas(settings, *products)):
        return []
    bucket = settings.names.bucket_arn("data")
    listed = {**ours(settings), "StringLike": {"s3:prefix": list(keys)}}
    why = f"{who} reads all of a model's data, and so data that an execution names"
    key = (imported("DataKeyArn", settings),)
    return [
        Grant("ReadData", READ_OBJECTS, tuple(f"{bucket}/{key}" for key in keys), why, ours(settings)),
        Grant("ListData", ("s3:ListBucket",), (bucket,), why, listed),
        Grant("DecryptData", ("kms:Decrypt",), key, "the data bucket is encrypted", via(settings, "s3")),
    ]


def read_sources(settings: Environment, *products: ModelProduct, who: str) -> list[Grant]:
    """Reading the declared data sources that ``products`` use, and the keys they are encrypted with."""
    if not (objects := source_arns(settings, *products)):
        return []
    used = [source for source in settings.data_sources if _arn(source.bucket, settings) in objects.values()]
    owners = sorted({source.account or settings.account for source in used})
    keys = tuple(sorted({source.kms_key_arn for source in used if source.kms_key_arn}))
    buckets = tuple(dict.fromkeys(objects.values()))
    why = f"{who} reads everything below the prefix declared for a data source"
    grants = [
        Grant("ReadSources", READ_OBJECTS, tuple(objects), why, owned_by(*owners)),
        Grant("ListSources", ("s3:ListBucket",), buckets, why, owned_by(*owners)),
    ]
    if keys:
        why = "data sources are encrypted"
        grants.append(Grant("DecryptSources", ("kms:Decrypt",), keys, why, via(settings, "s3")))
    return grants


def _arn(bucket: str, settings: Environment) -> str:
    return settings.names.arn("s3", bucket, region="", account="")
