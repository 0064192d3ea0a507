"""Types of Google Cloud. What forces a new one is ``ForceNew`` in terraform-provider-google."""

from typing import Any

from infra.simulated.kinds import Kind

__all__ = ["kind_of"]

_BUCKET = ("gcp:storage/bucket:Bucket",)
_SERVICE = ("gcp:cloudrunv2/service:Service",)
_KEY = ("gcp:kms/cryptoKey:CryptoKey",)
_LABELS = {"effectiveLabels!": "{labels}", "pulumiLabels!": "{labels}"}
_IN = "projects/{project}/locations/{location}"


def _kind(
    named: str = "",
    /,
    *,
    joint: str | None = "-",
    legal: str = "",
    unique: bool = True,
    id: str = "",
    replace: str = "",
    needs: dict[str, tuple[str, ...]] | None = None,
    keeps: str = "",
    force: str = "",
    labels: bool = False,
    **outputs: Any,
) -> Kind:
    return Kind(
        name=named,
        joint=joint,
        legal=legal,
        unique=unique and bool(named),
        id=id or ("{name}" if named else "{token}"),
        outputs={"project": "{project}", **(_LABELS if labels else {}), **outputs},
        replace=frozenset(
            {*replace.split(), *([named] if named else []), "project", "location", "region"}
        ),
        needs=needs or {},
        keeps=keeps,
        force=force,
    )


def _binding(on: str, needs: tuple[str, ...]) -> Kind:
    return _kind(
        id=f"{{{on}}}/{{role}}/{{member}}",
        replace=f"{on} role member name condition",
        needs={on: needs} if needs else {},
        etag="BwX{token|8}=",
    )


