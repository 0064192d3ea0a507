"""The fault proxy: a process between a client and a store or an endpoint that lets faults happen."""
