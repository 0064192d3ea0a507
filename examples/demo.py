"""The main job, for real, on this machine: one model, three clouds, proven the same.

Run by ``make demo``; with a path, what is printed is saved there as a picture. Every step is a command
that a user would type; the clouds are emulators that run only as long as the demo does. Its state
lives in a temporary folder; the drill's report stays, in dist/demo.
"""

import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from examples.endpoints import Process, running

HERE = Path(__file__).parent
REPORT = HERE.parent / "dist" / "demo"
DATA = HERE / "penguins" / "penguins.csv"
GATE = """[gate]
min = { accuracy = 0.9, f1_macro = 0.9 }
min_recall = 0.8
"""
PARTIAL, OBJECTIVE = 10, 12
ANY_PORTS = ("--port", "0", "--grpc-port", "0", "--admin-port", "0")
RATE = "200"  # requests a second

console = Console(highlight=False, width=None if sys.stdout.isatty() else 100)
picture = Console(file=io.StringIO(), highlight=False, record=True, width=100)
EVERY_LINE = 1_000
COLOURS = {} if os.environ.get("NO_COLOR") else {"FORCE_COLOR": "1"}


def show(what: RenderableType = "", *, drawn: bool = True) -> None:
    """Print something, and have it in the picture too."""
    console.print(what)
    if drawn:
        picture.print(what)


def deployer(
    *arguments: str, allowed: tuple[int, ...] = (0,), drawn_lines: int = EVERY_LINE
) -> None:
    """Run a command of deployer as a user would, and show it with all that it prints.

    The picture has the first `drawn_lines` of it alone. Paths are shown from the project's folder.
    """
    here = f"{HERE.parent}/"
    show(Text(f"\n$ deployer {' '.join(arguments).replace(here, '')}", style="bold"))
    process = subprocess.Popen(
        [sys.executable, "-m", "deployer", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "COLUMNS": str(min(console.width, 100)), **COLOURS},
    )
    assert process.stdout is not None
    for number, line in enumerate(process.stdout):
        show(Text.from_ansi(line.rstrip("\n").replace(here, "")), drawn=number < drawn_lines)
        if number == drawn_lines:
            picture.print("…")
    if process.wait() not in allowed:
        sys.exit(f"demo: the command above failed with exit code {process.returncode}")


def answer(*arguments: str) -> Any:
    """Run a command of deployer with ``-o json`` and return its answer."""
    command = [sys.executable, "-m", "deployer", *arguments, "-o", "json"]
    return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)


def heading(text: str) -> None:
    """Begin a step."""
    show()
    show(Rule(text, align="left"))


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
    """Train, publish, fetch back and compare, serve, and rehearse the loss of a cloud."""
    began = time.monotonic()
    heading("1 · three clouds on this machine")
    with emulators() as clouds:
        heading("2 · from a table to a model")
        deployer("train", DATA.name, "--target", "species", drawn_lines=11)
        heading("3 · one act, every cloud; and the gate before anybody uses it")
        deployer("push", "model", "penguins", "--clouds", ",".join(clouds))
        deployer("promote", "penguins:1", "--note", "first")
        deployer("show", "penguins", "--matrix")
        heading("4 · fetch it back from each one, and compare")
        trained = (tree_digest(Path("model")), predictions("model"))
        fetched = {}
        for cloud in clouds:
            target = f"from-{cloud}"
            deployer("pull", "penguins@champion", target, "--from", cloud, "--no-cache")
            fetched[cloud] = (tree_digest(Path(target)), predictions(target))
        heading("5 · two endpoints behind one address")
        with endpoints(clouds[:2]) as router:
            deployer("predict", router.ready["url"], DATA.name, "--out", "answers.csv")
    heading("6 · the loss of a cloud: its store and its endpoint die under load")
    report = drill(clouds)
    heading("7 · verdict")
    verdict(trained, fetched, report, time.monotonic() - began)
    if not report["passed"]:
        sys.exit(f"demo: the drill failed: {report['verdict']}")
    if any(copy != trained for copy in fetched.values()):
        sys.exit("demo: a cloud served something else than what was trained")


