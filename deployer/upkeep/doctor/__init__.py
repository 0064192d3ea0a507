"""Whether the clouds can be used, and what to do where they cannot."""
