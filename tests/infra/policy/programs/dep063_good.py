import pulumi
import pulumi_gcp as gcp

logs = gcp.logging.ProjectBucketConfig(
    "logs", project="penguins", location="europe-west3", bucket_id="logs", retention_days=365
)
gcp.logging.ProjectSink(
    "logs", destination=pulumi.Output.concat("logging.googleapis.com/", logs.id)
)
gcp.logging.ProjectBucketConfig(
    "named", project="penguins", location="europe-west3", bucket_id="named", retention_days=400
)
gcp.logging.ProjectSink(
    "named",
    destination="logging.googleapis.com/projects/penguins/locations/europe-west3/buckets/named",
)
gcp.logging.ProjectBucketConfig(
    "default", project="penguins", location="global", bucket_id="_Default", retention_days=365
)
