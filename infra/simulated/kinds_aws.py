"""Types of AWS. What forces a new one is ``ForceNew`` in terraform-provider-aws."""

from collections.abc import Mapping
from typing import Any

from infra.simulated.kinds import Kind

__all__ = ["kind_of"]

_BUCKET = ("aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2")
_FUNCTION = ("aws:lambda/function:Function",)
_API = ("aws:apigatewayv2/api:Api",)
_VPC = ("aws:ec2/vpc:Vpc",)
_ROLE = ("aws:iam/role:Role",)


def _kind(
    service: str,
    arn: str = "",
    *,
    name: str = "",
    joint: str | None = "-",
    legal: str = "",
    unique: bool = True,
    id: str = "",
    outputs: Mapping[str, Any] | None = None,
    replace: str = "",
    needs: Mapping[str, tuple[str, ...]] | None = None,
    keeps: str = "",
    force: str = "",
    everywhere: bool = False,
) -> Kind:
    place = "" if everywhere else "{region}"
    whole = {"arn": f"arn:aws:{service}:{place}:{{account}}:{arn}"} if arn else {}
    forces = {*replace.split(), *([name] if name else [])}
    return Kind(
        name=name,
        joint=joint,
        legal=legal,
        unique=unique and bool(name),
        id=id or ("{name}" if name else "{token|17}"),
        outputs={**whole, **(outputs or {})},
        replace=frozenset(forces),
        needs=needs or {},
        keeps=keeps,
        force=force,
    )


def _of_bucket(type_: str, *, replace: str = "bucket") -> tuple[str, Kind]:
    kind = _kind("s3", id="{bucket}", replace=replace, needs={"bucket": _BUCKET})
    return f"aws:s3/{type_[0].lower()}{type_[1:]}:{type_}", kind


