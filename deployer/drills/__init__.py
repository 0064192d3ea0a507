"""Drills: break a cloud on purpose, under load, and measure what that does.

========== =====================================================================
scenario   what a drill is: YAML, its model, its schema, where it is found
scenarios  the drills that come with deployer
estate     what is set up for a drill: emulators, a model, servers, a router, load
proxy      the fault proxy: a process between a client and a store or an endpoint
load       the open-loop load generator: a process of its own
verbs      what a scenario's steps can do: faults, commands, checks
evidence   the raw records that a drill leaves, and how they are written and read
measure    pure functions from evidence to figures: RTO, RPO, failures
report     figures and evidence as a terminal's text, JSON, Markdown, HTML, JUnit; signed
========== =====================================================================
"""
