"""What all stacks of an environment have in common."""

from functools import cache, cached_property
from pathlib import Path
from typing import cast

import aws_cdk as cdk
from constructs import Construct

from mlplatform.settings import Environment


class PlatformStack(cdk.Stack):
    """A named stack that nobody deletes by accident, deployed with the environment's bootstrap qualifier.

    ``serves``: it is what answers requests, so it is protected in every environment, and its template has no
    parameter of CDK's, which every update would look up.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Environment,
        description: str,
        serves: bool = False,
    ) -> None:
        self._scope = scope
        self._files = cdk.DefaultStackSynthesizer(
            qualifier=settings.deployment.qualifier, generate_bootstrap_version_rule=not serves
        )
        super().__init__(
            scope,
            construct_id,
            stack_name=settings.names.stack(construct_id),
            description=description,
            synthesizer=self._files,
            termination_protection=settings.retains or serves,
        )

    @staticmethod
    def around(construct: Construct) -> "PlatformStack":
        """The stack that ``construct`` is in."""
        return cast(PlatformStack, cdk.Stack.of(construct))

    @cached_property
    def _publisher(self) -> cdk.DefaultStackSynthesizer:
        """What uploads assets. The stack has bound a copy to itself; this one writes to the same manifest."""
        self._files.bind(self)
        return self._files

    def add_folder(self, folder: cdk.AssetStaging) -> cdk.FileAssetLocation:
        """Where a staged folder will lie, zipped, when the stack is deployed.

        An ``Asset`` would do the same and load all of CDK's S3 module for it, which takes time.
        """
        return self._publisher.add_file_asset(
            file_name=folder.relative_staged_path(self),
            packaging=cdk.FileAssetPackaging.ZIP_DIRECTORY,
            source_hash=folder.asset_hash,
        )

    def add_file(self, content: bytes, content_hash: str, extension: str) -> None:
        """Have ``content`` uploaded as ``<content_hash><extension>`` when the stack is deployed."""
        top, up = _assets(cast(cdk.Stage, self._scope))
        name = f"asset.{content_hash}{extension}"
        if not (path := top / name).exists():
            path.write_bytes(content)
        self._publisher.add_file_asset(
            file_name=f"{up}{name}",
            packaging=cdk.FileAssetPackaging.FILE,
            source_hash=content_hash,
        )


@cache
def _assets(stage: cdk.Stage) -> tuple[Path, str]:
    """Where the assets of a stage lie, and the way there from its own folder; asked once for all stacks."""
    top, here = Path(stage.asset_outdir), Path(stage.outdir)
    return top, "../" * len(here.relative_to(top).parts)
