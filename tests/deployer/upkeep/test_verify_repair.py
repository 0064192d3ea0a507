"""Every object of a registry damaged in turn: found by verify, never served, brought back by repair."""

import json
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from deployer.errors import DamagedError, ExitCode, FailedError, MissingError
from deployer.registry.cloud import Cloud, write_document
from deployer.registry.format import layout
from deployer.registry.format.names import parse_reference
from deployer.registry.format.records import Deletion, Manifest, encode
from deployer.registry.publishing.publish import Facts
from deployer.registry.reading.resolve import resolve
from deployer.upkeep.copying import Target
from deployer.upkeep.repair import repair
from deployer.upkeep.verify import verify
from providers.driver import Driver
from providers.model import ByteRange, Read, Version
from providers.prefixed import PrefixedDriver
from providers.store import Store
from tests.deployer.registry.registry_kit import (
    QUICK,
    Silent,
    contents,
    folder_of,
    push,
    sha256,
    without_marker,
)
from tests.deployer.upkeep.upkeep_kit import (
    CASES,
    DAMAGES,
    MARKER,
    everything,
    flip,
    memory_of,
    problems,
    repaired,
    small_registry,
    strike_memory,
    truncate,
    verified,
)


@pytest.fixture
def whole() -> list[Cloud]:
    return small_registry()


def test_a_whole_registry_is_whole(whole: list[Cloud]) -> None:
    found = verified(whole)
    assert problems(found) == set()
    assert found.identity.home == "aws"
    assert {cell.state for row in found.rows() for cell in row.cells.values()} == {"ok"}
    assert [row.name for row in found.rows()] == [
        f"{model}{end}"
        for model in ("penguins", "whales")
        for end in (":1", ":2", ":3", "@champion", "@latest")
    ]


@pytest.mark.parametrize(("damage", "metadata"), CASES)
def test_every_object_in_turn(
    whole: list[Cloud], tmp_path: Path, damage: str, metadata: bool
) -> None:
    """On each cloud in turn; each object on each cloud is in test_repair_strict.py."""
    before = everything(whole)
    case = CASES.index((damage, metadata))
    # Every other one, which ones depends on the case: all are damaged in some way.
    for number, key in list(enumerate(sorted(contents(whole[0]))))[case % 2 :: 2]:
        cloud = whole[(number + case) % 3]
        strike_memory(cloud, key, DAMAGES[damage], metadata=metadata)
        found = verified(whole)
        assert (cloud.name, key) in {each[:2] for each in problems(found)}, key
        assert {each[0] for each in problems(found)} == {cloud.name}
        done = repaired(whole, tmp_path / "state")
        assert done.code == 0, key
        assert everything(whole) == before, key
    assert problems(verified(whole)) == set()
    assert all(MARKER in contents(cloud) for cloud in whole)


def test_two_clouds_repair_each_other(whole: list[Cloud], tmp_path: Path) -> None:
    before = everything(whole)
    keys = sorted(before[0])
    for number, key in enumerate(keys):
        cloud = whole[number % 2]  # never both
        damage = list(DAMAGES.values())[number % 3]
        strike_memory(cloud, key, damage, metadata=bool(number % 5))
    found = verified(whole)
    for number, key in enumerate(keys):
        assert (whole[number % 2].name, key) in {each[:2] for each in problems(found)}
    assert repaired(whole, tmp_path / "state").code == 0
    assert everything(whole) == before


def test_what_is_lost_is_reported_and_the_rest_repaired(whole: list[Cloud], tmp_path: Path) -> None:
    before = everything(whole)
    blob = layout.blob(sha256(b"whales 2"))
    for cloud in whole:
        strike_memory(cloud, blob, flip, metadata=False)
    for key in before[1]:
        if key.startswith("models/"):
            strike_memory(whole[1], key, DAMAGES["delete"], metadata=False)
    done = repaired(whole, tmp_path / "state")
    assert {(each.cloud, each.key) for each in done.lost} == {(c.name, blob) for c in whole}
    assert done.code == ExitCode.INTEGRITY
    # A version is not created where it would lead to nothing; everything else is.
    held_back = layout.version("whales", 2)
    assert set(done.brought["gcp"].failed) == {held_back}
    for cloud, wanted in zip(whole, before, strict=True):
        flawed = {blob: flip(wanted[blob])}
        expected = wanted | flawed
        if cloud.name == "gcp":
            del expected[held_back]
        assert without_marker(contents(cloud)) == expected


