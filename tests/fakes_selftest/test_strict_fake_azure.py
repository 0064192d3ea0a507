"""The Azure Blob dialect, with azure-storage-blob as it comes."""

from __future__ import annotations

import base64
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from azure.core import MatchConditions
from azure.core.credentials import AccessToken
from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.storage.blob import (
    BlobBlock,
    BlobServiceClient,
    BlockState,
    ContentSettings,
    generate_blob_sas,
)

from tests.fakes import StrictCloud
from tests.fakes.azure_auth import ACCOUNT, ACCOUNT_KEY
from tests.fakes.tls import self_signed
from tests.fakes_selftest.clients import BUCKET, azure_refusal, azure_service, race

if TYPE_CHECKING:
    from pathlib import Path

    from azure.storage.blob import BlobPrefix, ContainerClient

AWKWARD = ["a b+c&d=e", "é/ü", "double//slash", "%2F", "日本/💾", "a?b#c", "a'<&>", "k\x01"]


def put(azure: ContainerClient, key: str, body: bytes = b"x", **more: Any) -> str:
    blob = azure.get_blob_client(key)
    return str(blob.upload_blob(body, overwrite=True, **more)["etag"])


def get(azure: ContainerClient, key: str, **more: Any) -> bytes:
    return bytes(azure.download_blob(key, **more).readall())


def swap(etag: str) -> dict[str, Any]:
    return {"etag": etag, "match_condition": MatchConditions.IfNotModified}


@pytest.mark.parametrize("key", AWKWARD)
def test_keys_and_metadata_come_back(cloud: StrictCloud, azure: ContainerClient, key: str) -> None:
    # Names in an order that the service's collation and plain order disagree about.
    metadata = {"a_z": "1", "ab": "2", "a0": "3"}
    blob = azure.get_blob_client(key)
    blob.upload_blob(
        b"bytes", metadata=metadata, content_settings=ContentSettings(content_type="text/x")
    )
    assert cloud.objects("azure", BUCKET) == {key: b"bytes"}
    held = blob.get_blob_properties()
    assert (held.metadata, held.content_settings.content_type) == (metadata, "text/x")
    assert held.size == 5
    assert get(azure, key) == b"bytes"
    listed = list(azure.list_blobs(include=["metadata"]))
    assert [(b.name, b.size, b.metadata) for b in listed] == [(key, 5, metadata)]
    assert f'"{listed[0].etag}"' == held.etag
    blob.delete_blob()
    assert cloud.objects("azure", BUCKET) == {}


def test_create_only_and_swap(azure: ContainerClient) -> None:
    refusal = azure_refusal(lambda: put(azure, "k", **swap('"0x1"')))
    assert refusal == (412, "ConditionNotMet")
    azure.upload_blob("k", b"1")
    with pytest.raises(ResourceExistsError) as caught:
        azure.upload_blob("k", b"2")
    assert caught.value.status_code == 409
    assert caught.value.error_code == "BlobAlreadyExists"  # type: ignore[attr-defined]
    etag = azure.get_blob_client("k").get_blob_properties().etag
    put(azure, "k", b"3", **swap(etag))
    stale = azure_refusal(lambda: put(azure, "k", b"4", **swap(etag)))
    assert stale == (412, "ConditionNotMet")
    assert get(azure, "k") == b"3"


def test_sixteen_creates_one_winner(azure: ContainerClient) -> None:
    for turn in range(3):
        key = f"race/{turn}"
        won = race(
            lambda n, key=key: azure.upload_blob(key, b"%d" % n),  # type: ignore[misc]
            ResourceExistsError,
        )
        assert len(won) == 1
        assert get(azure, key) == b"%d" % won[0]


def test_ranges(azure: ContainerClient) -> None:
    put(azure, "k", b"0123456789")
    put(azure, "empty", b"")
    assert get(azure, "k", offset=2, length=3) == b"234"
    assert get(azure, "k", offset=7) == b"789"
    assert get(azure, "k", offset=8, length=99) == b"89"
    assert get(azure, "k", offset=2, length=3, validate_content=True) == b"234"
    assert get(azure, "empty") == b""
    beyond = azure_refusal(lambda: get(azure, "k", offset=10, length=1))
    assert beyond == (416, "InvalidRange")


def test_conditional_reads(azure: ContainerClient) -> None:
    old = put(azure, "k", b"1")
    new = put(azure, "k", b"2")
    assert get(azure, "k", **swap(new)) == b"2"
    assert azure_refusal(lambda: get(azure, "k", **swap(old))) == (412, "ConditionNotMet")


def test_delete(azure: ContainerClient) -> None:
    old = put(azure, "k", b"1")
    put(azure, "k", b"2")
    refusal = azure_refusal(lambda: azure.delete_blob("k", **swap(old)))
    assert refusal == (412, "ConditionNotMet")
    azure.delete_blob("k")
    assert azure_refusal(lambda: azure.delete_blob("k")) == (404, "BlobNotFound")


