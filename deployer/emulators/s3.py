"""What the three S3 emulators have in common."""

from collections.abc import Sequence

from deployer.emulators.loopback import PATIENCE, expect, request
from deployer.emulators.ports import HOST

__all__ = ["S3"]

_OK, _CONFLICT = 200, 409
# Emulators find the service by the signature's scope; none of them checks the signature itself.
_SCOPE = {
    "Authorization": "AWS4-HMAC-SHA256 Credential=test/20000101/us-east-1/s3/aws4_request, "
    "SignedHeaders=host, Signature=0"
}


class S3:
    """An emulator that speaks S3 over plain HTTP."""

    headers: dict[str, str] = _SCOPE

    def litter(self, ports: Sequence[int]) -> list[str]:
        """Return no files: it leaves nothing behind."""
        return []

    def endpoint(self, port: int) -> str:
        """Return the URL for ``AWS_ENDPOINT_URL_S3``; an IP address makes SDKs use path style."""
        return f"http://{HOST}:{port}"

    def healthy(self, endpoint: str) -> bool:
        """Whether it lists its buckets."""
        answer = request("GET", f"{endpoint}/", headers=self.headers)
        return (
            answer is not None and answer.status == _OK and b"ListAllMyBucketsResult" in answer.body
        )

    def create_bucket(self, endpoint: str, name: str) -> None:
        """Create the bucket `name`, which may exist already."""
        answer = request("PUT", f"{endpoint}/{name}", headers=self.headers, timeout=PATIENCE)
        expect(answer, {_OK, _CONFLICT}, f"creating bucket {name}")

    def environment(self, endpoint: str) -> dict[str, str]:
        """Return the variables of every AWS SDK; the credentials are dummies."""
        return {
            "AWS_ENDPOINT_URL_S3": endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            # Without it an SDK that finds no credentials asks the network for an instance's role.
            "AWS_EC2_METADATA_DISABLED": "true",
        }
