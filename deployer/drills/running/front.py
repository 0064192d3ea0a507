"""The router before the endpoints of a drill, who watches it, and the load that goes to it."""

import sys
from contextlib import ExitStack
from pathlib import Path

from deployer.drills.estate import reaper as reaper_program
from deployer.drills.estate.commands import Commands
from deployer.drills.estate.models import request_body
from deployer.drills.estate.processes import Service
from deployer.drills.estate.scene import Scene
from deployer.drills.evidence.records import REQUESTS
from deployer.drills.load.client import LoadGenerator
from deployer.drills.running.watch import RouterWatch
from deployer.emulators.ports import free_ports
from deployer.emulators.process import Held, spawn

__all__ = ["put_in_front"]

_REAPER = Path(reaper_program.__file__)


def put_in_front(scene: Scene, stack: ExitStack, commands: Commands) -> None:
    """Start the router that the settings in the commands' folder describe; the load is not begun.

    Raises:
        DeployerError: it does not start.

    """
    (port,) = free_ports(1)
    folders = [word for each in scene.packages for word in ("--model-dir", str(each))]
    router = Service(
        "router",
        ("router", "run", "--proxy", scene.scenario.estate.proxy, "--port", str(port),
         "--dir", str(scene.work / "router"), *folders),
        commands,
        scene.folder / "logs",
    )  # fmt: skip
    reaper = spawn(
        [sys.executable, "-I", "-S", str(_REAPER), str(scene.work / "router" / "proxy.json")],
        environment=commands.variables(),
        folder=scene.folder / "logs",
        name="reaper",
    )
    stack.callback(_drop, router, reaper)
    scene.services["router"] = router
    router.start()
    scene.router_url = str(router.ready["url"])
    watch = RouterWatch(scene.work / "router", scene.recorder)
    stack.callback(watch.stop)
    watch.start()
    scene.load = LoadGenerator(
        scene.router_url,
        f"/v2/models/{scene.model}/infer",
        request_body(scene.packages[0]),
        {"x-api-key": scene.key, "content-type": "application/json"},
        rate=scene.scenario.load.rate,
        give_up=scene.scenario.load.give_up,
        file=scene.folder / REQUESTS,
        folder=scene.folder / "logs",
    )
    stack.callback(scene.load.stop)


def _drop(router: Service, reaper: Held) -> None:
    """End the router at once: nobody's requests are under way, and draining takes seconds."""
    router.drop()
    reaper.stop()
