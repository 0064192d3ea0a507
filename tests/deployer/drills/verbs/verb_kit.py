"""A scene without an estate: stores in memory, a real fault proxy, and programs that do as told."""

import json
import threading
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from deployer.drills.estate.clouds import CloudOfDrill, DrillClouds
from deployer.drills.estate.commands import Commands
from deployer.drills.estate.scene import MODEL, Scene
from deployer.drills.evidence.recorder import Recorder
from deployer.drills.evidence.records import TRAFFIC, Event, EventKind
from deployer.drills.proxy.client import FaultProxy
from deployer.drills.scenario.model import Scenario
from deployer.registry.cloud import Cloud
from providers.open import open_store
from tests.deployer.drills.proxy.raw_http_kit import RawClient, RawServer, Seen, serve_http
from tests.deployer.registry.registry_kit import folder_of, push

if TYPE_CHECKING:
    from deployer.emulators import Server

__all__ = [
    "OTHER", "RIGHT", "Answering", "Stage", "ask", "checked", "noted", "publish", "scene_of", "seen_of",
]  # fmt: skip

ROOT = Path(__file__).parents[4]
PROGRAM = "tests.deployer.drills.verbs.program_kit"
RIGHT, OTHER = "aa" * 32, "bb" * 32
SCENARIO = Scenario(name="made", title="Made", why="tests", must="hold", method=())
TARGETS = ("store:aws", "store:gcp", "endpoint:primary", "endpoint:standby")


@dataclass
class Answering:
    """What plays every store and endpoint: it tells a digest, and numbers what is put there.

    Attributes:
        digest: of the version that it says it serves.
        status: of its answers.
        numbered: whether each PUT gets a number of its own; else all get the same.

    """

    digest: str = RIGHT
    status: int = 200
    numbered: bool = True
    puts: int = 0
    seen: Seen = field(default_factory=Seen)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, method: str, target: str, body: bytes) -> bytes:
        with self._lock:
            self.puts += method == "PUT"
            number = self.puts if self.numbered else 1
        document = {
            "model": MODEL, "version": number, "manifest": f"sha256:{number:064x}",
            "clouds": {"aws": {}, "gcp": {}}, "behind": {"gcp": "was away"},
        }  # fmt: skip
        content = json.dumps(document).encode()
        phrase = HTTPStatus(self.status).phrase
        head = (
            f"HTTP/1.1 {self.status} {phrase}\r\nx-deployer-model-digest: sha256:{self.digest}\r\n"
            f"Content-Length: {len(content)}\r\n\r\n"
        )
        return head.encode() + content


@dataclass
class Stage:
    """What the scenes of a session share: the proxy, and one server behind all its ports."""

    proxy: FaultProxy
    traffic: Path
    server: RawServer
    answering: Answering
    ports: dict[str, int]

    @classmethod
    def built(cls, proxy: FaultProxy, traffic: Path) -> "Stage":
        answering = Answering()
        server = RawServer(serve_http(answering.answer, answering.seen))
        ports = {target: proxy.listen(target, server.url) for target in TARGETS}
        return cls(proxy, traffic, server, answering, ports)

    def url(self, target: str) -> str:
        return f"http://127.0.0.1:{self.ports[target]}"


def scene_of(folder: Path, stage: Stage, *clouds: str) -> Scene:
    """Return a scene with empty stores; its commands are programs that do as their arguments say."""
    work = folder / "work"
    for each in (work, folder / "commands", folder / "logs"):
        each.mkdir()
    (folder / TRAFFIC).symlink_to(stage.traffic)
    recorder = Recorder(folder, lambda _: None)
    surroundings = {"PYTHONPATH": str(ROOT), "XDG_STATE_HOME": str(work / "state")}
    commands = Commands(recorder, folder / "commands", work, surroundings, PROGRAM)
    # A cloud in memory has no process.
    kept = [
        CloudOfDrill(name, cast("Server", None), 0, open_store(f"memory://{name}"))
        for name in clouds
    ]
    scene = Scene(SCENARIO, folder, work, recorder, commands, stage.proxy, DrillClouds(kept))
    scene.proxied = {
        name.partition(":")[2]: port
        for name, port in stage.ports.items()
        if name.startswith("endpoint:")
    }
    scene.urls = {f"endpoint:{name}": stage.url(f"endpoint:{name}") for name in scene.proxied}
    scene.router_url = stage.server.url
    scene.packages = [_package(folder / "package")]
    return scene


def _package(folder: Path) -> Path:
    """Write what a request is made of."""
    folder.mkdir()
    schema = {"inputs": [{"name": "x", "kind": "numeric"}]}
    (folder / "schema.json").write_text(json.dumps(schema), "utf-8")
    (folder / "golden.json").write_text(json.dumps({"rows": [{"inputs": {"x": 1.0}}]}), "utf-8")
    return folder


def publish(scene: Scene, number: int, *clouds: str) -> str:
    """Publish a version of two files to some clouds of a scene, really; return its digest."""
    root = folder_of(
        scene.work / f"model-{number}", {"own.bin": b"%d" % number * 9, "sub/all.bin": b"same"}
    )
    published = push(
        [Cloud(name, scene.clouds[name].store) for name in clouds or scene.clouds.names],
        root, state=scene.work / "state", model=MODEL, aliases=("champion",),
    )  # fmt: skip
    assert published.version == number
    digest = published.manifest.removeprefix("sha256:")
    scene.digests[f"{MODEL}:{number}"] = digest
    return digest


def noted(scene: Scene, kind: EventKind) -> list[Event]:
    return [event for event in scene.recorder.events if event.kind == kind]


def checked(scene: Scene) -> tuple[str, bool | None]:
    """Return the last check's name, and whether it held."""
    event = noted(scene, "check")[-1]
    return event.name, event.ok


def seen_of(scene: Scene) -> tuple[Any, Any]:
    """Return what the last check expected, and what it has seen."""
    detail = noted(scene, "check")[-1].detail
    return detail["expected"], detail["seen"]


def ask(
    port: int, count: int = 1, *, method: str = "POST", target: str = "/", body: bytes = b"x"
) -> None:
    """Send requests over one connection, each once the one before is answered."""
    client = RawClient(port)
    try:
        for _ in range(count):
            client.ask(method, target, body)
            client.answer()
    finally:
        client.close()
