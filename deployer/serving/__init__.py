"""Answering requests: the Open Inference Protocol and the clouds' own contracts, from one process.

========== =======================================================================
protocol   bytes to arrays and back; pure
http       the RSGI application: routes, keys, limits, access log
grpc       the same over gRPC
telemetry  metrics, traces, drift inputs
run        processes: the supervisor, its workers, the alias they follow
========== =======================================================================
"""
