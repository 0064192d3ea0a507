"""Where the server's logs are kept, and for how long."""

import pulumi
import pulumi_gcp as gcp

from infra.gcp.site import Site

__all__ = ["make_logs"]


def make_logs(site: Site, service: gcp.cloudrunv2.Service) -> gcp.logging.ProjectBucketConfig:
    """Make a log bucket in the endpoint's region, and send what the service logs there.

    A sink to a bucket of its own project needs no role:
    https://cloud.google.com/logging/docs/export/configure_export_v2#dest-auth
    """
    bucket = gcp.logging.ProjectBucketConfig(
        site.name("logs"),
        project=site.project,
        location=site.config.region,
        bucket_id=site.name("logs"),
        description=f"logs of {site.config.name}",
        retention_days=site.config.log_days,
        opts=site.opts(),
    )
    gcp.logging.ProjectSink(
        site.name("logs"),
        project=site.project,
        destination=pulumi.Output.concat("logging.googleapis.com/", bucket.id),
        filter=pulumi.Output.concat(
            'resource.type="cloud_run_revision" AND resource.labels.service_name="',
            service.name,
            '"',
        ),
        unique_writer_identity=True,
        opts=site.opts(),
    )
    return bucket
