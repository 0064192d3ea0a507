"""The home is lost, another one takes over, and the old one comes back: nothing is overwritten."""

import json
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from deployer.errors import DamagedError, DeployerError, FailedError
from deployer.registry.aliasing.aliases import Move, follow, move
from deployer.registry.cloud import Cloud
from deployer.registry.format.names import parse_reference
from deployer.registry.homes.promotion import survey
from deployer.registry.reading.resolve import resolve
from providers.errors import StoreError, UnauthenticatedError
from tests.deployer.registry.home_kit import (
    Outage,
    bring_back,
    changed,
    everything,
    joined,
    make_home,
    marker,
    objects,
    shared,
)
from tests.deployer.registry.registry_kit import (
    BUCKET,
    NAMES,
    alias_log,
    audit,
    memory_clouds,
    push,
    sha256,
    strict_clouds,
)
from tests.fakes import Action, Fault, StrictCloud
from tests.fakes.faults import expire_credentials, skew_clock

MakeFolder = Callable[[Mapping[str, bytes]], Path]


class Scene:
    """Three clouds with two versions, and publishers that have or have not seen what happened."""

    def __init__(self, strict: StrictCloud, make: MakeFolder, folder: Path) -> None:
        self.strict = strict
        self.make = make
        self.state = folder / "state"
        self.unaware = folder / "unaware"
        self.outage = Outage(strict)
        self.clouds = strict_clouds()
        for body in (b"1", b"2"):
            push(self.clouds, make({"a": body}), state=self.state, aliases=("champion",))

    def only(self, *names: str) -> list[Cloud]:
        return [cloud for cloud in self.clouds if cloud.name in names]

    def fail_over(self, to: str = "gcp") -> None:
        self.outage.down = {"aws"}
        make_home(self.clouds, to, self.state)
        self.outage.down = set()

    def push_old(self, body: bytes) -> int:
        """Publish at the old home, as somebody does who reaches nothing else."""
        return push(self.only("aws"), self.make({"a": body}), state=self.unaware).version

    def push_new(self, body: bytes) -> int:
        return push(self.clouds, self.make({"a": body}), state=self.state, require=2).version

    def alias_old(self, alias: str, version: int) -> None:
        self._alias(self.only("aws"), self.unaware, alias, version)

    def alias_new(self, alias: str, version: int) -> None:
        self._alias(self.clouds, self.state, alias, version)

    def _alias(self, clouds: list[Cloud], state: Path, alias: str, version: int) -> None:
        registry = joined(clouds, state)
        found = resolve(registry.home, parse_reference(f"penguins:{version}"))
        wanted = Move("penguins", alias, version, found.digest, registry.epoch, str(uuid.uuid4()))
        assert follow(registry.home, registry.followers, move(registry.home, wanted)) == {}

    def manifest_of(self, cloud: str, version: int) -> str:
        record = objects(self.strict, cloud)[f"models/penguins/versions/{version:08d}.json"]
        return str(json.loads(record)["manifest"])

    def at_rest(self, *, versions: list[int]) -> None:
        """Check that all three clouds hold the same, and that it is whole."""
        views = [shared(objects(self.strict, name)) for name in NAMES]
        for view in views:
            assert audit(view) == {"penguins": versions}
        for name, view in zip(NAMES, views, strict=True):
            assert view == views[0], (name, changed(view, views[0]), changed(views[0], view))
        markers = [marker(objects(self.strict, name)) for name in NAMES]
        assert len({(each["home"], each["epoch"]) for each in markers}) == 1


@pytest.fixture
def scene(strict: StrictCloud, make_folder: MakeFolder, tmp_path: Path) -> Scene:
    return Scene(strict, make_folder, tmp_path)


@pytest.mark.parametrize(
    ("action", "advice"), [(expire_credentials(), "sign in"), (skew_clock(), "clock")]
)
def test_a_home_that_refuses_us_is_not_lost(scene: Scene, action: Action, advice: str) -> None:
    """Another home would help nobody: it is we who have to sign in, or to set our clock."""
    scene.strict.script(Fault(action, dialect="s3", count=None))
    with pytest.raises(UnauthenticatedError, match="aws may be the home and refuses us") as refused:
        scene.push_new(b"3")
    assert advice in refused.value.hint
    assert "promote" not in refused.value.hint


