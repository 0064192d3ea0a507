"""The GCS dialect, with google-cloud-storage as it comes."""

from __future__ import annotations

import io
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import requests
from google.api_core.exceptions import NotFound, PreconditionFailed
from google.cloud import storage
from google.oauth2.credentials import Credentials

from tests.fakes_selftest.clients import BUCKET, gcs_refusal, race

if TYPE_CHECKING:
    from tests.fakes import StrictCloud

KIB = 1024
AWKWARD = ["a b+c&d=e", "é/ü", "trailing/", "//double", "%2F", "日本/💾", "a?b#c", "k/compose"]


def put(bucket: Any, key: str, body: bytes = b"x", **more: Any) -> int:
    blob = bucket.blob(key)
    blob.upload_from_string(body, retry=None, **more)
    return int(blob.generation)


def get(bucket: Any, key: str, **more: Any) -> bytes:
    return bytes(bucket.blob(key).download_as_bytes(retry=None, **more))


@pytest.mark.parametrize("key", AWKWARD)
def test_keys_and_metadata_come_back(cloud: StrictCloud, gcs: Any, key: str) -> None:
    blob = gcs.blob(key)
    blob.metadata = {"Call": "7", "é": "ü"}
    blob.upload_from_string(b"bytes", content_type="text/x")
    assert cloud.objects("gcs", BUCKET) == {key: b"bytes"}
    held = gcs.get_blob(key)
    assert (held.metadata, held.content_type) == ({"Call": "7", "é": "ü"}, "text/x")
    assert (held.size, held.generation, held.name) == (5, blob.generation, key)
    assert get(gcs, key) == b"bytes"
    assert [(b.name, b.size) for b in gcs.list_blobs()] == [(key, 5)]
    held.delete()
    assert cloud.objects("gcs", BUCKET) == {}


@pytest.mark.parametrize("kind", ["multipart", "resumable"])
def test_create_only_and_swap(gcs: Any, kind: str) -> None:
    chunk = None if kind == "multipart" else 256 * KIB

    def write(body: bytes, expected: int) -> int:
        blob = gcs.blob("k", chunk_size=chunk)
        blob.upload_from_file(io.BytesIO(body), if_generation_match=expected, retry=None)
        return int(blob.generation)

    assert gcs_refusal(lambda: write(b"0", 7))[0] == 412
    first = write(b"1", 0)
    assert gcs_refusal(lambda: write(b"2", 0))[0] == 412
    second = write(b"3", first)
    assert gcs_refusal(lambda: write(b"4", first))[0] == 412
    assert second > first
    assert get(gcs, "k") == b"3"


def test_media_upload(cloud: StrictCloud) -> None:
    url = f"{cloud.gcs_endpoint}/upload/storage/v1/b/{BUCKET}/o?uploadType=media&name=k"
    answer = requests.post(f"{url}&ifGenerationMatch=0", data=b"1", timeout=10)
    assert (answer.status_code, answer.json()["size"]) == (200, "1")
    again = requests.post(f"{url}&ifGenerationMatch=0", data=b"2", timeout=10)
    assert again.status_code == 412
    assert again.json()["error"]["errors"][0]["reason"] == "conditionNotMet"
    wrong = requests.post(url, data=b"3", headers={"X-Goog-Hash": "crc32c=AAAAAA=="}, timeout=10)
    assert wrong.status_code == 400
    assert cloud.objects("gcs", BUCKET) == {"k": b"1"}


def test_sixteen_creates_one_winner(gcs: Any) -> None:
    for turn in range(3):
        key = f"race/{turn}"

        def create(number: int, key: str = key) -> int:
            return put(gcs, key, b"%d" % number, if_generation_match=0)

        won = race(create, PreconditionFailed)
        assert len(won) == 1
        assert get(gcs, key) == b"%d" % won[0]


def test_wrong_checksums_are_refused(cloud: StrictCloud, gcs: Any) -> None:
    for member, value in (("crc32c", "AAAAAA=="), ("md5_hash", "AAAAAAAAAAAAAAAAAAAAAA==")):
        blob = gcs.blob("k")
        setattr(blob, member, value)
        status, message = gcs_refusal(
            partial(blob.upload_from_string, b"abc", checksum=None, retry=None)
        )
        assert status == 400
        assert "doesn't match calculated" in message
    assert cloud.objects("gcs", BUCKET) == {}
    gcs.blob("k").upload_from_string(b"abc", checksum="md5")
    assert cloud.objects("gcs", BUCKET) == {"k": b"abc"}


