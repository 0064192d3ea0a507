"""Programs that are not ours, written in the usual ways, give their resources."""

import json
from typing import Any

import pytest

from infra.resources import COMPUTED, SECRET, Place
from tests.infra.review.recorder_kit import names, one, recorded

slow = pytest.mark.slow


def policy(text: object) -> list[dict[str, Any]]:
    """Return the statements of a policy, which must still be JSON."""
    assert isinstance(text, str)
    statements: list[dict[str, Any]] = json.loads(text)["Statement"]
    return statements


def test_a_policy_made_in_an_apply_stays_json_with_placeholders() -> None:
    program = recorded("aws_website")
    assert len(program.resources) == 6
    resource = one(program, "aws:s3/bucketPolicy:BucketPolicy")
    [statement] = policy(resource.inputs["policy"])
    assert statement["Principal"] == "*"
    assert statement["Resource"] == ["arn:aws:s3:::${aws:s3/bucket:Bucket::site.id}/*"]
    assert names(program, resource.references["policy"]) == ["site"]
    assert names(program, resource.depends_on) == ["site", "public"]
    assert resource.place == Place("__main__.py", 41)


def test_assets_are_named_by_their_path_below_the_program() -> None:
    program = recorded("aws_website")
    page = one(program, "aws:s3/bucketObject:BucketObject", "index.html")
    assert page.inputs["source"] == {"$asset": {"path": "www/index.html"}}


def test_loops_over_a_data_source_make_one_resource_for_each_zone() -> None:
    program = recorded("aws_network")
    subnets = program.of_type("aws:ec2/subnet:Subnet")
    zones = "${aws:index/getAvailabilityZones:getAvailabilityZones().names"
    assert [each.inputs["availabilityZone"] for each in subnets] == [
        f"{zones}[0]}}",
        f"{zones}[1]}}",
    ]
    assert [each.inputs["cidrBlock"] for each in subnets] == ["10.0.0.0/20", "10.0.16.0/20"]
    vpc = one(program, "aws:ec2/vpc:Vpc")
    assert {each.parent for each in subnets} == {vpc.urn}
    assert subnets[0].urn.endswith("aws:ec2/vpc:Vpc$aws:ec2/subnet:Subnet::public-0")
    assert program.outputs["arn_parts"] == "vpc"  # an ARN that was taken apart


@slow
def test_a_policy_document_is_written_as_the_data_source_would() -> None:
    program = recorded("aws_lambda_api")
    [assume] = policy(one(program, "aws:iam/role:Role").inputs["assumeRolePolicy"])
    assert assume == {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": "lambda.amazonaws.com"},
    }
    [statement] = policy(one(program, "aws:iam/rolePolicy:RolePolicy").inputs["policy"])
    arn = "${aws:dynamodb/table:Table::items.arn}"
    assert statement["Resource"] == [arn, f"{arn}/index/*"]
    assert statement["Condition"] == {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}
    function = one(program, "aws:lambda/function:Function")
    assert function.inputs["code"] == {
        "$archive": {"assets": {"handler.py": {"$asset": {"text": "def main(e, c): return {}"}}}}
    }
    route = one(program, "aws:apigatewayv2/route:Route")
    assert route.inputs["target"] == (
        "integrations/${aws:apigatewayv2/integration:Integration::api.id}"
    )
    assert program.notes == ()


@slow
def test_a_component_in_another_file_with_configuration() -> None:
    program = recorded("aws_fargate")
    assert (program.stack, program.region) == ("dev", "eu-west-1")
    component = one(program, "shop:index:Web")
    assert component.component
    assert component.place == Place("__main__.py", 10)
    children = [each for each in program if each.parent == component.urn]
    assert len(children) == len(program.resources) - 1 == 8
    assert all(each.protect for each in children)  # inherited
    group = one(program, "aws:ec2/securityGroup:SecurityGroup")
    assert group.place == Place("service.py", 22)
    assert group.inputs["ingress"][0]["cidrBlocks"] == ["0.0.0.0/0"]
    task = one(program, "aws:ecs/taskDefinition:TaskDefinition")
    [container] = json.loads(task.inputs["containerDefinitions"])
    assert container["image"] == "nginx:1.27"
    assert container["portMappings"] == [{"containerPort": 80}]
    service = one(program, "aws:ecs/service:Service")
    assert service.inputs["desiredCount"] == 3
    assert program.outputs["ports"] == [80, 8080]
    assert program.outputs["url"] == "http://${aws:lb/loadBalancer:LoadBalancer::shop-lb.dnsName}"
    assert any("getVpc" in note for note in program.notes)


