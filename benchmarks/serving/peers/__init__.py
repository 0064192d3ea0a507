"""What the servers that are compared are given."""
