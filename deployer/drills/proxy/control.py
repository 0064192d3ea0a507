"""The proxy's process: its listeners and rules, and the drill that steers them over a connection."""

import asyncio
import contextlib
import re

import msgspec

from deployer.drills.proxy.listener import Listener
from deployer.drills.proxy.matching import Active
from deployer.drills.proxy.messages import (
    Add,
    Clear,
    Command,
    Count,
    Counts,
    Envelope,
    Hits,
    Listen,
    Release,
    Remove,
    Reply,
)
from deployer.drills.proxy.rules import Rule
from deployer.drills.proxy.traffic import Traffic
from deployer.drills.proxy.upstream import upstream_of

__all__ = ["Control"]


class Control:
    """What the process knows.

    Args:
        traffic: where requests are noted down; None: nowhere.

    """

    def __init__(self, traffic: Traffic | None) -> None:
        self._traffic = traffic
        self._listeners: dict[str, Listener] = {}
        self._rules: list[tuple[Active, Listener]] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def obey(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Do what the drill says until it says no more, then end everything."""
        decoder = msgspec.json.Decoder(Envelope)
        loop = asyncio.get_running_loop()
        with contextlib.suppress(OSError):
            while line := await reader.readline():
                # A drill may wait for hits and steer at the same time.
                task = loop.create_task(self._reply(decoder.decode(line), writer))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        for task in list(self._tasks):
            task.cancel()
        for listener in self._listeners.values():
            await listener.close()
        if self._traffic is not None:
            self._traffic.close()

    async def _reply(self, envelope: Envelope, writer: asyncio.StreamWriter) -> None:
        try:
            reply = Reply(envelope.id, await self._do(envelope.command))
        except (OSError, ValueError) as error:
            reply = Reply(envelope.id, error=str(error))
        writer.write(msgspec.json.encode(reply) + b"\n")

    async def _do(self, command: Command) -> int | Counts:
        match command:
            case Listen():
                self._listen(command)
            case Add():
                return self._add(command)
            case Remove(number):
                active, listener = self._rule(number)
                listener.remove(active)
            case Clear(name):
                for active, listener in self._rules:
                    if name in {None, listener.name}:
                        listener.remove(active)
            case Hits(number, count, timeout):
                active, _ = self._rule(number)
                await active.wait_hits(count, timeout)
                return active.hits
            case Release(number):
                self._rule(number)[0].release()
            case Count(name):
                # What is counted is written down, too.
                self._flush()
                return self._listener(name).counts()
        self._flush()
        return 0

    def _flush(self) -> None:
        if self._traffic is not None:
            self._traffic.flush()

    def _listen(self, command: Listen) -> None:
        if command.name in self._listeners:
            raise ValueError(f"there is a listener {command.name!r} already")
        self._listeners[command.name] = Listener(
            command.name,
            upstream_of(command.upstream),
            command.port,
            rename=command.rename,
            traffic=self._traffic if command.log else None,
        )

    def _add(self, command: Add) -> int:
        listener = self._listener(command.listener)
        _check(command.rule)
        number = len(self._rules) + 1
        active = Active(number, command.rule)
        self._rules.append((active, listener))
        listener.add(active, first=command.first)
        return number

    def _listener(self, name: str) -> Listener:
        if name not in self._listeners:
            known = ", ".join(self._listeners) or "none"
            raise ValueError(f"there is no listener {name!r}; there are: {known}")
        return self._listeners[name]

    def _rule(self, number: int) -> tuple[Active, Listener]:
        if not 0 < number <= len(self._rules):
            raise ValueError(f"there is no rule {number}")
        return self._rules[number - 1]


def _check(rule: Rule) -> None:
    """Raise ValueError if `rule` makes no sense."""
    try:
        re.compile(rule.match.target)
    except re.error as error:
        raise ValueError(
            f"target {rule.match.target!r} is no regular expression: {error}"
        ) from None
    if rule.effect == "divert":
        upstream_of(rule.upstream)
    if rule.effect == "drip" and rule.rate <= 0:
        raise ValueError(f"a rate of {rule.rate:g} bytes a second never ends")
    if not 0 <= rule.share <= 1:
        raise ValueError(f"a share of {rule.share:g} is not between 0 and 1")
    if rule.effect == "answer" and not 200 <= rule.status <= 599:  # noqa: PLR2004 - final ones
        raise ValueError(f"{rule.status} is no status of an answer")
    if (rule.effect == "latency" and rule.seconds < 0) or (
        rule.effect == "truncate" and rule.bytes < 0
    ):
        raise ValueError(f"{rule.effect} takes no negative number")