def test_absent(cloud: StrictCloud, azure: ContainerClient) -> None:
    assert azure_refusal(lambda: get(azure, "k")) == (404, "BlobNotFound")
    blob = azure.get_blob_client("k")
    assert not blob.exists()
    assert azure_refusal(blob.get_blob_properties) == (404, "BlobNotFound")
    service = azure_service(cloud.azure_connection_string)
    other = service.get_container_client("absent")
    for call in (
        lambda: put(other, "k"),
        lambda: get(other, "k"),
        lambda: list(other.list_blobs()),
        lambda: other.get_blob_client("k").stage_block("1", b"x"),
        other.get_container_properties,
    ):
        assert azure_refusal(call) == (404, "ContainerNotFound")
    assert not other.exists()
    other.create_container()
    assert azure_refusal(other.create_container) == (409, "ContainerAlreadyExists")
    assert [c.name for c in service.list_containers()] == ["absent", BUCKET]
    other.delete_container()


def test_wrong_checksums_are_refused(cloud: StrictCloud, azure: ContainerClient) -> None:
    def send(**headers: str) -> tuple[int | None, str]:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return azure_refusal(lambda: put(azure, "k", b"123456789", headers=names))

    wrong = base64.b64encode(bytes(16)).decode()
    assert send(Content_MD5=wrong) == (400, "Md5Mismatch")
    assert send(Content_MD5="AAAA") == (400, "InvalidMd5")
    assert send(x_ms_blob_content_md5=wrong) == (400, "Md5Mismatch")
    crc = base64.b64encode(bytes(8)).decode()
    assert send(x_ms_content_crc64=crc) == (400, "Crc64Mismatch")
    assert cloud.objects("azure", BUCKET) == {}
    right = base64.b64encode(0xAE8B14860A799888.to_bytes(8, "little")).decode()
    put(azure, "k", b"123456789", headers={"x-ms-content-crc64": right})
    put(azure, "k", b"123456789", validate_content=True)


def test_blocks(cloud: StrictCloud, azure: ContainerClient) -> None:
    blob = azure.get_blob_client("k")
    for number in range(3):
        blob.stage_block(f"{number:04}", b"%d" % number, validate_content=True)
    assert cloud.objects("azure", BUCKET) == {}
    assert cloud.pending_uploads("azure", BUCKET) == ["k"]
    assert list(azure.list_blobs()) == []
    assert [b.name for b in azure.list_blobs(include=["uncommittedblobs"])] == ["k"]
    committed, staged = blob.get_block_list("all")
    assert (committed, [b.id for b in staged]) == ([], ["0000", "0001", "0002"])
    wanted = [BlobBlock("0002"), BlobBlock("0000")]
    blob.commit_block_list(
        wanted, metadata={"call": "7"}, match_condition=MatchConditions.IfMissing
    )
    assert cloud.objects("azure", BUCKET) == {"k": b"20"}
    assert cloud.pending_uploads("azure", BUCKET) == []
    held = blob.get_blob_properties()
    # Nobody verifies the MD5 of what was assembled, so there is none.
    assert (held.metadata, held.content_settings.content_md5) == ({"call": "7"}, None)
    blob.stage_block("0009", b"9")
    mixed = [BlobBlock("0002", BlockState.COMMITTED), BlobBlock("0009", BlockState.UNCOMMITTED)]
    blob.commit_block_list(mixed)
    assert get(azure, "k") == b"29"
    assert [(b.id, b.size) for b in blob.get_block_list()[0]] == [("0002", 1), ("0009", 1)]


def test_block_rules(cloud: StrictCloud, azure: ContainerClient) -> None:
    blob = azure.get_blob_client("k")
    blob.stage_block("0001", b"1")
    invalid = azure_refusal(lambda: blob.commit_block_list([BlobBlock("0002")]))
    assert invalid == (400, "InvalidBlockList")
    longer = azure_refusal(lambda: blob.stage_block("00000002", b"2"))
    assert longer == (400, "InvalidBlobOrBlock")
    wrong = {"Content-MD5": base64.b64encode(bytes(16)).decode()}
    refusal = azure_refusal(lambda: blob.stage_block("0002", b"2", headers=wrong))
    assert refusal == (400, "Md5Mismatch")
    missing: dict[str, Any] = {"match_condition": MatchConditions.IfMissing}
    put(azure, "other", b"there")
    taken = azure.get_blob_client("other")
    taken.stage_block("0001", b"1")
    lost = azure_refusal(lambda: taken.commit_block_list([BlobBlock("0001")], **missing))
    assert lost == (409, "BlobAlreadyExists")
    stale = azure_refusal(lambda: taken.commit_block_list([BlobBlock("0001")], **swap('"0x1"')))
    assert stale == (412, "ConditionNotMet")
    assert cloud.objects("azure", BUCKET) == {"other": b"there"}
    # A whole blob discards what was staged for it.
    put(azure, "k", b"whole")
    gone = azure_refusal(lambda: blob.commit_block_list([BlobBlock("0001")]))
    assert gone == (400, "InvalidBlockList")
    with pytest.raises(ResourceNotFoundError):
        azure.get_blob_client("absent").get_block_list("all")


