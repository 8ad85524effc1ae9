"""The lifecycle configurations of Studio's applications."""

import aws_cdk as cdk
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from mlplatform.lifecycle_script import content_hash, imports, script
from mlplatform.settings import Environment
from mlplatform.stack_exports import import_value


class StudioStartup(Construct):
    """One script for JupyterLab and for Code Editor, whose names change with what they hold.

    Their content is create-only: under the same name CloudFormation could not create the new one before
    the old one goes. Tags are left out because they are create-only as well.
    """

    def __init__(self, scope: Construct, construct_id: str, *, settings: Environment) -> None:
        super().__init__(scope, construct_id)
        self._settings = settings
        values = {name: import_value(name, settings) for name in imports(settings)}
        self._content = cdk.Fn.base64(cdk.Fn.sub(script(settings), values))
        self.jupyter_lab_arn = self._configuration("JupyterLab")
        self.code_editor_arn = self._configuration("CodeEditor")

    def _configuration(self, application: str) -> str:
        thing = f"studio-{application.lower()}-{content_hash(self._settings)}"
        return sagemaker.CfnStudioLifecycleConfig(
            self,
            application,
            studio_lifecycle_config_app_type=application,
            studio_lifecycle_config_content=self._content,
            studio_lifecycle_config_name=self._settings.names.name(thing, kind="studio"),
        ).attr_studio_lifecycle_config_arn
