"""What the two Cloud Storage emulators have in common."""

import json
from collections.abc import Sequence

from deployer.emulators.loopback import PATIENCE, expect, request
from deployer.emulators.ports import HOST

__all__ = ["GCS"]

_OK, _CONFLICT = 200, 409


class GCS:
    """An emulator that speaks Cloud Storage's JSON API over plain HTTP."""

    def litter(self, ports: Sequence[int]) -> list[str]:
        """Return no files: it leaves nothing behind."""
        return []

    def endpoint(self, port: int) -> str:
        """Return the URL for ``STORAGE_EMULATOR_HOST``."""
        return f"http://{HOST}:{port}"

    def healthy(self, endpoint: str) -> bool:
        """Whether it lists its buckets."""
        answer = request("GET", f"{endpoint}/storage/v1/b?project=deployer")
        return answer is not None and answer.status == _OK and b"storage#buckets" in answer.body

    def create_bucket(self, endpoint: str, name: str) -> None:
        """Create the bucket `name`, which may exist already."""
        answer = request(
            "POST",
            f"{endpoint}/storage/v1/b?project=deployer",
            headers={"Content-Type": "application/json"},
            body=json.dumps({"name": name}).encode(),
            timeout=PATIENCE,
        )
        expect(answer, {_OK, _CONFLICT}, f"creating bucket {name}")

    def environment(self, endpoint: str) -> dict[str, str]:
        """Return the variables of Google's SDK, which then sends no credentials."""
        return {"STORAGE_EMULATOR_HOST": endpoint, "GOOGLE_CLOUD_PROJECT": "deployer"}
