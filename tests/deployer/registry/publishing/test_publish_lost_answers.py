"""Every nth write succeeds and its answer never comes, for hundreds of publishes."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from deployer.emulators import EngineName
from deployer.registry.cloud import Cloud
from deployer.registry.format.names import parse_reference
from tests.deployer.registry.cloud_backends import (
    Backend,
    emulated,
    on_strict_fake,
    opened,
    proxy_of,
    through,
)
from tests.deployer.registry.dropping_proxy import EveryNth
from tests.deployer.registry.looking import Reader, live_audit, pull_files
from tests.deployer.registry.registry_kit import (
    BUCKET,
    NAMES,
    PUT_OF,
    alias_log,
    audit,
    contents,
    folder_of,
    push,
    strict_cloud,
)
from tests.fakes import Fault
from tests.fakes.faults import lose_response
from tests.providers.harness_servers import Emulators

PUBLISHES = 300  # on the fake, and over the three dialects' emulators
QUICK = 8
SHARED = b"the same in every version"
KINDS = ("blobs/", "manifests/", "txn/", "deployer-probe/")


def model(number: int) -> dict[str, bytes]:
    return {"own": b"%d" % number, "all": SHARED}


def publish_many(clouds: Sequence[Cloud], folder: Path, count: int) -> None:
    """Publish versions 1 to `count`; each must say that it came to be, on every cloud."""
    for number in range(1, count + 1):
        root = folder_of(folder / f"model{number}", model(number))
        published = push(clouds, root, state=folder / "state", aliases=("champion",))
        assert (published.version, published.created, published.behind) == (number, True, {})
        # An upload whose answer was lost is known to be our own, not taken for somebody else's.
        new = [(sent.sent, sent.reused) for sent in published.sent.values()]
        assert new == [(2, 0) if number == 1 else (1, 1)] * len(clouds)


def check_all_is_there(cloud: Cloud, count: int) -> None:
    """Versions 1 to `count`, each one move of each alias, and nothing left over."""
    objects = contents(cloud)
    numbers = list(range(1, count + 1))
    assert audit(objects) == {"penguins": numbers}
    for alias in ("latest", "champion"):
        log = alias_log(objects, "penguins", alias)
        assert [(entry["seq"], entry["version"]) for entry in log] == [(n, n) for n in numbers]
    kinds = {kind: sum(key.startswith(kind) for key in objects) for kind in KINDS}
    assert kinds == {"blobs/": count + 1, "manifests/": count, "txn/": 0, "deployer-probe/": 0}


def look_at_latest(cloud: Cloud) -> None:
    """Whatever `penguins` is, at this moment, all of it is there."""
    files = pull_files(cloud, parse_reference("penguins"))
    assert files is None or (sorted(files) == ["all", "own"] and files["all"] == SHARED)


def storm(backends: Sequence[Backend], lossy: Sequence[Backend], folder: Path, count: int) -> None:
    """Publish through `lossy` while readers watch the same stores, undisturbed."""
    with ExitStack() as stack:
        clouds = [stack.enter_context(opened(backend)) for backend in lossy]
        watched = [stack.enter_context(opened(backend)) for backend in backends]
        with Reader(watched, look_at_latest) as reader:
            publish_many(clouds, folder, count)
        for cloud in watched:
            live_audit(cloud)
            check_all_is_there(cloud, count)
    assert reader.wrong == []
    assert all(looks > 2 for looks in reader.looks.values())


def test_scripted_on_three_clouds(tmp_path: Path) -> None:
    """The fake's own fault, on every seventh write of each cloud."""
    with strict_cloud() as strict:
        backends = [on_strict_fake(strict, name, BUCKET) for name in NAMES]
        strict.script(
            *(
                Fault(lose_response(), dialect=dialect, operation=operation, nth=nth)
                for dialect, operation in PUT_OF.items()
                for nth in range(7, QUICK * 8, 7)
            )
        )
        storm(backends, backends, tmp_path, QUICK)


@pytest.mark.parametrize("nth", [7, 13])
@pytest.mark.parametrize("count", [QUICK, pytest.param(PUBLISHES, marks=pytest.mark.slow)])
@pytest.mark.timeout(1200)
def test_on_three_clouds_at_once(tmp_path: Path, nth: int, count: int) -> None:
    with strict_cloud() as strict:
        loss = EveryNth(nth, [strict])
        backends = [on_strict_fake(strict, name, BUCKET) for name in NAMES]
        storm(backends, backends, tmp_path, count)
        assert loss.lost == loss.writes // nth > count


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("nth", [7, 13])
@pytest.mark.parametrize("engine", ["seaweedfs", "localstack", "fake-gcs", "azurite"])
def test_100_on_an_emulator(
    emulators: Emulators, tmp_path: Path, engine: EngineName, nth: int
) -> None:
    count = PUBLISHES // 3
    backend = emulated(emulators, engine)
    with proxy_of(backend) as proxy:
        loss = EveryNth(nth, [proxy])
        storm([backend], [through(backend, proxy)], tmp_path, count)
    assert loss.lost == loss.writes // nth > count // 2