def test_a_lying_source_is_passed_over(whole: list[Cloud], tmp_path: Path) -> None:
    """It was whole when it was looked at, and is not when it is copied from."""
    before = everything(whole)
    blobs = [key for key in before[1] if key.startswith("blobs/")]
    for key in blobs:
        strike_memory(whole[1], key, DAMAGES["delete"], metadata=True)
    driver = Liar(whole[0].store.driver)
    liar = Cloud("aws", Store(driver, QUICK))

    class Switch(Silent):
        begun = 0

        def begin(self, cloud: str, total: int) -> None:
            self.begun += 1
            driver.lies = self.begun > 3  # each was looked at

    done = repair([liar, whole[1], whole[2]], probes=tmp_path / "state/probes", watcher=Switch())
    assert done.code == 0
    assert driver.told == len(blobs)
    assert everything(whole) == before


def test_a_lying_source_that_is_the_only_one(whole: list[Cloud], tmp_path: Path) -> None:
    before = everything(whole)
    blob = next(key for key in before[1] if key.startswith("blobs/"))
    for cloud in whole[1:]:
        strike_memory(cloud, blob, flip, metadata=True)
    driver = Liar(whole[0].store.driver)
    liar = Cloud("aws", Store(driver, QUICK))

    class Switch(Silent):
        begun = 0

        def begin(self, cloud: str, total: int) -> None:
            self.begun += 1
            driver.lies = self.begun > 3

    done = repair(
        [liar, *whole[1:]], probes=tmp_path / "state/probes", watcher=Switch(), complete=True
    )
    assert done.code == ExitCode.INTEGRITY
    assert set(done.brought["gcp"].failed) == {blob}
    assert everything(whole)[1][blob] == flip(before[1][blob])  # left as it was


class Liar(PrefixedDriver):
    """Serves wrong bytes of contents, once told to."""

    def __init__(self, driver: Driver) -> None:
        super().__init__(driver, "")
        self.lies = False
        self.told = 0

    @contextmanager
    def get(
        self, key: str, *, range: ByteRange | None = None, if_match: Version | None = None
    ) -> Iterator[Read]:
        with super().get(key, range=range, if_match=if_match) as read:
            if self.lies and key.startswith("blobs/"):
                self.told += 1
                yield Read(read.meta, iter([flip(b"".join(read.chunks))]))
            else:
                yield read


def test_a_dry_run_writes_nothing(whole: list[Cloud], tmp_path: Path) -> None:
    memory_of(whole[2]).clear()
    before = [contents(cloud) for cloud in whole]
    done = repaired(whole, tmp_path / "elsewhere", dry_run=True)
    assert [contents(cloud) for cloud in whole] == before
    assert not (tmp_path / "elsewhere").exists()
    assert done.plans["azure"].size == sum(
        len(body) for key, body in before[0].items() if key.startswith("blobs/")
    )
    assert done.markers == ["azure"]
    assert not done.plans["aws"].size + done.plans["gcp"].size