def test_ranges(gcs: Any) -> None:
    put(gcs, "k", b"0123456789")
    put(gcs, "empty", b"")
    assert get(gcs, "k", start=2, end=4) == b"234"
    assert get(gcs, "k", start=7) == b"789"
    assert get(gcs, "k", start=8, end=99) == b"89"
    assert get(gcs, "k", start=-3) == b"789"
    assert get(gcs, "empty") == b""
    assert gcs_refusal(lambda: get(gcs, "k", start=10))[0] == 416
    assert gcs_refusal(lambda: get(gcs, "empty", start=0, end=0))[0] == 416


def test_conditional_reads(gcs: Any) -> None:
    old = put(gcs, "k", b"1")
    new = put(gcs, "k", b"2")
    assert get(gcs, "k", if_generation_match=new) == b"2"
    assert gcs_refusal(lambda: get(gcs, "k", if_generation_match=old))[0] == 412
    assert gcs.get_blob("k", generation=old) is None
    assert gcs.blob("k").exists(if_generation_match=new)
    with pytest.raises(PreconditionFailed):
        gcs.blob("k").reload(if_generation_match=old)


def test_delete(gcs: Any) -> None:
    old = put(gcs, "k", b"1")
    new = put(gcs, "k", b"2")
    with pytest.raises(PreconditionFailed):
        gcs.blob("k").delete(if_generation_match=old)
    gcs.blob("k").delete(if_generation_match=new)
    with pytest.raises(NotFound):
        gcs.blob("k").delete()
    with pytest.raises(NotFound):
        gcs.blob("k").delete(if_generation_match=new)


def test_absent(cloud: StrictCloud, gcs: Any) -> None:
    assert gcs.get_blob("k") is None
    status, message = gcs_refusal(lambda: get(gcs, "k"))
    assert status == 404
    assert "No such object" in message
    other = gcs.client.bucket("absent")
    assert gcs.client.lookup_bucket("absent") is None
    assert gcs_refusal(lambda: put(other, "k"))[0] == 404
    assert gcs_refusal(lambda: list(other.list_blobs(retry=None)))[0] == 404
    gcs.client.create_bucket("absent")
    assert "absent" in cloud.buckets("gcs")
    assert gcs_refusal(lambda: gcs.client.create_bucket("absent"))[0] == 409


def test_compose(cloud: StrictCloud, gcs: Any) -> None:
    generations = [put(gcs, f"part/{n}", b"%d" % n) for n in range(3)]
    parts = [gcs.blob(f"part/{n}") for n in range(3)]
    whole = gcs.blob("whole")
    whole.metadata = {"call": "7"}
    whole.content_type = "text/x"
    whole.compose(parts, if_generation_match=0, if_source_generation_match=generations)
    held = gcs.get_blob("whole")
    assert cloud.objects("gcs", BUCKET)["whole"] == b"012"
    assert (held.component_count, held.md5_hash, held.metadata) == (3, None, {"call": "7"})
    assert held.crc32c
    assert get(gcs, "whole", checksum="crc32c") == b"012"
    more = gcs.blob("more")
    more.compose([whole, parts[0]])
    assert gcs.get_blob("more").component_count == 4

    def compose(sources: list[Any], **conditions: Any) -> int:
        return gcs_refusal(lambda: gcs.blob("whole").compose(sources, retry=None, **conditions))[0]

    false = {
        "sourceObjects": [{"name": "part/0"}, {"name": "part/1"}],
        "destination": {"crc32c": "AAAAAA=="},
    }
    url = f"{cloud.gcs_endpoint}/storage/v1/b/{BUCKET}/o/whole/compose"
    assert requests.post(url, json=false, timeout=10).status_code == 400
    assert compose(parts, if_generation_match=0) == 412
    assert compose(parts, if_source_generation_match=[1, None, None]) == 412
    assert compose([gcs.blob("absent")]) == 404
    assert compose(parts * 11) == 400
    assert cloud.objects("gcs", BUCKET)["whole"] == b"012"


