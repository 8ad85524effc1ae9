"""What of the requests of model customization the platform sets itself, and what to do instead."""

from mlplatform.settings.owned import TRAINING

_ROLE = "nothing, every model has a customization role of its own"
_SERVERLESS = "nothing, a serverless job has no instances, images and network of ours"
_TECHNIQUE = "customization.techniques"
_DATA = "the data of customization.techniques and evaluate"
_OWN = (
    "TrainingJobName",
    "OutputDataConfig.S3OutputPath",
    "OutputDataConfig.KmsKeyId",
    "OutputDataConfig.CompressionType",
    "RemoteDebugConfig.EnableRemoteDebug",
    "Tags",
)

CUSTOMIZING = {path: TRAINING[path] for path in _OWN} | {
    "RoleArn": _ROLE,
    "HyperParameters": f"{_TECHNIQUE}.<technique>.hyperparameters",
    "AlgorithmSpecification": _SERVERLESS,
    "ResourceConfig": _SERVERLESS,
    "VpcConfig": _SERVERLESS,
    "EnableNetworkIsolation": _SERVERLESS,
    "EnableInterContainerTrafficEncryption": _SERVERLESS,
    "EnableManagedSpotTraining": _SERVERLESS,
    "CheckpointConfig": _SERVERLESS,
    "RetryStrategy": _SERVERLESS,
    "Environment": _SERVERLESS,
    "InputDataConfig": _DATA,
    "ServerlessJobConfig.BaseModelArn": "customization.base_model",
    "ServerlessJobConfig.AcceptEula": "customization.accept_eula",
    "ServerlessJobConfig.JobType": "nothing, a workflow trains and then evaluates",
    "ServerlessJobConfig.CustomizationTechnique": _TECHNIQUE,
    "ServerlessJobConfig.Peft": f"{_TECHNIQUE}.<technique>.peft",
    "ServerlessJobConfig.EvaluationType": "customization.evaluate",
    "ServerlessJobConfig.EvaluatorArn": f"reward_function or reward_prompt of {_TECHNIQUE}",
    "ServerlessJobConfig.SequenceLength": f"{_TECHNIQUE}.<technique>.sequence_length",
    "ModelPackageConfig": f"{_TECHNIQUE}.<technique>.start_from",
    "MlflowConfig": "nothing, runs are tracked in the environment's MLflow",
    "StoppingCondition.MaxRuntimeInSeconds": f"{_TECHNIQUE}.<technique>.max_runtime_minutes",
    "StoppingCondition.MaxWaitTimeInSeconds": _SERVERLESS,
}
"""Of CreateTrainingJob, for a serverless job."""

BEDROCK = {
    "jobName": "nothing, workflows name their jobs",
    "customModelName": "nothing, workflows name their models",
    "roleArn": _ROLE,
    "clientRequestToken": "nothing, it is the run's",
    "baseModelIdentifier": "bedrock.base_model",
    "customizationType": "bedrock.customization",
    "customModelKmsKeyId": "nothing, everything is encrypted with the environment's keys",
    "jobTags": TRAINING["Tags"],
    "customModelTags": TRAINING["Tags"],
    "trainingDataConfig": "bedrock.train",
    "validationDataConfig": "bedrock.validation",
    "outputDataConfig": "nothing, the next step finds the result by where it lies",
    "hyperParameters": "bedrock.hyperparameters",
    "vpcConfig": "nothing, jobs reach S3 through the environment's network",
    "customizationConfig.rftConfig": "bedrock.reward_function and hyperparameters",
}
"""Of CreateModelCustomizationJob."""
