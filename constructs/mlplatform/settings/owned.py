"""What of each request the platform sets itself, so that ``request:`` may not: and what to do instead."""

_NAME = "nothing, workflows name their jobs"
_ROLE = "nothing, every model has a job role of its own"
_NETWORK = "nothing, every job runs isolated in the environment's network"
_KEY = "nothing, everything is encrypted with the environment's keys"
_OUTPUT = "nothing, the next step finds the result by where it lies"
_TAGS = "the tags of the environment and of the model"
_ARTIFACT = "nothing, the next step reads model.tar.gz"
_OTHER_WORKFLOW = "nothing, it is not a training job that runs on instances"

_TRAINING = {
    "RoleArn": _ROLE,
    "AlgorithmSpecification.TrainingImage": "train.framework, algorithm, container or jumpstart",
    "AlgorithmSpecification.AlgorithmName": "train.framework, algorithm, container or jumpstart",
    "AlgorithmSpecification.TrainingInputMode": "train.input_mode",
    "AlgorithmSpecification.MetricDefinitions": "train.metric_definitions",
    "OutputDataConfig.S3OutputPath": _OUTPUT,
    "OutputDataConfig.KmsKeyId": _KEY,
    "OutputDataConfig.CompressionType": _ARTIFACT,
    "ResourceConfig.InstanceType": "train.instance_type",
    "ResourceConfig.InstanceCount": "train.instance_count",
    "ResourceConfig.VolumeSizeInGB": "train.volume_size_gib",
    "ResourceConfig.VolumeKmsKeyId": _KEY,
    "ResourceConfig.KeepAlivePeriodInSeconds": "train.warm_pool_minutes",
    "ResourceConfig.SelectedInstanceType": "nothing, AWS says it",
    "ResourceConfig.SelectedInstanceCount": "nothing, AWS says it",
    "VpcConfig": _NETWORK,
    "EnableNetworkIsolation": _NETWORK,
    "EnableInterContainerTrafficEncryption": _NETWORK,
    "EnableManagedSpotTraining": "train.spot",
    "CheckpointConfig.S3Uri": "train.checkpoints",
    "StoppingCondition.MaxRuntimeInSeconds": "train.max_runtime_minutes",
    "StoppingCondition.MaxWaitTimeInSeconds": "train.max_wait_minutes",
    "RetryStrategy": "train.max_attempts",
    "Environment": "train.environment",
}
"""What a training job and the training jobs of a tuning job have in common."""

TRAINING = _TRAINING | {
    "TrainingJobName": _NAME,
    "HyperParameters": "train.hyperparameters",
    "AlgorithmSpecification.ContainerArguments": "train.arguments",
    "RemoteDebugConfig.EnableRemoteDebug": "nothing, nobody may look into a job",
    "ServerlessJobConfig": _OTHER_WORKFLOW,
    "ModelPackageConfig": _OTHER_WORKFLOW,
    "Tags": _TAGS,
}

PROCESSING = {
    "ProcessingJobName": _NAME,
    "RoleArn": _ROLE,
    "AppSpecification.ImageUri": "framework or container",
    "AppSpecification.ContainerEntrypoint": "script",
    "AppSpecification.ContainerArguments": "arguments",
    "Environment": "environment",
    "NetworkConfig": _NETWORK,
    "ProcessingOutputConfig": _OUTPUT,
    "ProcessingResources.ClusterConfig.InstanceType": "instance_type",
    "ProcessingResources.ClusterConfig.InstanceCount": "instance_count",
    "ProcessingResources.ClusterConfig.VolumeSizeInGB": "volume_size_gib",
    "ProcessingResources.ClusterConfig.VolumeKmsKeyId": _KEY,
    "ProcessingResources.ClusterConfig.SelectedInstanceType": "nothing, AWS says it",
    "ProcessingResources.ClusterConfig.SelectedInstanceCount": "nothing, AWS says it",
    "StoppingCondition": "max_runtime_minutes",
    "Tags": _TAGS,
}

TRANSFORM = {
    "TransformJobName": _NAME,
    "ModelName": "nothing, it is the approved version",
    "TransformInput.DataSource": "batch.data",
    "TransformInput.ContentType": "batch.content_type",
    "TransformInput.SplitType": "batch.split",
    "TransformOutput.S3OutputPath": _OUTPUT,
    "TransformOutput.Accept": "batch.accept",
    "TransformOutput.KmsKeyId": _KEY,
    "TransformResources.InstanceType": "batch.instance_type",
    "TransformResources.InstanceCount": "batch.instance_count",
    "TransformResources.VolumeKmsKeyId": _KEY,
    "BatchStrategy": "batch.strategy",
    "MaxPayloadInMB": "batch.max_payload_mb",
    "MaxConcurrentTransforms": "batch.max_concurrent_transforms",
    "DataProcessing.JoinSource": "batch.join",
    "DataCaptureConfig.KmsKeyId": _KEY,
    "Tags": _TAGS,
}

