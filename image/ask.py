"""Ask a server for one row over REST and gRPC, and say what it is and answered; for ``check.sh``.

``ask.py MODEL PORT GRPC_PORT`` with the key in ``DEPLOYER_API_KEY``; exit 1 if the two answers differ.
"""

# ruff: noqa: INP001, T201 - a program of this repository's

import json
import os
import sys
import urllib.request

import grpc

from deployer.serving.grpc.messages import INFERENCE, message

__all__ = ["main"]

TIMEOUT = 10  # seconds
NUMBER, TEXT = 0.5, ""


def main(model: str, port: str, grpc_port: str) -> int:
    """Ask.

    Args:
        model: its name.
        port: of REST, on this machine.
        grpc_port: of gRPC.

    """
    key = os.environ["DEPLOYER_API_KEY"]
    url = f"http://127.0.0.1:{port}/v2/models/{model}"
    headers = {"X-API-Key": key, "Content-Type": "application/json"}

    def rest(at: str, body: bytes | None) -> tuple[dict[str, object], str | None]:
        request = urllib.request.Request(at, body, headers)  # noqa: S310 - this machine
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310
            return json.load(answer), answer.headers["x-deployer-model-digest"]

    described, _ = rest(url, None)
    inputs = described["inputs"]
    assert isinstance(inputs, list)  # noqa: S101 - and mypy knows
    kinds = {each["name"]: each["datatype"] for each in inputs}
    tensors = [
        {"name": name, "datatype": kind, "shape": [1], "data": [_cell(kind)]}
        for name, kind in kinds.items()
    ]
    answered, digest = rest(f"{url}/infer", json.dumps({"inputs": tensors}).encode())
    outputs = answered["outputs"]
    assert isinstance(outputs, list)  # noqa: S101
    label = outputs[0]["data"][0]

    asked = message("inference.ModelInferRequest")(model_name=model)
    for name, kind in kinds.items():
        tensor = asked.inputs.add(name=name, datatype=kind, shape=[1])
        if kind == "BYTES":
            tensor.contents.bytes_contents.append(TEXT.encode())
        else:
            tensor.contents.fp32_contents.append(NUMBER)
    with grpc.insecure_channel(f"127.0.0.1:{grpc_port}") as channel:
        call = channel.unary_unary(
            f"/{INFERENCE}/ModelInfer",
            request_serializer=type(asked).SerializeToString,
            response_deserializer=message("inference.ModelInferResponse").FromString,
        )
        given = call(asked, timeout=TIMEOUT, metadata=(("x-api-key", key),))
    found = given.outputs[0]
    same = bytes(found.contents.bytes_contents[0]).decode() if found.contents.bytes_contents else ""
    print(f"{model} {digest} REST: {label} gRPC: {same}")
    return 0 if same == label else 1


def _cell(kind: str) -> float | str:
    return TEXT if kind == "BYTES" else NUMBER


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
