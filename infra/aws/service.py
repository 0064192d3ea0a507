"""The server as a service: the image on Fargate."""

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from infra.aws import names
from infra.aws.balancer import Balancer
from infra.aws.identity import make_role, reads_models, writes_logs
from infra.aws.keys import Keys
from infra.aws.logs import make_log_group
from infra.aws.network import PORT, Network
from infra.aws.site import Site
from infra.aws.storage import Storage

__all__ = ["Service", "make_service"]

_CONTAINER = "server"
_USER = "65532:65532"  # the image's
_STOP = 30  # seconds; the server drains for 3 and ends requests under way in 20
_BUSY = 60.0  # percent of the processors, above which there will be more tasks


@dataclass(frozen=True, kw_only=True)
class Service:
    """The service, the cluster that it runs in, and what it may do."""

    cluster: aws.ecs.Cluster
    service: aws.ecs.Service
    role: aws.iam.Role


def make_service(
    site: Site,
    *,
    network: Network,
    balancer: Balancer,
    storage: Storage,
    repository: aws.ecr.Repository,
    keys: Keys,
    key: aws.kms.Key,
) -> Service:
    """Make it: tasks without root, without a public address, between two numbers of them."""
    config = site.config
    group = make_log_group(site, "server", f"/ecs/{config.name}", key)
    ecs = "ecs-tasks.amazonaws.com"
    role = make_role(site, "server", ecs, *reads_models(site, storage, key))
    starter = make_role(
        site, "starter", ecs, *_pulls(repository), *keys.statements, writes_logs(group)
    )
    cpu, memory = names.fargate_size(config.cpu, config.memory)
    task = aws.ecs.TaskDefinition(
        site.name("server"),
        family=config.name,
        requires_compatibilities=["FARGATE"],
        network_mode="awsvpc",
        cpu=str(cpu),
        memory=str(memory),
        runtime_platform=aws.ecs.TaskDefinitionRuntimePlatformArgs(
            cpu_architecture="X86_64", operating_system_family="LINUX"
        ),
        execution_role_arn=starter.arn,
        task_role_arn=role.arn,
        volumes=[aws.ecs.TaskDefinitionVolumeArgs(name="tmp")],
        container_definitions=pulumi.Output.json_dumps([_container(site, group, keys)]),
        tags=site.tags,
        opts=site.opts(),
    )
    cluster = aws.ecs.Cluster(
        site.name("cluster"),
        settings=[aws.ecs.ClusterSettingArgs(name="containerInsights", value="enabled")],
        tags=site.tags,
        opts=site.opts(),
    )
    service = aws.ecs.Service(
        site.name("server"),
        cluster=cluster.arn,
        task_definition=task.arn,
        launch_type="FARGATE",
        platform_version="LATEST",
        desired_count=_least(site),
        network_configuration=aws.ecs.ServiceNetworkConfigurationArgs(
            subnets=[each.id for each in network.inner],
            security_groups=[network.tasks.id],
            assign_public_ip=False,
        ),
        load_balancers=[
            aws.ecs.ServiceLoadBalancerArgs(
                target_group_arn=balancer.targets.arn,
                container_name=_CONTAINER,
                container_port=PORT,
            )
        ],
        deployment_circuit_breaker=aws.ecs.ServiceDeploymentCircuitBreakerArgs(
            enable=True, rollback=True
        ),
        health_check_grace_period_seconds=120,
        enable_execute_command=False,
        propagate_tags="SERVICE",
        wait_for_steady_state=True,
        tags=site.tags,
        # How many there are is said by the scaling below, minute by minute.
        opts=site.opts(
            after=[balancer.listener, *network.ready, *keys.ready], ignore=["desiredCount"]
        ),
    )
    _scale(site, cluster, service)
    return Service(cluster=cluster, service=service, role=role)


def _least(site: Site) -> int:
    """Return how many tasks there always are; with none, nobody would start the first."""
    return max(1, site.config.min_instances)


def _container(site: Site, group: aws.cloudwatch.LogGroup, keys: Keys) -> dict[str, Any]:
    config = site.config
    variables = {
        "DEPLOYER_SERVE_MODELS": f"{config.model}@sha256:{config.digest}",
        "DEPLOYER_CLOUDS_AWS_URL": config.stores,
        "DEPLOYER_CLOUDS_AWS_REGION": config.region,
        "AWS_REGION": config.region,
    }
    return {
        "name": _CONTAINER,
        "image": config.image,
        "essential": True,
        "user": _USER,
        "privileged": False,
        "readonlyRootFilesystem": True,
        "linuxParameters": {"initProcessEnabled": True, "capabilities": {"drop": ["ALL"]}},
        "mountPoints": [{"sourceVolume": "tmp", "containerPath": "/tmp", "readOnly": False}],  # noqa: S108 - the container's own
        "portMappings": [{"containerPort": PORT, "hostPort": PORT, "protocol": "tcp"}],
        "environment": [{"name": name, "value": value} for name, value in variables.items()],
        "secrets": [{"name": "DEPLOYER_SERVE_KEYS", "valueFrom": keys.arn}],
        # ECS does not read the image's own health check.
        "healthCheck": {
            "command": ["CMD", "python", "/opt/deployer/health.py"],
            "interval": 10,
            "timeout": 5,
            "retries": 3,
            "startPeriod": 60,
        },
        "stopTimeout": _STOP,
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {
                "awslogs-group": group.name,
                "awslogs-region": config.region,
                "awslogs-stream-prefix": _CONTAINER,
            },
        },
    }


def _pulls(repository: aws.ecr.Repository) -> list[dict[str, Any]]:
    """Return what lets ECS pull images of one repository.

    The token is the account's, so no resource can be named:
    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistry.html
    """
    return [
        {
            "Sid": "Pull",
            "Effect": "Allow",
            "Action": [
                "ecr:BatchCheckLayerAvailability",
                "ecr:BatchGetImage",
                "ecr:GetDownloadUrlForLayer",
            ],
            "Resource": repository.arn,
        },
        {
            "Sid": "LogIn",
            "Effect": "Allow",
            "Action": "ecr:GetAuthorizationToken",
            "Resource": "*",
        },
    ]


def _scale(site: Site, cluster: aws.ecs.Cluster, service: aws.ecs.Service) -> None:
    namespace, dimension = "ecs", "ecs:service:DesiredCount"
    target = aws.appautoscaling.Target(
        site.name("scale"),
        service_namespace=namespace,
        scalable_dimension=dimension,
        resource_id=pulumi.Output.concat("service/", cluster.name, "/", service.name),
        min_capacity=_least(site),
        max_capacity=site.config.max_instances,
        tags=site.tags,
        opts=site.opts(),
    )
    aws.appautoscaling.Policy(
        site.name("scale"),
        policy_type="TargetTrackingScaling",
        service_namespace=namespace,
        scalable_dimension=dimension,
        resource_id=target.resource_id,
        target_tracking_scaling_policy_configuration=aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationArgs(
            target_value=_BUSY,
            predefined_metric_specification=aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecificationArgs(
                predefined_metric_type="ECSServiceAverageCPUUtilization"
            ),
            scale_in_cooldown=300,
            scale_out_cooldown=60,
        ),
        opts=site.opts(),
    )
