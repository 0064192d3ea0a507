import pulumi
import pulumi_gcp as gcp

short = gcp.logging.ProjectBucketConfig(  # <- DEP063
    "short", project="penguins", location="europe-west3", bucket_id="short", retention_days=30
)
gcp.logging.ProjectSink(
    "short", destination=pulumi.Output.concat("logging.googleapis.com/", short.id)
)
gcp.logging.ProjectBucketConfig(  # <- DEP063
    "empty", project="penguins", location="europe-west3", bucket_id="empty", retention_days=400
)
off = gcp.logging.ProjectBucketConfig(  # <- DEP063
    "off", project="penguins", location="europe-west3", bucket_id="off", retention_days=400
)
gcp.logging.ProjectSink(
    "off", destination=pulumi.Output.concat("logging.googleapis.com/", off.id), disabled=True
)
