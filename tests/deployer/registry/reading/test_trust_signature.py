"""Signatures and residency: what is demanded is checked before a single content is fetched."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from deployer.errors import DamagedError, ExitCode, PolicyError, UsageError
from deployer.registry.cloud import Cloud
from deployer.registry.format import layout
from deployer.registry.format.names import Reference, parse_reference
from deployer.registry.publishing.publish import publish
from deployer.registry.publishing.request import Facts, Request
from deployer.registry.reading.pull import Pulled, pull
from deployer.registry.reading.resolve import first_that_answers, resolve
from deployer.registry.reading.trust import MAX_BUNDLE, MisplacedError, Trust
from deployer.signing.key_mode import KeySigner, KeyVerifier
from deployer.signing.keys import new_key, public_file
from providers.errors import StoreError
from providers.faulty import FaultyDriver
from providers.memory import MemoryDriver
from providers.model import ByteRange, Read, Version
from providers.store import Store
from tests.deployer.registry.registry_kit import (
    NAMES,
    QUICK,
    Silent,
    contents,
    folder_of,
    read_tree,
    sha256,
)

FILES = {"model.onnx": b"weights", "sub/notes": b"n"}
OTHER = {"model.onnx": b"other weights", "sub/notes": b"n"}
LATEST = parse_reference("penguins")


class Watched(FaultyDriver):
    """Remembers which keys were read."""

    def __init__(self, driver: MemoryDriver) -> None:
        super().__init__(driver)
        self.gets: list[str] = []

    @contextmanager
    def get(
        self, key: str, *, range: ByteRange | None = None, if_match: Version | None = None
    ) -> Iterator[Read]:
        """Read an object or a range of it."""
        self.gets.append(key)
        with super().get(key, range=range, if_match=if_match) as read:
            yield read


@dataclass(frozen=True)
class Keys:
    """A signer, and who believes it."""

    signer: KeySigner
    verifier: KeyVerifier


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return make_keys(tmp_path_factory.mktemp("keys") / "key.pem")


@pytest.fixture(scope="module")
def others_keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return make_keys(tmp_path_factory.mktemp("keys") / "other.pem")


def make_keys(path: Path) -> Keys:
    new_key(path, None)
    return Keys(KeySigner(path, None), KeyVerifier([public_file(path)]))


@pytest.fixture
def drivers() -> dict[str, Watched]:
    return {name: Watched(MemoryDriver(name)) for name in NAMES}


@pytest.fixture
def clouds(drivers: dict[str, Watched]) -> list[Cloud]:
    return [Cloud(name, Store(driver, QUICK)) for name, driver in drivers.items()]


@pytest.fixture
def push(clouds: list[Cloud], tmp_path: Path) -> Callable[..., Any]:
    def pushing(
        files: Mapping[str, bytes],
        signer: KeySigner | None,
        model: str = "penguins",
        residency: tuple[str, ...] | None = None,
    ) -> Any:
        root = folder_of(tmp_path / f"{model}-{sha256(repr(files).encode())[:8]}", files)
        return publish(
            Request(
                model=model,
                root=root,
                facts=Facts(residency=residency),
                aliases=(),
                clouds=clouds,
                home=None,
                require=len(clouds),
                state=tmp_path / "state",
                signer=signer,
            ),
            Silent(),
        )

    return pushing


def fetch(clouds: list[Cloud], target: Path, trust: Trust, reference: Reference = LATEST) -> Pulled:
    return pull(
        clouds, reference, target, progress=lambda _: None, begin=lambda _: None, trust=trust
    )


def manifest_of(cloud: Cloud, model: str = "penguins") -> tuple[str, dict[str, Any]]:
    objects = contents(cloud)
    version = max(key for key in objects if key.startswith(layout.versions(model)))
    digest = json.loads(objects[version])["manifest"]
    return digest, json.loads(objects[layout.manifest(digest)])


def signature_of(cloud: Cloud) -> str:
    return layout.blob(manifest_of(cloud)[1]["signature"])


def tamper(cloud: Cloud, key: str, body: bytes) -> None:
    watched = cloud.store.driver
    assert isinstance(watched, Watched)
    assert isinstance(watched._driver, MemoryDriver)
    watched._driver.tamper(key, body)


def blobs_read(drivers: Mapping[str, Watched]) -> set[str]:
    wanted = {layout.blob(sha256(body)) for body in (*FILES.values(), *OTHER.values())}
    return {key for driver in drivers.values() for key in driver.gets} & wanted


def newest(cloud: Cloud) -> Reference:
    """Return the latest version by its number: no signed alias stands before it."""
    found = [key for key in contents(cloud) if key.startswith(layout.versions("penguins"))]
    return parse_reference(f"penguins:{len(found)}")


def forget(drivers: Mapping[str, Watched]) -> None:
    for driver in drivers.values():
        driver.gets.clear()


def test_a_signed_version(
    clouds: list[Cloud], push: Callable[..., Any], keys: Keys, tmp_path: Path
) -> None:
    push(FILES, keys.signer)
    strict = Trust(verifier=keys.verifier, require_signature=True, require_signed_aliases=True)
    pulled = fetch(clouds, tmp_path / "out", strict)
    assert read_tree(tmp_path / "out") == FILES
    assert pulled.resolved.signed is not None
    assert pulled.resolved.signed.covers == "manifest"
    assert len(pulled.resolved.signed.signer) >= 32


def test_without_a_verifier_nothing_is_checked(
    clouds: list[Cloud], push: Callable[..., Any], keys: Keys, tmp_path: Path
) -> None:
    push(FILES, keys.signer)
    for cloud in clouds:
        tamper(cloud, signature_of(cloud), b"nonsense")
    assert fetch(clouds, tmp_path / "out", Trust()).resolved.signed is None


def test_unsigned(
    clouds: list[Cloud],
    drivers: dict[str, Watched],
    push: Callable[..., Any],
    keys: Keys,
    tmp_path: Path,
) -> None:
    push(FILES, None)
    assert fetch(clouds, tmp_path / "out", Trust(verifier=keys.verifier)).resolved.signed is None
    forget(drivers)
    with pytest.raises(DamagedError, match="is not signed") as caught:
        fetch(clouds, tmp_path / "two", Trust(verifier=keys.verifier, require_signature=True))
    assert caught.value.exit_code == ExitCode.INTEGRITY
    assert caught.value.hint
    assert not (tmp_path / "two").exists()
    assert blobs_read(drivers) == set()


@pytest.mark.parametrize("required", [True, False])
@pytest.mark.parametrize(
    "attack", ["stranger", "nonsense", "truncated", "missing", "other-model", "other-files", "long"]
)
def test_a_wrong_signature_is_refused_required_or_not(
    clouds: list[Cloud],
    drivers: dict[str, Watched],
    push: Callable[..., Any],
    keys: Keys,
    others_keys: Keys,
    tmp_path: Path,
    attack: str,
    required: bool,
) -> None:
    push(FILES, others_keys.signer if attack == "stranger" else keys.signer)
    cloud = clouds[0]
    key = signature_of(cloud)
    good = cloud.store.get(key)
    match attack:
        case "nonsense":
            repoint(cloud, b"nonsense")
        case "truncated":
            repoint(cloud, good[:-1])
        case "missing":
            cloud.store.delete(key)
        case "other-model":
            push(FILES, keys.signer, model="others")
            other = manifest_of(cloud, "others")[1]["signature"]
            repoint(cloud, cloud.store.get(layout.blob(other)))
        case "other-files":
            push(OTHER, keys.signer)
            repoint(cloud, good)
        case "long":
            repoint(cloud, b" " * (MAX_BUNDLE + 1))
    reference = newest(cloud)
    trust = Trust(verifier=keys.verifier, require_signature=required)
    forget(drivers)
    with pytest.raises(DamagedError) as caught:
        fetch([cloud], tmp_path / "out", trust, reference)
    assert caught.value.hint
    assert "\n" not in str(caught.value)
    assert ("too long" in caught.value.message) == (attack == "long")
    assert not (tmp_path / "out").exists()
    assert blobs_read(drivers) == set()


def repoint(cloud: Cloud, bundle: bytes) -> None:
    """Let the latest version carry another signature, with all digests right."""
    cloud.store.put(layout.blob(sha256(bundle)), bundle, mode="overwrite")
    change(cloud, signature=sha256(bundle))


def change(cloud: Cloud, **fields: Any) -> None:
    """Let the latest version say something else, with all digests right."""
    _, manifest = manifest_of(cloud)
    body = dump(manifest | fields)
    objects = contents(cloud)
    key = max(key for key in objects if key.startswith(layout.versions("penguins")))
    cloud.store.put(layout.manifest(sha256(body)), body, mode="overwrite")
    for name in (key, layout.alias("penguins", "latest")):
        record = json.loads(objects[name]) | {"manifest": sha256(body)}
        cloud.store.put(name, dump(record), mode="overwrite")


def dump(document: Any) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


@pytest.mark.parametrize(
    "fields",
    [
        {"metrics": {"accuracy": 1}},
        {"residency": ["us"]},
        {"frameworks": {"onnx": "0"}},
        {"files": [{"path": "evil", "size": 1, "sha256": sha256(b"n")}]},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_what_the_signature_covers_cannot_be_changed(
    clouds: list[Cloud], push: Callable[..., Any], keys: Keys, fields: dict[str, Any]
) -> None:
    push(FILES, keys.signer)
    change(clouds[0], **fields)
    reference = newest(clouds[0])
    resolve(clouds[0], reference)  # all digests are right
    with pytest.raises(DamagedError):
        resolve(clouds[0], reference, Trust(verifier=keys.verifier))
    found, failed = first_that_answers(clouds, reference, Trust(verifier=keys.verifier))
    assert (found.cloud.name, list(failed)) == ("gcp", ["aws"])


def test_a_signature_that_was_cut_off_is_missed_if_required(
    clouds: list[Cloud], push: Callable[..., Any], keys: Keys
) -> None:
    push(FILES, keys.signer)
    change(clouds[0], signature=None)
    trust = Trust(verifier=keys.verifier, require_signature=True)
    with pytest.raises(DamagedError, match="is not signed"):
        resolve(clouds[0], newest(clouds[0]), trust)


class TestAliasRecords:
    KEY = layout.alias("penguins", "latest")

    def strict(self, keys: Keys) -> Trust:
        return Trust(verifier=keys.verifier, require_signed_aliases=True)

    def test_a_record_that_says_more_than_was_signed(
        self, clouds: list[Cloud], push: Callable[..., Any], keys: Keys
    ) -> None:
        push(FILES, keys.signer)
        resolve(clouds[0], LATEST, self.strict(keys))
        record = json.loads(clouds[0].store.get(self.KEY))
        for fields in ({"seq": 2}, {"epoch": 9}, {"at": "2031-01-01T00:00:00Z"}, {"by": "me"}):
            clouds[0].store.put(self.KEY, dump(record | fields), mode="overwrite")
            for trust in (self.strict(keys), Trust(verifier=keys.verifier)):
                with pytest.raises(DamagedError):
                    resolve(clouds[0], LATEST, trust)

    def test_an_unsigned_record(
        self, clouds: list[Cloud], push: Callable[..., Any], keys: Keys
    ) -> None:
        push(FILES, None)
        resolve(clouds[0], LATEST, Trust(verifier=keys.verifier))
        with pytest.raises(DamagedError, match=r"move 1 of penguins@latest is not signed") as told:
            resolve(clouds[0], LATEST, self.strict(keys))
        assert "alias set" in told.value.hint
        resolve(clouds[0], parse_reference("penguins:1"), self.strict(keys))

    def test_a_strangers_record(
        self, clouds: list[Cloud], push: Callable[..., Any], keys: Keys, others_keys: Keys
    ) -> None:
        push(FILES, others_keys.signer)
        with pytest.raises(DamagedError):
            resolve(clouds[0], LATEST, Trust(verifier=keys.verifier))


def test_to_require_signatures_of_nobody_is_a_mistake() -> None:
    for field in ("require_signature", "require_signed_aliases"):
        with pytest.raises(UsageError) as caught:
            Trust(**{field: True})  # type: ignore[arg-type]
        assert caught.value.hint


class TestResidency:
    """The rules are the caller's; here it is seen that they are asked and obeyed."""

    def test_this_machine_must_not_have_it(
        self,
        clouds: list[Cloud],
        drivers: dict[str, Watched],
        push: Callable[..., Any],
        tmp_path: Path,
    ) -> None:
        push(FILES, None, residency=("eu",))
        forget(drivers)
        asked: list[tuple[str, ...]] = []

        def place(regions: Any) -> str:
            asked.append(tuple(regions))
            return "it is bound to eu, and this machine is on the moon"

        with pytest.raises(PolicyError, match="on the moon") as caught:
            fetch(clouds, tmp_path / "out", Trust(place=place))
        assert caught.value.exit_code == ExitCode.POLICY
        assert asked == [("eu",)]
        assert not (tmp_path / "out").exists()
        assert blobs_read(drivers) == set()

    def test_a_cloud_that_must_not_serve_it_is_passed_over(
        self,
        clouds: list[Cloud],
        drivers: dict[str, Watched],
        push: Callable[..., Any],
        tmp_path: Path,
    ) -> None:
        push(FILES, None, residency=("eu",))
        driver = drivers["gcp"]._driver
        assert isinstance(driver, MemoryDriver)
        driver.tamper(layout.blob(sha256(b"weights")), b"WEIGHTS")
        forget(drivers)

        def cloud_place(cloud: Cloud, regions: Any) -> str:
            return "" if cloud.name == "gcp" else f"{cloud.name} is elsewhere"

        trust = Trust(cloud_place=cloud_place)
        with pytest.raises(StoreError):  # azure has it whole, but is elsewhere, too
            fetch(clouds, tmp_path / "out", trust)
        assert not any(key.startswith("blobs/") for key in drivers["azure"].gets)
        driver.tamper(layout.blob(sha256(b"weights")), b"weights")
        pulled = fetch(clouds, tmp_path / "out", trust)
        assert list(pulled.sources) == ["gcp"]
        assert "aws is elsewhere" in pulled.skipped["aws"]

    def test_every_cloud_is_elsewhere(
        self, clouds: list[Cloud], push: Callable[..., Any], tmp_path: Path
    ) -> None:
        push(FILES, None, residency=("eu",))
        with pytest.raises(MisplacedError, match="aws is elsewhere"):
            fetch(
                clouds, tmp_path / "out", Trust(cloud_place=lambda c, _: f"{c.name} is elsewhere")
            )
