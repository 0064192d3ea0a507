"""Any sequence of operations on a store does what the same sequence does to a dict."""

from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from deployer.emulators import EngineName
from providers.errors import AlreadyExistsError, NotFoundError, PreconditionError, RangeError
from providers.model import ByteRange, ObjectMeta, PutMode, Version
from tests.fakes import StrictCloud
from tests.providers.harness import Harness, digest, pieces
from tests.providers.harness_clouds import AzureHarness, GCSHarness, fresh_name
from tests.providers.harness_local import LocalHarness, MemoryHarness, PrefixedHarness
from tests.providers.harness_servers import Emulators
from tests.providers.test_conformance_emulators import AZURITE_ACCOUNT, s3_harness
from tests.providers.test_conformance_strict import harness_on

# None is a prefix of another with a slash: a folder could not hold both.
KEYS = ["a", "a-", "a0", "ab", "b/x", "b/xy", "b/y/z", "b-/x", "B", "é", "\uff5e", "😀"]
keys = st.sampled_from(KEYS)
prefixes = st.sampled_from(["", "a", "b", "b/", "b/x", "b/y/", "c", "é", *KEYS[:3]])
bodies = st.binary(max_size=12)
metadatas = st.dictionaries(
    st.sampled_from(["stage", "note", "x1"]),
    st.text("abc -=;,\"'", min_size=1, max_size=6).filter(lambda text: text == text.strip()),
    max_size=2,
)
positions = st.integers(0, 14)


class StoreMachine(RuleBasedStateMachine):
    """A store beside a dict."""

    def __init__(self, make: Callable[[], Harness], *, large: bool) -> None:
        super().__init__()
        self.harness = make()
        self.harness.__enter__()
        self.store = self.harness.open()
        self.large = large
        self.bodies: dict[str, bytes] = {}
        self.metas: dict[str, ObjectMeta] = {}
        self.versions: list[Version] = []

    def teardown(self) -> None:
        self.store.close()
        self.harness.__exit__(None, None, None)

    def written(self, key: str, body: bytes, meta: ObjectMeta, metadata: dict[str, str]) -> None:
        assert (meta.key, meta.size, meta.sha256) == (key, len(body), digest(body))
        assert dict(meta.metadata) == metadata
        if key in self.metas and self.bodies[key] != body:
            assert meta.version != self.metas[key].version
        self.bodies[key] = body
        self.metas[key] = meta
        self.versions.append(meta.version)

    def grown(self, body: bytes) -> bytes:
        """Return `body` long enough for an upload in parts, where that is cheap."""
        return body + bytes(2 * self.harness.part_size) if self.large else body

    @rule(key=keys, body=bodies, metadata=metadatas)
    def overwrite(self, key: str, body: bytes, metadata: dict[str, str]) -> None:
        meta = self.store.put(key, body, mode="overwrite", metadata=metadata)
        self.written(key, body, meta, metadata)

    @rule(key=keys, body=bodies, metadata=metadatas)
    def create(self, key: str, body: bytes, metadata: dict[str, str]) -> None:
        self.write(key, body, "create", metadata)

    @rule(key=keys, body=bodies, mode=st.sampled_from(["create", "overwrite"]))
    def write_large(self, key: str, body: bytes, mode: PutMode) -> None:
        self.write(key, self.grown(body), mode, {"stage": "large"})

    @rule(key=keys, body=bodies)
    def write_stream(self, key: str, body: bytes) -> None:
        body = self.grown(body)
        meta = self.store.put(key, pieces(body, 5000), mode="overwrite", sha256=digest(body))
        self.written(key, body, meta, {})

    @rule(key=keys, body=bodies)
    def update(self, key: str, body: bytes) -> None:
        if key in self.metas:
            self.write(key, body, self.metas[key].version, {})

    @rule(key=keys, body=bodies, pick=st.integers(0, 1000))
    def update_any_version(self, key: str, body: bytes, pick: int) -> None:
        if self.versions:
            self.write(key, body, self.versions[pick % len(self.versions)], {})

    def write(self, key: str, body: bytes, mode: PutMode, metadata: dict[str, str]) -> None:
        refusal: type[Exception] | None = None
        if mode == "create" and key in self.bodies:
            refusal = AlreadyExistsError
        if isinstance(mode, Version) and (key not in self.metas or self.metas[key].version != mode):
            refusal = PreconditionError
        if refusal is None:
            meta = self.store.put(key, body, mode=mode, metadata=metadata)
            self.written(key, body, meta, metadata)
            return
        with pytest.raises(refusal):
            self.store.put(key, body, mode=mode, metadata=metadata)
        if key in self.bodies:
            assert self.harness.raw_get(key) == self.bodies[key]

    @rule(key=keys)
    def delete(self, key: str) -> None:
        self.store.delete(key)
        self.bodies.pop(key, None)
        self.metas.pop(key, None)

    @rule(key=keys)
    def read(self, key: str) -> None:
        if key not in self.bodies:
            with pytest.raises(NotFoundError):
                self.store.get(key)
            assert not self.store.exists(key)
            return
        assert self.store.get(key, if_match=self.metas[key].version) == self.bodies[key]
        head = self.store.head(key)
        known = self.metas[key]
        assert (head.size, head.version, head.sha256) == (known.size, known.version, known.sha256)
        assert dict(head.metadata) == dict(known.metadata)

    @rule(key=keys, start=positions, length=st.integers(1, 6) | st.none())
    def read_range(self, key: str, start: int, length: int | None) -> None:
        wanted = ByteRange(start, None if length is None else start + length)
        if key not in self.bodies:
            with pytest.raises(NotFoundError):
                self.store.get(key, range=wanted)
        elif start >= len(self.bodies[key]):
            with pytest.raises(RangeError):
                self.store.get(key, range=wanted)
        else:
            expected = self.bodies[key][wanted.start : wanted.end]
            assert self.store.get(key, range=wanted) == expected

    @rule(prefix=prefixes, after=st.none() | keys | prefixes.filter(bool))
    def list_some(self, prefix: str, after: str | None) -> None:
        found = [meta.key for meta in self.store.list(prefix, start_after=after)]
        matching = (key for key in self.bodies if key.startswith(prefix))
        assert found == sorted(key for key in matching if after is None or key > after)

    @rule(prefix=prefixes)
    def list_level(self, prefix: str) -> None:
        listing = self.store.list_dir(prefix)
        below = [key.removeprefix(prefix) for key in self.bodies if key.startswith(prefix)]
        objects = sorted(prefix + key for key in below if "/" not in key)
        level = {prefix + key.partition("/")[0] + "/" for key in below if "/" in key}
        assert [meta.key for meta in listing.objects] == objects
        assert list(listing.prefixes) == sorted(level)

    @invariant()
    def same_keys(self) -> None:
        assert self.harness.raw_keys() == sorted(self.bodies)


