"""The main job, for real, on this machine: one model, three clouds, proven the same.

Run by ``make demo``; with a path, what is printed is saved there as a picture. Every step is a command
that a user would type; the clouds are emulators that run only as long as the demo does. Its state
lives in a temporary folder.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from deployer.cli.clouds import open_clouds
from deployer.config import load
from deployer.emulators import apply_environment
from examples.endpoints import Load, Process, failed, request_of, running

HERE = Path(__file__).parent
DATA = HERE / "penguins" / "penguins.csv"
GATE = """[gate]
min = { accuracy = 0.9, f1_macro = 0.9 }
min_recall = 0.8
"""
PARTIAL = 10
ANY_PORTS = ("--port", "0", "--grpc-port", "0", "--admin-port", "0")
RATE = 200  # requests a second
LOSS_SECONDS = 4
PATIENCE = 60

console = Console(highlight=False, record=True, width=None if sys.stdout.isatty() else 100)
COLOURS = {} if os.environ.get("NO_COLOR") else {"FORCE_COLOR": "1"}


def deployer(*arguments: str, allowed: tuple[int, ...] = (0,)) -> None:
    """Run a command of deployer as a user would, and show it with all that it prints."""
    console.print(Text(f"\n$ deployer {' '.join(arguments)}", style="bold"))
    process = subprocess.Popen(
        [sys.executable, "-m", "deployer", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "COLUMNS": str(min(console.width, 100)), **COLOURS},
    )
    assert process.stdout is not None
    for line in process.stdout:
        console.print(Text.from_ansi(line.rstrip("\n")))
    if process.wait() not in allowed:
        sys.exit(f"demo: the command above failed with exit code {process.returncode}")


def answer(*arguments: str) -> Any:
    """Run a command of deployer with ``-o json`` and return its answer."""
    command = [sys.executable, "-m", "deployer", *arguments, "-o", "json"]
    return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)


def heading(text: str) -> None:
    """Begin a step."""
    console.print()
    console.print(Rule(text, align="left"))


def tree_digest(folder: Path) -> str:
    """Return one digest of every path and every byte below `folder`."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


@contextmanager
def emulators() -> Iterator[list[str]]:
    """Run the clouds' emulators; yield the names of those that are up."""
    try:
        deployer("emulators", "up", allowed=(0, PARTIAL))
        yield [line["cloud"] for line in answer("emulators", "status") if line["healthy"]]
    finally:
        deployer("emulators", "down", "--purge")


def main() -> None:
    """Train, publish, fetch back, serve, lose a cloud under load, repair it, and compare."""
    began = time.monotonic()
    heading("1 · three clouds on this machine")
    with emulators() as clouds:
        heading("2 · from a table to a model")
        deployer("train", DATA.name, "--target", "species")
        heading("3 · one act, every cloud; and the gate before anybody uses it")
        deployer("push", "model", "penguins", "--clouds", ",".join(clouds))
        deployer("promote", "penguins:1", "--note", "first")
        deployer("show", "penguins@champion")
        heading("4 · fetch it back from each one, and compare")
        trained = (tree_digest(Path("model")), predictions("model"))
        fetched = {}
        for cloud in clouds:
            target = f"from-{cloud}"
            deployer("pull", "penguins@champion", target, "--from", cloud, "--no-cache")
            fetched[cloud] = (tree_digest(Path(target)), predictions(target))
        lost = clouds[-1]
        heading("5 · two endpoints behind one address")
        with endpoints([lost, clouds[0]]) as (primary, router):
            deployer("predict", router.ready["url"], DATA.name, "--out", "answers.csv")
            heading(f"6 · {lost} is lost: its endpoint dies under load, its bucket is emptied")
            unanswered = lose(primary, lost, router)
        if len(clouds) > 1:
            deployer("repair")
            deployer("verify", "--all-clouds")
            deployer("pull", "penguins@champion", "after", "--no-cache", "--from", lost)
            fetched[f"{lost}, repaired"] = (tree_digest(Path("after")), predictions("after"))
    heading("7 · verdict")
    verdict(trained, fetched, unanswered, time.monotonic() - began)
    if unanswered:
        sys.exit(f"demo: {unanswered} requests got no answer")
    if any(copy != trained for copy in fetched.values()):
        sys.exit("demo: a cloud served something else than what was trained")


@contextmanager
def endpoints(clouds: list[str]) -> Iterator[tuple[Process, Process]]:
    """Serve the champion from each cloud, a router before them; yield the first and the router."""
    made = answer("key", "api", "new", "demo")
    os.environ["DEPLOYER_API_KEY"] = made["key"]
    with ExitStack() as stack:
        servers = []
        for cloud in clouds:
            arguments = ["serve", "penguins@champion", "--cloud", cloud, *ANY_PORTS]
            console.print(Text(f"\n$ deployer {' '.join(arguments)} &", style="bold"))
            server = stack.enter_context(running(*arguments))
            model = server.ready["models"][0]
            console.print(Text(f"✓ {server.ready['url']} answers with {model['digest'][:12]}…"))
            servers.append(server)
        with Path("deployer.toml").open("a", encoding="utf-8") as settings:
            settings.write('[router]\nmodel = "penguins"\n')
            for priority, (cloud, server) in enumerate(zip(clouds, servers, strict=True)):
                settings.write(
                    f'[router.endpoints.{cloud}-{priority}]\nurl = "{server.ready["url"]}"\n'
                    f'cloud = "{cloud}"\npriority = {priority}\n'
                )
        arguments = ["router", "run", "--port", "0"]
        console.print(Text(f"\n$ deployer {' '.join(arguments)} &", style="bold"))
        router = stack.enter_context(running(*arguments))
        console.print(Text(f"✓ {router.ready['url']} sends requests on: {', then '.join(clouds)}"))
        yield servers[0], router