def test_from_the_loss_of_the_home_to_its_return(scene: Scene) -> None:
    scene.outage.down = {"aws"}
    with pytest.raises(StoreError, match="aws may be the home") as lost:
        scene.push_new(b"3")
    assert "deployer home promote" in lost.value.hint
    before = everything(scene.strict)
    promoted = make_home(scene.clouds, "gcp", scene.state)
    assert (promoted.home, promoted.epoch, promoted.changed) == ("gcp", 2, True)
    assert list(promoted.behind) == []
    after = everything(scene.strict)
    for name in NAMES:
        assert changed(before[name], after[name]) <= {"deployer.json"}
    assert scene.push_new(b"3") == 3
    assert scene.push_new(b"4") == 4

    scene.outage.down = set()
    before = everything(scene.strict)
    registry = joined(scene.clouds, scene.state)
    assert registry.home.name == "gcp"
    assert [cloud.name for cloud in registry.clouds] == ["gcp", "azure"]
    assert "was the home until epoch 1" in str(registry.failed["aws"])
    published = push(scene.clouds, scene.make({"a": b"5"}), state=scene.state, require=2)
    assert published.version == 5
    assert "deployer home reconcile aws" in published.behind["aws"].hint
    assert objects(scene.strict, "aws") == before["aws"]
    assert resolve(scene.only("aws")[0], parse_reference("penguins")).version == 2

    done = bring_back(scene.clouds, "aws", scene.state)
    assert not done.divergent
    scene.at_rest(versions=[1, 2, 3, 4, 5])
    assert scene.push_new(b"6") == 6
    scene.at_rest(versions=[1, 2, 3, 4, 5, 6])
    assert not [key for key in objects(scene.strict, "aws") if key.startswith("diverged/")]
    entries = alias_log(objects(scene.strict, "aws"), "penguins", "latest")
    assert [entry["epoch"] for entry in entries] == [1, 1, 2, 2, 2, 2]


def test_all_must_have_it_means_the_old_home_too(scene: Scene) -> None:
    scene.fail_over()
    before = everything(scene.strict)
    with pytest.raises(FailedError, match="nothing was published, because aws failed"):
        push(scene.clouds, scene.make({"a": b"3"}), state=scene.state)
    for name in NAMES:
        assert changed(before[name], everything(scene.strict)[name]) == set()


def _same_number(scene: Scene) -> dict[str, int]:
    assert scene.push_old(b"old 3") == 3
    assert scene.push_new(b"new 3") == 3
    return {"again": 4, "last": 4}


def _only_at_the_old_home(scene: Scene) -> dict[str, int]:
    assert [scene.push_old(b"old 3"), scene.push_old(b"old 4")] == [3, 4]
    return {"again": 3, "last": 4}


def _aliases_on_both_sides(scene: Scene) -> dict[str, int]:
    scene.alias_old("champion", 1)
    scene.alias_old("old-only", 1)
    scene.alias_new("champion", 1)
    scene.alias_new("champion", 2)
    scene.alias_new("new-only", 2)
    return {"last": 2}


def _everything_at_once(scene: Scene) -> dict[str, int]:
    for body in (b"old 3", b"old 4", b"old 5"):
        scene.push_old(body)
    for body in (b"new 3", b"new 4"):
        scene.push_new(body)
    scene.alias_old("champion", 3)
    scene.alias_new("champion", 3)
    return {"again": 5, "last": 7}


SPLITS = [_same_number, _only_at_the_old_home, _aliases_on_both_sides, _everything_at_once]


@pytest.mark.parametrize("split", SPLITS, ids=lambda split: split.__name__.strip("_"))
def test_what_only_the_old_home_has_is_kept(
    scene: Scene, split: Callable[[Scene], dict[str, int]]
) -> None:
    scene.fail_over()
    expected = split(scene)
    before = everything(scene.strict)
    lost = {
        key: body
        for key, body in shared(before["aws"]).items()
        if key.startswith("models/") and before["gcp"].get(key) != body
    }
    assert lost
    # Nothing but `reconcile` touches anything.
    with pytest.raises(FailedError):
        survey(scene.clouds, "aws", state=scene.state)
    assert make_home(scene.clouds, "gcp", scene.state).changed is False
    assert joined(scene.clouds, scene.state).home.name == "gcp"
    assert everything(scene.strict) == before

    done = bring_back(scene.clouds, "aws", scene.state)
    after = everything(scene.strict)
    for name in ("gcp", "azure"):
        assert changed(before[name], after[name]) == set()
    for key, body in lost.items():
        assert after["aws"][f"diverged/{sha256(body)}/{key}"] == body
    scene.at_rest(versions=list(range(1, expected["last"] + 1)))
    for each in done.divergent.values():
        if each.place.kind == "version":
            number = done.numbers[each.place]
            assert number >= expected["again"]
            assert scene.manifest_of("azure", number) == each.manifest
    for name in NAMES:  # what serves has not changed
        for alias in ("latest", "champion"):
            key = f"models/penguins/aliases/{alias}.json"
            assert after[name][key] == before["gcp"][key]
    again = bring_back(scene.clouds, "aws", scene.state)
    assert (again.divergent, again.brought) == ({}, 0)
    assert everything(scene.strict) == after
    assert scene.push_new(b"next") == expected["last"] + 1
    scene.at_rest(versions=list(range(1, expected["last"] + 2)))


