"""Which store orders the others, and how another one takes over."""
