"""Configuration files of a training container ("How SageMaker provides training information")."""

from typing import Any

from rehearsal.api import Parameters
from rehearsal.sagemaker.containers.root import Root


def configuration(request: Parameters, root: Root) -> dict[str, Any]:
    """The files of /opt/ml/input/config by name."""
    channels = {
        channel["ChannelName"]: {
            "TrainingInputMode": "File",
            "S3DistributionType": "FullyReplicated",
            "RecordWrapperType": channel.get("RecordWrapperType", "None"),
            **({"ContentType": channel["ContentType"]} if "ContentType" in channel else {}),
        }
        for channel in request.get("InputDataConfig", [])
    }
    return {
        "hyperparameters": root.rewritten(dict(request.get("HyperParameters", {}))),
        "inputdataconfig": channels,
        "resourceconfig": resources(request),
    }


def resources(request: Parameters) -> dict[str, Any]:
    """resourceconfig.json. Of several instances only the first is started here."""
    instance_type = request.get("ResourceConfig", {}).get("InstanceType", "ml.m5.large")
    group = {"instance_group_name": "homogeneousCluster", "instance_type": instance_type, "hosts": ["algo-1"]}
    return {
        "current_host": "algo-1",
        "current_instance_type": instance_type,
        "current_group_name": "homogeneousCluster",
        "hosts": ["algo-1"],
        "instance_groups": [group],
        "network_interface_name": "eth0",
    }
