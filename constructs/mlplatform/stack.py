"""What all stacks of an environment have in common."""

from typing import cast

import aws_cdk as cdk
from constructs import Construct

from mlplatform.settings import Environment


class PlatformStack(cdk.Stack):
    """A named stack that nobody deletes by accident, deployed with the environment's bootstrap qualifier."""

    def __init__(
        self, scope: Construct, construct_id: str, *, settings: Environment, description: str
    ) -> None:
        self._files = cdk.DefaultStackSynthesizer(qualifier=settings.deployment.qualifier)
        super().__init__(
            scope,
            construct_id,
            stack_name=settings.names.stack(construct_id),
            description=description,
            synthesizer=self._files,
            termination_protection=settings.retains,
        )

    @staticmethod
    def around(construct: Construct) -> "PlatformStack":
        """The stack that ``construct`` is in."""
        return cast(PlatformStack, cdk.Stack.of(construct))

    def add_folder(self, folder: cdk.AssetStaging) -> cdk.FileAssetLocation:
        """Where a staged folder will lie, zipped, when the stack is deployed.

        An ``Asset`` would do the same and load all of CDK's S3 module for it, which takes time.
        """
        # The stack has bound a copy to itself; this one writes to the same asset manifest.
        self._files.bind(self)
        return self._files.add_file_asset(
            file_name=folder.relative_staged_path(self),
            packaging=cdk.FileAssetPackaging.ZIP_DIRECTORY,
            source_hash=folder.asset_hash,
        )
