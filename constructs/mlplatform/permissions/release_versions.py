"""What a release may do with its model's versions: see that they are whole, note what became of them."""

from mlplatform.permissions.grant import Grant
from mlplatform.permissions.job_roles import repository_of
from mlplatform.permissions.lineage import record_lineage
from mlplatform.permissions.places import owned_by, registry_key, via
from mlplatform.permissions.run_places import KEPT
from mlplatform.policy import Conditions
from mlplatform.serving.parts import Served
from mlplatform.version_notes import noting
from mlplatform.workflows.inference import image_of_scripts, model_image

RELEASE_ID = "?" * 10
"""What the name of a release's action in the lineage ends in; ``*`` would reach models named alike."""


def image_accounts(served: Served) -> tuple[str, ...]:
    """Accounts whose images are looked for before a release; AWS keeps its own."""
    return tuple(sorted({served.settings.account, served.settings.neighbours.registry.account}))


def versions(served: Served) -> list[Grant]:
    """Finding, checking and annotating versions; never deciding on them."""
    registry = served.settings.neighbours.registry
    numbered = registry.package_arns(served.product.name)
    group = registry.package_group_arn(served.product.name)
    find = ("sagemaker:DescribeModelPackage", "sagemaker:ListModelPackages")
    return [
        Grant("FindVersions", find, (group, numbered), "versions of the model are numbered"),
        Grant(
            "NoteVersions",
            ("sagemaker:UpdateModelPackage",),
            (numbered,),
            "what served is noted on the version, in any of them; nobody's decision is changed",
            noting(served.names, served.settings, served.product.name),
        ),
        *_whole(served),
        *record_lineage(
            served.settings,
            actions=f"{served.endpoint}-{RELEASE_ID}",
            why="lineage connects a version with its releases; SageMaker numbers artifacts, and actions are "
            "named after endpoint and release",
        ),
    ]


def _whole(served: Served) -> list[Grant]:
    """Reading the first byte of the artifacts, and asking for the images that somebody may have deleted."""
    settings, registry = served.settings, served.settings.neighbours.registry
    bucket, owner = registry.bucket_arn("artifacts"), owned_by(registry.account)
    prefix = f"{KEPT}{served.product.name}/*"
    listed: Conditions = {**owner, "StringLike": {"s3:prefix": prefix}}
    uris = (image_of_scripts(served.product, settings), model_image(served.product, settings))
    kept = {uri for uri in uris if uri.partition(".")[0] in image_accounts(served)}
    images = {registry.repository_arn(served.product.name), *(repository_of(uri, settings) for uri in kept)}
    why = "a version is released only if its model is there, made by any run"
    return [
        Grant("ReadVersions", ("s3:GetObject",), (f"{bucket}/{prefix}",), why, owner),
        Grant("ListVersions", ("s3:ListBucket",), (bucket,), "a model may be many objects", listed),
        Grant(
            "DecryptVersions",
            ("kms:Decrypt",),
            (registry_key(settings),),
            "models are encrypted",
            via(settings, "s3"),
        ),
        Grant("FindImages", ("ecr:BatchGetImage",), tuple(sorted(images)), "and if its image is there"),
    ]
