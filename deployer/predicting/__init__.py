"""Asking a model: a folder, an endpoint or a router, for a few rows or for a file of any size.

========== =======================================================================
client     an endpoint or a router as an object: ready, metadata, predict
replies    what it returns
address    what a URL names
transport  one request: tries, waits, one deadline for all of them
failures   what a refusal means, and what to do about it
metadata   what an endpoint says of itself and of its models
tensors    arrays to the bodies of requests, and answers back
model      a package or an endpoint as one thing that answers batches
batch      a stream of tables to a stream of answers
formats    answers as bytes: CSV, JSON Lines, Parquet
kept       what an unfinished file of answers belongs to
unfinished a file that grows, and outlives the process that writes it
writing    answers to a file: whole at the end or not there, gone on with after a crash
========== =======================================================================
"""