def test_sixteen_commits_one_winner(cloud: StrictCloud, azure: ContainerClient) -> None:
    blob = azure.get_blob_client("k")
    for number in range(16):
        blob.stage_block(f"{number:04}", b"%d" % number)

    def commit(number: int) -> None:
        blob.commit_block_list(
            [BlobBlock(f"{number:04}")], match_condition=MatchConditions.IfMissing
        )

    won = race(commit, ResourceExistsError)
    assert len(won) == 1
    assert cloud.objects("azure", BUCKET) == {"k": b"%d" % won[0]}


def test_managed_transfer(cloud: StrictCloud) -> None:
    service = azure_service(
        cloud.azure_connection_string,
        max_single_put_size=1024,
        max_block_size=64 * 1024,
        max_single_get_size=64 * 1024,
        max_chunk_get_size=64 * 1024,
    )
    azure = service.get_container_client(BUCKET)
    body = bytes(range(256)) * 1024 + b"!"
    azure.upload_blob("k", body, max_concurrency=4)
    assert cloud.objects("azure", BUCKET) == {"k": body}
    assert get(azure, "k", max_concurrency=4) == body


def test_listing(cloud: StrictCloud, azure: ContainerClient) -> None:
    keys = sorted([f"p/{n:03}" for n in range(12)] + ["p/é", "p/💾", "a/1", "a/2", "a", "ab/1"])
    for key in keys:
        put(azure, key)
    cloud.options.page_size = 5
    assert [b.name for b in azure.list_blobs()] == keys
    assert [b.name for b in azure.list_blobs("p/", start_from="p/011")] == keys[-3:]
    pages = [[b.name for b in page] for page in azure.list_blobs(results_per_page=2).by_page()]
    assert pages[:2] == [keys[:2], keys[2:4]]
    cloud.options.page_size = 1
    found: list[BlobPrefix | Any] = list(azure.walk_blobs())
    assert [entry.name for entry in found] == ["a", "a/", "ab/", "p/"]
    bad = azure_refusal(lambda: list(azure.list_blobs().by_page(continuation_token="zz")))
    assert bad == (400, "InvalidQueryParameterValue")


def test_who_is_let_in(cloud: StrictCloud) -> None:
    other_key = base64.b64encode(b"other").decode()
    for connection, code in (
        (cloud.azure_connection(account="other"), "AuthenticationFailed"),
        (cloud.azure_connection(key=other_key), "AuthenticationFailed"),
        (cloud.azure_denied_connection_string, "AuthorizationPermissionMismatch"),
    ):
        azure = azure_service(connection).get_container_client(BUCKET)
        assert azure_refusal(partial(put, azure, "k")) == (403, code)
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(f"{cloud.azure_endpoint}/{BUCKET}/k")


def test_shared_access(cloud: StrictCloud, azure: ContainerClient) -> None:
    put(azure, "a b/é", b"signed")

    def fetch(key: str = "a b/é", permission: str = "r", hours: int = 1) -> bytes:
        sas = generate_blob_sas(
            ACCOUNT,
            BUCKET,
            key,
            account_key=ACCOUNT_KEY,
            permission=permission,
            expiry=datetime.now(UTC) + timedelta(hours=hours),
        )
        url = azure.get_blob_client("a b/é").url
        with urllib.request.urlopen(f"{url}?{sas}") as answer:
            return bytes(answer.read())

    assert fetch() == b"signed"
    for refused in ({"key": "other"}, {"permission": "d"}, {"hours": -1}):
        with pytest.raises(urllib.error.HTTPError, match="403"):
            fetch(**refused)


class Token:
    """A credential that always has the same token."""

    def __init__(self, token: str) -> None:
        self.token = token

    def get_token(self, *_scopes: str, **_more: Any) -> AccessToken:
        return AccessToken(self.token, int(datetime.now(UTC).timestamp()) + 3600)


def test_bearer_tokens_over_tls(tmp_path: Path) -> None:
    context, trusted = self_signed(tmp_path)
    with StrictCloud(tls=context) as cloud:
        cloud.create_bucket("azure", BUCKET)

        def container(token: str) -> ContainerClient:
            service = BlobServiceClient(
                cloud.azure_endpoint,
                credential=Token(token),
                connection_verify=str(trusted),
                retry_total=0,
            )
            return service.get_container_client(BUCKET)

        put(container("good"), "k", b"1")
        denied = azure_refusal(lambda: put(container("denied"), "k"))
        assert denied == (403, "AuthorizationPermissionMismatch")
        assert azure_refusal(lambda: put(container("expired"), "k"))[0] == 401
        assert cloud.objects("azure", BUCKET) == {"k": b"1"}


def test_what_is_not_built_is_refused(azure: ContainerClient) -> None:
    blob = azure.get_blob_client("k")
    put(azure, "k")
    for call in (
        blob.create_snapshot,
        blob.acquire_lease,
        lambda: blob.set_blob_tags({"a": "b"}),
        lambda: blob.upload_blob(b"", overwrite=True, tags={"a": "b"}),
        blob.create_append_blob,
    ):
        assert azure_refusal(call)[0] in {400, 501}
    assert azure_refusal(lambda: put(azure, "k", metadata={"a-b": "c"}))[0] == 400
