"""Looking after a registry: verify, repair, garbage collection, doctor."""