class TestHome:
    def test_wiped(self, whole: list[Cloud], tmp_path: Path) -> None:
        memory_of(whole[0]).clear()
        before = [contents(cloud) for cloud in whole]
        with pytest.raises(FailedError) as caught:
            repaired(whole, tmp_path / "state")
        assert caught.value.hint.endswith("deployer home promote gcp")
        assert [contents(cloud) for cloud in whole] == before

    def test_keeps_its_id(self, whole: list[Cloud], tmp_path: Path) -> None:
        before = [json.loads(contents(cloud)[MARKER]) for cloud in whole]
        for damage in DAMAGES.values():
            for cloud in whole:
                strike_memory(cloud, MARKER, damage, metadata=True)
                assert repaired(whole, tmp_path / "state").code == 0
                after = [json.loads(contents(each)[MARKER]) for each in whole]
                for name in ("registry", "home", "epoch"):
                    assert {each[name] for each in after} == {before[0][name]}
                assert after[0]["store"] == before[0]["store"]
                assert len({each["store"] for each in after}) == 3

    @pytest.mark.parametrize("at", range(0, 230, 7))
    def test_a_marker_with_one_byte_changed(
        self, whole: list[Cloud], tmp_path: Path, at: int
    ) -> None:
        """Whichever byte it is, and though nothing recorded says that it was changed."""
        before = json.loads(contents(whole[0])[MARKER])
        for cloud in whole[:2]:
            strike_memory(cloud, MARKER, lambda body: flip(body, at), metadata=False)
            assert (cloud.name, MARKER) in {each[:2] for each in problems(verified(whole))}
            assert repaired(whole, tmp_path / "state").code == 0
            assert problems(verified(whole)) == set()
            after = json.loads(contents(whole[0])[MARKER])
            assert after["store"] == after["home"] == before["home"]
            assert (after["registry"], after["epoch"]) == (before["registry"], 1)

    def test_is_not_guessed_when_another_cloud_may_be_it(
        self, whole: list[Cloud], tmp_path: Path
    ) -> None:
        strike_memory(whole[1], MARKER, DAMAGES["delete"], metadata=True)
        before = [contents(cloud) for cloud in whole]
        with pytest.raises(FailedError):
            repair(whole[1:], probes=tmp_path / "probes", watcher=Silent())
        assert [contents(cloud) for cloud in whole] == before


def rewrite(cloud: Cloud, key: str, **changes: object) -> bytes:
    """Write another record under `key`, as a publisher would that knew nothing of the others."""
    record = json.loads(contents(cloud)[key]) | changes
    body = json.dumps(record, sort_keys=True, separators=(",", ":")).encode()
    cloud.store.put(key, body, mode="overwrite")
    return body


OTHER = {"txn": str(uuid.UUID(int=7)), "by": "somebody@else"}


class TestDivergence:
    @pytest.mark.parametrize("index", [0, 1])
    def test_a_version_is_never_overwritten(
        self, whole: list[Cloud], tmp_path: Path, index: int
    ) -> None:
        key = layout.version("penguins", 2)
        rewrite(whole[index], key, **OTHER)
        before = everything(whole)
        wrong = {each for each in problems(verified(whole)) if each[1] == key}
        # What the home has counts, even if it is alone.
        others = ["gcp"] if index else ["gcp", "azure"]
        assert wrong == {(name, key, "diverged") for name in others}
        done = repaired(whole, tmp_path / "state")
        assert done.code == ExitCode.INTEGRITY
        assert all("deployer home reconcile" in each.hint for each in done.left)
        assert everything(whole) == before

    def test_a_history_is_never_overwritten(self, whole: list[Cloud], tmp_path: Path) -> None:
        key = layout.alias_log("penguins", "champion", 2)
        body = rewrite(whole[1], key, **OTHER)
        whole[1].store.put(layout.alias("penguins", "champion"), body, mode="overwrite")
        before = everything(whole)
        found = {each for each in problems(verified(whole)) if each[1] == key}
        assert found == {("gcp", key, "diverged")}
        assert repaired(whole, tmp_path / "state").code == ExitCode.INTEGRITY
        assert everything(whole) == before

    def test_a_version_that_the_home_lacks_is_copied_there(
        self, whole: list[Cloud], tmp_path: Path
    ) -> None:
        before = everything(whole)
        for key in before[0]:
            if key.startswith("models/whales/"):
                strike_memory(whole[0], key, DAMAGES["delete"], metadata=True)
        assert repaired(whole, tmp_path / "state").code == 0
        assert everything(whole) == before


