"""A folder, served: from the first line to the last."""

import json
import shutil
import signal
from pathlib import Path

from tests.deployer.registry.cli_kit import World
from tests.deployer.registry.registry_kit import sha256
from tests.deployer.serving.run.serve_kit import Server, alive, infer_body, labels_of, until


def test_ready_answer_reload_unload_load_stop(
    world: World, two_packages: tuple[Path, Path]
) -> None:
    first, second = two_packages
    folder = Path(shutil.copytree(first, world.work / "penguins"))
    digests = [sha256((each / "model.json").read_bytes()) for each in two_packages]
    with Server(world, "penguins/").ready() as server:
        assert server.said["ready"] is True
        assert server.said["pid"] == server.process.pid
        expected = {"name": "penguins", "version": "", "digest": digests[0], "source": "penguins/"}
        assert server.said["models"] == [expected | {"source": server.said["models"][0]["source"]}]
        answer = server.ask("/v2/models/penguins/infer", infer_body(first))
        assert (answer.status, answer.digest, answer.labels) == (200, digests[0], labels_of(first))
        assert server.ask("/v2/health/ready").status == 200
        assert server.admin("/healthz").json == {"workers": 1, "listening": 1}
        assert b"deployer_requests_total" in server.admin("/metrics").body

        # The folder changes: nothing happens until somebody says so.
        shutil.rmtree(folder)
        shutil.copytree(second, folder)
        assert server.ask("/v2/models/penguins/infer", infer_body(first)).digest == digests[0]
        server.process.send_signal(signal.SIGHUP)
        until(lambda: server.ask("/v2/health/ready").digest == digests[1], "the new folder")
        answer = server.ask("/v2/models/penguins/infer", infer_body(first))
        assert answer.labels == labels_of(second)

        unload = server.admin("/v2/repository/models/penguins/unload", method="POST")
        assert (unload.status, unload.json["state"]) == (200, "UNAVAILABLE")
        until(lambda: server.ask("/v2/health/ready").status == 503, "not ready")
        assert server.ask("/v2/models/penguins/infer", infer_body(first)).status == 404
        load = server.admin("/v2/repository/models/penguins/load", method="POST")
        assert (load.status, load.json["state"]) == (200, "READY"), load.body
        assert server.ask("/v2/health/ready").status == 200

        workers = server.workers()
        assert server.stop() == 0
        assert alive(workers) == []
        assert "Traceback" not in server.errors


def test_the_admin_port_knows_its_paths(world: World, two_packages: tuple[Path, Path]) -> None:
    with Server(world, f"penguins={two_packages[0]}").ready() as server:
        for path, method, status in (
            ("/", "GET", 404),
            ("/v2/models/penguins/infer", "POST", 404),
            ("/v2/repository/models/penguins/load", "GET", 405),
            ("/v2/repository/models/other/load", "POST", 404),
            ("/metrics", "POST", 405),
        ):
            answer = server.admin(path, method=method)
            assert (answer.status, list(answer.json)) == (status, ["error"]), path
        assert server.ask("/metrics").status == 404
        assert server.ask("/v2/repository/models/penguins/unload", method="POST").status == 404

        # The port is taken now: by a program that would share it, even.
        port = server.url.rpartition(":")[2]
        error = world.run("serve", str(two_packages[0]), "--port", port, "--auth", "none").failed(2)
        assert f":{port}: another program listens there" in error


def test_what_people_see(world: World, two_packages: tuple[Path, Path]) -> None:
    with Server(world, f"penguins={two_packages[0]}", json_line=False) as server:
        assert server.process.stdout is not None
        seen = ""
        while "curl" not in seen:
            line = server.process.stdout.readline().decode()
            assert line, server.errors
            seen += line
        assert "http://127.0.0.1:" in seen
        assert "$DEPLOYER_API_KEY" in seen
        assert sha256((two_packages[0] / "model.json").read_bytes()) in seen


def test_a_start_that_fails_leaves_nothing(
    world: World, two_packages: tuple[Path, Path], tmp_path: Path
) -> None:
    world.setenv({"TMPDIR": str(tmp_path / "tmp")})
    (tmp_path / "tmp").mkdir()
    broken = Path(shutil.copytree(two_packages[0], world.work / "broken"))
    document = json.loads((broken / "golden.json").read_bytes())
    document["rows"][0]["label"] = document["rows"][-1]["label"]
    (broken / "golden.json").write_text(json.dumps(document))
    for arguments, code, said in (
        (["broken/", "--auth", "none"], 11, "golden.json"),
        (["nowhere/", "--auth", "none"], 6, "nowhere"),
        ([str(two_packages[0])], 2, "key"),
    ):
        ran = world.run("serve", *arguments, "--port", "0", "--grpc-port", "0")
        assert said in ran.failed(code)
    assert list((tmp_path / "tmp").iterdir()) == []