def test_a_deletion_at_home_is_no_divergence_and_one_at_the_old_home_is_not_done_again(
    scene: Scene,
) -> None:
    def delete(cloud: str, version: int) -> None:
        record = json.loads(
            objects(scene.strict, cloud)[f"models/penguins/versions/{version:08d}.json"]
        )
        deletion = {k: record[k] for k in ("format", "model", "version", "manifest", "txn", "by")}
        body = json.dumps(
            {**deletion, "at": record["created"]}, sort_keys=True, separators=(",", ":")
        )
        store = scene.only(cloud)[0].store
        key = f"models/penguins/deleted/{version:08d}.json"
        store.put(key, body.encode(), mode="create")
        store.delete(f"models/penguins/versions/{version:08d}.json")

    for number in (3, 4):
        push(scene.clouds, scene.make({"a": b"%d" % number}), state=scene.state)
    scene.fail_over()
    for name in ("gcp", "azure"):
        delete(name, 1)
    delete("aws", 2)
    done = bring_back(scene.clouds, "aws", scene.state)
    assert [str(place) for place in done.divergent] == ["the deletion of penguins:2"]
    views = [shared(objects(scene.strict, name)) for name in NAMES]
    assert views[0] == views[1] == views[2]
    assert audit({k: v for k, v in views[0].items() if "/deleted/" not in k}) == {
        "penguins": [2, 3, 4]
    }
    assert [key for key in objects(scene.strict, "aws") if "deleted/00000002" in key]


class TestWhoSeesWhat:
    def test_this_machine_remembers_a_newer_home(self, scene: Scene) -> None:
        scene.fail_over()
        before = everything(scene.strict)
        with pytest.raises(FailedError, match="has seen the one of epoch 2"):
            push(scene.only("aws"), scene.make({"a": b"x"}), state=scene.state)
        scene.outage.down = {"gcp", "azure"}
        with pytest.raises(DeployerError, match="gcp, azure did not answer") as away:
            push(scene.clouds, scene.make({"a": b"x"}), state=scene.state, require=1)
        assert away.value.exit_code == 4
        assert everything(scene.strict) == before
        assert scene.push_old(b"x") == 3  # a machine that never saw it: what reconcile is for

    def test_it_need_not_have_promoted_it(self, scene: Scene, tmp_path: Path) -> None:
        scene.fail_over()
        push(scene.clouds, scene.make({"a": b"3"}), state=tmp_path / "third", require=2)
        with pytest.raises(FailedError, match="has seen the one of epoch 2"):
            push(scene.only("aws"), scene.make({"a": b"4"}), state=tmp_path / "third")

    def test_nothing_is_noted_down_before_there_was_another_home(self, scene: Scene) -> None:
        assert not (scene.state / "epochs").exists()

    def test_a_home_that_no_epoch_is_older_than_can_be_promoted_again(self, scene: Scene) -> None:
        """The new home is lost, too: the first one takes over, past what was remembered."""
        scene.fail_over()
        scene.push_new(b"3")
        scene.outage.down = {"gcp", "azure"}
        promoted = make_home(scene.clouds, "aws", scene.state, minority=True)
        assert promoted.epoch == 3
        assert push(scene.only("aws"), scene.make({"a": b"x"}), state=scene.state).version == 3
        scene.outage.down = set()
        registry = joined(scene.clouds, scene.state)
        assert (registry.home.name, list(registry.failed)) == ("aws", ["gcp"])
        bring_back(scene.clouds, "gcp", scene.state)
        with pytest.raises(DamagedError):  # azure holds the third version of gcp
            make_home(scene.clouds, "azure", scene.state)
        bring_back(scene.clouds, "azure", scene.state)
        scene.at_rest(versions=[1, 2, 3, 4])

    def test_a_follower_takes_the_new_epoch_over_by_itself(self, scene: Scene) -> None:
        scene.outage.down = {"aws", "azure"}
        with pytest.raises(FailedError, match="only 1 of 3") as few:
            make_home(scene.clouds, "gcp", scene.state)
        assert "--minority" in few.value.hint
        make_home(scene.clouds, "gcp", scene.state, minority=True)
        assert push(scene.only("gcp"), scene.make({"a": b"3"}), state=scene.state).version == 3
        scene.outage.down = {"aws"}
        assert marker(objects(scene.strict, "azure"))["epoch"] == 1
        assert scene.push_new(b"4") == 4
        assert marker(objects(scene.strict, "azure"))["epoch"] == 2
        found = objects(scene.strict, "azure")
        assert audit({k: v for k, v in found.items() if "/aliases/" not in k})

    def test_a_store_that_joins_later_knows_the_home(
        self, strict: StrictCloud, scene: Scene
    ) -> None:
        scene.fail_over()
        strict.dialect("s3").state.buckets.pop(BUCKET)
        strict.create_bucket("s3", BUCKET)
        registry = joined(scene.clouds, scene.state)
        assert (registry.home.name, registry.failed) == ("gcp", {})
        assert marker(objects(strict, "aws"))["epoch"] == 2


