"""Faults in the middle of a publish: lost answers, busy clouds, broken connections, lost journals."""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from unittest import mock
from uuid import uuid4

import pytest

from deployer.errors import DeployerError, UsageError
from deployer.registry.aliasing.aliases import Move, move, read_alias
from deployer.registry.format import layout
from deployer.registry.format.names import parse_reference
from deployer.registry.publishing.journal import PublishJournal
from deployer.registry.publishing.publish import Facts
from deployer.registry.reading.resolve import resolve
from providers.errors import StoreError
from providers.faulty import Fault, FaultKind, FaultyDriver
from providers.memory import MemoryDriver
from tests.deployer.registry.registry_kit import (
    BUCKET,
    DIALECTS,
    PUT_OF,
    QUICK,
    Silent,
    alias_log,
    audit,
    contents,
    memory_clouds,
    push,
    sha256,
    strict_clouds,
)
from tests.fakes import Fault as StrictFault
from tests.fakes import StrictCloud
from tests.fakes.faults import Action, cut_upload, lose_response, reset, status, throttle

MakeFolder = Callable[[Mapping[str, bytes]], Path]

DELETE = {"s3": "DeleteObject", "gcs": "objects.delete", "azure": "DeleteBlob"}
WRITTEN = [
    "deployer.json",
    "txn/*",
    "blobs/*",
    "manifests/*",
    "models/penguins/versions/*",
    "models/penguins/aliases/latest.log/*",
    "models/penguins/aliases/latest.json",
    "models/penguins/aliases/champion.log/*",
    "models/penguins/aliases/champion.json",
]
OFTEN = {"blobs/*", "models/penguins/versions/*", "models/penguins/aliases/latest.json"}
ACTIONS = {
    "lost": lose_response(),
    "busy": throttle(),
    "error": status(500),
    "reset": reset(),
    "cut": cut_upload(1),
}


class TestOnceEverywhere:
    """The same write goes wrong once on every cloud at the same time; nobody notices."""

    @pytest.mark.parametrize(
        ("key", "action"),
        [
            pytest.param(key, action, id=f"{key}-{name}")
            for key in WRITTEN
            for name, action in ACTIONS.items()
            if name in {"lost", "busy"} or key in OFTEN
        ],
    )
    def test_a_write(
        self,
        strict: StrictCloud,
        make_folder: MakeFolder,
        state: Path,
        key: str,
        action: Action,
    ) -> None:
        strict.script(
            *(StrictFault(action, dialect=d, operation=op, key=key) for d, op in PUT_OF.items())
        )
        root = make_folder({"a": b"1", "b": b"2"})
        published = push(strict_clouds(), root, state=state, aliases=("champion",))
        assert (published.version, published.created, published.behind) == (1, True, {})
        for dialect in DIALECTS.values():
            objects = strict.objects(dialect, BUCKET)
            assert audit(objects) == {"penguins": [1]}
            for alias in ("latest", "champion"):
                assert len(alias_log(objects, "penguins", alias)) == 1
            assert not [name for name in objects if name.startswith(("txn/", "deployer-probe/"))]

    @pytest.mark.parametrize("action", [lose_response(), throttle()], ids=["lost", "busy"])
    def test_the_last_delete(
        self, strict: StrictCloud, make_folder: MakeFolder, state: Path, action: Action
    ) -> None:
        strict.script(
            *(StrictFault(action, dialect=d, operation=op, key="txn/*") for d, op in DELETE.items())
        )
        assert push(strict_clouds(), make_folder({"a": b"1"}), state=state).behind == {}
        for dialect in DIALECTS.values():
            assert not [k for k in strict.objects(dialect, BUCKET) if k.startswith("txn/")]

    def test_every_answer_to_every_second_version_is_lost(
        self, strict: StrictCloud, make_folder: MakeFolder, state: Path
    ) -> None:
        for number in range(1, 5):
            if number % 2 == 0:
                strict.script(
                    *(
                        StrictFault(lose_response(), dialect=d, operation=op, key=key)
                        for d, op in PUT_OF.items()
                        for key in WRITTEN[1:7]
                    )
                )
            root = make_folder({"a": b"%d" % number})
            assert push(strict_clouds(), root, state=state).version == number
        for dialect in DIALECTS.values():
            objects = strict.objects(dialect, BUCKET)
            assert audit(objects) == {"penguins": [1, 2, 3, 4]}
            assert [e["version"] for e in alias_log(objects, "penguins", "latest")] == [1, 2, 3, 4]


