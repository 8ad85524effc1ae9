"""The whole template of a Serving stack.

What serves is a parameter of it, so that a release changes values and never the template, and an update of
the template never changes what serves (docs/releases.md). It holds what a release may change and nothing
else: no role, no policy, no value looked up at deployment.
"""

from mlplatform.serving import parts
from mlplatform.serving.alarms import operating_alarms, release_alarms
from mlplatform.serving.component import component
from mlplatform.serving.endpoint import endpoint
from mlplatform.serving.endpoint_config import endpoint_config
from mlplatform.serving.models import models
from mlplatform.serving.parameters import conditions, outputs, parameters, rules
from mlplatform.serving.parts import Part, Served
from mlplatform.serving.scaling import scaling


def template(served: Served) -> Part:
    """The template, as JSON has it."""
    watching = release_alarms(served)
    return {
        "Parameters": parameters(served),
        "Rules": rules(served),
        "Conditions": conditions(served),
        "Resources": {
            **models(served),
            parts.ENDPOINT_CONFIG: endpoint_config(served),
            **watching,
            parts.ENDPOINT: endpoint(served, list(watching)),
            **component(served, list(watching)),
            **scaling(served),
            **operating_alarms(served),
        },
        "Outputs": outputs(served),
    }
