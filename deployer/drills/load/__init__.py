"""Steady load from a process of its own: each request starts when it is due.

========= ======================================================================
answer    reads one HTTP/1.1 answer, in whatever pieces it comes
exchange  one connection, and what can go wrong on it
generator begins requests when they are due and tells what became of each
notes     writes that down
settings  what its process is told
client    starts, watches and stops the process: :class:`client.LoadGenerator`
========= ======================================================================

The load is open: no request waits for one before it. A client that waits would ask less of a server
that stands still, and so would not see most of what its users see (G. Tene, "How NOT to Measure
Latency", calls it coordinated omission).
"""
