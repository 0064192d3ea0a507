"""A sweep that crashes at any request is finished by the next."""

from pathlib import Path

from deployer.registry.cloud import Cloud
from providers.store import Store
from tests.deployer.registry.registry_kit import QUICK, contents, push
from tests.deployer.upkeep.garbage.collecting_kit import MakeFolder, run
from tests.deployer.upkeep.gc_kit import (
    AGE,
    Clock,
    ClockedMemory,
    CrashError,
    Fuse,
    deleted,
    garbage,
    sharing,
    versions_of,
)


def test_a_crash_at_every_request(make_folder: MakeFolder, state: Path, tmp_path: Path) -> None:
    """In memory: the next run, once the lease is over, finishes the work."""
    roots = [make_folder({"own": body, "all": b"."}) for body in (b"1", b"2")]
    for carried_out in (False, True):
        requests = 0
        while True:
            clock = Clock()
            cloud = Cloud("aws", Store(ClockedMemory("aws", clock), QUICK))
            for root in roots:
                push([cloud], root, state=tmp_path / f"{carried_out}-{requests}")
            deleted([cloud], 1, state=state)
            run(cloud)
            clock.advance(AGE)
            try:
                run(sharing([cloud], Fuse(requests, carried_out=carried_out))[0])
                break
            except CrashError:
                pass
            assert versions_of(contents(cloud)) == {2: {"own": b"2", "all": b"."}}
            clock.advance(AGE)
            run(cloud)
            clock.advance(AGE)
            run(cloud)
            assert garbage(contents(cloud)) == set()
            assert versions_of(contents(cloud)) == {2: {"own": b"2", "all": b"."}}
            requests += 1
        assert 20 < requests < 100
