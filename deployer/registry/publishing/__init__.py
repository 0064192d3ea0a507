"""A version on every cloud as one act."""
