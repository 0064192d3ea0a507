"""What there is, where it is whole, and how versions differ."""