_CONFIG = "HyperParameterTuningJobConfig"
_DEFINITION = "TrainingJobDefinition"
TUNING = {
    "HyperParameterTuningJobName": _NAME,
    f"{_CONFIG}.Strategy": "tune.strategy",
    f"{_CONFIG}.StrategyConfig": "tune.hyperband",
    f"{_CONFIG}.HyperParameterTuningJobObjective": "tune.objective",
    f"{_CONFIG}.ResourceLimits.MaxNumberOfTrainingJobs": "tune.max_jobs",
    f"{_CONFIG}.ResourceLimits.MaxParallelTrainingJobs": "tune.max_parallel_jobs",
    f"{_CONFIG}.ResourceLimits.MaxRuntimeInSeconds": "tune.max_runtime_minutes",
    f"{_CONFIG}.ParameterRanges.IntegerParameterRanges": "tune.search",
    f"{_CONFIG}.ParameterRanges.ContinuousParameterRanges": "tune.search",
    f"{_CONFIG}.ParameterRanges.CategoricalParameterRanges": "tune.search",
    f"{_CONFIG}.TrainingJobEarlyStoppingType": "tune.early_stopping",
    f"{_DEFINITION}.StaticHyperParameters": "train.hyperparameters",
    f"{_DEFINITION}.HyperParameterRanges": "tune.search",
    f"{_DEFINITION}.TuningObjective": "tune.objective",
    f"{_DEFINITION}.DefinitionName": "nothing, there is one definition",
    **{f"{_DEFINITION}.{path}": instead for path, instead in _TRAINING.items()},
    f"{_DEFINITION}.HyperParameterTuningResourceConfig.VolumeKmsKeyId": _KEY,
    "TrainingJobDefinitions": "nothing, there is one definition, TrainingJobDefinition",
    "WarmStartConfig": "tune.warm_start",
    "Tags": _TAGS,
}

_VARIANT = "ProductionVariants.*"
_ABSENT = "nothing, CloudFormation has no such property"
ENDPOINT_CONFIG = {
    "EndpointConfigName": "nothing, every version has one of its own",
    f"{_VARIANT}.VariantName": "nothing, the platform names the variants",
    f"{_VARIANT}.ModelName": "nothing, it is the released version",
    f"{_VARIANT}.InitialInstanceCount": "serving.instances",
    f"{_VARIANT}.InstanceType": "serving.instance_type",
    f"{_VARIANT}.InstancePools": "serving.fallback_instance_types",
    f"{_VARIANT}.InitialVariantWeight": "serving.shadow.sampling_percent or serving.ab_test.steps",
    f"{_VARIANT}.ServerlessConfig": "serving.serverless",
    f"{_VARIANT}.VolumeSizeInGB": "serving.volume_size_gib",
    f"{_VARIANT}.ModelDataDownloadTimeoutInSeconds": "serving.download_timeout_seconds",
    f"{_VARIANT}.ContainerStartupHealthCheckTimeoutInSeconds": "serving.startup_timeout_seconds",
    f"{_VARIANT}.RoutingConfig": "serving.routing",
    f"{_VARIANT}.ManagedInstanceScaling": "serving.autoscaling",
    f"{_VARIANT}.EnableSSMAccess": "nothing, nobody may look into a container",
    f"{_VARIANT}.CoreDumpConfig": "nothing, nobody may look into a container",
    f"{_VARIANT}.AcceleratorType": "nothing, AWS offers Elastic Inference no more",
    f"{_VARIANT}.AcceleratorPartitionLayouts": _ABSENT,
    "ShadowProductionVariants": "serving.shadow",
    "DataCaptureConfig.EnableCapture": "serving.capture",
    "DataCaptureConfig.InitialSamplingPercentage": "serving.capture.sampling_percent",
    "DataCaptureConfig.DestinationS3Uri": "nothing, it is the environment's capture bucket",
    "DataCaptureConfig.CaptureOptions": "serving.capture.content",
    "DataCaptureConfig.KmsKeyId": _KEY,
    "AsyncInferenceConfig.ClientConfig": "serving.async_inference.concurrent_requests_per_instance",
    "AsyncInferenceConfig.OutputConfig.S3OutputPath": "nothing, it is predictions/<model>/async/",
    "AsyncInferenceConfig.OutputConfig.S3FailurePath": "nothing, it is predictions/<model>/async/",
    "AsyncInferenceConfig.OutputConfig.KmsKeyId": _KEY,
    "AsyncInferenceConfig.OutputConfig.NotificationConfig.ErrorTopic": "serving.async_inference.notify",
    "MetricsConfig.EnableEnhancedMetrics": "serving.metrics.enhanced",
    "MetricsConfig.MetricPublishFrequencyInSeconds": "serving.metrics.interval_seconds",
    "CrossRegionTrafficConfig": _ABSENT,
    "ExecutionRoleArn": "nothing, every model has an endpoint role of its own",
    "VpcConfig": "nothing, containers run in the environment's network",
    "EnableNetworkIsolation": "serving.network_isolation",
    "KmsKeyId": _KEY,
    "Tags": _TAGS,
}
"""What the one entry of ProductionVariants says holds for every variant."""
