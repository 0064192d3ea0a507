"""Talk to a server with tritonclient, unchanged; run by an environment that has it.

Reads from stdin what to ask, and prints to stdout what it was told, both as JSON.
"""

import json
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import tritonclient.grpc as over_grpc  # type: ignore[import-not-found]  # not here
import tritonclient.http as over_http  # type: ignore[import-not-found]  # not here
from tritonclient.utils import InferenceServerException  # type: ignore[import-not-found]  # not here

DTYPES = {"FP32": np.float32, "FP64": np.float64, "BYTES": np.object_}


def array_of(tensor: dict[str, Any]) -> Any:
    values: list[Any] = [np.nan if each is None else each for each in tensor["data"]]
    if tensor["datatype"] == "BYTES":
        values = [each.encode() for each in values]
    return np.array(values, dtype=DTYPES[tensor["datatype"]]).reshape(tensor["shape"])


def told(result: Any) -> dict[str, Any]:
    labels = result.as_numpy("label").ravel().tolist()
    return {
        "labels": [each.decode() if isinstance(each, bytes) else each for each in labels],
        "probabilities": result.as_numpy("probabilities").tolist(),
    }


def refused(call: Callable[[], Any]) -> dict[str, str]:
    try:
        call()
    except InferenceServerException as error:
        return {"status": str(error.status()), "message": error.message()}
    return {"status": "", "message": "was not refused"}


def ask_http(ask: dict[str, Any]) -> dict[str, Any]:
    key = {"Authorization": f"Bearer {ask['key']}"}
    client = over_http.InferenceServerClient(ask["url"].removeprefix("http://"), concurrency=2)

    def infer(model: str, tensors: list[dict[str, Any]], headers: Any, *, binary: bool) -> Any:
        inputs = []
        for tensor in tensors:
            each = over_http.InferInput(tensor["name"], tensor["shape"], tensor["datatype"])
            inputs.append(each.set_data_from_numpy(array_of(tensor), binary_data=binary))
        outputs = [
            over_http.InferRequestedOutput(name, binary_data=binary)
            for name in ("label", "probabilities")
        ]
        # A copy: the client leaves the length of one body's JSON in it.
        own = dict(headers or {})
        return client.infer(model, inputs, outputs=outputs, headers=own, request_id="7")

    found: dict[str, Any] = {
        "live": client.is_server_live(),
        "ready": client.is_server_ready(),
        "server": client.get_server_metadata(headers=key),
        "models": {},
    }
    for model, asked in ask["models"].items():
        inputs = [over_http.InferInput(t["name"], t["shape"], t["datatype"]) for t in asked["raw"]]
        for each, tensor in zip(inputs, asked["raw"], strict=True):
            each.set_data_from_numpy(array_of(tensor))
        waiting = client.async_infer(model, inputs, headers=dict(key))
        found["models"][model] = {
            "ready": client.is_model_ready(model),
            "metadata": client.get_model_metadata(model, headers=key),
            "raw": told(infer(model, asked["raw"], key, binary=True)),
            "json": told(infer(model, asked["json"], key, binary=False)),
            "id": infer(model, asked["json"], key, binary=False).get_response()["id"],
            "all outputs": told(waiting.get_result()),
        }
    model, asked = next(iter(ask["models"].items()))
    admin = over_http.InferenceServerClient(ask["admin"].removeprefix("http://"))
    found["index"] = [each["name"] for each in admin.get_model_repository_index()]
    admin.close()
    found["other model ready"] = client.is_model_ready("other")
    found["no key"] = refused(lambda: infer(model, asked["raw"], None, binary=True))
    wrong = {"Authorization": "Bearer wrong"}
    found["wrong key"] = refused(lambda: infer(model, asked["raw"], wrong, binary=True))
    found["other model"] = refused(lambda: infer("other", asked["raw"], key, binary=True))
    found["bad input"] = refused(lambda: infer(model, asked["raw"][:1], key, binary=True))
    client.close()
    return found


def ask_grpc(ask: dict[str, Any]) -> dict[str, Any]:
    key = {"authorization": f"Bearer {ask['key']}"}
    client = over_grpc.InferenceServerClient(ask["grpc"])

    def infer(model: str, tensors: list[dict[str, Any]], headers: Any) -> Any:
        inputs = []
        for tensor in tensors:
            each = over_grpc.InferInput(tensor["name"], tensor["shape"], tensor["datatype"])
            inputs.append(each.set_data_from_numpy(array_of(tensor)))
        return client.infer(model, inputs, headers=headers, request_id="7")

    found: dict[str, Any] = {
        "live": client.is_server_live(),
        "ready": client.is_server_ready(),
        "server": client.get_server_metadata(headers=key, as_json=True),
        "models": {},
    }
    for model, asked in ask["models"].items():
        answer = infer(model, asked["raw"], key)
        found["models"][model] = {
            "ready": client.is_model_ready(model, headers=key),
            "metadata": client.get_model_metadata(model, headers=key, as_json=True),
            "raw": told(answer),
            "id": answer.get_response().id,
        }
    model, asked = next(iter(ask["models"].items()))
    found["no key"] = refused(lambda: infer(model, asked["raw"], None))
    wrong = {"authorization": "Bearer wrong"}
    found["wrong key"] = refused(lambda: infer(model, asked["raw"], wrong))
    found["other model"] = refused(lambda: infer("other", asked["raw"], key))
    found["bad input"] = refused(lambda: infer(model, asked["raw"][:1], key))
    client.close()
    return found


def main() -> None:
    ask = json.load(sys.stdin)
    json.dump({"http": ask_http(ask), "grpc": ask_grpc(ask)}, sys.stdout)


if __name__ == "__main__":
    main()
