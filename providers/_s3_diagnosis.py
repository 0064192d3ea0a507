"""What S3 tells of a bucket, its clock and the credentials in use.

Sources: "HeadBucket" (its answer names the bucket's region, to anybody), "GetBucketVersioning"
(Amazon S3 API Reference); "GetCallerIdentity" (AWS STS API Reference), which needs no permission.
"""

from contextlib import suppress
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from providers._s3_http import Wire, of_aws
from providers.diagnosis import Bucket, Credentials, date_of

__all__ = ["S3Diagnosis"]

SHOWN = 4  # characters of an access key's id


class S3Diagnosis:
    """The diagnosis of one bucket."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    @cached_property
    def _stranger(self) -> Any:
        return self._wire.stranger()

    def credentials(self) -> Credentials:
        """Return the credentials that botocore's chain finds."""
        found = self._wire.credentials
        keys = found.get_frozen_credentials()
        # The SDK's own, but it has no other name; only credentials that are renewed have it.
        ends = getattr(found, "_expiry_time", None)
        fixed = ends is None or found.method == "env"
        key = keys.access_key
        named = f"access key …{key[-SHOWN:]}" if len(key) > 2 * SHOWN else "a short access key"
        return Credentials(
            source=str(found.method or "unknown"),
            identity=self._caller() or named,
            expires=ends.astimezone(UTC) if isinstance(ends, datetime) else None,
            renews=not (fixed and keys.token),
        )

    def _caller(self) -> str:
        """Return the ARN of whoever asks, unless STS is not where S3 is, or cannot be reached."""
        with suppress(BotoCoreError, ClientError):
            sts = self._wire.service("sts")
            # An emulator's credentials are nothing to show to AWS.
            if of_aws(sts) == of_aws(self._wire.client):
                return str(sts.get_caller_identity()["Arn"])
        return ""

    def server_time(self) -> datetime | None:
        """Return the time in an answer to an unsigned request, mostly a refusal."""
        try:
            answer = self._stranger.head_bucket(Bucket=self._wire.bucket)
        except ClientError as error:
            answer = error.response
        return date_of(answer["ResponseMetadata"]["HTTPHeaders"])

    def bucket(self) -> Bucket:
        """Return the region, and whether versions are kept if that may be asked."""
        name = self._wire.bucket
        head = self._wire.client.head_bucket(Bucket=name)
        region = head["ResponseMetadata"]["HTTPHeaders"].get("x-amz-bucket-region")
        versioning: bool | None = None
        with suppress(ClientError):
            answer = self._wire.client.get_bucket_versioning(Bucket=name)
            versioning = answer.get("Status") == "Enabled"
        # Versions are the only thing from which S3 brings anything back.
        return Bucket(region, versioning, None if versioning is None else 0)
