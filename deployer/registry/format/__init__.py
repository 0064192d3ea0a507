"""What a registry is made of: names, keys, documents, paths; see docs/format.md."""
