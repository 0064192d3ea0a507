"""What in our programs is no safe default; data."""

from tests.infra.engine.mutation_kit import Exempt

# Without these the endpoint does something else or does not come up; nothing gets less safe.
_WORKS = "what the endpoint does, not how safe it is"
_NAMES = "a name or a text for people"
_LINK = "a link that the cloud or the SDK demands"
_PLATFORM = "the cloud's only choice, or its default is the same"
_WATCH = "what is watched, and from when on it is too much, depends on what is served"
_ASKED = "there because the configuration asked for it, and by default it is not"
_CLOSED = "then less is reachable, not more"
_DEFENSIVE = "the default is defensive, which AWS recommends as well"

EXEMPT: tuple[Exempt, ...] = (
    Exempt("*", "remove tags.managed-by", _NAMES),
    Exempt("*", "remove tags.environment", _NAMES),
    Exempt("*", "remove *labels.managed-by", _NAMES),
    Exempt("*", "remove *labels.environment", _NAMES),
    Exempt("*", "remove description", _NAMES),
    Exempt("*", "remove displayName", _NAMES),
    Exempt("*", "remove name", _NAMES),
    # AWS
    Exempt("aws:s3/*", "remove bucket", _LINK),
    Exempt("aws:s3/bucket:Bucket", "remove forceDestroy", _PLATFORM),
    Exempt("aws:s3/bucketLogging:*", "remove targetPrefix", _NAMES),
    Exempt("aws:s3/bucketLifecycleConfiguration:*", "remove rules*id", _NAMES),
    Exempt("aws:s3/bucketLifecycleConfiguration:*", "remove rules*filter*", _PLATFORM),
    # How often S3 asks KMS: fewer calls cost less and leave fewer traces; either is well.
    Exempt("aws:s3/bucketServerSideEncryptionConfiguration:*", "* rules*bucketKeyEnabled", _WORKS),
    Exempt("aws:kms/key:Key", "remove deletionWindowInDays", _PLATFORM),
    Exempt("aws:kms/key:Key", "widen policy Account Action", "kms:* is all there is"),
    Exempt("aws:kms/alias:Alias", "*", _NAMES),
    Exempt("aws:ecr/repository:Repository", "remove forceDelete", _PLATFORM),
    Exempt("aws:ecr/lifecyclePolicy:*", "remove policy", _LINK),
    Exempt("aws:ecr/repositoryPolicy:*", "remove repository", _LINK),
    Exempt("aws:ecr/repositoryPolicy:*", "drop", "nobody may pull then"),
    Exempt("aws:ecr/repositoryPolicy:*", "remove policy", _LINK),
    Exempt("aws:iam/role:Role", "remove assumeRolePolicy", _LINK),
    Exempt("aws:iam/rolePolicy:RolePolicy", "drop", "it may do nothing then"),
    Exempt("aws:iam/rolePolicy:RolePolicy", "remove *", _LINK),
    Exempt("aws:secretsmanager/secretVersion:*", "*", "nobody is let in then"),
    Exempt("aws:secretsmanager/secret:*", "remove recoveryWindowInDays", _PLATFORM),
    *(Exempt("aws:sns/topicSubscription:*", each, _ASKED) for each in ("drop", "remove *")),
    *(
        # Whom it tells is guarded: alarmActions.
        Exempt("aws:cloudwatch/metricAlarm:*", each, _WATCH)
        for each in (
            "remove okActions*", "remove threshold",
            "remove period", "remove datapointsToAlarm", "remove dimensions*",
            "remove treatMissingData", "remove comparisonOperator", "remove evaluationPeriods",
            "remove statistic", "remove extendedStatistic", "remove alarmDescription",
        )
    ),
    Exempt("aws:budgets/budget:*", "drop", _ASKED),
    Exempt("aws:budgets/budget:*", "remove notifications[[]?[]]", "one of two warnings"),
    *(
        Exempt("aws:budgets/budget:*", f"remove {each}", _LINK)
        for each in (
            "timeUnit", "limitUnit", "limitAmount", "budgetType", "costFilters*",
            "notifications*.notificationType", "notifications*.threshold*",
            "notifications*.comparisonOperator",
        )
    ),
    # The authoriser lets nobody in without the name of its secret; the server asks for keys.
    Exempt("aws:lambda/function:*", "remove environment*", _WORKS),
    *(
        Exempt("aws:lambda/function:*", f"remove {each}", _WORKS)
        for each in (
            "memorySize", "role", "architectures", "timeout", "imageUri", "packageType", "runtime",
            "handler", "code", "loggingConfig.logFormat",
        )
    ),
    Exempt("aws:lambda/alias:*", "remove *", _LINK),
    Exempt("aws:lambda/permission:*", "drop", "nobody may call it then"),
    *(
        Exempt("aws:lambda/permission:*", f"remove {each}", _LINK)
        for each in ("function", "principal", "action", "qualifier")
    ),
    Exempt("aws:lambda/provisionedConcurrencyConfig:*", "*", _WORKS),
    Exempt("aws:apigatewayv2/api:*", "remove protocolType", _LINK),
    *(
        Exempt("aws:apigatewayv2/authorizer:*", f"remove {each}", _LINK)
        for each in ("authorizerType", "authorizerPayloadFormatVersion", "apiId")
    ),
    Exempt("aws:apigatewayv2/authorizer:*", "remove enableSimpleResponses", "it refuses everybody then"),
    Exempt("aws:apigatewayv2/authorizer:*", "flip enableSimpleResponses", "it refuses everybody then"),
    Exempt("aws:apigatewayv2/integration:*", "remove *", _WORKS),
    Exempt("aws:apigatewayv2/route:*", "drop", "nothing answers then"),
    *(Exempt("aws:apigatewayv2/route:*", f"remove {each}", _LINK) for each in ("target", "routeKey", "apiId")),
    Exempt("aws:apigatewayv2/stage:*", "drop", "nothing answers then"),
    Exempt("aws:apigatewayv2/stage:*", "* autoDeploy", _WORKS),
    Exempt("aws:apigatewayv2/stage:*", "remove apiId", _LINK),
    Exempt("aws:apigatewayv2/stage:*", "* defaultRouteSettings.detailedMetricsEnabled", _WATCH),
    # AWS with a domain
    *(Exempt("aws:acm/*", f"remove {each}", _LINK) for each in (
        "validationMethod", "domainName", "subjectAlternativeNames*", "validationRecordFqdns*",
        "certificateArn",
    )),
    *(Exempt("aws:apigatewayv2/domainName:*", f"remove {each}", _LINK) for each in (
        "domainName", "domainNameConfiguration.endpointType", "domainNameConfiguration.certificateArn",
    )),
    *(Exempt("aws:apigatewayv2/apiMapping:*", each, "the API has no such name then") for each in (
        "drop", "remove *",
    )),
    *(Exempt("aws:route53/healthCheck:*", f"remove {each}", _WATCH) for each in (
        "requestInterval", "enableSni", "type", "failureThreshold", "referenceName", "resourcePath",
        "fqdn", "port",
    )),
    Exempt("aws:route53/healthCheck:*", "flip enableSni", _WATCH),
    Exempt("aws:route53/healthCheck:*", "worsen type", "on port 443 it only fails then"),
    Exempt("aws:route53/record:*", "drop", "the name leads nowhere then"),
    *(Exempt("aws:route53/record:*", f"remove {each}", _LINK) for each in (
        "zoneId", "type", "ttl", "records", "setIdentifier", "failoverRoutingPolicies*", "aliases*",
    )),
    # It is no record that fails over: what fails over has a check of its own.
    Exempt("aws:route53/record:*", "flip aliases?0?.evaluateTargetHealth", _WORKS, "*-host"),
    # AWS as a service
    *(Exempt("aws:ec2/*", f"remove {each}", _LINK) for each in (
        "vpcId", "cidrBlock", "availabilityZone", "subnetId", "routeTableId", "gatewayId",
        "destinationCidrBlock", "serviceName", "routeTableIds", "subnetIds*",
    )),
    *(Exempt("aws:ec2/vpc:*", f"* {each}", _WORKS) for each in ("enableDnsSupport", "enableDnsHostnames")),
    Exempt("aws:ec2/subnet:*", "remove mapPublicIpOnLaunch", _PLATFORM),
    # Without them there is one way less, inwards or outwards.
    *(Exempt(f"aws:{each}", "drop", _CLOSED) for each in (
        "ec2/routeTableAssociation:*", "ec2/route:Route", "vpc/securityGroupIngressRule:*",
        "vpc/securityGroupEgressRule:*", "ec2/vpcEndpoint:*", "lb/listener:*",
    )),
    *(Exempt("aws:vpc/securityGroup*Rule:*", f"remove {each}", _LINK) for each in (
        "ipProtocol", "fromPort", "toPort", "cidrIpv4", "securityGroupId", "prefixListId",
        "referencedSecurityGroupId",
    )),
    Exempt("aws:ec2/vpcEndpoint:*", "remove vpcEndpointType", _PLATFORM, "*-s3"),
    Exempt("aws:ec2/vpcEndpoint:*", "remove vpcEndpointType", "the cloud refuses it"),
    # Then the network's default group is theirs, which lets nothing through: that is guarded.
    *(Exempt(each, "remove *ecurityGroup*s", _CLOSED) for each in (
        "aws:ec2/vpcEndpoint:*", "aws:lb/loadBalancer:*", "aws:ecs/service:*",
    )),
    Exempt("aws:ec2/vpcEndpoint:*", "* privateDnsEnabled", _CLOSED),
    Exempt("aws:lb/loadBalancer:*", "remove internal", _PLATFORM, "alb-penguins"),
    Exempt("aws:lb/loadBalancer:*", "flip internal", _CLOSED, "alb-penguins"),
    *(Exempt("aws:lb/loadBalancer:*", f"remove {each}", _LINK) for each in (
        "subnets*", "accessLogs.bucket", "accessLogs.prefix",
    )),
    Exempt("aws:lb/loadBalancer:*", "remove idleTimeout", _WORKS),
    Exempt("aws:lb/loadBalancer:*", "remove loadBalancerType", _PLATFORM),
    Exempt("aws:lb/loadBalancer:*", "remove desyncMitigationMode", _DEFENSIVE),
    Exempt("aws:lb/targetGroup:*", "remove *", _WORKS),
    *(Exempt("aws:lb/listener:*", f"remove {each}", _LINK) for each in (
        "defaultActions*", "loadBalancerArn", "certificateArn", "port",
    )),
    *(Exempt("aws:ecs/taskDefinition:*", f"remove {each}", _WORKS) for each in (
        "cpu", "memory", "taskRoleArn", "executionRoleArn", "networkMode", "runtimePlatform*",
        "requiresCompatibilities", "family", "volumes*", "containerDefinitions",
        "containerDefinitions?0?",
    )),
    *(Exempt("aws:ecs/taskDefinition:*", f"* containerDefinitions?0?.{each}", _WORKS) for each in (
        "name", "image", "essential", "linuxParameters.initProcessEnabled", "mountPoints*",
        "portMappings*", "environment*", "healthCheck*", "stopTimeout", "logConfiguration.*",
    )),
    Exempt("aws:ecs/taskDefinition:*", "remove containerDefinitions?0?.privileged", _PLATFORM),
    # The server does not start without keys.
    Exempt("aws:ecs/taskDefinition:*", "remove containerDefinitions?0?.secrets*", _WORKS),
    *(Exempt("aws:ecs/service:*", f"* {each}", _WORKS) for each in (
        "taskDefinition", "launchType", "healthCheckGracePeriodSeconds", "cluster", "loadBalancers*",
        "waitForSteadyState", "desiredCount",
    )),
    *(Exempt("aws:ecs/service:*", f"remove {each}", _PLATFORM) for each in (
        "platformVersion", "enableExecuteCommand", "networkConfiguration.assignPublicIp",
    )),
    *(Exempt("aws:ecs/service:*", f"remove networkConfiguration{each}", _LINK) for each in (
        "", ".subnets*",
    )),
    # How many there are at most is demanded; a policy less scales less.
    *(Exempt("aws:appautoscaling/*", each, _WORKS) for each in ("drop", "remove *")),
    # Google Cloud
    *(Exempt("gcp:*", f"remove {each}", _LINK) for each in ("location", "project", "region", "member")),
    *(
        Exempt(f"gcp:{kind}", "remove role", _LINK)
        for each in ("kms", "storage", "secretmanager")
        for kind in (f"{each}/*IAMMember:*", f"{each}/*IamMember:*")
        if (each == "secretmanager") is ("Iam" in kind)
    ),
    Exempt("gcp:kms/cryptoKeyIAMMember:*", "drop", "what is to be encrypted is not made then"),
    Exempt("gcp:kms/cryptoKeyIAMMember:*", "remove cryptoKeyId", _LINK),
    # Who writes access logs is guarded.
    Exempt("gcp:storage/bucketIAMMember:*", "drop", "the server reads nothing then", name="*-reads-*"),
    Exempt("gcp:storage/bucketIAMMember:*", "remove bucket", _LINK),
    Exempt("gcp:secretmanager/secretIamMember:*", "drop", "the server does not come up then"),
    Exempt("gcp:secretmanager/secretIamMember:*", "remove secretId", _LINK),
    Exempt("gcp:kms/cryptoKey:*", "remove purpose", _PLATFORM),
    Exempt("gcp:kms/cryptoKey:*", "remove keyRing", _LINK),
    # "If not specified at creation time, the default duration is 30 days."
    Exempt("gcp:kms/cryptoKey:*", "remove destroyScheduledDuration", _PLATFORM),
    Exempt("gcp:projects/serviceIdentity:*", "remove service", _LINK),
    Exempt("gcp:storage/bucket:*", "remove forceDestroy", _PLATFORM),
    Exempt("gcp:storage/bucket:*", "remove storageClass", _PLATFORM),
    Exempt("gcp:storage/bucket:*", "remove lifecycleRules*withState", "the ages say the same"),
    Exempt("gcp:storage/bucket:*", "remove logging.logObjectPrefix", _NAMES),
    # "Default value is 604800", and what is there already stays.
    Exempt("gcp:storage/bucket:*", "remove softDeletePolicy*", _PLATFORM),
    Exempt("gcp:artifactregistry/*", "remove cleanupPolicies?0?.[!a]*", _LINK),
    Exempt("gcp:artifactregistry/*", "remove cleanupPolicyDryRun", _PLATFORM),
    # Only DISABLED turns scanning off: "whether this repository has vulnerability scanning disabled".
    Exempt("gcp:artifactregistry/*", "remove vulnerabilityScanningConfig*", _PLATFORM),
    *(
        Exempt("gcp:artifactregistry/*", f"remove {each}", _LINK)
        for each in ("repositoryId", "format", "mode")
    ),
    Exempt("gcp:artifactregistry/*", "drop", "there is nothing to keep images in then"),
    Exempt("gcp:serviceaccount/*", "remove accountId", _LINK),
    Exempt("gcp:secretmanager/secretVersion:*", "*", "nobody is let in then"),
    Exempt("gcp:secretmanager/secret:*", "remove secretId", _LINK),
    Exempt("gcp:secretmanager/secret:*", "remove replication", _LINK),
    Exempt("gcp:secretmanager/secret:*", "remove replication.userManaged", _LINK),
    Exempt("gcp:secretmanager/secret:*", "remove replication.userManaged.replicas", _LINK),
    Exempt("gcp:secretmanager/secret:*", "remove replication.userManaged.replicas?0?", _LINK),
    Exempt("gcp:secretmanager/secret:*", "remove replication.*location", _LINK),
    *(
        Exempt("gcp:cloudrunv2/service:*", f"* {each}*", _WORKS)
        for each in (
            "template.executionEnvironment", "template.containers?0?.ports",
            "template.containers?0?.name", "template.containers?0?.resources",
            "template.maxInstanceRequestConcurrency", "template.timeout",
            "template.scaling.minInstanceCount",
        )
    ),
    # Without its model or its keys the server serves nothing and lets nobody in.
    Exempt("gcp:cloudrunv2/service:*", "remove template.containers?0?.envs*", _WORKS),
    Exempt("gcp:cloudrunv2/service:*", "remove template.containers*image", _LINK),
    Exempt("gcp:cloudrunv2/service:*", "remove template.containers", _LINK),
    Exempt("gcp:cloudrunv2/service:*", "remove template.containers?0?", _LINK),
    # That each is asked, and by HTTP, is guarded; what and how often depends on what is served.
    Exempt("gcp:cloudrunv2/service:*", "remove template.containers?0?.*Probe.httpGet.*", _WORKS),
    Exempt("gcp:cloudrunv2/service:*", "remove template.containers?0?.*Probe.*Seconds", _WORKS),
    Exempt("gcp:cloudrunv2/service:*", "remove template.containers?0?.*Probe.*Threshold", _WORKS),
    Exempt("gcp:cloudrunv2/service:*", "remove template.labels*", "those of the service are guarded"),
    Exempt("gcp:cloudrunv2/service:*", "* traffics*", "all goes to the latest by default as well"),
    # With a domain, the ingress shuts out what comes by Google's own address, too.
    Exempt("gcp:cloudrunv2/service:*", "* defaultUriDisabled", _CLOSED),
    Exempt("gcp:cloudrunv2/service:*", "remove ingress", _PLATFORM, name="penguins-*"),
    Exempt("gcp:cloudrunv2/service:*", "worsen ingress", "the endpoint is public, and the server asks for keys", name="penguins-*"),
    Exempt("gcp:cloudrunv2/service:*", "* invokerIamDisabled", "only Google's own callers get in then"),
    # Off, as the service holds nothing: on, which is the default, would protect more.
    Exempt("gcp:cloudrunv2/service:*", "* deletionProtection", _CLOSED),
    Exempt("gcp:logging/projectBucketConfig:*", "remove bucketId", _LINK),
    # True is the default, as the SDK says.
    Exempt("gcp:logging/projectSink:*", "* uniqueWriterIdentity", _PLATFORM),
    Exempt("gcp:logging/projectSink:*", "remove filter", "all that the project logs is kept then"),
    *(
        # Whom it tells is guarded, and that there is one for each sign.
        Exempt("gcp:monitoring/alertPolicy:*", f"remove {each}", _WATCH)
        for each in (
            "combiner", "severity", "conditions*.displayName", "conditions*.duration",
            "conditions*.comparison", "conditions*.thresholdValue", "conditions*.aggregations*",
        )
    ),
    Exempt("gcp:monitoring/*", "remove userLabels.managed-by", _NAMES),
    Exempt("gcp:monitoring/*", "remove userLabels.environment", _NAMES),
    Exempt("gcp:monitoring/notificationChannel:*", "remove labels*", _LINK),
    Exempt("gcp:monitoring/notificationChannel:*", "remove type", _LINK),
    *(
        Exempt("gcp:monitoring/uptimeCheckConfig:*", f"remove {each}", _WATCH)
        for each in (
            "period", "timeout", "httpCheck", "httpCheck.requestMethod", "httpCheck.path",
            "httpCheck.port", "httpCheck.acceptedResponseStatusCodes*", "monitoredResource*",
        )
    ),
    Exempt("gcp:billing/budget:*", "drop", _ASKED),
    Exempt("gcp:billing/budget:*", "remove thresholdRules[[]?[]]", "one of two warnings"),
    Exempt("gcp:billing/budget:*", "* allUpdatesRule*", "the account's administrators are told anyway"),
    *(
        Exempt("gcp:billing/budget:*", f"remove {each}", _LINK)
        for each in ("thresholdRules*.*", "budgetFilter*", "amount*", "billingAccount")
    ),
    *(
        # What leads to the endpoint by its domain; without any of it nobody gets there.
        # Labels are guarded.
        Exempt(f"gcp:{each}", "remove [!l]*", _CLOSED)
        for each in (
            "certificatemanager/*", "dns/recordSet:*", "compute/address:*", "compute/forwardingRule:*",
            "compute/regionUrlMap:*", "compute/subnetwork:*",
            "compute/regionNetworkEndpointGroup:*",
        )
    ),
    *(
        Exempt(f"gcp:{each}", "drop", _CLOSED)
        for each in ("dns/recordSet:*", "compute/forwardingRule:*", "compute/subnetwork:*")
    ),
    Exempt("gcp:compute/forwardingRule:*", "remove loadBalancingScheme", _CLOSED),
    *(
        Exempt("gcp:compute/regionTargetHttpsProxy:*", f"remove {each}", _LINK)
        for each in ("certificateManagerCertificates", "urlMap")
    ),
    # Google's proxies are in it and nothing else, which could take such a route.
    Exempt("gcp:compute/network:*", "* deleteDefaultRoutesOnCreate", _WORKS),
    # Google itself asks Cloud Run by TLS: https://cloud.google.com/load-balancing/docs/negs/serverless-neg-concepts
    Exempt("gcp:compute/regionBackendService:*", "* protocol", _WORKS),
    Exempt("gcp:compute/regionBackendService:*", "remove logConfig.sampleRate", _PLATFORM),
    Exempt("gcp:compute/regionBackendService:*", "remove backends*", _CLOSED),
    Exempt("gcp:compute/regionBackendService:*", "remove loadBalancingScheme", _LINK),
    # Azure
    *(
        Exempt("azure-native:*", f"remove {each}", _LINK)
        for each in (
            "resourceGroupName", "location", "accountName", "vaultName", "registryName", "keyName",
            "containerName", "environmentName", "containerAppName", "blobServicesName", "scope",
            "virtualNetworkName", "privateZoneName", "privateEndpointName", "secretName", "kind",
            "managementPolicyName", "privateDnsZoneGroupName", "principalId", "principalType",
            "roleDefinitionId", "sku", "sku.*", "properties.sku", "properties.sku.*",
            "properties.tenantId", "environmentId",
        )
    ),
    Exempt("azure-native:authorization:RoleAssignment", "drop", "nobody may then"),
    # Off, only those with rights on the whole workspace read it.
    Exempt("azure-native:operationalinsights:*", "* features.enableLogAccess*", _CLOSED),
    *(
        Exempt("azure-native:network:VirtualNetwork", f"* {each}", _WORKS)
        for each in ("addressSpace*", "enableVmProtection", "enableDdosProtection")
    ),
    *(
        # The store's door is guarded; behind it is the way that the app takes, and no other.
        Exempt("azure-native:network:PrivateEndpoint", f"* {each}*", _CLOSED)
        for each in ("privateLinkServiceConnections?0?", "subnet")
    ),
    Exempt("azure-native:network:PrivateEndpoint", "remove privateLinkServiceConnections", _CLOSED, name="*-vault"),
    Exempt("azure-native:network:PrivateDnsZoneGroup", "*", _CLOSED),
    *(
        Exempt(f"azure-native:privatedns:{kind}", f"{what}", _CLOSED)
        for kind, what in (
            ("VirtualNetworkLink", "drop"), ("VirtualNetworkLink", "* registrationEnabled"),
            ("VirtualNetworkLink", "remove virtualNetwork*"), ("PrivateRecordSet", "*"),
        )
    ),
    *(
        Exempt("azure-native:network:Subnet", f"* {each}*", _WORKS)
        for each in ("privateLinkServiceNetworkPolicies", "addressPrefix")
    ),
    Exempt("azure-native:network:Subnet", "remove delegations?0?.*", _LINK, name="*-apps"),
    Exempt("azure-native:network:Subnet", "remove privateEndpointNetworkPolicies", "no door is in it", name="*-apps"),
    # By Azure's own rules nothing from outside gets in; ours let in the web.
    Exempt("azure-native:network:NetworkSecurityGroup", "remove securityRules", _CLOSED),
    Exempt("azure-native:network:NetworkSecurityGroup", "remove securityRules?0?", _CLOSED),
    Exempt("azure-native:network:NetworkSecurityGroup", "remove securityRules?0?.*[!s]", _CLOSED),
    Exempt("azure-native:network:NetworkSecurityGroup", "remove securityRules?0?.access", _LINK),
    # "If it's not set to any value … it will be set to true by default"; the others are permissions.
    Exempt("azure-native:keyvault:Vault", "remove properties.enableSoftDelete", _PLATFORM),
    Exempt("azure-native:keyvault:Vault", "remove properties.enabledFor*", _PLATFORM),
    # 90 days: https://learn.microsoft.com/azure/key-vault/general/soft-delete-overview
    Exempt("azure-native:keyvault:Vault", "remove properties.softDeleteRetentionInDays", _PLATFORM),
    # "If not specified the default is 'AzureServices'."
    Exempt("azure-native:keyvault:Vault", "remove properties.networkAcls.bypass", _PLATFORM),
    Exempt("azure-native:keyvault:Key", "remove properties.kty", _LINK),
    # The role of whoever uses it allows these alone: Key Vault Crypto Service Encryption User.
    Exempt("azure-native:keyvault:Key", "remove properties.keyOps*", _WORKS),
    Exempt("azure-native:keyvault:Secret", "remove properties*", _LINK),
    Exempt("azure-native:keyvault:Secret", "drop", "nobody is let in then"),
    *(
        Exempt("azure-native:storage:StorageAccount", f"* {each}", _LINK)
        for each in ("identity*", "encryption.encryptionIdentity*", "encryption.keyVaultProperties.*")
    ),
    # None, where AzureServices is the default: Microsoft's own, which need a role of ours (CIS 3.8).
    Exempt("azure-native:storage:StorageAccount", "remove networkRuleSet.bypass", "CIS 3.8 asks for the default"),
    *(
        Exempt("azure-native:storage:StorageAccount", f"remove {each}", _PLATFORM)
        for each in (
            "accessTier", "sasPolicy.expirationAction", "isSftpEnabled", "allowCrossTenantReplication",
        )
    ),
    # What the portal shows first; keys are off.
    Exempt("azure-native:storage:StorageAccount", "* defaultToOAuthAuthentication", _NAMES),
    Exempt("azure-native:storage:ManagementPolicy", "remove policy*.type", _LINK),
    Exempt("azure-native:storage:ManagementPolicy", "remove policy*.name", _NAMES),
    Exempt("azure-native:storage:ManagementPolicy", "remove policy*.filters*", "it is about all blobs then"),
    Exempt("azure-native:storage:ManagementPolicy", "remove policy*enabled", _PLATFORM),
    Exempt("azure-native:storage:BlobContainer", "remove publicAccess", _PLATFORM),
    *(
        # Whether it outlives a zone is a matter of what one pays.
        Exempt(f"azure-native:{kind}", f"* {each}*", _WORKS)
        for kind, each in (
            ("containerregistry:Registry", "zoneRedundancy"),
            ("containerregistry:Registry", "networkRuleBypassOptions"),
            ("containerregistry:Registry", "policies.retentionPolicy.days"),
            ("app:ManagedEnvironment", "zoneRedundant"),
            ("app:ManagedEnvironment", "workloadProfiles"),
            ("app:ManagedEnvironment", "vnetConfiguration.infrastructure"),
        )
    ),
    *(
        Exempt("azure-native:containerregistry:Registry", f"remove {each}", _PLATFORM)
        for each in ("adminUserEnabled", "anonymousPullEnabled", "publicNetworkAccess")
    ),
    *(
        # Those of an endpoint that is not public are guarded.
        Exempt("azure-native:app:ManagedEnvironment", each, _ASKED, name="penguins-*")
        for each in ("remove publicNetworkAccess", "remove vnetConfiguration", "* vnetConfiguration.internal")
    ),
    *(
        # Whom it tells is guarded, and that there is one for each sign.
        Exempt("azure-native:monitor:MetricAlert", f"* {each}", _WATCH)
        for each in (
            "scopes", "windowSize", "severity", "evaluationFrequency", "autoMitigate",
            "criteria.odataType", "criteria.*.threshold", "criteria.*.metricNamespace",
            "criteria.*.operator", "criteria.*.timeAggregation", "criteria.*.criterionType",
            "criteria.*.skipMetricValidation", "criteria.*.dimensions*", "criteria.*.name",
        )
    ),
    Exempt("azure-native:monitor:MetricAlert", "remove enabled", _LINK),
    Exempt("azure-native:monitor:ActionGroup", "* emailReceivers?0?.*", _LINK),
    Exempt("azure-native:monitor:ActionGroup", "remove groupShortName", _NAMES),
    Exempt("azure-native:consumption:Budget", "drop", _ASKED),
    *(
        Exempt("azure-native:consumption:Budget", f"remove notifications.{each}", "one of two warnings")
        for each in ("actual", "forecasted")
    ),
    *(
        Exempt("azure-native:consumption:Budget", f"remove {each}", _LINK)
        for each in ("timeGrain", "timePeriod*", "amount", "category", "notifications.*.*")
    ),
    Exempt("azure-native:trafficmanager:Profile", "drop", _CLOSED),
    *(
        # That it asks over TLS is guarded.
        Exempt("azure-native:trafficmanager:Profile", f"* {each}", _WORKS)
        for each in (
            "profileStatus", "endpoints*", "trafficRoutingMethod", "dnsConfig*", "monitorConfig",
            "monitorConfig.path", "monitorConfig.port", "monitorConfig.*Seconds",
            "monitorConfig.*Failures", "monitorConfig.expected*",
        )
    ),
    Exempt("azure-native:trafficmanager:Profile", "remove monitorConfig.protocol", _LINK),
    Exempt("azure-native:dns:RecordSet", "*", _CLOSED),
    *(
        Exempt("azure-native:app:ContainerApp", f"* {each}*", _WORKS)
        for each in (
            "template.termination", "template.scale", "template.containers?0?.resources",
            "template.containers?0?.name", "identity",
            "configuration.ingress.t", "configuration.ingress.external", "configuration.m",
            "configuration.registries", "configuration.activeRevisionsMode", "workloadProfileName",
        )
    ),
    *(
        # That each is asked, and by HTTP, is guarded.
        Exempt("azure-native:app:ContainerApp", f"remove template.containers?0?.probes?*?.{each}", _WORKS)
        for each in ("httpGet.*", "*Seconds", "*Threshold")
    ),
    # Without its model or its keys the server serves nothing and lets nobody in.
    Exempt("azure-native:app:ContainerApp", "remove template.containers?0?.env*", _WORKS),
    Exempt("azure-native:app:ContainerApp", "remove configuration.secrets*", _WORKS),
    Exempt("azure-native:app:ContainerApp", "remove template*image", _LINK),
    Exempt("azure-native:app:ContainerApp", "remove template.containers", _LINK),
    Exempt("azure-native:app:ContainerApp", "remove template.containers?0?", _LINK),
    Exempt("azure-native:app:ContainerApp", "remove template", _LINK),
    Exempt("azure-native:app:ContainerApp", "remove configuration", _CLOSED),
    Exempt("azure-native:app:ContainerApp", "remove configuration.ingress", _CLOSED),
    Exempt("azure-native:app:ContainerApp", "remove configuration.ingress.allowInsecure", _PLATFORM),
)  # fmt: skip

# Safe defaults that nothing would miss: no policy finds them gone.
UNGUARDED: tuple[Exempt, ...] = ()