_LOADS = "app/{name}/{token|16}"
_KINDS: dict[str, Kind] = {
    "aws:s3/bucket:Bucket": Kind(
        name="bucket",
        legal=r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]",
        unique=True,
        id="{name}",
        outputs={
            "arn": "arn:aws:s3:::{name}",
            "bucketDomainName": "{name}.s3.amazonaws.com",
            "bucketRegionalDomainName": "{name}.s3.{region}.amazonaws.com",
            "hostedZoneId": "Z21DNDUVLTQW6Q",
            "region": "{region}",
            "tagsAll!": "{tags}",
        },
        replace=frozenset({"bucket", "bucketPrefix", "objectLockEnabled"}),
        keeps="BucketNotEmpty: The bucket you tried to delete is not empty",
        force="forceDestroy",
    ),
    **dict(
        _of_bucket(each)
        for each in (
            "BucketPublicAccessBlock", "BucketVersioning", "BucketPolicy", "BucketLogging",
            "BucketLifecycleConfiguration", "BucketServerSideEncryptionConfiguration",
            "BucketOwnershipControls", "BucketObjectLockConfiguration", "BucketReplicationConfig",
        )
    ),
    "aws:kms/key:Key": _kind(
        "kms",
        "key/{id}",
        id="{token|8}-1111-2222-3333-{token|12}",
        outputs={"keyId": "{id}"},
        replace="customerMasterKeySpec keyUsage multiRegion",
    ),
    "aws:kms/alias:Alias": _kind(
        "kms", "{name}", name="name", id="{name}", outputs={"targetKeyArn": "{targetKeyId}"}
    ),
    "aws:ecr/repository:Repository": _kind(
        "ecr",
        "repository/{name}",
        name="name",
        legal=r"[a-z0-9][a-z0-9/._-]{1,255}",
        outputs={
            "repositoryUrl": "{account}.dkr.ecr.{region}.amazonaws.com/{name}",
            "registryId": "{account}",
        },
        replace="encryptionConfigurations",
        keeps="RepositoryNotEmptyException: The repository cannot be deleted because it still contains images",
        force="forceDelete",
    ),
    **{
        f"aws:ecr/{each[0].lower()}{each[1:]}:{each}": _kind(
            "ecr",
            id="{repository}",
            replace="repository",
            needs={"repository": ("aws:ecr/repository:Repository",)},
        )
        for each in ("LifecyclePolicy", "RepositoryPolicy")
    },
    "aws:iam/role:Role": _kind(
        "iam",
        "role/{name}",
        name="name",
        legal=r"[\w+=,.@-]{1,64}",
        outputs={"uniqueId": "AROA{token|16}"},
        replace="path",
        everywhere=True,
    ),
    "aws:iam/rolePolicy:RolePolicy": _kind(
        "iam", name="name", unique=False, id="{role}:{name}", replace="role", needs={"role": _ROLE}
    ),
    "aws:iam/policy:Policy": _kind(
        "iam", "policy/{name}", name="name", replace="path description", everywhere=True
    ),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": _kind(
        "iam", id="{role}-{token|8}", replace="role policyArn", needs={"role": _ROLE}
    ),
    "aws:cloudwatch/logGroup:LogGroup": _kind(
        "logs", "log-group:{name}", name="name", legal=r"[\w./#-]{1,512}", replace="logGroupClass"
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": _kind("cloudwatch", "alarm:{name}", name="name"),
    "aws:sns/topic:Topic": _kind(
        "sns", "{name}", name="name", id="arn:aws:sns:{region}:{account}:{name}", replace="fifoTopic"
    ),
    "aws:sns/topicSubscription:TopicSubscription": _kind(
        "sns",
        id="{topic}:{token|8}",
        outputs={"arn": "{id}", "pendingConfirmation": True},
        replace="topic protocol endpoint",
        needs={"topic": ("aws:sns/topic:Topic",)},
    ),
    "aws:sns/topicPolicy:TopicPolicy": _kind(
        "sns", id="{arn}", replace="arn", needs={"arn": ("aws:sns/topic:Topic",)}
    ),
    "aws:lambda/function:Function": _kind(
        "lambda",
        "function:{name}",
        name="name",
        legal=r"[A-Za-z0-9_-]{1,64}",
        outputs={
            "invokeArn": "arn:aws:apigateway:{region}:lambda:path/2015-03-31/functions/arn:aws:lambda:{region}:{account}:function:{name}/invocations",
            "qualifiedArn": "arn:aws:lambda:{region}:{account}:function:{name}:{revision}",
            "version": "{revision}",
            "lastModified": "2026-01-01T00:00:00.000+0000",
        },
        replace="packageType",
        needs={"role": _ROLE},
    ),
    "aws:lambda/alias:Alias": _kind(
        "lambda",
        "function:{functionName|last}:{name}",
        name="name",
        unique=False,
        id="{functionName|last}/{name}",
        outputs={
            "invokeArn": "arn:aws:apigateway:{region}:lambda:path/2015-03-31/functions/arn:aws:lambda:{region}:{account}:function:{functionName|last}:{name}/invocations"
        },
        replace="functionName",
        needs={"functionName": _FUNCTION},
    ),
    "aws:lambda/permission:Permission": _kind(
        "lambda",
        id="{token|16}",
        replace="action function principal qualifier sourceArn statementId sourceAccount",
        outputs={"statementId": "{id}"},
        needs={"function": _FUNCTION},
    ),
    "aws:lambda/functionUrl:FunctionUrl": _kind(
        "lambda",
        id="{functionName}",
        outputs={"functionUrl": "https://{token|32}.lambda-url.{region}.on.aws/", "urlId": "{token|32}"},
        replace="functionName qualifier",
        needs={"functionName": _FUNCTION},
    ),
    "aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig": _kind(
        "lambda", id="{functionName},{qualifier}", replace="functionName qualifier",
        needs={"functionName": _FUNCTION},
    ),
    "aws:apigatewayv2/api:Api": _kind(
        "apigateway",
        name="name",
        unique=False,
        id="{token|10}",
        outputs={
            "arn": "arn:aws:apigateway:{region}::/apis/{id}",
            "apiEndpoint": "https://{id}.execute-api.{region}.amazonaws.com",
            "executionArn": "arn:aws:execute-api:{region}:{account}:{id}",
        },
    )._replace(replace=frozenset({"protocolType"})),
    **{
        f"aws:apigatewayv2/{each[0].lower()}{each[1:]}:{each}": _kind(
            "apigateway", id="{token|7}", replace="apiId", needs={"apiId": _API}
        )
        for each in ("Integration", "Route", "Authorizer")
    },
    "aws:apigatewayv2/stage:Stage": _kind(
        "apigateway",
        name="name",
        unique=False,
        outputs={
            "arn": "arn:aws:apigateway:{region}::/apis/{apiId}/stages/{name}",
            "invokeUrl": "https://{apiId}.execute-api.{region}.amazonaws.com/",
            "executionArn": "arn:aws:execute-api:{region}:{account}:{apiId}/{name}",
        },
        replace="apiId",
        needs={"apiId": _API},
    ),
    "aws:apigatewayv2/domainName:DomainName": _kind(
        "apigateway",
        name="domainName",
        joint=None,
        outputs={
            "arn": "arn:aws:apigateway:{region}::/domainnames/{name}",
            "domainNameConfiguration.targetDomainName": "d-{token|10}.execute-api.{region}.amazonaws.com",
            "domainNameConfiguration.hostedZoneId": "Z1U9ULNL0V5AJ3",
        },
    ),
    "aws:apigatewayv2/apiMapping:ApiMapping": _kind(
        "apigateway", id="{token|6}", replace="domainName", needs={"apiId": _API}
    ),
    "aws:acm/certificate:Certificate": _kind(
        "acm",
        "certificate/{token|32}",
        id="arn:aws:acm:{region}:{account}:certificate/{token|32}",
        outputs={
            "domainValidationOptions": [
                {
                    "domainName": "{domainName}",
                    "resourceRecordName": "_{token|32}.{domainName}.",
                    "resourceRecordType": "CNAME",
                    "resourceRecordValue": "_{token|32}.acm-validations.aws.",
                }
            ],
            "status": "ISSUED",
        },
        replace="domainName validationMethod keyAlgorithm",
    ),
    "aws:acm/certificateValidation:CertificateValidation": _kind(
        "acm", id="2026-01-01 00:00:00 +0000 UTC", replace="certificateArn validationRecordFqdns"
    ),
    "aws:route53/healthCheck:HealthCheck": _kind(
        "route53", id="{token|8}-aaaa-bbbb-cccc-{token|12}", replace="type requestInterval",
        outputs={"arn": "arn:aws:route53:::healthcheck/{id}"},
    ),
    "aws:route53/record:Record": _kind(
        "route53",
        name="name",
        joint=None,
        unique=False,
        id="{zoneId}_{name}_{type}_{setIdentifier}",
        outputs={"fqdn": "{name}"},
        replace="zoneId type setIdentifier",
    ),
    "aws:secretsmanager/secret:Secret": _kind(
        "secretsmanager",
        "secret:{name}-{token|6}",
        name="name",
        id="arn:aws:secretsmanager:{region}:{account}:secret:{name}-{token|6}",
    ),
    "aws:secretsmanager/secretVersion:SecretVersion": _kind(
        "secretsmanager",
        id="{secretId}|{token|32}",
        outputs={"versionId": "{token|32}", "arn": "{secretId}"},
        replace="secretId secretString secretBinary",
        needs={"secretId": ("aws:secretsmanager/secret:Secret",)},
    ),
    "aws:budgets/budget:Budget": _kind(
        "budgets", "budget/{name}", name="name", id="{account}:{name}", everywhere=True
    ),
    "aws:ec2/vpc:Vpc": _kind(
        "ec2",
        "vpc/{id}",
        id="vpc-{token|17}",
        outputs={
            "defaultSecurityGroupId": "sg-{token|17}",
            "defaultRouteTableId": "rtb-{token|17}",
            "mainRouteTableId": "rtb-{token|17}",
        },
        replace="cidrBlock instanceTenancy",
    ),
    "aws:ec2/subnet:Subnet": _kind(
        "ec2", "subnet/{id}", id="subnet-{token|17}",
        replace="vpcId cidrBlock availabilityZone", needs={"vpcId": _VPC},
    ),
    "aws:ec2/securityGroup:SecurityGroup": _kind(
        "ec2", "security-group/{id}", name="name", id="sg-{token|17}",
        replace="vpcId description", needs={"vpcId": _VPC},
    ),
    "aws:ec2/vpcEndpoint:VpcEndpoint": _kind(
        "ec2", "vpc-endpoint/{id}", id="vpce-{token|17}",
        outputs={"prefixListId": "pl-{token|8}", "cidrBlocks": ["52.219.0.0/16"]},
        replace="vpcId serviceName vpcEndpointType", needs={"vpcId": _VPC},
    ),
    "aws:lb/loadBalancer:LoadBalancer": _kind(
        "elasticloadbalancing",
        f"loadbalancer/{_LOADS}",
        name="name",
        legal=r"[A-Za-z0-9-]{1,32}",
        id=f"arn:aws:elasticloadbalancing:{{region}}:{{account}}:loadbalancer/{_LOADS}",
        outputs={
            "dnsName": "{name}-{token|9}.{region}.elb.amazonaws.com",
            "zoneId": "Z215JYRZR1TBD5",
            "arnSuffix": _LOADS,
        },
        replace="internal loadBalancerType",
    ),
    "aws:lb/targetGroup:TargetGroup": _kind(
        "elasticloadbalancing",
        "targetgroup/{name}/{token|16}",
        name="name",
        legal=r"[A-Za-z0-9-]{1,32}",
        id="arn:aws:elasticloadbalancing:{region}:{account}:targetgroup/{name}/{token|16}",
        outputs={"arnSuffix": "targetgroup/{name}/{token|16}"},
        replace="port protocol vpcId targetType protocolVersion",
    ),
    "aws:lb/listener:Listener": _kind(
        "elasticloadbalancing",
        id="{loadBalancerArn}/{token|16}",
        outputs={"arn": "{id}"},
        replace="loadBalancerArn",
        needs={"loadBalancerArn": ("aws:lb/loadBalancer:LoadBalancer",)},
    ),
    "aws:ecs/cluster:Cluster": _kind(
        "ecs", "cluster/{name}", name="name", id="arn:aws:ecs:{region}:{account}:cluster/{name}"
    ),
    "aws:ecs/taskDefinition:TaskDefinition": _kind(
        "ecs",
        "task-definition/{family}:1",
        id="{family}",
        outputs={
            "arnWithoutRevision": "arn:aws:ecs:{region}:{account}:task-definition/{family}",
            "revision": 1.0,
        },
        replace="family containerDefinitions cpu memory taskRoleArn executionRoleArn networkMode volumes requiresCompatibilities runtimePlatform",
    ),
    "aws:ecs/service:Service": _kind(
        "ecs",
        name="name",
        id="arn:aws:ecs:{region}:{account}:service/{cluster|last}/{name}",
        replace="cluster launchType",
        needs={"cluster": ("aws:ecs/cluster:Cluster",)},
    ),
    "aws:appautoscaling/target:Target": _kind(
        "application-autoscaling", "scalable-target/{token|16}", id="{resourceId}",
        replace="resourceId scalableDimension serviceNamespace",
    ),
    "aws:appautoscaling/policy:Policy": _kind(
        "application-autoscaling", "scalingPolicy:{token|16}", name="name",
        replace="resourceId scalableDimension serviceNamespace",
    ),
}  # fmt: skip


def kind_of(type_: str) -> Kind:
    """Return what is known of a type of AWS."""
    found = _KINDS.get(type_)
    if found is None:
        service, _, plain = type_.split(":")[1].partition("/")
        found = _kind(service, f"{plain}/{{id}}", id=f"{plain.lower()}-{{token|17}}")
    if "tagsAll!" in found.outputs:
        return found
    return found._replace(outputs={**found.outputs, "tagsAll!": "{tags}"})
