"""The servers that are compared: one worker each, the same model, the same rows as JSON."""

import hashlib
import json
import os
import secrets
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.serving.model import CLASSES, DEPLOYER, Model
from benchmarks.serving.servers import free_port
from deployer.config import SERVE_KEYS
from deployer.serving.run.pool import worker_environment

__all__ = ["CONTENDERS", "DEPLOYER_NAME", "PEERS", "Contender", "deployer", "tools"]

ROOT = Path(__file__).parent.parent.parent
HERE = Path(__file__).parent / "peers"
DEPLOYER_NAME = "deployer"
PEERS = ("mlserver", "bentoml", "mlflow")
JSON = {"content-type": "application/json"}
KEY_BYTES = 32


@dataclass(frozen=True)
class Contender:
    """How one server is started and asked.

    Attributes:
        command: that runs it.
        url: that rows are sent to.
        write: rows to the body of a request.
        read: the body of an answer to probabilities; None if it answers nothing of the kind.
        environment: besides the benchmark's own.
        headers: of each request.

    """

    command: Sequence[str]
    url: str
    write: Callable[[NDArray[np.float32]], bytes]
    read: Callable[[bytes], Any] | None
    environment: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=lambda: JSON)


def tools(peer: str) -> Path:
    """Return where a peer's environment is."""
    return ROOT / ".tools" / f"peers-{peer}"


def deployer(model: Model, folder: Path) -> Contender:
    """``deployer serve`` as it comes: keys, checks, metrics, access log, drift counts, gRPC."""
    port, key = free_port(), secrets.token_urlsafe(KEY_BYTES)
    hashed = hashlib.sha256(key.encode()).hexdigest()
    ports = ("--port", port, "--grpc-port", free_port(), "--admin-port", free_port())
    return Contender(
        [DEPLOYER, "serve", f"bench={model.package}", "--workers", "1", *map(str, ports)],
        f"http://127.0.0.1:{port}/v2/models/bench/infer",
        lambda rows: _v2(rows, "probabilities"),
        _read_v2,
        {
            SERVE_KEYS: f"bench:{hashed}",
            "XDG_CONFIG_HOME": str(folder / "config"),
            "XDG_STATE_HOME": str(folder / "state"),
            "XDG_CACHE_HOME": str(folder / "cache"),
        },
        {**JSON, "x-api-key": key},
    )


def mlserver(model: Model, folder: Path) -> Contender:
    """MLServer in one process; its default, a second one for inference, is not clearly faster."""
    port = free_port()
    _native("mlserver", "joblib", model, folder / "model.joblib")
    _settings(
        folder / "model-settings.json",
        name="bench",
        implementation="mlserver_sklearn.SKLearnModel",
        parameters={"uri": "./model.joblib"},
    )
    ports = {"http_port": port, "grpc_port": free_port(), "metrics_port": free_port()}
    _settings(folder / "settings.json", host="127.0.0.1", parallel_workers=0, **ports)
    return Contender(
        [str(tools("mlserver") / "bin" / "mlserver"), "start", "."],
        f"http://127.0.0.1:{port}/v2/models/bench/infer",
        lambda rows: _v2(rows, "predict_proba"),
        _read_v2,
        _path("mlserver"),
    )


def bentoml(model: Model, folder: Path) -> Contender:
    """BentoML with the service that its documentation suggests."""
    port = free_port()
    _native("bentoml", "joblib", model, folder / "model.joblib")
    listen = ("--host", "127.0.0.1", "--port", str(port), "--working-dir", str(HERE))
    return Contender(
        [str(tools("bentoml") / "bin" / "bentoml"), "serve", "bento_service:Bench", *listen],
        f"http://127.0.0.1:{port}/infer",
        lambda rows: json.dumps({"rows": _lists(rows)}).encode(),
        json.loads,
        {
            **_path("bentoml"),
            "BENCH_MODEL": str(folder / "model.joblib"),
            "BENTOML_HOME": str(folder / "home"),
            "BENTOML_DO_NOT_TRACK": "True",
        },
    )


def mlflow(model: Model, folder: Path) -> Contender:
    """``mlflow models serve`` in its own environment."""
    port = free_port()
    _native("mlflow", "mlflow", model, folder / "model")
    command = [str(tools("mlflow") / "bin" / "mlflow"), "models", "serve", "-m", "model"]
    return Contender(
        [*command, "-p", str(port), "--workers", "1", "--env-manager", "local"],
        f"http://127.0.0.1:{port}/invocations",
        lambda rows: json.dumps({"inputs": _lists(rows)}).encode(),
        lambda body: json.loads(body)["predictions"],
        {**_path("mlflow"), "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"},
    )


def constant(model: Model, folder: Path) -> Contender:
    """The same HTTP server with a handler that answers a constant: the floor."""
    port = free_port()
    return Contender(
        [sys.executable, str(HERE / "constant.py"), str(port)],
        f"http://127.0.0.1:{port}/v2/models/bench/infer",
        lambda rows: _v2(rows, "probabilities"),
        None,
        worker_environment({}),
    )


CONTENDERS: Mapping[str, Callable[[Model, Path], Contender]] = {
    DEPLOYER_NAME: deployer,
    "mlserver": mlserver,
    "bentoml": bentoml,
    "mlflow": mlflow,
    "constant": constant,
}


def _v2(rows: NDArray[np.float32], output: str) -> bytes:
    """Return a request of the Open Inference Protocol, with all rows in one tensor."""
    data = [value for row in _lists(rows) for value in row]
    tensor = {"name": "input-0", "shape": list(rows.shape), "datatype": "FP32", "data": data}
    return json.dumps({"inputs": [tensor], "outputs": [{"name": output}]}).encode()


def _read_v2(body: bytes) -> Any:
    return np.array(json.loads(body)["outputs"][0]["data"]).reshape(-1, CLASSES)


def _lists(rows: NDArray[np.float32]) -> list[list[float]]:
    """Return the rows with the four decimals that they have, not with a float32's noise."""
    return [[round(float(value), 4) for value in row] for row in rows]


def _native(peer: str, form: str, model: Model, out: Path) -> None:
    """Have a peer's interpreter write the model in its own format."""
    script = [str(HERE / "native_model.py"), form, str(model.weights), str(out)]
    if not out.exists():
        python = str(tools(peer) / "bin" / "python")
        subprocess.run([python, *script], check=True, capture_output=True, timeout=120)


def _settings(path: Path, **settings: Any) -> None:
    path.write_text(json.dumps(settings), "utf-8")


def _path(peer: str) -> dict[str, str]:
    """Return the search path with the peer's programs first: some start others by name."""
    return {"PATH": f"{tools(peer) / 'bin'}:{os.environ.get('PATH', '')}"}
