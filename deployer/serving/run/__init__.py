"""Processes: the supervisor, its workers, the alias they follow."""