def test_handing_over_while_everybody_answers(scene: Scene) -> None:
    before = everything(scene.strict)
    promoted = make_home(scene.clouds, "azure", scene.state)
    assert (promoted.epoch, promoted.behind, promoted.carried) == (2, {}, 0)
    for name, held in everything(scene.strict).items():
        assert changed(before[name], held) == {"deployer.json"}
    scene.at_rest(versions=[1, 2])
    published = push(scene.clouds, scene.make({"a": b"3"}), state=scene.state)
    assert (published.home, published.behind) == ("azure", {})
    make_home(scene.clouds, "aws", scene.state)
    assert push(scene.clouds, scene.make({"a": b"4"}), state=scene.state).home == "aws"
    scene.at_rest(versions=[1, 2, 3, 4])


def test_the_new_home_gets_what_any_cloud_has(scene: Scene) -> None:
    """gcp was away for two publishes; azure has them, the home is gone."""
    scene.outage.down = {"gcp"}
    assert [scene.push_new(b"3"), scene.push_new(b"4")] == [3, 4]
    scene.outage.down = {"aws"}
    promoted = make_home(scene.clouds, "gcp", scene.state)
    assert promoted.carried == 4  # two versions, two moves of latest
    scene.outage.down = set()
    assert audit(objects(scene.strict, "gcp")) == {"penguins": [1, 2, 3, 4]}
    assert shared(objects(scene.strict, "gcp")) == shared(objects(scene.strict, "azure"))
    assert scene.push_new(b"5") == 5


def test_clouds_that_do_not_agree_stop_it(scene: Scene) -> None:
    scene.outage.down = {"gcp"}
    assert scene.push_new(b"3") == 3
    scene.outage.down = {"aws", "azure"}
    make_home(scene.clouds, "gcp", scene.state, minority=True)
    assert push(scene.only("gcp"), scene.make({"a": b"x"}), state=scene.state).version == 3
    scene.outage.down = {"aws"}
    before = everything(scene.strict)
    with pytest.raises(DamagedError, match=r"penguins:3") as apart:
        make_home(scene.clouds, "azure", scene.state)
    assert "reconcile" in apart.value.hint
    assert everything(scene.strict) == before
    # A publish finds it, too, and overwrites nothing.
    published = push(scene.clouds, scene.make({"a": b"y"}), state=scene.state, require=1)
    assert published.version == 4
    assert (
        objects(scene.strict, "azure")["models/penguins/versions/00000003.json"]
        == (before["azure"]["models/penguins/versions/00000003.json"])
    )
    bring_back(scene.clouds, "azure", scene.state)
    scene.outage.down = set()
    bring_back(scene.clouds, "aws", scene.state)
    scene.at_rest(versions=[1, 2, 3, 4, 5])


