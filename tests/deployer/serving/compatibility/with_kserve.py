"""Talk to a server with KServe's inference clients, unchanged; run by an environment that has them.

Reads from stdin what to ask, and prints to stdout what it was told, both as JSON.
"""

import asyncio
import json
import logging
import sys
from collections.abc import Coroutine
from typing import Any

import grpc
import httpx  # type: ignore[import-not-found]  # not here
import numpy as np
from kserve import InferenceGRPCClient, InferenceRESTClient, InferInput, InferRequest  # type: ignore[import-not-found]  # not here
from kserve.inference_client import RESTConfig  # type: ignore[import-not-found]  # not here

DTYPES = {"FP32": np.float32, "FP64": np.float64, "BYTES": np.object_}


def request(model: str, tensors: list[dict[str, Any]], *, binary: bool) -> InferRequest:
    inputs = []
    for tensor in tensors:
        values: list[Any] = [np.nan if each is None else each for each in tensor["data"]]
        if tensor["datatype"] == "BYTES" and binary:
            values = [each.encode() for each in values]
        array = np.array(values, dtype=DTYPES[tensor["datatype"]]).reshape(tensor["shape"])
        each = InferInput(tensor["name"], tensor["shape"], tensor["datatype"])
        each.set_data_from_numpy(array, binary_data=binary)
        inputs.append(each)
    parameters = {"binary_data_output": True} if binary else None
    return InferRequest(model, inputs, request_id="7", parameters=parameters)


def told(response: Any) -> dict[str, Any]:
    outputs = {each.name: each.as_numpy() for each in response.outputs}
    labels = outputs["label"].ravel().tolist()
    return {
        "id": response.id,
        "labels": [each.decode() if isinstance(each, bytes) else each for each in labels],
        "probabilities": outputs["probabilities"].tolist(),
    }


async def refused(call: Coroutine[Any, Any, Any]) -> dict[str, str]:
    try:
        await call
    except httpx.HTTPStatusError as error:
        return {"status": str(error.response.status_code), "message": str(error)}
    except grpc.RpcError as error:
        return {"status": error.code().name, "message": error.details()}
    return {"status": "", "message": "was not refused"}


async def ask_http(ask: dict[str, Any]) -> dict[str, Any]:
    url, key = ask["url"], {"Authorization": f"Bearer {ask['key']}"}
    async with InferenceRESTClient(RESTConfig(protocol="v2")) as client:
        found: dict[str, Any] = {
            "live": await client.is_server_live(url),
            "ready": await client.is_server_ready(url),
            "models": {},
        }

        async def infer(model: str, tensors: list[Any], headers: Any, *, binary: bool) -> Any:
            headers = dict(headers)
            data = request(model, tensors, binary=binary)
            return await client.infer(url, data, model_name=model, headers=headers)

        for model, asked in ask["models"].items():
            found["models"][model] = {
                "ready": await client.is_model_ready(url, model),
                "raw": told(await infer(model, asked["raw"], key, binary=True)),
                "json": told(await infer(model, asked["raw"], key, binary=False)),
            }
        model, asked = next(iter(ask["models"].items()))
        raw, wrong = asked["raw"], {"Authorization": "Bearer wrong"}
        found["other model ready"] = await client.is_model_ready(url, "other")
        found["no key"] = await refused(infer(model, raw, {}, binary=True))
        found["wrong key"] = await refused(infer(model, raw, wrong, binary=True))
        found["other model"] = await refused(infer("other", raw, key, binary=True))
        found["bad input"] = await refused(infer(model, raw[:1], key, binary=True))
        return found


async def ask_grpc(ask: dict[str, Any]) -> dict[str, Any]:
    key = (("authorization", f"Bearer {ask['key']}"),)
    async with InferenceGRPCClient(ask["grpc"]) as client:
        found: dict[str, Any] = {
            "live": await client.is_server_live(),
            "ready": await client.is_server_ready(),
            "models": {},
        }

        async def infer(model: str, tensors: list[Any], headers: Any, *, binary: bool) -> Any:
            return await client.infer(request(model, tensors, binary=binary), headers=headers)

        for model, asked in ask["models"].items():
            found["models"][model] = {
                "ready": await client.is_model_ready(model, headers=key),
                "raw": told(await infer(model, asked["raw"], key, binary=True)),
                "contents": told(await infer(model, asked["contents"], key, binary=False)),
            }
        model, asked = next(iter(ask["models"].items()))
        raw, wrong = asked["raw"], (("authorization", "Bearer wrong"),)
        found["no key"] = await refused(infer(model, raw, None, binary=True))
        found["wrong key"] = await refused(infer(model, raw, wrong, binary=True))
        found["other model"] = await refused(infer("other", raw, key, binary=True))
        found["bad input"] = await refused(infer(model, raw[:1], key, binary=True))
        return found


async def main() -> None:
    # It logs every refusal with a trace.
    logging.disable(logging.CRITICAL)
    ask = json.load(sys.stdin)
    json.dump({"http": await ask_http(ask), "grpc": await ask_grpc(ask)}, sys.stdout)


if __name__ == "__main__":
    asyncio.run(main())
