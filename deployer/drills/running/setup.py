"""Sets up a scenario's estate, part by part; whatever was set up is taken down again."""

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec

from deployer.drills.estate.clouds import DrillClouds
from deployer.drills.estate.commands import Commands
from deployer.drills.estate.models import laden, packages
from deployer.drills.estate.processes import Service
from deployer.drills.estate.scene import MODEL, Scene
from deployer.drills.evidence.recorder import Recorder
from deployer.drills.evidence.records import TRAFFIC
from deployer.drills.named import DOMAIN, VARIABLE
from deployer.drills.proxy.client import FaultProxy
from deployer.drills.running.front import put_in_front
from deployer.drills.scenario.model import Endpoint, Scenario
from deployer.drills.verbs.network import Disturb
from deployer.drills.verbs.traffic import Idle, Traffic
from deployer.emulators.ports import free_ports
from deployer.errors import FailedError

__all__ = ["estate"]

POLL = "0.5"
"""Seconds between two looks of a server at its alias."""


@contextmanager
def estate(
    scenario: Scenario, *, folder: Path, work: Path, recorder: Recorder, model: Path | None
) -> Iterator[Scene]:
    """Set the estate up and yield it.

    Args:
        scenario: whose.
        folder: of the evidence.
        work: an empty folder, for state and configuration.
        recorder: the diary.
        model: the user's own model directory; None for small ones of ours.

    Raises:
        DeployerError: a part of it does not come up.

    """
    wanted = scenario.estate
    logs = folder / "logs"
    logs.mkdir()
    (folder / "commands").mkdir()
    environment = {
        "XDG_STATE_HOME": str(work / "state"),
        "XDG_CONFIG_HOME": str(work / "config"),
        "DEPLOYER_PUSH_CLOUDS": ",".join(wanted.clouds),
    }
    commands = Commands(recorder, folder / "commands", work, environment)
    with ExitStack() as stack:
        made = packages(_needed(scenario), model)
        if wanted.ballast:
            made = laden(made, max(1, wanted.versions), wanted.ballast)
        proxy = stack.enter_context(FaultProxy(logs, traffic=folder / TRAFFIC))
        clouds = stack.enter_context(DrillClouds.running(wanted.clouds, wanted.s3, proxy))
        stack.callback(_keep_logs, clouds, logs)
        if wanted.named:
            commands.module = "deployer.drills.named"
            environment |= _names(work, clouds)
        environment |= clouds.environment(DOMAIN if wanted.named else "")
        scene = Scene(scenario, folder, work, recorder, commands, proxy, clouds, packages=made)
        stack.callback(commands.stop)
        _configure(scene)
        _publish(scene)
        if wanted.endpoints:
            _serve(scene, stack)
        yield scene


def _names(work: Path, clouds: DrillClouds) -> dict[str, str]:
    path = work / "names"
    path.write_text("".join(f"127.0.0.1 {each}{DOMAIN}\n" for each in clouds.names), "utf-8")
    return {VARIABLE: str(path)}


def _configure(scene: Scene) -> None:
    wanted = scene.scenario.estate
    lines = [wanted.settings]
    if wanted.signed:
        key = scene.work / "signing.pem"
        _ok(scene, "key", "new", str(key))
        lines.append(
            f'[signing]\nmode = "key"\nprivate_key = "{key}"\npublic_keys = ["{key}.pub"]\n'
            "require_signature = true\nrequire_signed_aliases = true\n"
        )
    _settings(scene.work).write_text("\n".join(lines), "utf-8")


def _publish(scene: Scene) -> None:
    for number, folder in enumerate(scene.packages[: scene.scenario.estate.versions], 1):
        _ok(scene, "push", str(folder), f"{MODEL}:champion" if number == 1 else MODEL, "-o", "json")


def _serve(scene: Scene, stack: ExitStack) -> None:
    made = json.loads(_ok(scene, "key", "api", "new", "drill", "-o", "json"))
    scene.key = made["key"]
    scene.commands.environment["DEPLOYER_API_KEY"] = scene.key
    wanted = scene.scenario.estate.endpoints
    disturbed = _disturbed(scene.scenario)
    ports = free_ports(len(wanted))
    for endpoint, port in zip(wanted, ports, strict=True):
        service = _endpoint(scene, endpoint, port)
        stack.callback(service.drop)
        if service.name in disturbed:
            scene.proxied[endpoint.name] = scene.proxy.listen(
                service.name, f"http://127.0.0.1:{port}"
            )
        if endpoint.routed:
            service.begin()
    for endpoint in wanted:
        if endpoint.routed:
            scene.services[f"endpoint:{endpoint.name}"].finish()
    with _settings(scene.work).open("a", encoding="utf-8") as settings:
        settings.write(_router(scene, dict(zip((e.name for e in wanted), ports, strict=True))))
    put_in_front(scene, stack, scene.commands)


def _endpoint(scene: Scene, endpoint: Endpoint, port: int) -> Service:
    arguments = (
        "serve", endpoint.serves or f"{MODEL}@champion", "--cloud", endpoint.cloud, "--port", str(port),
        "--grpc-port", "0", "--admin-port", "0", "--poll", POLL,
    )  # fmt: skip
    service = Service(
        f"endpoint:{endpoint.name}",
        arguments,
        scene.commands,
        scene.folder / "logs",
        scene.machine(endpoint.name),
    )
    scene.services[service.name] = service
    return service


def _router(scene: Scene, ports: dict[str, int]) -> str:
    lines = [f'\n[router]\nmodel = "{MODEL}"\nadmin_port = 0\n']
    for endpoint in scene.scenario.estate.endpoints:
        if endpoint.routed:
            port = scene.proxied.get(endpoint.name, ports[endpoint.name])
            lines.append(
                f'[router.endpoints.{endpoint.name}]\nurl = "http://127.0.0.1:{port}"\n'
                f'cloud = "{endpoint.cloud}"\npriority = {endpoint.priority}\n'
            )
    return "".join(lines)


def _needed(scenario: Scenario) -> int:
    """Return how many models there must be: those published before, and those that steps name."""
    named = re.findall(r"\{package:([0-9]+)\}", msgspec.json.encode(scenario).decode())
    return max(1, scenario.estate.versions, *map(int, named))


def _disturbed(scenario: Scenario) -> set[str]:
    """Return the endpoints that the fault proxy must stand before; it stands before all stores."""
    return {step.target for step in scenario.steps if isinstance(step, Disturb | Idle | Traffic)}


def _keep_logs(clouds: DrillClouds, logs: Path) -> None:
    for cloud in clouds:
        (logs / f"store-{cloud.name}.log").write_text(cloud.server.log, "utf-8")


def _settings(work: Path) -> Path:
    return work / "deployer.toml"


def _ok(scene: Scene, *arguments: str) -> str:
    done = scene.run(*arguments)
    if done.code:
        raise FailedError(
            f"ended with {done.code}: {done.last}",
            where=f"deployer {' '.join(arguments)}",
            hint="this is before anything was broken: look at the drill's commands/",
        )
    return done.stdout