class TestForGood:
    """A step fails for good; the same command, run again, finishes with one version."""

    @pytest.mark.parametrize("lost_state", [False, True], ids=["journal", "no-journal"])
    @pytest.mark.parametrize("name", ["aws", "gcp"])
    @pytest.mark.parametrize("kind", ["denied", "unavailable"])
    @pytest.mark.parametrize("key", WRITTEN[1:])
    def test_each_write(
        self,
        make_folder: MakeFolder,
        state: Path,
        key: str,
        kind: FaultKind,
        name: str,
        lost_state: bool,
    ) -> None:
        count = 1 if kind == "denied" else QUICK.attempts
        script = [Fault(op="put", kind=kind, key=key, count=count)]
        faulty = FaultyDriver(MemoryDriver(name), script)
        clouds = memory_clouds(wrap={name: lambda _: faulty})
        root = make_folder({"a": b"1"})
        try:
            behind = push(clouds, root, state=state, aliases=("champion",)).behind
            assert list(behind) == [name]
        except (StoreError, DeployerError):
            pass
        faulty.assert_exhausted()
        for cloud in clouds:
            found = audit(contents(cloud))
            assert found in ({}, {"penguins": [1]})
        if lost_state:
            shutil.rmtree(state)
        finished = push(clouds, root, state=state, aliases=("champion",))
        assert (finished.version, finished.behind) == (1, {})
        for cloud in clouds:
            objects = contents(cloud)
            assert audit(objects) == {"penguins": [1]}
            for alias in ("latest", "champion"):
                assert len(alias_log(objects, "penguins", alias)) == 1
            if not lost_state:
                assert not [k for k in objects if k.startswith("txn/")]
        assert not [path for path in (state / "publish").iterdir() if path.suffix == ".json"]

    def test_a_publish_that_was_overtaken_finishes_behind_the_other(
        self, make_folder: MakeFolder, state: Path
    ) -> None:
        """It crashed before its commit; somebody else published; it gets the next number."""
        clouds = memory_clouds()
        first, slow, quick = (make_folder({"a": body}) for body in (b"0", b"slow", b"quick"))
        push(clouds, first, state=state)
        with (
            mock.patch(
                "deployer.registry.publishing.publish._Publish._commit",
                side_effect=KeyboardInterrupt,
            ),
            pytest.raises(KeyboardInterrupt),
        ):
            push(clouds, slow, state=state)
        assert push(clouds, quick, state=state.with_name("theirs")).version == 2
        finished = push(clouds, slow, state=state)
        assert (finished.version, finished.created) == (3, True)
        for cloud in clouds:
            assert audit(contents(cloud)) == {"penguins": [1, 2, 3]}
            assert resolve(cloud, parse_reference("penguins")).version == 3

    def test_a_commit_of_its_own_is_recognized(self, make_folder: MakeFolder, state: Path) -> None:
        """Crashed right after the commit: the repetition says that it made the version."""
        clouds = memory_clouds()
        root = make_folder({"a": b"1"})
        with (
            mock.patch(
                "deployer.registry.publishing.publish._Publish._spread",
                side_effect=KeyboardInterrupt,
            ),
            pytest.raises(KeyboardInterrupt),
        ):
            push(clouds, root, state=state)
        finished = push(clouds, root, state=state)
        assert (finished.version, finished.created, finished.behind) == (1, True, {})

    def test_a_commit_that_was_overtaken_does_not_pull_latest_back(
        self, make_folder: MakeFolder, state: Path
    ) -> None:
        clouds = memory_clouds()
        slow, quick = make_folder({"a": b"slow"}), make_folder({"a": b"quick"})
        with (
            mock.patch(
                "deployer.registry.publishing.publish._Publish._spread",
                side_effect=KeyboardInterrupt,
            ),
            pytest.raises(KeyboardInterrupt),
        ):
            push(clouds, slow, state=state)
        assert push(clouds, quick, state=state.with_name("theirs")).version == 2
        push(clouds, slow, state=state, aliases=("champion",))
        for cloud in clouds:
            found = read_alias(cloud, "penguins", "latest")
            assert found is not None
            assert found[0].version == max(audit(contents(cloud))["penguins"])

    @pytest.mark.parametrize(
        "target",
        [
            "publishing.journal.PublishJournal.clear",
            "publishing.publish._Publish._close",
            "publishing.publish.follow",
        ],
    )
    def test_a_journal_left_behind_does_not_spoil_a_later_publish(
        self, make_folder: MakeFolder, state: Path, target: str
    ) -> None:
        """A, crashed at its very end; A again; B; and A once more, which is a new version."""
        clouds = memory_clouds()
        a, b = make_folder({"a": b"A"}), make_folder({"a": b"B"})
        with (
            mock.patch(f"deployer.registry.{target}", side_effect=KeyboardInterrupt),
            pytest.raises(KeyboardInterrupt),
        ):
            push(clouds, a, state=state)
        published = [push(clouds, root, state=state) for root in (a, b, a)]
        assert [p.version for p in published] == [1, 2, 3]
        for cloud in clouds:
            assert resolve(cloud, parse_reference("penguins")).version == 3
            assert not [k for k in contents(cloud) if k.startswith("txn/")]

    def test_crashed_then_b_then_a(self, make_folder: MakeFolder, state: Path) -> None:
        clouds = memory_clouds()
        a, b = make_folder({"a": b"A"}), make_folder({"a": b"B"})
        with (
            mock.patch.object(PublishJournal, "clear", side_effect=KeyboardInterrupt),
            pytest.raises(KeyboardInterrupt),
        ):
            push(clouds, a, state=state)
        assert [push(clouds, root, state=state).version for root in (b, a)] == [2, 3]
        assert resolve(clouds[0], parse_reference("penguins")).version == 3

    @pytest.mark.parametrize("body", [b"", b"{", b'{"txn":1}', b"\xff"], ids=range(4))
    def test_a_journal_that_is_none(
        self, make_folder: MakeFolder, state: Path, body: bytes
    ) -> None:
        clouds = memory_clouds()
        root = make_folder({"a": b"1"})
        with (
            mock.patch(
                "deployer.registry.publishing.publish._Publish._commit",
                side_effect=KeyboardInterrupt,
            ),
            pytest.raises(KeyboardInterrupt),
        ):
            push(clouds, root, state=state)
        (journal,) = [path for path in (state / "publish").iterdir() if path.suffix == ".json"]
        journal.write_bytes(body)
        assert push(clouds, root, state=state).version == 1

    @pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"checksum":{}}x'], ids=range(4))
    def test_a_probe_file_that_is_none_is_made_again(
        self, make_folder: MakeFolder, state: Path, body: bytes
    ) -> None:
        clouds = memory_clouds()
        push(clouds, make_folder({"a": b"1"}), state=state)
        for probe in (state / "probes").iterdir():
            probe.write_bytes(body)
        push(clouds, make_folder({"a": b"2"}), state=state)
        assert {path.read_bytes() for path in (state / "probes").iterdir()} != {body}


