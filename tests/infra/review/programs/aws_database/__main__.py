# mypy: ignore-errors
"""A database whose password is in the encrypted configuration."""

import pulumi
import pulumi_aws as aws
from pulumi import Config, Output, ResourceOptions

config = Config()
password = config.require_secret("password")
user = config.get("user", "postgres")

database = aws.rds.Instance(
    "main",
    engine="postgres",
    instance_class="db.t3.micro",
    allocated_storage=config.get_int("size") or 20,
    username=user,
    password=password,
    skip_final_snapshot=True,
    opts=ResourceOptions(protect=True, retain_on_delete=True, ignore_changes=["engine_version"]),
)
secret = aws.secretsmanager.Secret("url")
url = Output.all(database.endpoint, password).apply(
    lambda got: f"postgres://{user}:{got[1]}@{got[0]}/main"
)
aws.secretsmanager.SecretVersion("url", secret_id=secret.id, secret_string=url)
# The careless way: as plain text.
aws.ssm.Parameter("careless", type="String", value="key=" + config.require("password"))
pulumi.export("endpoint", database.endpoint)
pulumi.export("url", url)