def lose(primary: Process, name: str, router: Process) -> int:
    """Kill an endpoint and empty its bucket under load; return how many requests got no answer."""
    digest = primary.ready["models"][0]["digest"]
    row = json.loads(Path("model", "golden.json").read_text("utf-8"))["rows"][0]["inputs"]
    schema = json.loads(Path("model", "schema.json").read_text("utf-8"))["inputs"]
    body = request_of(schema, row)
    url, key = router.ready["url"], os.environ["DEPLOYER_API_KEY"]
    with Load(url, "/v2/models/penguins/infer", body, key, rate=RATE) as load:
        wait_for(lambda: len(load.seen) >= RATE)
        before = time.monotonic()
        primary.kill()
        wipe(name)
        wait_for(lambda: time.monotonic() > before + LOSS_SECONDS)
    after = [each for each in load.seen if each.due + each.seconds > before]
    unanswered = failed(load.seen, digest)
    console.print(
        Text(
            f"✓ {len(load.seen)} requests at {RATE} a second: {unanswered} failed, "
            f"the slowest answer took {max(each.seconds for each in after):.2f} s",
            style="red" if unanswered else "green",
        )
    )
    return unanswered


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait until `condition` holds."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            sys.exit("demo: the router answers too slowly to be measured")
        time.sleep(0.02)


def wipe(name: str) -> None:
    """Delete every object of a cloud, as somebody with the wrong window open would."""
    apply_environment()
    cloud = open_clouds(load().settings, [name])[0]
    keys = [meta.key for meta in cloud.store.list()]
    for key in keys:
        cloud.store.delete(key)
    cloud.store.close()
    console.print(Text(f"\n# {len(keys)} objects on {name} are deleted: all there were"))


def predictions(model: str) -> list[dict[str, Any]]:
    """Return what the model in a folder says of every row of the example table."""
    rows: list[dict[str, Any]] = answer("predict", model, DATA.name)
    return rows


def verdict(
    trained: tuple[str, list[dict[str, Any]]],
    fetched: dict[str, tuple[str, list[dict[str, Any]]]],
    unanswered: int,
    seconds: float,
) -> None:
    """Print the comparison."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("copy", "sha256 of the folder", "bytes", "predictions"):
        table.add_column(column)
    rows = len(trained[1])
    table.add_row("trained here", f"{trained[0][:16]}…", "", f"{rows} rows")
    for cloud, (digest, answers) in fetched.items():
        table.add_row(
            f"pulled from {cloud}",
            f"{digest[:16]}…",
            _mark("identical", digest == trained[0]),
            _mark(f"{rows} of {rows} equal", answers == trained[1]),
        )
    clouds = sum(not name.endswith("repaired") for name in fetched)
    same = all(copy == trained for copy in fetched.values())
    title = (
        f"one model, {clouds} clouds, {'the same' if same else 'NOT THE SAME'}; "
        f"{unanswered} requests lost"
    )
    console.print(
        Panel.fit(
            table,
            title=title,
            subtitle=f"{seconds:.0f} s, no account, nothing left running",
            border_style="green" if same else "red",
        )
    )


def _mark(text: str, good: bool) -> Text:
    return Text(f"✓ {text}", style="green") if good else Text("✗ differs", style="bold red")


def save_picture(path: Path) -> None:
    """Save what was printed as an SVG that needs no font from the network."""
    picture = console.export_svg(title="make demo")
    path.write_text(re.sub(r"@font-face\s*{[^}]*}", "", picture), "utf-8")


if __name__ == "__main__":
    picture = Path(sys.argv[1]).absolute() if len(sys.argv) > 1 else None
    with tempfile.TemporaryDirectory(prefix="deployer-demo-") as folder:
        os.environ["XDG_STATE_HOME"] = str(Path(folder, "state"))
        os.environ["DEPLOYER_EMULATORS"] = "1"
        # A project's settings must not point the demo at real clouds.
        os.environ["XDG_CONFIG_HOME"] = str(Path(folder, "config"))
        for variable in [name for name in os.environ if name.startswith("DEPLOYER_CLOUDS_")]:
            del os.environ[variable]
        shutil.copy(DATA, folder)
        Path(folder, "deployer.toml").write_text(GATE, "utf-8")
        os.chdir(folder)
        main()
        os.chdir(HERE)
    if picture:
        save_picture(picture)