def test_listing(cloud: StrictCloud, gcs: Any) -> None:
    keys = sorted(
        [f"p/{n:03}" for n in range(12)] + ["p/é", "p/\uffff", "p/💾", "a/1", "a", "ab/1"]
    )
    for key in keys:
        put(gcs, key)
    cloud.options.page_size = 5
    assert [b.name for b in gcs.list_blobs()] == keys
    assert [b.name for b in gcs.list_blobs(prefix="p/", start_offset="p/011")] == keys[-4:]
    assert [b.name for b in gcs.list_blobs(end_offset="ab")] == ["a", "a/1"]
    assert [b.name for b in gcs.list_blobs(max_results=2)] == keys[:2]
    cloud.options.page_size = 1
    found = gcs.list_blobs(delimiter="/")
    assert [b.name for b in found] == ["a"]
    assert found.prefixes == {"a/", "ab/", "p/"}
    bad = requests.get(f"{cloud.gcs_endpoint}/storage/v1/b/{BUCKET}/o?pageToken=zz", timeout=10)
    assert bad.status_code == 400


def test_downloads_of_the_xml_api(cloud: StrictCloud, gcs: Any) -> None:
    blob = gcs.blob("a b/é")
    blob.metadata = {"call": "7"}
    blob.upload_from_string(b"0123456789")
    url = f"{cloud.gcs_endpoint}/{BUCKET}/a%20b/%C3%A9"
    generation = {"x-goog-if-generation-match": str(blob.generation)}
    part = requests.get(url, headers={**generation, "Range": "bytes=2-4"}, timeout=10)
    assert (part.status_code, part.content) == (206, b"234")
    assert part.headers["x-goog-meta-call"] == "7"
    assert part.headers["x-goog-generation"] == str(blob.generation)
    assert part.headers["x-goog-stored-content-length"] == "10"
    assert requests.head(url, timeout=10).headers["Content-Length"] == "10"

    def refusal(path: str, **headers: str) -> tuple[int, str]:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = requests.get(f"{cloud.gcs_endpoint}/{path}", headers=named, timeout=10)
        return answer.status_code, answer.text.partition("<Code>")[2].partition("<")[0]

    key = f"{BUCKET}/a b/é"
    assert refusal(key, x_goog_if_generation_match="1") == (412, "PreconditionFailed")
    assert refusal(key, range="bytes=10-") == (416, "InvalidRange")
    assert refusal(f"{BUCKET}/absent") == (404, "NoSuchKey")
    assert refusal("absent/k") == (404, "NoSuchBucket")
    assert refusal(key, authorization="Bearer denied") == (403, "AccessDenied")
    assert refusal(key, authorization="Bearer expired") == (401, "AuthenticationRequired")
    assert refusal(key, x_goog_acl="private") == (501, "NotImplemented")


def test_partial_responses(cloud: StrictCloud, gcs: Any) -> None:
    put(gcs, "a")
    put(gcs, "b")
    cloud.options.page_size = 1
    url = f"{cloud.gcs_endpoint}/storage/v1/b/{BUCKET}/o"

    def ask(path: str, fields: str) -> requests.Response:
        return requests.get(f"{url}{path}", params={"fields": fields}, timeout=10)

    page = ask("", "nextPageToken,items(name,size)").json()
    assert page["items"] == [{"name": "a", "size": "1"}]
    assert set(page) == {"items", "nextPageToken"}
    assert ask("", "items/name").json() == {"items": [{"name": "a"}]}
    assert ask("/a", "name").json() == {"name": "a"}
    assert ask("/a", "name)").status_code == 400


def start(cloud: StrictCloud, query: str = "") -> str:
    url = f"{cloud.gcs_endpoint}/upload/storage/v1/b/{BUCKET}/o?uploadType=resumable&name=k{query}"
    answer = requests.post(url, json={"metadata": {"call": "7"}}, timeout=10)
    assert answer.status_code == 200
    return str(answer.headers["Location"])


def send(session: str, body: bytes, placed: str, **headers: str) -> requests.Response:
    return requests.put(
        session, data=body, headers={"Content-Range": placed, **headers}, timeout=10
    )