_KINDS: dict[str, Kind] = {
    "gcp:storage/bucket:Bucket": _kind(
        "name",
        legal=r"[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]",
        replace="customPlacementConfig enableObjectRetention",
        keeps="googleapi: Error 409: The bucket you tried to delete is not empty., conflict",
        force="forceDestroy",
        labels=True,
        url="gs://{name}",
        selfLink="https://www.googleapis.com/storage/v1/b/{name}",
        projectNumber=123456789012.0,
    ),
    "gcp:storage/bucketIAMMember:BucketIAMMember": _binding("bucket", _BUCKET),
    "gcp:storage/bucketIAMBinding:BucketIAMBinding": _binding("bucket", _BUCKET),
    "gcp:kms/keyRing:KeyRing": _kind("name", id=f"{_IN}/keyRings/{{name}}"),
    "gcp:kms/cryptoKey:CryptoKey": _kind(
        "name",
        unique=False,
        id="{keyRing}/cryptoKeys/{name}",
        replace="keyRing purpose",
        needs={"keyRing": ("gcp:kms/keyRing:KeyRing",)},
        labels=True,
    ),
    "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember": _binding("cryptoKeyId", _KEY),
    "gcp:artifactregistry/repository:Repository": _kind(
        "repositoryId",
        legal=r"[a-z][a-z0-9-]{0,61}[a-z0-9]",
        id=f"{_IN}/repositories/{{name}}",
        replace="format kmsKeyName mode",
        # It goes with what is in it: projects.locations.repositories.delete.
        labels=True,
        name="{repositoryId}",
        registryUri="{location}-docker.pkg.dev/{project}/{repositoryId}",
    ),
    "gcp:artifactregistry/repositoryIamMember:RepositoryIamMember": _binding(
        "repository", ("gcp:artifactregistry/repository:Repository",)
    ),
    "gcp:serviceaccount/account:Account": _kind(
        "accountId",
        legal=r"[a-z][a-z0-9-]{4,28}[a-z0-9]",
        id="projects/{project}/serviceAccounts/{name}@{project}.iam.gserviceaccount.com",
        email="{accountId}@{project}.iam.gserviceaccount.com",
        member="serviceAccount:{accountId}@{project}.iam.gserviceaccount.com",
        name="projects/{project}/serviceAccounts/{accountId}@{project}.iam.gserviceaccount.com",
        uniqueId="1{token|20}",
    ),
    "gcp:projects/iAMMember:IAMMember": _binding("project", ()),
    "gcp:projects/service:Service": _kind(id="{project}/{service}", replace="service"),
    "gcp:projects/serviceIdentity:ServiceIdentity": _kind(
        id="{project}/{service}",
        replace="service",
        email="service-123456789012@{service|last}",
        member="serviceAccount:service-123456789012@{service|last}",
    ),
    "gcp:cloudrunv2/service:Service": _kind(
        "name",
        legal=r"[a-z][a-z0-9-]{0,48}",
        id=f"{_IN}/services/{{name}}",
        labels=True,
        uri="https://{name}-{token|10}-ew.a.run.app",
        urls=["https://{name}-{token|10}-ew.a.run.app"],
        latestReadyRevision="{name}-0000{revision}-abc",
        latestCreatedRevision="{name}-0000{revision}-abc",
        uid="{token}",
        generation="1",
        observedGeneration="1",
    ),
    "gcp:cloudrunv2/serviceIamMember:ServiceIamMember": _binding("name", _SERVICE),
    "gcp:monitoring/uptimeCheckConfig:UptimeCheckConfig": _kind(
        id="projects/{project}/uptimeCheckConfigs/{token|16}",
        replace="monitoredResource",
        name="{id}",
        uptimeCheckId="{id|last}",
    ),
    "gcp:monitoring/alertPolicy:AlertPolicy": _kind(
        id="projects/{project}/alertPolicies/{token|16}", name="{id}"
    ),
    "gcp:monitoring/notificationChannel:NotificationChannel": _kind(
        id="projects/{project}/notificationChannels/{token|16}",
        replace="type",
        name="{id}",
        verificationStatus="UNVERIFIED",
    ),
    "gcp:logging/projectBucketConfig:ProjectBucketConfig": _kind(
        id=f"{_IN}/buckets/{{bucketId}}", replace="bucketId", name="{id}"
    ),
    "gcp:logging/projectSink:ProjectSink": _kind(
        "name",
        id="projects/{project}/sinks/{name}",
        writerIdentity="serviceAccount:service-123456789012@gcp-sa-logging.iam.gserviceaccount.com",
    ),
    "gcp:secretmanager/secret:Secret": _kind(
        "secretId",
        id="projects/{project}/secrets/{name}",
        replace="replication",
        labels=True,
        name="projects/123456789012/secrets/{secretId}",
    ),
    "gcp:secretmanager/secretVersion:SecretVersion": _kind(
        id="{secret}/versions/1",
        replace="secret secretData",
        needs={"secret": ("gcp:secretmanager/secret:Secret",)},
        name="{secret}/versions/1",
        version="1",
    ),
    "gcp:secretmanager/secretIamMember:SecretIamMember": _binding("secretId", ()),
    "gcp:certificatemanager/dnsAuthorization:DnsAuthorization": _kind(
        "name",
        replace="domain type",
        labels=True,
        dnsResourceRecords=[
            {
                "name": "_acme-challenge_{token|12}.{domain}.",
                "type": "CNAME",
                "data": "{token}.authorize.certificatemanager.goog.",
            }
        ],
    ),
    "gcp:dns/recordSet:RecordSet": _kind(
        "name", joint=None, unique=False,
        id="projects/{project}/managedZones/{managedZone}/rrsets/{name}/{type}",
        replace="managedZone type",
    ),
    "gcp:billing/budget:Budget": _kind(
        id="billingAccounts/{billingAccount}/budgets/{token|16}", replace="billingAccount", name="{token|16}"
    ),
}  # fmt: skip


def kind_of(type_: str) -> Kind:
    """Return what is known of a type of Google Cloud."""
    found = _KINDS.get(type_)
    if found is not None:
        return found
    plain = type_.split(":")[1].partition("/")[2]
    link = f"projects/{{project}}/global/{plain}s/{{token|16}}"
    return _kind(
        id=link,
        labels=True,
        selfLink=f"https://www.googleapis.com/compute/v1/{link}",
        address="203.0.113.7",
        name="{token|16}",
    )
