"""Versions and aliases over several stores; the format is specified in docs/format.md."""
