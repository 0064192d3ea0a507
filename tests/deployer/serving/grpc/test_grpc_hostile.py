import os
import random
from pathlib import Path

import grpc
import pytest

from deployer.serving.models import Models, Served
from deployer.settings import ServeSettings
from tests.deployer.serving.grpc.grpc_kit import KEY, Client, request, serving

Code = grpc.StatusCode
EXPECTED = {Code.OK, Code.INVALID_ARGUMENT, Code.NOT_FOUND, Code.RESOURCE_EXHAUSTED}


def resident() -> int:
    """Return the bytes of memory that this process, client and server, has."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def mutated(body: bytes, chance: random.Random) -> bytes:
    changed = bytearray(body)
    for _ in range(chance.randint(1, 6)):
        place = chance.randrange(len(changed) + 1)
        match chance.randrange(4):
            case 0:
                changed[place:place] = chance.randbytes(chance.randint(1, 8))
            case 1:
                del changed[place : place + chance.randint(1, 12)]
            case 2:
                changed[place : place + 1] = chance.randbytes(1)
            case _:
                changed += changed[: chance.randint(0, 40)]
        changed = changed or bytearray(b"\x00")
    return bytes(changed)


def test_no_bytes_make_the_server_fail(client: Client, served: Served) -> None:
    chance = random.Random(5)
    good = [
        request(served, rows, raw=bool(raw)).SerializeToString()
        for rows in (1, 3)
        for raw in (0, 1)
    ]
    bodies = [chance.randbytes(chance.randint(0, 200)) for _ in range(1000)]
    bodies += [mutated(chance.choice(good), chance) for _ in range(1500)]
    call = client.channel.unary_unary("/inference.GRPCInferenceService/ModelInfer")
    seen = set()
    before = 0
    for start in range(0, len(bodies), 50):
        under_way = [
            call.future(body, metadata=(("x-api-key", KEY),), timeout=30)
            for body in bodies[start : start + 50]
        ]
        for one in under_way:
            seen.add(one.code())
            assert one.code() in EXPECTED, one.details()
            assert "\n" not in (one.details() or "")
        before = before or resident()
    assert resident() - before < 50 * 1024 * 1024
    # Else nothing was mutated, or nothing but nonsense came of it.
    assert {Code.OK, Code.INVALID_ARGUMENT, Code.NOT_FOUND} <= seen


def test_a_small_message_that_unfolds_into_a_large_one_is_refused(
    models: Models, served: Served
) -> None:
    with (
        serving(models, ServeSettings(max_body=1024 * 1024)) as running,
        grpc.insecure_channel(
            running.address, options=[("grpc.max_send_message_length", -1)]
        ) as channel,
    ):
        client = Client(channel)
        zipped = grpc.Compression.Gzip
        assert client.call("ModelInfer", request(served), compression=zipped)[0].outputs
        large = request(served)
        # Some 64 KB on the wire.
        large.raw_input_contents.append(bytes(64 * 1024 * 1024))
        with pytest.raises(grpc.RpcError) as caught:
            client.call("ModelInfer", large, compression=zipped)
        assert caught.value.code() is Code.RESOURCE_EXHAUSTED
        assert client.call("ModelInfer", request(served))[0].outputs
