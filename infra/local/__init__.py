"""Endpoints on this machine: the same program as on a cloud, for nothing."""