class TestDeleted:
    def test_a_deleted_version_does_not_come_back(self, whole: list[Cloud], tmp_path: Path) -> None:
        key = layout.version("penguins", 2)
        record = json.loads(contents(whole[0])[key])
        deletion = Deletion(
            format=1,
            model="penguins",
            version=2,
            manifest=record["manifest"],
            txn=record["txn"],
            at=record["created"],
            by="me",
        )
        for cloud in whole[:2]:
            write_document(cloud, layout.deleted("penguins", 2), encode(deletion), mode="create")
            cloud.store.delete(key)
        assert problems(verified(whole)) == {
            ("azure", key, "behind"),
            ("azure", layout.deleted("penguins", 2), "missing"),
        }
        done = repaired(whole, tmp_path / "state")
        assert [each.hint for each in done.left] == ["repeat: deployer delete penguins:2"]
        assert done.code == ExitCode.PARTIAL
        assert layout.deleted("penguins", 2) in contents(whole[2])
        assert all(key not in contents(cloud) for cloud in whole[:2])

    def test_a_claim_is_not_a_deletion(self, whole: list[Cloud], tmp_path: Path) -> None:
        """Whoever made it may yet withdraw it, so nobody else may have a copy."""
        key = layout.deleted("penguins", 2)
        record = json.loads(contents(whole[0])[layout.version("penguins", 2)])
        claim = Deletion(
            format=1,
            model="penguins",
            version=2,
            manifest=record["manifest"],
            txn=record["txn"],
            at=record["created"],
            by="me",
            claim=True,
        )
        write_document(whole[0], key, encode(claim), mode="create")
        strike_memory(whole[1], layout.version("penguins", 2), DAMAGES["delete"], metadata=True)
        assert repaired(whole, tmp_path / "state").code == 0
        assert [key in contents(cloud) for cloud in whole] == [True, False, False]
        assert layout.version("penguins", 2) in contents(whole[1])

    def test_a_gap_is_reported(self, whole: list[Cloud]) -> None:
        key = layout.version("penguins", 2)
        for cloud in whole:
            cloud.store.delete(key)
        assert (("aws", key, "missing")) in problems(verified(whole))


class TestMoveUnderWay:
    """The home's log has an entry that the alias there has not followed."""

    KEY = layout.alias("penguins", "champion")

    @pytest.fixture
    def cut_short(self, whole: list[Cloud]) -> list[Cloud]:
        before = contents(whole[0])
        last = json.loads(before[self.KEY])
        move = last | OTHER | {"version": 2, "seq": last["seq"] + 1}
        move["manifest"] = json.loads(before[layout.version("penguins", 2)])["manifest"]
        move["prev"] = sha256(before[self.KEY])
        self.entry = layout.alias_log("penguins", "champion", move["seq"])
        self.body = json.dumps(move, sort_keys=True, separators=(",", ":")).encode()
        whole[0].store.put(self.entry, self.body, mode="create")
        return whole

    def test_home_follows_its_log(self, cut_short: list[Cloud], tmp_path: Path) -> None:
        assert problems(verified(cut_short)) == {("aws", self.KEY, "behind")}
        assert repaired(cut_short, tmp_path / "state").code == 0
        assert contents(cut_short[0])[self.KEY] == self.body
        # Now that the home has decided, the others follow.
        assert repaired(cut_short, tmp_path / "state").code == 0
        assert all(contents(cloud)[self.KEY] == self.body for cloud in cut_short)
        assert problems(verified(cut_short)) == set()

    def test_others_do_not_run_ahead(self, cut_short: list[Cloud], tmp_path: Path) -> None:
        before = everything(cut_short)
        record = json.loads(before[0][layout.version("penguins", 2)])
        claim = Deletion(
            format=1,
            model="penguins",
            version=2,
            manifest=record["manifest"],
            txn=record["txn"],
            at=record["created"],
            by="me",
            claim=True,
        )
        key = layout.deleted("penguins", 2)
        write_document(cut_short[0], key, encode(claim), mode="create")
        strike_memory(cut_short[1], self.KEY, DAMAGES["delete"], metadata=True)
        done = repaired(cut_short, tmp_path / "state")
        assert set(done.brought["aws"].failed) == {self.KEY}
        assert "is being deleted" in str(done.brought["aws"].failed[self.KEY])
        assert [without_marker(contents(cloud)) for cloud in cut_short] == [
            before[0] | {key: encode(claim)},
            before[1],
            before[2],
        ]


