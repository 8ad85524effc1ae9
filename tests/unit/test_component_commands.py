"""What commands say of a model that answers as inference components: protection, status, cost."""

from pathlib import Path
from typing import Any

from serving_templates import COMPONENTS, COMPONENTS_TO_ZERO, SCALED, credit, settings_in

from mlplatform.serving.template import template
from tools.cost import load_prices, monthly_cost, unpriced
from tools.protect import policy
from tools.status import Found, report

ARN = "arn:aws:sagemaker:eu-west-1:111122223333:model-package/acme-dev-credit/2"
LIVE = {"version": 2, "package": ARN}
OUTPUTS = {"LiveEndpointConfigName": "config-1", "LiveModelName": "model-2", "ProductionModelPackageArn": ARN}


def found(copies: int = 2, model: str = "model-2", status: str = "InService") -> Found:
    """A model whose second version serves, and what SageMaker says of its component."""
    outputs = [{"OutputKey": key, "OutputValue": value} for key, value in OUTPUTS.items()]
    component: dict[str, Any] = {
        "RuntimeConfig": {"CurrentCopyCount": copies},
        "Specifications": [{"InstanceType": "ml.g5.2xlarge", "ModelName": model}],
        "InferenceComponentStatus": status,
    }
    endpoint = {"EndpointConfigName": "config-1", "EndpointStatus": "InService"}
    stack: Any = {"StackStatus": "UPDATE_COMPLETE", "Outputs": outputs}
    return Found("credit", "inference_components", LIVE, stack, endpoint, component=component)


def notes(given: Found) -> list[str]:
    return report("dev", [given]).splitlines()[3:]


def test_status_tells_what_the_component_serves_instead_and_that_no_copy_runs() -> None:
    assert notes(found()) == []
    assert notes(found(copies=0)) == [
        "credit: no copy is running; the first requests fail for some minutes and start one"
    ]
    assert notes(found(model="model-1")) == [
        "credit: the inference component's model is model-1, the stack says model-2"
    ]
    assert notes(found(status="Failed")) == ["credit: the inference component is Failed: no reason given"]


def test_a_stack_policy_names_the_component_where_there_is_one_and_nowhere_else(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    for serving in (COMPONENTS, SCALED):
        served = credit(settings, **serving)
        kept = policy(served.product)["Statement"][1]["Resource"]
        named = {name.rpartition("/")[2] for name in ([kept] if isinstance(kept, str) else kept)}
        assert named == {"Endpoint", "InferenceComponent"} & set(template(served)["Resources"])


def instances(serving: dict[str, Any], folder: Path) -> int:
    """Instances that are paid for once a version serves, whether anybody asks or not."""
    body, prices = template(credit(settings_in(folder), **serving)), load_prices()
    lines = {line.item: line.count for line in monthly_cost(body, "us-east-1", prices)}
    every = {**lines, **unpriced(body, prices)}
    return sum(count for item, count in every.items() if item.startswith("ml.g5.2xlarge"))


def test_instances_that_come_and_go_with_copies_cost_what_always_stays(tmp_path: Path) -> None:
    for name, serving, kept in (("two", COMPONENTS, 2), ("none", COMPONENTS_TO_ZERO, 0)):
        (tmp_path / name).mkdir()
        assert instances(serving, tmp_path / name) == kept
