"""From evidence to figures: pure functions, so that anybody can recompute what a report says.

======== ========================================================================
evidence what a drill left, read from its folder
figures  what is told: RTO, RPO, failures, integrity, objectives
compute  from the one to the other
outcomes which requests failed, and how
service  RTO and its kin, from requests or, without any, from checks
losses   RPO: acknowledged publishes that are missing
phases   requests by phase: counts, kinds of failures, latencies
judging  figures against objectives, and what evidence must hold to show anything
======== ========================================================================
"""