def test_resumable_protocol(cloud: StrictCloud) -> None:
    session = start(cloud)
    part = b"a" * 256 * KIB
    assert "Range" not in send(session, b"", "bytes */*").headers
    first = send(session, part, "bytes 0-262143/*")
    assert (first.status_code, first.headers["Range"]) == (308, "bytes=0-262143")
    assert send(session, b"", "bytes */*").headers["Range"] == "bytes=0-262143"
    gap = send(session, part, "bytes 524288-786431/*")
    assert gap.status_code == 400
    odd = send(session, b"abc", "bytes 262144-262146/*")
    assert odd.status_code == 400
    short = send(session, b"abc", "bytes 262144-262147/262148")
    assert short.status_code == 400
    assert cloud.objects("gcs", BUCKET) == {}
    assert cloud.pending_uploads("gcs", BUCKET) == ["k"]
    # Bytes that are persisted already may come again.
    last = send(session, part + b"tail", "bytes 0-262147/262148")
    assert (last.status_code, last.json()["metadata"]) == (200, {"call": "7"})
    assert cloud.objects("gcs", BUCKET) == {"k": part + b"tail"}
    assert send(session, b"", "bytes */262148").json() == last.json()
    assert cloud.pending_uploads("gcs", BUCKET) == []


def test_resumable_is_judged_at_its_end(cloud: StrictCloud, gcs: Any) -> None:
    session = start(cloud, "&ifGenerationMatch=0")
    put(gcs, "k", b"other")
    assert send(session, b"abc", "bytes 0-2/3").status_code == 412
    assert cloud.objects("gcs", BUCKET) == {"k": b"other"}
    session = start(cloud)
    wrong = send(session, b"abc", "bytes 0-2/3", **{"X-Goog-Hash": "crc32c=AAAAAA=="})
    assert wrong.status_code == 400
    session = start(cloud)
    assert requests.delete(session, timeout=10).status_code == 499
    assert send(session, b"abc", "bytes 0-2/3").status_code == 404


def test_resumable_upload_of_the_sdk(cloud: StrictCloud, gcs: Any) -> None:
    body = bytes(range(256)) * 4 * KIB
    blob = gcs.blob("k", chunk_size=256 * KIB)
    blob.upload_from_file(io.BytesIO(body + b"!"), if_generation_match=0)
    assert cloud.objects("gcs", BUCKET) == {"k": body + b"!"}
    chunks = [r for r in cloud.requests if r.operation == "objects.insert.chunk"]
    assert [r.status for r in chunks] == [308, 308, 308, 308, 200]
    assert get(gcs, "k", checksum="crc32c") == body + b"!"


def token(text: str) -> Any:
    return Credentials(text)  # type: ignore[no-untyped-call]


def test_who_is_let_in(cloud: StrictCloud, gcs: Any) -> None:
    def bucket(credentials: Any) -> Any:
        options = {"api_endpoint": cloud.gcs_endpoint}
        client = storage.Client(project="p", credentials=credentials, client_options=options)
        return client.bucket(BUCKET)

    assert put(bucket(token("anything")), "k")
    for bearer, status in (("denied", 403), ("expired", 401)):
        answer = requests.get(
            f"{cloud.gcs_endpoint}/storage/v1/b/{BUCKET}",
            headers={"Authorization": f"Bearer {bearer}"},
            timeout=10,
        )
        assert answer.status_code == status
    denied = bucket(token("denied"))
    assert gcs_refusal(lambda: put(denied, "k"))[0] == 403
    cloud.options.gcs_anonymous = False
    nobody = requests.get(f"{cloud.gcs_endpoint}/storage/v1/b/{BUCKET}", timeout=10)
    assert nobody.status_code == 401


def test_names_and_parameters_that_are_refused(cloud: StrictCloud, gcs: Any) -> None:
    for name in ("..", "a\nb", "n" * 1025):
        assert gcs_refusal(partial(put, gcs, name))[0] == 400
    put(gcs, "k")
    url = f"{cloud.gcs_endpoint}/storage/v1/b/{BUCKET}/o/k"
    assert requests.patch(url, json={}, timeout=10).status_code == 501
    assert requests.get(f"{url}?matchGlob=x", timeout=10).status_code == 501