def check(make: Callable[[], Harness], *, examples: int, steps: int, large: bool) -> None:
    """Run the machine; the same sequences each time, so that a failure is never a surprise."""

    class Bound(StoreMachine):
        def __init__(self) -> None:
            super().__init__(make, large=large)

    run_state_machine_as_test(
        Bound,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.parametrize(
    ("make", "examples"),
    [
        pytest.param(MemoryHarness, 40, id="memory"),
        pytest.param(lambda: PrefixedHarness(MemoryHarness()), 20, id="prefixed"),
        pytest.param(LocalHarness, 15, id="local"),  # each write waits for the disk
    ],
)
def test_against_a_dict(make: Callable[[], Harness], examples: int) -> None:
    check(make, examples=examples, steps=25, large=True)


@pytest.fixture
def strict() -> Iterator[StrictCloud]:
    with StrictCloud() as cloud:
        yield cloud


@pytest.mark.parametrize("name", ["s3", "gcs", "azure"])
def test_strict_fake_against_a_dict(strict: StrictCloud, name: str) -> None:
    check(lambda: harness_on(strict, name), examples=6, steps=20, large=name != "s3")


@pytest.mark.parametrize("engine", ["moto", pytest.param("localstack", marks=pytest.mark.slow)])
def test_s3_emulator_against_a_dict(emulators: Emulators, engine: EngineName) -> None:
    check(lambda: s3_harness(emulators, engine, checks=True), examples=5, steps=15, large=False)


def test_gcs_emulator_against_a_dict(emulators: Emulators) -> None:
    server = emulators.server("fake-gcs")
    environment = server.environment()
    check(
        lambda: GCSHarness(fresh_name(), endpoint=server.endpoint, environment=environment),
        examples=5,
        steps=20,
        large=False,  # compose ignores preconditions there
    )


def test_azure_emulator_against_a_dict(emulators: Emulators) -> None:
    environment = emulators.server("azurite").environment()
    check(
        lambda: AzureHarness(fresh_name(), account=AZURITE_ACCOUNT, environment=environment),
        examples=5,
        steps=20,
        large=True,
    )