def test_encrypted_configuration_is_a_secret_wherever_it_gets_to() -> None:
    program = recorded("aws_database")
    database = one(program, "aws:rds/instance:Instance")
    assert database.inputs["password"] == SECRET
    assert database.inputs["username"] == "admin"
    assert isinstance(database.inputs["allocatedStorage"], int)  # encrypted too, read as a number
    assert (database.protect, database.retain) == (True, True)
    version = one(program, "aws:secretsmanager/secretVersion:SecretVersion")
    assert version.inputs["secretString"] == SECRET
    assert one(program, "aws:ssm/parameter:Parameter").inputs["value"] == SECRET
    assert program.outputs["url"] == SECRET
    assert program.outputs["endpoint"] == "${aws:rds/instance:Instance::main.endpoint}"


@slow
def test_nested_outputs_and_keys_of_conditions() -> None:
    program = recorded("aws_irsa")
    [statement] = policy(one(program, "aws:iam/role:Role", "pod").inputs["assumeRolePolicy"])
    issuer = "${aws:eks/cluster:Cluster::cluster.identities[0].oidcs[0].issuer}"
    assert statement["Condition"]["StringEquals"] == {f"{issuer}:sub": "system:serviceaccount:a:b"}
    assert program.outputs["authority"] is True


@slow
def test_resources_made_in_an_apply() -> None:
    program = recorded("aws_certificate")
    proof = one(program, "aws:route53/record:Record", "proof-0")
    assert proof.inputs["name"].startswith("${aws:acm/certificate:Certificate::tls.")
    assert proof.place == Place("__main__.py", 13)
    delegation = one(program, "aws:route53/record:Record", "delegation")
    assert len(delegation.inputs["records"]) == 4


@slow
def test_explicit_providers_and_options() -> None:
    program = recorded("aws_regions")
    provider = one(program, "pulumi:providers:aws", "eu-west-1")
    assert provider.inputs["region"] == "eu-west-1"
    key = one(program, "aws:kms/key:Key", "key-eu-west-1")
    assert key.provider == provider.urn
    assert not key.protect
    assert one(program, "aws:s3/bucket:Bucket", "data-eu-west-1").protect
    topic = one(program, "aws:sns/topic:Topic")
    group = one(program, "pkg:index:Group")
    assert topic.parent == group.urn
    assert group.place == Place("__main__.py", 22)
    assert names(program, topic.references["kmsMasterKeyId"]) == ["key-eu-west-1"]


@slow
def test_a_stack_that_is_not_given_stays_unknown() -> None:
    program = recorded("aws_stack_reference")
    assert one(program, "aws:ec2/securityGroup:SecurityGroup").inputs["vpcId"] == COMPUTED
    server = one(program, "aws:ec2/instance:Instance")
    assert server.inputs["subnetId"] == COMPUTED
    assert server.inputs["tags"] == {
        "stack": "review",
        "project": "app",
        "org": "organization",
    }
    assert program.notes == ("the outputs of stack acme/network/review are not known",)


@slow
def test_what_is_only_read_is_no_resource_of_the_program() -> None:
    program = recorded("aws_existing")
    assert [each.name for each in program.of_type("aws:s3/bucket:Bucket")] == ["adopted"]
    region = "${aws:index/getRegion:getRegion().region}"
    note = one(program, "aws:s3/bucketObject:BucketObject")
    assert note.inputs == {"bucket": "company-logs", "content": f"123456789012 in {region}"}
    assert one(program, "aws:ssm/parameter:Parameter").inputs["value"] == SECRET
    assert (
        one(program, "aws:ec2/instance:Instance").inputs["ami"] == "${aws:ec2/getAmi:getAmi().id}"
    )
    assert program.outputs["adopted"] == "old-bucket"
    told = " ".join(program.notes)
    assert "Bucket 'logs' is read, not made" in told
    assert "aws:ec2/getAmi:getAmi is not asked" in told


def test_transforms_are_run() -> None:
    program = recorded("aws_transforms")
    kind = "aws:s3/bucket:Bucket"
    assert one(program, kind, "plain").inputs["tags"] == {"a": "b", "owner": "platform"}
    assert not one(program, kind, "plain").protect
    assert one(program, kind, "guarded").protect
    assert one(program, kind, "legacy").inputs["forceDestroy"] is True


