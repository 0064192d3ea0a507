"""Rollouts: a version gets more and more of the requests, or none at all.

======== ==============================================================
bounds   what a number of observations shows; pure
judging  whether a step may go on, must wait, or has crossed a bound; pure
stages   where a rollout is, and what follows; pure
pairs    the same rows to the stable version and to the new one
counting what the proxy and the probes saw in a step
conduct  the rollout itself: alias, weights, watching, promotion, return
======== ==============================================================
"""