class TestTheFolderChanges:
    """Files that change while they are published never become a version with mixed content."""

    @pytest.mark.parametrize("act", ["unlink", "write", "replace", "append"])
    def test_between_hashing_and_sending(
        self, make_folder: MakeFolder, state: Path, act: str
    ) -> None:
        root = make_folder({"a": b"1", "b": b"2"})

        class Meddler(Silent):
            def begin(self, cloud: str, total: int) -> None:
                path = root / "a"
                match act:
                    case "unlink":
                        path.unlink(missing_ok=True)
                    case "write":
                        path.write_bytes(b"x")
                    case "append":
                        path.write_bytes(b"1 and more")
                    case "replace":
                        (root / "b").unlink(missing_ok=True)
                        (root / "b").write_bytes(b"other")

        clouds = memory_clouds()
        with pytest.raises((DeployerError, StoreError)):
            push(clouds, root, state=state, reporter=Meddler())
        for cloud in clouds:
            assert audit(contents(cloud)) == {}
        (root / "a").write_bytes(b"settled")
        assert push(clouds, root, state=state).version == 1


def test_a_metric_past_2_to_the_53_does_not_lock_the_model(
    make_folder: MakeFolder, state: Path
) -> None:
    clouds = memory_clouds()
    facts = Facts(metrics={"loss": 1e16, "seen": 2**60, "small": 0.1})
    root = make_folder({"a": b"1"})
    assert push(clouds, root, state=state, facts=facts).version == 1
    assert not push(clouds, root, state=state, facts=facts).created
    assert push(clouds, make_folder({"a": b"2"}), state=state, facts=facts).version == 2
    assert resolve(clouds[0], parse_reference("penguins")).version == 2


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_metric_that_is_no_number_is_refused(
    make_folder: MakeFolder, state: Path, value: float
) -> None:
    clouds = memory_clouds()
    with pytest.raises(UsageError):
        push(clouds, make_folder({"a": b"1"}), state=state, facts=Facts(metrics={"loss": value}))
    assert not [key for cloud in clouds for key in contents(cloud) if key.startswith("models/")]


def test_a_store_that_does_not_check_is_read_back(make_folder: MakeFolder, state: Path) -> None:
    """Memory verifies no checksum, so a byte that flips on its way is found by reading."""
    key = layout.blob(sha256(b"1" * 50))
    script = [Fault(op="get", kind="flip", key=key)]
    clouds = memory_clouds(wrap={"gcp": lambda driver: FaultyDriver(driver, script)})
    with pytest.raises(DeployerError, match="SHA-256"):
        push(clouds, make_folder({"a": b"1" * 50}), state=state)
    assert all(audit(contents(cloud)) == {} for cloud in clouds)


def test_a_move_by_hand_after_a_crash_stays(make_folder: MakeFolder, state: Path) -> None:
    """`latest` apart, a publish that is finished later leaves what others decided meanwhile."""
    clouds = memory_clouds()
    push(clouds, make_folder({"a": b"1"}), state=state, aliases=("champion",))
    second = make_folder({"a": b"2"})
    published = push(clouds, second, state=state)
    move(clouds[0], Move("penguins", "champion", 2, published.manifest, 1, str(uuid4())))
    push(clouds, second, state=state)
    found = read_alias(clouds[0], "penguins", "champion")
    assert found is not None
    assert (found[0].version, found[0].seq) == (2, 2)
