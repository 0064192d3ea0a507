"""Answering requests: the Open Inference Protocol and the clouds' own contracts, from one process.

========== =======================================================================
protocol   bytes to arrays and back; pure
http       a server of HTTP/1.1: routes, keys, limits, access log
longjson   a process that reads long requests
grpc       the same over gRPC
telemetry  metrics, traces, drift inputs
run        processes: the supervisor, its workers, the alias they follow
========== =======================================================================
"""
