# mypy: ignore-errors
import json

import pulumi
import pulumi_aws as aws


class WebArgs:
    def __init__(self, image, replicas, vpc_id, subnet_ids):
        self.image = image
        self.replicas = replicas
        self.vpc_id = vpc_id
        self.subnet_ids = subnet_ids


class Web(pulumi.ComponentResource):
    """A load-balanced service."""

    def __init__(self, name, args, opts=None):
        super().__init__("shop:index:Web", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.group = aws.ec2.SecurityGroup(
            f"{name}-web",
            vpc_id=args.vpc_id,
            ingress=[
                aws.ec2.SecurityGroupIngressArgs(
                    protocol="tcp", from_port=80, to_port=80, cidr_blocks=["0.0.0.0/0"]
                )
            ],
            opts=child,
        )
        self.cluster = aws.ecs.Cluster(f"{name}-cluster", opts=child)
        self.balancer = aws.lb.LoadBalancer(
            f"{name}-lb", security_groups=[self.group.id], subnets=args.subnet_ids, opts=child
        )
        self.target = aws.lb.TargetGroup(
            f"{name}-tg", port=80, protocol="HTTP", target_type="ip", vpc_id=args.vpc_id, opts=child
        )
        listener = aws.lb.Listener(
            f"{name}-listener",
            load_balancer_arn=self.balancer.arn,
            port=80,
            default_actions=[{"type": "forward", "target_group_arn": self.target.arn}],
            opts=child,
        )
        logs = aws.cloudwatch.LogGroup(f"{name}-logs", opts=child)
        self.task = aws.ecs.TaskDefinition(
            f"{name}-task",
            family=name,
            cpu="256",
            memory="512",
            network_mode="awsvpc",
            requires_compatibilities=["FARGATE"],
            container_definitions=pulumi.Output.all(args.image, logs.name, self.target.port).apply(
                lambda got: json.dumps(
                    [
                        {
                            "name": "web",
                            "image": got[0],
                            "portMappings": [{"containerPort": int(got[2])}],
                            "logConfiguration": {
                                "logDriver": "awslogs",
                                "options": {"awslogs-group": got[1]},
                            },
                        }
                    ]
                )
            ),
            opts=child,
        )
        self.service = aws.ecs.Service(
            f"{name}-svc",
            cluster=self.cluster.arn,
            desired_count=args.replicas,
            launch_type="FARGATE",
            task_definition=self.task.arn,
            network_configuration={
                "assign_public_ip": True,
                "subnets": args.subnet_ids,
                "security_groups": [self.group.id],
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=[listener]),
        )
        self.url = pulumi.Output.concat("http://", self.balancer.dns_name)
        self.register_outputs({"url": self.url})
