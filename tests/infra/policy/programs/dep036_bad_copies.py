# demands {"residency": ["EU"]}
import pulumi_aws as aws
import pulumi_gcp as gcp

aws.dynamodb.Table(  # <- DEP036
    "log",
    region="eu-central-1",
    replicas=[aws.dynamodb.TableReplicaArgs(region_name="us-east-1")],
)
gcp.storage.Bucket(  # <- DEP036
    "models",
    location="EU",
    custom_placement_config=gcp.storage.BucketCustomPlacementConfigArgs(
        data_locations=["EUROPE-WEST3", "US-EAST1"]
    ),
)
