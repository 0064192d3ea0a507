"""What emulators are known to do otherwise than their clouds: case → reason and reference.

Each is a strict expected failure: when an emulator learns it, the case fails here and the line
goes. A case that fails only sometimes is `racy`.
"""

from collections.abc import Mapping

from tests.providers.harness import Gap

__all__ = ["FAKE_GCS", "LOCAL", "LOCALSTACK", "MOTO", "SEAWEEDFS"]

LOCAL: Mapping[str, Gap] = {
    "test_object_beside_its_prefix": Gap(
        "a folder cannot hold both the object a and objects below a/",
        "providers/local.py: a name is a file or a directory",
    ),
}

_MOTO_IF_MATCH = Gap(
    "moto ignores If-Match on CompleteMultipartUpload",
    "https://github.com/getmoto/moto/pull/9209 brought If-None-Match alone",
)
_MOTO_TWO_STEPS = Gap(
    "moto checks a condition and writes in two steps, with no lock: now and then two writers win",
    "moto/s3/responses.py 5.2.5, put_object and complete_multipart_upload",
    racy=True,
)
_NO_SIGNATURES = "does not verify the signatures of presigned URLs"
MOTO: Mapping[str, Gap] = {
    "test_update_of_a_stale_version[large]": _MOTO_IF_MATCH,
    "test_update_of_an_absent_key[large]": _MOTO_IF_MATCH,
    "test_create_race": _MOTO_TWO_STEPS,
    "test_update_race": _MOTO_TWO_STEPS,
    "test_delete_race": _MOTO_TWO_STEPS,
    "test_counter": _MOTO_TWO_STEPS,
    "test_counter_of_processes": _MOTO_TWO_STEPS,
    "test_presign_of_a_changed_url": Gap(
        f"moto {_NO_SIGNATURES}", "https://docs.getmoto.org/en/latest/docs/iam.html"
    ),
}

_LOCALSTACK_START_AFTER = Gap(
    "LocalStack compares StartAfter with URL-encoded keys",
    "https://github.com/localstack/localstack/issues/13745, fixed after the last free release",
)
LOCALSTACK: Mapping[str, Gap] = {
    "test_list_start_after_any_key": _LOCALSTACK_START_AFTER,
    "test_create_race[large]": Gap(
        "LocalStack checks the condition of a completion without a lock: now and then two win",
        "localstack/services/s3/provider.py 4.12, complete_multipart_upload",
        racy=True,
    ),
    "test_delete_if_match": Gap(
        "LocalStack answers 501 NotImplemented to If-Match on DeleteObject",
        "localstack/services/s3/provider.py 4.12, delete_object",
    ),
    "test_presign_of_a_changed_url": Gap(
        f"LocalStack {_NO_SIGNATURES} unless S3_SKIP_SIGNATURE_VALIDATION=0",
        "https://docs.localstack.cloud/aws/capabilities/config/configuration",
    ),
}

_SEAWEED_ANONYMOUS = Gap(
    "SeaweedFS without configured identities answers 403 for a bucket that does not exist",
    "https://github.com/seaweedfs/seaweedfs/wiki/Amazon-S3-API",
)
_SEAWEED_ORDER = Gap(
    "SeaweedFS lists by directory: a/b comes before 'a b'",
    "https://github.com/seaweedfs/seaweedfs/wiki/Amazon-S3-API",
)
SEAWEEDFS: Mapping[str, Gap] = {
    "test_missing_bucket[put]": _SEAWEED_ANONYMOUS,
    "test_missing_bucket[put-large]": _SEAWEED_ANONYMOUS,
    "test_list_order": _SEAWEED_ORDER,
    "test_list_prefix": _SEAWEED_ORDER,
    "test_list_start_after": Gap(
        "SeaweedFS lists nothing when StartAfter sorts before the prefix",
        "https://github.com/seaweedfs/seaweedfs/issues/11321",
    ),
    "test_list_start_after_any_key": _SEAWEED_ORDER,
    "test_list_after_delete": Gap(
        "SeaweedFS shows folders for a while after their last object is gone",
        "https://github.com/seaweedfs/seaweedfs/wiki/Amazon-S3-API",
        racy=True,
    ),
    "test_presign_of_a_changed_url": Gap(
        f"SeaweedFS without configured identities {_NO_SIGNATURES}",
        "https://github.com/seaweedfs/seaweedfs/wiki/Amazon-S3-API",
    ),
    "test_create_race[large]": Gap(
        "SeaweedFS checks the condition of a completion ahead of it: now and then two win",
        "https://github.com/seaweedfs/seaweedfs/issues/8800 of PutObject, repaired there",
        racy=True,
    ),
    "test_put_metadata_with_spaces": Gap(
        "SeaweedFS drops metadata whose value is empty",
        "seen with boto3 alone; S3 keeps it",
    ),
}

_COMPOSE = Gap(
    "fake-gcs-server 1.54 ignores preconditions of compose, and keeps the generation",
    "https://github.com/fsouza/fake-gcs-server/pull/2343, not in the wheel",
)
_ONE_404 = Gap(
    "fake-gcs-server answers a bare 404 to a download, whatever is missing",
    "https://github.com/fsouza/fake-gcs-server/issues/1187",
)
FAKE_GCS: Mapping[str, Gap] = {
    "test_create_race[large]": _COMPOSE,
    "test_create_twice[large]": _COMPOSE,
    "test_create_what_others_wrote[large]": _COMPOSE,
    "test_overwrite": _COMPOSE,
    "test_refused_large_write_leaves_no_parts": _COMPOSE,
    "test_update[large]": _COMPOSE,
    "test_update_of_a_stale_version[large]": _COMPOSE,
    "test_update_of_an_absent_key[large]": _COMPOSE,
    "test_delete_if_match": Gap(
        "fake-gcs-server 1.54 ignores preconditions of delete",
        "https://github.com/fsouza/fake-gcs-server/issues/1282",
    ),
    "test_missing_bucket[get]": _ONE_404,
    "test_missing_bucket[range]": _ONE_404,
}
