"""Who makes the resources of which type; every type that is not listed is only recorded."""

from collections.abc import Mapping

from rehearsal.cloudformation.answers import Answers
from rehearsal.cloudformation.providers import (
    alarms,
    components,
    endpoints,
    functions,
    identity,
    messages,
    network,
    policies,
    registries,
    scaling,
    storage,
    workflows,
)
from rehearsal.cloudformation.providers.base import Account, Provider
from rehearsal.cloudformation.providers.recorded import Nothing


def real_providers(account: Account, answers: Answers) -> Mapping[str, Provider]:
    """Providers by type. ``Custom::*`` types go to that of ``AWS::CloudFormation::CustomResource``."""
    roles = identity.Roles(account)
    return {
        "AWS::ApplicationAutoScaling::ScalableTarget": scaling.Targets(account),
        "AWS::ApplicationAutoScaling::ScalingPolicy": scaling.Policies(account),
        "AWS::CDK::Metadata": Nothing(),
        "AWS::CloudFormation::CustomResource": functions.CustomResources(account, answers),
        "AWS::CloudWatch::Alarm": alarms.Alarms(account),
        "AWS::CloudWatch::CompositeAlarm": alarms.Alarms(account, "PutCompositeAlarm"),
        "AWS::CloudWatch::Dashboard": alarms.Dashboards(account),
        "AWS::DynamoDB::Table": storage.Tables(account),
        "AWS::EC2::RouteTable": network.route_tables(account),
        "AWS::EC2::SecurityGroup": network.security_groups(account),
        "AWS::EC2::Subnet": network.subnets(account),
        "AWS::EC2::VPC": network.Vpcs(account),
        "AWS::EC2::VPCEndpoint": network.Endpoints(account),
        "AWS::ECR::Repository": registries.Repositories(account),
        "AWS::Events::EventBus": workflows.Buses(account),
        "AWS::Events::Rule": workflows.Rules(account),
        "AWS::IAM::ManagedPolicy": identity.ManagedPolicies(roles),
        "AWS::IAM::Policy": identity.InlinePolicies(roles),
        "AWS::IAM::Role": roles,
        "AWS::KMS::Alias": storage.KeyAliases(account),
        "AWS::KMS::Key": storage.Keys(account),
        "AWS::Lambda::EventSourceMapping": functions.EventSources(account),
        "AWS::Lambda::Function": functions.Functions(account),
        "AWS::Lambda::Permission": functions.Permissions(account),
        "AWS::Logs::LogGroup": registries.LogGroups(account),
        "AWS::S3::Bucket": storage.Buckets(account),
        "AWS::S3::BucketPolicy": policies.ResourcePolicies(account, policies.of_bucket),
        "AWS::SageMaker::Endpoint": endpoints.Endpoints(account),
        "AWS::SageMaker::EndpointConfig": endpoints.Named(account, "EndpointConfig"),
        "AWS::SageMaker::Hub": registries.Hubs(account),
        "AWS::SageMaker::InferenceComponent": components.Components(account),
        "AWS::SageMaker::MlflowApp": registries.TrackingApps(account),
        "AWS::SageMaker::Model": endpoints.Named(account, "Model"),
        "AWS::SageMaker::ModelPackageGroup": registries.PackageGroups(account),
        "AWS::SNS::Subscription": messages.Subscriptions(account),
        "AWS::SNS::Topic": messages.Topics(account),
        "AWS::SNS::TopicPolicy": policies.ResourcePolicies(account, policies.of_topics),
        "AWS::SQS::Queue": messages.Queues(account),
        "AWS::SQS::QueuePolicy": policies.ResourcePolicies(account, policies.of_queues),
        "AWS::Scheduler::Schedule": workflows.Schedules(account),
        "AWS::StepFunctions::StateMachine": workflows.StateMachines(account),
    }