def test_google_cloud_run() -> None:
    program = recorded("gcp_run")
    assert (program.stack, program.region) == ("prod", "europe-west1")
    member = one(program, "gcp:cloudrunv2/serviceIamMember:ServiceIamMember")
    assert member.inputs["member"] == "allUsers"
    editor = one(program, "gcp:projects/iAMMember:IAMMember")
    assert editor.inputs["member"] == (
        "serviceAccount:${gcp:serviceaccount/account:Account::runner.email}"
    )
    service = one(program, "gcp:cloudrunv2/service:Service")
    [container] = service.inputs["template"]["containers"]
    # It is written into the program, and looks like what it is.
    assert container["envs"] == [{"name": "API_KEY", "value": SECRET}]
    assert program.outputs["url"] == "${gcp:cloudrunv2/service:Service::hello.uri}"


@slow
def test_google_cluster_whose_configuration_is_put_together() -> None:
    program = recorded("gcp_cluster")
    assert len(program.resources) == 4
    assert program.outputs["kubeconfig"] == SECRET
    assert program.outputs["server"] == "https://${gcp:container/cluster:Cluster::cluster.endpoint}"


@slow
def test_google_functions_with_an_archive() -> None:
    program = recorded("gcp_functions")
    code = one(program, "gcp:storage/bucketObject:BucketObject")
    assert code.inputs["source"] == {
        "$archive": {"assets": {".": {"$archive": {"path": "function"}}}}
    }
    function = one(program, "gcp:cloudfunctionsv2/function:Function")
    assert set(names(program, function.depends_on)) == {"run", "cloudfunctions", "code"}
    assert program.outputs["host"] == "${gcp:cloudfunctionsv2/function:Function::function.url}"


@slow
def test_azure_container_app() -> None:
    program = recorded("azure_container_app")
    app = one(program, "azure-native:app:ContainerApp")
    configuration = app.inputs["configuration"]
    assert configuration["secrets"] == [{"name": "pwd", "value": SECRET}]
    assert configuration["ingress"]["external"] is True
    server = "${azure-native:containerregistry:Registry::registry.loginServer}"
    assert app.inputs["template"]["containers"][0]["image"] == f"{server}/app:v1"
    environment = one(program, "azure-native:app:ManagedEnvironment")
    logs = environment.inputs["appLogsConfiguration"]["logAnalyticsConfiguration"]
    assert logs["sharedKey"] == SECRET
    assert logs["customerId"] == ("${azure-native:operationalinsights:Workspace::logs.customerId}")


def test_azure_storage_and_its_key() -> None:
    program = recorded("azure_storage")
    assert one(program, "azure-native:storage:StorageAccount").inputs["kind"] == "StorageV2"
    assert program.outputs == {
        "endpoint": "${azure-native:storage:StorageAccount::sa.primaryEndpoints.web}",
        "primary_storage_key": SECRET,
        "connection": SECRET,  # the program forgot to say so
    }


@slow
def test_azure_machine_in_a_subnet_of_a_network() -> None:
    program = recorded("azure_machine")
    card = one(program, "azure-native:network:NetworkInterface")
    [configuration] = card.inputs["ipConfigurations"]
    assert configuration["subnet"]["id"] == (
        "${azure-native:network:VirtualNetwork::net.subnets[0].id}"
    )
    machine = one(program, "azure-native:compute:VirtualMachine")
    assert machine.inputs["osProfile"]["adminPassword"] == SECRET
    assert machine.inputs["osProfile"]["adminUsername"] == "pulumi"


@slow
def test_azure_vault_by_the_client_that_asks() -> None:
    program = recorded("azure_vault")
    role = one(program, "azure-native:authorization:RoleAssignment")
    assert role.inputs["scope"] == "${azure-native:keyvault:Vault::vault.id}"
    subscription = "00000000-0000-0000-0000-000000000001"
    assert role.inputs["roleDefinitionId"].startswith(f"/subscriptions/{subscription}/")
    assert program.outputs["subscription"] == subscription


def test_a_dynamic_provider_is_not_run() -> None:
    program = recorded("dynamic_provider")
    assert one(program, "aws:ssm/parameter:Parameter").inputs["value"] == COMPUTED
    assert program.notes == (
        "'page' is made by a dynamic provider: its code is not run, its outputs are not known",
    )


def test_one_file_under_a_main_guard() -> None:
    program = recorded("main_guard.py")
    assert program.project == "main_guard"
    redrive = one(program, "aws:sqs/redrivePolicy:RedrivePolicy", "mails")
    assert json.loads(redrive.inputs["redrivePolicy"]) == {
        "deadLetterTargetArn": "${aws:sqs/queue:Queue::dead.arn}",
        "maxReceiveCount": 4,
    }
    assert redrive.place == Place("main_guard.py", 12)


@slow
def test_an_asynchronous_program() -> None:
    program = recorded("async_main")
    assert [each.name for each in program] == ["events", "events"]
    assert program.outputs["topic"] == "${gcp:pubsub/topic:Topic::events.name}"
