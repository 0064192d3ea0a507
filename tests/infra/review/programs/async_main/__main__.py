# mypy: ignore-errors
# ruff: noqa: T201
"""An asynchronous program with threads of its own and noise on standard output."""

import asyncio
import threading

import pulumi
import pulumi_gcp as gcp

print("starting" * 1000)
threading.Thread(target=lambda: print("in a thread"), daemon=True).start()


async def main() -> pulumi.Inputs:
    await asyncio.sleep(0)
    topic = gcp.pubsub.Topic("events")
    subscription = gcp.pubsub.Subscription("events", topic=topic.id, ack_deadline_seconds=20)
    return {"topic": topic.name, "subscription": subscription.id}


pulumi.run(main)