def test_a_history_that_was_rewritten_does_not_hang_together(whole: list[Cloud]) -> None:
    """By somebody who left nothing else to see: the alias fits, and so does what is recorded."""
    entry = layout.alias_log("penguins", "latest", 3)
    body = rewrite(whole[0], entry, prev="0" * 64)
    whole[0].store.put(layout.alias("penguins", "latest"), body, mode="overwrite")
    found = verified(whole[:1])
    assert ("aws", entry, "damaged") in problems(found)
    assert found.code == ExitCode.INTEGRITY


class TestRaces:
    def test_an_alias_never_goes_back(self, whole: list[Cloud], tmp_path: Path) -> None:
        """Somebody moves it on while it is being repaired."""
        key = layout.alias("penguins", "latest")
        before = contents(whole[1])
        first = before[layout.alias_log("penguins", "latest", 1)]
        whole[1].store.put(key, first, mode="overwrite")
        record = json.loads(before[key]) | OTHER | {"seq": 4, "prev": sha256(before[key])}
        newer = json.dumps(record, sort_keys=True, separators=(",", ":")).encode()

        class Mover(Silent):
            begun = 0

            def begin(self, cloud: str, total: int) -> None:
                self.begun += 1
                if self.begun == 4:  # all were looked at
                    whole[1].store.put(key, newer, mode="overwrite")

        assert ("gcp", key, "behind") in problems(verified(whole))
        repair(whole, probes=tmp_path / "probes", watcher=Mover(), complete=True)
        assert contents(whole[1])[key] == newer

    def test_a_record_that_came_since_is_left_alone(self, whole: list[Cloud]) -> None:
        key = layout.version("penguins", 2)
        target = Target(whole[1], read_back=False, progress=lambda _: None)
        there = contents(whole[1])[key]
        for seen in (None, sha256(b"something else")):
            with pytest.raises(DamagedError, match="another record is there by now"):
                target.bring_document(key, b"{}", seen=seen)
        assert contents(whole[1])[key] == there
        target.bring_document(key, b"{}", seen=sha256(there))
        assert contents(whole[1])[key] == b"{}"

    def test_content_that_is_removed_meanwhile_holds_the_version_back(
        self, whole: list[Cloud], tmp_path: Path
    ) -> None:
        """A collector takes what an interrupted publish left, which the repair relied on."""
        blob = layout.blob(sha256(b"whales 2"))
        for key in (layout.version("whales", 2), layout.alias("whales", "latest")):
            strike_memory(whole[1], key, DAMAGES["delete"], metadata=True)

        class Collector(Silent):
            begun = 0

            def begin(self, cloud: str, total: int) -> None:
                self.begun += 1
                if self.begun == 4:  # all were looked at
                    del memory_of(whole[1])[blob]

        done = repair(whole, probes=tmp_path / "probes", watcher=Collector(), complete=True)
        assert set(done.brought["gcp"].failed) == {blob, layout.version("whales", 2)}
        assert done.code == ExitCode.UNAVAILABLE
        assert layout.version("whales", 2) not in contents(whole[1])
        assert repaired(whole, tmp_path).code == 0
        assert everything(whole)[0] == everything(whole)[1]
        assert not [key for key in contents(whole[1]) if key.startswith("txn/")]


