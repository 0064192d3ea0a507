"""Policies for resources, as pure functions; and the pack that the real engine loads."""