def test_two_homes_of_one_epoch_are_told_and_one_counts(scene: Scene) -> None:
    """Each was promoted where nobody saw the other, and both were published to."""
    sides = {"gcp": {"aws", "azure"}, "azure": {"aws", "gcp"}}
    stores = {name: marker(objects(scene.strict, name))["store"] for name in NAMES}
    for name, down in sides.items():
        scene.outage.down = down
        mine = scene.state / name
        assert make_home(scene.clouds, name, mine, minority=True).epoch == 2
        push(scene.only(name), scene.make({"a": name.encode()}), state=mine)
    scene.outage.down = {"aws"}
    wins = min(sides, key=lambda name: stores[name])
    (loses,) = sides.keys() - {wins}
    for state in (scene.state / "gcp", scene.state / "azure", scene.state / "new"):
        assert joined(scene.clouds[::-1], state).home.name == wins
        registry = joined(scene.clouds, state)
        assert registry.home.name == wins
        assert f"deployer home reconcile {loses}" in registry.failed[loses].hint
    scene.outage.down = set()
    for name in (loses, "aws"):
        bring_back(scene.clouds, name, scene.state)
    scene.at_rest(versions=[1, 2, 3, 4])


def test_joining_asks_each_cloud_once(scene: Scene, strict: StrictCloud) -> None:
    make_home(scene.clouds, "gcp", scene.state)
    joined(scene.clouds, scene.state)
    start = len(strict.requests)
    joined(scene.clouds, scene.state)
    asked = [(each.dialect, each.key) for each in strict.requests[start:]]
    assert sorted(asked) == [(d, "deployer.json") for d in ("azure", "gcs", "s3")]


def test_a_follower_that_stays_away_stops_nothing(scene: Scene) -> None:
    scene.outage.down = {"azure"}
    promoted = make_home(scene.clouds, "gcp", scene.state)
    assert promoted.epoch == 2
    assert scene.push_new(b"3") == 3
    scene.outage.down = set()
    assert joined(scene.clouds, scene.state).failed == {}


def test_one_registry_alone(make_folder: MakeFolder, state: Path) -> None:
    clouds = memory_clouds()
    push(clouds[:1], make_folder({"a": b"1"}), state=state)
    push(clouds[1:], make_folder({"a": b"1"}), state=state)
    with pytest.raises(DeployerError, match="different registries"):
        survey(clouds, "gcp", state=state)
    with pytest.raises(DeployerError, match="unknown cloud"):
        survey(clouds, "nowhere", state=state)
    with pytest.raises(DeployerError, match="holds no registry"):
        survey([clouds[0], *memory_clouds("gcp")], "gcp", state=state)


@pytest.mark.parametrize("nth", [1, 2])
def test_what_is_published_while_it_is_brought_back(scene: Scene, nth: int) -> None:
    """On both sides, until the marker of the old home says that it is none."""
    scene.fail_over()
    scene.push_old(b"old 3")
    scene.push_new(b"new 3")
    key = {1: "deployer.json", 2: "diverged/*/versions/*"}[nth]
    gate = scene.strict.pause_before_commit("s3", "PutObject", key)
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(bring_back, strict_clouds(), "aws", scene.state)
        gate.wait(30)
        assert scene.push_old(b"meanwhile, old") == 5
        assert scene.push_new(b"meanwhile, new") == 5
        gate.release()
        done = future.result(60)
    published = [each for each in done.divergent if each.kind == "version"]
    assert len(published) == 2
    scene.at_rest(versions=[1, 2, 3, 4, 5, 6])
    for place in published:
        each = done.divergent[place]
        assert scene.manifest_of("azure", done.numbers[place]) == each.manifest


def test_who_reads_there_while_it_is_brought_back(scene: Scene) -> None:
    """An alias that can be read all the time is, at its old place or its new one."""
    for alias in ("to-contested", "from-contested"):
        scene.alias_new(alias, 1)
    scene.fail_over()
    scene.push_old(b"old 3")
    scene.push_new(b"new 3")
    scene.alias_new("to-contested", 3)
    scene.alias_old("from-contested", 3)
    seen: dict[str, set[str]] = {"to-contested": set(), "from-contested": set()}
    wrong = []

    def look(*_: object) -> None:
        held = objects(scene.strict, "aws")
        for alias, manifests in seen.items():
            record = json.loads(held[f"models/penguins/aliases/{alias}.json"])
            version = json.loads(held[f"models/penguins/versions/{record['version']:08d}.json"])
            manifests.add(version["manifest"])
            if version["manifest"] != record["manifest"]:
                wrong.append(alias)

    scene.strict.on_response(look)
    bring_back(scene.clouds, "aws", scene.state)
    assert wrong == []
    assert [len(manifests) for manifests in seen.values()] == [2, 2]