class TestScope:
    def test_only_what_is_named_is_looked_at_and_repaired(
        self, whole: list[Cloud], tmp_path: Path
    ) -> None:
        before = everything(whole)
        mine = layout.blob(sha256(b"whales 3"))
        other = layout.blob(sha256(b"penguins 1"))
        for key in (mine, other):
            strike_memory(whole[1], key, flip, metadata=True)
        named = [parse_reference("whales@champion")]
        assert problems(verified(whole, references=named)) == {("gcp", mine, "damaged")}
        assert repaired(whole, tmp_path / "state", references=named).code == 0
        after = everything(whole)[1]
        assert after[mine] == before[1][mine]
        assert after[other] == flip(before[1][other])

    @pytest.mark.parametrize("reference", ["whales", "whales:3", "whales@champion", "digest"])
    def test_an_empty_cloud_gets_what_is_named(
        self, whole: list[Cloud], tmp_path: Path, reference: str
    ) -> None:
        record = json.loads(contents(whole[0])[layout.version("whales", 3)])
        if reference == "digest":
            reference = f"whales@sha256:{record['manifest']}"
        memory_of(whole[1]).clear()
        done = repaired(whole, tmp_path / "state", references=[parse_reference(reference)])
        assert done.code == 0
        pulled = resolve(whole[1], parse_reference(reference))
        assert pulled.digest == record["manifest"]
        held = contents(whole[1])
        assert all(layout.blob(file.sha256) in held for file in pulled.manifest.files)
        assert layout.version("whales", 1) not in held

    def test_nobody_knows_it(self, whole: list[Cloud]) -> None:
        with pytest.raises(MissingError, match="no cloud has penguins:9"):
            verified(whole, references=[parse_reference("penguins:9")])


def test_quick_reads_no_content(whole: list[Cloud]) -> None:
    blob = layout.blob(sha256(b"whales 3"))
    strike_memory(whole[1], blob, flip, metadata=True)
    assert problems(verified(whole, quick=True)) == set()
    strike_memory(whole[1], blob, truncate, metadata=True)
    strike_memory(whole[2], blob, DAMAGES["delete"], metadata=True)
    assert problems(verified(whole, quick=True)) == {
        ("gcp", blob, "damaged"),
        ("azure", blob, "missing"),
    }


def test_strange_objects_are_a_warning(whole: list[Cloud]) -> None:
    for key in ("models/penguins/readme.txt", "backup/a", "blobs/x", "notes.txt", "txn/a.json"):
        whole[0].store.put(key, b"?", mode="create")
    found = verified(whole)
    assert {each[1:] for each in problems(found)} == {
        (key, "strange")
        for key in ("models/penguins/readme.txt", "backup/", "blobs/x", "notes.txt")
    }
    assert found.code == 0


def test_signatures_are_asked_for(whole: list[Cloud]) -> None:
    asked = []

    def check(cloud: Cloud, model: str, digest: str, manifest: Manifest) -> str:
        asked.append((cloud.name, model, digest))
        return "nobody who is trusted signed it" if model == "whales" else ""

    found = verify(whole, watcher=Silent(), check_signature=check)
    assert len(set(asked)) == len(asked) == 3 * 6
    assert {each.problem for each in found.defects} == {"damaged"}
    assert len(found.defects) == 3 * 3
    assert found.code == ExitCode.INTEGRITY


def test_what_must_not_be_there_is_not_brought(whole: list[Cloud], tmp_path: Path) -> None:
    root = folder_of(tmp_path / "bound", {"secret": b"here"})
    push(
        whole[:2],
        root,
        state=tmp_path / "state",
        model="whales",
        facts=Facts(residency=("eu",)),
    )

    def keep_out(cloud: Cloud, residency: Sequence[str]) -> str:
        return "it is in us" if cloud.name == "azure" and "eu" in residency else ""

    before = contents(whole[2])
    found = verify(whole, watcher=Silent(), keep_out=keep_out)
    assert found.defects == []
    assert {row.name: row.cells["azure"].state for row in found.rows()} | {
        "whales:4": "kept out",
        "whales@latest": "kept out",
    } == {row.name: row.cells["azure"].state for row in found.rows()}
    done = repair(whole, probes=tmp_path / "state/probes", watcher=Silent(), keep_out=keep_out)
    assert done.code == 0
    assert done.kept_out == [("azure", layout.version("whales", 4), "it is in us")]
    assert contents(whole[2]) == before
