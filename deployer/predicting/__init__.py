"""Asking a model: a folder, an endpoint or a router, for a few rows or for a file of any size."""
