"""The process that reads: ``python -m deployer.serving.longjson.process SOCKET MEMORY``.

Both are numbers of open files. It ends when the other end of the socket does.
"""

import gc
import socket
import sys

import msgspec
import numpy as np

from deployer.serving.longjson.memory import SharedMemory
from deployer.serving.longjson.messages import (
    MOST,
    ROOM,
    SINGLE,
    Job,
    Numbers,
    Outcome,
    decode_job,
    encode,
)
from deployer.serving.protocol.many import many_request

__all__ = ["main", "read"]


def read(job: Job, memory: SharedMemory) -> Outcome:
    """Read a body, and write its numbers over it."""
    found = many_request(bytes(memory.view[job.at : job.at + job.size]))
    if found is None:
        return Outcome(job.number)
    inputs = []
    at, stop = job.at, job.at + job.size * ROOM
    for each in found.inputs:
        kind = np.dtype(np.float32 if each.datatype == SINGLE else np.float64)
        if at + each.values.size * kind.itemsize > stop:
            return Outcome(job.number)
        numbers = np.frombuffer(memory.view, kind, each.values.size, at)
        with np.errstate(over="ignore"):
            numbers[:] = each.values
        inputs.append(Numbers(each.name, each.datatype, each.shape, at, each.values.size))
        at += -(-numbers.nbytes // 8) * 8
    return Outcome(job.number, tuple(inputs), msgspec.json.encode(found.others))


def main(arguments: list[str]) -> int:
    """Read what comes until nothing comes any more; return the exit code."""
    connection = socket.socket(fileno=int(arguments[0]))
    memory = SharedMemory(int(arguments[1]))
    gc.freeze()
    try:
        connection.send(encode(Outcome(0)))
        while message := connection.recv(MOST):
            outcome = read(decode_job(message), memory)
            told = encode(outcome)
            connection.send(told if len(told) <= MOST else encode(Outcome(outcome.number)))
    except (BrokenPipeError, ConnectionResetError, KeyboardInterrupt):
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