def drill(clouds: list[str]) -> dict[str, Any]:
    """Lose the primary cloud under load and have it rebuilt; return the drill's report."""
    shutil.rmtree(REPORT, ignore_errors=True)
    aims = ("--rate", RATE, "--rto", "2s", "--out", str(REPORT), "--clouds", ",".join(clouds))
    deployer("drill", "run", "bucket-gone", "--model", "model", *aims, allowed=(0, OBJECTIVE, 1))
    report: dict[str, Any] = json.loads((REPORT / "report.json").read_text("utf-8"))
    return report


@contextmanager
def endpoints(clouds: list[str]) -> Iterator[Process]:
    """Serve the champion from each cloud, a router before them; yield the router."""
    made = answer("key", "api", "new", "demo")
    os.environ["DEPLOYER_API_KEY"] = made["key"]
    with ExitStack() as stack:
        servers = []
        for cloud in clouds:
            arguments = ["serve", "penguins@champion", "--cloud", cloud, *ANY_PORTS]
            show(Text(f"\n$ deployer {' '.join(arguments)} &", style="bold"))
            server = stack.enter_context(running(*arguments))
            model = server.ready["models"][0]
            show(Text(f"✓ {server.ready['url']} answers with {model['digest'][:12]}…"))
            servers.append(server)
        with Path("deployer.toml").open("a", encoding="utf-8") as settings:
            settings.write('[router]\nmodel = "penguins"\nadmin_port = 0\n')
            for priority, (cloud, server) in enumerate(zip(clouds, servers, strict=True)):
                settings.write(
                    f'[router.endpoints.{cloud}-{priority}]\nurl = "{server.ready["url"]}"\n'
                    f'cloud = "{cloud}"\npriority = {priority}\n'
                )
        arguments = ["router", "run", "--port", "0"]
        show(Text(f"\n$ deployer {' '.join(arguments)} &", style="bold"))
        router = stack.enter_context(running(*arguments))
        show(Text(f"✓ {router.ready['url']} sends requests on: {', then '.join(clouds)}"))
        yield router


def predictions(model: str) -> list[dict[str, Any]]:
    """Return what the model in a folder says of every row of the example table."""
    rows: list[dict[str, Any]] = answer("predict", model, DATA.name)
    return rows


def verdict(
    trained: tuple[str, list[dict[str, Any]]],
    fetched: dict[str, tuple[str, list[dict[str, Any]]]],
    report: dict[str, Any],
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
    same = all(copy == trained for copy in fetched.values())
    figures = report["figures"]
    good = same and report["passed"]
    rto = "not reached" if figures["rto"] is None else f"{figures['rto']:.3f} s"
    told = Text.assemble(
        "a cloud was lost: ",
        (f"{figures['failed']} of {figures['requests']} requests failed, ", "bold"),
        (f"RTO {rto}, RPO {figures['rpo']}", "bold"),
        f"\nopen {REPORT.relative_to(HERE.parent)}/report.html",
    )
    show(
        Panel.fit(
            Group(table, told),
            title=f"one model, {len(fetched)} clouds, {'the same' if same else 'NOT THE SAME'}",
            subtitle=f"{seconds:.0f} s, no account, nothing left running",
            border_style="green" if good else "red",
        )
    )


def _mark(text: str, good: bool) -> Text:
    return Text(f"✓ {text}", style="green") if good else Text("✗ differs", style="bold red")


def save_picture(path: Path) -> None:
    """Save what was printed as an SVG that needs no font from the network."""
    picture.print()  # the frame cuts into the last line
    svg = picture.export_svg(title="make demo")
    path.write_text(re.sub(r"@font-face\s*{[^}]*}", "", svg), "utf-8")


if __name__ == "__main__":
    drawing = Path(sys.argv[1]).absolute() if len(sys.argv) > 1 else None
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
    if drawing:
        save_picture(drawing)
