"""How many clouds must have it, what happens to the others, and which stores are refused."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from deployer.errors import DamagedError, DeployerError, ExitCode, UsageError, from_store_error
from deployer.registry.cloud import Cloud
from deployer.registry.format import layout
from deployer.registry.format.names import parse_reference
from deployer.registry.reading.resolve import resolve
from providers.driver import Driver
from providers.errors import BucketNotFoundError, StoreError
from providers.faulty import Fault, FaultKind, FaultyDriver
from providers.local import LocalDriver
from providers.memory import MemoryDriver
from providers.model import ObjectMeta, PutMode
from providers.store import Store
from tests.deployer.registry.registry_kit import (
    BUCKET,
    QUICK,
    audit,
    contents,
    memory_clouds,
    push,
    sha256,
    strict_clouds,
    without_marker,
)
from tests.fakes import Fault as StrictFault
from tests.fakes import StrictCloud
from tests.fakes.faults import status, throttle

MakeFolder = Callable[[Mapping[str, bytes]], Path]
FOREVER = 1_000_000
VERBS = ("put", "get", "head", "delete", "list")


def down(kind: FaultKind = "unavailable", *verbs: str) -> Callable[[Driver], Driver]:
    script = [Fault(op=verb, kind=kind, count=FOREVER) for verb in verbs or VERBS]
    return lambda driver: FaultyDriver(driver, script)


def breaking(clouds: list[Cloud], name: str, wrap: Callable[[Driver], Driver]) -> list[Cloud]:
    """Return the same clouds with the driver of one wrapped."""
    return [
        Cloud(cloud.name, Store(wrap(cloud.store.driver), QUICK)) if cloud.name == name else cloud
        for cloud in clouds
    ]


def exit_code(error: Exception) -> int:
    assert isinstance(error, StoreError | DeployerError)
    seen = from_store_error(error) if isinstance(error, StoreError) else error
    return int(seen.exit_code)


KINDS: list[tuple[FaultKind, int]] = [
    ("unavailable", ExitCode.UNAVAILABLE),
    ("throttled", ExitCode.UNAVAILABLE),
    ("denied", ExitCode.CREDENTIALS),
]


class TestMajority:
    @pytest.mark.parametrize("kind", ["unavailable", "denied"])
    @pytest.mark.parametrize("name", ["gcp", "azure"])
    def test_a_follower_that_is_down_is_behind_and_then_brought_up(
        self, make_folder: MakeFolder, state: Path, name: str, kind: FaultKind
    ) -> None:
        clouds = memory_clouds()
        push(clouds, make_folder({"a": b"1"}), state=state)
        root = make_folder({"a": b"2"})
        published = push(breaking(clouds, name, down(kind)), root, state=state, require=2)
        assert (published.version, published.created) == (2, True)
        assert list(published.behind) == [name]
        assert name not in published.sent
        for cloud in clouds:
            expected = [1] if cloud.name == name else [1, 2]
            assert audit(contents(cloud)) == {"penguins": expected}
        again = push(clouds, root, state=state, require=2)
        assert (again.version, again.created, again.behind) == (2, False, {})
        assert again.sent[name].sent == 1
        first, *others = (without_marker(contents(cloud)) for cloud in clouds)
        assert all(objects == first for objects in others)

    @pytest.mark.parametrize("verb", ["put", "head", "get"])
    def test_a_follower_that_fails_in_one_verb_only(
        self, make_folder: MakeFolder, state: Path, verb: str
    ) -> None:
        clouds = memory_clouds()
        push(clouds, make_folder({"a": b"1", "b": b"1b"}), state=state)
        root = make_folder({"a": b"2", "b": b"1b"})
        broken = breaking(clouds, "gcp", down("unavailable", verb))
        published = push(broken, root, state=state, require=2)
        assert (published.version, list(published.behind)) == (2, ["gcp"])
        assert audit(contents(clouds[1])) == {"penguins": [1]}
        assert push(clouds, root, state=state).behind == {}
        assert audit(contents(clouds[1])) == {"penguins": [1, 2]}

    def test_the_home_is_never_optional(self, make_folder: MakeFolder, state: Path) -> None:
        clouds = memory_clouds()
        push(clouds, make_folder({"a": b"1"}), state=state)
        with pytest.raises(StoreError) as caught:
            push(breaking(clouds, "aws", down()), make_folder({"a": b"2"}), state=state, require=2)
        assert exit_code(caught.value) == ExitCode.UNAVAILABLE
        assert all(audit(contents(cloud)) == {"penguins": [1]} for cloud in clouds)

    @pytest.mark.parametrize("key", ["blobs/*", "manifests/*", "txn/*"])
    def test_a_home_without_its_parts_commits_nothing(
        self, make_folder: MakeFolder, state: Path, key: str
    ) -> None:
        """The home could take the version record, but not what that refers to."""
        clouds = memory_clouds()
        script = [Fault(op="put", kind="denied", key=key, count=FOREVER)]
        broken = breaking(clouds, "aws", lambda driver: FaultyDriver(driver, script))
        with pytest.raises(DeployerError):
            push(broken, make_folder({"a": b"1"}), state=state, require=2)
        assert all(audit(contents(cloud)) == {} for cloud in clouds)

    def test_too_few_is_no_majority(self, make_folder: MakeFolder, state: Path) -> None:
        clouds = memory_clouds()
        push(clouds, make_folder({"a": b"1"}), state=state)
        broken = breaking(breaking(clouds, "gcp", down()), "azure", down())
        with pytest.raises((StoreError, DeployerError)) as caught:
            push(broken, make_folder({"a": b"2"}), state=state, require=2)
        assert exit_code(caught.value) == ExitCode.UNAVAILABLE
        assert all(audit(contents(cloud)) == {"penguins": [1]} for cloud in clouds)
        assert push(broken, make_folder({"a": b"2"}), state=state, require=1).version == 2

    def test_a_missed_version_and_the_next_one(self, make_folder: MakeFolder, state: Path) -> None:
        """A cloud that missed version 2 gets version 3; its `latest` skips, its log does not."""
        clouds = memory_clouds()
        push(clouds, make_folder({"a": b"1"}), state=state)
        push(breaking(clouds, "gcp", down()), make_folder({"a": b"2"}), state=state, require=2)
        published = push(clouds, make_folder({"a": b"3"}), state=state)
        assert (published.version, published.behind) == (3, {})
        assert audit(contents(clouds[1])) == {"penguins": [1, 3]}
        assert resolve(clouds[1], parse_reference("penguins")).version == 3

    def test_on_the_strict_fake(
        self, strict: StrictCloud, make_folder: MakeFolder, state: Path
    ) -> None:
        push(strict_clouds(), make_folder({"a": b"1"}), state=state)
        root = make_folder({"a": b"2"})
        script = strict.script(StrictFault(status(503), dialect="azure", count=None))
        published = push(strict_clouds(), root, state=state, require=2)
        assert (published.version, list(published.behind)) == (2, ["azure"])
        script.faults[0].count = script.faults[0].fired  # the outage is over
        assert push(strict_clouds(), root, state=state).behind == {}
        found = [audit(strict.objects(d, BUCKET)) for d in ("s3", "gcs", "azure")]
        assert found == [{"penguins": [1, 2]}] * 3


class TestAll:
    @pytest.mark.parametrize(("kind", "code"), KINDS)
    @pytest.mark.parametrize("name", ["aws", "gcp", "azure"])
    def test_one_that_refuses_writes_stops_it_before_anything_shows(
        self, make_folder: MakeFolder, state: Path, name: str, kind: FaultKind, code: int
    ) -> None:
        clouds = memory_clouds()
        push(clouds, make_folder({"a": b"1"}), state=state)
        root = make_folder({"a": b"2"})
        with pytest.raises(DeployerError) as caught:
            push(breaking(clouds, name, down(kind, "put")), root, state=state)
        assert exit_code(caught.value) == code
        assert name in str(caught.value)
        assert caught.value.hint.count("running the same command again resumes") == 1
        for cloud in clouds:
            assert audit(contents(cloud)) == {"penguins": [1]}
            assert resolve(cloud, parse_reference("penguins")).version == 1
        finished = push(clouds, root, state=state)
        assert (finished.version, finished.created, finished.behind) == (2, True, {})
        for cloud in clouds:
            # What was sent before the failure is not sent again.
            assert finished.sent[cloud.name].sent == (1 if cloud.name == name else 0)
            assert not [key for key in contents(cloud) if key.startswith("txn/")]

    @pytest.mark.parametrize("key", ["blobs/*", "manifests/*", "txn/*"])
    def test_whatever_is_refused_before_the_commit(
        self, make_folder: MakeFolder, state: Path, key: str
    ) -> None:
        clouds = memory_clouds()
        script = [Fault(op="put", kind="denied", key=key)]
        broken = breaking(clouds, "gcp", lambda driver: FaultyDriver(driver, script))
        with pytest.raises(DeployerError):
            push(broken, make_folder({"a": b"1"}), state=state)
        assert all(audit(contents(cloud)) == {} for cloud in clouds)
        assert not [k for cloud in clouds for k in contents(cloud) if k.startswith("models/")]
        assert push(clouds, make_folder({"a": b"1"}), state=state).version == 1

    @pytest.mark.parametrize("name", ["aws", "gcp", "azure"])
    def test_a_registry_is_not_founded_while_one_is_silent(
        self, make_folder: MakeFolder, state: Path, name: str
    ) -> None:
        """The silent one may hold a registry already."""
        clouds = memory_clouds()
        with pytest.raises(StoreError) as caught:
            push(breaking(clouds, name, down()), make_folder({"a": b"1"}), state=state, require=2)
        assert name in caught.value.url
        assert [contents(cloud) for cloud in clouds] == [{}, {}, {}]

    def test_throttled_for_a_while_is_no_failure(
        self, strict: StrictCloud, make_folder: MakeFolder, state: Path
    ) -> None:
        strict.script(
            *(StrictFault(throttle(), dialect=d, key="blobs/*") for d in ("s3", "gcs", "azure"))
        )
        assert push(strict_clouds(), make_folder({"a": b"1"}), state=state).behind == {}


class TestMembership:
    def test_different_registries_are_not_mixed(self, make_folder: MakeFolder, state: Path) -> None:
        one, other = memory_clouds("aws", "gcp"), memory_clouds("azure")
        root = make_folder({"a": b"1"})
        push(one, root, state=state)
        push(other, root, state=state)
        before = [contents(cloud) for cloud in (*one, *other)]
        with pytest.raises(UsageError, match="different registries") as caught:
            push([*one, *other], make_folder({"a": b"2"}), state=state, require=1)
        for cloud in (*one, *other):
            assert json.loads(contents(cloud)["deployer.json"])["registry"] in str(caught.value)
        assert [contents(cloud) for cloud in (*one, *other)] == before

    def test_a_new_store_is_not_touched_by_a_mixture(
        self, make_folder: MakeFolder, state: Path
    ) -> None:
        aws, gcp, azure = memory_clouds()
        for cloud in (aws, azure):
            push([cloud], make_folder({"a": b"1"}), state=state)
        with pytest.raises(UsageError, match="different registries"):
            push([aws, gcp, azure], make_folder({"a": b"2"}), state=state)
        assert contents(gcp) == {}

    def test_the_home_must_be_among_the_clouds(self, make_folder: MakeFolder, state: Path) -> None:
        clouds = memory_clouds()
        push(clouds, make_folder({"a": b"1"}), state=state)
        with pytest.raises(UsageError, match="home") as caught:
            push(clouds[1:], make_folder({"a": b"2"}), state=state)
        assert caught.value.hint
        assert all(audit(contents(cloud)) == {"penguins": [1]} for cloud in clouds)

    @pytest.mark.parametrize("home", ["gcp", "azure"])
    def test_the_home_is_the_one_asked_for(
        self, make_folder: MakeFolder, state: Path, home: str
    ) -> None:
        clouds = memory_clouds()
        assert push(clouds, make_folder({"a": b"1"}), state=state, home=home).home == home
        # From then on it is what the stores say, whatever order they are named in.
        assert push(clouds[::-1], make_folder({"a": b"2"}), state=state).home == home

    def test_an_unknown_home_is_refused(self, make_folder: MakeFolder, state: Path) -> None:
        clouds = memory_clouds()
        with pytest.raises(UsageError, match="elsewhere"):
            push(clouds, make_folder({"a": b"1"}), state=state, home="elsewhere")
        assert [contents(cloud) for cloud in clouds] == [{}, {}, {}]

    def test_a_new_cloud_joins_and_gets_the_next_version(
        self, make_folder: MakeFolder, state: Path
    ) -> None:
        clouds = memory_clouds()
        push(clouds[:2], make_folder({"a": b"1"}), state=state)
        published = push(clouds, make_folder({"a": b"2"}), state=state)
        assert (published.version, published.behind) == (2, {})
        assert audit(contents(clouds[2])) == {"penguins": [2]}

    def test_a_new_cloud_is_brought_up_by_the_same_command(
        self, make_folder: MakeFolder, state: Path
    ) -> None:
        clouds = memory_clouds()
        root = make_folder({"a": b"1"})
        push(clouds[:2], root, state=state, aliases=("champion",))
        assert not push(clouds, root, state=state, aliases=("champion",)).created
        assert without_marker(contents(clouds[2])) == without_marker(contents(clouds[0]))

    @pytest.mark.parametrize(
        "body",
        [b"{}", b"<html>", b'{"format":2}', b"\xff" * 100, b'{"format":1,"store":"../../x"}'],
        ids=range(5),
    )
    def test_a_marker_that_is_none(self, make_folder: MakeFolder, state: Path, body: bytes) -> None:
        clouds = memory_clouds()
        clouds[1].store.put("deployer.json", body, mode="create")
        with pytest.raises(DamagedError) as caught:
            push(clouds, make_folder({"a": b"1"}), state=state)
        assert "gcp/deployer.json" in caught.value.where
        assert contents(clouds[0]) == {}

    def test_a_missing_store_is_no_empty_one(
        self, make_folder: MakeFolder, state: Path, tmp_path: Path
    ) -> None:
        clouds = [*memory_clouds("aws"), Cloud("gcp", Store(LocalDriver(tmp_path / "no"), QUICK))]
        with pytest.raises(BucketNotFoundError):
            push(clouds, make_folder({"a": b"1"}), state=state)
        assert contents(clouds[0]) == {}
        assert not (tmp_path / "no").exists()


class Careless(MemoryDriver):
    """A store that takes every write, whatever its condition."""

    def __init__(self, ignored: str) -> None:
        super().__init__("careless")
        self.ignored = ignored

    def put(
        self, key: str, body: bytes, *, mode: PutMode, metadata: Mapping[str, str]
    ) -> ObjectMeta:
        """Write an object."""
        if (mode == "create") == (self.ignored == "create"):
            mode = "overwrite"
        return super().put(key, body, mode=mode, metadata=metadata)


@pytest.mark.parametrize("ignored", ["create", "update"])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_store_that_ignores_preconditions_is_refused(
    make_folder: MakeFolder, state: Path, ignored: str, place: int
) -> None:
    clouds = memory_clouds()
    clouds[place] = Cloud(clouds[place].name, Store(Careless(ignored), QUICK))
    for _ in range(2):  # a refusal must not be remembered as a success
        with pytest.raises((StoreError, DeployerError), match="ignores preconditions") as caught:
            push(clouds, make_folder({"a": b"1"}), state=state)
        assert exit_code(caught.value) == ExitCode.USAGE
    assert "deployer.json" not in contents(clouds[place])
    assert not [key for cloud in clouds for key in contents(cloud) if key.startswith("models/")]


class TestDamagedBlobs:
    """A blob that is not what its key says is replaced before a version refers to it."""

    @pytest.mark.parametrize("known", [False, True], ids=["new", "of-the-parent"])
    @pytest.mark.parametrize("pretender", [b"", b"hell", b"jello", b"hello, world"])
    def test_replaced(
        self,
        clouds: list[Cloud],
        make_folder: MakeFolder,
        state: Path,
        pretender: bytes,
        known: bool,
    ) -> None:
        key = layout.blob(sha256(b"hello"))
        if known:
            push(clouds, make_folder({"a": b"hello", "b": b"1"}), state=state)
        clouds[1].store.put(key, pretender, mode="overwrite")
        published = push(clouds, make_folder({"a": b"hello", "b": b"2"}), state=state)
        assert published.behind == {}
        for cloud in clouds:
            assert contents(cloud)[key] == b"hello"
            audit(contents(cloud))

    def test_divergence_is_reported_and_never_overwritten(
        self, make_folder: MakeFolder, state: Path
    ) -> None:
        clouds = memory_clouds()
        push(clouds, make_folder({"a": b"1"}), state=state)
        other = contents(clouds[1])[layout.version("penguins", 1)].replace(b":1}", b":2}")
        clouds[1].store.put(layout.version("penguins", 2), other, mode="create")
        published = push(clouds, make_folder({"a": b"2"}), state=state)
        assert (published.version, list(published.behind)) == (2, ["gcp"])
        assert isinstance(published.behind["gcp"], DamagedError)
        assert contents(clouds[1])[layout.version("penguins", 2)] == other
        assert resolve(clouds[1], parse_reference("penguins")).version == 1
