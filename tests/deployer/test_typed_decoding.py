"""Many threads may meet a type for the first time at once."""

import subprocess
import sys

RACE = """
import sys, threading
import msgspec
from deployer.typed import decode

sys.setswitchinterval(1e-6)


def kinds():
    class File(msgspec.Struct):
        path: str
        size: int | None
        sha256: str

    class Manifest(msgspec.Struct):
        files: tuple[File, ...]
        schema: dict[str, list[File]] | None

    return Manifest


for _ in range(1_500):
    kind = kinds()
    barrier = threading.Barrier(4)

    def meet():
        barrier.wait()
        decode(b'{"files":[{"path":"a","size":1,"sha256":"b"}],"schema":null}', kind)

    threads = [threading.Thread(target=meet) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
print("alive")
"""


def test_four_threads_meet_a_type_at_once() -> None:
    """In a process of its own: what goes wrong here is a segmentation fault."""
    ran = subprocess.run(
        [sys.executable, "-c", RACE], capture_output=True, text=True, timeout=120, check=False
    )
    assert (ran.returncode, ran.stdout.strip()) == (0, "alive"), ran.stderr
