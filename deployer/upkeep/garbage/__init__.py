"""Removing what nothing refers to, while others publish."""
